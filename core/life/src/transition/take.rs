//! Claiming: the intent, the backend's answer, what was never answered.

use jit_types::{ClaimId, Grade, Handle, Span, Subject, Tail, Timestamp, Usable, Window, Words};

use super::{Draft, closed, over};
use crate::refused::{Refused, RefusedKind};
use crate::request::{Claim, ClaimStatus, GrantStatus, Request, lane};
use crate::step::{Effect, EffectKind, Facts, News, Reply, Take};

/// How long after an order's deadline it is settled: what the target's clock may differ by and still be trusted.
pub(super) const SETTLE_AFTER: Span = Span::from_secs(5);

/// The most claims that one entitlement of one grant may have: enough to take a credential anew every few minutes of a long
/// window, too few to make a record that nobody can read.
pub const MOST_CLAIMS: usize = 200;

pub(super) fn take(draft: &mut Draft<'_>, facts: &Facts, take: &Take) -> Result<Reply, Refused> {
    let now = draft.now;
    let by = take.right.caller().subject;
    let request = draft.req()?;
    if request.subject != by {
        return Err(Refused::not_found("grant"));
    }
    facts.locks.open(by, by, &request.role)?;
    let binds = binds(request, take)?;
    let Some(grant) = &request.grant else {
        return Err(request.newest().map_or_else(|| Refused::not_found("grant"), closed));
    };
    let window = match grant.status {
        GrantStatus::Ready if now >= grant.start_by => {
            return Err(Refused::new(RefusedKind::Lapsed, "grant", format!("it had to be used by {}", grant.start_by))
                .hint("ask anew with `jit request`"));
        }
        GrantStatus::Ready => Window { start: now, end: now.after(grant.span) },
        GrantStatus::Active => grant.window.ok_or_else(|| Refused::not_found("grant"))?,
        GrantStatus::Ending { .. } | GrantStatus::Ended { .. } => return Err(over(grant.status)),
    };
    if now >= window.end {
        return Err(over(GrantStatus::Ending { why: crate::request::EndWhy::Expired, since: window.end }));
    }
    // What was approved is an upper bound: a role, scope or target that gives anything else now is not what was reviewed.
    let changed = || {
        Refused::new(
            RefusedKind::Conflict,
            "role",
            format!("what `{}` gives has changed since it was approved", request.role),
        )
        .hint("ask anew with `jit request`, so that somebody sees what it gives now")
    };
    if !same_gives(&request.gives, take.right.gives()) {
        return Err(changed());
    }
    let gives = request.gives.get(usize::from(take.entitlement)).ok_or_else(|| {
        Refused::new(RefusedKind::Invalid, "entitlement", format!("it has {} entitlements", request.gives.len()))
    })?;
    if grant.claims.iter().any(|claim| claim.id == take.claim) {
        return Ok(Reply::Already(Words::new("this claim was made before")));
    }
    if grant.claims.iter().filter(|claim| claim.entitlement == take.entitlement).count() >= MOST_CLAIMS {
        let message = format!("this was claimed {MOST_CLAIMS} times, which is as often as one grant gives it");
        return Err(Refused::new(RefusedKind::Denied, "claim", message)
            .hint("give the grant back with `jit release`, and ask anew"));
    }
    let lane = lane(gives, take.claim);
    let deadline = now.after(take.patience).min(window.end);

    if binds {
        draft.req()?.claim_key = Some(take.claim_key.clone());
        let event = draft.event("claim_key.set").actor(by).field("through", &take.right.caller().principal);
        draft.tell(event);
    }
    let opened = draft.req()?.grant.as_ref().is_some_and(|grant| grant.status == GrantStatus::Ready);
    // What ends sooner than the window was claimed before an extension: it is not cut, its own end is near.
    let grant = draft.req()?.grant.as_ref().ok_or_else(|| Refused::not_found("grant"))?;
    let older: Vec<ClaimId> = grant
        .claims
        .iter()
        .filter(|claim| claim.entitlement == take.entitlement && claim.held() && claim.ends() >= window.end)
        .map(|claim| claim.id)
        .collect();
    let grant = draft.req()?.grant.as_mut().ok_or_else(|| Refused::not_found("grant"))?;
    grant.status = GrantStatus::Active;
    grant.window = Some(window);
    grant.claims.push(Claim {
        id: take.claim,
        entitlement: take.entitlement,
        at: now,
        deadline,
        end: window.end,
        material: take.material,
        handle: None,
        status: ClaimStatus::Issuing,
        failures: 0,
        moved: None,
    });
    if opened {
        let event = draft.event("grant.opened").actor(by).field("end", &window.end);
        draft.tell(event);
        draft.forget(EffectKind::StartBy);
        draft.later(EffectKind::End, window.end);
    }
    let event = draft
        .event("claim.intended")
        .claim(take.claim)
        .actor(by)
        .field("entitlement", &u32::from(take.entitlement))
        .field("through", &take.right.caller().principal)
        .field("end", &window.end)
        .field("deadline", &deadline);
    draft.tell(event);
    // One live credential for one entitlement: the number before is unmade.
    for id in older {
        super::end::unmake(draft, id)?;
    }
    let due = deadline.after(SETTLE_AFTER);
    draft.put(Effect { kind: EffectKind::Settle(take.claim), due, lane: Some(lane), leased_until: Some(due) });
    Ok(Reply::Claimed(take.claim))
}

