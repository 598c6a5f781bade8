//! Revoking, probing, and looking again.

use std::sync::Arc;
use std::time::Duration;

use jit_backend::{ErrorKind, Lease, Order, Seen};
use jit_life::policy::Resolved;
use jit_life::{ClaimStatus, Command, LockTarget, NotGone, NotMoved, Request};
use jit_types::{ClaimId, Grade, Handle, Lane, Proof, RequestId, Words};

use tokio::sync::OwnedSemaphorePermit;

use super::{Outcome, PATIENCE, outcome};
use crate::error::Error;
use crate::failpoints::hit;
use crate::house::House;
use crate::service::With;
use crate::store::{Leased, Query};

/// How long the look before an end may take: a target that hangs must not put off that the grant is known to be over.
const GLANCE: Duration = Duration::from_secs(2);

/// Ends a grant whose window is over. What the target's own clock has ended is looked at first, so that its end and the
/// proof of it are one step. A look changes nothing, so it needs no intent; what it does not see gone is revoked as ever.
pub(super) async fn expire(house: &Arc<House>, id: RequestId, effect: &Leased) -> Outcome {
    let seen = tokio::time::timeout(GLANCE, seen_gone(house, id)).await;
    let gone = seen.unwrap_or(Ok(Vec::new())).unwrap_or_default();
    outcome(house, id, Command::Expired { gone }, effect).await
}

/// What is seen to be gone of what only the target's clock ends, and has ended by now.
async fn seen_gone(house: &House, id: RequestId) -> Result<Vec<(ClaimId, Proof)>, Error> {
    let Some(request) = house.store().request(id).await? else { return Ok(Vec::new()) };
    let mut gone = Vec::new();
    for claim in request.claims() {
        let by_clock = request.entitlement(claim).is_some_and(|gives| {
            let capability = &gives.capability;
            capability.plants_end && capability.proof == Grade::ByConstruction && capability.lane == Lane::PerClaim
        });
        if !by_clock || claim.end > house.now() || !matches!(claim.status, ClaimStatus::Usable { .. }) {
            continue;
        }
        let (order, gives) = house.order(&request, claim.id)?;
        let lease = Lease { order, handle: claim.handle.clone() };
        let _place = place(house, &gives).await?;
        if let Ok(proof) = look_at(house, &lease, &gives, None).await {
            gone.push((claim.id, proof));
        }
    }
    Ok(gone)
}

/// Revokes a claim and looks whether it is gone.
pub(super) async fn revoke(house: &Arc<House>, id: RequestId, claim: ClaimId, effect: &Leased) -> Outcome {
    let Some((lease, gives)) = lease(house, id, claim).await? else {
        return super::finish(house, effect).await;
    };
    let place = place(house, &gives).await?;
    let result = revoke_and_look(house, &lease, &gives).await;
    // The target is done with it, whenever the outcome is written.
    drop(place);
    let command = Command::Ended { claim, outcome: result, jitter: house.jitter() };
    outcome(house, id, command, effect).await
}

/// Looks again at what ended before its planted end.
pub(super) async fn look(house: &Arc<House>, id: RequestId, claim: ClaimId, effect: &Leased) -> Outcome {
    let Some((lease, gives)) = lease(house, id, claim).await? else {
        return super::finish(house, effect).await;
    };
    let place = place(house, &gives).await?;
    let result = look_at(house, &lease, &gives, None).await;
    drop(place);
    let command = Command::Looked { claim, outcome: result, jitter: house.jitter() };
    outcome(house, id, command, effect).await
}

/// Gives a claim's order again, with its new end and without its material, which the house no longer has.
pub(super) async fn extend(house: &Arc<House>, id: RequestId, claim: ClaimId, effect: &Leased) -> Outcome {
    let Some((lease, gives)) = lease(house, id, claim).await? else {
        return super::finish(house, effect).await;
    };
    let place = place(house, &gives).await?;
    let end = lease.order.window.end;
    hit("extend.before");
    let result = move_end(house, &lease.order, &gives).await;
    drop(place);
    hit("extend.after");
    let command = Command::Extended { claim, end, outcome: result, jitter: house.jitter() };
    outcome(house, id, command, effect).await
}

async fn move_end(house: &House, order: &Order, gives: &Resolved) -> Result<Handle, NotMoved> {
    let not = |words: Words, for_good| NotMoved { words, for_good };
    let late = || not(Words::new(format!("`{}` did not answer in time", gives.backend)), false);
    let backend = house.pointing(gives, true).map_err(|words| not(words, false))?;
    // What waited too long for its turn is given a new deadline first.
    let left = u64::try_from(order.deadline.since_millis(house.now())).unwrap_or(0);
    match tokio::time::timeout(Duration::from_millis(left), backend.issue(order, None)).await {
        Ok(Ok(issued)) => Ok(issued.handle),
        Ok(Err(error)) => {
            tracing::debug!(kind = %error.kind, internal = %error.internal, "an end could not be moved");
            let for_good = !error.retryable() && error.kind != ErrorKind::TooLate;
            Err(not(error.public, for_good))
        }
        Err(_) => Err(late()),
    }
}

