//! What the house remembers of a certificate, and the names that can be derived without it.

use jit_backend::{Error, ErrorKind, Handle, Lease, Order};
use jit_types::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::key::PublicKey;

/// The version that is written.
const VERSION: u16 = 1;

/// Version 1 of a handle. The whole public key of the CA is kept, not only its fingerprint, so that a certificate can
/// still be revoked by a list after the CA was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pin {
    /// The CA that signed.
    pub(crate) ca: PublicKey,
    /// Its fingerprint, as people and hosts' logs name it.
    pub(crate) fingerprint: String,
    /// The certificate's serial, as text: JSON's numbers are too small for it.
    pub(crate) serial: String,
    /// The certificate's end, in seconds since the epoch.
    pub(crate) valid_before: u64,
}

impl Pin {
    /// Notes what was signed.
    pub(crate) fn new(ca: PublicKey, serial: u64, valid_before: u64) -> Self {
        Self { ca, fingerprint: ca.fingerprint(), serial: serial.to_string(), valid_before }
    }

    /// The form in which the house keeps it.
    pub(crate) fn handle(&self) -> Result<Handle, Error> {
        let data = serde_json::to_value(self)
            .map_err(|_| Error::new(ErrorKind::Bug, "what was signed could not be written down"))?;
        Ok(Handle { version: VERSION, data })
    }

    /// Reads a lease's handle, if it has one, and checks that it belongs to the lease's order.
    pub(crate) fn of(lease: &Lease) -> Result<Option<Self>, Error> {
        let Some(handle) = &lease.handle else { return Ok(None) };
        let bad = || Error::new(ErrorKind::Mismatch, "the lease's handle is not one of this backend's");
        if handle.version != VERSION {
            return Err(bad().with_internal(format!("handle version {}", handle.version)));
        }
        let pin: Self = serde_json::from_value(handle.data.clone()).map_err(|_| bad())?;
        if pin.fingerprint != pin.ca.fingerprint() || pin.serial != serial(&lease.order).to_string() {
            return Err(bad());
        }
        Ok(Some(pin))
    }
}

/// The serial of an order's certificate. Never 0, which OpenSSH takes for "none": the id's variant bits are in it.
pub(crate) fn serial(order: &Order) -> u64 {
    order.claim.low64()
}

/// The key id of an order's certificate: what a host writes to its log at each login.
pub(crate) fn key_id(order: &Order) -> String {
    format!("jit house={} grant={} claim={} person={}", order.house, order.grant, order.claim, order.person)
}

/// The first second outside of an order's certificate. Certificates know whole seconds: a fraction is cut, so that
/// nothing outlives its window.
pub(crate) fn valid_before(order: &Order) -> u64 {
    u64::try_from(order.window.end.seconds()).unwrap_or(0)
}

/// The first second inside, dated back for hosts whose clock is late.
pub(crate) fn valid_after(order: &Order, skew: Span) -> u64 {
    u64::try_from(order.window.start.before(skew).seconds()).unwrap_or(0)
}

/// The moment from which a lease's certificate is past, whichever of order and handle says the later one.
pub(crate) fn end(lease: &Lease, pin: Option<&Pin>) -> Timestamp {
    let seconds = pin.map_or(0, |pin| pin.valid_before).max(valid_before(&lease.order));
    Timestamp::from_millis(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX))
}
