//! The states that were committed last, so that what is at work now is not read and parsed at each step.
//!
//! Filled by the writer alone, after its commit, and what changes is taken out before it: what is in here is never older
//! than what another connection reads in the file, and never newer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashlink::LruCache;
use jit_life::Request;
use jit_types::RequestId;

/// How many states are kept: some 6 KiB each.
const MOST: usize = 4096;

/// The states that were committed last; clones share them.
#[derive(Clone)]
pub(super) struct Fresh(Arc<Mutex<LruCache<RequestId, Arc<Request>>>>);

impl Default for Fresh {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(MOST))))
    }
}

impl Fresh {
    fn lock(&self) -> MutexGuard<'_, LruCache<RequestId, Arc<Request>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One state, if it is still here.
    pub(super) fn get(&self, id: RequestId) -> Option<Arc<Request>> {
        self.lock().get(&id).cloned()
    }

    /// Keeps what was committed.
    pub(super) fn keep<'a>(&self, states: impl Iterator<Item = &'a Arc<Request>>) {
        let mut kept = self.lock();
        for state in states {
            kept.insert(state.id, Arc::clone(state));
        }
    }

    /// Forgets what is about to change.
    pub(super) fn forget<'a>(&self, states: impl Iterator<Item = &'a RequestId>) {
        let mut kept = self.lock();
        for id in states {
            kept.remove(id);
        }
    }
}
