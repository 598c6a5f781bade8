//! What the backend remembers while it runs: the scopes in use, what the last check found, the salts it has seen.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jit_backend::Error;
use jit_types::{ClaimId, Digest, HouseId};

use crate::crowd::Crowd;
use crate::error;
use crate::fit::Fit;
use crate::ident::Ident;
use crate::scope::Resolved;

/// The most salts remembered: some megabytes. Beyond it the oldest knowledge is the target's own, of logins that stand.
const MOST_SALTS: usize = 100_000;

/// The most sorts of looks that are kept apart.
const MOST_LOOKS: usize = 1024;

/// Behind one lock; nothing is awaited while it is held.
#[derive(Default)]
pub(crate) struct Memory(Mutex<State>);

#[derive(Default)]
struct State {
    scopes: BTreeMap<String, Resolved>,
    found: Option<Found>,
    salts: HashMap<Digest, ClaimId>,
    looks: HashMap<String, Arc<Crowd<Fit, Error>>>,
}

/// What the last check found, as far as an approver should know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The server's version number.
    pub(crate) version: i32,
    /// The databases to which PUBLIC may connect, as they may be shown, by their real name.
    pub(crate) open: BTreeMap<String, String>,
    /// Whether the broker is a superuser.
    pub(crate) superuser: bool,
    /// Whether it may make roles by itself.
    pub(crate) createrole: bool,
    /// Whether statements of sessions are written to the server's log.
    pub(crate) logs_statements: bool,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that a scope is in use, so that the next check looks at its databases and roles.
    pub(crate) fn scope(&self, canonical: String, scope: &Resolved) {
        let mut state = self.lock();
        // Parameters could make very many; the check looks at some of them then.
        if state.scopes.len() < 256 {
            state.scopes.insert(canonical, scope.clone());
        }
    }

    /// The scopes in use.
    pub(crate) fn scopes(&self) -> Vec<Resolved> {
        self.lock().scopes.values().cloned().collect()
    }

    /// Remembers what a check found.
    pub(crate) fn set_found(&self, found: Found) {
        self.lock().found = Some(found);
    }

    /// What the last check found; `None` before the first.
    pub(crate) fn found(&self) -> Option<Found> {
        self.lock().found.clone()
    }

    /// Where those meet who look at these roles in this database at the same moment.
    pub(crate) fn looks(&self, database: &Ident, members: &[Ident]) -> Arc<Crowd<Fit, Error>> {
        let mut state = self.lock();
        // Who is at work keeps theirs.
        if state.looks.len() >= MOST_LOOKS {
            state.looks.clear();
        }
        Arc::clone(state.looks.entry(format!("{database:?} {members:?}")).or_default())
    }

    /// Remembers a salt.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when another claim used it before.
    pub(crate) fn salt(&self, salt: &Digest, claim: ClaimId) -> Result<(), Error> {
        let mut state = self.lock();
        match state.salts.get(salt) {
            Some(other) if *other != claim => Err(error::salt_seen()),
            Some(_) => Ok(()),
            None => {
                if state.salts.len() >= MOST_SALTS {
                    state.salts.clear();
                }
                state.salts.insert(*salt, claim);
                Ok(())
            }
        }
    }
}

/// The member roles of all scopes.
pub(crate) fn names(house: &HouseId, scopes: &[Resolved]) -> BTreeSet<Ident> {
    scopes.iter().flat_map(|s| s.members(house)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_backend::ErrorKind;
    use jit_types::Timestamp;

    #[test]
    fn a_salt_belongs_to_one_claim() {
        let memory = Memory::default();
        let claim = |n| ClaimId::from_parts(Timestamp::from_millis(1), [n; 10]);
        let salt = Digest::of(b"salt");
        assert!(memory.salt(&salt, claim(1)).is_ok());
        assert!(memory.salt(&salt, claim(1)).is_ok());
        assert_eq!(memory.salt(&salt, claim(2)).map_err(|e| e.kind), Err(ErrorKind::Conflict));
    }
}
