//! What the habits share: printed steps, commands, places. Reads the environment for all of them.

use std::ffi::OsStr;
use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Why a habit ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    code: u8,
}

/// What a habit comes to.
pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

impl Failure {
    /// Something did not work.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }

    /// The command line is wrong.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 2 }
    }

    /// The exit code to end with.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Turns an I/O error into a failure that says at what.
pub(crate) fn at<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Failure {
    move |error| Failure::new(format!("{what}: {error}"))
}

/// Prints where a habit has got to.
pub(crate) fn step(text: impl fmt::Display) {
    println!("\n==> {text}");
    let _ = std::io::stdout().flush();
}

/// Shows a command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Prints a command and runs it with the terminal's own input and output.
pub(crate) fn run(command: &mut Command) -> Result {
    println!("$ {}", shown(command));
    let _ = std::io::stdout().flush();
    let status = command.status().map_err(at(shown(command)))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` ended with {status}", shown(command)))) }
}

/// Runs a command silently and gives what it wrote to stdout; what it wrote to stderr is in the failure.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let out = command.stdin(Stdio::null()).output().map_err(at(shown(command)))?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&out.stderr);
    Err(Failure::new(format!("`{}` ended with {}\n{}", shown(command), out.status, said.trim_end())))
}

/// Whether a command runs and succeeds; prints nothing.
pub(crate) fn works(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Reads the environment. Nothing else in the habits does.
#[allow(clippy::disallowed_methods, reason = "the habits are no part of the binary, and this is their only reader")]
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Finds a program in `PATH` and in the administrator's directories, which a user's `PATH` often lacks.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = env("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

/// Whether this process may install packages and change its user.
pub(crate) fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0")
}

/// The directory of the checkout.
pub(crate) fn root() -> Result<PathBuf> {
    let manifest = capture(cargo().args(["locate-project", "--workspace", "--message-format", "plain"]))?;
    let manifest = PathBuf::from(manifest.trim());
    manifest.parent().map(Path::to_owned).ok_or_else(|| Failure::new("the workspace has no directory"))
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    Command::new(env("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The cache directory of a purpose, outside the tree, so that a clean checkout finds it again.
pub(crate) fn cache(purpose: &str) -> Result<PathBuf> {
    let home = env("HOME").ok_or_else(|| Failure::new("HOME does not say where caches go"))?;
    Ok(PathBuf::from(home).join(".cache").join(purpose))
}

/// Random hexadecimal digits from the kernel: for passwords and names of throw-away things.
pub(crate) fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0u8; bytes];
    let mut source = std::fs::File::open("/dev/urandom").map_err(at("/dev/urandom"))?;
    source.read_exact(&mut buffer).map_err(at("/dev/urandom"))?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A directory that goes when its owner does.
#[derive(Debug)]
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    /// Makes one. Others may pass through it (a server may run as another user) but not list it.
    pub(crate) fn new(purpose: &str) -> Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("jit-{purpose}-{}", random_hex(6)?));
        std::fs::create_dir(&path).map_err(at(path.display()))?;
        let dir = Self(path);
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).map_err(at(dir.0.display()))?;
        Ok(dir)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_command_can_be_pasted_into_a_shell() {
        let mut command = Command::new("printf");
        command.args(["%s|", "a b", "it's", "", "$HOME", "plain-1.0"]);
        let pasted = capture(Command::new("sh").arg("-c").arg(shown(&command))).unwrap();
        assert_eq!(pasted, "a b|it's||$HOME|plain-1.0|");
    }

    #[test]
    fn a_failed_command_tells_what_it_said() {
        let failure =
            capture(Command::new("sh").args(["-c", "echo no such luck >&2; exit 3"])).unwrap_err().to_string();
        assert!(failure.contains("no such luck") && failure.contains('3'), "{failure}");
    }

    #[test]
    fn a_temporary_directory_goes_with_its_owner() {
        let dir = TempDir::new("sh-test").unwrap();
        let path = dir.path().to_owned();
        std::fs::write(path.join("file"), "x").unwrap();
        drop(dir);
        assert!(!path.exists());
    }
}
