//! `jit restore`: puts a backup of the broker's state back, so that the next broker knows that it is one.

mod place;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use jit_engine::audit::{Checkpoint, Signer};
use jit_types::HouseId;

use super::backup::manifest::{ALWAYS, KEYS, Manifest};
use super::backup::{copy_small, state_directory};
use super::{Ctx, Error, Exit};
use crate::config::paths;
use crate::{state, wiring};

/// Options of `jit restore`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// The backup's directory
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The state directory that it is put back into; the config says which where it is not given
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Moves aside what is there
    #[arg(long)]
    replace: bool,
    /// Takes keys.db and checkpoint.key from this directory, not those that are there or in the backup
    #[arg(long, value_name = "DIR")]
    keys_from: Option<PathBuf>,
}

const AFTER: &str = "\
The broker must be stopped, and every file must be what the backup's manifest says. Run it as the broker's user.

What a restore means: what has happened since the backup is not in it. So when the broker starts, everything that the
store takes for live is ended in its target, and the log says `store.went_back`. What was issued since the backup is not
known to it: its planted end holds, and `jit doctor` names what is left. An SSH certificate that was issued and ended
early since the backup is in the old revocation list only: leave that on the hosts until the longest time that a role
gives is over. To move a broker to another machine, stop it and move its whole state directory instead.

Keys: those that are there are kept, so that a person who was erased since the backup stays erased; where there are none,
the backup's own are taken, if it was made with --with-keys.

Examples:
  jit restore --from /var/backups/jit/2026-03-01
  jit restore --from ./backup --state /var/lib/jit --replace
  jit restore --from ./backup --keys-from /mnt/keys

Exit codes:
  0 done   1 failure, and nothing was changed   3 config";

/// What is told after a restore.
const MEANS: &str = "\
When the broker starts, everything that this store takes for live is ended in its target, and the log says
`store.went_back`. What was issued since the backup is not known to it: its planted end holds, and `jit doctor` names what
is left. An SSH certificate that was issued and ended early since the backup is in the old revocation list and not in the
new one: leave the old list on the hosts until the longest time that a role gives is over.
Whoever still needs access asks anew. A machine that pinned a later checkpoint will say so at `jit audit verify`.";

/// What was done.
#[derive(serde::Serialize)]
struct Done {
    house: HouseId,
    state: PathBuf,
    backup: Manifest,
    /// Where the keys came from.
    keys: Keys,
    /// How far the log had come, or may have come: the broker sees by it that the store went back.
    high_water: u64,
    /// Where what was there is now.
    aside: Option<PathBuf>,
}

/// Where the keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Keys {
    /// They stay where they are.
    Kept,
    /// Out of the backup.
    Backup,
    /// Out of the directory that was named.
    Named,
}

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let directory = state_directory(ctx, args.state.as_deref())?;
    let done = restore(&args, &directory, &ctx.now().to_string()).await?;
    if ctx.out.json() {
        ctx.out.object(&done)?;
        return Ok(Exit::Done);
    }
    let backup = &done.backup;
    ctx.out.line(format!(
        "{} is back in {}, as it was at {} with a log of {} entries",
        done.house,
        directory.display(),
        backup.made,
        backup.log_size
    ))?;
    if let Some(aside) = &done.aside {
        ctx.out.note(format!("What was there is in {}. Remove it when you no longer need it.", aside.display()));
    }
    MEANS.lines().for_each(|line| ctx.out.note(line));
    Ok(Exit::Done)
}

