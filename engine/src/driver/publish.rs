//! Publishing a backend's documents: one file for many leases, written whole or not at all.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use jit_life::ClaimStatus;
use jit_types::BackendName;

use super::{Outcome, ends, finish};
use crate::error::Error;
use crate::failpoints::hit;
use crate::house::House;
use crate::store::Leased;

/// Publishes a backend's documents.
pub(super) async fn publish(house: &Arc<House>, name: &BackendName, effect: &Leased) -> Outcome {
    hit("publish.before");
    let backends = house.backends();
    if backends.contains_key(name) {
        write_documents(house, name).await?;
    } else {
        // It has another name by now, which the effect does not know.
        for name in backends.keys() {
            write_documents(house, name).await?;
        }
    }
    hit("publish.written");
    finish(house, effect).await
}

/// Gathers all leases that ended early where a backend points, and writes what it makes of them; also at start, so that a
/// file that hosts demand is there.
pub(crate) async fn write_documents(house: &House, name: &BackendName) -> Result<(), Error> {
    // One at a time, also where an effect and the start of the house meet: the last one in must be the newest.
    let _alone = house.lanes.enter(&format!("publish:{name}")).await;
    let backend = house.backend(name).map_err(|words| Error::Unavailable(words.to_string()))?;
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
            // What was given under another name of the same target is refused there as well.
            let ours = request.entitlement(claim).is_some_and(|gives| house.serving(gives) == *name);
            if over && ours && claim.end > house.now() {
                leases.push(ends::lease_of(house, &request, claim.id)?);
            }
        }
    }
    leases.sort_by_key(|lease| lease.order.claim);
    let documents = backend.documents(&leases)?;
    tokio::task::spawn_blocking(move || documents.iter().try_for_each(|d| replace(&d.path, d.mode, &d.bytes)))
        .await
        .map_err(|_| Error::Unavailable("a document's writer has failed".to_owned()))?
        .map_err(|e| Error::Unavailable(format!("a document of `{name}` can't be written: {}", e.kind())))
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
