//! One batch: load all that its steps stand on, play them one after the other in memory, save what changed.
//!
//! A pure step either succeeds or is refused, so no savepoint is needed: a refused step leaves the state alone, and when
//! the commit fails nothing of the batch has happened.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};

use jit_life::{Effect, EffectKind, Facts, Request, Step};
use jit_types::{Digest, Event, RequestId, Subject, Timestamp};
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::super::{AnswerKey, Job, Leased, Played, StoreError, Write};
use super::rows::{EffectRow, key, kind_text};
use super::{Work, rows, writer};
use crate::audit::{Appender, Node, SealedOpening, Sealer};

/// Who waits for an answer, and the answer that they get once the commit stands.
pub(super) type To<T> = oneshot::Sender<Result<T, StoreError>>;
type Waiting<T> = (To<T>, Result<T, StoreError>);

/// What is kept of an answer given before.
struct Kept {
    body: String,
    reply: String,
    extra: Option<String>,
}

/// An answer to keep.
pub(super) struct NewAnswer {
    pub(super) answer: AnswerKey,
    pub(super) reply: String,
    pub(super) at: Timestamp,
}

/// A lease that is asked for, and what it gives.
struct Lease {
    to: To<Vec<Leased>>,
    now: Timestamp,
    until: Timestamp,
    most: usize,
    leased: Vec<Leased>,
}

/// What an effect's row will be.
#[derive(Default)]
pub(super) struct EffectChange {
    /// What is there goes first.
    pub(super) delete: bool,
    /// What is there is only set free.
    pub(super) free: bool,
    /// What is put.
    pub(super) put: Option<EffectRow>,
}

pub(super) struct LogRow {
    pub(super) n: u64,
    pub(super) leaf: String,
    pub(super) event: Event,
}

pub(super) struct Batch {
    works: Vec<Work>,
    plays: Vec<Waiting<Played>>,
    writes: Vec<Waiting<()>>,
    leases: Vec<Lease>,
    states: HashMap<RequestId, Option<Request>>,
    pub(super) dirty: HashSet<RequestId>,
    taken: HashMap<String, RequestId>,
    open: HashMap<Subject, u32>,
    fences: HashMap<String, (i64, i64)>,
    answers: HashMap<String, Kept>,
    pub(super) new_answers: Vec<NewAnswer>,
    pub(super) effects: BTreeMap<String, EffectChange>,
    pub(super) log: Vec<LogRow>,
    pub(super) nodes: Vec<Node>,
    pub(super) openings: Vec<SealedOpening>,
    pub(super) other: Vec<Write>,
}

/// Where versions and fences of effects come from: none is given twice, also not to an effect that was done and put anew,
/// so that who was leased the old one can't be taken for who was leased the new one.
static NUMBER: AtomicI64 = AtomicI64::new(1);

