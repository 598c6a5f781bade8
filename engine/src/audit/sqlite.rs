//! How the two private SQLite files are opened: the keys' and the openings'.

use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

/// Why a private file can't be used. The library's own words are not repeated: they may hold values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The file can't be made or opened.
    #[error("the file can't be opened ({0})")]
    Open(std::io::ErrorKind),
    /// Others could read it.
    #[error("the file may be read by others; make it its owner's alone with `chmod 600`")]
    Exposed,
    /// SQLite failed, with this result code.
    #[error("SQLite failed with code {0}")]
    Sqlite(String),
}

impl From<sqlx::Error> for FileError {
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(error) => error.code().map(|code| code.into_owned()),
            sqlx::Error::PoolTimedOut => Some("busy".to_owned()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Some("decode".to_owned()),
            _ => None,
        };
        Self::Sqlite(code.unwrap_or_else(|| "unknown".to_owned()))
    }
}

/// Opens a file that only its owner may read, and makes its tables.
///
/// `secure_delete` overwrites what is deleted with zeros; `synchronous = FULL` makes a commit survive a power cut. One
/// connection: there is one writer, and a second reader could keep the write-ahead log from being truncated.
pub(super) async fn open_private(path: &Path, tables: &'static str) -> Result<SqlitePool, FileError> {
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| FileError::Open(e.kind()))?;
    let mode = file.metadata().map_err(|e| FileError::Open(e.kind()))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(FileError::Exposed);
    }
    drop(file);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF");
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    sqlx::raw_sql(tables).execute(&pool).await?;
    Ok(pool)
}

/// Moves what was written into the file and cuts the write-ahead log off, so that nothing overwritten stays in it.
pub(super) async fn truncate_wal(pool: &SqlitePool) -> Result<(), FileError> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(pool).await?;
    if busy == 0 { Ok(()) } else { Err(FileError::Sqlite("busy".to_owned())) }
}
