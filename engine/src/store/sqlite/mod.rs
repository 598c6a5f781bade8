//! The store on SQLite: one writer that groups steps into commits, and a few readers.
//!
//! WAL, `synchronous = FULL`, `secure_delete`; the file is its owner's alone. A batch of steps is loaded, played and saved
//! with a few statements, and what was committed last stays at hand.

mod answers;
pub mod backup;
mod batch;
mod due;
mod fresh;
mod insert;
mod leases;
mod log;
mod outbox;
mod persons;
mod reads;
mod rows;
mod save;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jit_life::Refused;
use jit_types::{Digest, Event, Timestamp};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::{mpsc, oneshot, watch};

use self::batch::To;
use self::fresh::Fresh;
use self::leases::Leases;
use self::persons::{Barred, Shared};
use super::{ErasureJob, Job, Leased, LockJob, Played, Store, StoreError, Write};
use crate::BoxFuture;
use crate::audit::{Openings, SealedOpening, Sealer};

/// The store's migrations, in order: forward only, never edited once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_house.sql"),
    include_str!("../migrations/0002_locks.sql"),
    include_str!("../migrations/0003_rows.sql"),
];

/// What is asked of the writer.
pub(super) enum Work {
    Play(Box<Job>, To<Played>),
    Lock(Box<LockJob>, To<Played>),
    Erasure(Box<ErasureJob>, To<Result<(), Refused>>),
    Scrub(To<()>),
    Write(Vec<Write>, Vec<Event>, Vec<SealedOpening>, To<()>),
    Lease { now: Timestamp, until: Timestamp, most: usize, to: To<Vec<Leased>> },
    NextDue(To<Option<Timestamp>>),
}

/// The store.
pub struct SqliteStore {
    work: mpsc::Sender<Work>,
    pub(super) readers: SqlitePool,
    fresh: Fresh,
    barred: Shared,
    changes: watch::Receiver<u64>,
    pub(super) head: Arc<Mutex<(u64, Digest)>>,
}

impl SqliteStore {
    /// Opens the file, or makes it, brings it to this version's form and starts the writer.
    ///
    /// # Errors
    /// When the file can't be used, or is newer than this version.
    pub async fn open(path: &Path, sealer: Sealer, openings: Arc<dyn Openings>) -> Result<Self, StoreError> {
        private(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .statement_cache_capacity(64)
            // A batch's rows come over at once, not a few at a time between two threads.
            .row_buffer_size(512)
            .pragma("secure_delete", "ON")
            .pragma("trusted_schema", "OFF")
            // What a burst touches stays in memory, up to 32 MiB. Nothing of it goes into temporary files on the way.
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", "-32768")
            // The writer moves it into the file when nobody waits; only past 128 MiB it is moved amid the work.
            .pragma("wal_autocheckpoint", "32768")
            .pragma("journal_size_limit", "16777216");
        let mut connection = options.clone().connect().await?;
        migrate(&mut connection).await?;
        let (highest,): (i64,) =
            sqlx::query_as("SELECT coalesce(max(version), 0) FROM effects").fetch_one(&mut connection).await?;
        batch::numbers_after(highest);
        // Three of them would keep the same pages three times more; what they read the system has at hand.
        let reading = options.read_only(true).pragma("cache_size", "-2048");
        let readers = SqlitePoolOptions::new().max_connections(3).connect_with(reading).await?;
        let appender = log::restore(&mut connection).await?;
        let barred: Shared = Arc::new(Mutex::new(Barred::load(&mut connection).await?));
        let head = Arc::new(Mutex::new((appender.size(), appender.root())));
        let (work, inbox) = mpsc::channel(writer::MOST * 2);
        let (tell, changes) = watch::channel(0);
        let fresh = Fresh::default();
        let writer = writer::Writer {
            sealer,
            openings,
            appender,
            fresh: fresh.clone(),
            leases: Leases::default(),
            barred: Arc::clone(&barred),
            head: Arc::clone(&head),
            tell,
        };
        tokio::spawn(writer.run(connection, inbox));
        Ok(Self { work, readers, fresh, barred, changes, head })
    }

    pub(super) async fn ask<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Work,
    ) -> Result<T, StoreError> {
        let (to, answer) = oneshot::channel();
        let gone = || StoreError::Unavailable("the writer has stopped".to_owned());
        self.work.send(make(to)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    pub(super) fn head_now(&self) -> (u64, Digest) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the file if there is none, and refuses one that others may read.
fn private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let io = |e: std::io::Error| StoreError::Unavailable(format!("{}: {}", path.display(), e.kind()));
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(io)?;
    let mode = file.metadata().map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(StoreError::Unavailable(format!("{0} may be read by others: chmod 600 {0}", path.display())));
    }
    Ok(())
}

async fn migrate(connection: &mut sqlx::SqliteConnection) -> Result<(), StoreError> {
    let (version,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(&mut *connection).await?;
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(StoreError::Damaged("it was written by a newer version of jit".to_owned()));
    }
    for (index, script) in MIGRATIONS.iter().enumerate().skip(version) {
        sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut *connection).await?;
        sqlx::raw_sql(*script).execute(&mut *connection).await?;
        // A pragma takes no parameter; the number is our own.
        let done = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}; COMMIT", index + 1));
        sqlx::raw_sql(done).execute(&mut *connection).await?;
    }
    Ok(())
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // SQLite's own words may hold values: the code says enough.
        let code = match &error {
            sqlx::Error::Database(error) => error.code().map(|code| format!("SQLite code {code}")),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => return Self::Damaged("a column".to_owned()),
            _ => None,
        };
        Self::Unavailable(code.unwrap_or_else(|| "SQLite does not answer".to_owned()))
    }
}

impl Store for SqliteStore {
    fn play(&self, job: Job) -> BoxFuture<'_, Result<Played, StoreError>> {
        Box::pin(self.ask(move |to| Work::Play(Box::new(job), to)))
    }

    fn write(
        &self,
        writes: Vec<Write>,
        events: Vec<Event>,
        openings: Vec<SealedOpening>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask(move |to| Work::Write(writes, events, openings, to)))
    }

    fn lease(&self, now: Timestamp, until: Timestamp, most: usize) -> BoxFuture<'_, Result<Vec<Leased>, StoreError>> {
        Box::pin(self.ask(move |to| Work::Lease { now, until, most, to }))
    }

    fn next_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        Box::pin(self.ask(Work::NextDue))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}
