//! Claim keys: made here for each request, and kept until its grant is over, so that a stolen token alone takes nothing.
//!
//! A key is made before its request has an id. It waits under a name made of what is wished, so that a client that was
//! killed between asking and hearing the answer finds its key again with the same wish.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jit_types::digest::Hasher;
use jit_types::{RequestId, Secret};

use super::error::Error;
use super::material::draw;
use crate::api::requests::{Done, RequestView, Wish};
use crate::api::{ErrorKind, Failure};
use crate::config::paths;

/// How long another client of this user may hold the lock: it asks the broker meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

/// A claim key.
pub struct ClaimKey(Ed25519KeyPair);

impl ClaimKey {
    fn from_seed(seed: &[u8]) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed);
        pair.map(Self).map_err(|_| Error::failure(ErrorKind::Bug, "no claim key could be made"))
    }

    /// The public key, 64 hexadecimal digits.
    pub fn public(&self) -> String {
        hex::encode(self.0.public_key().as_ref())
    }

    /// Signs a claim's message: 128 hexadecimal digits.
    pub fn sign(&self, message: &[u8]) -> String {
        hex::encode(self.0.sign(message).as_ref())
    }
}

/// The directory with the user's claim keys.
pub struct ClaimKeys {
    directory: PathBuf,
}

/// A key for a request that has no id yet. While it lives no other client of this user asks for the same.
pub struct Pending {
    /// The key.
    pub key: ClaimKey,
    path: PathBuf,
    left_over: bool,
    _lock: File,
}

impl ClaimKeys {
    /// Opens the directory under the user's state.
    ///
    /// # Errors
    /// When it is not this user's alone.
    pub fn open(state: &Path) -> Result<Self, Error> {
        Ok(Self { directory: paths::private_directory(&state.join("claims"))? })
    }

    /// Takes the key for a new request: the one that was left over from the same wish, or a new one.
    ///
    /// # Errors
    /// When the directory can't be used, or another client holds the same wish for too long.
    pub async fn pending(&self, wish: &Wish) -> Result<Pending, Error> {
        let wished = serde_json::to_string(&wish.params).unwrap_or_default();
        let name = Hasher::new("jit wish v1").with("role", wish.role.as_str()).with("params", wished).finish();
        let lock = self.lock(&name.short()).await?;
        let path = self.directory.join(format!("wish-{name}"));
        if let Some(key) = read(&path)? {
            return Ok(Pending { key, path, left_over: true, _lock: lock });
        }
        let seed = draw::<32>()?;
        paths::write_new(&path, &zeroize::Zeroizing::new(hex::encode(seed.as_ref())), 0o600)?;
        Ok(Pending { key: ClaimKey::from_seed(seed.as_ref())?, path, left_over: false, _lock: lock })
    }

    async fn lock(&self, name: &str) -> Result<File, Error> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.directory.join(format!("lock-{name}"));
        let mut options = File::options();
        let file = options.create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|_| unwritable(&self.directory))?;
        let pause = Duration::from_millis(20);
        for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(pause).await,
                Err(std::fs::TryLockError::Error(_)) => return Err(unwritable(&self.directory)),
            }
        }
        Err(Error::unreachable(
            "another jit of yours is asking for the same and does not end",
            "end it, or wait for it",
        ))
    }

    /// Keeps the key of a request that was filed. Says whether there is one: a request that was filed from elsewhere can
    /// only be claimed there.
    ///
    /// # Errors
    /// When the key can't be kept.
    pub fn filed(&self, pending: Pending, done: &Done) -> Result<bool, Error> {
        let path = self.path(done.request.id);
        if !done.attached || pending.left_over {
            // A link and not a rename: what is there already is the key of a request that was filed before, and stays.
            match std::fs::hard_link(&pending.path, &path) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(unwritable(&self.directory));
                }
                _ => {}
            }
        }
        drop(std::fs::remove_file(&pending.path));
        Ok(path.exists())
    }

    /// Forgets a key whose request was refused. One that was left over may be a filed request's, and stays.
    pub fn refused(&self, pending: Pending) {
        if !pending.left_over {
            drop(std::fs::remove_file(&pending.path));
        }
    }

    /// The key of a request.
    ///
    /// # Errors
    /// When it is not here, or others could have read it.
    pub fn of(&self, request: RequestId) -> Result<ClaimKey, Error> {
        read(&self.path(request))?.ok_or_else(|| {
            let message = format!("the key that {request} was filed with is not here");
            let failure = Failure { about: "claim key".to_owned(), ..Failure::new(ErrorKind::Denied, message) };
            failure.hint("claim from the machine and account that filed it, or cancel it and ask anew").into()
        })
    }

    /// The key of a request that has none at the broker yet: the one that an earlier try has left here, or a new one.
    ///
    /// # Errors
    /// As [`ClaimKeys::pending`].
    pub fn first(&self, request: RequestId) -> Result<ClaimKey, Error> {
        let path = self.path(request);
        if let Some(key) = read(&path)? {
            return Ok(key);
        }
        let seed = draw::<32>()?;
        let written = zeroize::Zeroizing::new(hex::encode(seed.as_ref()));
        // A link, which is whole when it is there: of two claims side by side, both read the key of the first.
        let made = self.directory.join(format!("new-{}", hex::encode(draw::<8>()?.as_ref())));
        paths::write_new(&made, &written, 0o600)?;
        let linked = std::fs::hard_link(&made, &path);
        drop(std::fs::remove_file(&made));
        if linked.is_err_and(|error| error.kind() != std::io::ErrorKind::AlreadyExists) {
            return Err(unwritable(&self.directory));
        }
        self.of(request)
    }

    /// Forgets the key of a request whose grant is over.
    pub fn forget(&self, request: RequestId) {
        drop(std::fs::remove_file(self.path(request)));
    }

    /// Forgets the keys of all own requests that are over.
    pub fn tidy(&self, requests: &[RequestView]) {
        for view in requests.iter().filter(|view| view.mine && view.standing.is_over()) {
            self.forget(view.id);
        }
    }

    fn path(&self, request: RequestId) -> PathBuf {
        self.directory.join(request.to_string())
    }
}

