//! Where sealed openings are kept: an SQLite file of their own, apart from the log that commits to them.

use std::collections::BTreeMap;
use std::path::Path;

use jit_backend::BoxFuture;
use jit_types::{OpeningId, Subject};
use sqlx::QueryBuilder;
use sqlx::sqlite::SqlitePool;

use super::opening::SealedOpening;
use super::sqlite::{FileError, open_private, truncate_wal};

/// Why the openings' store can't answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpeningsError {
    /// The file can't be used.
    #[error("the store of openings can't be used: {0}")]
    File(#[from] FileError),
    /// What is in the file is not what was written.
    #[error("the store of openings is damaged")]
    Damaged,
}

impl From<sqlx::Error> for OpeningsError {
    fn from(error: sqlx::Error) -> Self {
        Self::File(error.into())
    }
}

/// The store of sealed openings.
pub trait Openings: Send + Sync {
    /// Keeps openings, all or none, durably. One that is already there stays as it is.
    ///
    /// Called before the leaves that commit to them are stored: an opening too many is harmless, a missing one is not.
    fn add<'a>(&'a self, openings: &'a [SealedOpening]) -> BoxFuture<'a, Result<(), OpeningsError>>;

    /// Gets openings by id. What is missing is not in the answer.
    fn get<'a>(
        &'a self,
        ids: &'a [OpeningId],
    ) -> BoxFuture<'a, Result<BTreeMap<OpeningId, SealedOpening>, OpeningsError>>;

    /// Says which of these are missing.
    fn missing<'a>(&'a self, ids: &'a [OpeningId]) -> BoxFuture<'a, Result<Vec<OpeningId>, OpeningsError>>;

    /// Takes away all of a subject's openings, once the key is destroyed. Says how many there were.
    fn forget(&self, subject: Subject) -> BoxFuture<'_, Result<u64, OpeningsError>>;
}

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS openings (
    id         TEXT PRIMARY KEY NOT NULL,
    subject    TEXT NOT NULL,
    nonce      BLOB NOT NULL,
    ciphertext BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS openings_by_subject ON openings (subject);
PRAGMA user_version = 1;
";

/// How many one statement takes.
const MOST: usize = 64;

/// The openings in an SQLite file of their own.
pub struct SqliteOpenings {
    pool: SqlitePool,
}

type Row = (String, String, Vec<u8>, Vec<u8>);

impl SqliteOpenings {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When the file can't be used, or others may read it.
    pub async fn open(path: &Path) -> Result<Self, OpeningsError> {
        Ok(Self { pool: open_private(path, TABLES).await? })
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn add_all(&self, openings: &[SealedOpening]) -> Result<(), OpeningsError> {
        if openings.is_empty() {
            return Ok(());
        }
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for some in openings.chunks(MOST) {
            let mut sql = QueryBuilder::new("INSERT INTO openings (id, subject, nonce, ciphertext) ");
            sql.push_values(some, |mut row, opening| {
                row.push_bind(opening.id.to_string())
                    .push_bind(opening.subject.to_string())
                    .push_bind(opening.nonce.as_slice())
                    .push_bind(opening.ciphertext.as_slice());
            });
            sql.push(" ON CONFLICT (id) DO NOTHING").build().execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn get_all(&self, ids: &[OpeningId]) -> Result<BTreeMap<OpeningId, SealedOpening>, OpeningsError> {
        // One statement whatever the number: the ids travel as one JSON list.
        let list = serde_json::to_string(ids).map_err(|_| OpeningsError::Damaged)?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, subject, nonce, ciphertext FROM openings WHERE id IN (SELECT value FROM json_each($1))",
        )
        .bind(list)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(|row| read(row).map(|opening| (opening.id, opening))).collect()
    }
}

fn read((id, subject, nonce, ciphertext): Row) -> Result<SealedOpening, OpeningsError> {
    let id = id.parse().map_err(|_| OpeningsError::Damaged)?;
    let subject = subject.parse().map_err(|_| OpeningsError::Damaged)?;
    let nonce = nonce.try_into().map_err(|_| OpeningsError::Damaged)?;
    Ok(SealedOpening { id, subject, nonce, ciphertext })
}

impl Openings for SqliteOpenings {
    fn add<'a>(&'a self, openings: &'a [SealedOpening]) -> BoxFuture<'a, Result<(), OpeningsError>> {
        Box::pin(self.add_all(openings))
    }

    fn get<'a>(
        &'a self,
        ids: &'a [OpeningId],
    ) -> BoxFuture<'a, Result<BTreeMap<OpeningId, SealedOpening>, OpeningsError>> {
        Box::pin(self.get_all(ids))
    }

    fn missing<'a>(&'a self, ids: &'a [OpeningId]) -> BoxFuture<'a, Result<Vec<OpeningId>, OpeningsError>> {
        Box::pin(async move {
            let there = self.get_all(ids).await?;
            Ok(ids.iter().filter(|id| !there.contains_key(id)).copied().collect())
        })
    }

    fn forget(&self, subject: Subject) -> BoxFuture<'_, Result<u64, OpeningsError>> {
        Box::pin(async move {
            let done = sqlx::query("DELETE FROM openings WHERE subject = $1")
                .bind(subject.to_string())
                .execute(&self.pool)
                .await?;
            truncate_wal(&self.pool).await?;
            Ok(done.rows_affected())
        })
    }
}
