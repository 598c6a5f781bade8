//! Reading the config anew.

use jit_types::Digest;
use serde::{Deserialize, Serialize};

/// `POST /v1/config/reload`: the config that is in force now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// A digest of the file's exact bytes.
    pub revision: Digest,
    /// Whether the file was another than before.
    pub changed: bool,
    /// Backends and channels that were opened: new ones, and those whose own table has changed.
    pub opened: Vec<String>,
    /// Backends and channels that are gone.
    pub closed: Vec<String>,
    /// Keys of `[broker]` that have changed and hold only after a restart.
    pub restart: Vec<String>,
}
