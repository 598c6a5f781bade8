//! The states that were committed last, so that what is at work now is not read and parsed at each step.
//!
//! What is about to change is taken out before the commit, and what was committed is put in after it; what somebody else has
//! read in the file is put in only if it can't have changed meanwhile. So what is in here is never older than what another
//! connection reads in the file, and never newer.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashlink::LruCache;
use jit_life::Request;
use jit_types::RequestId;

/// How many states are kept: some 6 KiB each.
const MOST: usize = 4096;
/// Of how many changes it is known when they were.
const REMEMBERED: usize = 16_384;

/// The states that were committed last; clones share them.
#[derive(Clone)]
pub(super) struct Fresh(Arc<Mutex<Inner>>);

struct Inner {
    states: LruCache<RequestId, Arc<Request>>,
    /// What a commit that is under way changes.
    changing: HashSet<RequestId>,
    /// How many commits there were.
    commits: u64,
    /// With which of them a request changed last; those before `forgotten` are not known.
    changed: HashMap<RequestId, u64>,
    forgotten: u64,
}

/// How far the commits had come when somebody began to read.
#[derive(Clone, Copy)]
pub(super) struct Moment(u64);

impl Default for Fresh {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Inner {
            states: LruCache::new(MOST),
            changing: HashSet::new(),
            commits: 0,
            changed: HashMap::new(),
            forgotten: 0,
        })))
    }
}

impl Fresh {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One state, if it is still here.
    pub(super) fn get(&self, id: RequestId) -> Option<Arc<Request>> {
        self.lock().states.get(&id).cloned()
    }

    /// Those of these that are not here.
    pub(super) fn missing(&self, ids: Vec<RequestId>) -> Vec<RequestId> {
        let mut inner = self.lock();
        ids.into_iter().filter(|id| inner.states.get(id).is_none()).collect()
    }

    /// Keeps what was committed, as far as it can still come to something: what is over is seldom asked for again.
    pub(super) fn keep<'a>(&self, states: impl Iterator<Item = &'a Arc<Request>>) {
        let mut inner = self.lock();
        inner.commits += 1;
        let commit = inner.commits;
        if inner.changed.len() > REMEMBERED {
            inner.changed.clear();
            inner.forgotten = commit;
        }
        for state in states {
            inner.changing.remove(&state.id);
            inner.changed.insert(state.id, commit);
            if state.open() {
                inner.states.insert(state.id, Arc::clone(state));
            }
        }
    }

    /// Forgets what is about to change.
    pub(super) fn forget<'a>(&self, states: impl Iterator<Item = &'a RequestId>) {
        let mut inner = self.lock();
        for id in states {
            inner.states.remove(id);
            inner.changing.insert(*id);
        }
    }

    /// The commit has failed: what was about to change stays as it is in the file.
    pub(super) fn failed(&self) {
        self.lock().changing.clear();
    }

    /// Now, for whoever is about to read in the file.
    pub(super) fn moment(&self) -> Moment {
        Moment(self.lock().commits)
    }

    /// Keeps what was read in the file since a moment, as far as it can't have changed since.
    pub(super) fn read_since(&self, moment: Moment, states: Vec<Request>) {
        let mut inner = self.lock();
        if moment.0 < inner.forgotten {
            return;
        }
        for state in states {
            let changed = inner.changed.get(&state.id).is_some_and(|commit| *commit > moment.0);
            if !changed && !inner.changing.contains(&state.id) && inner.states.get(&state.id).is_none() {
                inner.states.insert(state.id, Arc::new(state));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(claim_key: &str) -> Request {
        let state = include_str!("../../../../core/life/tests/life/stored/1.jsonl").lines().next().expect("a state");
        Request {
            claim_key: Some(claim_key.to_owned()),
            ..serde_json::from_str(state).expect("a state of the first version")
        }
    }

    fn has(fresh: &Fresh, id: RequestId) -> Option<String> {
        fresh.get(id).and_then(|state| state.claim_key.clone())
    }

    #[test]
    fn what_was_read_before_a_change_is_never_kept_after_it() {
        let (old, new) = (request("old"), Arc::new(request("new")));
        let id = old.id;
        let fresh = Fresh::default();
        // Nothing happens meanwhile.
        let before = fresh.moment();
        fresh.read_since(before, vec![old.clone()]);
        assert_eq!(has(&fresh, id).as_deref(), Some("old"));
        // It is read while a commit that changes it is under way.
        fresh.forget([id].iter());
        fresh.read_since(fresh.moment(), vec![old.clone()]);
        assert_eq!(has(&fresh, id), None);
        let during = fresh.moment();
        fresh.keep([&new].into_iter());
        // It was read before the commit stood, and is brought after it; also where what was committed is kept no more.
        fresh.read_since(during, vec![old.clone()]);
        assert_eq!(has(&fresh, id).as_deref(), new.open().then_some("new"));
        fresh.lock().states.clear();
        for moment in [before, during] {
            fresh.read_since(moment, vec![old.clone()]);
            assert_eq!(has(&fresh, id), None);
        }
        fresh.read_since(fresh.moment(), vec![Request::clone(&new)]);
        assert_eq!(has(&fresh, id).as_deref(), Some("new"));
        // What changed when is known of so many only: who began to read before that is not believed.
        fresh.lock().forgotten = 2;
        fresh.lock().changed.clear();
        fresh.lock().states.clear();
        fresh.read_since(during, vec![old.clone()]);
        assert_eq!(has(&fresh, id), None);
        // A commit that failed changes nothing.
        fresh.lock().forgotten = 0;
        fresh.forget([id].iter());
        fresh.failed();
        fresh.read_since(fresh.moment(), vec![old]);
        assert_eq!(has(&fresh, id).as_deref(), Some("old"));
    }
}
