//! Who is who, and the key that each one's texts are sealed under: a store of its own, left out of database backups.
//!
//! It alone knows which person a subject is. Destroying a subject takes the key and the person away and leaves the
//! subject's id, so that a verifier's "erased" and a typing mistake can be told apart.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use jit_backend::BoxFuture;
use jit_types::{PersonId, Subject, Timestamp};
use sqlx::sqlite::SqlitePool;
use zeroize::Zeroizing;

use super::opening::SubjectKey;
use super::random::{Random, RandomError, draw};
use super::seal::{KeyState, Keyring};
use super::sqlite::{FileError, open_private, truncate_wal};

/// Why the keys' store can't answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// The file can't be used.
    #[error("the store of subjects' keys can't be used: {0}")]
    File(#[from] FileError),
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// What is in the file is not what was written.
    #[error("the store of subjects' keys is damaged")]
    Damaged,
    /// No such subject.
    #[error("there is no such subject")]
    Unknown,
}

/// The store of subjects and their keys. Looking a key up goes through [`Keyring`], which answers from memory.
pub trait SubjectKeys: Keyring {
    /// The person's subject; mints one with a new key where there is none, also after an erasure: a person who comes back
    /// is somebody new.
    fn mint<'a>(&'a self, person: &'a PersonId, now: Timestamp) -> BoxFuture<'a, Result<Subject, KeysError>>;

    /// The person's subject, where there is one.
    fn subject(&self, person: &PersonId) -> Option<Subject>;

    /// Who the subject is; `None` once erased, or where there is no such subject.
    fn person(&self, subject: Subject) -> Option<PersonId>;

    /// The subjects whose keys are destroyed.
    fn destroyed(&self) -> Vec<Subject>;

    /// Destroys the subject's key and forgets who it was. A second time is success too; the answer says whether this was
    /// the first.
    ///
    /// # Errors
    /// When there is no such subject, or the file fails: the key must then be taken to be still there.
    fn destroy(&self, subject: Subject, now: Timestamp) -> BoxFuture<'_, Result<bool, KeysError>>;
}

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS subjects (
    subject   TEXT PRIMARY KEY NOT NULL,
    person    TEXT UNIQUE,
    key       BLOB,
    minted    INTEGER NOT NULL,
    destroyed INTEGER,
    CHECK ((destroyed IS NULL) = (key IS NOT NULL) AND (destroyed IS NULL) = (person IS NOT NULL))
) STRICT;
PRAGMA user_version = 1;
";

#[derive(Default)]
struct Known {
    subjects: HashMap<PersonId, Subject>,
    keys: HashMap<Subject, (KeyState, Option<PersonId>)>,
}

/// The keys in an SQLite file of their own, all of them held in memory: some 200 bytes a person.
pub struct SqliteKeys {
    pool: SqlitePool,
    random: Arc<dyn Random>,
    known: RwLock<Known>,
    /// Held while the file and then the memory change, so that memory never says what an older write said.
    writing: tokio::sync::Mutex<()>,
}

type Row = (String, Option<String>, Option<Vec<u8>>);

impl SqliteKeys {
    /// Opens the file, or makes it; reads it into memory.
    ///
    /// # Errors
    /// When the file can't be used, others may read it, or it is damaged.
    pub async fn open(path: &Path, random: Arc<dyn Random>) -> Result<Self, KeysError> {
        let pool = open_private(path, TABLES).await?;
        let rows: Vec<Row> = sqlx::query_as("SELECT subject, person, key FROM subjects")
            .fetch_all(&pool)
            .await
            .map_err(FileError::from)?;
        let mut known = Known::default();
        for (subject, person, key) in rows {
            let subject: Subject = subject.parse().map_err(|_| KeysError::Damaged)?;
            let person = person.map(|p| p.parse::<PersonId>()).transpose().map_err(|_| KeysError::Damaged)?;
            let state = match key.map(Zeroizing::new) {
                None => KeyState::Destroyed,
                Some(bytes) => {
                    let bytes = <&[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeysError::Damaged)?;
                    KeyState::Alive(Arc::new(SubjectKey::new(bytes).ok_or(KeysError::Damaged)?))
                }
            };
            known.keep(subject, person, state);
        }
        Ok(Self { pool, random, known: RwLock::new(known), writing: tokio::sync::Mutex::new(()) })
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
    }

