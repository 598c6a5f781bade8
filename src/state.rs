//! The broker's state directory: who the house is, its keys, its stores, and the lock that one process holds.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use jit_engine::audit::{SystemRandom, random};
use jit_engine::{Clock as _, SystemClock};
use jit_types::HouseId;
use rustix::fs::OFlags;
use rustix::process::geteuid;

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

/// A state directory that is this process's alone, until this is dropped.
#[derive(Debug)]
pub struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // To close it is not enough: a program that another thread is about to start has a copy of it for a moment
        // (flock(2): the lock is the open file's, and goes with its last copy or by being given up).
        let _ = self.0.unlock();
    }
}

/// Makes the directory where it is missing, and takes it for this process alone.
///
/// # Errors
/// When another process has it, it is somebody else's, or others may enter it.
pub fn lock(directory: &Path) -> Result<Held, OpenError> {
    lock_for(directory, None)
}

/// The same for root, who makes it for the account that the broker will run as.
///
/// # Errors
/// As [`lock`].
pub fn lock_for(directory: &Path, account: Option<u32>) -> Result<Held, OpenError> {
    let io = |e: std::io::Error| {
        OpenError::new(
            format!("the state directory {} can't be used: {}", directory.display(), e.kind()),
            "check its owner, or name another with `[broker] state`",
        )
    };
    if !directory.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
    }
    let meta = std::fs::metadata(directory).map_err(io)?;
    // Whoever owns it can change its mode, and what is in it, at any time.
    let ours = |owner: u32| owner == geteuid().as_raw() || Some(owner) == account;
    if !ours(meta.uid()) {
        return Err(OpenError::new(
            format!("the state directory {} belongs to uid {}, not to this user", directory.display(), meta.uid()),
            "run this as its owner, or name another directory with `[broker] state`",
        ));
    }
    let mode = meta.permissions().mode() & 0o777;
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
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(directory.join(LOCK))
        .map_err(io)?;
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() || !ours(meta.uid()) || meta.permissions().mode() & 0o077 != 0 {
        return Err(OpenError::new(
            format!("{} is not this user's own: others could hold it", directory.join(LOCK).display()),
            "remove it, when no broker runs on this directory",
        ));
    }
    file.try_lock().map_err(|_| {
        OpenError::new(
            format!("another broker runs on {}", directory.display()),
            "use it, or stop it first: one process at a time has a state directory",
        )
    })?;
    Ok(Held(file))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn chown(path: &Path, uid: u32) {
        std::os::unix::fs::chown(path, Some(uid), None).expect("chown");
    }

    fn why(directory: &Path) -> String {
        lock(directory).expect_err("it is refused").message
    }

    #[test]
    fn a_directory_is_one_process_alone_and_its_owners() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = place.path().join("state");
        let held = lock(&directory).expect("a new one");
        assert!(why(&directory).contains("another broker runs"));
        // A program that is being started has a copy of it.
        let copy = held.0.try_clone().expect("a copy");
        drop(held);
        drop(lock(&directory).expect("it was given up, whoever has a copy"));
        drop(copy);
        let lock_file = directory.join(LOCK);
        std::fs::set_permissions(&lock_file, std::fs::Permissions::from_mode(0o666)).expect("chmod");
        assert!(why(&directory).contains("others could hold it"));
        std::fs::remove_file(&lock_file).expect("removed");
        std::os::unix::fs::symlink(place.path().join("elsewhere"), &lock_file).expect("a link");
        assert!(why(&directory).contains("can't be used"));
        assert!(!place.path().join("elsewhere").exists(), "a link is not followed");
        std::fs::remove_file(&lock_file).expect("removed");
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o750)).expect("chmod");
        assert!(why(&directory).contains("has mode 750"));
    }

    #[test]
    fn somebody_elses_directory_or_lock_is_refused() {
        if geteuid().as_raw() != 0 {
            eprintln!("skipped: only root can give a directory to somebody else");
            return;
        }
        let place = tempfile::tempdir().expect("a directory");
        let directory = place.path().join("state");
        drop(lock(&directory).expect("a new one"));
        chown(&directory.join(LOCK), 12345);
        assert!(why(&directory).contains("others could hold it"));
        chown(&directory.join(LOCK), 0);
        chown(&directory, 12345);
        assert!(why(&directory).contains("belongs to uid 12345"));
        assert!(lock_for(&directory, Some(12345)).is_ok(), "root may make it for the account that it is for");
    }
}
