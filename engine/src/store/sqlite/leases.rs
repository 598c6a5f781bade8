//! What is leased now, in memory: one process at a time has the store, and a new one begins with no lease at all.

use std::collections::HashMap;

use jit_types::Timestamp;

/// One lease.
#[derive(Clone, Debug)]
struct Lease {
    fence: i64,
    version: i64,
    lane: Option<String>,
    until: Timestamp,
}

/// The leases of one store, by the effect's key, and who is in which lane. What a batch changes is undone when its commit
/// fails.
#[derive(Debug, Default)]
pub(super) struct Leases {
    by_key: HashMap<String, Lease>,
    lanes: HashMap<String, String>,
    undo: Vec<Was>,
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

    /// Whether nobody is at work in a lane; `but` does not count.
    pub(super) fn free(&self, lane: &str, but: Option<&str>, now: Timestamp) -> bool {
        let Some(holder) = self.lanes.get(lane) else { return true };
        but == Some(holder.as_str()) || self.by_key.get(holder).is_none_or(|lease| lease.until <= now)
    }

    /// Takes down a lease.
    pub(super) fn take(&mut self, key: String, fence: i64, version: i64, lane: Option<String>, until: Timestamp) {
        self.give_back(&key);
        if let Some(lane) = &lane {
            self.set_lane(lane.clone(), Some(key.clone()));
        }
        self.set(key, Some(Lease { fence, version, lane, until }));
    }

    /// Takes down that what is leased was replaced meanwhile.
    pub(super) fn replaced(&mut self, key: &str, version: i64) {
        if let Some(lease) = self.by_key.get(key) {
            self.set(key.to_owned(), Some(Lease { version, ..lease.clone() }));
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

    /// The batch's commit stands.
    pub(super) fn committed(&mut self) {
        self.undo.clear();
    }

    /// The batch's commit has failed: all is as before.
    pub(super) fn undo(&mut self) {
        while let Some(was) = self.undo.pop() {
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

    #[test]
    fn a_lane_is_its_holders_until_the_lease_is_over_or_given_back() {
        let until = NOW.plus_millis(10);
        let mut leases = Leases::default();
        leases.take("a".to_owned(), 1, 1, Some("lane".to_owned()), until);
        assert!(!leases.free("lane", None, NOW) && !leases.free("lane", Some("b"), NOW));
        assert!(
            leases.free("lane", Some("a"), NOW) && leases.free("other", None, NOW) && leases.free("lane", None, until)
        );
        // Taken over by another once it was over: what the first gives back is not the second's.
        leases.take("b".to_owned(), 2, 1, Some("lane".to_owned()), until.plus_millis(10));
        leases.give_back("a");
        assert!(!leases.free("lane", None, until));
        leases.replaced("b", 7);
        assert_eq!(leases.of("b"), Some((2, 7)));
        leases.committed();
        leases.give_back("b");
        assert!(leases.free("lane", None, NOW) && leases.of("b").is_none());
        leases.take("c".to_owned(), 3, 1, Some("lane".to_owned()), until);
        leases.undo();
        assert_eq!((leases.of("b"), leases.of("c")), (Some((2, 7)), None));
        assert!(!leases.free("lane", Some("c"), until));
    }
}
