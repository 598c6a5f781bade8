//! Verifying an export offline: one reading, whatever its length, in little memory.
//!
//! `docs/audit-format.md` says what is checked, in which order and which entry is named; a second program, written from
//! that page alone, must agree with this one.

mod edge;
mod leaf;
mod line;
mod report;

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, Read as _};

use jit_types::Digest;

use super::checkpoint::{Checkpoint, origin};
use super::note::VerifierKey;
use super::tree::leaf_hash;

use edge::{Compared, Edge, Entries};
use leaf::Leaf;
use line::{Header, Line, Shown, State};

pub use leaf::ERASED;
pub use report::{Fault, FaultKind, Pins, Report};

/// The longest line that is read: more is an attack on the reader's memory.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// Verifies an export.
///
/// # Errors
/// When the file can't be read. Everything that is wrong *in* the file is in the report.
pub fn verify<R: BufRead>(mut reader: R, pins: &Pins) -> io::Result<Report> {
    let mut buffer = Vec::with_capacity(4096);
    let mut leaf = String::new();
    let header = match next_line(&mut reader, &mut buffer)? {
        Next::Line(text) => Header::read(text),
        Next::End | Next::Broken => None,
    };
    let mut verifier = match Verifier::begin(header, pins) {
        Ok(verifier) => verifier,
        Err(fault) => return Ok(Report { fault: Some(fault), ..Report::default() }),
    };
    let stopped = loop {
        if let Err(fault) = verifier.pinned_here() {
            break Some(fault);
        }
        let step = match next_line(&mut reader, &mut buffer)? {
            Next::End => break None,
            Next::Broken => Err(verifier.broken(FaultKind::Line, "the line is not one of an export")),
            Next::Line(text) => verifier.line(text, &mut leaf),
        };
        if let Err(fault) = step {
            break Some(fault);
        }
    };
    Ok(verifier.end(stopped))
}

enum Next<'a> {
    Line(&'a str),
    /// Cut off, too long, or not UTF-8.
    Broken,
    End,
}

fn next_line<'a, R: BufRead>(reader: &mut R, buffer: &'a mut Vec<u8>) -> io::Result<Next<'a>> {
    buffer.clear();
    reader.by_ref().take(LONGEST_LINE).read_until(b'\n', buffer)?;
    if buffer.is_empty() {
        return Ok(Next::End);
    }
    let text = buffer.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
    Ok(text.map_or(Next::Broken, Next::Line))
}

fn fault(kind: FaultKind, entries: Option<Entries>, what: &str) -> Fault {
    Fault { kind, entries, what: what.to_owned() }
}

struct Verifier {
    key: VerifierKey,
    /// How many entries the header promises.
    promised: u64,
    /// Pinned checkpoints that are still to come, the smallest last.
    pins: Vec<Checkpoint>,
    /// The size of the last pinned checkpoint that the log was found to continue.
    pinned: u64,
    edge: Edge,
    /// The first entry since the last good checkpoint whose stored hash is not its own.
    suspect: Option<u64>,
    /// Erased subjects, and the first entry that lacks a text of a subject.
    erased: HashSet<String>,
    lacking: HashMap<String, (u64, u64)>,
    /// The first opening that does not hold: reading goes on after it.
    opening: Option<Fault>,
    report: Report,
}

