//! From a request to what is announced of it: the least that a decision needs, to those who can decide.

use std::collections::BTreeSet;
use std::sync::Arc;

use jit_approval::{Addressee, AskNotice, NoticeKey, SeenFirst, Standing};
use jit_life::request::Review;
use jit_life::{Ask, AskStatus, Request, ReviewVerdict, policy};
use jit_types::{ChannelName, PersonId, Words};

use crate::error::Error;
use crate::house::House;

/// The key of an ask's notice.
pub(crate) fn ask_key(ask: &Ask) -> NoticeKey {
    NoticeKey(format!("ask/{}", ask.id))
}

/// How the keys of all notices about a request begin.
pub(crate) fn keys_of(request: &Request) -> Vec<String> {
    let asks = request.asks.iter().flat_map(|ask| [ask_key(ask).0, format!("note/{}/", ask.id)]);
    let alerts = request.claims().map(|claim| format!("alert/{}/", claim.id));
    asks.chain(alerts).chain([format!("news/{}/", request.id), format!("note/{}/", request.id)]).collect()
}

/// People as a channel knows them.
pub(crate) async fn addressees(
    house: &House,
    channel: &ChannelName,
    people: impl IntoIterator<Item = PersonId>,
) -> Result<Vec<Addressee>, Error> {
    let rules = house.rules();
    // People are named in the kind of a medium, whatever a channel of it is called.
    let kind = house.channels().get(channel).map_or(channel.as_str(), |channel| channel.capability().kind);
    let prefix = format!("{kind}:");
    let name = |principal: &str| principal.strip_prefix(&prefix).map(str::to_owned);
    let to = people.into_iter().map(|person| {
        let known = rules.people.get(&person);
        let names = known.iter().flat_map(|known| &known.principals).filter_map(|p| name(p.as_str())).collect();
        Addressee { person, names, link: None, seen: SeenFirst::default() }
    });
    let mut to: Vec<Addressee> = to.collect();
    if to.iter().any(|addressee| addressee.names.is_empty()) {
        let first = house.seen_first(kind, None).await?;
        // What the config says goes before any address: the account that it names for somebody is nobody else's.
        let named = rules.people.values().flat_map(|known| &known.principals).filter_map(|p| name(p.as_str()));
        let named: BTreeSet<String> = named.collect();
        let seen = first.values().filter_map(|account| name(account));
        let all = Arc::new(seen.chain(named.iter().cloned()).collect());
        for addressee in &mut to {
            let subject = house.known_subject(&addressee.person);
            let theirs = subject.and_then(|subject| first.get(&subject)).and_then(|account| name(account));
            let theirs = theirs.filter(|account| !named.contains(account));
            addressee.seen = SeenFirst::new(theirs, Arc::clone(&all));
        }
    }
    Ok(to)
}

/// Where an ask stands, in words.
pub(crate) fn standing(house: &House, request: &Request, ask: &Ask) -> Standing {
    let outcome = match ask.status {
        AskStatus::Pending => {
            let have = said(ask, false).count();
            return Standing::Pending { have: u32::try_from(have).unwrap_or(u32::MAX), need: ask.need };
        }
        AskStatus::Approved => {
            let span = request.given(ask).unwrap_or(ask.span);
            format!("approved for {span}{}", if ask.extends.is_some() { " more" } else { "" })
        }
        AskStatus::Denied => "denied".to_owned(),
        AskStatus::Cancelled => "cancelled".to_owned(),
        AskStatus::Lapsed => "lapsed".to_owned(),
    };
    Standing::Closed {
        outcome: Words::new(outcome),
        // Who decided: a denial is not theirs who had approved, and nobody has decided what has lapsed.
        by: match ask.status {
            AskStatus::Approved => approvers(house, ask),
            AskStatus::Denied => said(ask, true).filter_map(|review| house.person(review.subject)).collect(),
            AskStatus::Pending | AskStatus::Cancelled | AskStatus::Lapsed => Vec::new(),
        },
    }
}

/// Whoever has approved an ask.
pub(crate) fn approvers(house: &House, ask: &Ask) -> Vec<PersonId> {
    said(ask, false).filter_map(|review| house.person(review.subject)).collect()
}

/// What was said of an ask and stands: its denials, or its approvals.
fn said(ask: &Ask, denials: bool) -> impl Iterator<Item = &Review> {
    ask.reviews.iter().filter(move |review| !review.void && (review.verdict == ReviewVerdict::Deny) == denials)
}

/// The notice of an ask for one channel.
pub(crate) async fn ask(
    house: &House,
    channel: &ChannelName,
    request: &Request,
    ask: &Ask,
) -> Result<Option<AskNotice>, Error> {
    let Some(requester) = house.person(request.subject) else { return Ok(None) };
    let rules = house.rules();
    let deciders = rules.roles.get(&request.role).map(|role| policy::deciders(&rules, role, &requester));
    let standing = standing(house, request, ask);
    let open = matches!(standing, Standing::Pending { .. });
    let reason = if open { house.open_text(&request.reason_of(ask)).await? } else { None };
    Ok(Some(AskNotice {
        key: ask_key(ask),
        ask: ask.id,
        request: request.id,
        hash: ask.hash,
        to: addressees(house, channel, deciders.into_iter().flatten()).await?,
        requester,
        role: request.role.clone(),
        gives: request.gives.iter().map(|g| g.capability.gives.clone()).collect(),
        warnings: request.gives.iter().flat_map(|g| g.capability.warnings.clone()).collect(),
        params: if open { request.params.clone() } else { Default::default() },
        span: ask.span,
        total: ask.extends.map(|_| ask.total()),
        worst_end: ask.worst_end(),
        swept: request.swept(),
        unswept: request.unswept(),
        first: open && ask.extends.is_none() && house.is_first(request).await?,
        reason,
        decide_by: ask.decide_by,
        standing,
    }))
}
