//! The right to make a person's texts unreadable for ever.

use jit_types::{Subject, Timestamp};

use super::{Caller, MayAdminister};
use crate::lock::{LockTarget, Locks};
use crate::refused::{Refused, RefusedKind};
use crate::request::Request;

/// The right to erase one person's texts.
#[derive(Clone, Debug)]
pub struct MayErase {
    caller: Caller,
    subject: Subject,
}

impl MayErase {
    /// Who erases.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
    /// Whose texts.
    pub fn subject(&self) -> Subject {
        self.subject
    }
}

/// Asks whether a person's texts may be erased: all of the person's requests are over.
///
/// # Errors
/// What is not over yet; an administrator who is locked, or a person who is.
pub fn may_erase<'a>(
    right: &MayAdminister,
    subject: Subject,
    requests: impl IntoIterator<Item = &'a Request>,
    locks: &Locks,
    now: Timestamp,
) -> Result<MayErase, Refused> {
    locks.unlocked(right.caller().subject)?;
    if locks.holds(&LockTarget::Person(subject)) {
        // The lock names the pseudonym: with the key it would be forgotten, and the person come back as another.
        let refused = Refused::new(RefusedKind::Conflict, "subject", "this person is locked, and would be so no more");
        return Err(refused.hint("take the person out of the config and unlock them first"));
    }
    for request in requests.into_iter().filter(|request| request.subject == subject) {
        over(request, now)?;
    }
    Ok(MayErase { caller: right.caller().clone(), subject })
}

/// Whether nothing of a request can need its person's name any more: no ask waits, no grant lives, nothing of it is in a
/// target, and no planted end is ahead, before which a restored target would bring it back.
///
/// # Errors
/// What is not over yet.
pub(crate) fn over(request: &Request, now: Timestamp) -> Result<(), Refused> {
    let not = |what: String| Refused::new(RefusedKind::Conflict, "subject", what);
    if request.pending().is_some() {
        return Err(not(format!("{} waits for a decision", request.id)).hint("let it be cancelled or decided first"));
    }
    let claims = || request.grant.iter().flat_map(|grant| &grant.claims);
    if request.open() || claims().any(|claim| claim.live()) {
        let hint = format!("`jit revoke {}` ends it; `jit show` tells when it has", request.id);
        return Err(not(format!("{} is not over", request.id)).hint(hint));
    }
    match claims().map(|claim| claim.end).max().filter(|end| *end > now) {
        Some(end) => Err(not(format!("what {} had is looked for until {end}", request.id))
            .hint("a restored target could bring it back before: erase then")),
        None => Ok(()),
    }
}
