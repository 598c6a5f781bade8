//! Ending: never given up, proven, looked at again.

use jit_types::{BackendName, ClaimId, Commitment, Grade, Proof, Span, Subject, Timestamp, Words};

use super::take::{SETTLE_AFTER, claim_mut, unmake_at};
use super::{Draft, over};
use crate::policy::{MayAdminister, MayErase};
use crate::refused::Refused;
use crate::request::{AskStatus, CancelWhy, ClaimStatus, EndWhy, GrantStatus};
use crate::step::{EffectKind, Facts, News, NotGone, Reply};

/// The longest pause between two tries to end something.
const LONGEST_PAUSE: Span = Span::from_secs(60);
/// How many milliseconds a document takes to be published, as a rule; it is looked for again where it takes longer.
const PUBLISHED_WITHIN: i64 = 100;
/// After how many failures in a row people are told.
const TELL_AFTER: u32 = 3;
/// The same where it was said to be soon over: by then that has been awaited for some minutes.
const TELL_OF_EXPECTED_AFTER: u32 = 16;

pub(super) fn release(draft: &mut Draft<'_>, by: Subject) -> Result<Reply, Refused> {
    if draft.req()?.subject != by {
        return Err(Refused::not_found("grant"));
    }
    let event = draft.event("grant.released").actor(by);
    end(draft, EndWhy::Released, event)
}

pub(super) fn revoke(
    draft: &mut Draft<'_>,
    facts: &Facts,
    right: &MayAdminister,
    reason: Commitment,
) -> Result<Reply, Refused> {
    let by = right.caller();
    facts.locks.unlocked(by.subject)?;
    let event =
        draft.event("grant.revoked").actor(by.subject).field_of(by.subject, "by", &by.person).field("reason", &reason);
    end(draft, EndWhy::Revoked, event)
}

/// Ends what a store that has gone back in time takes for live, and looks again at what it takes for gone.
pub(super) fn reconcile(draft: &mut Draft<'_>) -> Result<Reply, Refused> {
    let live = draft.req()?.grant.as_ref().map(|grant| grant.status);
    match live {
        Some(GrantStatus::Ready | GrantStatus::Active) => {
            let event = draft.event("grant.reconciled");
            end(draft, EndWhy::Revoked, event)
        }
        _ => Ok(Reply::Noted),
    }
}

pub(super) fn start_by(draft: &mut Draft<'_>) -> Result<Reply, Refused> {
    let now = draft.now;
    let Some(grant) = &draft.req()?.grant else { return Ok(Reply::Noted) };
    if grant.status != GrantStatus::Ready {
        return Ok(Reply::Noted);
    }
    if now < grant.start_by {
        let start_by = grant.start_by;
        draft.later(EffectKind::StartBy, start_by);
        return Ok(Reply::Noted);
    }
    let event = draft.event("grant.lapsed");
    end(draft, EndWhy::Lapsed, event)
}

pub(super) fn expire(draft: &mut Draft<'_>) -> Result<Reply, Refused> {
    let now = draft.now;
    let Some(grant) = &draft.req()?.grant else { return Ok(Reply::Noted) };
    let (GrantStatus::Active, Some(window)) = (grant.status, grant.window) else { return Ok(Reply::Noted) };
    if now < window.end {
        draft.later(EffectKind::End, window.end);
        return Ok(Reply::Noted);
    }
    let event = draft.event("grant.expired");
    end(draft, EndWhy::Expired, event)
}

/// The same, with what was seen of claims that the target's own clock has ended: they are done with in the same step.
pub(super) fn expired(draft: &mut Draft<'_>, gone: &[(ClaimId, Proof)]) -> Result<Reply, Refused> {
    let reply = expire(draft)?;
    let now = draft.now;
    for (id, proof) in gone {
        let Some(claim) = claim_mut(draft, *id)? else { continue };
        // What has ended is ending; what was extended since is neither, and what was seen of it is worth nothing.
        let over = matches!(claim.status, ClaimStatus::Ending { .. }) && claim.end <= now;
        if over && claim.end <= proof.at {
            draft.forget(EffectKind::Revoke(*id));
            ended(draft, *id, &Ok(proof.clone()), 0)?;
        }
    }
    Ok(reply)
}

