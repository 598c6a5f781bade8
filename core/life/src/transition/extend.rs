//! Extending: a new ask on the same request. The old end holds until it is approved; then the grant ends at exactly the new
//! one, and its claims follow where their target can move an end.

use jit_types::{AskId, ClaimId, Extends, Handle, Span, Timestamp, Words};

use super::decide::close;
use super::take::{SETTLE_AFTER, claim_mut, same_gives};
use super::{Draft, over};
use crate::policy::{MayRequest, within_most};
use crate::refused::{Refused, RefusedKind};
use crate::request::{Ask, AskStatus, CancelWhy, ClaimStatus, Extension, Grant, GrantStatus, MoveStatus, Moved, lane};
use crate::step::{Effect, EffectKind, Extend, Facts, News, NotMoved, Reply};

/// How long a target may take to move an end.
pub const MOVE_WITHIN: Span = Span::from_secs(30);
/// The most asks that one request may have; more is a mistake in a loop.
pub const MOST_ASKS: usize = 100;
/// After how many tries without success the person is told that the end has not moved.
const TELL_AFTER: u32 = 3;

pub(super) fn extend(draft: &mut Draft<'_>, facts: &Facts, extend: &Extend) -> Result<Reply, Refused> {
    let now = draft.now;
    let right = &extend.right;
    let by = right.caller().subject;
    let request = draft.req()?;
    if request.subject != by || request.role != *right.role() || request.params != *right.params() {
        return Err(Refused::not_found("grant"));
    }
    if request.asks.iter().any(|ask| ask.id == extend.ask) {
        return Ok(Reply::Already(Words::new("this extension was asked for before")));
    }
    facts.locks.open(by, by, &request.role)?;
    let Some(grant) = &request.grant else {
        return Err(request.newest().map_or_else(|| Refused::not_found("grant"), super::closed));
    };
    alive(grant, now)?;
    if request.claim_key.is_none() {
        // Its reviews would name a hash over no key, and the first claim sets one.
        return Err(Refused::new(RefusedKind::Conflict, "grant", "nothing of it was claimed yet")
            .hint("claim it first, from your own account; then ask for more time"));
    }
    if request.pending().is_some() {
        return Err(Refused::new(RefusedKind::Conflict, "ask", "an extension of it waits for a decision already")
            .hint("wait for it, or take it back with `jit cancel`"));
    }
    if request.asks.len() >= MOST_ASKS {
        return Err(Refused::new(RefusedKind::Denied, "ask", format!("it was asked for {MOST_ASKS} times"))
            .hint("ask anew with `jit request` when it has ended"));
    }
    if !same_gives(&request.gives, right.gives()) {
        return Err(changed(&request.role));
    }
    let (granted, until) = (grant.span, grant.extendable_until());
    let extends = Extension { span: granted, end: grant.latest_end(now) };
    within_most(&request.role, right.limits().max, granted, right.span())?;
    let need = super::file::need(right.approval());
    request.revision = right.revision();
    let mut ask = Ask {
        id: extend.ask,
        hash: jit_types::Digest([0; 32]),
        span: right.span(),
        start_by: Span::ZERO,
        filed: now,
        decide_by: now.after(right.limits().decide_by).min(until),
        need,
        status: AskStatus::Pending,
        reviews: Vec::new(),
        extends: Some(extends),
        reason: Some(extend.reason),
        why: None,
    };
    ask.hash = request.hash_of(&ask);
    let (hash, decide_by, new_end) = (ask.hash, ask.decide_by, ask.worst_end());
    request.asks.push(ask);
    let asked = draft
        .event("extension.asked")
        .ask(extend.ask)
        .actor(by)
        .field("through", &right.caller().principal)
        .field("for", &right.span())
        .field("old_end", &extends.end)
        .field("new_end", &new_end)
        .field("hash", &hash)
        .field("reason", &extend.reason);
    draft.tell(asked);
    if need == 0 {
        let by_rule = draft.event("ask.approved").ask(extend.ask).field("by", &"rule").field("for", &right.span());
        draft.tell(by_rule);
        approve(draft, extend.ask, right.span())?;
    } else {
        draft.later(EffectKind::Lapse(extend.ask), decide_by);
        draft.soon(EffectKind::Announce(extend.ask));
    }
    Ok(Reply::Asked(extend.ask))
}

