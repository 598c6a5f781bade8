//! What a house does when it opens: publishes what hosts demand, tells of a changed config, notices a store that has gone
//! back in time, and brings open asks in line with the rules.

use std::sync::Arc;
use std::time::Duration;

use jit_life::{ClaimStatus, Command};
use jit_types::{BackendName, Digest, Event, Subject};

use super::publish;
use crate::error::Error;
use crate::house::House;
use crate::service::With;
use crate::store::{Query, Write};

/// The name under which the config's digest is kept.
const CONFIG: &str = "config";
/// The name under which it is kept that a store which went back is being brought in line.
const RECONCILING: &str = "reconciling";

/// Opens the house for business. `seen` is how far the log had come when somebody last looked.
///
/// # Errors
/// When the store can't be used.
pub async fn begin(house: &Arc<House>, config: Digest, seen: u64) -> Result<(), Error> {
    let (size, _) = house.store().log().head();
    note_config(house, config, None).await?;
    let resumed = house.store().log().meta(RECONCILING).await?.is_some_and(|value| value == "yes");
    if size < seen || resumed {
        went_back(house, size, seen).await?;
    }
    house.resume_erasures().await?;
    for name in house.backends().keys() {
        publish_at_once(house, name).await?;
    }
    house.revise_open_asks().await
}

/// Records that another config holds than before, with what proves which: one transaction.
pub(crate) async fn note_config(house: &House, config: Digest, by: Option<Subject>) -> Result<(), Error> {
    let before = house.store().log().meta(CONFIG).await?;
    if before.as_deref() == Some(&config.to_string()) {
        return Ok(());
    }
    let event = Event::new("config.changed", house.now()).field("config", &config);
    let event = by.into_iter().fold(event, Event::actor);
    let meta = Write::Meta { name: CONFIG, value: config.to_string() };
    Ok(house.store().write(vec![meta], vec![event], vec![]).await?)
}

/// Publishes what hosts demand of a backend that has just been opened; what can't be is tried on.
pub(crate) async fn publish_at_once(house: &House, name: &BackendName) -> Result<(), Error> {
    if let Err(error) = publish::write_documents(house, name).await {
        tracing::error!(backend = %name, %error, "a document can't be published; it is tried on");
        let publish = Write::Publish { backend: name.clone(), due: house.now() };
        house.store().write(vec![publish], vec![], vec![]).await?;
    }
    Ok(())
}

/// The store holds less than it did: a backup was put back. What it takes for live may have been given back, revoked or
/// claimed anew since, so all of it is ended and proven gone; what it does not know of, `doctor` finds by the house's mark.
async fn went_back(house: &Arc<House>, size: u64, seen: u64) -> Result<(), Error> {
    tracing::error!(size, seen, "the store has gone back in time: everything that it takes for live is ended");
    let event = Event::new("store.went_back", house.now())
        .field("size", &i64::try_from(size).unwrap_or(i64::MAX))
        .field("seen", &i64::try_from(seen).unwrap_or(i64::MAX));
    // A token that was revoked since holds again in the old store.
    let tokens = Write::RevokeAllTokens { at: house.now() };
    publish::keep_refusing(house).await?;
    // Killed halfway, it goes on at the next start: the log has then grown past what was seen.
    let reconciling = |value: &str| Write::Meta { name: RECONCILING, value: value.to_owned() };
    house.store().write(vec![tokens, reconciling("yes")], vec![event], vec![]).await?;
    let unended = Query { unended: true, most: u32::MAX, ..Default::default() };
    for request in house.store().requests(unended).await? {
        house.play(request.id, Command::Reconcile, With::default()).await?;
    }
    look_again(house).await?;
    house.store().write(vec![reconciling("no")], vec![], vec![]).await?;
    Ok(())
}

/// Looks now at what ended before its planted end: the targets may have gone back in time as well.
async fn look_again(house: &House) -> Result<(), Error> {
    let mut looks = Vec::new();
    for request in house.store().ended_early(house.now()).await? {
        for claim in request.grant.iter().flat_map(|grant| &grant.claims) {
            let Some(gives) = request.entitlement(claim) else { continue };
            if matches!(claim.status, ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. }) && claim.end > house.now()
            {
                let lane = jit_life::request::lane(gives, claim.id);
                looks.push(Write::LookNow { request: request.id, claim: claim.id, lane, due: house.now() });
            }
        }
    }
    Ok(house.store().write(looks, vec![], vec![]).await?)
}

/// How often every target is looked at when nobody asks: what was found last is in the next plan.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// Looks at every target, now and again. What a backend finds enters what it promises, and so plan, hash and claims.
pub async fn look_around(house: Arc<House>) {
    loop {
        look_at_targets(&house).await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Looks at every target once, side by side; one that does not answer holds up nobody.
pub async fn look_at_targets(house: &House) {
    let mut looks = tokio::task::JoinSet::new();
    for (name, backend) in house.backends().iter() {
        let (name, backend) = (name.clone(), Arc::clone(backend));
        looks.spawn(async move {
            match tokio::time::timeout(super::PATIENCE, backend.check()).await {
                Ok(report) => {
                    for bad in report.findings.iter().filter(|f| f.kind == jit_backend::FindingKind::Bad) {
                        tracing::warn!(backend = %name, finding = %bad.what, "a target is not as it should be");
                    }
                }
                Err(_) => tracing::warn!(backend = %name, "a target does not answer"),
            }
        });
    }
    while looks.join_next().await.is_some() {}
}

/// How often a checkpoint is signed while the log grows.
const EVERY: Duration = Duration::from_secs(1);

/// Signs checkpoints while the log grows, and tells how far it has come.
pub async fn checkpoints(house: Arc<House>, tell: impl Fn(u64) + Send) {
    let mut changes = house.store().changes();
    loop {
        match house.checkpoint().await {
            Ok((size, _)) => tell(size),
            Err(error) => tracing::error!(%error, "a checkpoint can't be signed"),
        }
        tokio::time::sleep(EVERY).await;
        loop {
            let (size, _) = house.store().log().head();
            let newest = house.store().log().checkpoints(size.saturating_sub(1)).await;
            if newest.is_ok_and(|found| found.is_empty()) && size > 0 {
                break;
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