/// Ends a grant that is ready or active.
fn end(draft: &mut Draft<'_>, why: EndWhy, event: jit_types::Event) -> Result<Reply, Refused> {
    let now = draft.now;
    let grant = draft.req()?.grant.as_mut().ok_or_else(|| Refused::not_found("grant"))?;
    match grant.status {
        GrantStatus::Ready | GrantStatus::Active => {}
        GrantStatus::Ending { .. } => return Ok(Reply::Already(Words::new("it is ending already"))),
        // The lapse of a grant that the timer beat is told as what it is.
        GrantStatus::Ended { .. } if why == EndWhy::Released => {
            return Ok(Reply::Already(Words::new("it has ended before")));
        }
        GrantStatus::Ended { .. } => return Err(over(grant.status)),
    }
    let opened = grant.status == GrantStatus::Active;
    grant.status = GrantStatus::Ending { why, since: now };
    let live: Vec<ClaimId> = grant.claims.iter().filter(|claim| claim.live()).map(|claim| claim.id).collect();
    draft.tell(event);
    draft.forget(if opened { EffectKind::End } else { EffectKind::StartBy });
    close_extension(draft, why)?;
    for id in live {
        unmake(draft, id)?;
    }
    finish_if_clear(draft)?;
    let over = matches!(draft.req()?.grant.as_ref().map(|g| g.status), Some(GrantStatus::Ended { .. }));
    Ok(Reply::Ending(Words::new(if over { "ended" } else { "ending" })))
}

/// An extension that waits when its grant ends has nothing left to extend.
fn close_extension(draft: &mut Draft<'_>, why: EndWhy) -> Result<(), Refused> {
    let Some(id) = draft.req()?.pending().map(|ask| ask.id) else { return Ok(()) };
    let cancelled = match why {
        EndWhy::Expired | EndWhy::Lapsed => {
            super::decide::close(draft, id, AskStatus::Lapsed, None)?;
            let event = draft.event("ask.lapsed").ask(id);
            draft.tell(event);
            draft.soon(EffectKind::Tell(News::Extension(id)));
            return Ok(());
        }
        EndWhy::Locked => CancelWhy::Locked,
        EndWhy::Released | EndWhy::Revoked => CancelWhy::Over,
    };
    let words = Words::new(format!("the grant is over: {}", why.as_str()));
    super::decide::withdraw(draft, id, cancelled, &words).map(|_| ())
}

/// Ends what a locked person or role holds, and cancels what waits.
pub(super) fn locked(draft: &mut Draft<'_>, facts: &Facts) -> Result<Reply, Refused> {
    let request = draft.req()?;
    // Unlocked since: what was to be ended may stay.
    if !facts.locks.cover(request) {
        return Ok(Reply::Noted);
    }
    if let Some(GrantStatus::Ready | GrantStatus::Active) = request.grant.as_ref().map(|grant| grant.status) {
        let event = draft.event("grant.locked");
        return end(draft, EndWhy::Locked, event);
    }
    match request.pending().map(|ask| ask.id) {
        Some(id) => {
            super::decide::withdraw(draft, id, CancelWhy::Locked, &Words::new("its person or its role is locked"))
        }
        None => Ok(Reply::Noted),
    }
}

/// Notes that the texts of this request's person are about to become unreadable for ever.
pub(super) fn erase(draft: &mut Draft<'_>, facts: &Facts, right: &MayErase) -> Result<Reply, Refused> {
    let now = draft.now;
    let by = right.caller().subject;
    let request = draft.req()?;
    if request.subject != right.subject() {
        return Err(Refused::not_found("request"));
    }
    facts.locks.unlocked(by)?;
    if request.erased.is_some() {
        return Ok(Reply::Already(Words::new("it was erased before")));
    }
    crate::policy::over(request, now)?;
    request.erased = Some(now);
    request.forget_params();
    let reasons = std::iter::once(request.reason).chain(request.asks.iter().filter_map(|ask| ask.reason));
    let openings: Vec<_> = reasons.map(|commitment| commitment.opening).collect();
    let claims: Vec<ClaimId> = request.grant.iter().flat_map(|grant| &grant.claims).map(|claim| claim.id).collect();
    let event = draft.event(crate::erase::ERASED).actor(by).field("openings", &openings);
    draft.tell(event);
    // A look needs the name that is about to be forgotten; all planted ends have passed.
    for id in claims {
        draft.forget(EffectKind::Look(id));
    }
    Ok(Reply::Noted)
}