/// The next version or fence of an effect.
pub(super) fn next_number() -> i64 {
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// Goes on after the numbers that a store holds already.
pub(super) fn numbers_after(highest: i64) {
    NUMBER.fetch_max(highest.saturating_add(1), Ordering::Relaxed);
}

impl Batch {
    pub(super) fn new(works: Vec<Work>) -> Self {
        Self {
            works,
            plays: Vec::new(),
            writes: Vec::new(),
            leases: Vec::new(),
            states: HashMap::new(),
            dirty: HashSet::new(),
            taken: HashMap::new(),
            open: HashMap::new(),
            fences: HashMap::new(),
            answers: HashMap::new(),
            new_answers: Vec::new(),
            effects: BTreeMap::new(),
            log: Vec::new(),
            nodes: Vec::new(),
            openings: Vec::new(),
            other: Vec::new(),
        }
    }

    fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.works.iter().filter_map(|work| if let Work::Play(job, _) = work { Some(job.as_ref()) } else { None })
    }

    /// Reads what the steps stand on, each kind of thing with one statement.
    pub(super) async fn load(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let ids: Vec<String> = self.jobs().map(|job| job.request.to_string()).collect();
        let keys: Vec<String> = self.jobs().filter_map(|job| job.facts.map(|(_, key)| key.to_string())).collect();
        let people: Vec<String> = self.jobs().filter_map(|job| job.facts.map(|(who, _)| who.to_string())).collect();
        let done: Vec<String> =
            self.jobs().filter_map(|job| job.done.as_ref()).map(|d| key(d.request, &d.kind)).collect();
        let answers: Vec<String> =
            self.jobs().filter_map(|job| job.answer.as_ref().map(|a| a.key.to_string())).collect();
        let absent = self.jobs().map(|job| (job.request, None)).collect();
        self.states = absent;
        if !ids.is_empty() {
            let rows: Vec<(String,)> =
                sqlx::query_as("SELECT state FROM requests WHERE id IN (SELECT value FROM json_each($1))")
                    .bind(json(&ids))
                    .fetch_all(&mut *connection)
                    .await?;
            for (state,) in rows {
                let request = rows::request(&state)?;
                self.states.insert(request.id, Some(request));
            }
        }
        if !keys.is_empty() {
            let rows: Vec<(String, String)> =
                sqlx::query_as("SELECT open_key, id FROM requests WHERE open_key IN (SELECT value FROM json_each($1))")
                    .bind(json(&keys))
                    .fetch_all(&mut *connection)
                    .await?;
            for (key, id) in rows {
                self.taken.insert(key, parse(&id)?);
            }
            let rows: Vec<(String, i64)> = sqlx::query_as(
                "SELECT subject, count(*) FROM requests
                 WHERE open_key IS NOT NULL AND subject IN (SELECT value FROM json_each($1)) GROUP BY subject",
            )
            .bind(json(&people))
            .fetch_all(&mut *connection)
            .await?;
            for (subject, count) in rows {
                self.open.insert(parse(&subject)?, u32::try_from(count).unwrap_or(u32::MAX));
            }
        }
        if !done.is_empty() {
            let rows: Vec<(String, i64, i64)> = sqlx::query_as(
                "SELECT key, fence, version FROM effects WHERE key IN (SELECT value FROM json_each($1))",
            )
            .bind(json(&done))
            .fetch_all(&mut *connection)
            .await?;
            self.fences = rows.into_iter().map(|(key, fence, version)| (key, (fence, version))).collect();
        }
        if !answers.is_empty() {
            let rows: Vec<(String, String, String, Option<String>)> = sqlx::query_as(
                "SELECT key, body, reply, extra FROM answers WHERE key IN (SELECT value FROM json_each($1))",
            )
            .bind(json(&answers))
            .fetch_all(&mut *connection)
            .await?;
            self.answers =
                rows.into_iter().map(|(key, body, reply, extra)| (key, Kept { body, reply, extra })).collect();
        }
        Ok(())
    }

    /// Plays all that was asked, in the order in which it came.
    pub(super) fn play(&mut self, sealer: &Sealer, appender: &mut Appender) {
        for work in std::mem::take(&mut self.works) {
            match work {
                Work::Play(job, to) => {
                    let played = self.play_one(*job, sealer, appender);
                    self.plays.push((to, played));
                }
                Work::Write(writes, events, openings, to) => {
                    let result = self.record(events, sealer, appender).map(|()| {
                        self.openings.extend(openings);
                        self.other.extend(writes);
                    });
                    self.writes.push((to, result));
                }
                Work::Lease { now, until, most, to } => {
                    self.leases.push(Lease { to, now, until, most, leased: Vec::new() });
                }
            }
        }
    }

    fn play_one(&mut self, mut job: Job, sealer: &Sealer, appender: &mut Appender) -> Result<Played, StoreError> {
        if let Some(answer) = &job.answer
            && let Some(kept) = self.answers.get(&answer.key.to_string())
        {
            if kept.body != answer.body.to_string() {
                return Err(StoreError::KeyReused);
            }
            let extra = kept.extra.clone();
            let reply = serde_json::from_str(&kept.reply).map_err(|_| StoreError::Damaged("an answer".to_owned()))?;
            let request = self.states.get(&job.request).cloned().flatten();
            return Ok(Played { reply, request, replayed: Some(extra) });
        }
        if let Some(done) = &job.done {
            match self.fences.get(&key(done.request, &done.kind)) {
                Some((fence, _)) if *fence == done.fence => {}
                _ => return Err(StoreError::Fenced),
            }
        }
        let facts = match job.facts {
            None => Facts::default(),
            Some((subject, key)) => Facts {
                same: self.taken.get(&key.to_string()).copied(),
                open_of_person: self.open.get(&subject).copied().unwrap_or(0),
            },
        };
        let before = self.states.get(&job.request).and_then(Option::as_ref);
        let Step { state, events, effects, drop, reply } = (job.play)(before, &facts);
        self.record(events, sealer, appender)?;
        self.openings.append(&mut job.openings);
        if let Some(done) = &job.done {
            self.finish(done);
        }
        for kind in drop {
            let change = self.effects.entry(key(Some(job.request), &kind)).or_default();
            *change = EffectChange { delete: true, free: false, put: None };
        }
        for effect in effects {
            self.put(job.request, &effect);
        }
        if let Some(state) = state {
            self.follow(&state);
            self.dirty.insert(job.request);
            self.states.insert(job.request, Some(state));
        }
        if let Some(answer) = job.answer
            && let Ok(text) = serde_json::to_string(&reply)
        {
            let kept = Kept { body: answer.body.to_string(), reply: text.clone(), extra: None };
            self.answers.insert(answer.key.to_string(), kept);
            self.new_answers.push(NewAnswer { answer, reply: text, at: job.at });
        }
        Ok(Played { reply, request: self.states.get(&job.request).cloned().flatten(), replayed: None })
    }

    /// Keeps the facts of later steps in this batch true.
    fn follow(&mut self, state: &Request) {
        let was_open = self.states.get(&state.id).and_then(Option::as_ref).is_some_and(Request::open);
        let key = state.own_key().to_string();
        match (was_open, state.open()) {
            (false, true) => {
                self.taken.insert(key, state.id);
                *self.open.entry(state.subject).or_insert(0) += 1;
            }
            (true, false) => {
                self.taken.remove(&key);
                self.open.entry(state.subject).and_modify(|n| *n = n.saturating_sub(1));
            }
            _ => {}
        }
    }

    /// An effect whose outcome has come: gone, unless it was replaced meanwhile; then the new one is set free.
    fn finish(&mut self, done: &Leased) {
        let key = key(done.request, &done.kind);
        let replaced = self.fences.get(&key).is_some_and(|(_, version)| *version != done.version);
        self.fences.remove(&key);
        let change = self.effects.entry(key).or_default();
        if replaced || change.put.is_some() {
            change.free = true;
        } else {
            change.delete = true;
        }
    }

    fn put(&mut self, request: RequestId, effect: &Effect) {
        let key = key(Some(request), &effect.kind);
        // What belongs to a backend is nobody's request.
        let request = (!matches!(effect.kind, EffectKind::Publish(_))).then(|| request.to_string());
        let row = EffectRow {
            key: key.clone(),
            request,
            kind: kind_text(&effect.kind),
            due: effect.due.millis(),
            lane: effect.lane.clone(),
            leased_until: effect.leased_until.map(Timestamp::millis),
            version: next_number(),
        };
        self.effects.entry(key).or_default().put = Some(row);
    }

    /// Seals events and gives them their places in the log.
    fn record(&mut self, events: Vec<Event>, sealer: &Sealer, appender: &mut Appender) -> Result<(), StoreError> {
        let sealed = events
            .iter()
            .map(|event| sealer.seal(event))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| StoreError::Unsealed(e.to_string()))?;
        for (event, sealed) in events.into_iter().zip(sealed) {
            let appended = appender.append(sealed.leaf.as_bytes());
            self.nodes.extend(appended.nodes);
            self.log.push(LogRow { n: appended.index, leaf: sealed.leaf, event });
            self.openings.extend(sealed.openings);
        }
        Ok(())
    }

    /// The requests that changed.
    pub(super) fn changed(&self) -> impl Iterator<Item = &Request> {
        self.dirty.iter().filter_map(|id| self.states.get(id).and_then(Option::as_ref))
    }

    /// Leases, once all else of the batch is in the file.
    pub(super) async fn lease(&mut self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let mut any = false;
        for lease in &mut self.leases {
            lease.leased = writer::lease(connection, lease.now, lease.until, lease.most).await?;
            any |= !lease.leased.is_empty();
        }
        Ok(any)
    }

    pub(super) fn answer(self) {
        for (to, played) in self.plays {
            let _ = to.send(played);
        }
        for (to, result) in self.writes {
            let _ = to.send(result);
        }
        for lease in self.leases {
            let _ = lease.to.send(Ok(lease.leased));
        }
    }

    pub(super) fn fail(self, error: &StoreError) {
        for work in self.works {
            match work {
                Work::Play(_, to) => drop(to.send(Err(error.clone()))),
                Work::Write(.., to) => drop(to.send(Err(error.clone()))),
                Work::Lease { to, .. } => drop(to.send(Err(error.clone()))),
            }
        }
        for (to, _) in self.plays {
            let _ = to.send(Err(error.clone()));
        }
        for (to, _) in self.writes {
            let _ = to.send(Err(error.clone()));
        }
        for lease in self.leases {
            let _ = lease.to.send(Err(error.clone()));
        }
    }
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    // Lists of strings and of our own rows are always JSON.
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn parse<T: std::str::FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged("an id".to_owned()))
}

/// Text of a digest, for a column.
pub(super) fn hex(digest: &Digest) -> String {
    digest.to_string()
}