/// Ends what a locked person or role holds: as many steps as there are requests, each of which looks at the locks again.
pub(super) async fn locked(house: &Arc<House>, target: &LockTarget, effect: &Leased) -> Outcome {
    let subject = match target {
        LockTarget::Person(subject) => Some(*subject),
        LockTarget::Role(_) => None,
    };
    let open = Query { subject, open: true, most: u32::MAX, ..Default::default() };
    for request in house.store().requests(open).await?.into_iter().filter(|request| target.covers(request)) {
        house.play(request.id, Command::EndLocked, With::default()).await?;
    }
    super::finish(house, effect).await
}

/// How long an effect waits for its turn at a target; together with what the target may take it is well within the lease.
const TURN: Duration = Duration::from_secs(15);

/// A place among those who are at work on one target, so that a crowd at one that hangs keeps none of the others waiting.
async fn place(house: &House, gives: &Resolved) -> Result<OwnedSemaphorePermit, Error> {
    let crowded = || Error::Unavailable(format!("too much waits for `{}`", gives.backend));
    let places = house.places(house.serving(gives).as_ref().unwrap_or(&gives.backend));
    match tokio::time::timeout(TURN, places.acquire_owned()).await {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(_)) | Err(_) => Err(crowded()),
    }
}

async fn lease(house: &House, id: RequestId, claim: ClaimId) -> Result<Option<(Lease, Resolved)>, Error> {
    let Some(request) = house.store().request(id).await? else { return Ok(None) };
    let Some(found) = request.claim(claim) else { return Ok(None) };
    let handle = found.handle.clone();
    let (order, gives) = house.order(&request, claim)?;
    Ok(Some((Lease { order, handle }, gives)))
}

/// The lease of a claim, for a backend's documents.
pub(super) fn lease_of(house: &House, request: &Request, claim: ClaimId) -> Result<Lease, Error> {
    let (order, _) = house.order(request, claim)?;
    let handle = request.claim(claim).and_then(|claim| claim.handle.clone());
    Ok(Lease { order, handle })
}

async fn revoke_and_look(house: &House, lease: &Lease, gives: &Resolved) -> Result<Proof, NotGone> {
    let backend = house.pointing(gives, lease.handle.is_some()).map_err(|words| not_gone(words, false))?;
    hit("revoke.before");
    let revoked = match tokio::time::timeout(PATIENCE, backend.revoke(lease)).await {
        Ok(Ok(revoked)) => revoked,
        Ok(Err(error)) => return Err(failed(&error)),
        Err(_) => return Err(not_gone(Words::new(format!("`{}` did not answer in time", gives.backend)), false)),
    };
    hit("revoke.after");
    hit("probe.before");
    let seen = look_at(house, lease, gives, Some(&revoked.evidence)).await;
    hit("probe.after");
    seen
}

async fn look_at(house: &House, lease: &Lease, gives: &Resolved, done: Option<&[Words]>) -> Result<Proof, NotGone> {
    let backend = house.pointing(gives, lease.handle.is_some()).map_err(|words| not_gone(words, false))?;
    let seen = match tokio::time::timeout(PATIENCE, backend.probe(lease)).await {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => return Err(failed(&error)),
        Err(_) => return Err(not_gone(Words::new(format!("`{}` did not answer in time", gives.backend)), false)),
    };
    // Where only the target's own clock ends it, an early end that can't be had is no failure: it is what was promised.
    let by_clock_alone = gives.capability.proof == Grade::ByConstruction
        && !gives.capability.publishes
        && lease.order.window.end > house.now();
    match seen {
        Seen::Gone(mut proof) => {
            if let Some(done) = done {
                let fresh: Vec<Words> = done.iter().filter(|words| !proof.evidence.contains(words)).cloned().collect();
                proof.evidence.extend(fresh);
            }
            Ok(proof)
        }
        Seen::Usable { evidence } => {
            let words = evidence.first().cloned().unwrap_or_else(|| Words::new("the target still lets it in"));
            // On a first look after an early end, "usable" is a failure to end; later it is a return from the dead.
            Err(NotGone { words, expected: by_clock_alone, usable: !by_clock_alone })
        }
        Seen::Unknown { why } => Err(not_gone(why, by_clock_alone)),
    }
}

fn not_gone(words: Words, expected: bool) -> NotGone {
    NotGone { words, expected, usable: false }
}

fn failed(error: &jit_backend::Error) -> NotGone {
    tracing::debug!(kind = %error.kind, internal = %error.internal, "a target could not be cleared");
    not_gone(error.public.clone(), error.kind == ErrorKind::Unfinished)
}
