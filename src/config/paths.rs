//! Where things are: the config file, the state, the sockets. By the XDG Base Directory specification 0.8 for a user, and
//! by the Filesystem Hierarchy Standard for the system.

use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::env::Env;
use super::tree::LARGEST;
use super::trust::{self, PlaceError, Readers};

/// The system's config file: written by `jit init --system`.
pub const SYSTEM_CONFIG: &str = "/etc/jit/jit.toml";
/// Where a host's broker keeps its state unless its config says otherwise.
pub const SYSTEM_STATE: &str = "/var/lib/jit";
/// Where a host's broker listens unless its config says otherwise, and where clients look for it.
pub const SYSTEM_SOCKET: &str = "/run/jit/jit.sock";
/// The name of a config file.
const FILE: &str = "jit.toml";

/// Where a user's things are. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The user's config directory, `$XDG_CONFIG_HOME/jit`.
    pub config: PathBuf,
    /// The user's state directory, `$XDG_STATE_HOME/jit`.
    pub state: PathBuf,
    /// The directory of the user's private sockets, `$XDG_RUNTIME_DIR/jit`.
    pub runtime: PathBuf,
}

/// A config file's bytes, found to be nobody else's.
pub struct Vetted {
    /// The file, symbolic links resolved.
    pub path: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Places {
    /// Finds a user's places.
    ///
    /// # Errors
    /// When the user has no home and the variables don't say where else.
    pub fn of(env: &Env) -> Result<Self, PlaceError> {
        // "All paths set in these environment variables must be absolute. If an implementation encounters a relative path
        // … it should consider the path invalid and ignore it."
        let absolute = |path: &Option<PathBuf>| path.clone().filter(|path| path.is_absolute());
        let under_home = |name: &str, under: &str| match absolute(&env.home) {
            Some(home) => Ok(home.join(under)),
            None => Err(PlaceError::new("this user has no home directory", format!("set HOME or {name}"))),
        };
        let config = absolute(&env.xdg_config_home).map_or_else(|| under_home("XDG_CONFIG_HOME", ".config"), Ok)?;
        let state = absolute(&env.xdg_state_home).map_or_else(|| under_home("XDG_STATE_HOME", ".local/state"), Ok)?;
        let state = state.join("jit");
        // Where no session made one (cron, sudo, a container), the state directory is as private.
        let runtime = absolute(&env.xdg_runtime_dir)
            .or_else(|| own_directory(Path::new("/run/user"), geteuid().as_raw()))
            .map_or_else(|| state.join("run"), |dir| dir.join("jit"));
        Ok(Self { config: config.join("jit"), state, runtime })
    }

    /// The user's config file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join(FILE)
    }

    /// The agent's socket.
    pub fn agent_socket(&self) -> PathBuf {
        self.runtime.join("agent.sock")
    }
}

/// The directory `/run/user/UID`, where it is there and the user's own.
fn own_directory(under: &Path, uid: u32) -> Option<PathBuf> {
    let path = under.join(uid.to_string());
    let meta = path.symlink_metadata().ok()?;
    (meta.is_dir() && meta.uid() == uid && meta.mode() & 0o077 == 0).then_some(path)
}

/// Says which config file is meant: the one named by `--config`, then `JIT_CONFIG`, then the user's own, then the
/// system's. `None` where there is none. The working directory is never searched: who can write there is not known.
///
/// # Errors
/// When `JIT_CONFIG` is relative: what it means would depend on where the command is run.
pub fn find(env: &Env, flag: Option<&Path>) -> Result<Option<PathBuf>, PlaceError> {
    find_in(env, flag, Path::new(SYSTEM_CONFIG))
}

