//! What goes wrong in a backend, mapped once from the target's own errors.

use std::fmt;

use jit_types::Words;
use jit_types::settings::SecretError;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The target can't be reached or does not answer in time. Retryable.
    Unreachable,
    /// The target refuses what the broker may not do.
    Refused,
    /// The config or the scope can't be so.
    Misconfigured,
    /// What is in the target contradicts the order: another claim's name, another material.
    Conflict,
    /// The order's deadline has passed.
    TooLate,
    /// The target is not the one that the handle pins.
    Mismatch,
    /// Not finished yet: ask again soon. Retryable.
    Unfinished,
    /// A mistake in our own code.
    Bug,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Misconfigured => "misconfigured",
            Self::Conflict => "conflict",
            Self::TooLate => "too late",
            Self::Mismatch => "wrong target",
            Self::Unfinished => "unfinished",
            Self::Bug => "bug",
        })
    }
}

/// A failure: a public sentence of our own, and a context that stays inside.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// A sentence of our own words; shown to people and kept in the log.
    pub public: Words,
    /// What helps the operator: an SQLSTATE, an error code; our own words too, never the target's text, never a secret.
    pub internal: Words,
}

impl Error {
    /// A failure with a public sentence.
    pub fn new(kind: ErrorKind, public: impl AsRef<str>) -> Self {
        Self { kind, public: Words::new(public), internal: Words::new("") }
    }

    /// Adds what helps the operator.
    #[must_use]
    pub fn with_internal(mut self, internal: impl AsRef<str>) -> Self {
        self.internal = Words::new(internal);
        self
    }

    /// Whether asking again, unchanged, may succeed.
    pub fn retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Unreachable | ErrorKind::Unfinished)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.public, f)
    }
}

impl std::error::Error for Error {}

impl From<SecretError> for Error {
    fn from(error: SecretError) -> Self {
        let kind = if error.retryable { ErrorKind::Unreachable } else { ErrorKind::Misconfigured };
        Self::new(kind, error.public.as_str())
    }
}
