//! Deciding, taking back, lapsing, and changes of rules while an ask waits.

use jit_types::{AskId, GrantId, Span, Subject, Words};

use super::{Draft, closed, lapsed};
use crate::lock::LockTarget;
use crate::policy::MayRequest;
use crate::refused::{Refused, RefusedKind};
use crate::request::{Ask, AskStatus, CancelWhy, Grant, GrantStatus, Review, ReviewVerdict};
use crate::step::{Decide, EffectKind, Facts, News, Reply, Verdict};

pub(super) fn decide(draft: &mut Draft<'_>, facts: &Facts, decide: &Decide) -> Result<Reply, Refused> {
    let now = draft.now;
    let by = decide.right.caller().subject;
    let request = draft.req()?;
    if request.role != *decide.right.role() {
        return Err(Refused::not_found("request"));
    }
    if request.subject == by {
        return Err(Refused::new(
            RefusedKind::Denied,
            "approve",
            "nobody decides their own request, through whatever they act",
        )
        .hint("someone else who may decide it has to; `jit show` names them"));
    }
    facts.locks.open(by, request.subject, &request.role)?;
    let (revision, role) = (request.revision, request.role.clone());
    let grant = request.grant.clone();
    let ask = request.asks.iter_mut().find(|ask| ask.id == decide.ask).ok_or_else(|| Refused::not_found("request"))?;
    if let Some(mine) = ask.reviews.iter().find(|review| review.subject == by && !review.void) {
        // Who approves again for another length of time says something new: "less" is never lost.
        let same = match (mine.verdict, decide.verdict) {
            (ReviewVerdict::Approve { span }, Verdict::Approve { span: again }) => span == again.unwrap_or(ask.span),
            (ReviewVerdict::Deny, Verdict::Deny) => true,
            _ => false,
        };
        if same {
            return Ok(Reply::Already(Words::new("you have said so before")));
        }
    }
    if ask.status != AskStatus::Pending {
        return Err(closed(ask));
    }
    if let (Some(_), Some(grant)) = (ask.extends, &grant) {
        super::extend::alive(grant, now)?;
    }
    if now >= ask.decide_by {
        return Err(lapsed());
    }
    if revision != decide.right.revision() {
        return Err(Refused::new(
            RefusedKind::Conflict,
            "role",
            format!("`{role}` has changed since this was announced"),
        )
        .hint("look at it again with `jit show`, then decide"));
    }
    if ask.hash != decide.hash {
        return Err(Refused::new(RefusedKind::Conflict, "hash", "this is not what is being asked now")
            .hint("look at it again with `jit show`, then decide"));
    }
    let verdict = match decide.verdict {
        Verdict::Deny => ReviewVerdict::Deny,
        Verdict::Approve { span } => {
            let span = span.unwrap_or(ask.span);
            if span > ask.span || span.secs() == 0 {
                let message =
                    format!("{} was asked for; an approval is for that or for less, not for {span}", ask.span);
                return Err(Refused::new(RefusedKind::Invalid, "for", message).hint(format!("--for {}", ask.span)));
            }
            ReviewVerdict::Approve { span }
        }
    };
    // One person has one say: who approved and now denies takes the approval back.
    ask.reviews.retain(|review| review.void || review.subject != by);
    let channel = decide.channel.clone();
    ask.reviews.push(Review { subject: by, verdict, comment: decide.comment, at: now, channel, void: false });
    let need = decide.right.count().max(1);
    let standing = standing(ask, decide.right.eligible(), facts);
    let id = ask.id;

    let reviewed = draft
        .event(if verdict == ReviewVerdict::Deny { "ask.denied" } else { "ask.approved" })
        .ask(id)
        .actor(by)
        .field_of(by, "by", &decide.right.caller().person)
        .field_of(by, "through", &decide.right.caller().principal)
        .field("hash", &decide.hash)
        .maybe("comment", decide.comment.as_ref());
    let reviewed = match &decide.evidence {
        Some(evidence) => reviewed.field_of(by, "evidence", evidence),
        None => reviewed,
    };
    let reviewed = match verdict {
        ReviewVerdict::Approve { span } => reviewed.field("for", &span),
        ReviewVerdict::Deny => reviewed,
    };
    draft.tell(reviewed);

    if verdict == ReviewVerdict::Deny {
        let news = news(draft, id)?;
        close(draft, id, AskStatus::Denied, None)?;
        draft.soon(EffectKind::Tell(news));
        return Ok(Reply::Decided(Words::new("denied")));
    }
    if (standing.len() as u32) < need {
        draft.soon(EffectKind::Update(id));
        let words = format!("noted: {} of {need} approvals", standing.len());
        return Ok(Reply::Decided(Words::new(words)));
    }
    let span = standing.into_iter().min().unwrap_or(Span::ZERO);
    if news(draft, id)? == News::Extension(id) {
        super::extend::approve(draft, id, span)?;
        return Ok(Reply::Decided(Words::new(format!("approved for {span} more"))));
    }
    approve(draft, id, decide.grant, span)?;
    Ok(Reply::Decided(Words::new(format!("approved for {span}"))))
}

