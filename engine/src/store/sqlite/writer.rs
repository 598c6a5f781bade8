//! The one writer: takes what waits, plays it as one batch, commits once, answers all.
//!
//! While a batch is being saved, what has come meanwhile is played already, as far as it stands on nothing but states that are
//! known: on those that the batch leaves, in the order of the log. It is saved when the batch before it stands, and fails with
//! it. Nobody hears of anything before its own commit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jit_life::Request;
use jit_types::{Digest, RequestId};
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, watch};

use super::super::StoreError;
use super::Work;
use super::batch::{Batch, alone};
use super::fresh::Fresh;
use super::leases::Leases;
use super::persons::{self, Shared};
use crate::audit::{Appender, Openings, Sealer};
use crate::failpoints::hit;

/// The most that shares one commit. The larger, the less often the same pages of the indexes are written in a burst; and
/// the longer somebody waits who comes beside one.
pub(super) const MOST: usize = 2048;
/// From how many on it is worth a commit of its own to play on while a batch is being saved.
const AHEAD_FROM: usize = 128;
/// After how many steps what was written ahead is moved into the file, as soon as nobody waits.
const MOVED_AFTER: usize = 512;
/// For how long nobody has asked for anything, when nobody waits.
const STILL: Duration = Duration::from_millis(50);

pub(super) struct Writer {
    pub(super) sealer: Sealer,
    pub(super) openings: Arc<dyn Openings>,
    pub(super) appender: Appender,
    pub(super) fresh: Fresh,
    pub(super) leases: Leases,
    pub(super) barred: Shared,
    pub(super) head: Arc<Mutex<(u64, Digest)>>,
    pub(super) tell: watch::Sender<u64>,
}

/// What waits for its turn.
struct Inbox {
    from: mpsc::Receiver<Work>,
    waiting: Vec<Work>,
    /// Whether anybody can still ask.
    open: bool,
}

impl Inbox {
    /// Takes in what has been asked for; waits where that is nothing.
    async fn more(&mut self) {
        let most = MOST.saturating_sub(self.waiting.len());
        self.open = self.from.recv_many(&mut self.waiting, most).await > 0;
    }

    fn takes_more(&self) -> bool {
        self.open && self.waiting.len() < MOST
    }
}

impl Writer {
    pub(super) async fn run(mut self, mut connection: SqliteConnection, from: mpsc::Receiver<Work>) {
        let mut inbox = Inbox { from, waiting: Vec::with_capacity(MOST), open: true };
        let mut since_moved = 0;
        loop {
            if inbox.waiting.is_empty() {
                if since_moved < MOVED_AFTER {
                    inbox.more().await;
                } else if tokio::time::timeout(STILL, inbox.more()).await.is_err() {
                    // What can't be moved now, because somebody reads the old pages, is moved later.
                    let _ = sqlx::raw_sql("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut connection).await;
                    since_moved = 0;
                    continue;
                }
            }
            if inbox.waiting.is_empty() {
                return;
            }
            since_moved += inbox.waiting.len();
            let Some(back) = self.batches(connection, &mut inbox).await else { return };
            connection = back;
        }
    }

    /// Plays one batch that reads what it stands on, and those that could be played while the one before them was saved. Gives
    /// the connection back; nothing, where it is lost.
    async fn batches(&mut self, mut connection: SqliteConnection, inbox: &mut Inbox) -> Option<SqliteConnection> {
        let barred = self.barred.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut batch = Batch::new(barred, self.appender.clone());
        batch.works = std::mem::take(&mut inbox.waiting);
        if let Err(error) = self.load_and_play(&mut batch, &mut connection).await {
            self.undo(batch, None, &error);
            let _ = sqlx::raw_sql("ROLLBACK").execute(&mut connection).await;
            return Some(connection);
        }
        let mut next = Some(batch);
        while let Some(mut batch) = next.take() {
            if let Err(error) = batch.lease(&mut connection, &mut self.leases).await {
                self.undo(batch, None, &error);
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut connection).await;
                return Some(connection);
            }
            self.leases.saving();
            let barred = batch.barred.clone();
            let left: HashMap<RequestId, Arc<Request>> =
                batch.changed().map(|state| (state.id, Arc::clone(state))).collect();
            // Whoever has waited since the last batch was saved is in the next one that reads what it stands on.
            let may = inbox.waiting.is_empty();
            let (openings, fresh) = (Arc::clone(&self.openings), self.fresh.clone());
            let mut saving = tokio::spawn(save(connection, batch, openings, fresh));
            let saved = loop {
                tokio::select! {
                    biased;
                    saved = &mut saving => break saved,
                    () = inbox.more(), if inbox.takes_more() => {}
                }
                let plain = inbox.waiting.iter().filter(|work| alone(work)).count();
                if may && plain >= if next.is_some() { 1 } else { AHEAD_FROM } {
                    let ahead = next.get_or_insert_with(|| Batch::new(barred.clone(), self.appender.clone()));
                    let known = |id: RequestId| left.get(&id).cloned().or_else(|| self.fresh.get(id));
                    inbox.waiting = ahead.take_known(std::mem::take(&mut inbox.waiting), known);
                    ahead.play(&self.sealer, &mut self.appender, &mut self.leases);
                }
            };
            // A panic while saving: whoever waits hears that the writer has stopped.
            let (back, batch, saved) = saved.ok()?;
            connection = back;
            match saved {
                Ok(changed) => self.stands(batch, changed, &mut connection).await,
                Err(error) => {
                    self.undo(batch, next.take(), &error);
                    let _ = sqlx::raw_sql("ROLLBACK").execute(&mut connection).await;
                }
            }
        }
        Some(connection)
    }

