//! The record: reading the audit log, signing its checkpoints, exporting it.

use std::collections::BTreeMap;
use std::io::Write;

use jit_life::policy::Caller;
use jit_types::{Commitment, Digest, Event, OpeningId, Subject};
use serde_json::Value;

use super::refusals::Attempt;
use crate::audit::export::{Exporter, Shown};
use crate::audit::tree::{self, Place};
use crate::audit::{KeyState, Opening, SealedOpening};
use crate::error::Error;
use crate::house::House;
use crate::store::{Entry, LogQuery, Write as StoreWrite};

/// How many entries an export reads at a time.
const CHUNK: u32 = 500;

/// An entry with what the reader may see behind its commitments.
pub struct Read {
    /// The entry.
    pub entry: Entry,
    /// The leaf, parsed.
    pub leaf: Value,
    /// The texts, by field.
    pub opened: BTreeMap<String, Value>,
}

impl House {
    /// Reads entries: everybody's for an administrator, one's own for everybody else.
    ///
    /// # Errors
    /// When the store can't be used.
    pub async fn read_log(&self, caller: &Caller, mut query: LogQuery) -> Result<Vec<Read>, Error> {
        let mut everything = true;
        if let Err(refused) = self.may_administer(caller, "log") {
            // Also where somebody else was asked for: then nothing is found, and the record says who looked.
            if query.subject.is_some_and(|subject| subject != caller.subject) {
                self.refuse(caller, Attempt::new("log.read"), refused).await;
                return Ok(Vec::new());
            }
            query.subject = Some(caller.subject);
            everything = false;
        }
        let entries = self.store().log().entries(query).await?;
        let mut read = Vec::with_capacity(entries.len());
        for entry in entries {
            let leaf: Value = serde_json::from_str(&entry.leaf).unwrap_or(Value::Null);
            if !everything && !shown_to(caller, &leaf) {
                continue;
            }
            let mut opened = BTreeMap::new();
            for (field, commitment) in commitments(&leaf) {
                if let Some(opening) = self.opening(&commitment).await?
                    && let Ok(value) = serde_json::from_str(&opening.json)
                {
                    opened.insert(field, value);
                }
            }
            read.push(Read { entry, leaf, opened });
        }
        Ok(read)
    }

    async fn opening(&self, commitment: &Commitment) -> Result<Option<Opening>, Error> {
        let KeyState::Alive(key) = self.parts.keys.key(commitment.subject) else { return Ok(None) };
        let found = self.parts.openings.get(&[commitment.opening]).await;
        let found = found.map_err(|e| Error::Unavailable(e.to_string()))?;
        Ok(found.get(&commitment.opening).and_then(|sealed| sealed.open_checked(&key, &commitment.digest).ok()))
    }

    /// The newest signed checkpoint; signs one where the log has grown since.
    ///
    /// # Errors
    /// When the store can't be used.
    pub async fn checkpoint(&self) -> Result<(u64, String), Error> {
        let (size, root) = self.store().log().head();
        let newest = self.store().log().checkpoints(size.saturating_sub(1)).await?.pop();
        if let Some((signed, note)) = newest
            && signed >= size
        {
            return Ok((signed, note));
        }
        let note = self.parts.signer.sign(size, root).map_err(|e| Error::Unavailable(e.to_string()))?;
        self.store().write(vec![StoreWrite::Checkpoint { size, note: note.clone() }], vec![], vec![]).await?;
        Ok((size, note))
    }

    /// The proof that the log of size `new` is the log of size `old`, grown (RFC 6962 §2.1.2).
    ///
    /// # Errors
    /// When the sizes are not the log's, or the store can't be used.
    pub async fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, Error> {
        let wanted = tree::needs(|look| tree::consistency_proof(old, new, &look).map(|_| ()));
        let mut known = BTreeMap::new();
        for place in wanted {
            let found = self.store().log().nodes((place.level, place.index), 1).await?;
            if let Some(node) = found.into_iter().find(|node| node.place == place) {
                known.insert((place.level, place.index), node.hash);
            }
        }
        let look = |place: Place| known.get(&(place.level, place.index)).copied();
        tree::consistency_proof(old, new, &look)
            .map_err(|_| Error::Unavailable("the log has no consistency proof between these sizes".to_owned()))
    }

