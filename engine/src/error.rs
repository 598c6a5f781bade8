//! What goes wrong in the engine. HTTP status and exit code are mapped from it elsewhere, in one file each.

use jit_life::Refused;

use crate::store::StoreError;

/// A failure of the engine.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A rule, a person or time says no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A backend says no.
    #[error(transparent)]
    Backend(#[from] jit_backend::Error),
    /// Something that we need does not work now.
    #[error("{0}")]
    Unavailable(String),
}
