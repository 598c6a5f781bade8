//! Erasing: a person's texts become unreadable for ever, and the record says so.
//!
//! The order matters: the events first, then the key. A text that can't be opened and whose erasure nobody told of is a
//! fault to a verifier; a key that outlives its event by a crash is destroyed when the erasure is asked for again.

use jit_types::{Event, Timestamp};

use crate::policy::{self, MayErase};
use crate::request::Request;
use crate::step::{Reply, Step};

/// What the audit log's verifier takes for the end of a subject's key.
pub const ERASED: &str = "subject.erased";

/// The event that a subject's key is destroyed: once for the person, who may have no request but have approved some.
pub fn erased(right: &MayErase, now: Timestamp) -> Event {
    let by = right.caller();
    Event::new(ERASED, now).subject(right.subject()).actor(by.subject).field_of(by.subject, "by", &by.person)
}

/// What a request of an erased person's still holds of parameters goes, where it is over: it came back with an older store, or
/// was erased by a version that let it stand.
pub fn forgotten(request: &Request, now: Timestamp) -> Option<Step> {
    if request.params.is_empty() || policy::over(request, now).is_err() {
        return None;
    }
    let mut request = request.clone();
    request.forget_params();
    Some(Step {
        state: Some(request),
        events: Vec::new(),
        effects: Vec::new(),
        drop: Vec::new(),
        reply: Ok(Reply::Noted),
    })
}
