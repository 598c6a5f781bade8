//! The contract of a credential backend: what is issued, unmade and looked at in a target.
//!
//! A backend comes in two halves. [`Kind`] is the static half: it reads its own tables of the config file, offline and
//! with all mistakes at once, and opens a [`Backend`]. A [`Backend`] has six methods, all of which converge: asking twice
//! is as good as asking once, and what is already so is success.
//!
//! Nobody matches on a kind. What differs between backends is data, in [`Capability`], and it is honest data: the
//! conformance suite (`testkit`) picks its trials by it and measures what it says.

#![warn(missing_docs)]

pub mod error;
pub mod kind;
pub mod order;
pub mod setup;
#[cfg(feature = "testkit")]
pub mod testkit;

use std::future::Future;
use std::pin::Pin;

pub use error::{Error, ErrorKind};
pub use jit_types::{Capability, Extends, Handle, Lane, Scope, Tail, Usable};
pub use kind::{Config, Kind, Schemas, SecretError, Secrets};
pub use order::{Document, Finding, FindingKind, Issued, Lease, Order, Report, Revoked, Seen};
pub use setup::Setup;

/// A boxed future: what makes the contract usable as `dyn` without a macro.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One configured target.
///
/// # Behaviour
///
/// - [`issue`](Backend::issue) **converges**: the same order again gives the same result, and the same order with a new
///   end moves the planted end to exactly that end. Every name that it makes in the target derives from house, grant and
///   claim, so that a crash at any point leaves something that can be found. The target itself refuses the order once
///   its deadline has passed.
/// - [`revoke`](Backend::revoke) **converges**: what is already gone is success, on the right target. Where the
///   handle's pinned identity does not match the target, it is [`ErrorKind::Mismatch`] and nothing is touched.
/// - [`probe`](Backend::probe) says what is so, and how it is known. It changes nothing.
/// - An order or a lease **of another house** is [`ErrorKind::Refused`] or [`ErrorKind::Mismatch`]; material that is not
///   what the order's digest
///   says is [`ErrorKind::Conflict`]; nothing is touched.
/// - **Empty never means everything**: an empty list or text in a scope is [`ErrorKind::Misconfigured`], offline, from
///   [`capability`](Backend::capability) already; so are an unknown key and a parameter that was not resolved.
/// - No error, evidence or finding repeats a target's own text, a secret or a requester's text.
/// - All methods may be called at the same time for different claims; for one [`Lane`] the house calls one at a time, but
///   for [`probe`](Backend::probe) where the target's clock alone ends what is in the lane: it may come beside a revocation.
pub trait Backend: Send + Sync {
    /// Says what an entitlement with this scope would give, and what can be promised of its end. No I/O.
    ///
    /// # Errors
    /// [`ErrorKind::Misconfigured`] when the resolved scope is not one that this backend may give.
    fn capability(&self, scope: &Scope) -> Result<Capability, Error>;

    /// Looks at the target for `doctor`: reachable, rights too few and too many, clock skew, and everything in it that
    /// bears this house's mark. Never fails as a whole: what could not be looked at is a finding.
    fn check(&self) -> BoxFuture<'_, Report>;

    /// Makes it so.
    ///
    /// `material` is `None` where the house no longer has it: then the order may only move the end of what was issued
    /// before, and is [`ErrorKind::Conflict`] where nothing was.
    fn issue<'a>(
        &'a self,
        order: &'a Order,
        material: Option<&'a jit_types::Material>,
    ) -> BoxFuture<'a, Result<Issued, Error>>;

    /// Unmakes it.
    fn revoke<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Revoked, Error>>;

    /// Looks.
    fn probe<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Seen, Error>>;

    /// The bytes that the house must publish so that these leases, ended before their planted end, are refused: an SSH
    /// key revocation list, an issuer's key set. Pure. Empty where the backend publishes nothing.
    ///
    /// # Errors
    /// When a lease is not one of this backend's.
    fn documents(&self, ended: &[Lease]) -> Result<Vec<Document>, Error>;

    /// A document that refuses, besides what it refuses itself, all that an earlier one of its path refused: for a house
    /// whose store has gone back in time, and which no longer knows what it ended since. Pure.
    ///
    /// # Errors
    /// When the earlier bytes are none that this backend has written; always for one that publishes nothing.
    fn carry_on(&self, document: Document, _earlier: &[u8]) -> Result<Document, Error> {
        let message = format!("{} is no document of this backend", document.path.display());
        Err(Error::new(ErrorKind::Misconfigured, message))
    }
}
