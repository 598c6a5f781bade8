//! Reads what a config only refers to: a file, the environment, the keyring, a program's first line.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use jit_types::settings::{SecretError, SecretRef, Secrets};
use jit_types::{Secret, Words};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::trust::{self, Readers};
use super::{env, keyring};

/// The largest secret, in bytes: a key or a certificate chain fits, a wrong file does not.
pub(super) const LARGEST: usize = 64 * 1024;
/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads secrets for one config.
#[derive(Clone, Debug)]
pub struct HouseSecrets {
    base: PathBuf,
    patience: Duration,
}

impl HouseSecrets {
    /// Reads secrets for the config in this directory: relative paths begin here.
    pub fn new(base: PathBuf) -> Self {
        Self { base, patience: PATIENCE }
    }

    async fn read_one(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        match reference {
            SecretRef::File(path) => {
                let path = self.base.join(path);
                blocking(move || file(&path)).await
            }
            SecretRef::Env(name) => variable(name),
            SecretRef::Keyring(name) => {
                let name = name.clone();
                // The wait is what is blocking here, and it is bounded; the call itself has a thread of its own.
                blocking(move || keyring::get(&name).map_err(from_keyring)).await
            }
            SecretRef::Command(argv) => self.command(argv).await,
        }
    }

    /// Runs a program without a shell. Its errors go nowhere: they are foreign text and may repeat the secret.
    async fn command(&self, argv: &[String]) -> Result<Secret, SecretError> {
        let Some((program, arguments)) = argv.split_first() else {
            return Err(never("a `command` for a secret names no program"));
        };
        // A bare name is looked up in PATH; a path begins at the config file, never at the working directory.
        let path = if program.contains('/') { self.base.join(program) } else { PathBuf::from(program) };
        let mut command = Command::new(&path);
        command.args(arguments).current_dir(&self.base).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        // It has its own credentials; ours are none of its business. A group of its own, so that all of it can be ended.
        command.env_remove("JIT_TOKEN").process_group(0);
        let Ok(mut child) = command.spawn() else {
            return Err(never(format!("the program `{program}` for a secret can't be started")));
        };
        let group = child.id();
        let result = tokio::time::timeout(self.patience, output(&mut child, program)).await;
        if result.is_err() {
            end(group);
        }
        result.unwrap_or_else(|_| {
            let words = format!("the program `{program}` for a secret took longer than {}s", self.patience.as_secs());
            Err(SecretError { retryable: true, public: Words::new(words) })
        })
    }
}

impl Secrets for HouseSecrets {
    fn read<'a>(&'a self, reference: &'a SecretRef) -> jit_backend::BoxFuture<'a, Result<Secret, SecretError>> {
        Box::pin(self.read_one(reference))
    }
}

fn never(words: impl AsRef<str>) -> SecretError {
    SecretError { retryable: false, public: Words::new(words) }
}

async fn blocking(work: impl FnOnce() -> Result<Secret, SecretError> + Send + 'static) -> Result<Secret, SecretError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(never("a secret could not be read")))
}

/// Reads a file's whole text, without the one line break at its end: a key has many lines.
fn file(path: &Path) -> Result<Secret, SecretError> {
    let bytes = trust::open(path, Readers::Private).and_then(|file| file.read(LARGEST)).map_err(|error| {
        let hint = error.hint.map_or_else(String::new, |hint| format!("; {hint}"));
        never(format!("{}{hint}", error.message))
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| never(format!("{} is not UTF-8", path.display())))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(never(format!("{} is empty", path.display())));
    }
    Ok(Secret::new(text.to_owned()))
}

fn variable(name: &str) -> Result<Secret, SecretError> {
    env::var(name)
        .map(Secret::new)
        .ok_or_else(|| never(format!("the environment variable `{name}`, which a secret is read from, is not set")))
}

fn from_keyring(error: keyring::KeyringError) -> SecretError {
    SecretError { retryable: error.kind == keyring::KeyringErrorKind::Silent, public: error.public }
}

async fn output(child: &mut Child, program: &str) -> Result<Secret, SecretError> {
    // Room for everything at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST + 2));
    if let Some(stdout) = child.stdout.take() {
        let read = stdout.take(LARGEST as u64 + 1).read_to_end(&mut bytes).await;
        if read.is_err() || bytes.len() > LARGEST {
            return Err(never(format!("the program `{program}` for a secret says more than {LARGEST} bytes")));
        }
    }
    match child.wait().await {
        Ok(status) if status.success() => first_line(&bytes)
            .ok_or_else(|| never(format!("the program `{program}` for a secret says nothing, or no UTF-8"))),
        Ok(status) => {
            let code = status.code().map_or("a signal".to_owned(), |code| format!("exit code {code}"));
            Err(never(format!("the program `{program}` for a secret ended with {code}")))
        }
        Err(_) => Err(never(format!("the program `{program}` for a secret was lost"))),
    }
}

