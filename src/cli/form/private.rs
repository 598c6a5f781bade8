//! Private files: a directory for one command that goes with it, and files where somebody asked for them by name.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jit_engine::{Clock as _, SystemClock};
use jit_types::Digest;
use rustix::process::geteuid;

use super::{FormError, PrivateFile};
use crate::client::material;
use crate::config::{Places, paths};

const PREFIX: &str = "jit-files-";
const LOCK: &str = ".lock";
const LIST: &str = ".jit-files";
/// How old a directory without a lock must be before it is taken for left over: its owner makes the lock right after it.
const YOUNG_SECONDS: i64 = 60;

/// A directory for the files of one command; it goes with the value, however the command ends. Where even that is not to
/// be (a kill), the next command removes it.
pub struct PrivateDir {
    path: PathBuf,
    _alive: File,
}

impl PrivateDir {
    /// Makes one in memory where the system has a place for that, else in the user's runtime directory.
    ///
    /// # Errors
    /// When there is no place that is this user's alone.
    pub fn make(places: &Places) -> Result<Self, FormError> {
        let runtime = paths::private_directory(&places.runtime)
            .map_err(|error| FormError::new(error.message, error.hint.unwrap_or_default()))?;
        let shm = Path::new("/dev/shm");
        let base = if !in_memory(&runtime) && in_memory(shm) { shm.to_owned() } else { runtime };
        Self::make_in(&base)
    }

    fn make_in(base: &Path) -> Result<Self, FormError> {
        sweep(base);
        let bad = |_| FormError::new(format!("no private directory can be made in {}", base.display()), "is it full?");
        let random = material::draw::<16>().map_err(|error| FormError::new(error.to_string(), "try again"))?;
        let path = base.join(format!("{PREFIX}{}", hex::encode(random.as_ref())));
        DirBuilder::new().mode(0o700).create(&path).map_err(bad)?;
        let alive = create(&path.join(LOCK)).and_then(|file| file.try_lock().map(|()| file).map_err(Into::into));
        match alive {
            Ok(alive) => Ok(Self { path, _alive: alive }),
            Err(error) => {
                drop(std::fs::remove_dir_all(&path));
                Err(bad(error))
            }
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes files, for this user's eyes only.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn write(&self, files: &[PrivateFile]) -> Result<(), FormError> {
        files.iter().try_for_each(|file| put(&self.path.join(&file.name), file))
    }
}

impl PrivateDir {
    /// Puts files in place of those of the same names, each in one step: whoever reads one finds the old or the new. All are
    /// written before the first is put there, so that a key and its certificate stay a pair.
    ///
    /// # Errors
    /// When the disk is full; the old ones stay.
    pub fn rewrite(&self, files: &[PrivateFile]) -> Result<(), FormError> {
        let written = files.iter().map(|file| beside(&self.path, &file.name, file.text.expose_secret().to_owned()));
        let written = written.collect::<Result<Vec<_>, _>>()?;
        files.iter().zip(written).try_for_each(|(file, beside)| put_in_place(&beside, &self.path, &file.name))
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        if std::fs::remove_dir_all(&self.path).is_err() && self.path.exists() {
            tracing::warn!("{} can't be removed; remove it by hand", self.path.display());
        }
    }
}

/// Removes what commands left that were killed: their lock is free.
fn sweep(base: &Path) {
    let Ok(entries) = std::fs::read_dir(base) else { return };
    for entry in entries.flatten().filter(|e| e.file_name().to_str().is_some_and(|n| n.starts_with(PREFIX))) {
        let path = entry.path();
        let Ok(meta) = path.symlink_metadata() else { continue };
        if !meta.is_dir() || meta.uid() != geteuid().as_raw() {
            continue;
        }
        let left = match File::open(path.join(LOCK)) {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(_) => SystemClock.now().seconds() - meta.mtime() > YOUNG_SECONDS,
        };
        if left {
            drop(std::fs::remove_dir_all(&path));
        }
    }
}

/// Whether what is written there never reaches a disk by itself (swap aside).
#[cfg(target_os = "linux")]
fn in_memory(path: &Path) -> bool {
    // `TMPFS_MAGIC` of statfs(2).
    rustix::fs::statfs(path).is_ok_and(|fs| fs.f_type == 0x0102_1994)
}

#[cfg(not(target_os = "linux"))]
fn in_memory(_: &Path) -> bool {
    false
}

fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn put(path: &Path, file: &PrivateFile) -> Result<(), FormError> {
    let written = create(path).and_then(|mut to| to.write_all(file.text.expose_secret().as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(path),
        _ => FormError::new(format!("{} can't be written", path.display()), "is the disk full?"),
    })
}

fn taken(path: &Path) -> FormError {
    let message = format!("{} is there already and is not ours", path.display());
    FormError::new(message, "move it away, or name another directory")
}

/// Writes files into a directory that somebody named, which is made where it is missing. A file that is there is only
/// replaced where it is one that we wrote and nobody has changed since: what we wrote is listed beside it by digest.
///
/// # Errors
/// When a file is not ours; then nothing is written at all. When the directory is not this user's alone.
pub fn write_named(dir: &Path, files: &[PrivateFile]) -> Result<PathBuf, FormError> {
    let place = |error: crate::config::PlaceError| FormError::new(error.message, error.hint.unwrap_or_default());
    let dir = paths::private_directory(&paths::absolute(dir).map_err(place)?).map_err(place)?;
    let ours = read_list(&dir.join(LIST));
    for file in files {
        let path = dir.join(&file.name);
        let Ok(meta) = path.symlink_metadata() else { continue };
        let now = meta.is_file().then(|| std::fs::read(&path).ok()).flatten().map(|bytes| Digest::of(&bytes));
        let known = |now: Digest| ours.iter().any(|(digest, name)| *digest == now && *name == file.name);
        if !now.is_some_and(known) {
            return Err(taken(&path));
        }
    }
    let mut list = String::new();
    for file in files {
        list.push_str(&format!("{} {}\n", Digest::of(file.text.expose_secret().as_bytes()), file.name));
    }
    // The list goes first and keeps the old lines until all is written, so that a crash leaves nothing that is not known.
    let both = ours.iter().map(|(digest, name)| format!("{digest} {name}\n")).collect::<String>() + &list;
    replace(&dir, LIST, both)?;
    for file in files {
        replace(&dir, &file.name, file.text.expose_secret().to_owned())?;
    }
    replace(&dir, LIST, list)?;
    Ok(dir)
}

/// Puts a file in place of another in one step.
fn replace(dir: &Path, name: &str, text: String) -> Result<(), FormError> {
    put_in_place(&beside(dir, name, text)?, dir, name)
}

/// Writes a file beside the one that it is to replace.
fn beside(dir: &Path, name: &str, text: String) -> Result<PathBuf, FormError> {
    let beside = dir.join(format!(".{name}.new"));
    drop(std::fs::remove_file(&beside));
    put(&beside, &PrivateFile { name: name.to_owned(), text: jit_types::Secret::new(text) })?;
    Ok(beside)
}

fn put_in_place(beside: &Path, dir: &Path, name: &str) -> Result<(), FormError> {
    std::fs::rename(beside, dir.join(name))
        .map_err(|_| FormError::new(format!("{name} can't be put into {}", dir.display()), "look at its modes"))
}

fn read_list(path: &Path) -> Vec<(Digest, String)> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = |line: &str| line.split_once(' ').and_then(|(d, name)| Some((d.parse().ok()?, name.to_owned())));
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_types::Secret;

