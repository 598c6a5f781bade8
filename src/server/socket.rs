//! The broker's socket: made private first, opened to others only as the config says.

use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use tokio::net::UnixListener;

use crate::config::env;

/// The socket that whoever started this process listens on and hands over: descriptor 3, with `LISTEN_FDS` and `LISTEN_PID`
/// as in sd_listen_fds(3). `None` where none was handed to this very process.
///
/// # Errors
/// When what was handed over is not one Unix socket that listens.
pub fn inherited() -> Result<Option<UnixListener>> {
    // What was meant for a parent is not ours: descriptor 3 is then something else.
    if env::var("LISTEN_PID") != Some(std::process::id().to_string()) {
        return Ok(None);
    }
    let mut handed = listenfd::ListenFd::from_env();
    let wrong = |what: &str| Error::new(ErrorKind::InvalidInput, format!("what systemd handed over is {what}"));
    if handed.len() > 1 {
        return Err(wrong("more than one socket"));
    }
    let taken = handed.take_unix_listener(0).map_err(|_| wrong("not a Unix stream socket"))?;
    let Some(listener) = taken else { return Ok(None) };
    if !rustix::net::sockopt::socket_acceptconn(&listener)? {
        return Err(wrong("a socket that nobody listens on"));
    }
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener).map(Some)
}

/// What of a socket that was handed over is not as the config has it: whoever made it gave it its mode.
pub fn differs(handed: &UnixListener, mode: u32) -> Option<String> {
    let address = handed.local_addr().ok()?;
    let path = address.as_pathname()?;
    let is = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (is != mode).then(|| {
        format!(
            "{} was handed over with mode {is:o}, and `socket_mode` is {mode:o}: whoever hands it over decides \
             (systemd: SocketMode=, SocketGroup=)",
            path.display()
        )
    })
}

/// Binds a socket at `path` with the mode and, where named, the group. What a broker before left there is replaced: the
/// lock on the state directory says that it no longer runs.
///
/// # Errors
/// When the directory is one that others may write to, the group is unknown, or the system refuses.
pub fn bind(path: &Path, mode: u32, group: Option<&str>) -> Result<UnixListener> {
    let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !directory.exists() {
        // Those who may connect must be able to pass, not to write.
        let passable = if mode & 0o077 == 0 { 0o700 } else { 0o755 };
        std::fs::DirBuilder::new().recursive(true).mode(passable).create(directory)?;
    }
    let meta = std::fs::metadata(directory)?;
    let sticky = meta.mode() & 0o1000 != 0;
    if meta.mode() & 0o022 != 0 && !sticky {
        let message = format!("others may write to {}, and could put their own socket there", directory.display());
        return Err(Error::new(ErrorKind::PermissionDenied, message));
    }
    if path.exists() && std::fs::symlink_metadata(path)?.uid() != rustix::process::geteuid().as_raw() {
        let message = format!("{} is somebody else's", path.display());
        return Err(Error::new(ErrorKind::AddrInUse, message));
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = Path::new(&beside);
    let _ = std::fs::remove_file(beside);
    // Between bind and chmod nobody knows the name, and nobody accepts.
    let listener = UnixListener::bind(beside)?;
    std::fs::set_permissions(beside, std::fs::Permissions::from_mode(mode))?;
    if let Some(group) = group {
        let known = nix::unistd::Group::from_name(group).map_err(Error::from)?;
        let known = known.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no group `{group}`")))?;
        std::os::unix::fs::chown(beside, None, Some(known.gid.as_raw()))?;
    }
    std::fs::rename(beside, path)?;
    Ok(listener)
}
