//! One batch: load all that its steps stand on, play them one after the other in memory, save what changed.
//!
//! A pure step either succeeds or is refused, so no savepoint is needed: a refused step leaves the state alone, and when
//! the commit fails nothing of the batch has happened.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jit_life::{Facts, Refused, Request, Step};
use jit_types::{AskId, Digest, Event, RequestId, Subject, Timestamp};
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::super::{Job, Leased, Played, StoreError, Write};
use super::answers::{Kept, NewAnswer};
use super::fresh::Fresh;
use super::leases::Leases;
use super::outbox::held;
use super::persons::Barred;
use super::rows::{Columns, EffectRow, RequestRow, key};
use super::{Work, due, rows};
use crate::audit::{Appender, Node, SealedOpening, Sealer};

/// Who waits for an answer, and the answer that they get once the commit stands.
pub(super) type To<T> = oneshot::Sender<Result<T, StoreError>>;
type Waiting<T> = (To<T>, Result<T, StoreError>);

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
    /// What is put.
    pub(super) put: Option<EffectRow>,
}

pub(super) struct LogRow {
    pub(super) n: u64,
    pub(super) leaf: String,
    pub(super) event: Event,
}

pub(super) struct Batch {
    /// What is still to be played.
    pub(super) works: Vec<Work>,
    /// The log as it was before this batch, and its size and root after it.
    pub(super) before: Appender,
    pub(super) head: (u64, Digest),
    /// Whether its transaction has begun, to read what it stands on.
    pub(super) begun: bool,
    touched: Vec<RequestId>,
    /// What is written of the requests that changed.
    pub(super) rows: HashMap<RequestId, Result<RequestRow, StoreError>>,
    plays: Vec<Waiting<Played>>,
    erasures: Vec<Waiting<Result<(), Refused>>>,
    writes: Vec<Waiting<()>>,
    leases: Vec<Lease>,
    next: Vec<(To<Option<Timestamp>>, Option<Timestamp>)>,
    scrubs: Vec<To<()>>,
    /// Locks and erasures as this batch leaves them.
    pub(super) barred: Barred,
    pub(super) locks_changed: bool,
    pub(super) erasing: Vec<Subject>,
    /// The replies to their claims, as they are stored.
    pub(super) forgotten: Vec<String>,
    pub(super) states: HashMap<RequestId, Option<Arc<Request>>>,
    /// The requests that changed, and what stood beside their states before; nothing where they are new.
    pub(super) dirty: HashMap<RequestId, Option<Columns>>,
    pub(super) new_asks: Vec<(AskId, RequestId)>,
    taken: HashMap<String, RequestId>,
    open: HashMap<Subject, u32>,
    pub(super) answers: HashMap<String, Kept>,
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
    pub(super) fn new(barred: Barred, before: Appender) -> Self {
        Self {
            works: Vec::new(),
            head: (before.size(), before.root()),
            before,
            begun: false,
            touched: Vec::new(),
            rows: HashMap::new(),
            plays: Vec::new(),
            erasures: Vec::new(),
            writes: Vec::new(),
            leases: Vec::new(),
            next: Vec::new(),
            scrubs: Vec::new(),
            barred,
            locks_changed: false,
            erasing: Vec::new(),
            forgotten: Vec::new(),
            states: HashMap::new(),
            dirty: HashMap::new(),
            new_asks: Vec::new(),
            taken: HashMap::new(),
            open: HashMap::new(),
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

    /// Takes those works over whose steps stand on nothing but a state that is known; gives the others back.
    pub(super) fn take_known(
        &mut self,
        works: Vec<Work>,
        known: impl Fn(RequestId) -> Option<Arc<Request>>,
    ) -> Vec<Work> {
        let mut rest = Vec::new();
        for work in works {
            let at_hand = match &work {
                Work::Play(job, _) if self.states.get(&job.request).is_some_and(Option::is_some) => alone(&work),
                Work::Play(job, _) if alone(&work) => {
                    known(job.request).map(|state| self.states.insert(job.request, Some(state))).is_some()
                }
                _ => alone(&work),
            };
            if at_hand { self.works.push(work) } else { rest.push(work) }
        }
        rest
    }

    /// Reads what the steps stand on, each kind of thing with one statement, as far as it is not at hand.
    pub(super) async fn load(&mut self, connection: &mut SqliteConnection, fresh: &Fresh) -> Result<(), StoreError> {
        self.states = self.jobs().map(|job| (job.request, fresh.get(job.request))).collect();
        let unknown = self.states.iter().filter(|(_, state)| state.is_none());
        let ids: Vec<String> = unknown.map(|(id, _)| id.to_string()).collect();
        let keys: Vec<String> = self.jobs().filter_map(|job| job.facts.map(|(_, key)| key.to_string())).collect();
        let people: Vec<String> = self.jobs().filter_map(|job| job.facts.map(|(who, _)| who.to_string())).collect();
        let key_of = |work: &Work| match work {
            Work::Play(job, _) => job.answer.as_ref().map(|answer| answer.key.to_string()),
            Work::Lock(job, _) => job.answer.as_ref().map(|answer| answer.key.to_string()),
            _ => None,
        };
        let answers: Vec<String> = self.works.iter().filter_map(key_of).collect();
        if !ids.is_empty() {
            let rows: Vec<(String,)> =
                sqlx::query_as("SELECT state FROM requests WHERE id IN (SELECT value FROM json_each($1))")
                    .bind(json(&ids))
                    .fetch_all(&mut *connection)
                    .await?;
            for (state,) in rows {
                let request = rows::request(&state)?;
                self.states.insert(request.id, Some(Arc::new(request)));
            }
        }
        self.load_theirs(connection).await?;
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

    /// Plays all that was asked and was not played yet, in the order in which it came.
    pub(super) fn play(&mut self, sealer: &Sealer, appender: &mut Appender, leases: &mut Leases) {
        for work in std::mem::take(&mut self.works) {
            match work {
                Work::Play(job, to) => {
                    let played = self.play_one(*job, sealer, appender, leases);
                    self.plays.push((to, played));
                }
                Work::Lock(job, to) => {
                    let played = self.play_locks(*job, sealer, appender, leases);
                    self.plays.push((to, played));
                }
                Work::Erasure(job, to) => {
                    let played = self.play_erasure(*job, sealer, appender, leases);
                    self.erasures.push((to, played));
                }
                Work::Scrub(to) => self.scrubs.push(to),
                Work::Write(writes, events, openings, to) => {
                    if self.bars(&writes) {
                        self.writes.push((to, Err(StoreError::Erasing)));
                        continue;
                    }
                    let result = self.record(events, sealer, appender).map(|()| {
                        self.openings.extend(openings);
                        writes.into_iter().for_each(|write| self.write_one(write, leases));
                    });
                    self.writes.push((to, result));
                }
                Work::NextDue(to) => self.next.push((to, None)),
                Work::Lease { now, until, most, to } => {
                    self.leases.push(Lease { to, now, until, most, leased: Vec::new() });
                }
            }
        }
        self.head = (appender.size(), appender.root());
        for id in std::mem::take(&mut self.touched) {
            if let Some(Some(state)) = self.states.get(&id) {
                self.rows.insert(id, RequestRow::new(state));
            }
        }
    }

    fn play_one(
        &mut self,
        mut job: Job,
        sealer: &Sealer,
        appender: &mut Appender,
        leases: &mut Leases,
    ) -> Result<Played, StoreError> {
        if let Some((reply, extra)) = self.given(job.answer.as_ref())? {
            let request = self.states.get(&job.request).cloned().flatten();
            return Ok(Played { reply, request, follow: Vec::new(), replayed: Some(extra) });
        }
        // Nothing new about somebody whose key is about to be destroyed, or is no more.
        if job.facts.is_some_and(|(subject, _)| self.barred.erased(subject)) {
            return Err(StoreError::Erasing);
        }
        if job.done.as_ref().is_some_and(|done| !held(leases, done)) {
            return Err(StoreError::Fenced);
        }
        let locks = self.barred.locks();
        let facts = match job.facts {
            None => Facts::new(locks),
            Some((subject, key)) => Facts {
                same: self.taken.get(&key.to_string()).copied(),
                open_of_person: self.open.get(&subject).copied().unwrap_or(0),
                locks,
            },
        };
        let before = self.states.get(&job.request).and_then(Option::as_deref);
        let mut step = (job.play)(before, &facts);
        self.record(std::mem::take(&mut step.events), sealer, appender)?;
        self.openings.append(&mut job.openings);
        if let Some(done) = &job.done {
            self.finish(done, leases);
        }
        let reply = step.reply.clone();
        let follow = self.take_step(job.request, step, job.follow, job.at, leases);
        self.keep(job.answer, &reply, job.at);
        if let Some((key, extra)) = job.keep {
            self.write_one(Write::KeepAnswer { key, extra }, leases);
        }
        Ok(Played { reply, request: self.states.get(&job.request).cloned().flatten(), follow, replayed: None })
    }

    /// Takes over what a step leaves of its request: state and effects. Gives those effects that are leased to the caller.
    pub(super) fn take_step(
        &mut self,
        id: RequestId,
        step: Step,
        follow: Option<Timestamp>,
        now: Timestamp,
        leases: &mut Leases,
    ) -> Vec<Leased> {
        for kind in step.drop {
            let key = key(Some(id), &kind);
            leases.give_back(&key);
            self.effects.insert(key, EffectChange { delete: true, put: None });
        }
        let mut leased = Vec::new();
        for effect in step.effects {
            let until = follow.filter(|_| effect.due <= now && effect.leased_until.is_none());
            leased.extend(self.put_effect(Some(id), effect, until, now, leases));
        }
        if let Some(state) = step.state {
            let asks = self.states.get(&id).and_then(Option::as_deref).map_or(0, |request| request.asks.len());
            self.new_asks.extend(state.asks.iter().skip(asks).map(|ask| (ask.id, state.id)));
            self.follow(&state);
            let before = self.states.get(&id).and_then(Option::as_deref).map(Columns::of);
            self.dirty.entry(id).or_insert(before);
            self.touched.push(id);
            self.states.insert(id, Some(Arc::new(state)));
        }
        leased
    }

    /// Keeps the facts of later steps in this batch true.
    fn follow(&mut self, state: &Request) {
        let was_open = self.states.get(&state.id).and_then(Option::as_deref).is_some_and(Request::open);
        let key = || state.own_key().to_string();
        match (was_open, state.open()) {
            (false, true) => {
                self.taken.insert(key(), state.id);
                *self.open.entry(state.subject).or_insert(0) += 1;
            }
            (true, false) => {
                self.taken.remove(&key());
                self.open.entry(state.subject).and_modify(|n| *n = n.saturating_sub(1));
            }
            _ => {}
        }
    }

    /// Seals events and gives them their places in the log.
    pub(super) fn record(
        &mut self,
        events: Vec<Event>,
        sealer: &Sealer,
        appender: &mut Appender,
    ) -> Result<(), StoreError> {
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
    pub(super) fn changed(&self) -> impl Iterator<Item = &Arc<Request>> {
        self.dirty.keys().filter_map(|id| self.states.get(id).and_then(Option::as_ref))
    }

    /// Leases what is in the file, but for what this batch changes: that is told of when its commit stands.
    pub(super) async fn lease(
        &mut self,
        connection: &mut SqliteConnection,
        leases: &mut Leases,
    ) -> Result<(), StoreError> {
        for lease in &mut self.leases {
            // A lease that nobody hears of would be nobody's for minutes.
            if !lease.to.is_closed() {
                lease.leased =
                    due::lease(connection, leases, &self.effects, (lease.now, lease.until, lease.most)).await?;
            }
        }
        for (_, next) in &mut self.next {
            *next = due::next(connection, leases, &self.effects).await?;
        }
        Ok(())
    }

    /// Those who wait until nothing overwritten is kept any more.
    pub(super) fn scrubs(&mut self) -> Vec<To<()>> {
        std::mem::take(&mut self.scrubs)
    }

    pub(super) fn answer(self) {
        for (to, played) in self.plays {
            let _ = to.send(played);
        }
        for (to, result) in self.writes {
            let _ = to.send(result);
        }
        for (to, erased) in self.erasures {
            let _ = to.send(erased);
        }
        for lease in self.leases {
            let _ = lease.to.send(Ok(lease.leased));
        }
        for (to, next) in self.next {
            let _ = to.send(Ok(next));
        }
    }

    pub(super) fn fail(self, error: &StoreError) {
        for work in self.works {
            match work {
                Work::Play(_, to) | Work::Lock(_, to) => drop(to.send(Err(error.clone()))),
                Work::Write(.., to) | Work::Scrub(to) => drop(to.send(Err(error.clone()))),
                Work::Erasure(_, to) => drop(to.send(Err(error.clone()))),
                Work::Lease { to, .. } => drop(to.send(Err(error.clone()))),
                Work::NextDue(to) => drop(to.send(Err(error.clone()))),
            }
        }
        refuse(self.plays.into_iter().map(|(to, _)| to), error);
        refuse(self.writes.into_iter().map(|(to, _)| to), error);
        refuse(self.erasures.into_iter().map(|(to, _)| to), error);
        refuse(self.scrubs, error);
        refuse(self.leases.into_iter().map(|lease| lease.to), error);
        refuse(self.next.into_iter().map(|(to, _)| to), error);
    }
}

/// Whether a work stands on nothing but the state of its request, if on anything.
pub(super) fn alone(work: &Work) -> bool {
    match work {
        Work::Play(job, _) => job.facts.is_none() && job.answer.is_none(),
        Work::Write(..) | Work::Lease { .. } | Work::NextDue(_) => true,
        Work::Lock(..) | Work::Erasure(..) | Work::Scrub(_) => false,
    }
}

/// Tells those who wait that nothing was done.
fn refuse<T>(waiting: impl IntoIterator<Item = To<T>>, error: &StoreError) {
    waiting.into_iter().for_each(|to| drop(to.send(Err(error.clone()))));
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
