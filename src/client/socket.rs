//! Whose socket it is. A client that talks to anybody's socket gives its token, and its trust, to anybody.

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use rustix::process::geteuid;

use super::error::Error;
use crate::api::{ErrorKind, Failure};

/// Says whose a socket is, having made sure that it was put there by root, by this user, or by whoever root gave its directory to.
///
/// The third is the user that a host's broker runs as: root makes `/run/jit` in a place where only root can, and gives it
/// to that user, so that nobody else could have put the socket there.
///
/// # Errors
/// When there is no socket, or somebody else's.
pub fn check(path: &Path) -> Result<u32, Error> {
    let shown = path.display();
    let meta = match path.symlink_metadata() {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(refused(format!("this user may not reach the broker's socket {shown}"))
                .hinted("ask an administrator which group may use it"));
        }
        Err(_) => {
            return Err(Error::unreachable(
                format!("there is no broker at {shown}"),
                "start it with `jit serve`, or name another with --broker or JIT_BROKER",
            ));
        }
    };
    if !meta.file_type().is_socket() {
        return Err(refused(format!("{shown} is not a socket")).hinted("name the broker's socket with --broker"));
    }
    let owner = meta.uid();
    if owner == 0 || owner == geteuid().as_raw() || given_by_root(path, owner) {
        return Ok(owner);
    }
    let message = format!("the socket {shown} belongs to uid {owner}, who is neither root nor you");
    Err(refused(message).hinted("a broker's socket lies in a directory that root made for the broker's user"))
}

/// What it means that somebody else listens on a socket whose owner was vetted: the path led elsewhere meanwhile.
pub(super) fn stranger(path: &Path, uid: u32) -> Error {
    let message = format!("uid {uid} listens behind the socket {}, who is neither its owner nor you", path.display());
    refused(message).hinted("nothing was said to them; look at who can write to the directories on the way")
}

/// Whether the socket's directory is that user's, and lies where only root can make one.
fn given_by_root(path: &Path, owner: u32) -> bool {
    let Some(directory) = path.parent() else { return false };
    let Ok(meta) = directory.symlink_metadata() else { return false };
    let private = meta.is_dir() && meta.uid() == owner && meta.mode() & 0o022 == 0;
    private && directory.ancestors().skip(1).all(roots_alone)
}

fn roots_alone(directory: &Path) -> bool {
    directory.symlink_metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == 0 && meta.mode() & 0o022 == 0)
}

struct Refusal(Failure);

fn refused(message: String) -> Refusal {
    Refusal(Failure { about: "broker".to_owned(), ..Failure::new(ErrorKind::Denied, message) })
}

impl Refusal {
    fn hinted(self, hint: &str) -> Error {
        Error::Failure(self.0.hint(hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn ones_own_socket_is_trusted_and_nothing_else_is_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s");
        assert!(matches!(check(&path), Err(Error::Unreachable(_))));
        let _listener = UnixListener::bind(&path).expect("a socket");
        assert!(check(&path).is_ok());
        let file = dir.path().join("f");
        std::fs::write(&file, "").expect("a file");
        assert!(matches!(check(&file), Err(Error::Failure(failure)) if failure.message.contains("not a socket")));
        let link = dir.path().join("l");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        assert!(check(&link).is_err(), "a link may lead elsewhere tomorrow");
    }

    #[test]
    fn another_users_socket_is_refused_unless_root_gave_the_directory() {
        if geteuid().as_raw() != 0 {
            eprintln!("skipped: only root can give a socket to somebody else");
            return;
        }
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s");
        let _listener = UnixListener::bind(&path).expect("a socket");
        std::os::unix::fs::chown(&path, Some(12345), None).expect("chown");
        let Err(Error::Failure(failure)) = check(&path) else { panic!("it is somebody else's") };
        assert!(failure.message.contains("12345"), "{failure}");
        // Its directory is theirs as well, but lies in /tmp, where everybody can make one.
        std::os::unix::fs::chown(dir.path(), Some(12345), None).expect("chown");
        assert!(check(&path).is_err());
        // One that root made in a place of root's own.
        let run = tempfile::tempdir_in("/run").expect("a directory");
        let path = run.path().join("s");
        let _listener = UnixListener::bind(&path).expect("a socket");
        std::os::unix::fs::chown(&path, Some(12345), None).expect("chown");
        assert!(check(&path).is_err(), "the directory was given to nobody");
        std::os::unix::fs::chown(run.path(), Some(12345), None).expect("chown");
        assert!(check(&path).is_ok());
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(run.path(), std::fs::Permissions::from_mode(0o777)).expect("chmod");
        assert!(check(&path).is_err(), "everybody can write there");
    }
}
