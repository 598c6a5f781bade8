//! From an aggregate to what a caller may see of it.

use jit_engine::Error;
use jit_life::policy::{self, Caller};
use jit_life::request::Extension;
use jit_life::{Ask, AskStatus, CancelWhy, Claim, ClaimStatus, Grant, GrantStatus, Request, Review, ReviewVerdict};
use jit_types::digest::Hasher;
use jit_types::{Digest, Timestamp, Words};

use super::App;
use crate::api::extensions::{ExtensionStanding, ExtensionView};
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
    // The first ask is what the request is; each that follows it is an extension.
    let ask = request.asks.first();
    let pending = request.pending().is_some();
    let deciders = match (&requester, rules.roles.get(&request.role)) {
        (Some(person), Some(role)) if pending => policy::deciders(&rules, role, person),
        _ => Default::default(),
    };
    let mut extensions = Vec::new();
    for ask in &request.asks {
        if let Some(extends) = ask.extends {
            extensions.push(extension(app, request, ask, extends).await?);
        }
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
        hash: request.newest().map_or(Digest([0; 32]), |ask| ask.hash),
        span: ask.map_or(jit_types::Span::ZERO, |ask| ask.span),
        filed: request.filed,
        decide_by: ask.map_or(request.filed, |ask| ask.decide_by),
        need: ask.map_or(0, |ask| ask.need),
        reviews: reviews(app, ask.map(|ask| ask.reviews.as_slice()).unwrap_or_default()).await?,
        deciders,
        can_decide: house.can_decide(caller, request),
        worst_end: worst_end(request),
        swept: request.swept(),
        unswept: request.unswept(),
        grant: request.grant.as_ref().map(grant),
        keyless: request.claim_key.is_none(),
        extensions,
        version: version(request),
        now: house.now(),
    })
}

async fn reviews(app: &App, reviews: &[Review]) -> Result<Vec<ReviewView>, Error> {
    let mut views = Vec::with_capacity(reviews.len());
    for review in reviews {
        let comment = match &review.comment {
            Some(comment) => app.house.open_text(comment).await?.map(|free| free.0),
            None => None,
        };
        views.push(ReviewView {
            by: app.house.person(review.subject),
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
    Ok(views)
}

async fn extension(app: &App, request: &Request, ask: &Ask, extends: Extension) -> Result<ExtensionView, Error> {
    let standing = match ask.status {
        AskStatus::Pending => ExtensionStanding::Pending,
        AskStatus::Approved => ExtensionStanding::Approved,
        AskStatus::Denied => ExtensionStanding::Denied,
        AskStatus::Cancelled => ExtensionStanding::Cancelled,
        AskStatus::Lapsed => ExtensionStanding::Lapsed,
    };
    let why = ask.why.map(|why| match why {
        CancelWhy::Taken => "it was taken back",
        CancelWhy::Rules => "the rules have changed",
        CancelWhy::Locked => "an administrator has locked the person or the role",
        CancelWhy::Over => "the grant was over",
    });
    Ok(ExtensionView {
        ask: ask.id,
        standing,
        span: ask.span,
        given: request.given(ask),
        granted: extends.span,
        old_end: extends.end,
        new_end: ask.worst_end(),
        reason: app.house.open_text(&request.reason_of(ask)).await?.map(|free| free.0),
        filed: ask.filed,
        decide_by: ask.decide_by,
        need: ask.need,
        hash: ask.hash,
        reviews: reviews(app, &ask.reviews).await?,
        why: why.map(Words::new),
    })
}

/// The latest moment at which the window may end: narrower the more is known.
fn worst_end(request: &Request) -> Timestamp {
    match (&request.grant, request.newest()) {
        (Some(grant), _) => grant.window.map_or(grant.start_by.after(grant.span), |window| window.end),
        (None, Some(ask)) => ask.worst_end(),
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
        end: Some(claim.ends()),
        moving: claim.moving(),
        standing: standing.to_owned(),
        known,
        proof,
        failures: claim.failures,
    }
}