/// The durations of all approvals that count: not void, and of somebody who may still approve and is not locked.
fn standing(ask: &Ask, eligible: &std::collections::BTreeSet<Subject>, facts: &Facts) -> Vec<Span> {
    ask.reviews
        .iter()
        .filter(|review| !review.void && eligible.contains(&review.subject))
        .filter(|review| !facts.locks.holds(&LockTarget::Person(review.subject)))
        .filter_map(|review| match review.verdict {
            ReviewVerdict::Approve { span } => Some(span),
            ReviewVerdict::Deny => None,
        })
        .collect()
}

/// Makes the grant of an approved ask.
pub(super) fn approve(draft: &mut Draft<'_>, ask: AskId, grant: GrantId, span: Span) -> Result<(), Refused> {
    let now = draft.now;
    close(draft, ask, AskStatus::Approved, None)?;
    let request = draft.req()?;
    let start_by = request.asks.iter().find(|a| a.id == ask).map_or(Span::ZERO, |a| a.start_by);
    let start_by = now.after(start_by);
    request.grant = Some(Grant {
        id: grant,
        approved: now,
        span,
        start_by,
        window: None,
        status: GrantStatus::Ready,
        claims: Vec::new(),
    });
    let made = draft.event("grant.made").ask(ask).field("for", &span).field("start_by", &start_by);
    draft.tell(made);
    draft.later(EffectKind::StartBy, start_by);
    draft.soon(EffectKind::Tell(News::Decided));
    Ok(())
}

/// What its requester is told of an ask.
fn news(draft: &mut Draft<'_>, id: AskId) -> Result<News, Refused> {
    let extends = draft.req()?.asks.iter().any(|ask| ask.id == id && ask.extends.is_some());
    Ok(if extends { News::Extension(id) } else { News::Decided })
}

/// Gives an ask its terminal state.
pub(super) fn close(
    draft: &mut Draft<'_>,
    id: AskId,
    status: AskStatus,
    why: Option<CancelWhy>,
) -> Result<(), Refused> {
    let request = draft.req()?;
    let ask = request.asks.iter_mut().find(|ask| ask.id == id).ok_or_else(|| Refused::not_found("request"))?;
    if ask.status != AskStatus::Pending {
        return Err(closed(ask));
    }
    ask.status = status;
    ask.why = why;
    let announced = ask.need > 0;
    draft.forget(EffectKind::Lapse(id));
    if announced {
        draft.soon(EffectKind::Update(id));
    }
    Ok(())
}

/// Cancels an ask that its requester has not taken back, and tells them why.
pub(super) fn withdraw(draft: &mut Draft<'_>, id: AskId, why: CancelWhy, words: &Words) -> Result<Reply, Refused> {
    let news = news(draft, id)?;
    close(draft, id, AskStatus::Cancelled, Some(why))?;
    let event = draft.event("ask.cancelled").ask(id).field("why", words);
    draft.tell(event);
    draft.soon(EffectKind::Tell(news));
    Ok(Reply::Noted)
}

