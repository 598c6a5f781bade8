//! What goes wrong between here and the broker.

use crate::api::{ErrorKind, Failure};
use crate::config::PlaceError;

/// Why a call gave no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The broker has answered, and it says no.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// Something on this machine is not as it must be: a path, a mode, a setting.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Whether the broker has heard of it is not known, or it has not.
    #[error("{0}")]
    Unreachable(Failure),
}

impl Error {
    /// The broker can't be reached, or went away in the middle.
    pub fn unreachable(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unreachable(Failure::new(ErrorKind::Unavailable, message).hint(hint))
    }

    /// A failure of this side that has no better home.
    pub fn failure(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Failure(Failure::new(kind, message))
    }

    /// Whether waiting and asking again, unchanged, may succeed.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Failure(failure) => failure.kind == ErrorKind::Unavailable,
            Self::Place(_) => false,
        }
    }

    /// Whether the broker says that there is no such thing.
    pub fn not_found(&self) -> bool {
        matches!(self, Self::Failure(failure) if failure.kind == ErrorKind::NotFound)
    }
}
