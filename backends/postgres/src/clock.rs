//! The one reading of the broker's own clock in this crate.

use jit_types::Timestamp;

/// What the broker's clock says. Decides nothing: what an order may still do is compared inside the target, with the
/// target's clock. It stamps proofs, and is what a target's skew is measured against.
pub(crate) fn now() -> Timestamp {
    #[allow(clippy::disallowed_methods, reason = "a proof bears the moment of its look, and a check measures skew")]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
