//! The one writer: takes what waits, plays it as one batch, commits once, answers all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jit_types::Digest;
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, watch};

use super::super::StoreError;
use super::Work;
use super::batch::Batch;
use super::fresh::Fresh;
use super::leases::Leases;
use super::persons::{self, Shared};
use crate::audit::{Appender, Openings, Sealer};
use crate::failpoints::hit;

/// The most that shares one commit. The larger, the less often the same pages of the indexes are written in a burst; and
/// the longer somebody waits who comes beside one.
pub(super) const MOST: usize = 2048;
/// After how many steps what was written ahead is moved into the file, as soon as nobody waits.
const MOVED_AFTER: usize = 512;
/// For how long nobody has asked for anything, when nobody waits.
const STILL: Duration = Duration::from_millis(50);

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
        let mut since_moved = 0;
        loop {
            let taken = if since_moved < MOVED_AFTER {
                inbox.recv_many(&mut waiting, MOST).await
            } else {
                match tokio::time::timeout(STILL, inbox.recv_many(&mut waiting, MOST)).await {
                    Ok(taken) => taken,
                    Err(_) => {
                        // What can't be moved now, because somebody reads the old pages, is moved later.
                        let _ = sqlx::raw_sql("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut self.connection).await;
                        since_moved = 0;
                        continue;
                    }
                }
            };
            if taken == 0 {
                return;
            }
            since_moved += taken;
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
                self.fresh.failed();
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
        self.fresh.forget(batch.dirty.keys());
        sqlx::raw_sql("COMMIT").execute(&mut self.connection).await?;
        if changed {
            hit("store.committed");
        }
        Ok(changed)
    }
}