async fn restore(args: &Args, directory: &Path, now: &str) -> Result<Done, Error> {
    let from = paths::absolute(&args.from)?;
    let manifest = Manifest::read(&from).map_err(|why| failed(why).hint("is --from a directory of `jit backup`?"))?;
    if !args.replace && place::files().any(|name| directory.join(name).symlink_metadata().is_ok()) {
        return Err(failed(format!("there is a house in {} already", directory.display()))
            .hint("--replace moves it aside; --state names another directory"));
    }
    let _lock = state::lock(directory).map_err(|e| failed(e.message).hint(e.hint))?;
    let same = same_house(directory, manifest.house)?;
    let keys = keys(args, directory, same, &manifest)?;
    let staged = place::Staged::new(directory)?;
    let into = staged.path();
    for name in ALWAYS {
        copy(&from.join(name), &into.join(name))?;
    }
    // Judged as they lie here: what was copied is what is put in place.
    if keys == Keys::Backup {
        KEYS.iter().try_for_each(|name| copy(&from.join(name), &into.join(name)))?;
        manifest.verify(into).map_err(damaged)?;
    } else {
        let mut without = manifest.clone();
        without.files.retain(|file| ALWAYS.contains(&file.name.as_str()));
        without.verify(into).map_err(damaged)?;
    }
    if let (Keys::Named, Some(named)) = (keys, &args.keys_from) {
        let named = paths::absolute(named)?;
        let copied = wiring::copy_store(&named.join(state::KEYS), &into.join(state::KEYS)).await;
        copied.map_err(|why| failed(format!("{} can't be copied: {why}", named.join(state::KEYS).display())))?;
        copy_small(&named.join(state::CHECKPOINT_KEY), &into.join(state::CHECKPOINT_KEY))?;
    }
    let id = state::house_id(into).map_err(|e| damaged(e.message))?;
    if id != manifest.house {
        return Err(damaged("its house.id is not the manifest's".to_owned()));
    }
    let log_size = judge(into, if keys == Keys::Kept { directory } else { into }, id).await?;
    if log_size != manifest.log_size {
        return Err(damaged("its log has another length than the manifest says".to_owned()));
    }
    let high_water = seen(directory).await.max(log_size.saturating_add(1));
    let aside = staged.put(directory, now, high_water)?;
    Ok(Done { house: id, state: directory.to_owned(), backup: manifest, keys, high_water, aside })
}

/// How far the log had come here. What is remembered lags behind the store that is there, which may be damaged.
async fn seen(directory: &Path) -> u64 {
    let store = wiring::look_at_store(&directory.join(state::STORE)).await;
    state::high_water(directory).max(store.map_or(0, |(size, _)| size))
}

/// Whether the state directory is this house's already. An id that was minted and never used is no house yet.
fn same_house(directory: &Path, house: HouseId) -> Result<bool, Error> {
    let text = std::fs::read_to_string(directory.join(state::HOUSE)).unwrap_or_default();
    let there: Option<HouseId> = text.trim().parse().ok();
    if there.is_some_and(|id| id != house) && directory.join(state::STORE).exists() {
        return Err(failed(format!("{} is another house than the backup's {house}", directory.display()))
            .hint("name another directory with --state: two houses are never mixed"));
    }
    Ok(there == Some(house))
}

fn keys(args: &Args, directory: &Path, same: bool, manifest: &Manifest) -> Result<Keys, Error> {
    if args.keys_from.is_some() {
        Ok(Keys::Named)
    } else if same && KEYS.iter().all(|name| directory.join(name).exists()) {
        Ok(Keys::Kept)
    } else if manifest.with_keys {
        Ok(Keys::Backup)
    } else {
        Err(failed("the backup was made without keys, and they are not here either")
            .hint("name the directory where this house's keys.db and checkpoint.key are kept with --keys-from"))
    }
}

/// Makes sure that the copies are sound, and that the checkpoint key is the one that the log was signed with.
async fn judge(into: &Path, keys: &Path, house: HouseId) -> Result<u64, Error> {
    wiring::sound_store(&into.join(state::OPENINGS)).await.map_err(|why| damaged(format!("its openings: {why}")))?;
    wiring::sound_store(&keys.join(state::KEYS)).await.map_err(|why| {
        failed(format!("{} can't be used: {why}", keys.join(state::KEYS).display()))
            .hint("name a directory with a sound one with --keys-from")
    })?;
    let (log_size, note) = wiring::look_at_store(&into.join(state::STORE)).await.map_err(damaged)?;
    let seed = state::checkpoint_seed(keys).map_err(|e| failed(e.message).hint(e.hint))?;
    let signer = Signer::from_seed(house, &seed).map_err(|e| failed(e.to_string()))?;
    if note.is_some_and(|note| Checkpoint::open(&note, signer.verifier_key()).is_err()) {
        return Err(failed("the log was signed with another checkpoint.key")
            .hint("name the directory of the right one with --keys-from: nobody would believe the log otherwise"));
    }
    Ok(log_size)
}

fn copy(from: &Path, into: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let io = |e: std::io::Error| failed(format!("{} can't be copied: {}", from.display(), e.kind()));
    let mut source = std::fs::File::open(from).map_err(io)?;
    let mut target = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(into).map_err(io)?;
    std::io::copy(&mut source, &mut target).map_err(io)?;
    target.sync_all().map_err(io)
}

fn damaged(why: String) -> Error {
    failed(format!("the backup can't be used: {why}")).hint("take another one; nothing was changed")
}

fn failed(message: impl Into<String>) -> Error {
    Error::new(Exit::Failure, message)
}