fn changed(role: &jit_types::RoleName) -> Refused {
    Refused::new(RefusedKind::Conflict, "role", format!("what `{role}` gives has changed since it was approved"))
        .hint("ask anew with `jit request`, so that somebody sees what it gives now")
}

/// Refuses what comes too late: an extension never revives.
///
/// # Errors
/// Why the grant is over.
pub(super) fn alive(grant: &Grant, now: Timestamp) -> Result<(), Refused> {
    if grant.alive(now) {
        return Ok(());
    }
    Err(match grant.status {
        GrantStatus::Ready => {
            Refused::new(RefusedKind::Lapsed, "grant", format!("it had to be used by {}", grant.start_by))
                .hint("ask anew with `jit request`")
        }
        GrantStatus::Active => over(GrantStatus::Ending { why: crate::request::EndWhy::Expired, since: now }),
        GrantStatus::Ending { .. } | GrantStatus::Ended { .. } => over(grant.status),
    })
}

/// Carries out an approved extension of a grant that is alive: it ends at exactly the new end.
pub(super) fn approve(draft: &mut Draft<'_>, id: AskId, span: Span) -> Result<(), Refused> {
    close(draft, id, AskStatus::Approved, None)?;
    let grant = draft.req()?.grant.as_mut().ok_or_else(|| Refused::not_found("grant"))?;
    grant.span = grant.span.plus(span);
    let end = grant.window.as_mut().map(|window| {
        window.end = window.end.after(span);
        window.end
    });
    let claims: Vec<ClaimId> = grant.claims.iter().map(|claim| claim.id).collect();
    let event = draft.event("grant.extended").ask(id).field("for", &span).maybe("end", end.as_ref());
    draft.tell(event);
    if let Some(end) = end {
        draft.later(EffectKind::End, end);
    }
    for claim in claims {
        follow(draft, claim)?;
    }
    draft.soon(EffectKind::Tell(News::Extension(id)));
    Ok(())
}

/// Brings a claim in line with a window that ends after it: where its target can move an end, that is begun; otherwise it
/// ends when it would have, and the requester claims again.
pub(super) fn follow(draft: &mut Draft<'_>, id: ClaimId) -> Result<(), Refused> {
    let now = draft.now;
    let request = draft.req()?;
    let Some(claim) = request.claim(id) else { return Ok(()) };
    let Some(gives) = request.entitlement(claim) else { return Ok(()) };
    let Some(grant) = &request.grant else { return Ok(()) };
    let Some(end) = grant.window.map(|window| window.end) else { return Ok(()) };
    if !claim.held() || claim.ends() >= end {
        return Ok(());
    }
    let newer = grant.claims.iter().skip_while(|other| other.id != id).skip(1);
    let replaced = newer.filter(|other| other.entitlement == claim.entitlement).any(|other| other.held());
    let usable = matches!(claim.status, ClaimStatus::Usable { .. });
    if replaced || !usable || gives.capability.extends == Extends::NewClaim {
        // What is still on its way is looked at again when it is there.
        let ends = claim.ends();
        if !claim.moving() {
            draft.later(EffectKind::ClaimEnd(id), ends);
        }
        return Ok(());
    }
    let in_lane = lane(gives, id);
    // An order to another end may still be on its way: it must not be carried out after this one.
    let due = if claim.unsettled() { claim.deadline.after(SETTLE_AFTER).max(now) } else { now };
    let Some(claim) = claim_mut(draft, id)? else { return Ok(()) };
    let from = match claim.moved {
        Some(moved) if moved.status != MoveStatus::Moved => moved.from,
        _ => claim.end,
    };
    claim.moved = Some(Moved { from, status: MoveStatus::Moving, tries: 0 });
    claim.end = end;
    claim.deadline = due.after(MOVE_WITHIN).min(end);
    let deadline = claim.deadline;
    let event =
        draft.event("claim.extending").claim(id).field("from", &from).field("end", &end).field("deadline", &deadline);
    draft.tell(event);
    draft.forget(EffectKind::ClaimEnd(id));
    draft.put(Effect { kind: EffectKind::Extend(id), due, lane: Some(in_lane), leased_until: None });
    Ok(())
}

