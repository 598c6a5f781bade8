//! From an aggregate to what a caller may see of it.

use jit_engine::Error;
use jit_life::policy::{self, Caller};
use jit_life::{AskStatus, Claim, ClaimStatus, Grant, GrantStatus, Request, ReviewVerdict};
use jit_types::digest::Hasher;
use jit_types::{Digest, Timestamp};

use super::App;
use crate::api::grants::{ClaimView, GrantView};
use crate::api::requests::{GivesView, RequestView, ReviewView, Standing};

/// Changes when anything of a request does.
pub(super) fn version(request: &Request) -> Digest {
    Digest::of(serde_json::to_string(request).unwrap_or_default().as_bytes())
}

/// Changes when anything of these requests does, or there are others.
pub(super) fn version_of(requests: &[Request]) -> Digest {
    let list = Hasher::new("jit list v1");
    requests.iter().fold(list, |list, request| list.with("request", version(request).0)).finish()
}

/// A request as this caller sees it.
pub(super) async fn request(app: &App, caller: &Caller, request: &Request) -> Result<RequestView, Error> {
    let house = &app.house;
    let requester = house.person(request.subject);
    let rules = house.rules();
    let ask = request.newest();
    let pending = ask.is_some_and(|ask| ask.status == AskStatus::Pending);
    let deciders = match (&requester, rules.roles.get(&request.role)) {
        (Some(person), Some(role)) if pending => policy::deciders(&rules, role, person),
        _ => Default::default(),
    };
    let mut reviews = Vec::new();
    for review in request.asks.iter().flat_map(|ask| &ask.reviews) {
        let comment = match &review.comment {
            Some(comment) => house.open_text(comment).await?.map(|free| free.0),
            None => None,
        };
        reviews.push(ReviewView {
            by: house.person(review.subject),
            approved: review.verdict != ReviewVerdict::Deny,
            span: match review.verdict {
                ReviewVerdict::Approve { span } => Some(span),
                ReviewVerdict::Deny => None,
            },
            comment,
            at: review.at,
            channel: review.channel.clone(),
            void: review.void,
        });
    }
    Ok(RequestView {
        id: request.id,
        standing: standing(request),
        requester,
        mine: request.subject == caller.subject,
        role: request.role.clone(),
        params: request.params.clone(),
        reason: house.open_text(&request.reason).await?.map(|free| free.0),
        gives: request
            .gives
            .iter()
            .map(|gives| GivesView {
                backend: gives.backend.clone(),
                words: gives.capability.gives.clone(),
                material: gives.capability.material,
                form: gives.capability.form,
            })
            .collect(),
        warnings: request.gives.iter().flat_map(|gives| gives.capability.warnings.clone()).collect(),
        hash: ask.map_or(Digest([0; 32]), |ask| ask.hash),
        span: ask.map_or(jit_types::Span::ZERO, |ask| ask.span),
        filed: request.filed,
        decide_by: ask.map_or(request.filed, |ask| ask.decide_by),
        need: ask.map_or(0, |ask| ask.need),
        reviews,
        deciders,
        can_decide: house.can_decide(caller, request),
        worst_end: worst_end(request),
        swept: request.swept(),
        unswept: request.unswept(),
        grant: request.grant.as_ref().map(grant),
        version: version(request),
        now: house.now(),
    })
}

/// The latest moment at which the window may end: narrower the more is known.
fn worst_end(request: &Request) -> Timestamp {
    match (&request.grant, request.newest()) {
        (Some(grant), _) => grant.window.map_or(grant.start_by.after(grant.span), |window| window.end),
        (None, Some(ask)) => ask.decide_by.after(ask.start_by).after(ask.span),
        (None, None) => request.filed,
    }
}

fn standing(request: &Request) -> Standing {
    match (&request.grant, request.newest().map(|ask| ask.status)) {
        (Some(grant), _) => match grant.status {
            GrantStatus::Ready => Standing::Ready,
            GrantStatus::Active => Standing::Active,
            GrantStatus::Ending { .. } => Standing::Ending,
            GrantStatus::Ended { .. } => Standing::Ended,
        },
        (None, Some(AskStatus::Denied)) => Standing::Denied,
        (None, Some(AskStatus::Cancelled)) => Standing::Cancelled,
        (None, Some(AskStatus::Lapsed)) => Standing::Lapsed,
        (None, _) => Standing::Pending,
    }
}

fn grant(grant: &Grant) -> GrantView {
    let (why, ended) = match grant.status {
        GrantStatus::Ready | GrantStatus::Active => (None, None),
        GrantStatus::Ending { why, .. } => (Some(why.as_str().to_owned()), None),
        GrantStatus::Ended { why, at } => (Some(why.as_str().to_owned()), Some(at)),
    };
    GrantView {
        id: grant.id,
        approved: grant.approved,
        span: grant.span,
        start_by: grant.start_by,
        window: grant.window,
        why,
        ended,
        claims: grant.claims.iter().map(claim).collect(),
    }
}

fn claim(claim: &Claim) -> ClaimView {
    let (standing, known, proof) = match &claim.status {
        ClaimStatus::Issuing => ("issuing", None, None),
        ClaimStatus::Usable { known } => ("usable", Some(known.to_string()), None),
        ClaimStatus::Ending { .. } => ("ending", None, None),
        ClaimStatus::Gone { proof } => ("gone", None, Some(proof.clone())),
        ClaimStatus::Failed { proof } => ("failed", None, Some(proof.clone())),
    };
    ClaimView {
        id: claim.id,
        entitlement: claim.entitlement,
        at: claim.at,
        standing: standing.to_owned(),
        known,
        proof,
        failures: claim.failures,
    }
}