impl Verifier {
    fn begin(header: Option<Header>, pins: &Pins) -> Result<Self, Fault> {
        let header = header.ok_or_else(|| fault(FaultKind::Header, None, "the file is not an audit export"))?;
        let told = header.vkey.parse::<VerifierKey>().ok().filter(|key| {
            key.name() == header.origin && key.to_string() == header.vkey && header.origin == origin(header.house)
        });
        let key = told.ok_or_else(|| fault(FaultKind::Header, None, "the file's house, origin and key don't agree"))?;
        if pins.key.as_ref().is_some_and(|pinned| *pinned != key) {
            return Err(fault(FaultKind::Key, None, "the file names another key than the pinned one"));
        }
        let foreign = |_| fault(FaultKind::Pin, None, "a pinned checkpoint is not signed by this log's key");
        let mut checkpoints: Vec<Checkpoint> = pins
            .checkpoints
            .iter()
            .map(|note| Checkpoint::open(note, &key).map_err(foreign))
            .collect::<Result<_, _>>()?;
        checkpoints.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.size));
        let report = Report {
            house: Some(header.house),
            key: Some(key.to_string()),
            key_pinned: pins.key.is_some(),
            ..Report::default()
        };
        Ok(Self {
            key,
            promised: header.entries,
            pins: checkpoints,
            pinned: 0,
            edge: Edge::default(),
            suspect: None,
            erased: HashSet::new(),
            lacking: HashMap::new(),
            opening: None,
            report,
        })
    }

    /// A fault of the file's order at this place: an earlier entry that contradicts its stored hash is named instead.
    fn broken(&self, kind: FaultKind, what: &str) -> Fault {
        let first = self.suspect.unwrap_or(self.edge.size());
        fault(kind, Some((first, first)), what)
    }

    /// Compares with the pinned checkpoints of exactly this size.
    fn pinned_here(&mut self) -> Result<(), Fault> {
        while let Some(pin) = self.pins.pop_if(|pin| pin.size == self.edge.size()) {
            self.compare(&pin.root, self.pinned, FaultKind::Fork, "not what the pinned checkpoint says")?;
            self.pinned = pin.size;
            self.report.pins += 1;
        }
        Ok(())
    }

    fn compare(&self, root: &Digest, since: u64, kind: FaultKind, what: &str) -> Result<(), Fault> {
        let size = self.edge.size();
        let last = size.saturating_sub(1);
        let entries = match self.edge.compare_root(root) {
            Compared::Same => return Ok(()),
            Compared::Differs((first, last)) => (first.max(since), last),
            Compared::Unlocated => (since, last),
        };
        Err(fault(kind, (size > since).then_some(entries), what))
    }

    fn line(&mut self, text: &str, leaf: &mut String) -> Result<(), Fault> {
        match Line::read(text, leaf) {
            Some(Line::Entry { n, leaf, openings, nodes }) => self.entry(n, &leaf, &openings, &nodes),
            Some(Line::Checkpoint(note)) => self.checkpoint(&note),
            None => Err(self.broken(FaultKind::Line, "the line is not one of an export")),
        }
    }

    fn entry(&mut self, n: u64, text: &str, openings: &[Shown<'_>], nodes: &[Option<Digest>]) -> Result<(), Fault> {
        if n != self.edge.size() {
            return Err(self.broken(FaultKind::Order, "the entry that must stand here does not"));
        }
        if n >= self.promised {
            return Err(self.broken(FaultKind::Order, "there are more entries than the header says"));
        }
        if !nodes.is_empty() && nodes.len() != self.edge.completes() {
            return Err(self.broken(FaultKind::Line, "the entry has not as many nodes as it completes"));
        }
        let leaf: Option<Leaf<'_>> = serde_json::from_str(text).ok();
        let Some(leaf) = leaf.filter(|leaf| leaf.v == 1) else {
            return Err(self.broken(FaultKind::Line, "the leaf is not an event"));
        };
        let hash = leaf_hash(text.as_bytes());
        if self.suspect.is_none() && nodes.first().copied().flatten().is_some_and(|stored| stored != hash) {
            self.suspect = Some(n);
        }
        self.edge.append(hash, nodes);
        self.report.entries += 1;
        if let Some(subject) = leaf.erases() {
            self.erased.insert(subject.to_owned());
        }
        if !(self.openings(n, &leaf, openings) || self.opening.is_some()) {
            let what = "a text is not the one that was committed to";
            self.opening = Some(fault(FaultKind::Opening, Some((n, n)), what));
        }
        Ok(())
    }

    /// Compares an entry's openings with its commitments. Says whether they hold; erased ones are judged at the end.
    fn openings(&mut self, n: u64, leaf: &Leaf<'_>, shown: &[Shown<'_>]) -> bool {
        let commitments = &leaf.fields.0;
        let strays = shown.iter().enumerate().any(|(i, opening)| {
            let twice = shown.iter().take(i).any(|earlier| earlier.id == opening.id);
            twice || !commitments.iter().any(|c| c.opening == opening.id)
        });
        let mut holds = !strays;
        for committed in commitments {
            let state = shown.iter().find(|opening| opening.id == committed.opening).map(|o| o.state(committed));
            match state {
                Some(State::Holds) => self.report.opened += 1,
                Some(State::Sealed) => self.report.sealed += 1,
                Some(State::Wrong) => holds = false,
                Some(State::Erased) | None => {
                    if let Some((_, count)) = self.lacking.get_mut(&*committed.subject) {
                        *count += 1;
                    } else {
                        self.lacking.insert(committed.subject.to_owned(), (n, 1));
                    }
                }
            }
        }
        holds
    }

    fn checkpoint(&mut self, note: &str) -> Result<(), Fault> {
        let Ok(checkpoint) = Checkpoint::open(note, &self.key) else {
            return Err(fault(FaultKind::Checkpoint, None, "a checkpoint in the file is not signed by the log's key"));
        };
        if checkpoint.size != self.edge.size() {
            return Err(self.broken(FaultKind::Order, "a checkpoint stands here that counts another number of entries"));
        }
        self.compare(&checkpoint.root, self.report.size, FaultKind::Changed, "not what was signed")?;
        self.edge.confirm();
        self.suspect = None;
        self.report.size = checkpoint.size;
        self.report.root = Some(checkpoint.root);
        self.report.checkpoints += 1;
        Ok(())
    }

    fn end(mut self, stopped: Option<Fault>) -> Report {
        let size = self.edge.size();
        let mut faults = Vec::from_iter(self.opening.take());
        match stopped {
            Some(fault) => faults.push(fault),
            None if size < self.promised => {
                faults.push(self.broken(FaultKind::Truncated, "there are fewer entries than the header says"));
            }
            None if !self.pins.is_empty() => {
                faults.push(self.broken(FaultKind::Truncated, "a pinned checkpoint counts more entries"));
            }
            None if self.report.checkpoints == 0 || self.report.size != size => {
                let entries = (size > self.report.size).then(|| (self.report.size, size - 1));
                faults.push(fault(FaultKind::Unsigned, entries, "no checkpoint stands behind the last entry"));
            }
            None => {
                let (mut first, mut erased) = (None, 0);
                for (subject, (n, count)) in &self.lacking {
                    if self.erased.contains(subject) {
                        erased += count;
                    } else {
                        first = Some(first.map_or(*n, |f: u64| f.min(*n)));
                    }
                }
                self.report.erased = erased;
                if let Some(n) = first {
                    let what = "a text is missing, and no event says that it was erased";
                    faults.push(fault(FaultKind::Missing, Some((n, n)), what));
                }
            }
        }
        self.report.strange_nodes = self.edge.strange_nodes;
        // The one that begins with the smallest entry; of two that do, the one found first.
        self.report.fault = faults.into_iter().min_by_key(|f| f.entries.map_or(u64::MAX, |(first, _)| first));
        self.report
    }
}