/// Whether a claim sets the key of a request that was filed without one. It is set by the same step as the first claim's
/// intent, so there is never a second to choose from; and only by an account that the kernel vouches for: what is carried, as a
/// bearer token is, must take nothing alone.
fn binds(request: &Request, take: &Take) -> Result<bool, Refused> {
    match &request.claim_key {
        Some(key) if *key == take.claim_key => Ok(false),
        Some(_) => Err(Refused::new(RefusedKind::Denied, "claim", "this request has another claim key")
            .hint("claim from the machine and account that filed it, or that claimed it first; or ask anew")),
        None if take.right.caller().principal.channel() != "unix" => {
            let message =
                "it was asked for over chat, and only an account on the broker's host makes the first claim of that";
            Err(Refused::new(RefusedKind::Denied, "claim", message).hint(
                "claim it from your own account on the broker's host, without a token; or ask anew with the token",
            ))
        }
        None => Ok(true),
    }
}

/// Whether two resolutions give the same: warnings may only have become fewer, what outlives the end only shorter, and the
/// proof of it only better. Ends are made as it was stored at the approval, so how they are made must still be so.
pub(super) fn same_gives(approved: &[crate::policy::Resolved], now: &[crate::policy::Resolved]) -> bool {
    approved.len() == now.len()
        && approved.iter().zip(now).all(|(a, b)| {
            a.backend == b.backend
                && a.target == b.target
                && a.scope == b.scope
                && a.capability.gives == b.capability.gives
                && within(&a.capability.swept, &b.capability.swept)
                && within(&a.capability.unswept, &b.capability.unswept)
                && (b.capability.plants_end || !a.capability.plants_end)
                && proves(&b.capability.proof) >= proves(&a.capability.proof)
                && a.capability.publishes == b.capability.publishes
                && a.capability.lane == b.capability.lane
                && a.capability.holding == b.capability.holding
                && b.capability.warnings.iter().all(|w| a.capability.warnings.contains(w))
        })
}

/// How much a grade of proof is worth.
fn proves(grade: &Grade) -> u8 {
    match grade {
        Grade::Observed => 2,
        Grade::ByConstruction => 1,
        Grade::None { .. } => 0,
    }
}

/// Whether a tail is no longer than the one that was shown before approval.
fn within(shown: &Tail, now: &Tail) -> bool {
    match (shown, now) {
        (Tail::NoBound(_), _) => true,
        (Tail::AtMost(_), Tail::NoBound(_)) => false,
        (Tail::AtMost(shown), Tail::AtMost(now)) => now <= shown,
    }
}

