//! The operating system's keyring: the Secret Service on Linux, the Keychain on macOS.
//!
//! A locked Secret Service answers only when somebody has typed in its password, which on a server is never. So every
//! call runs in a thread of its own that nobody waits for longer than [`PATIENCE`]; not in the runtime's blocking pool,
//! which would wait for it at the end of the program.

use std::time::Duration;

use jit_types::{Secret, Words};

/// How long the keyring may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What went wrong, in our own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{public}")]
pub struct KeyringError {
    /// What kind of failure it is.
    pub kind: KeyringErrorKind,
    /// A sentence that names the entry, never what is in it.
    pub public: Words,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyringErrorKind {
    /// There is no keyring here.
    NoKeyring,
    /// There is no such entry.
    NoEntry,
    /// It is locked, or does not answer.
    Silent,
    /// It refuses, or holds something that is no text.
    Refused,
}

/// Reads an entry.
///
/// # Errors
/// [`KeyringErrorKind`] says which.
pub fn get(name: &str) -> Result<Secret, KeyringError> {
    real::get(name)
}

/// Writes an entry, over an older one of that name.
///
/// # Errors
/// [`KeyringErrorKind`] says which.
pub fn set(name: &str, secret: &Secret) -> Result<(), KeyringError> {
    real::set(name, secret)
}

/// Deletes an entry. What is not there is deleted already.
///
/// # Errors
/// [`KeyringErrorKind`] says which.
pub fn delete(name: &str) -> Result<(), KeyringError> {
    match real::delete(name) {
        Err(error) if error.kind == KeyringErrorKind::NoEntry => Ok(()),
        result => result,
    }
}

fn error(kind: KeyringErrorKind, name: &str) -> KeyringError {
    let public = match kind {
        KeyringErrorKind::NoKeyring => {
            "there is no keyring here (no session bus, no Secret Service); use { file = \"…\" } or { command = […] }"
                .into()
        }
        KeyringErrorKind::NoEntry => format!("the keyring has no entry `{name}` for the service `jit`"),
        KeyringErrorKind::Silent => "the keyring does not answer; it may be locked: unlock it and try again".into(),
        KeyringErrorKind::Refused => format!("the keyring does not give `{name}` as a text"),
    };
    KeyringError { kind, public: Words::new(public) }
}

#[cfg(feature = "keyring")]
mod real {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use jit_types::Secret;
    use keyring::Entry;

    use super::{KeyringError, KeyringErrorKind, PATIENCE, error};

    /// The service under which all our entries stand.
    const SERVICE: &str = "jit";
    /// How many calls may hang at once: each keeps a thread that nothing can end.
    const MOST_HANGING: usize = 4;
    static RUNNING: AtomicUsize = AtomicUsize::new(0);

    /// Counts a running call until it ends, however it ends.
    struct Running;

    impl Running {
        fn begin() -> Option<Self> {
            RUNNING.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < MOST_HANGING).then_some(n + 1)).ok()?;
            Some(Self)
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            RUNNING.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Runs one call in a detached thread.
    fn call<T: Send + 'static>(
        name: &str,
        work: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let Some(running) = Running::begin() else { return Err(error(KeyringErrorKind::Silent, name)) };
        let (sender, receiver) = mpsc::sync_channel(1);
        let entry = name.to_owned();
        let started = std::thread::Builder::new().name("keyring".to_owned()).spawn(move || {
            let result = Entry::new(SERVICE, &entry).and_then(|entry| work(&entry));
            drop(running);
            // Nobody may be waiting any more: then a secret in it is wiped here.
            let _ = sender.send(result.map_err(|error| kind(&error)));
        });
        if started.is_err() {
            return Err(error(KeyringErrorKind::Silent, name));
        }
        match receiver.recv_timeout(PATIENCE) {
            Ok(result) => result.map_err(|kind| error(kind, name)),
            Err(_) => Err(error(KeyringErrorKind::Silent, name)),
        }
    }

    fn kind(error: &keyring::Error) -> KeyringErrorKind {
        match error {
            keyring::Error::NoDefaultStore => KeyringErrorKind::NoKeyring,
            keyring::Error::NoEntry => KeyringErrorKind::NoEntry,
            keyring::Error::NoStorageAccess(_) => KeyringErrorKind::Silent,
            _ => KeyringErrorKind::Refused,
        }
    }

    pub(super) fn get(name: &str) -> Result<Secret, KeyringError> {
        call(name, |entry| entry.get_password().map(Secret::new))
    }

    pub(super) fn set(name: &str, secret: &Secret) -> Result<(), KeyringError> {
        // A copy of its own for the thread, which may outlive the call; wiped with it.
        let copy = Secret::new(secret.expose_secret().to_owned());
        call(name, move |entry| entry.set_password(copy.expose_secret()))
    }

    pub(super) fn delete(name: &str) -> Result<(), KeyringError> {
        call(name, Entry::delete_credential)
    }
}

#[cfg(not(feature = "keyring"))]
mod real {
    use jit_types::Secret;

    use super::{KeyringError, KeyringErrorKind, error};

    pub(super) fn get(name: &str) -> Result<Secret, KeyringError> {
        Err(error(KeyringErrorKind::NoKeyring, name))
    }

    pub(super) fn set(name: &str, _secret: &Secret) -> Result<(), KeyringError> {
        Err(error(KeyringErrorKind::NoKeyring, name))
    }

    pub(super) fn delete(name: &str) -> Result<(), KeyringError> {
        Err(error(KeyringErrorKind::NoKeyring, name))
    }
}