pub(super) fn cancel(draft: &mut Draft<'_>, by: Subject) -> Result<Reply, Refused> {
    let request = draft.req()?;
    if request.subject != by {
        return Err(Refused::not_found("request"));
    }
    let Some(newest) = request.newest() else { return Err(Refused::not_found("request")) };
    let (id, status, extends) = (newest.id, newest.status, newest.extends.is_some());
    let live = request.grant.as_ref().is_some_and(|grant| !matches!(grant.status, GrantStatus::Ended { .. }));
    match status {
        AskStatus::Pending => {}
        AskStatus::Cancelled => {
            let taken = newest.why.is_none_or(|why| why == CancelWhy::Taken);
            let words = if taken { Words::new("it was cancelled before") } else { closed(newest).message };
            return Ok(Reply::Already(words));
        }
        AskStatus::Approved | AskStatus::Denied | AskStatus::Lapsed => {
            let refused = closed(newest);
            let granted = live || status == AskStatus::Approved;
            return Err(if granted {
                refused.hint("it is a grant now: give it back with `jit release`")
            } else {
                refused
            });
        }
    }
    close(draft, id, AskStatus::Cancelled, Some(CancelWhy::Taken))?;
    // A request whose extension is taken back lives on as it was.
    let event = draft.event(if extends { "ask.cancelled" } else { "request.cancelled" }).ask(id).actor(by);
    draft.tell(event);
    Ok(Reply::Cancelled)
}

pub(super) fn lapse(draft: &mut Draft<'_>, id: AskId) -> Result<Reply, Refused> {
    let now = draft.now;
    let request = draft.req()?;
    let Some(ask) = request.asks.iter().find(|ask| ask.id == id) else { return Ok(Reply::Noted) };
    if ask.status != AskStatus::Pending {
        return Ok(Reply::Noted);
    }
    if now < ask.decide_by {
        // The clock has gone back since the timer was found due: it is not over yet.
        let decide_by = ask.decide_by;
        draft.later(EffectKind::Lapse(id), decide_by);
        return Ok(Reply::Noted);
    }
    let news = news(draft, id)?;
    close(draft, id, AskStatus::Lapsed, None)?;
    let event = draft.event("ask.lapsed").ask(id);
    draft.tell(event);
    draft.soon(EffectKind::Tell(news));
    Ok(Reply::Noted)
}

pub(super) fn revise(draft: &mut Draft<'_>, right: &Result<Box<MayRequest>, Refused>) -> Result<Reply, Refused> {
    let request = draft.req()?;
    let Some(pending) = request.pending() else { return Ok(Reply::Noted) };
    let (id, span, extends) = (pending.id, pending.span, pending.extends.is_some());
    let right = match right {
        Ok(right) if right.caller().subject == request.subject && *right.role() == request.role => right,
        Ok(_) => return Err(Refused::not_found("request")),
        Err(refused) => return withdraw(draft, id, CancelWhy::Rules, &refused.message),
    };
    if extends {
        return super::extend::revise(draft, id, right);
    }
    if request.revision == right.revision() && request.gives == right.gives() {
        return Ok(Reply::Noted);
    }
    request.revision = right.revision();
    request.gives = right.gives().to_vec();
    request.typed |= right.typed();
    let limits = right.limits();
    renew(draft, id, span.min(limits.max), limits.start_by, right)
}

/// Sends an ask back to review as it stands now: what was said of it before is void.
pub(super) fn renew(
    draft: &mut Draft<'_>,
    id: AskId,
    span: Span,
    start_by: Span,
    right: &MayRequest,
) -> Result<Reply, Refused> {
    let need = match right.approval() {
        // A role that has become one by rule does not approve what people were asked to decide.
        crate::role::Approval::ByRule => 1,
        crate::role::Approval::ByPeople { count, .. } => (*count).max(1),
    };
    let request = draft.req()?;
    let ask = request.asks.iter_mut().find(|ask| ask.id == id).ok_or_else(|| Refused::not_found("request"))?;
    ask.span = span;
    ask.start_by = start_by;
    ask.need = need;
    for review in &mut ask.reviews {
        review.void = true;
    }
    let ask = ask.clone();
    let hash = request.hash_of(&ask);
    if let Some(ask) = request.asks.iter_mut().find(|ask| ask.id == id) {
        ask.hash = hash;
    }
    let event = draft.event("ask.revised").ask(id).field("hash", &hash).field("filed", &ask.filed);
    draft.tell(event);
    draft.soon(EffectKind::Update(id));
    draft.soon(EffectKind::Announce(id));
    Ok(Reply::Noted)
}