pub(super) fn issued(
    draft: &mut Draft<'_>,
    id: ClaimId,
    outcome: &Result<(Handle, Usable), Words>,
) -> Result<Reply, Refused> {
    let now = draft.now;
    let Some(claim) = claim_mut(draft, id)? else { return Ok(Reply::Noted) };
    match (&claim.status, outcome) {
        (ClaimStatus::Issuing, Ok((handle, known))) => {
            claim.handle = Some(handle.clone());
            claim.status = ClaimStatus::Usable { known: known.clone() };
            let event = draft.event("claim.issued").claim(id).field("known", &Words::new(known.to_string()));
            draft.tell(event);
            draft.forget(EffectKind::Settle(id));
            draft.soon(EffectKind::Tell(News::Claimed));
            // The grant may have been extended while the backend was at work.
            super::extend::follow(draft, id)?;
            Ok(Reply::Claimed(id))
        }
        (ClaimStatus::Issuing, Err(words)) => {
            let deadline = claim.deadline;
            claim.status = ClaimStatus::Ending { was_usable: false };
            let event = draft.event("claim.issued").claim(id).refused().field("why", words);
            draft.tell(event);
            draft.forget(EffectKind::Settle(id));
            super::end::publish_early(draft, id)?;
            // Without a handle nothing is proven gone before the target itself refuses the order.
            unmake_at(draft, id, deadline.after(SETTLE_AFTER))?;
            Ok(Reply::Noted)
        }
        // The grant ended while the backend was at work: keep the handle, which is what the revocation needs.
        (ClaimStatus::Ending { .. }, Ok((handle, _))) => {
            if claim.handle.as_ref() == Some(handle) {
                return Ok(Reply::Noted);
            }
            claim.handle = Some(handle.clone());
            // It stood in the target, so its window was not one in which nothing became usable.
            claim.status = ClaimStatus::Ending { was_usable: true };
            let event = draft.event("claim.late").claim(id);
            draft.tell(event);
            draft.forget(EffectKind::Settle(id));
            super::end::publish_early(draft, id)?;
            unmake_at(draft, id, now)?;
            Ok(Reply::Already(Words::new("the grant ended while the credential was being issued")))
        }
        // The answer came after all was settled: something may stand in the target again.
        (ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. }, Ok((handle, _))) => {
            claim.handle = Some(handle.clone());
            claim.status = ClaimStatus::Ending { was_usable: true };
            let event = draft.event("claim.late").claim(id);
            draft.tell(event);
            super::end::publish_early(draft, id)?;
            unmake_at(draft, id, now)?;
            Ok(Reply::Already(Words::new("the credential came after its order was settled and is being unmade")))
        }
        _ => Ok(Reply::Noted),
    }
}

pub(super) fn settle(draft: &mut Draft<'_>, id: ClaimId) -> Result<Reply, Refused> {
    let Some(claim) = claim_mut(draft, id)? else { return Ok(Reply::Noted) };
    if claim.status != ClaimStatus::Issuing {
        return Ok(Reply::Noted);
    }
    claim.status = ClaimStatus::Ending { was_usable: false };
    let event = draft.event("claim.unanswered").claim(id);
    draft.tell(event);
    super::end::publish_early(draft, id)?;
    let now = draft.now;
    unmake_at(draft, id, now)?;
    Ok(Reply::Noted)
}

pub(super) fn report(draft: &mut Draft<'_>, by: Subject, id: ClaimId) -> Result<Reply, Refused> {
    let request = draft.req()?;
    if request.subject != by {
        return Err(Refused::not_found("grant"));
    }
    let Some(claim) = claim_mut(draft, id)? else { return Err(Refused::not_found("claim")) };
    match &claim.status {
        ClaimStatus::Usable { known: Usable::Assumed { .. } } => {
            claim.status = ClaimStatus::Usable { known: Usable::Reported };
            let event = draft.event("claim.used").claim(id).actor(by);
            draft.tell(event);
            Ok(Reply::Noted)
        }
        ClaimStatus::Usable { .. } => Ok(Reply::Already(Words::new("it is known to work"))),
        _ => Ok(Reply::Already(Words::new("it is not in use"))),
    }
}

/// Schedules the revocation of a claim, in its lane.
pub(super) fn unmake_at(draft: &mut Draft<'_>, id: ClaimId, due: Timestamp) -> Result<(), Refused> {
    let request = draft.req()?;
    let gives = request.claim(id).and_then(|claim| request.entitlement(claim));
    let lane = gives.map(|gives| lane(gives, id));
    draft.in_lane(EffectKind::Revoke(id), due, lane);
    Ok(())
}

pub(super) fn claim_mut<'d>(draft: &'d mut Draft<'_>, id: ClaimId) -> Result<Option<&'d mut Claim>, Refused> {
    Ok(draft.req()?.grant.as_mut().and_then(|grant| grant.claims.iter_mut().find(|claim| claim.id == id)))
}
