//! Putting files in place: each is the old one or the new one at every moment, whenever the power goes.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::super::backup::manifest::{ALWAYS, KEYS};
use super::{Error, failed};
use crate::state;

/// What SQLite keeps beside a file. With a file that it does not belong to it is worse than nothing.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// The file that whoever uses the directory has locked; made by us where it is new.
const LOCK: &str = "lock";

/// The files of a house, without the locks and what the same user's own client keeps beside them.
pub(super) fn files() -> impl Iterator<Item = &'static str> {
    ALWAYS.into_iter().chain(KEYS)
}

/// Files that are ready to be put in place; gone unless they were.
pub(super) struct Staged(PathBuf);

impl Staged {
    /// Makes the place for them, on the same file system.
    pub(super) fn new(directory: &Path) -> Result<Self, Error> {
        let path = directory.join("restore.new");
        // Left over from a restore that was killed: whoever has the lock is the only one here.
        drop(fs::remove_dir_all(&path));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|e| failed(format!("{} can't be made: {}", path.display(), e.kind())))?;
        Ok(Self(path))
    }

    /// Where they are.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Puts them in place, and what was there aside. Says where that is, where there was anything.
    pub(super) fn put(self, directory: &Path, now: &str, high_water: u64) -> Result<Option<PathBuf>, Error> {
        let io = |e: std::io::Error| failed(format!("{} can't be changed: {}", directory.display(), e.kind()));
        let staged: Vec<&str> = files().filter(|name| self.0.join(name).exists()).collect();
        self.give_away(directory, &staged).map_err(io)?;
        // First of all, so that even a store that is put in place by halves is known to have gone back.
        fs::write(self.0.join(state::HIGH_WATER), format!("{high_water}\n")).map_err(io)?;
        self.give_away(directory, &[state::HIGH_WATER]).map_err(io)?;
        self.give_away_one(directory, &directory.join(LOCK)).map_err(io)?;
        fs::rename(self.0.join(state::HIGH_WATER), directory.join(state::HIGH_WATER)).map_err(io)?;
        let old: Vec<&str> = staged.iter().copied().filter(|name| directory.join(name).exists()).collect();
        let mut aside = None;
        if !old.is_empty() {
            let stamp: String = now.chars().filter(char::is_ascii_alphanumeric).collect();
            let to = directory.join(format!("before-restore-{stamp}"));
            DirBuilder::new().mode(0o700).create(&to).map_err(io)?;
            self.give_away_one(directory, &to).map_err(io)?;
            for name in old {
                fs::hard_link(directory.join(name), to.join(name)).map_err(io)?;
                for end in BESIDE {
                    let beside = format!("{name}{end}");
                    if directory.join(&beside).exists() {
                        fs::rename(directory.join(&beside), to.join(&beside)).map_err(io)?;
                    }
                }
            }
            sync(&to).map_err(io)?;
            aside = Some(to);
        }
        for name in staged {
            fs::rename(self.0.join(name), directory.join(name)).map_err(io)?;
        }
        sync(directory).map_err(io)?;
        Ok(aside)
    }

    /// Gives the files to whom the directory belongs, where root restores for the broker's user.
    fn give_away(&self, directory: &Path, names: &[&str]) -> std::io::Result<()> {
        names.iter().try_for_each(|name| self.give_away_one(directory, &self.0.join(name)))
    }

    fn give_away_one(&self, directory: &Path, path: &Path) -> std::io::Result<()> {
        let (owner, now) = (directory.metadata()?, path.metadata()?);
        if (owner.uid(), owner.gid()) == (now.uid(), now.gid()) {
            return Ok(());
        }
        std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid()))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn sync(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}
