//! Erasing: a person's texts become unreadable for ever, and the record says so.
//!
//! The order matters: the events first, then the key. A text that can't be opened and whose erasure nobody told of is a
//! fault to a verifier; a key that outlives its event by a crash is destroyed when the erasure is asked for again.

use jit_types::{Event, Timestamp};

use crate::policy::MayErase;

/// What the audit log's verifier takes for the end of a subject's key.
pub const ERASED: &str = "subject.erased";

/// The event that a subject's key is destroyed: once for the person, who may have no request but have approved some.
pub fn erased(right: &MayErase, now: Timestamp) -> Event {
    let by = right.caller();
    Event::new(ERASED, now).subject(right.subject()).actor(by.subject).field_of(by.subject, "by", &by.person)
}
