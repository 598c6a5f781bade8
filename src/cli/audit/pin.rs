//! The checkpoint that this machine saw last: the broker must show that its log is that one, grown. A fork is refused.

use std::path::PathBuf;

use jit_engine::audit::{Checkpoint, VerifierKey, tree};
use jit_types::Digest;
use serde::{Deserialize, Serialize};

use crate::cli::output::Tone;
use crate::cli::{Ctx, Error, Exit};

/// What was seen last.
#[derive(Serialize, Deserialize)]
struct Pin {
    key: String,
    size: u64,
    root: Digest,
    note: String,
}

/// Asks the broker for a newer checkpoint and for the proof that it continues the one that was seen.
pub(crate) async fn check(ctx: &Ctx, accept: bool) -> Result<Exit, Error> {
    let client = ctx.client().await?;
    let house = client.house().await?;
    let path = ctx.places()?.state.join("pins").join(format!("{house}.json"));
    let seen = if accept { None } else { read(&path)? };
    let view = client.checkpoint(seen.as_ref().map_or(0, |pin| pin.size)).await?;
    let fork = |what: &str| {
        Error::new(Exit::Failure, format!("the broker's log is not the one that was seen here before: {what}")).hint(
            format!(
                "show {} to somebody who can compare. After a restore that you know of: jit audit verify --accept",
                path.display()
            ),
        )
    };
    let key: VerifierKey = view.verifier_key.parse().map_err(|_| fork("its key is none"))?;
    if seen.as_ref().is_some_and(|pin| pin.key != view.verifier_key) {
        return Err(fork("it is signed with another key"));
    }
    let now = Checkpoint::open(&view.note, &key).map_err(|_| fork("its checkpoint is not signed with its key"))?;
    if let Some(pin) = &seen {
        if now.size < pin.size {
            return Err(fork(&format!("it has {} entries, and had {}", now.size, pin.size)));
        }
        let grown = if now.size == pin.size {
            now.root == pin.root
        } else {
            pin.size == 0 || tree::verify_consistency(pin.size, &pin.root, now.size, &now.root, &view.consistency)
        };
        if !grown {
            return Err(fork("its history has been changed"));
        }
    }
    let pin = Pin { key: view.verifier_key, size: now.size, root: now.root, note: view.note };
    write(&path, &pin)?;
    if ctx.out.json() {
        ctx.out.object(&serde_json::json!({ "holds": true, "entries": pin.size, "seen": seen.map(|pin| pin.size) }))?;
    } else {
        let words = match seen {
            Some(seen) => {
                format!("The log of {} entries continues the one of {} that was seen here.", pin.size, seen.size)
            }
            None => format!("The log has {} entries; this checkpoint is kept here from now on.", pin.size),
        };
        ctx.out.line(ctx.out.paint(Tone::Good, words))?;
    }
    Ok(Exit::Done)
}

fn read(path: &PathBuf) -> Result<Option<Pin>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| {
            Error::new(Exit::Failure, format!("{} is damaged", path.display()))
                .hint("compare with a checkpoint that was kept elsewhere before you remove it")
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::new(Exit::Failure, format!("{} can't be read: {}", path.display(), e.kind()))),
    }
}

fn write(path: &PathBuf, pin: &Pin) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    let io =
        |e: std::io::Error| Error::new(Exit::Failure, format!("{} can't be written: {}", path.display(), e.kind()));
    if let Some(directory) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
    }
    let beside = path.with_extension("new");
    std::fs::write(&beside, serde_json::to_vec(pin).unwrap_or_default()).map_err(io)?;
    std::fs::rename(&beside, path).map_err(io)
}
