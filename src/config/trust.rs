//! Whether others could have put something into a file: owner and mode of the file, of every directory on the way to
//! it, and of every symbolic link.
//!
//! The rule is that of sshd's StrictModes, extended to links: everything belongs to root or to us, and nobody else may
//! write it. A directory with the sticky bit (`/tmp`) may be passed through, because only an entry's owner can replace
//! the entry.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;
use zeroize::Zeroizing;

/// Why a file is not read. Message and way out are apart; both are our own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlaceError {
    /// Whether there is no such file.
    pub missing: bool,
    /// What is so.
    pub message: String,
    /// The way out, where there is one.
    pub hint: Option<String>,
}

impl PlaceError {
    /// A refusal with a way out.
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { missing: false, message: message.into(), hint: Some(hint.into()) }
    }

    fn io(path: &Path, error: &std::io::Error) -> Self {
        let what = match error.kind() {
            ErrorKind::NotFound => "does not exist",
            ErrorKind::PermissionDenied => "may not be read by this user",
            ErrorKind::NotADirectory => "is not a directory",
            ErrorKind::IsADirectory => "is a directory",
            _ => "can't be read",
        };
        let missing = error.kind() == ErrorKind::NotFound;
        Self { missing, message: format!("{} {what}", path.display()), hint: None }
    }
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Anybody: only writing is looked at.
    Anybody,
    /// Its owner alone; of a file of root's also the group that root gave it to.
    Private,
}

/// A file that nobody else could have written, opened.
#[derive(Debug)]
pub struct Trusted {
    /// The file.
    pub file: File,
    /// Its path, symbolic links resolved.
    pub path: PathBuf,
}

/// What a thing is, apart from its owner and mode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Directory,
    Link,
    File(Readers),
}

/// The most links that are followed, as Linux has it.
const MOST_LINKS: usize = 40;

/// Opens a regular file that nobody else could have written.
///
/// # Errors
/// What is wrong with which part of the path, and the `chmod` or `chown` that mends it.
pub fn open(path: &Path, readers: Readers) -> Result<Trusted, PlaceError> {
    let (path, seen) = resolve(path, What::File(readers))?;
    // NONBLOCK, so that a pipe put there meanwhile can't hold us; NOFOLLOW, because links are resolved already.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let opened = OpenOptions::new().read(true).custom_flags(flags as i32).open(&path);
    let file = opened.map_err(|e| PlaceError::io(&path, &e))?;
    let now = file.metadata().map_err(|e| PlaceError::io(&path, &e))?;
    if (now.dev(), now.ino()) != (seen.dev(), seen.ino()) || !now.is_file() {
        return Err(PlaceError::new(format!("{} was replaced while it was opened", path.display()), "try again"));
    }
    check(&path, &now, What::File(readers))?;
    Ok(Trusted { file, path })
}

/// Checks a directory and everything on the way to it.
///
/// # Errors
/// As [`open`].
pub fn directory(path: &Path) -> Result<PathBuf, PlaceError> {
    resolve(path, What::Directory).map(|(path, _)| path)
}

impl Trusted {
    /// Reads the whole file.
    ///
    /// # Errors
    /// Where it has more than `most` bytes, or can't be read.
    pub fn read(self, most: usize) -> Result<Zeroizing<Vec<u8>>, PlaceError> {
        let path = self.path;
        // Room for everything at once: a buffer that grows leaves copies of a secret behind.
        let size = self.file.metadata().map_err(|e| PlaceError::io(&path, &e))?.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(most).min(most) + 2));
        let mut limited = self.file.take(most as u64 + 1);
        limited.read_to_end(&mut bytes).map_err(|e| PlaceError::io(&path, &e))?;
        if bytes.len() > most {
            let message = format!("{} has more than {most} bytes", path.display());
            return Err(PlaceError::new(message, "is it the right file?"));
        }
        Ok(bytes)
    }
}

/// Walks the path a name at a time and checks everything it meets.
fn resolve(path: &Path, wanted: What) -> Result<(PathBuf, Metadata), PlaceError> {
    if !path.is_absolute() {
        return Err(PlaceError::new(format!("{} is not an absolute path", path.display()), "write it from the root"));
    }
    let mut links = 0;
    let mut here = PathBuf::from("/");
    let mut meta = here.symlink_metadata().map_err(|e| PlaceError::io(&here, &e))?;
    check(&here, &meta, What::Directory)?;
    let mut left: Vec<PathBuf> = names(path);
    while let Some(name) = left.pop() {
        if name.as_os_str() == ".." {
            here.pop();
            meta = here.symlink_metadata().map_err(|e| PlaceError::io(&here, &e))?;
            continue;
        }
        let next = here.join(&name);
        meta = next.symlink_metadata().map_err(|e| PlaceError::io(&next, &e))?;
        if meta.is_symlink() {
            check(&next, &meta, What::Link)?;
            links += 1;
            if links > MOST_LINKS {
                return Err(PlaceError::new(format!("{} has too many links", path.display()), "name the file itself"));
            }
            let target = next.read_link().map_err(|e| PlaceError::io(&next, &e))?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            left.extend(names(&target));
            continue;
        }
        let last = left.is_empty();
        check(&next, &meta, if last { wanted } else { What::Directory })?;
        here = next;
    }
    // A path that ends in a link's `..` was checked on the way down, as the directory it is.
    check(&here, &meta, wanted)?;
    Ok((here, meta))
}

/// The names of a path, the last first.
fn names(path: &Path) -> Vec<PathBuf> {
    let wanted = |c: &Component<'_>| matches!(c, Component::Normal(_) | Component::ParentDir);
    path.components().filter(wanted).map(|c| PathBuf::from(c.as_os_str())).rev().collect()
}

