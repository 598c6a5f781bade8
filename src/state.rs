//! The broker's state directory: who the house is, its keys, its stores, and the lock that one process holds.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use jit_engine::audit::{SystemRandom, random};
use jit_engine::{Clock as _, SystemClock};
use jit_types::HouseId;

use crate::wiring::OpenError;

/// The store of aggregates, effects and the log.
pub const STORE: &str = "house.db";
/// The store of subjects and their keys: never in a backup of the others.
pub const KEYS: &str = "keys.db";
/// The sealed texts.
pub const OPENINGS: &str = "openings.db";
/// The seed of the key that signs checkpoints.
pub const CHECKPOINT_KEY: &str = "checkpoint.key";
/// The house's id.
pub const HOUSE: &str = "house.id";
/// How far the log had come: a store that holds less has gone back in time.
pub const HIGH_WATER: &str = "high-water";
const LOCK: &str = "lock";

/// Makes the directory where it is missing, and takes it for this process alone.
///
/// # Errors
/// When another process has it, or others may enter it.
pub fn lock(directory: &Path) -> Result<File, OpenError> {
    let io = |e: std::io::Error| {
        OpenError::new(
            format!("the state directory {} can't be used: {}", directory.display(), e.kind()),
            "check its owner, or name another with `[broker] state`",
        )
    };
    if !directory.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
    }
    let mode = std::fs::metadata(directory).map_err(io)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(OpenError::new(
            format!("the state directory {} has mode {mode:o}: others may look into it", directory.display()),
            format!("chmod 700 {}", directory.display()),
        ));
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(directory.join(LOCK))
        .map_err(io)?;
    file.try_lock().map_err(|_| {
        OpenError::new(
            format!("another broker runs on {}", directory.display()),
            "use it, or stop it first: one process at a time has a state directory",
        )
    })?;
    Ok(file)
}

/// The house's id; minted where the directory is new.
///
/// # Errors
/// When the id is gone while a store is there, or is not an id.
pub fn house_id(directory: &Path) -> Result<HouseId, OpenError> {
    let path = directory.join(HOUSE);
    if !path.exists() {
        if directory.join(STORE).exists() {
            return Err(OpenError::new(
                format!("{} is missing beside a store", path.display()),
                "restore it: every name in every target bears this id",
            ));
        }
        let drawn: [u8; 10] = draw()?;
        let id = HouseId::from_parts(SystemClock.now(), drawn);
        write_new(&path, &format!("{id}\n"))?;
    }
    let damaged = || OpenError::new(format!("{} holds no house id", path.display()), "restore it from a backup");
    std::fs::read_to_string(&path).map_err(|_| damaged())?.trim().parse().map_err(|_| damaged())
}

/// The seed of the key that signs checkpoints; minted where the directory is new.
///
/// # Errors
/// When others may read it, or it is no seed.
pub fn checkpoint_seed(directory: &Path) -> Result<zeroize::Zeroizing<[u8; 32]>, OpenError> {
    let path = directory.join(CHECKPOINT_KEY);
    if !path.exists() {
        if directory.join(STORE).exists() {
            return Err(OpenError::new(
                format!("{} is missing beside a store", path.display()),
                "restore it: clients that pinned a checkpoint will not believe another key",
            ));
        }
        let seed = zeroize::Zeroizing::new(draw::<32>()?);
        let text = zeroize::Zeroizing::new(format!("{}\n", hex::encode(seed.as_slice())));
        write_new(&path, &text)?;
    }
    let damaged = || OpenError::new(format!("{} is no checkpoint key", path.display()), "restore it from a backup");
    let mut file = File::open(&path).map_err(|_| damaged())?;
    if file.metadata().map_err(|_| damaged())?.permissions().mode() & 0o077 != 0 {
        return Err(OpenError::new(
            format!("{} may be read by others", path.display()),
            format!("chmod 600 {}; whoever read it can sign checkpoints", path.display()),
        ));
    }
    let mut text = zeroize::Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(|_| damaged())?;
    let bytes = zeroize::Zeroizing::new(hex::decode(text.trim()).map_err(|_| damaged())?);
    <[u8; 32]>::try_from(bytes.as_slice()).map(zeroize::Zeroizing::new).map_err(|_| damaged())
}

/// How far the log had come when it was last looked at; 0 in a new directory. A mark that can't be read could have said
/// anything, so it is taken to have said more than there is.
pub fn high_water(directory: &Path) -> u64 {
    match std::fs::read_to_string(directory.join(HIGH_WATER)) {
        Ok(text) => text.trim().parse().unwrap_or(u64::MAX),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(_) => u64::MAX,
    }
}

/// Remembers how far the log has come, durably: a power cut leaves the old mark or the new one.
pub fn remember(directory: &Path, size: u64) {
    let beside = directory.join("high-water.new");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(format!("{size}\n").as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, directory.join(HIGH_WATER))
    };
    if let Err(error) = write() {
        tracing::warn!(kind = ?error.kind(), "how far the log has come can't be remembered");
    }
}

fn draw<const N: usize>() -> Result<[u8; N], OpenError> {
    random::draw(&SystemRandom).map_err(|e| OpenError::new(e.to_string(), "try again"))
}

fn write_new(path: &Path, text: &str) -> Result<(), OpenError> {
    let io = |e: std::io::Error| {
        OpenError::new(format!("{} can't be written: {}", path.display(), e.kind()), "check the disk")
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    file.write_all(text.as_bytes()).map_err(io)?;
    file.sync_all().map_err(io)
}
