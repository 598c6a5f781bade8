//! Filing.

use jit_types::{Span, Words};

use super::{Draft, MOST_OPEN};
use crate::refused::{Refused, RefusedKind};
use crate::request::{Ask, AskStatus, Request};
use crate::role::Approval;
use crate::step::{EffectKind, Facts, File, Reply};

pub(super) fn file(draft: &mut Draft<'_>, facts: &Facts, file: &File) -> Result<Reply, Refused> {
    let by = file.right.caller().subject;
    facts.locks.open(by, by, file.right.role())?;
    if let Some(same) = facts.same {
        return Ok(Reply::Attached(same));
    }
    if facts.open_of_person >= MOST_OPEN {
        let message = format!("you have {MOST_OPEN} requests open");
        return Err(Refused::new(RefusedKind::Denied, "request", message).hint("cancel or release some: `jit list`"));
    }
    let right = &file.right;
    let subject = right.caller().subject;
    let limits = right.limits();
    let mut request = Request {
        id: file.id,
        subject,
        role: right.role().clone(),
        revision: right.revision(),
        params: right.params().clone(),
        typed: right.typed(),
        gives: right.gives().to_vec(),
        claim_key: file.claim_key.clone(),
        reason: file.reason,
        filed: draft.now,
        asks: Vec::new(),
        grant: None,
        erased: None,
    };
    let need = need(right.approval());
    let ask = ask_for(&request, file.ask, right.span(), limits.start_by, draft.now, limits.decide_by, need);
    let hash = ask.hash;
    let decide_by = ask.decide_by;
    request.asks.push(ask);
    let gives: Vec<Words> = request.gives.iter().map(|g| g.capability.gives.clone()).collect();
    draft.request = Some(request);
    let filed = draft
        .event("request.filed")
        .ask(file.ask)
        .actor(subject)
        .field("through", &right.caller().principal)
        .field("person", &right.caller().person)
        .field("for", &right.span())
        .field("gives", &gives)
        .field("hash", &hash)
        .field("reason", &file.reason);
    draft.tell(filed);
    if need == 0 {
        let by_rule = draft.event("ask.approved").ask(file.ask).field("by", &"rule").field("for", &right.span());
        draft.tell(by_rule);
        super::decide::approve(draft, file.ask, file.grant, right.span())?;
    } else {
        draft.later(EffectKind::Lapse(file.ask), decide_by);
        draft.soon(EffectKind::Announce(file.ask));
    }
    Ok(Reply::Filed(file.id))
}

pub(super) fn need(approval: &Approval) -> u32 {
    match approval {
        Approval::ByRule => 0,
        // A config with a count of nothing is refused when it is read; here it could only mean "nobody", never "anybody".
        Approval::ByPeople { count, .. } => (*count).max(1),
    }
}

/// An ask, with the hash over what the request gives now.
pub(super) fn ask_for(
    request: &Request,
    id: jit_types::AskId,
    span: Span,
    start_by: Span,
    filed: jit_types::Timestamp,
    within: Span,
    need: u32,
) -> Ask {
    let decide_by = filed.after(within);
    let hash = request.content_hash(span, start_by, decide_by);
    Ask {
        id,
        hash,
        span,
        start_by,
        filed,
        decide_by,
        need,
        status: AskStatus::Pending,
        reviews: Vec::new(),
        extends: None,
        reason: None,
        why: None,
    }
}