    fn file(name: &str, text: &str) -> PrivateFile {
        PrivateFile { name: name.to_owned(), text: Secret::new(text.to_owned()) }
    }

    fn modes(path: &Path) -> u32 {
        path.metadata().expect("there").mode() & 0o7777
    }

    #[test]
    fn the_directory_is_private_and_goes_with_the_command() {
        let base = tempfile::tempdir().expect("a directory");
        let dir = PrivateDir::make_in(base.path()).expect("made");
        dir.write(&[file("pgpass", "secret")]).expect("written");
        let path = dir.path().to_owned();
        assert_eq!((modes(&path), modes(&path.join("pgpass"))), (0o700, 0o600));
        assert!(dir.write(&[file("pgpass", "again")]).is_err(), "never over what is there");
        dir.rewrite(&[file("pgpass", "renewed")]).expect("in place");
        assert_eq!(std::fs::read_to_string(path.join("pgpass")).expect("there"), "renewed");
        assert_eq!(modes(&path.join("pgpass")), 0o600);
        // One of a pair that can't be written leaves the other as it was.
        std::fs::create_dir_all(path.join(".cert.new/full")).expect("in the way");
        assert!(dir.rewrite(&[file("pgpass", "half"), file("cert", "half")]).is_err());
        assert_eq!(std::fs::read_to_string(path.join("pgpass")).expect("there"), "renewed");
        drop(dir);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_command_left_is_removed_and_nothing_else() {
        let base = tempfile::tempdir().expect("a directory");
        let alive = PrivateDir::make_in(base.path()).expect("made");
        let killed = base.path().join(format!("{PREFIX}killed"));
        std::fs::create_dir(&killed).expect("made");
        std::fs::write(killed.join(LOCK), "").expect("a lock that nobody holds");
        std::fs::write(killed.join("pgpass"), "secret").expect("a file");
        let young = base.path().join(format!("{PREFIX}young"));
        std::fs::create_dir(&young).expect("made");
        let other = base.path().join("other");
        std::fs::create_dir(&other).expect("made");
        let next = PrivateDir::make_in(base.path()).expect("made");
        assert!(!killed.exists());
        assert!(alive.path().exists() && next.path().exists() && young.exists() && other.exists());
    }

    #[test]
    fn a_named_file_that_is_not_ours_is_never_written_over() {
        let base = tempfile::tempdir().expect("a directory");
        let dir = base.path().join("keys");
        write_named(&dir, &[file("id", "one"), file("id-cert.pub", "cert")]).expect("written");
        assert_eq!(modes(&dir.join("id")), 0o600);
        write_named(&dir, &[file("id", "two"), file("id-cert.pub", "cert")]).expect("ours may be replaced");
        assert_eq!(std::fs::read_to_string(dir.join("id")).expect("there"), "two");
        // Somebody put their own key there meanwhile.
        std::fs::write(dir.join("id"), "precious").expect("written");
        let error = write_named(&dir, &[file("id-cert.pub", "new"), file("id", "three")]).expect_err("not ours");
        assert!(error.message.contains("is not ours"), "{error}");
        assert_eq!(std::fs::read_to_string(dir.join("id")).expect("there"), "precious");
        assert_eq!(std::fs::read_to_string(dir.join("id-cert.pub")).expect("there"), "cert", "all or nothing");
    }

    #[test]
    fn a_link_is_not_followed() {
        let base = tempfile::tempdir().expect("a directory");
        let precious = base.path().join("precious");
        std::fs::write(&precious, "mine").expect("written");
        let dir = base.path().join("keys");
        DirBuilder::new().mode(0o700).create(&dir).expect("made");
        std::os::unix::fs::symlink(&precious, dir.join("id")).expect("a link");
        assert!(write_named(&dir, &[file("id", "new")]).is_err());
        assert_eq!(std::fs::read_to_string(&precious).expect("there"), "mine");
    }
}
