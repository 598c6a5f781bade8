//! What a backup consists of: a list of its files with their digests, written last, so that half a backup is none.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use jit_types::{HouseId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::state;

/// The manifest's own name.
pub(in crate::cli) const MANIFEST: &str = "manifest.json";
/// The only form there is.
const FORMAT: &str = "jit backup v1";
/// What every backup holds, in the order in which it is copied: a leaf's openings are written before the leaf, so that a
/// later copy of the openings has all that an earlier copy of the log commits to.
pub(in crate::cli) const ALWAYS: [&str; 3] = [state::HOUSE, state::STORE, state::OPENINGS];
/// What it holds only where it was asked for.
pub(in crate::cli) const KEYS: [&str; 2] = [state::KEYS, state::CHECKPOINT_KEY];

/// The list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Manifest {
    format: String,
    /// Whose it is.
    pub(in crate::cli) house: HouseId,
    /// The version of the program that made it.
    pub(in crate::cli) version: String,
    /// When it was made.
    pub(in crate::cli) made: Timestamp,
    /// How many entries its log has.
    pub(in crate::cli) log_size: u64,
    /// Whether the keys are in it.
    pub(in crate::cli) with_keys: bool,
    /// The files.
    pub(in crate::cli) files: Vec<Listed>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Listed {
    /// Its name.
    pub(in crate::cli) name: String,
    /// How many bytes it has.
    pub(in crate::cli) size: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub(in crate::cli) sha256: String,
}

impl Manifest {
    /// Lists the files that lie in a directory.
    ///
    /// # Errors
    /// When one can't be read, as a sentence.
    pub(super) fn of(
        directory: &Path,
        house: HouseId,
        made: Timestamp,
        log_size: u64,
        with_keys: bool,
    ) -> Result<Self, String> {
        let names = ALWAYS.iter().chain(KEYS.iter().filter(|_| with_keys));
        let files = names.map(|name| listed(directory, name)).collect::<Result<_, _>>()?;
        let version = crate::api::VERSION.to_owned();
        Ok(Self { format: FORMAT.to_owned(), house, version, made, log_size, with_keys, files })
    }

    /// Reads the list of a backup.
    ///
    /// # Errors
    /// When there is none, it is none, or it lists anything but the files of a backup, as a sentence.
    pub(in crate::cli) fn read(directory: &Path) -> Result<Self, String> {
        let path = directory.join(MANIFEST);
        let file = File::open(&path).map_err(|e| format!("{} can't be read: {}", path.display(), e.kind()))?;
        let mut text = String::new();
        let read = file.take(1 << 20).read_to_string(&mut text);
        read.map_err(|e| format!("{} can't be read: {}", path.display(), e.kind()))?;
        let manifest: Self =
            serde_json::from_str(&text).map_err(|_| format!("{} is no list of a backup", path.display()))?;
        if manifest.format != FORMAT {
            return Err(format!("{} is of a form that this version does not know", path.display()));
        }
        let wanted: Vec<&str> = ALWAYS.iter().chain(KEYS.iter().filter(|_| manifest.with_keys)).copied().collect();
        let has: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
        if wanted != has {
            return Err(format!("{} does not list the files of a backup", path.display()));
        }
        Ok(manifest)
    }

    /// Makes sure that the listed files lie in a directory, byte for byte.
    ///
    /// # Errors
    /// Which one does not, as a sentence.
    pub(in crate::cli) fn verify(&self, directory: &Path) -> Result<(), String> {
        self.files.iter().try_for_each(|file| {
            let now = listed(directory, &file.name)?;
            if now == *file { Ok(()) } else { Err(format!("{} is not the file that was backed up", file.name)) }
        })
    }
}

fn listed(directory: &Path, name: &str) -> Result<Listed, String> {
    let io = |e: std::io::Error| format!("{} can't be read: {}", directory.join(name).display(), e.kind());
    let mut file = File::open(directory.join(name)).map_err(io)?;
    let mut hasher = Sha256::new();
    let size = std::io::copy(&mut file, &mut hasher).map_err(io)?;
    Ok(Listed { name: name.to_owned(), size, sha256: hex::encode(hasher.finalize()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(directory: &Path) -> Manifest {
        for name in ALWAYS {
            std::fs::write(directory.join(name), name).expect("written");
        }
        let house = HouseId::from_parts(Timestamp::EPOCH, [7; 10]);
        let manifest = Manifest::of(directory, house, Timestamp::EPOCH, 3, false).expect("a list");
        std::fs::write(directory.join(MANIFEST), serde_json::to_vec(&manifest).expect("JSON")).expect("written");
        manifest
    }

    #[test]
    fn it_reads_back_and_every_changed_byte_is_seen() {
        let dir = tempfile::tempdir().expect("a directory");
        let manifest = made(dir.path());
        assert_eq!(Manifest::read(dir.path()), Ok(manifest.clone()));
        assert_eq!(manifest.verify(dir.path()), Ok(()));
        for name in ALWAYS {
            let whole = std::fs::read(dir.path().join(name)).expect("it");
            let mut bent = whole.clone();
            bent[0] ^= 1;
            std::fs::write(dir.path().join(name), bent).expect("written");
            assert!(manifest.verify(dir.path()).expect_err("changed").contains(name));
            std::fs::remove_file(dir.path().join(name)).expect("removed");
            assert!(manifest.verify(dir.path()).is_err(), "missing");
            std::fs::write(dir.path().join(name), whole).expect("written");
        }
    }

    #[test]
    fn a_list_can_not_reach_out_of_its_directory() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut manifest = made(dir.path());
        for name in ["../house.db", "/etc/passwd", "lock", "keys.db"] {
            manifest.files[1].name = name.to_owned();
            std::fs::write(dir.path().join(MANIFEST), serde_json::to_vec(&manifest).expect("JSON")).expect("written");
            assert!(Manifest::read(dir.path()).is_err(), "{name}");
        }
        manifest.files.clear();
        std::fs::write(dir.path().join(MANIFEST), serde_json::to_vec(&manifest).expect("JSON")).expect("written");
        assert!(Manifest::read(dir.path()).is_err(), "empty is no backup");
    }
}
