//! The one writer: takes what waits, plays it as one batch, commits once, answers all.

use std::sync::{Arc, Mutex, PoisonError};

use jit_types::{Digest, Timestamp};
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, watch};

use super::super::{Leased, StoreError};
use super::Work;
use super::batch::{Batch, json, next_number};
use super::fresh::Fresh;
use super::leases::Leases;
use super::persons::{self, Shared};
use crate::audit::{Appender, Openings, Sealer};
use crate::failpoints::hit;

/// The most that shares one commit.
const MOST: usize = 512;

pub(super) struct Writer {
    pub(super) connection: SqliteConnection,
    pub(super) sealer: Sealer,
    pub(super) openings: Arc<dyn Openings>,
    pub(super) appender: Appender,
    pub(super) fresh: Fresh,
    pub(super) leases: Leases,
    pub(super) barred: Shared,
    pub(super) head: Arc<Mutex<(u64, Digest)>>,
    pub(super) tell: watch::Sender<u64>,
}

impl Writer {
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Work>) {
        let mut waiting = Vec::with_capacity(MOST);
        while inbox.recv_many(&mut waiting, MOST).await > 0 {
            self.batch(std::mem::take(&mut waiting)).await;
        }
    }

    async fn batch(&mut self, works: Vec<Work>) {
        // A log position is only ours once the commit stands.
        let appender = self.appender.clone();
        let barred = self.barred.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut batch = Batch::new(works, barred);
        match self.try_batch(&mut batch).await {
            Ok(changed) => {
                self.leases.committed();
                self.fresh.keep(batch.changed());
                *self.barred.lock().unwrap_or_else(PoisonError::into_inner) = batch.barred.clone();
                if changed {
                    *self.head.lock().unwrap_or_else(PoisonError::into_inner) =
                        (self.appender.size(), self.appender.root());
                    self.tell.send_modify(|n| *n += 1);
                }
                let scrubs = batch.scrubs();
                batch.answer();
                if !scrubs.is_empty() {
                    let scrubbed = persons::scrub(&mut self.connection).await;
                    scrubs.into_iter().for_each(|to| drop(to.send(scrubbed.clone())));
                }
            }
            Err(error) => {
                self.appender = appender;
                self.leases.undo();
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await;
                batch.fail(&error);
            }
        }
    }

    async fn try_batch(&mut self, batch: &mut Batch) -> Result<bool, StoreError> {
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        batch.load(&mut self.connection, &self.fresh).await?;
        batch.play(&self.sealer, &mut self.appender, &mut self.leases);
        if !batch.openings.is_empty() {
            // Another file, committed first: an opening too many is harmless, a missing one is not.
            let kept = self.openings.add(&batch.openings).await;
            kept.map_err(|e| StoreError::Unavailable(format!("the openings: {e}")))?;
            hit("store.openings");
        }
        let changed = batch.save(&mut self.connection, &mut self.leases).await?;
        if changed {
            hit("store.saved");
        }
        self.fresh.forget(batch.dirty.iter());
        sqlx::raw_sql("COMMIT").execute(&mut self.connection).await?;
        if changed {
            hit("store.committed");
        }
        Ok(changed)
    }
}

/// Leases what is due, one a lane.
pub(super) async fn lease(
    connection: &mut SqliteConnection,
    leases: &mut Leases,
    now: Timestamp,
    until: Timestamp,
    most: usize,
) -> Result<Vec<Leased>, StoreError> {
    type Row = (String, Option<String>, String, i64, Option<String>, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT key, request, kind, due, lane, version FROM effects AS e
         WHERE due <= $1 AND (leased_until IS NULL OR leased_until <= $1)
           AND (lane IS NULL OR NOT EXISTS
                (SELECT 1 FROM effects AS o WHERE o.lane = e.lane AND o.leased_until > $1))
         ORDER BY due LIMIT $2",
    )
    .bind(now.millis())
    .bind(i64::try_from(most.saturating_mul(2)).unwrap_or(i64::MAX))
    .fetch_all(&mut *connection)
    .await?;
    let mut taken = std::collections::HashSet::new();
    let mut fences = Vec::new();
    let mut leased = Vec::new();
    for (key, request, kind, due, lane, version) in rows {
        if leased.len() == most || lane.as_ref().is_some_and(|lane| !taken.insert(lane.clone())) {
            continue;
        }
        let request = request.map(|id| id.parse()).transpose();
        let request = request.map_err(|_| StoreError::Damaged("an effect's request".to_owned()))?;
        let kind = serde_json::from_str(&kind).map_err(|_| StoreError::Damaged("an effect's kind".to_owned()))?;
        let fence = next_number();
        leases.take(key.clone(), fence, version, lane.clone(), until);
        fences.push((key, fence));
        leased.push(Leased { request, kind, lane, due: Timestamp::from_millis(due), fence, version });
    }
    if !fences.is_empty() {
        sqlx::query(
            "UPDATE effects SET leased_until = $1, fence = l.value->>1 FROM json_each($2) AS l
             WHERE effects.key = l.value->>0",
        )
        .bind(until.millis())
        .bind(json(&fences))
        .execute(&mut *connection)
        .await?;
    }
    Ok(leased)
}