fn unwritable(directory: &Path) -> Error {
    let message = format!("{} can't be written", directory.display());
    let failure = Failure { about: "claim key".to_owned(), ..Failure::new(ErrorKind::Unavailable, message) };
    failure.hint("look at the disk and its modes").into()
}

fn read(path: &Path) -> Result<Option<ClaimKey>, Error> {
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let text: Secret = paths::read_token(path)?;
    let seed = hex::decode(text.expose_secret()).map(zeroize::Zeroizing::new).ok().filter(|seed| seed.len() == 32);
    let Some(seed) = seed else {
        let message = format!("{} holds no claim key", path.display());
        return Err(Error::Failure(Failure::new(ErrorKind::Conflict, message).hint("remove it and ask anew")));
    };
    ClaimKey::from_seed(&seed).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    fn wish(role: &str) -> Wish {
        serde_json::from_value(serde_json::json!({ "role": role, "reason": "r" })).expect("a wish")
    }

    fn done(attached: bool) -> Done {
        let view = crate::cli::card::tests::view();
        Done { words: jit_types::Words::new("filed"), request: view, attached }
    }

    #[tokio::test]
    async fn a_key_is_kept_for_its_request_and_forgotten_after_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a directory");
        let keys = ClaimKeys::open(dir.path()).expect("keys");
        let pending = keys.pending(&wish("a")).await.expect("a key");
        let public = pending.key.public();
        let done = done(false);
        let id = done.request.id;
        assert!(keys.filed(pending, &done).expect("kept"));
        let mode = std::fs::metadata(keys.path(id)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let key = keys.of(id).expect("the key");
        assert_eq!(key.public(), public);
        let signature = hex::decode(key.sign(b"message")).expect("hexadecimal");
        let verifier = UnparsedPublicKey::new(&ED25519, hex::decode(public).expect("hexadecimal"));
        assert!(verifier.verify(b"message", &signature).is_ok());
        assert!(verifier.verify(b"massage", &signature).is_err());
        let mut view = done.request;
        view.mine = true;
        keys.tidy(std::slice::from_ref(&view));
        assert!(keys.of(id).is_ok(), "it is still pending");
        view.standing = crate::api::requests::Standing::Ended;
        keys.tidy(&[view]);
        assert!(keys.of(id).is_err());
    }

    #[test]
    fn the_first_claims_of_a_request_all_have_one_key() {
        let dir = tempfile::tempdir().expect("a directory");
        let keys = ClaimKeys::open(dir.path()).expect("keys");
        let id = done(false).request.id;
        assert!(keys.of(id).is_err());
        let made: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let claims: Vec<_> = (0..8).map(|_| scope.spawn(|| keys.first(id).expect("a key").public())).collect();
            claims.into_iter().map(|claim| claim.join().expect("it ends")).collect()
        });
        assert_eq!(made.len(), 1, "{made:?}");
        assert_eq!(made.first(), Some(&keys.of(id).expect("it is kept").public()));
        assert_eq!(std::fs::read_dir(&keys.directory).expect("a directory").count(), 1, "nothing is left beside it");
    }

    #[tokio::test]
    async fn a_client_that_was_killed_finds_its_key_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let keys = ClaimKeys::open(dir.path()).expect("keys");
        let killed = keys.pending(&wish("a")).await.expect("a key");
        let public = killed.key.public();
        drop(killed);
        let other = keys.pending(&wish("b")).await.expect("a key");
        assert_ne!(other.key.public(), public, "another wish has another key");
        let again = keys.pending(&wish("a")).await.expect("a key");
        assert_eq!(again.key.public(), public);
        // The broker had heard the killed one: this is its request.
        assert!(keys.filed(again, &done(true)).expect("kept"));
        assert_eq!(keys.of(done(true).request.id).expect("the key").public(), public);
    }

    #[tokio::test]
    async fn a_key_is_never_written_over_another() {
        let dir = tempfile::tempdir().expect("a directory");
        let keys = ClaimKeys::open(dir.path()).expect("keys");
        let first = keys.pending(&wish("a")).await.expect("a key");
        let public = first.key.public();
        assert!(keys.filed(first, &done(false)).expect("kept"));
        // An answer that names the same request as filed just now, or as open already, where another key was sent.
        for attached in [false, true] {
            let second = keys.pending(&wish("a")).await.expect("a key");
            assert_ne!(second.key.public(), public);
            assert!(keys.filed(second, &done(attached)).expect("told"));
            assert_eq!(keys.of(done(true).request.id).expect("the key").public(), public);
        }
    }

    #[tokio::test]
    async fn a_request_that_was_filed_elsewhere_has_no_key_here() {
        let dir = tempfile::tempdir().expect("a directory");
        let keys = ClaimKeys::open(dir.path()).expect("keys");
        let pending = keys.pending(&wish("a")).await.expect("a key");
        assert!(!keys.filed(pending, &done(true)).expect("told"));
        assert!(keys.of(done(true).request.id).is_err());
        let refused = keys.pending(&wish("a")).await.expect("a key");
        let public = refused.key.public();
        keys.refused(refused);
        assert_ne!(keys.pending(&wish("a")).await.expect("a key").key.public(), public);
    }
}
