//! What goes wrong with a medium.

use std::fmt;

use jit_types::Words;
use jit_types::settings::SecretError;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The medium can't be reached, or asks for patience. Retryable.
    Unreachable,
    /// The medium refuses: no right, no such channel.
    Refused,
    /// The config can't be so.
    Misconfigured,
    /// A mistake in our own code.
    Bug,
}

/// A failure, in public words of our own.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind.
    pub kind: ErrorKind,
    /// A sentence of our own words, never the medium's text.
    pub public: Words,
}

impl Error {
    /// A failure with a public sentence.
    pub fn new(kind: ErrorKind, public: impl AsRef<str>) -> Self {
        Self { kind, public: Words::new(public) }
    }

    /// Whether asking again, unchanged, may succeed.
    pub fn retryable(&self) -> bool {
        self.kind == ErrorKind::Unreachable
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