/// Begins to unmake one claim.
pub(super) fn unmake(draft: &mut Draft<'_>, id: ClaimId) -> Result<(), Refused> {
    let now = draft.now;
    let Some(claim) = claim_mut(draft, id)? else { return Ok(()) };
    let due = match claim.status {
        // The order may still be on its way: the lane stays with the claim's own task until it answers or is settled,
        // and the revocation waits for the one or the other.
        ClaimStatus::Issuing => claim.deadline.after(SETTLE_AFTER),
        ClaimStatus::Usable { .. } => now,
        ClaimStatus::Ending { .. } | ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. } => return Ok(()),
    };
    let was_usable = matches!(claim.status, ClaimStatus::Usable { .. });
    claim.status = ClaimStatus::Ending { was_usable };
    // Only what was extended, or was to be, has these.
    if draft.req()?.asks.len() > 1 {
        draft.forget(EffectKind::ClaimEnd(id));
        draft.forget(EffectKind::Extend(id));
    }
    let published = publish_early(draft, id)?;
    // What must be published first is asked for a moment later, when it will be there.
    unmake_at(draft, id, if published && due == now { now.plus_millis(PUBLISHED_WITHIN) } else { due })
}

/// Has published what refuses a claim that ends before its planted end, whether or not an answer ever came: what may have
/// been signed is not gone before the list holds it.
pub(super) fn publish_early(draft: &mut Draft<'_>, id: ClaimId) -> Result<bool, Refused> {
    let now = draft.now;
    let early = claim_mut(draft, id)?.is_some_and(|claim| claim.end > now);
    let Some(backend) = publisher(draft, id)?.filter(|_| early) else { return Ok(false) };
    draft.soon(EffectKind::Publish(backend));
    Ok(true)
}

/// The backend that must publish something so that this claim, ended early, is refused.
fn publisher(draft: &mut Draft<'_>, id: ClaimId) -> Result<Option<BackendName>, Refused> {
    let request = draft.req()?;
    let gives = request.claim(id).and_then(|claim| request.entitlement(claim));
    Ok(gives.filter(|gives| gives.capability.publishes).map(|gives| gives.backend.clone()))
}

pub(super) fn ended(
    draft: &mut Draft<'_>,
    id: ClaimId,
    outcome: &Result<Proof, NotGone>,
    jitter: u16,
) -> Result<Reply, Refused> {
    let now = draft.now;
    let Some(claim) = claim_mut(draft, id)? else { return Ok(Reply::Noted) };
    let ClaimStatus::Ending { was_usable } = claim.status else { return Ok(Reply::Noted) };
    let settled = claim.deadline.after(SETTLE_AFTER);
    // The same where an order to move its end may still be on its way; only that it is revoked at once, and again then.
    let loose = claim.handle.is_none() || outcome.is_ok() && claim.unsettled();
    if loose && now < settled {
        unmake_at(draft, id, settled)?;
        return Ok(Reply::Noted);
    }
    match outcome {
        Ok(proof) => gone(draft, id, was_usable, proof),
        Err(why) => {
            claim.failures = claim.failures.saturating_add(1);
            let (failures, end) = (claim.failures, claim.end);
            let pause = now.plus_millis(pause(failures, jitter));
            let due = match end > now {
                // The target's own clock is all that ends it: nothing else is worth a try.
                true if why.expected && by_clock_alone(draft, id)? => end,
                // Its planted end may be all that ends it: look exactly then.
                true => pause.min(end),
                false => pause,
            };
            if failures == 1 || failures.is_power_of_two() {
                let event = draft.event("claim.not_gone").claim(id).field("tries", &failures).field("why", &why.words);
                draft.tell(event);
            }
            // What is soon over is no failure; what is said to be, and is not, keeps a credential alive as any failure does.
            let tell_after = if why.expected { TELL_OF_EXPECTED_AFTER } else { TELL_AFTER };
            if failures >= tell_after && failures.is_power_of_two() {
                draft.soon(EffectKind::Alert(id));
            }
            // The list that is to refuse it may have been written over since: by an older one that was slow, by hand.
            if failures > 1 {
                publish_early(draft, id)?;
            }
            unmake_at(draft, id, due)?;
            Ok(Reply::Noted)
        }
    }
}

/// Whether a claim can't be ended before the end that the target holds.
fn by_clock_alone(draft: &mut Draft<'_>, id: ClaimId) -> Result<bool, Refused> {
    let request = draft.req()?;
    let gives = request.claim(id).and_then(|claim| request.entitlement(claim));
    Ok(gives.is_some_and(|gives| gives.capability.proof == Grade::ByConstruction && !gives.capability.publishes))
}

