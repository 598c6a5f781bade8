//! What is remembered of a credential in a target: its scope, its handle, and how it is known to work.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::proof::Words;

/// A scope on named resources, as JSON that the backend's own kind defined. In a role it may hold `{"param": "name"}`;
/// resolved, it holds values only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope(pub serde_json::Value);

impl Scope {
    /// The canonical text: keys in order, no blanks. `serde_json` keeps its maps ordered by key.
    pub fn canonical(&self) -> String {
        self.0.to_string()
    }
}

/// What a backend remembers of what it made: versioned, pins the target's own identity, holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// The version of `data`'s form; a backend reads all its earlier ones.
    pub version: u16,
    /// The backend's own.
    pub data: serde_json::Value,
}

/// How it is known that a credential works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Usable {
    /// Seen by the broker at the target.
    Observed,
    /// Told by the client after its first use.
    Reported,
    /// Taken for granted, for this reason.
    Assumed {
        /// Why it may be taken for granted, or why no more is known.
        why: Words,
    },
}

impl fmt::Display for Usable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Observed => f.write_str("seen at the target"),
            Self::Reported => f.write_str("reported by the client"),
            Self::Assumed { why } => write!(f, "assumed: {why}"),
        }
    }
}
