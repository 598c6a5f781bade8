//! Writing an export: a file from which the whole log can be verified without the house. `docs/audit-format.md` has it
//! byte for byte.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jit_types::{Digest, HouseId, OpeningId, Timestamp};
use serde::Serialize;

use super::note::VerifierKey;
use super::opening::{Opening, SealedOpening};

/// What the first line calls the file.
pub const FORMAT: &str = "jit-audit-export";
/// The version of the format that is written and read.
pub const VERSION: u64 = 1;

/// What stands in an export for one opening that a leaf refers to.
pub enum Shown<'a> {
    /// The text, for whoever may read it; the verifier compares it with its commitment.
    Opened(&'a Opening),
    /// The sealed text: that it is there can be seen, what it says can't.
    Sealed(&'a SealedOpening),
    /// Its key was destroyed, or it is missing: the verifier wants to see the event of the erasure.
    Erased(OpeningId),
}

#[derive(Serialize)]
struct Header<'a> {
    format: &'a str,
    version: u64,
    house: HouseId,
    origin: &'a str,
    vkey: String,
    exported: Timestamp,
    entries: u64,
}

#[derive(Serialize)]
struct Entry<'a> {
    n: u64,
    leaf: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    openings: Vec<ShownLine<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    nodes: &'a [Option<Digest>],
}

#[derive(Serialize)]
#[serde(untagged)]
enum ShownLine<'a> {
    Opened { id: OpeningId, salt: String, field: &'a str, value: &'a str },
    Sealed { id: OpeningId, nonce: String, ciphertext: String },
    Erased { id: OpeningId, erased: bool },
}

#[derive(Serialize)]
struct CheckpointLine<'a> {
    checkpoint: &'a str,
}

impl<'a> From<&Shown<'a>> for ShownLine<'a> {
    fn from(shown: &Shown<'a>) -> Self {
        match *shown {
            Shown::Opened(o) => {
                Self::Opened { id: o.id, salt: hex::encode(o.salt.as_slice()), field: &o.field, value: &o.json }
            }
            Shown::Sealed(s) => {
                Self::Sealed { id: s.id, nonce: STANDARD.encode(s.nonce), ciphertext: STANDARD.encode(&s.ciphertext) }
            }
            Shown::Erased(id) => Self::Erased { id, erased: true },
        }
    }
}

/// Writes an export line by line. The order is the log's: each entry, and after it the checkpoints that end with it; the
/// last line is a checkpoint over all entries.
pub struct Exporter<W> {
    out: W,
}

impl<W: Write> Exporter<W> {
    /// Begins the file.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn begin(out: W, house: HouseId, key: &VerifierKey, exported: Timestamp, entries: u64) -> io::Result<Self> {
        let mut exporter = Self { out };
        let vkey = key.to_string();
        let header = Header { format: FORMAT, version: VERSION, house, origin: key.name(), vkey, exported, entries };
        exporter.line(&header)?;
        Ok(exporter)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }

    /// Writes an entry: the leaf exactly as it is stored, what there is for each opening that it refers to, and the hashes
    /// of the subtrees that it completed as they are **stored**, from level 0 upwards, `None` where one is missing. They
    /// are never recomputed for the export: that they are an independent copy is what lets a verifier name a bad entry.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn entry(&mut self, n: u64, leaf: &str, openings: &[Shown<'_>], nodes: &[Option<Digest>]) -> io::Result<()> {
        self.line(&Entry { n, leaf, openings: openings.iter().map(ShownLine::from).collect(), nodes })
    }

    /// Writes a signed checkpoint over exactly the entries before it.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn checkpoint(&mut self, note: &str) -> io::Result<()> {
        self.line(&CheckpointLine { checkpoint: note })
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}
