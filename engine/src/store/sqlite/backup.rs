//! Copies of the house's SQLite files while a broker writes to them, and a look at a copy before it is put back.
//!
//! `VACUUM INTO` (sqlite.org/lang_vacuum.html) reads in one transaction and so sees the write-ahead log as a whole; free
//! pages, in which deleted things could linger, are not copied.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::{MIGRATIONS, StoreError, private};

/// What a copy of the store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// How many entries its log has.
    pub log_size: u64,
    /// The newest signed checkpoint, where there is one.
    pub checkpoint: Option<String>,
}

/// Copies one of the house's files, whoever writes to it, into a new file that only its owner may read.
///
/// # Errors
/// When there is no such file, it is damaged, or the copy can't be written.
pub async fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let unwritable = |e: std::io::Error| StoreError::Unavailable(format!("{}: {}", to.display(), e.kind()));
    let target = to.to_str().ok_or_else(|| StoreError::Unavailable("a path that is not UTF-8".to_owned()))?;
    // An empty file counts as none for VACUUM INTO, and has its mode already.
    std::fs::OpenOptions::new().write(true).create_new(true).open(to).map_err(unwritable)?;
    std::fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(unwritable)?;
    private(to)?;
    let mut connection = open(from).await?;
    sqlx::query("VACUUM INTO $1").bind(target).execute(&mut connection).await?;
    connection.close().await?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(unwritable)
}

/// Whether every page of a file is what SQLite takes for sound (`PRAGMA integrity_check`).
///
/// # Errors
/// When it is not, or can't be read.
pub async fn sound(path: &Path) -> Result<(), StoreError> {
    let mut connection = open(path).await?;
    let (word,): (String,) = sqlx::query_as("PRAGMA integrity_check(1)").fetch_one(&mut connection).await?;
    connection.close().await?;
    if word == "ok" { Ok(()) } else { Err(StoreError::Damaged("a page".to_owned())) }
}

/// Looks at a copy of the store.
///
/// # Errors
/// When it is no store, is damaged, or was written by a newer version.
pub async fn look(path: &Path) -> Result<Looked, StoreError> {
    sound(path).await?;
    let mut connection = open(path).await?;
    let (version,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(&mut connection).await?;
    match usize::try_from(version) {
        Ok(0) | Err(_) => return Err(StoreError::Damaged("it is no store".to_owned())),
        Ok(version) if version > MIGRATIONS.len() => {
            return Err(StoreError::Damaged("it was written by a newer version of jit".to_owned()));
        }
        Ok(_) => {}
    }
    let (entries,): (i64,) = sqlx::query_as("SELECT count(*) FROM entries").fetch_one(&mut connection).await?;
    let newest: Option<(String,)> = sqlx::query_as("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
        .fetch_optional(&mut connection)
        .await?;
    connection.close().await?;
    let log_size = u64::try_from(entries).map_err(|_| StoreError::Damaged("the log".to_owned()))?;
    Ok(Looked { log_size, checkpoint: newest.map(|(note,)| note) })
}

async fn open(path: &Path) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(std::time::Duration::from_secs(10))
        // What is sorted on the way must not lie in a directory that others share.
        .pragma("temp_store", "MEMORY")
        .pragma("trusted_schema", "OFF");
    Ok(options.connect().await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::sqlite::SqliteJournalMode;
    use std::os::unix::fs::PermissionsExt as _;

    /// A store with entries that are in the write-ahead log only, and its writer still at it.
    async fn busy(path: &Path) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut writer = options.journal_mode(SqliteJournalMode::Wal).connect().await.expect("a file");
        super::super::migrate(&mut writer).await.expect("tables");
        sqlx::query("PRAGMA wal_autocheckpoint = 0").execute(&mut writer).await.expect("a pragma");
        for n in 0..3i64 {
            sqlx::query("INSERT INTO entries (n, leaf, at) VALUES ($1, 'x', 0)")
                .bind(n)
                .execute(&mut writer)
                .await
                .expect("an entry");
        }
        writer
    }

    #[tokio::test]
    async fn a_copy_has_what_only_the_write_ahead_log_had() {
        let dir = tempfile::tempdir().expect("a directory");
        let (from, to) = (dir.path().join("house.db"), dir.path().join("copy.db"));
        let mut writer = busy(&from).await;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.expect("a transaction");
        sqlx::query("INSERT INTO entries (n, leaf, at) VALUES (3, 'x', 0)").execute(&mut writer).await.expect("it");
        copy(&from, &to).await.expect("copied beside an open transaction");
        sqlx::query("COMMIT").execute(&mut writer).await.expect("committed");
        let looked = look(&to).await.expect("a store");
        assert_eq!(looked, Looked { log_size: 3, checkpoint: None });
        assert_eq!(to.metadata().expect("it").permissions().mode() & 0o777, 0o600);
        assert!(copy(&from, &to).await.is_err(), "never over what is there");
        let mut names: Vec<_> = dir.path().read_dir().expect("it").map(|e| e.expect("one").file_name()).collect();
        names.sort();
        assert_eq!(names, ["copy.db", "house.db", "house.db-shm", "house.db-wal"], "nothing is left beside the copy");
    }

    #[tokio::test]
    async fn what_a_killed_writer_left_is_copied_as_well() {
        let dir = tempfile::tempdir().expect("a directory");
        let (live, dead) = (dir.path().join("house.db"), dir.path().join("dead.db"));
        let _writer = busy(&live).await;
        for end in ["", "-wal"] {
            let name = |path: &Path| format!("{}{end}", path.display());
            std::fs::copy(name(&live), name(&dead)).expect("as it lay when the power went");
        }
        copy(&dead, &dir.path().join("copy.db")).await.expect("copied");
        assert_eq!(look(&dir.path().join("copy.db")).await.expect("a store").log_size, 3);
    }

    #[tokio::test]
    async fn what_is_no_store_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("house.db");
        assert!(look(&path).await.is_err());
        std::fs::write(&path, b"SQLite format 3\0 and then nothing of the kind").expect("written");
        assert!(look(&path).await.is_err());
        drop(busy(&dir.path().join("other.db")).await);
        let copied = dir.path().join("copy.db");
        copy(&dir.path().join("other.db"), &copied).await.expect("copied");
        let mut bytes = std::fs::read(&copied).expect("it");
        let middle = bytes.len() / 2;
        bytes[middle..].fill(0x5a);
        std::fs::write(&copied, bytes).expect("written");
        assert!(look(&copied).await.is_err(), "pages that are none");
    }
}
