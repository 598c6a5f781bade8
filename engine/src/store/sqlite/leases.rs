//! What is leased now, in memory: one process at a time has the store, and a new one begins with no lease at all.

use std::collections::HashMap;

use jit_types::Timestamp;

/// One lease.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub(super) fence: i64,
    pub(super) version: i64,
    pub(super) lane: Option<String>,
    /// When the effect was due, or is due again where it was replaced since.
    pub(super) due: Timestamp,
    pub(super) until: Timestamp,
}

/// The leases of one store, by the effect's key, and who is in which lane. What a batch changes is undone when its commit
/// fails.
#[derive(Debug, Default)]
pub(super) struct Leases {
    by_key: HashMap<String, Lease>,
    lanes: HashMap<String, String>,
    undo: Vec<Was>,
    /// The same of the batch that is being saved, while another is played already.
    saving: Vec<Was>,
}

/// What stood before a change.
#[derive(Debug)]
enum Was {
    Lease(String, Option<Lease>),
    Lane(String, Option<String>),
}

impl Leases {
    /// Fence and version of what is leased.
    pub(super) fn of(&self, key: &str) -> Option<(i64, i64)> {
        self.by_key.get(key).map(|lease| (lease.fence, lease.version))
    }

    /// Whether nobody is at work on an effect any more.
    pub(super) fn lapsed(&self, key: &str, now: Timestamp) -> bool {
        self.by_key.get(key).is_none_or(|lease| lease.until <= now)
    }

    /// Whether nobody is at work in a lane.
    pub(super) fn free(&self, lane: &str, now: Timestamp) -> bool {
        self.lanes.get(lane).is_none_or(|holder| self.lapsed(holder, now))
    }

    /// Whether a lane is leased, or was to somebody who has not been heard of since.
    pub(super) fn taken(&self, lane: &str) -> bool {
        self.lanes.get(lane).is_some_and(|holder| self.by_key.contains_key(holder))
    }

    /// The next moment at which a lease runs out and its effect is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.by_key.values().map(|lease| lease.until.max(lease.due)).min()
    }

    /// Takes down a lease.
    pub(super) fn take(&mut self, key: String, lease: Lease) {
        self.give_back(&key);
        if let Some(lane) = &lease.lane {
            self.set_lane(lane.clone(), Some(key.clone()));
        }
        self.set(key, Some(lease));
    }

    /// Takes down that what is leased was replaced meanwhile.
    pub(super) fn replaced(&mut self, key: &str, version: i64, due: Timestamp) {
        if let Some(lease) = self.by_key.get(key) {
            self.set(key.to_owned(), Some(Lease { version, due, ..lease.clone() }));
        }
    }

    /// Ends a lease.
    pub(super) fn give_back(&mut self, key: &str) {
        let Some(lease) = self.by_key.get(key) else { return };
        if let Some(lane) = lease.lane.clone()
            && self.lanes.get(&lane).is_some_and(|holder| holder == key)
        {
            self.set_lane(lane, None);
        }
        self.set(key.to_owned(), None);
    }

    /// The batch is being saved; what changes from now on is the next one's.
    pub(super) fn saving(&mut self) {
        self.saving = std::mem::take(&mut self.undo);
    }

    /// The commit of the batch that was being saved stands.
    pub(super) fn committed(&mut self) {
        self.saving.clear();
    }

    /// The batch's commit has failed: all is as before, also what the one after it has changed.
    pub(super) fn undo(&mut self) {
        while let Some(was) = self.undo.pop().or_else(|| self.saving.pop()) {
            match was {
                Was::Lease(key, lease) => drop(put(&mut self.by_key, key, lease)),
                Was::Lane(lane, holder) => drop(put(&mut self.lanes, lane, holder)),
            }
        }
    }

    fn set(&mut self, key: String, lease: Option<Lease>) {
        let was = put(&mut self.by_key, key.clone(), lease);
        self.undo.push(Was::Lease(key, was));
    }

    fn set_lane(&mut self, lane: String, holder: Option<String>) {
        let was = put(&mut self.lanes, lane.clone(), holder);
        self.undo.push(Was::Lane(lane, was));
    }
}

fn put<T>(map: &mut HashMap<String, T>, key: String, value: Option<T>) -> Option<T> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn lease(fence: i64, lane: &str, until: Timestamp) -> Lease {
        Lease { fence, version: 1, lane: Some(lane.to_owned()), due: NOW, until }
    }

    #[test]
    fn a_lane_is_its_holders_until_the_lease_is_over_or_given_back() {
        let until = NOW.plus_millis(10);
        let mut leases = Leases::default();
        leases.take("a".to_owned(), lease(1, "lane", until));
        assert!(!leases.free("lane", NOW) && !leases.lapsed("a", NOW) && leases.taken("lane"));
        assert!(leases.free("other", NOW) && leases.free("lane", until) && leases.lapsed("a", until));
        assert_eq!(leases.next(), Some(until));
        // Taken over by another once it was over: what the first gives back is not the second's.
        leases.take("b".to_owned(), lease(2, "lane", until.plus_millis(10)));
        leases.give_back("a");
        assert!(!leases.free("lane", until));
        leases.replaced("b", 7, until.plus_millis(99));
        assert_eq!((leases.of("b"), leases.next()), (Some((2, 7)), Some(until.plus_millis(99))));
        leases.saving();
        leases.committed();
        leases.give_back("b");
        assert!(leases.free("lane", NOW) && leases.of("b").is_none() && !leases.taken("lane"));
        // What the next batch does while this one is saved goes back with it.
        leases.saving();
        leases.take("c".to_owned(), lease(3, "lane", until));
        leases.undo();
        assert_eq!((leases.of("b"), leases.of("c")), (Some((2, 7)), None));
        assert!(!leases.free("lane", until));
    }
}
