//! What an administrator of a target sets up once, so that the broker has what it needs there and no more.

use jit_types::{HouseId, Secret};

use crate::{BoxFuture, Error, Scope};

/// The setup of one target, for kinds that need one. Run again, it puts everything as it is written.
///
/// An administrator is named in the target's own form, such as a url; it may hold a password, and so is a secret.
pub trait Setup: Send + Sync {
    /// The script that would be run, with the reason of each statement. No I/O.
    ///
    /// `version` is the target's own, as in 16. Parameters must be put into `scopes`.
    ///
    /// # Errors
    /// [`ErrorKind::Misconfigured`](crate::ErrorKind::Misconfigured) when a scope is not one of this kind.
    fn script(&self, house: HouseId, version: u32, scopes: &[Scope]) -> Result<String, Error>;

    /// The target's version. Changes nothing.
    ///
    /// # Errors
    /// When the administrator is not let in.
    fn version<'a>(&'a self, administrator: &'a Secret) -> BoxFuture<'a, Result<u32, Error>>;

    /// Runs the script of the same arguments as this administrator. Gives the reasons of what was done.
    ///
    /// # Errors
    /// The first statement that failed, as internal context; of its transaction nothing was done.
    fn carry_out<'a>(
        &'a self,
        administrator: &'a Secret,
        house: HouseId,
        version: u32,
        scopes: &'a [Scope],
    ) -> BoxFuture<'a, Result<Vec<String>, Error>>;
}
