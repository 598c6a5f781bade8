//! The calls of locks and erasures.

use std::time::Duration;

use jit_types::PersonId;

use super::{Client, Error, PATIENCE};
use crate::api::locks::{Erase, EraseDone, LockDone, SetLock};

impl Client {
    /// Locks a person or a role.
    ///
    /// # Errors
    /// When the caller is no administrator, or is locked.
    pub async fn lock(&self, set: &SetLock) -> Result<LockDone, Error> {
        self.post("/v1/locks", set, PATIENCE).await
    }

    /// Unlocks a person or a role.
    ///
    /// # Errors
    /// As [`Client::lock`].
    pub async fn unlock(&self, set: &SetLock) -> Result<LockDone, Error> {
        self.post("/v1/locks/end", set, PATIENCE).await
    }

    /// Erases a person, which may take a while where they have many requests.
    ///
    /// # Errors
    /// When the caller is no administrator, or something of the person's is not over.
    pub async fn erase(&self, person: &PersonId) -> Result<EraseDone, Error> {
        self.post("/v1/audit/erase", &Erase { person: person.clone() }, Duration::from_secs(120)).await
    }
}
