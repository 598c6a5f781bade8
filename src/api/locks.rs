//! Locks and erasures.

use jit_types::{PersonId, RequestId, RoleName, Timestamp, Words};
use serde::{Deserialize, Serialize};

/// `POST /v1/locks`, and `POST /v1/locks/end`. Exactly one of the three says who or what is meant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLock {
    /// A person.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// A role.
    #[serde(default)]
    pub role: Option<RoleName>,
    /// Either, by a name that only one of them has.
    #[serde(default)]
    pub name: Option<String>,
    /// Why.
    pub reason: String,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LockDone {
    /// In words.
    pub words: Words,
    /// The person, where it is one.
    pub person: Option<PersonId>,
    /// The role, where it is one.
    pub role: Option<RoleName>,
}

/// A lock that concerns the caller. `GET /v1/locks`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LockView {
    /// The person, where it is one.
    pub person: Option<PersonId>,
    /// The role, where it is one.
    pub role: Option<RoleName>,
    /// Since when.
    pub since: Timestamp,
    /// By whom; for administrators.
    pub by: Option<PersonId>,
    /// Why; for administrators.
    pub reason: Option<String>,
}

/// `GET /v1/locks`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LockList {
    /// The locks, the oldest first.
    pub locks: Vec<LockView>,
}

/// `POST /v1/audit/erase`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erase {
    /// Whose texts.
    pub person: PersonId,
}

/// What came of an erasure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EraseDone {
    /// How many requests the person had.
    pub requests: usize,
    /// What channels were sent about them, which the broker can't take back.
    pub copies: Vec<CopyView>,
    /// Whether the config still names the person.
    pub configured: bool,
}

/// A message in a channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CopyView {
    /// About which request.
    pub request: RequestId,
    /// In which channel.
    pub channel: String,
    /// The channel's own reference.
    pub message: String,
}
