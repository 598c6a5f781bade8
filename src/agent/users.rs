//! Who uses a grant now: so that the first of several commands to end does not take it from the others.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jit_types::GrantId;

/// The commands that use each grant.
#[derive(Default)]
pub(super) struct Users(Mutex<HashMap<GrantId, Uses>>);

#[derive(Default)]
struct Uses {
    count: usize,
    release: bool,
}

impl Users {
    fn all(&self) -> MutexGuard<'_, HashMap<GrantId, Uses>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more; `release` says that the grant is to be given back after the last.
    pub(super) fn begin(&self, grant: GrantId, release: bool) {
        let mut all = self.all();
        let uses = all.entry(grant).or_default();
        uses.count += 1;
        uses.release |= release;
    }

    /// Counts one less. Says whether the caller is the last one, and any of them wished the grant released.
    pub(super) fn end(&self, grant: GrantId) -> bool {
        let mut all = self.all();
        let Some(uses) = all.get_mut(&grant) else { return false };
        uses.count = uses.count.saturating_sub(1);
        if uses.count > 0 {
            return false;
        }
        all.remove(&grant).is_some_and(|uses| uses.release)
    }

    /// How many use a grant.
    pub(super) fn of(&self, grant: GrantId) -> usize {
        self.all().get(&grant).map_or(0, |uses| uses.count)
    }

    /// Whether nobody uses anything.
    pub(super) fn is_empty(&self) -> bool {
        self.all().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_types::{Id, Timestamp};

    #[test]
    fn only_the_last_one_releases_what_anyone_wished_released() {
        let users = Users::default();
        let grant = Id::from_parts(Timestamp::from_millis(1), [1; 10]);
        users.begin(grant, true);
        users.begin(grant, false);
        assert_eq!(users.of(grant), 2);
        assert!(!users.end(grant), "the other one still uses it");
        assert!(users.end(grant), "the last one, and the first had wished it");
        assert!(users.is_empty());
        users.begin(grant, false);
        assert!(!users.end(grant), "nobody wished it");
        assert!(!users.end(grant), "once too often is harmless");
    }
}