    /// Writes an export of the whole log. With `open`, what may be read is written in clear; that is an event. `out` may
    /// block: it is written to where that holds up nobody.
    ///
    /// # Errors
    /// When the caller is no administrator, the store can't be used, or `out` fails.
    pub async fn export<W: Write + Send + 'static>(&self, caller: &Caller, open: bool, out: W) -> Result<W, Error> {
        self.administers(caller, "log", Attempt::new("audit.exported")).await?;
        let event = Event::new("audit.exported", self.now()).actor(caller.subject).field("opened", &open);
        self.store().write(vec![], vec![event], vec![]).await?;
        let (size, _) = self.checkpoint().await?;
        let (house, key, now) = (self.id(), self.parts.signer.verifier_key().clone(), self.now());
        let mut exporter = written(move || Exporter::begin(out, house, &key, now, size)).await?;
        let mut checkpoints = self.store().log().checkpoints(0).await?.into_iter().peekable();
        let mut from = 0;
        while from < size {
            let entries = self.store().log().entries(LogQuery { from, most: CHUNK, ..Default::default() }).await?;
            if entries.is_empty() {
                break;
            }
            let to = entries.last().map_or(size, |entry| entry.n + 1).min(size);
            let nodes = self.nodes(from, to).await?;
            let openings = self.sealed_of(&entries).await?;
            let mut lines = Vec::with_capacity(entries.len());
            for entry in entries.into_iter().filter(|entry| entry.n < size) {
                let texts = self.texts_of(&entry, &openings, open);
                let completed = (0..=entry.n.trailing_ones())
                    .map(|level| nodes.get(&(level as u8, entry.n >> level)).copied())
                    .collect();
                let mut note = None;
                while let Some((at, signed)) = checkpoints.next_if(|(at, _)| *at <= entry.n + 1) {
                    note = (at == entry.n + 1).then_some(signed);
                }
                lines.push(Line { entry, texts, completed, note });
            }
            exporter = written(move || {
                lines.iter().try_for_each(|line| line.write(&mut exporter))?;
                Ok(exporter)
            })
            .await?;
            from = to;
        }
        written(move || exporter.finish()).await
    }

    /// The stored nodes that entries `from..to` completed.
    async fn nodes(&self, from: u64, to: u64) -> Result<BTreeMap<(u8, u64), Digest>, Error> {
        let mut known = BTreeMap::new();
        for level in 0..64u8 {
            let (first, last) = (from >> level, to >> level);
            if first == last {
                break;
            }
            let count = usize::try_from(last - first).unwrap_or(usize::MAX);
            for node in self.store().log().nodes((level, first), count).await? {
                known.insert((node.place.level, node.place.index), node.hash);
            }
        }
        Ok(known)
    }

    async fn sealed_of(&self, entries: &[Entry]) -> Result<BTreeMap<OpeningId, SealedOpening>, Error> {
        let leaves = entries.iter().filter_map(|entry| serde_json::from_str::<Value>(&entry.leaf).ok());
        let ids: Vec<OpeningId> = leaves
            .flat_map(|leaf| commitments(&leaf).into_iter().map(|(_, c)| c.opening).collect::<Vec<_>>())
            .collect();
        self.parts.openings.get(&ids).await.map_err(|e| Error::Unavailable(e.to_string()))
    }

    fn texts_of(&self, entry: &Entry, sealed: &BTreeMap<OpeningId, SealedOpening>, open: bool) -> Vec<Text> {
        let leaf: Value = serde_json::from_str(&entry.leaf).unwrap_or(Value::Null);
        let one = |commitment: Commitment| {
            let Some(sealed) = sealed.get(&commitment.opening) else { return Text::Erased(commitment.opening) };
            match self.parts.keys.key(commitment.subject) {
                KeyState::Alive(key) if open => match sealed.open_checked(&key, &commitment.digest) {
                    Ok(opening) => Text::Opened(opening),
                    Err(_) => Text::Sealed(sealed.clone()),
                },
                KeyState::Alive(_) => Text::Sealed(sealed.clone()),
                KeyState::Destroyed | KeyState::Unknown => Text::Erased(commitment.opening),
            }
        };
        commitments(&leaf).into_iter().map(|(_, commitment)| one(commitment)).collect()
    }

    /// The subject of a person, where there is one: for reading the log by person.
    pub fn known_subject(&self, person: &jit_types::PersonId) -> Option<Subject> {
        self.parts.keys.subject(person)
    }
}

/// Whether somebody who is no administrator may read an entry that they are in.
///
/// What a stranger was refused names the request that they tried: they are not to learn from the record what the answer
/// did not tell. And who is limited to roles reads of those alone.
fn shown_to(caller: &Caller, leaf: &Value) -> bool {
    let is = |key: &str, value: &str| leaf.get(key).and_then(Value::as_str) == Some(value);
    let about_them = is("subject", &caller.subject.to_string());
    let reaches = caller.only_roles.as_ref().is_none_or(|only| only.iter().any(|role| is("role", role.as_str())));
    reaches && (about_them || !is("outcome", "refused"))
}

/// Writes where it holds up nobody: a disk, or whoever reads a pipe, may take its time.
async fn written<T: Send + 'static>(write: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Error> {
    let written = tokio::task::spawn_blocking(write).await;
    let written = written.map_err(|_| Error::Unavailable("the writer of an export has failed".to_owned()))?;
    written.map_err(|e| Error::Unavailable(format!("the export can't be written: {}", e.kind())))
}

/// An entry of an export, with all that stands beside it.
struct Line {
    entry: Entry,
    texts: Vec<Text>,
    completed: Vec<Option<Digest>>,
    /// The checkpoint over all entries up to this one.
    note: Option<String>,
}

impl Line {
    fn write<W: Write>(&self, exporter: &mut Exporter<W>) -> std::io::Result<()> {
        let shown: Vec<Shown<'_>> = self.texts.iter().map(Text::shown).collect();
        exporter.entry(self.entry.n, &self.entry.leaf, &shown, &self.completed)?;
        self.note.iter().try_for_each(|note| exporter.checkpoint(note))
    }
}

enum Text {
    Opened(Opening),
    Sealed(SealedOpening),
    Erased(OpeningId),
}

impl Text {
    fn shown(&self) -> Shown<'_> {
        match self {
            Self::Opened(opening) => Shown::Opened(opening),
            Self::Sealed(sealed) => Shown::Sealed(sealed),
            Self::Erased(id) => Shown::Erased(*id),
        }
    }
}

/// The commitments that stand in a leaf's fields, in the leaf's order.
fn commitments(leaf: &Value) -> Vec<(String, Commitment)> {
    #[derive(serde::Deserialize)]
    struct Stands {
        commitment: Digest,
        opening: OpeningId,
        subject: Subject,
    }
    let fields = leaf.get("fields").and_then(Value::as_object);
    fields
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| {
            let stands: Stands = serde_json::from_value(value.clone()).ok()?;
            let Stands { commitment, opening, subject } = stands;
            Some((name.clone(), Commitment { opening, subject, digest: commitment }))
        })
        .collect()
}