fn find_in(env: &Env, flag: Option<&Path>, system: &Path) -> Result<Option<PathBuf>, PlaceError> {
    if let Some(flag) = flag {
        return absolute(flag).map(Some);
    }
    if let Some(named) = &env.config {
        if !named.is_absolute() {
            let message = "JIT_CONFIG is not an absolute path, and would mean another file in another directory";
            return Err(PlaceError::new(message, "write it from the root"));
        }
        return Ok(Some(named.clone()));
    }
    // What is there and can't be read is no reason to go on to the next one: that would be another config.
    let own = Places::of(env).ok().map(|places| places.config_file());
    Ok(own.into_iter().chain([system.to_owned()]).find(|path| there(path)))
}

fn there(path: &Path) -> bool {
    !matches!(path.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// Makes a path that was typed in absolute, by the working directory of whoever typed it.
///
/// # Errors
/// When the working directory is gone.
pub fn absolute(path: &Path) -> Result<PathBuf, PlaceError> {
    std::path::absolute(path).map_err(|_| {
        PlaceError::new("the working directory is gone, or the path is empty", "write the path from the root")
    })
}

/// Reads a config file that nobody else could have written.
///
/// # Errors
/// What is wrong with it, and the `chmod` or `chown` that mends it.
pub fn read_config(path: &Path) -> Result<Vetted, PlaceError> {
    let opened = trust::open(&absolute(path)?, Readers::Anybody)?;
    let path = opened.path.clone();
    let mut bytes = opened.read(LARGEST)?;
    Ok(Vetted { path, bytes: std::mem::take(&mut *bytes) })
}

/// Reads a token from the file that `JIT_TOKEN_FILE` or `--token-file` names: the first line.
///
/// # Errors
/// As for every file with a secret.
pub fn read_token(path: &Path) -> Result<jit_types::Secret, PlaceError> {
    let path = absolute(path)?;
    let bytes = trust::open(&path, Readers::Private)?.read(super::secrets::LARGEST)?;
    super::secrets::first_line(&bytes).ok_or_else(|| {
        PlaceError::new(format!("{} holds no token", path.display()), "put the token into its first line")
    })
}

/// Makes sure of a directory that only this user can read, and makes it where it is missing.
///
/// # Errors
/// When it belongs to somebody else, others may read it, or it can't be made.
pub fn private_directory(path: &Path) -> Result<PathBuf, PlaceError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    if let Err(error) = made {
        let why = match error.kind() {
            ErrorKind::PermissionDenied => "this user may not make it",
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => "there is something else",
            ErrorKind::ReadOnlyFilesystem => "the file system can't be written",
            ErrorKind::StorageFull => "the disk is full",
            _ => "the system refuses",
        };
        let message = format!("{} can't be made: {why}", path.display());
        return Err(PlaceError::new(message, "make it by hand, with mode 0700"));
    }
    let path = trust::directory(path)?;
    let meta =
        path.symlink_metadata().map_err(|_| PlaceError::new(format!("{} is gone", path.display()), "try again"))?;
    if meta.uid() != geteuid().as_raw() {
        let message = format!("{} belongs to another user (uid {})", path.display(), meta.uid());
        return Err(PlaceError::new(message, "name a directory of your own"));
    }
    if meta.mode() & 0o077 != 0 {
        let message = format!("{} may be read by others (mode {:04o})", path.display(), meta.mode() & 0o7777);
        return Err(PlaceError::new(message, format!("chmod 0700 {}", path.display())));
    }
    Ok(path)
}

/// Writes a new file that others can't write, and never over one that is there.
///
/// # Errors
/// When there is one already, or it can't be written.
pub fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), PlaceError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let shown = path.display();
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = opened.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => PlaceError::new(format!("{shown} is there already"), "look at it, or move it away"),
        ErrorKind::NotFound => PlaceError::new(format!("the directory of {shown} is missing"), "make it first"),
        ErrorKind::PermissionDenied => PlaceError::new(format!("{shown} may not be written by this user"), "use sudo"),
        _ => PlaceError::new(format!("{shown} can't be written"), "look at the disk and its file system"),
    })?;
    // The umask may have taken bits away, never have added any: the mode asked for is the one that is set.
    file.write_all(text.as_bytes())
        .and_then(|()| file.set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| file.sync_all())
        .map_err(|_| PlaceError::new(format!("{shown} could not be written to its end"), "is the disk full?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(home: &str) -> Env {
        Env { home: Some(home.into()), ..Env::default() }
    }

    #[test]
    fn a_users_places_are_where_xdg_says() {
        let places = Places::of(&env("/home/alice")).expect("places");
        assert_eq!(places.config_file(), Path::new("/home/alice/.config/jit/jit.toml"));
        assert_eq!(places.state, Path::new("/home/alice/.local/state/jit"));
        let set = Env {
            xdg_config_home: Some("/c".into()),
            xdg_state_home: Some("relative".into()),
            xdg_runtime_dir: Some("/r".into()),
            ..env("/home/alice")
        };
        let places = Places::of(&set).expect("places");
        assert_eq!(places.config, Path::new("/c/jit"));
        assert_eq!(places.state, Path::new("/home/alice/.local/state/jit"), "a relative path is ignored");
        assert_eq!(places.agent_socket(), Path::new("/r/jit/agent.sock"));
        let error = Places::of(&Env::default()).expect_err("nowhere");
        assert!(error.hint.expect("a hint").contains("HOME"));
    }

    #[test]
    fn the_first_file_that_is_there_is_the_config() {
        let dir = tempfile::tempdir().expect("a directory");
        let system = dir.path().join("system.toml");
        let mut env = Env { xdg_config_home: Some(dir.path().join("config")), ..env("/nonexistent") };
        let find = |env: &Env, flag: Option<&str>| find_in(env, flag.map(Path::new), &system);
        assert_eq!(find(&env, None), Ok(None));
        std::fs::write(&system, "").expect("a file");
        assert_eq!(find(&env, None), Ok(Some(system.clone())));
        let own = dir.path().join("config/jit/jit.toml");
        std::fs::create_dir_all(own.parent().expect("a parent")).expect("a directory");
        // A link that leads nowhere is an error to be told, not a reason to take another file.
        std::os::unix::fs::symlink("nowhere", &own).expect("a link");
        assert_eq!(find(&env, None), Ok(Some(own)));
        env.config = Some("jit.toml".into());
        assert!(find(&env, None).is_err(), "a relative JIT_CONFIG would be read from the working directory");
        env.config = Some("/named.toml".into());
        assert_eq!(find(&env, None), Ok(Some("/named.toml".into())));
        assert_eq!(find(&env, Some("/flag.toml")), Ok(Some("/flag.toml".into())));
    }

    #[test]
    fn a_private_directory_is_made_private_and_stays_so() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a/b");
        let made = private_directory(&path).expect("a directory");
        assert_eq!(made.metadata().expect("it").mode() & 0o7777, 0o700);
        std::fs::set_permissions(&path, Permissions::from_mode(0o750)).expect("a mode");
        assert!(private_directory(&path).expect_err("readable").hint.expect("a hint").starts_with("chmod 0700 "));
        std::fs::write(dir.path().join("f"), "").expect("a file");
        assert!(private_directory(&dir.path().join("f")).is_err());
    }

    #[test]
    fn a_new_file_is_never_written_over_an_old_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("jit.toml");
        write_new(&path, "one", 0o644).expect("written");
        assert!(write_new(&path, "two", 0o644).expect_err("there").message.ends_with("is there already"));
        let vetted = read_config(&path).expect("a config of ours");
        assert_eq!(vetted.bytes, b"one");
        std::fs::set_permissions(&path, Permissions::from_mode(0o664)).expect("a mode");
        let error = read_config(&path).err().expect("others may write it");
        assert_eq!(error.hint, Some(format!("chmod go-w {}", vetted.path.display())));
    }
}
