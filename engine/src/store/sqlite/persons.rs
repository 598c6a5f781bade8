//! Locks and erasures: held in memory as they were committed, so that no step reads them anew.
//!
//! There is one writer, so what it committed last is what a transaction would read.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use jit_life::{LockTarget, Locks, Refused, Reply};
use jit_types::Subject;
use sqlx::SqliteConnection;

use super::super::{ErasureJob, LockJob, PINS, Persons, Played, StoreError, Write};
use super::batch::{Batch, json, parse};
use super::leases::Leases;
use super::{SqliteStore, Work, rows};
use crate::BoxFuture;
use crate::audit::{Appender, Sealer};

/// Who and what is locked, and whose texts are erased.
#[derive(Clone, Default)]
pub(super) struct Barred {
    locks: Arc<Locks>,
    erased: Arc<HashSet<Subject>>,
}

impl Barred {
    /// Reads what is in the file.
    pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Self, StoreError> {
        let damaged = |_| StoreError::Damaged("the locks".to_owned());
        // No row would read as "nothing is locked".
        let (state,): (String,) = sqlx::query_as("SELECT state FROM locks").fetch_one(&mut *connection).await?;
        let locks = serde_json::from_str(&state).map_err(damaged)?;
        let rows: Vec<(String,)> = sqlx::query_as("SELECT subject FROM erasures").fetch_all(&mut *connection).await?;
        let erased = rows.iter().map(|(subject,)| parse(subject)).collect::<Result<_, _>>()?;
        Ok(Self { locks: Arc::new(locks), erased: Arc::new(erased) })
    }

    /// The locks in force.
    pub(super) fn locks(&self) -> Locks {
        Locks::clone(&self.locks)
    }

    /// Whether a person's texts are erased, or about to be.
    pub(super) fn erased(&self, subject: Subject) -> bool {
        self.erased.contains(&subject)
    }
}

impl Batch {
    /// Plays one step of the locks.
    pub(super) fn play_locks(
        &mut self,
        mut job: LockJob,
        sealer: &Sealer,
        appender: &mut Appender,
        leases: &mut Leases,
    ) -> Result<Played, StoreError> {
        if let Some((reply, extra)) = self.given(job.answer.as_ref())? {
            return Ok(Played { reply, request: None, follow: Vec::new(), replayed: Some(extra) });
        }
        if let LockTarget::Person(subject) = job.target
            && self.barred.erased(subject)
        {
            return Err(StoreError::Erasing);
        }
        let step = (job.play)(&self.barred.locks);
        self.record(step.events, sealer, appender)?;
        self.openings.append(&mut job.openings);
        for effect in step.effects {
            self.put_effect(None, effect, None, job.at, leases);
        }
        if let Some(state) = step.state {
            self.barred.locks = Arc::new(state);
            self.locks_changed = true;
        }
        self.keep(job.answer, &step.reply, job.at);
        Ok(Played { reply: step.reply, request: None, follow: Vec::new(), replayed: None })
    }

    /// Plays the erasure of one person: all their requests, also those that came earlier in this batch.
    pub(super) fn play_erasure(
        &mut self,
        mut job: ErasureJob,
        sealer: &Sealer,
        appender: &mut Appender,
        leases: &mut Leases,
    ) -> Result<Result<(), Refused>, StoreError> {
        let theirs = self.states.values().flatten().filter(|request| request.subject == job.subject);
        let mut requests: Vec<_> = theirs.cloned().collect();
        requests.sort_by_key(|request| request.id);
        let erasure = (job.play)(&requests, &self.barred.locks);
        let steps = if erasure.reply.is_ok() { erasure.steps } else { Vec::new() };
        let mut events: Vec<_> = steps.iter().flat_map(|(_, step)| step.events.clone()).collect();
        events.extend(erasure.events);
        self.record(events, sealer, appender)?;
        for (request, step) in steps {
            self.take_step(request, step, None, job.at, leases);
        }
        if erasure.reply.is_ok() {
            Arc::make_mut(&mut self.barred.erased).insert(job.subject);
            self.erasing.push(job.subject);
            let claims = requests.iter().flat_map(|request| request.claims());
            let given = claims.map(|claim| json(&Ok::<_, Refused>(Reply::Claimed(claim.id))));
            self.forgotten.extend(given);
        }
        Ok(erasure.reply)
    }

