//! Errors on the wire.

use serde::{Deserialize, Serialize};

/// What kind of error it is. The HTTP status follows from it in `server::error`, the exit code in `cli::exit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// A field is not as it must be.
    Invalid,
    /// Nobody knows who calls.
    NotAuthenticated,
    /// A rule or a person says no.
    Denied,
    /// No such thing, or not the caller's to see.
    NotFound,
    /// It was decided, ended or changed before.
    Conflict,
    /// Its time has passed.
    Lapsed,
    /// It is not decided yet.
    Pending,
    /// A target, the store or the broker can't be used now.
    Unavailable,
    /// A mistake in our own code.
    Bug,
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}

/// An error: what is so, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind.
    pub kind: ErrorKind,
    /// The field or the rule that it is about; may be empty.
    #[serde(default)]
    pub about: String,
    /// What is so, as a sentence.
    pub message: String,
    /// The way out, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The body of every answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: Failure,
}

impl Failure {
    /// An error with a sentence.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, about: String::new(), message: message.into(), hint: None }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
