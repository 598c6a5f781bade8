//! `jit backup`: a consistent copy of the broker's state, while the broker runs.

pub(super) mod manifest;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use manifest::{ALWAYS, KEYS, MANIFEST, Manifest};

use super::{Ctx, Error, Exit};
use crate::config::{self, paths};
use crate::{state, wiring};

/// Options of `jit backup`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// The new directory that the backup goes to
    #[arg(long, value_name = "DIR")]
    pub(super) to: PathBuf,
    /// The broker's state directory; the config says which where it is not given
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
    /// Also copies the keys: of the people's texts, and of the log's checkpoints
    #[arg(long)]
    pub(super) with_keys: bool,
}

const AFTER: &str = "\
The broker may go on running. Run it as the broker's user. The directory is its owner's alone (0700, files 0600); its
manifest.json lists every file with its SHA-256.

Without --with-keys the keys stay where they are: then nobody can read in the backup what a person wrote, and a person who
is erased later is erased from this backup as well. A backup without keys can only be put back where the keys still are,
so keep a copy of keys.db and checkpoint.key somewhere else, and renew it after each erasure.

Examples:
  jit backup --to /var/backups/jit/2026-03-01
  jit backup --to ./with-keys --with-keys --state /var/lib/jit

Exit codes:
  0 done   1 failure   3 config";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let directory = state_directory(ctx, args.state.as_deref())?;
    let to = paths::absolute(&args.to)?;
    let manifest = make(&directory, &to, ctx.now(), args.with_keys).await?;
    if ctx.out.json() {
        ctx.out.object(&serde_json::json!({ "to": to, "state": directory, "manifest": manifest }))?;
        return Ok(Exit::Done);
    }
    ctx.out.line(format!("{} of {} entries is in {}", manifest.house, manifest.log_size, to.display()))?;
    if args.with_keys {
        ctx.out.note(
            "The keys are in it: whoever has this directory reads every text and can sign checkpoints, and a person",
        );
        ctx.out.note("who is erased later is not erased from it.");
    } else {
        ctx.out.note(
            "The keys are not in it, so that an erased person stays erased. To be put back it needs the keys.db and",
        );
        ctx.out.note("checkpoint.key of this house.");
    }
    Ok(Exit::Done)
}

/// The state directory that is meant: the one named, `[broker] state`, or where a broker of this shape keeps it.
///
/// # Errors
/// When the config can't be read.
pub(super) fn state_directory(ctx: &Ctx, named: Option<&Path>) -> Result<PathBuf, Error> {
    if let Some(named) = named {
        return Ok(paths::absolute(named)?);
    }
    let with_hint = |error: Error| match error.hint {
        None => error.hint("or name the state directory with --state"),
        Some(_) => error,
    };
    let file = super::config::meant(ctx).map_err(|error| error.hint("name the state directory with --state"))?;
    let loaded = config::load(&file, &wiring::offline_kinds()).map_err(|error| with_hint(error.into()))?;
    if let Some(state) = loaded.broker.state {
        return Ok(state);
    }
    let host = loaded.broker.socket.is_some() || file == Path::new(paths::SYSTEM_CONFIG);
    Ok(if host { paths::SYSTEM_STATE.into() } else { ctx.places()?.state })
}

/// Makes the backup beside its place, and moves it there when it is whole.
async fn make(directory: &Path, to: &Path, now: jit_types::Timestamp, with_keys: bool) -> Result<Manifest, Error> {
    if to.symlink_metadata().is_ok() {
        return Err(failed(format!("{} is there already", to.display())).hint("name a new directory with --to"));
    }
    if !directory.join(state::STORE).exists() {
        return Err(failed(format!("there is no house in {}", directory.display()))
            .hint("name the broker's state directory with --state, and run it as the broker's user"));
    }
    let half = Half::new(to)?;
    let mut log_size = 0;
    for name in ALWAYS.iter().chain(KEYS.iter().filter(|_| with_keys)) {
        let (from, into) = (directory.join(name), half.0.join(name));
        if Path::new(name).extension().is_some_and(|end| end == "db") {
            let copied = wiring::copy_store(&from, &into).await;
            copied.map_err(|why| failed(format!("{} can't be copied: {why}", from.display())))?;
        } else {
            copy_small(&from, &into)?;
        }
        if *name == state::STORE {
            let looked = wiring::look_at_store(&into).await;
            log_size = looked.map_err(|why| failed(format!("the copy of {} is not sound: {why}", from.display())))?.0;
        }
    }
    let house = state::house_id(&half.0).map_err(|e| failed(e.message).hint(e.hint))?;
    let manifest = Manifest::of(&half.0, house, now, log_size, with_keys).map_err(failed)?;
    let text =
        serde_json::to_string_pretty(&manifest).map_err(|_| Error::new(Exit::Bug, "the list can't be written"))?;
    paths::write_new(&half.0.join(MANIFEST), &format!("{text}\n"), 0o600)?;
    half.whole(to)?;
    Ok(manifest)
}

/// Copies a file of a line, wiped from memory after.
pub(super) fn copy_small(from: &Path, into: &Path) -> Result<(), Error> {
    use std::io::Read as _;
    let io = |e: std::io::Error| failed(format!("{} can't be read: {}", from.display(), e.kind()));
    let mut text = zeroize::Zeroizing::new(String::with_capacity(4096));
    std::fs::File::open(from).map_err(io)?.take(4096).read_to_string(&mut text).map_err(io)?;
    Ok(paths::write_new(into, &text, 0o600)?)
}

/// A backup that is being made; gone with everything in it unless it was made whole.
struct Half(PathBuf);

impl Half {
    fn new(to: &Path) -> Result<Self, Error> {
        let name = to.file_name().ok_or_else(|| failed(format!("{} is no name for a directory", to.display())))?;
        let mut half = std::ffi::OsString::from(".");
        half.push(name);
        half.push(format!(".{}", std::process::id()));
        let half = to.with_file_name(half);
        let made = DirBuilder::new().mode(0o700).create(&half);
        made.map_err(|e| {
            failed(format!("{} can't be made: {}", half.display(), e.kind())).hint("is its parent there?")
        })?;
        Ok(Self(half))
    }

    fn whole(self, to: &Path) -> Result<(), Error> {
        let io = |e: std::io::Error| failed(format!("{} can't be made: {}", to.display(), e.kind()));
        std::fs::File::open(&self.0).and_then(|directory| directory.sync_all()).map_err(io)?;
        std::fs::rename(&self.0, to).map_err(io)?;
        let parent = to.parent().unwrap_or(Path::new("/"));
        std::fs::File::open(parent).and_then(|directory| directory.sync_all()).map_err(io)
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn failed(message: impl Into<String>) -> Error {
    Error::new(Exit::Failure, message)
}
