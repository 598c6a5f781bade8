//! Publishing a backend's documents: one file for many leases, written whole or not at all.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use jit_backend::{Backend, Document};
use jit_life::ClaimStatus;
use jit_life::policy::Resolved;
use jit_types::{BackendName, Span, Timestamp};

use super::{Outcome, ends, finish};
use crate::error::Error;
use crate::failpoints::hit;
use crate::house::{House, InForce};
use crate::store::Leased;

/// For how long at least what was refused is carried on after a store went back: a role may have been longer than any is now.
const CARRIED_AT_LEAST: Span = Span::from_secs(86_400);

/// Publishes a backend's documents.
pub(super) async fn publish(house: &Arc<House>, name: &BackendName, effect: &Leased) -> Outcome {
    hit("publish.before");
    let in_force = house.now_in_force();
    let mut names = BTreeSet::from([name.clone()]);
    if in_force.backends.len() > 1 || !in_force.backends.contains_key(name) {
        // What was given under this name may be another backend's by now, and the name another target's.
        for request in house.store().ended_early(house.now()).await? {
            let claims = request.grant.iter().flat_map(|grant| &grant.claims);
            let given = claims.filter_map(|claim| request.entitlement(claim)).filter(|gives| gives.backend == *name);
            names.extend(given.map(|gives| serving(&in_force, gives).clone()));
        }
    }
    let mut written = Ok(());
    for name in names.iter().filter(|name| in_force.backends.contains_key(*name)) {
        // One that can't be written keeps none of the others back.
        let one = write_documents(house, name).await;
        written = written.and(one);
    }
    written?;
    hit("publish.written");
    finish(house, effect).await
}

/// Gathers all leases that ended early where a backend points, and writes what it makes of them; also at start, so that a
/// file that hosts demand is there.
pub(crate) async fn write_documents(house: &House, name: &BackendName) -> Result<(), Error> {
    // One at a time, also where an effect and the start of the house meet: the last one in must be the newest.
    let _alone = house.lanes.enter(&format!("publish:{name}")).await;
    let in_force = house.now_in_force();
    let backend = in_force.backend(name).map_err(|words| Error::Unavailable(words.to_string()))?;
    if backend.documents(&[])?.is_empty() {
        return Ok(());
    }
    let mut leases = Vec::new();
    for request in house.store().ended_early(house.now()).await? {
        for claim in request.grant.iter().flat_map(|grant| &grant.claims) {
            let over = matches!(
                claim.status,
                ClaimStatus::Ending { .. } | ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. }
            );
            let Some(gives) = request.entitlement(claim).filter(|_| over && claim.end > house.now()) else { continue };
            // What was given under another name of the same target is refused there as well.
            if serving(&in_force, gives) != name {
                continue;
            }
            let lease = ends::lease_of(house, &request, claim.id)?;
            // The name may be all that is left of what it was given under: another kind of backend can't refuse it, and what
            // it can is not kept from being refused.
            if in_force.serving(gives).is_none() && backend.documents(std::slice::from_ref(&lease)).is_err() {
                tracing::warn!(backend = %name, request = %request.id, "nothing refuses what was given there before");
                continue;
            }
            leases.push(lease);
        }
    }
    leases.sort_by_key(|lease| lease.order.claim);
    let documents = backend.documents(&leases)?;
    let now = house.now();
    let write = move || {
        documents.into_iter().try_for_each(|document| {
            let document = carried_on(backend.as_ref(), document, now);
            replace(&document.path, document.mode, &document.bytes)
        })
    };
    tokio::task::spawn_blocking(write)
        .await
        .map_err(|_| Error::Unavailable("a document's writer has failed".to_owned()))?
        .map_err(|e| Error::Unavailable(format!("a document of `{name}` can't be written: {}", e.kind())))
}

/// Keeps what the documents refuse now beside them, where it will be carried on until all of it has come to its planted end:
/// the store has gone back in time, and knows no more of what was ended since.
///
/// # Errors
/// When it can't be kept: what is published next would let it in again, so nothing may be. What is none of the house's own
/// refuses nothing of the house's.
pub(super) async fn keep_refusing(house: &House) -> Result<(), Error> {
    let until = house.now().after(longest(house));
    for (name, backend) in house.now_in_force().backends.iter() {
        let Ok(documents) = backend.documents(&[]) else { continue };
        let (known, backend) = (name.clone(), Arc::clone(backend));
        let keep = move || {
            documents.into_iter().try_for_each(|document| {
                let bytes = match std::fs::read(&document.path) {
                    Ok(bytes) => bytes,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                    Err(error) => return Err(error),
                };
                let (mode, path) = (document.mode, carried_path(&document.path));
                if let Err(error) = backend.carry_on(document, &bytes) {
                    tracing::error!(backend = %known, error = %error.public, "what is published can't be carried on");
                    return Ok(());
                }
                replace(&path, mode, &bytes).and_then(|()| date(&path, until))
            })
        };
        let kept = tokio::task::spawn_blocking(keep).await;
        let kept = kept.map_err(|_| Error::Unavailable("a document's keeper has failed".to_owned()))?;
        kept.map_err(|e| Error::Unavailable(format!("what `{name}` refuses can't be carried on: {}", e.kind())))?;
    }
    Ok(())
}

/// Dates a file by the moment until which it is carried on. That is settled when it is made: a role that is given for less
/// since, or is gone, takes nothing back that was given before.
fn date(path: &Path, until: Timestamp) -> std::io::Result<()> {
    let seconds = u64::try_from(until.seconds()).unwrap_or(0);
    std::fs::File::options().write(true).open(path)?.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Which backend's documents refuse what an entitlement gave.
fn serving<'a>(in_force: &'a InForce, gives: &'a Resolved) -> &'a BackendName {
    in_force.serving(gives).unwrap_or(&gives.backend)
}

fn carried_path(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".carried");
    beside.into()
}

/// The longest that anything may last that was given before now.
fn longest(house: &House) -> Span {
    let longest = house.rules().roles.values().map(|role| role.limits.max).max();
    longest.unwrap_or(Span::ZERO).max(CARRIED_AT_LEAST)
}

/// A document that carries on what was refused before the store went back, while any of that may still be let in.
fn carried_on(backend: &dyn Backend, document: Document, now: Timestamp) -> Document {
    let path = carried_path(&document.path);
    let Ok(meta) = std::fs::metadata(&path) else { return document };
    if meta.mtime() < now.seconds() {
        drop(std::fs::remove_file(&path));
        return document;
    }
    let with = |path: &Path| {
        let earlier = std::fs::read(path).ok()?;
        backend.carry_on(document.clone(), &earlier).ok()
    };
    let carried = with(&path).or_else(|| {
        tracing::error!(path = %path.display(), "it is damaged; what is published now is carried on in its place");
        with(&document.path)
    });
    carried.unwrap_or_else(|| {
        tracing::error!(path = %document.path.display(), "what was refused earlier can't be carried on");
        document
    })
}

/// Writes beside the file and renames over it, durably: readers see the old one or the new one.
fn replace(path: &Path, mode: u32, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    match std::fs::remove_file(beside) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(beside)?;
    // The umask may have taken away what the readers of this file need.
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(beside, path)?;
    if let Some(directory) = path.parent() {
        std::fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}