/// The target's answer to an order with a new end.
pub(super) fn extended(
    draft: &mut Draft<'_>,
    id: ClaimId,
    end: Timestamp,
    outcome: &Result<Handle, NotMoved>,
    jitter: u16,
) -> Result<Reply, Refused> {
    let now = draft.now;
    let Some(claim) = claim_mut(draft, id)? else { return Ok(Reply::Noted) };
    let usable = matches!(claim.status, ClaimStatus::Usable { .. });
    // An answer to an order that was overtaken by another extension says nothing of this one.
    let Some(mut moved) = claim.moved.filter(|_| usable && claim.moving() && claim.end == end) else {
        return Ok(Reply::Noted);
    };
    match outcome {
        Ok(handle) => {
            moved.status = MoveStatus::Moved;
            claim.moved = Some(moved);
            claim.handle = Some(handle.clone());
            let event = draft.event("claim.extended").claim(id).field("end", &end);
            draft.tell(event);
        }
        // What the target refuses because its order came too late is asked for again.
        Err(why) if why.for_good && now < claim.deadline => {
            moved.status = MoveStatus::Failed;
            claim.moved = Some(moved);
            let event = draft
                .event("claim.not_extended")
                .claim(id)
                .refused()
                .field("stands", &moved.from)
                .field("why", &why.words);
            draft.tell(event);
            draft.later(EffectKind::ClaimEnd(id), moved.from);
            draft.soon(EffectKind::Tell(News::NotExtended(id)));
        }
        Err(why) => {
            moved.tries = moved.tries.saturating_add(1);
            claim.moved = Some(moved);
            let due = now.plus_millis(super::end::pause(moved.tries, jitter));
            claim.deadline = claim.deadline.max(due.after(MOVE_WITHIN).min(end));
            let tries = moved.tries;
            if tries.is_power_of_two() {
                let event = draft.event("claim.not_extended").claim(id).field("tries", &tries).field("why", &why.words);
                draft.tell(event);
            }
            if tries == TELL_AFTER {
                draft.soon(EffectKind::Tell(News::NotExtended(id)));
            }
            let request = draft.req()?;
            let gives = request.claim(id).and_then(|claim| request.entitlement(claim));
            let in_lane = gives.map(|gives| lane(gives, id));
            draft.in_lane(EffectKind::Extend(id), due, in_lane);
        }
    }
    Ok(Reply::Noted)
}

/// The end of a claim whose grant lasts longer. While its end is being moved, nothing is cut.
pub(super) fn claim_end(draft: &mut Draft<'_>, id: ClaimId) -> Result<Reply, Refused> {
    let now = draft.now;
    let Some(claim) = claim_mut(draft, id)? else { return Ok(Reply::Noted) };
    if !claim.held() || claim.moving() {
        return Ok(Reply::Noted);
    }
    let ends = claim.ends();
    if now < ends {
        draft.later(EffectKind::ClaimEnd(id), ends);
        return Ok(Reply::Noted);
    }
    let event = draft.event("claim.expired").claim(id);
    draft.tell(event);
    super::end::unmake(draft, id)?;
    Ok(Reply::Noted)
}

/// Brings an extension that waits in line with rules that have changed. What the grant gives is not touched: where the role
/// gives anything else now, nobody can extend it.
pub(super) fn revise(draft: &mut Draft<'_>, id: AskId, right: &MayRequest) -> Result<Reply, Refused> {
    let request = draft.req()?;
    let Some(ask) = request.asks.iter().find(|ask| ask.id == id) else { return Ok(Reply::Noted) };
    let granted = ask.extends.map_or(Span::ZERO, |extends| extends.span);
    if !same_gives(&request.gives, right.gives()) {
        let refused = changed(&request.role);
        return super::decide::withdraw(draft, id, CancelWhy::Rules, &refused.message);
    }
    if request.revision == right.revision() {
        return Ok(Reply::Noted);
    }
    let most = right.limits().max;
    let span = ask.span.min(Span::from_secs(most.secs().saturating_sub(granted.secs())));
    if let Err(refused) = within_most(&request.role, most, granted, span) {
        return super::decide::withdraw(draft, id, CancelWhy::Rules, &refused.message);
    }
    request.revision = right.revision();
    super::decide::renew(draft, id, span, Span::ZERO, right)
}