fn check(path: &Path, meta: &Metadata, what: What) -> Result<(), PlaceError> {
    let fits = match what {
        What::Directory => meta.is_dir(),
        What::Link => meta.is_symlink(),
        What::File(_) => meta.is_file(),
    };
    if !fits {
        let noun = if what == What::Directory { "directory" } else { "regular file" };
        return Err(PlaceError::new(format!("{} is not a {noun}", path.display()), "is it the right path?"));
    }
    judge(path, meta.uid(), meta.mode(), what, geteuid().as_raw())
}

/// The rule itself.
fn judge(path: &Path, owner: u32, mode: u32, what: What, me: u32) -> Result<(), PlaceError> {
    let shown = path.display();
    if owner != 0 && owner != me {
        let message = format!("{shown} belongs to another user (uid {owner}), who could change what is read");
        return Err(PlaceError::new(message, format!("chown {} {}", me, shell(path))));
    }
    // A link's own mode means nothing; a sticky directory lets only an entry's owner replace the entry.
    let writable = mode & 0o022 != 0 && what != What::Link && !(what == What::Directory && mode & 0o1000 != 0);
    if writable {
        let message = format!("{shown} may be written by others (mode {:04o})", mode & 0o7777);
        return Err(PlaceError::new(message, format!("chmod go-w {}", shell(path))));
    }
    let others = if owner == 0 && me != 0 { 0o007 } else { 0o077 };
    if what == What::File(Readers::Private) && mode & others != 0 {
        let message = format!("{shown} holds a secret and may be read by others (mode {:04o})", mode & 0o7777);
        return Err(PlaceError::new(message, format!("chmod 0600 {}", shell(path))));
    }
    Ok(())
}

/// A path as a shell takes it.
fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+@:".contains(&b);
    if text.bytes().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn judged(owner: u32, mode: u32, what: What, me: u32) -> Result<(), String> {
        judge(Path::new("/a b"), owner, mode, what, me).map_err(|e| e.hint.unwrap_or_default())
    }

    #[test]
    fn what_others_could_have_written_is_refused() {
        let file = What::File(Readers::Anybody);
        for (owner, mode) in [(1000, 0o644), (0, 0o644), (1000, 0o600), (0, 0o444)] {
            assert_eq!(judged(owner, mode, file, 1000), Ok(()));
        }
        assert_eq!(judged(1001, 0o644, file, 1000), Err("chown 1000 '/a b'".to_owned()));
        assert_eq!(judged(1000, 0o644, file, 0), Err("chown 0 '/a b'".to_owned()));
        for mode in [0o664, 0o646, 0o666, 0o1646] {
            assert_eq!(judged(1000, mode, file, 1000), Err("chmod go-w '/a b'".to_owned()), "{mode:o}");
            assert_eq!(judged(0, mode, file, 1000), Err("chmod go-w '/a b'".to_owned()), "{mode:o}");
        }
        assert_eq!(judged(0, 0o1777, What::Directory, 1000), Ok(()));
        assert!(judged(0, 0o777, What::Directory, 1000).is_err());
        assert_eq!(judged(0, 0o777, What::Link, 1000), Ok(()));
        assert!(judged(7, 0o777, What::Link, 1000).is_err());
    }

    #[test]
    fn a_secrets_file_is_for_its_owner_alone() {
        let file = What::File(Readers::Private);
        for mode in [0o600, 0o400] {
            assert_eq!(judged(1000, mode, file, 1000), Ok(()));
        }
        for mode in [0o640, 0o644, 0o604, 0o440] {
            assert_eq!(judged(1000, mode, file, 1000), Err("chmod 0600 '/a b'".to_owned()), "{mode:o}");
        }
        // root:jit 0640 is how a service is given a secret that it can't change.
        assert_eq!(judged(0, 0o640, file, 1000), Ok(()));
        assert!(judged(0, 0o644, file, 1000).is_err());
        assert!(judged(0, 0o640, file, 0).is_err());
    }

    #[test]
    fn links_and_directories_on_the_way_are_looked_at() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().canonicalize().expect("a path");
        let (open_dir, real) = (root.join("open"), root.join("real"));
        std::fs::create_dir(&open_dir).expect("a directory");
        std::fs::create_dir(&real).expect("a directory");
        std::fs::write(real.join("f"), "x").expect("a file");
        std::fs::set_permissions(real.join("f"), Permissions::from_mode(0o644)).expect("a mode");
        symlink("../real/f", open_dir.join("link")).expect("a link");
        symlink("loop", root.join("loop")).expect("a link");

        let opened = open(&open_dir.join("link"), Readers::Anybody).expect("a file of ours");
        assert_eq!(opened.path, real.join("f"));
        assert_eq!(opened.read(10).expect("bytes").as_slice(), b"x");
        assert!(open(&real.join("f"), Readers::Private).is_err());
        assert!(open(&real.join("f"), Readers::Anybody).expect("a file").read(0).is_err());

        // The target is fine, but whoever may write the link's directory can point it elsewhere.
        std::fs::set_permissions(&open_dir, Permissions::from_mode(0o777)).expect("a mode");
        let error = open(&open_dir.join("link"), Readers::Anybody).expect_err("a directory that others may write");
        assert_eq!(error.hint, Some(format!("chmod go-w {}", open_dir.display())));

        assert!(open(&root.join("loop"), Readers::Anybody).expect_err("a loop").message.contains("too many links"));
        assert!(open(&root.join("nothing"), Readers::Anybody).expect_err("nothing").missing);
        assert!(open(&real, Readers::Anybody).expect_err("a directory").message.contains("not a regular file"));
        assert!(open(Path::new("relative"), Readers::Anybody).is_err());
        assert_eq!(directory(&real.join("../real")), Ok(real));
    }
}