    async fn mint_one(&self, person: &PersonId, now: Timestamp) -> Result<Subject, KeysError> {
        if let Some(subject) = self.subject(person) {
            return Ok(subject);
        }
        let _writing = self.writing.lock().await;
        if let Some(subject) = self.subject(person) {
            return Ok(subject);
        }
        let subject = Subject::from_parts(now, draw(self.random.as_ref())?);
        let bytes = Zeroizing::new(draw::<32>(self.random.as_ref())?);
        let key = SubjectKey::new(&bytes).ok_or(KeysError::Damaged)?;
        sqlx::query("INSERT INTO subjects (subject, person, key, minted) VALUES ($1, $2, $3, $4)")
            .bind(subject.to_string())
            .bind(person.as_str())
            .bind(bytes.as_slice())
            .bind(now.millis())
            .execute(&self.pool)
            .await
            .map_err(FileError::from)?;
        self.write(|known| known.keep(subject, Some(person.clone()), KeyState::Alive(Arc::new(key))));
        Ok(subject)
    }

    async fn destroy_one(&self, subject: Subject, now: Timestamp) -> Result<bool, KeysError> {
        let _writing = self.writing.lock().await;
        let state = self.key(subject);
        if let KeyState::Unknown = state {
            return Err(KeysError::Unknown);
        }
        let done = sqlx::query(
            "UPDATE subjects SET person = NULL, key = NULL, destroyed = $2 WHERE subject = $1 AND key IS NOT NULL",
        )
        .bind(subject.to_string())
        .bind(now.millis())
        .execute(&self.pool)
        .await
        .map_err(FileError::from)?;
        self.write(|known| known.forget(subject));
        // Also a second time: the first may have been interrupted here, with the key still in the write-ahead log.
        truncate_wal(&self.pool).await?;
        Ok(done.rows_affected() == 1)
    }
}

impl Known {
    fn keep(&mut self, subject: Subject, person: Option<PersonId>, state: KeyState) {
        if let Some(person) = &person {
            self.subjects.insert(person.clone(), subject);
        }
        self.keys.insert(subject, (state, person));
    }

    fn forget(&mut self, subject: Subject) {
        if let Some((_, Some(person))) = self.keys.insert(subject, (KeyState::Destroyed, None)) {
            self.subjects.remove(&person);
        }
    }
}

impl Keyring for SqliteKeys {
    fn key(&self, subject: Subject) -> KeyState {
        self.read(|known| known.keys.get(&subject).map_or(KeyState::Unknown, |(state, _)| state.clone()))
    }
}

impl SubjectKeys for SqliteKeys {
    fn mint<'a>(&'a self, person: &'a PersonId, now: Timestamp) -> BoxFuture<'a, Result<Subject, KeysError>> {
        Box::pin(self.mint_one(person, now))
    }

    fn subject(&self, person: &PersonId) -> Option<Subject> {
        self.read(|known| known.subjects.get(person).copied())
    }

    fn person(&self, subject: Subject) -> Option<PersonId> {
        self.read(|known| known.keys.get(&subject).and_then(|(_, person)| person.clone()))
    }

    fn destroyed(&self) -> Vec<Subject> {
        let gone = |known: &Known| {
            let states = known.keys.iter().filter(|(_, (state, _))| matches!(state, KeyState::Destroyed));
            states.map(|(subject, _)| *subject).collect()
        };
        self.read(gone)
    }

    fn destroy(&self, subject: Subject, now: Timestamp) -> BoxFuture<'_, Result<bool, KeysError>> {
        Box::pin(self.destroy_one(subject, now))
    }
}