    /// Whether writes would keep something new of somebody who is erased.
    pub(super) fn bars(&self, writes: &[Write]) -> bool {
        writes.iter().any(|write| match write {
            Write::PutToken(token) => self.barred.erased(token.subject),
            Write::Pin { subject, .. } => self.barred.erased(*subject),
            _ => false,
        })
    }

    /// Reads the requests of those who are to be erased.
    pub(super) async fn load_theirs(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let theirs = |work: &Work| if let Work::Erasure(job, _) = work { Some(job.subject.to_string()) } else { None };
        let subjects: Vec<String> = self.works.iter().filter_map(theirs).collect();
        if subjects.is_empty() {
            return Ok(());
        }
        let rows: Vec<(String,)> =
            sqlx::query_as("SELECT state FROM requests WHERE subject IN (SELECT value FROM json_each($1))")
                .bind(json(&subjects))
                .fetch_all(&mut *connection)
                .await?;
        for (state,) in rows {
            let request = rows::request(&state)?;
            self.states.entry(request.id).or_insert(None).get_or_insert(Arc::new(request));
        }
        Ok(())
    }

    /// Writes what has changed of locks and erasures.
    pub(super) async fn save_persons(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.locks_changed {
            sqlx::query("UPDATE locks SET state = $1")
                .bind(json(&*self.barred.locks))
                .execute(&mut *connection)
                .await?;
        }
        if !self.forgotten.is_empty() {
            // What a claim gave is kept beside its answer, and a certificate names whom it was given to.
            sqlx::query("DELETE FROM answers WHERE reply IN (SELECT value FROM json_each($1))")
                .bind(json(&self.forgotten))
                .execute(&mut *connection)
                .await?;
        }
        for subject in &self.erasing {
            sqlx::query("INSERT INTO erasures (subject, done) VALUES ($1, 0) ON CONFLICT (subject) DO NOTHING")
                .bind(subject.to_string())
                .execute(&mut *connection)
                .await?;
            // A token's label is the owner's own text.
            sqlx::query("DELETE FROM tokens WHERE subject = $1")
                .bind(subject.to_string())
                .execute(&mut *connection)
                .await?;
            // The account that they were seen with first: whoever has it may be seen as somebody new.
            sqlx::query("UPDATE meta SET value = json_remove(value, $2) WHERE name = $1")
                .bind(PINS)
                .bind(format!("$.\"{subject}\""))
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}

impl Persons for SqliteStore {
    fn locks(&self) -> Locks {
        self.barred.lock().unwrap_or_else(PoisonError::into_inner).locks()
    }

    fn play_locks(&self, job: LockJob) -> BoxFuture<'_, Result<Played, StoreError>> {
        Box::pin(self.ask(move |to| Work::Lock(Box::new(job), to)))
    }

    fn play_erasure(&self, job: ErasureJob) -> BoxFuture<'_, Result<Result<(), Refused>, StoreError>> {
        Box::pin(self.ask(move |to| Work::Erasure(Box::new(job), to)))
    }

    fn erasures(&self) -> BoxFuture<'_, Result<Vec<(Subject, bool)>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<(String, bool)> =
                sqlx::query_as("SELECT subject, done FROM erasures ORDER BY subject").fetch_all(&self.readers).await?;
            rows.iter().map(|(subject, done)| Ok((parse(subject)?, *done))).collect()
        })
    }

    fn messages_under(&self, prefixes: Vec<String>) -> BoxFuture<'_, Result<Vec<[String; 3]>, StoreError>> {
        Box::pin(async move {
            // A prefix is compared as a range, so that no character in it means anything.
            let rows: Vec<(String, String, String)> = sqlx::query_as(
                "SELECT DISTINCT notice, channel, message FROM messages JOIN json_each($1) AS p
                 ON notice >= p.value AND notice < p.value || char(0x10ffff) ORDER BY notice, channel",
            )
            .bind(json(&prefixes))
            .fetch_all(&self.readers)
            .await?;
            Ok(rows.into_iter().map(|(notice, channel, message)| [notice, channel, message]).collect())
        })
    }

    fn scrub(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask(Work::Scrub))
    }
}

/// Where what was committed last is shared with those who read.
pub(super) type Shared = Arc<Mutex<Barred>>;

/// Moves all pages into the file and cuts the write-ahead log off, so that nothing overwritten stays in it. Said to be
/// unavailable while somebody reads the old pages.
pub(super) async fn scrub(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let (busy, _, _): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await?;
    if busy == 0 { Ok(()) } else { Err(StoreError::Unavailable("somebody reads what is overwritten".to_owned())) }
}