/// Ends a program and what it started.
fn end(group: Option<u32>) {
    let pid = group.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended by itself in this moment; `kill_on_drop` reaps it either way.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

/// The first line of some bytes; `None` where it is empty or no UTF-8.
pub(super) fn first_line(bytes: &[u8]) -> Option<Secret> {
    let text = std::str::from_utf8(bytes.split(|b| *b == b'\n').next()?).ok()?;
    let text = text.strip_suffix('\r').unwrap_or(text);
    (!text.is_empty()).then(|| Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    async fn read(secrets: &HouseSecrets, reference: SecretRef) -> Result<String, String> {
        secrets.read(&reference).await.map(|s| s.expose_secret().to_owned()).map_err(|e| e.public.to_string())
    }

    fn argv(of: &[&str]) -> SecretRef {
        SecretRef::Command(of.iter().map(|&a| a.to_owned()).collect())
    }

    #[tokio::test]
    async fn a_file_is_read_where_only_its_owner_may() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s");
        let secrets = HouseSecrets::new(dir.path().to_owned());
        std::fs::write(&path, "hunter2\nsecond\n").expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        let error = read(&secrets, SecretRef::File("s".into())).await.expect_err("readable by others");
        assert!(error.contains("chmod 0600 ") && !error.contains("hunter2"), "{error}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        assert_eq!(read(&secrets, SecretRef::File("s".into())).await, Ok("hunter2\nsecond".to_owned()));
        std::fs::write(&path, "\n").expect("a file");
        assert!(read(&secrets, SecretRef::File("s".into())).await.expect_err("empty").ends_with("is empty"));
        assert!(read(&secrets, SecretRef::File("none".into())).await.expect_err("none").ends_with("does not exist"));
        std::fs::write(&path, vec![b'x'; LARGEST + 1]).expect("a file");
        assert!(read(&secrets, SecretRef::File("s".into())).await.is_err());
    }

    #[tokio::test]
    async fn a_program_gives_its_first_line_and_nothing_of_it_is_repeated() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut secrets = HouseSecrets::new(dir.path().to_owned());
        let said = read(&secrets, argv(&["printf", "hunter2\\r\\nsecond\\n"])).await;
        assert_eq!(said, Ok("hunter2".to_owned()));
        // No shell: what would be two commands is one argument.
        assert_eq!(read(&secrets, argv(&["echo", "a; echo b"])).await, Ok("a; echo b".to_owned()));
        assert_eq!(
            read(&secrets, argv(&["sh", "-c", "echo ${JIT_TOKEN-unset}"])).await,
            Ok("unset".to_owned()),
            "our own token is not handed on"
        );
        let error =
            read(&secrets, argv(&["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"])).await.expect_err("exit 3");
        assert_eq!(error, "the program `sh` for a secret ended with exit code 3");
        assert!(read(&secrets, argv(&["true"])).await.expect_err("nothing").contains("says nothing"));
        assert!(read(&secrets, argv(&["./none"])).await.expect_err("none").contains("can't be started"));
        assert!(
            read(&secrets, argv(&["head", "-c", "70000", "/dev/zero"])).await.expect_err("more").contains("more than")
        );

        secrets.patience = Duration::from_millis(200);
        let mark = dir.path().join("mark");
        let script = format!("sleep 1; touch {}", mark.display());
        let error = read(&secrets, argv(&["sh", "-c", &script])).await.expect_err("too slow");
        assert!(error.contains("took longer"), "{error}");
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert!(!mark.exists(), "what the program started was ended with it");
    }

    #[tokio::test]
    async fn a_variable_that_is_not_set_is_named() {
        let secrets = HouseSecrets::new("/".into());
        let error = read(&secrets, SecretRef::Env("JIT_NO_SUCH_VARIABLE".into())).await.expect_err("unset");
        assert!(error.contains("JIT_NO_SUCH_VARIABLE"));
        // Whatever runs the tests has a PATH.
        assert!(read(&secrets, SecretRef::Env("PATH".into())).await.is_ok());
    }
}