fn gone(draft: &mut Draft<'_>, id: ClaimId, was_usable: bool, proof: &Proof) -> Result<Reply, Refused> {
    let now = draft.now;
    let Some(claim) = claim_mut(draft, id)? else { return Ok(Reply::Noted) };
    let proof = proof.clone();
    claim.failures = 0;
    let end = claim.end;
    let event_proof = proof.clone();
    claim.status = if was_usable { ClaimStatus::Gone { proof } } else { ClaimStatus::Failed { proof } };
    let event = draft
        .event(if was_usable { "claim.gone" } else { "claim.failed" })
        .claim(id)
        .field("proof", &event_proof.grade)
        .field("evidence", &event_proof.evidence)
        .field("tail", &event_proof.tail);
    draft.tell(event);
    // A fail-over or a restored target brings back what was ended early, for as long as its planted end is ahead.
    if end > now && !matches!(event_proof.grade, Grade::None { .. }) {
        look_again(draft, id, now.after(Span::from_secs(60)).min(end))?;
    }
    give_back(draft)?;
    finish_if_clear(draft)?;
    Ok(Reply::Noted)
}

/// A window in which nothing became usable is given back, as long as it may still be opened.
fn give_back(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let now = draft.now;
    let Some(grant) = draft.req()?.grant.as_mut() else { return Ok(()) };
    let unused = grant.claims.iter().all(|claim| matches!(claim.status, ClaimStatus::Failed { .. }));
    if grant.status != GrantStatus::Active || !unused || now >= grant.start_by {
        return Ok(());
    }
    grant.status = GrantStatus::Ready;
    grant.window = None;
    let start_by = grant.start_by;
    let event = draft.event("grant.given_back");
    draft.tell(event);
    draft.forget(EffectKind::End);
    draft.later(EffectKind::StartBy, start_by);
    Ok(())
}

fn finish_if_clear(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let now = draft.now;
    let Some(grant) = draft.req()?.grant.as_mut() else { return Ok(()) };
    let GrantStatus::Ending { why, .. } = grant.status else { return Ok(()) };
    if grant.claims.iter().any(|claim| claim.live()) {
        return Ok(());
    }
    grant.status = GrantStatus::Ended { why, at: now };
    let event = draft.event("grant.ended").field("why", &why.as_str());
    draft.tell(event);
    draft.soon(EffectKind::Tell(News::Ended));
    Ok(())
}

pub(super) fn looked(
    draft: &mut Draft<'_>,
    id: ClaimId,
    outcome: &Result<Proof, NotGone>,
    jitter: u16,
) -> Result<Reply, Refused> {
    let now = draft.now;
    let Some(claim) = claim_mut(draft, id)? else { return Ok(Reply::Noted) };
    if !matches!(claim.status, ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. }) {
        return Ok(Reply::Noted);
    }
    let (end, at) = (claim.end, claim.at);
    match outcome {
        Ok(_) if now >= end => Ok(Reply::Noted),
        Ok(_) => {
            // The longer it has been gone, the rarer the look; the last one is at the planted end.
            let age = Span::from_secs((now.since(at).secs() / 2).clamp(60, 3600));
            look_again(draft, id, now.after(age).min(end))?;
            Ok(Reply::Noted)
        }
        Err(why) if why.usable => {
            claim.status = ClaimStatus::Ending { was_usable: true };
            let event = draft.event("claim.resurfaced").claim(id).field("why", &why.words);
            draft.tell(event);
            draft.soon(EffectKind::Alert(id));
            if let Some(backend) = publisher(draft, id)? {
                draft.soon(EffectKind::Publish(backend));
            }
            unmake_at(draft, id, now)?;
            Ok(Reply::Noted)
        }
        Err(_) => {
            // What answered "gone" before is in no hurry: the longest pause, so that a dead target is not hammered.
            look_again(draft, id, now.plus_millis(pause(u32::MAX, jitter)))?;
            Ok(Reply::Noted)
        }
    }
}

fn look_again(draft: &mut Draft<'_>, id: ClaimId, due: Timestamp) -> Result<(), Refused> {
    let request = draft.req()?;
    let gives = request.claim(id).and_then(|claim| request.entitlement(claim));
    let lane = gives.map(|gives| crate::request::lane(gives, id));
    draft.in_lane(EffectKind::Look(id), due, lane);
    Ok(())
}

/// Milliseconds until the next try: a fifth of a second, doubling up to a minute, spread by half.
pub(super) fn pause(failures: u32, jitter: u16) -> i64 {
    let doubled = 200i64.saturating_mul(1i64.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(1));
    let capped = doubled.min(LONGEST_PAUSE.millis());
    capped / 2 + capped / 2 * i64::from(jitter.min(999)) / 1000
}