    async fn load_and_play(&mut self, batch: &mut Batch, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection).await?;
        batch.begun = true;
        batch.load(connection, &self.fresh).await?;
        batch.play(&self.sealer, &mut self.appender, &mut self.leases);
        Ok(())
    }

    /// A batch's commit stands: now the world may hear of it.
    async fn stands(&mut self, mut batch: Batch, changed: bool, connection: &mut SqliteConnection) {
        self.leases.committed();
        self.fresh.keep(batch.changed());
        *self.barred.lock().unwrap_or_else(PoisonError::into_inner) = batch.barred.clone();
        if changed {
            *self.head.lock().unwrap_or_else(PoisonError::into_inner) = batch.head;
            self.tell.send_modify(|n| *n += 1);
        }
        let scrubs = batch.scrubs();
        batch.answer();
        if !scrubs.is_empty() {
            let scrubbed = persons::scrub(connection).await;
            scrubs.into_iter().for_each(|to| drop(to.send(scrubbed.clone())));
        }
    }

    /// A batch has failed, and with it the one that was played on what it would have left. A log position is only ours once the
    /// commit stands.
    fn undo(&mut self, batch: Batch, ahead: Option<Batch>, error: &StoreError) {
        self.appender = batch.before.clone();
        self.leases.undo();
        self.fresh.failed();
        batch.fail(error);
        if let Some(ahead) = ahead {
            ahead.fail(error);
        }
    }
}

type Saved = (SqliteConnection, Batch, Result<bool, StoreError>);

async fn save(mut connection: SqliteConnection, mut batch: Batch, openings: Arc<dyn Openings>, fresh: Fresh) -> Saved {
    let saved = try_save(&mut connection, &mut batch, openings.as_ref(), &fresh).await;
    (connection, batch, saved)
}

async fn try_save(
    connection: &mut SqliteConnection,
    batch: &mut Batch,
    openings: &dyn Openings,
    fresh: &Fresh,
) -> Result<bool, StoreError> {
    if !batch.begun {
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    }
    // Another file, which stands before this one is committed: an opening too many is harmless, a missing one is not.
    let sealed = std::mem::take(&mut batch.openings);
    let keep = async {
        if !sealed.is_empty() {
            let kept = openings.add(&sealed).await;
            kept.map_err(|e| StoreError::Unavailable(format!("the openings: {e}")))?;
            hit("store.openings");
        }
        Ok::<_, StoreError>(())
    };
    let (kept, saved) = tokio::join!(keep, batch.save(connection));
    kept?;
    let changed = saved?;
    if changed {
        hit("store.saved");
    }
    fresh.forget(batch.dirty.keys());
    sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
    if changed {
        hit("store.committed");
    }
    Ok(changed)
}
