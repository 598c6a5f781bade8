//! What this user saw last of a broker's log, kept on this machine: the broker must show that its log is that one, grown.
//! A fork is refused.
//!
//! It is asked for at most once in [`EVERY`], so that nearly all commands cost nothing more, and whoever shows two people
//! two histories is found out as soon as they come to the other one's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jit_engine::audit::{Checkpoint, VerifierKey, origin, tree};
use jit_types::{Digest, HouseId, Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Client, Error};
use crate::api::{ErrorKind, Failure};
use crate::config::paths;

/// For how long what was shown is good.
const EVERY: Span = Span::from_secs(300);
/// How long another client of this user may be at it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The checkpoint that was seen last of one house.
#[derive(Serialize, Deserialize)]
struct Pin {
    key: String,
    size: u64,
    root: Digest,
    note: String,
}

/// Which house answered at a socket last, and when it was looked at.
#[derive(Serialize, Deserialize)]
struct Seen {
    house: HouseId,
    at: Timestamp,
}

/// How the broker is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As what answered at this socket before.
    Same,
    /// As any house: the user's own agent is the broker of whichever config it is started with.
    Any,
    /// As what it will be held to from now on, whatever was seen before.
    Accept,
}

/// What was shown.
pub struct Grown {
    /// The size of the log that was seen before.
    pub before: Option<u64>,
    /// Its size now.
    pub size: u64,
}

/// What this user saw.
pub struct Pins {
    directory: PathBuf,
}

impl Pins {
    /// In the user's state directory.
    pub fn of(state: &Path) -> Self {
        Self { directory: state.join("pins") }
    }

    /// Has the broker show its log where it has not for a while. Whoever has no place to remember in remembers nothing,
    /// and one that can't be reached is told of by the command itself.
    ///
    /// # Errors
    /// When the log is another one; what the broker says.
    pub async fn agree(&self, client: &Client, now: Timestamp, look: Look) -> Result<(), Error> {
        let fresh = |seen: Seen| seen.at <= now && now < seen.at.after(EVERY);
        if self.seen(client.socket()).is_some_and(fresh) {
            return Ok(());
        }
        match self.check(client, now, look).await {
            Ok(_) | Err(Error::Unreachable(_) | Error::Place(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Asks the broker for a newer checkpoint and for the proof that it continues the one that was seen.
    ///
    /// # Errors
    /// When it does not; what the broker says; when it can't be remembered.
    pub async fn check(&self, client: &Client, now: Timestamp, look: Look) -> Result<Grown, Error> {
        paths::private_directory(&self.directory)?;
        let _lock = self.lock().await?;
        let stamp = self.stamp(client.socket());
        let house = client.house().await?;
        if look == Look::Same
            && let Some(seen) = self.seen(client.socket()).filter(|seen| seen.house != house)
        {
            // Looked at again by the next command, and refused again, until somebody accepts it.
            self.write(&stamp, &Seen { house: seen.house, at: Timestamp::EPOCH })?;
            return Err(self.fork(&format!("it is of {house}, and was of {}", seen.house)));
        }
        let path = self.directory.join(format!("{house}.json"));
        let pin = if look == Look::Accept { None } else { self.read(&path)? };
        let shown = self.shown(client, house, pin.as_ref()).await;
        let at = if shown.is_ok() { now } else { Timestamp::EPOCH };
        self.write(&stamp, &Seen { house, at })?;
        let shown = shown?;
        self.write(&path, &shown)?;
        Ok(Grown { before: pin.map(|pin| pin.size), size: shown.size })
    }

    /// What the broker shows now, where it continues what was seen.
    async fn shown(&self, client: &Client, house: HouseId, seen: Option<&Pin>) -> Result<Pin, Error> {
        let view = client.checkpoint(seen.map_or(0, |pin| pin.size)).await?;
        let key: VerifierKey = view.verifier_key.parse().map_err(|_| self.fork("its key is none"))?;
        if key.name() != origin(house) {
            return Err(self.fork("its key is another house's"));
        }
        if seen.is_some_and(|pin| pin.key != view.verifier_key) {
            return Err(self.fork("it is signed with another key"));
        }
        let now = Checkpoint::open(&view.note, &key);
        let now = now.map_err(|_| self.fork("its checkpoint is not signed with its key"))?;
        if let Some(pin) = seen {
            if now.size < pin.size {
                return Err(self.fork(&format!("it has {} entries, and had {}", now.size, pin.size)));
            }
            let grown = if now.size == pin.size {
                now.root == pin.root
            } else {
                pin.size == 0 || tree::verify_consistency(pin.size, &pin.root, now.size, &now.root, &view.consistency)
            };
            if !grown {
                return Err(self.fork("its history has been changed"));
            }
        }
        Ok(Pin { key: view.verifier_key, size: now.size, root: now.root, note: view.note })
    }

    fn fork(&self, what: &str) -> Error {
        let message = format!("the broker's log is not the one that was seen here before: {what}");
        let failure = Failure { about: "log".to_owned(), ..Failure::new(ErrorKind::Conflict, message) };
        let hint = format!(
            "show {} to somebody who can compare. After a restore that you know of: jit audit verify --accept",
            self.directory.display()
        );
        failure.hint(hint).into()
    }

    fn stamp(&self, socket: &Path) -> PathBuf {
        let socket = Digest::of(socket.as_os_str().as_encoded_bytes());
        self.directory.join(format!("{}.seen", socket.short()))
    }

    /// What can't be read is looked at anew: it saves a question and proves nothing.
    fn seen(&self, socket: &Path) -> Option<Seen> {
        serde_json::from_slice(&std::fs::read(self.stamp(socket)).ok()?).ok()
    }

    fn read(&self, path: &Path) -> Result<Option<Pin>, Error> {
        let unusable = |what: &str, hint: &str| {
            let failure = Failure::new(ErrorKind::Conflict, format!("{} {what}", path.display()));
            Error::Failure(failure.hint(hint))
        };
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| {
                unusable("is damaged", "compare with a checkpoint that was kept elsewhere before you remove it")
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(_) => Err(unusable("can't be read", "look at its mode")),
        }
    }

    /// Writes it whole or not at all.
    fn write(&self, path: &Path, what: &impl Serialize) -> Result<(), Error> {
        use std::io::Write as _;
        let written = tempfile::NamedTempFile::new_in(&self.directory).and_then(|mut file| {
            file.write_all(&serde_json::to_vec(what).unwrap_or_default())?;
            file.persist(path).map_err(|error| error.error)
        });
        written.map(drop).map_err(|_| self.unwritable())
    }

    /// One client of this user at a time, so that what was seen never goes back.
    async fn lock(&self) -> Result<std::fs::File, Error> {
        let file = std::fs::File::options().create(true).truncate(false).write(true).open(self.directory.join("lock"));
        let file = file.map_err(|_| self.unwritable())?;
        let pause = Duration::from_millis(20);
        for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(pause).await,
                Err(std::fs::TryLockError::Error(_)) => return Err(self.unwritable()),
            }
        }
        Err(self.unwritable())
    }

    fn unwritable(&self) -> Error {
        Error::Place(crate::config::PlaceError {
            missing: false,
            message: format!("{} can't be written", self.directory.display()),
            hint: Some("look at the disk and its modes".to_owned()),
        })
    }
}
