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
        KeyringErrorKind::NoEntry if cfg!(target_os = "macos") => {
            format!(
                "the keyring has no entry `{name}`; put it there: security add-generic-password -s jit -a '{name}' -w"
            )
        }
        KeyringErrorKind::NoEntry => format!(
            "the keyring has no entry `{name}`; put it there: secret-tool store --label=jit service jit username '{name}'"
        ),
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

#[cfg(test)]
#[cfg(feature = "keyring")]
mod tests {
    use std::process::{Command, Output, Stdio};
    use std::time::Instant;

    use super::*;
    use crate::config::env;

    const NAME: &str = "test entry";

    /// Set in the process that a test starts of itself.
    const INSIDE: &str = "JIT_TEST_INSIDE";

    /// Runs a test again in a process and a session of its own, because a process finds its keyring once; there it does
    /// what it is about.
    fn inside(test: &str, before: &str) -> Output {
        let mut command = Command::new(if before.is_empty() { "sh" } else { "dbus-run-session" });
        if !before.is_empty() {
            command.args(["--", "sh"]);
        }
        inside_of(command, test, before)
    }

    fn inside_of(mut command: Command, test: &str, before: &str) -> Output {
        let this = std::env::current_exe().expect("this program");
        let home = tempfile::tempdir().expect("a directory");
        let script = format!("{before}\nexec \"$0\" --exact config::keyring::tests::{test} --nocapture");
        command.args(["-c", &script]).arg(this).stdin(Stdio::null());
        command
            .env(INSIDE, "1")
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env("XDG_DATA_HOME", home.path());
        command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("XDG_CONFIG_HOME").env_remove("XDG_CACHE_HOME");
        command.output().expect("started")
    }

    fn passed(output: &Output) {
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }

    /// Whether a real service can be started; where `JIT_TEST_REQUIRE` names it, it must be.
    fn service() -> bool {
        let found = |program: &str| {
            env::var("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
        };
        let there = found("dbus-run-session") && found("gnome-keyring-daemon");
        let required = env::var("JIT_TEST_REQUIRE").is_some_and(|all| all.split(',').any(|one| one == "keyring"));
        assert!(there || !required, "JIT_TEST_REQUIRE names keyring, and dbus or gnome-keyring is not installed");
        if !there {
            eprintln!("skipped: dbus-run-session or gnome-keyring-daemon is not installed");
        }
        there
    }

    #[test]
    fn an_entry_is_written_read_and_deleted_in_a_real_service() {
        if env::var(INSIDE).is_some() {
            return round_trip();
        }
        if service() {
            passed(&inside(
                "an_entry_is_written_read_and_deleted_in_a_real_service",
                "echo pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null",
            ));
        }
    }

    #[test]
    fn a_service_that_is_locked_is_given_up() {
        if env::var(INSIDE).is_some() {
            return locked();
        }
        if service() {
            passed(&inside(
                "a_service_that_is_locked_is_given_up",
                "gnome-keyring-daemon --start --components=secrets >/dev/null",
            ));
        }
    }

    #[test]
    fn a_service_that_never_answers_is_given_up() {
        if env::var(INSIDE).is_some() {
            return silent();
        }
        let dir = tempfile::tempdir().expect("a directory");
        let socket = dir.path().join("bus");
        // The kernel takes the connection, and nobody ever says a word over it.
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        let address = format!("export DBUS_SESSION_BUS_ADDRESS=unix:path={}", socket.display());
        passed(&inside_of(Command::new("sh"), "a_service_that_never_answers_is_given_up", &address));
    }

    #[test]
    fn where_there_is_no_service_it_is_said_at_once() {
        if env::var(INSIDE).is_some() {
            return nowhere();
        }
        passed(&inside("where_there_is_no_service_it_is_said_at_once", ""));
    }

    fn round_trip() {
        assert_eq!(get(NAME).map(|_| ()).expect_err("nothing yet").kind, KeyringErrorKind::NoEntry);
        set(NAME, &Secret::new("hunter2".to_owned())).expect("written");
        set(NAME, &Secret::new("hunter3".to_owned())).expect("written again");
        assert_eq!(get(NAME).expect("an entry").expose_secret(), "hunter3");
        delete(NAME).expect("deleted");
        delete(NAME).expect("deleted already");
        assert_eq!(get(NAME).map(|_| ()).expect_err("deleted").kind, KeyringErrorKind::NoEntry);
    }

    fn locked() {
        let begun = Instant::now();
        let error = set(NAME, &Secret::new("hunter2".to_owned())).expect_err("nobody can unlock it");
        assert!(begun.elapsed() < PATIENCE + Duration::from_secs(2));
        assert!(!error.to_string().contains("hunter2"));
        eprintln!("{:?} after {:?}: {error}", error.kind, begun.elapsed());
    }

    fn silent() {
        let ask = || get(NAME).map(|_| ()).expect_err("nobody answers").kind;
        let begun = Instant::now();
        let kinds: Vec<_> = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        assert_eq!(kinds, [KeyringErrorKind::Silent; 4]);
        assert!((PATIENCE..PATIENCE + Duration::from_secs(2)).contains(&begun.elapsed()));
        // Each of those keeps a thread; a fifth would be one too many, and is not even tried.
        let begun = Instant::now();
        assert_eq!(ask(), KeyringErrorKind::Silent);
        assert!(begun.elapsed() < Duration::from_secs(1));
    }

    fn nowhere() {
        let error = get(NAME).map(|_| ()).expect_err("no service");
        assert_eq!(error.kind, KeyringErrorKind::NoKeyring);
        assert!(error.public.as_str().contains("no session bus"));
    }
}
