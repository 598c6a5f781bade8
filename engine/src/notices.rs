//! From a request to what is announced of it: the least that a decision needs, to those who can decide.

use jit_approval::{Addressee, AskNotice, NoticeKey, Standing};
use jit_life::request::Review;
use jit_life::{Ask, AskStatus, Request, ReviewVerdict, policy};
use jit_types::{ChannelName, PersonId, Words};

use crate::error::Error;
use crate::house::House;

/// The key of an ask's notice.
pub(crate) fn ask_key(ask: &Ask) -> NoticeKey {
    NoticeKey(format!("ask/{}", ask.id))
}

/// A person as a channel knows them.
pub(crate) fn addressee(house: &House, channel: &ChannelName, person: &PersonId) -> Addressee {
    let rules = house.rules();
    let principals = rules.people.get(person).map(|known| known.principals.clone()).unwrap_or_default();
    // People are named in the kind of a medium, whatever a channel of it is called.
    let kind = house.channels().get(channel).map(|channel| channel.capability().kind);
    let prefix = format!("{}:", kind.unwrap_or(channel.as_str()));
    let names = principals.iter().filter_map(|p| p.as_str().strip_prefix(&prefix).map(str::to_owned)).collect();
    Addressee { person: person.clone(), names, link: None }
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
        to: deciders.into_iter().flatten().map(|person| addressee(house, channel, &person)).collect(),
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
