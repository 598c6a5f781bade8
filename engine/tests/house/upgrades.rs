//! Stores of every earlier version, written under live grants, are opened by this one: every end comes on time.
//!
//! `upgrades/NNNN` holds the files of a house as version NNNN wrote them, as SQL. A new version adds a directory of its own
//! (`JIT_WRITE_FIXTURE=1 cargo test -p jit-engine --all-features --test house this_versions_store`) and edits none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jit_life::{ClaimStatus, EndWhy, GrantStatus, Verdict};
use jit_types::Span;
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::kit::{START, Setup, World, span};

const FILES: [&str; 3] = ["house", "keys", "openings"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/house/upgrades")
}

async fn connect(file: &Path) -> SqliteConnection {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(file);
    drop(made.expect("the file"));
    sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.expect("a connection")
}

/// The whole file as SQL: tables, indexes, rows, version.
async fn dump(file: &Path) -> String {
    let mut connection = connect(file).await;
    let mut sql = String::new();
    let tables: Vec<(String, String)> =
        sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name")
            .fetch_all(&mut connection)
            .await
            .expect("the schema");
    for (name, made) in tables {
        sql.push_str(&format!("{made};\n"));
        if !made.starts_with("CREATE TABLE") {
            continue;
        }
        let columns: Vec<(String,)> = sqlx::query_as("SELECT name FROM pragma_table_info($1)")
            .bind(&name)
            .fetch_all(&mut connection)
            .await
            .expect("the columns");
        let quoted: Vec<String> = columns.iter().map(|(column,)| format!("quote({column})")).collect();
        let rows = format!("SELECT {} FROM {name} ORDER BY 1", quoted.join(" || ',' || "));
        let rows: Vec<(String,)> =
            sqlx::query_as(sqlx::AssertSqlSafe(rows)).fetch_all(&mut connection).await.expect("the rows");
        for (row,) in rows {
            sql.push_str(&format!("INSERT INTO {name} VALUES ({row});\n"));
        }
    }
    let (version,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(&mut connection).await.expect("a version");
    sql.push_str(&format!("PRAGMA user_version = {version};\n"));
    sql
}

#[tokio::test(flavor = "multi_thread")]
async fn this_versions_store_has_a_fixture_of_the_same_form() {
    let world = World::with(Setup { channels: vec![], ..Setup::default() }).await;
    world.granted("quick", "1h").await;
    world.file("alice", "elsewhere", "2h").await;
    world.file("alice", "db", "1h").await;
    let two = world.file("alice", "two", "3h").await;
    for approver in ["bob", "carol"] {
        world.decide(approver, &two, Verdict::Approve { span: Some(span("2h")) }).await.expect("approved");
    }
    world.claim_of("alice", two.id, 0, "n").await.expect("a credential");
    world.claim_of("alice", two.id, 1, "n").await.expect("a credential");
    let early = world.granted("listed", "4h").await;
    world.idle().await;
    world.clock.advance(span("5m"));
    world.release("alice", early.request.id).await.expect("released");
    world.idle().await;
    let (version,): (i64,) = {
        let mut connection = connect(&world.dir.path().join("house.db")).await;
        sqlx::query_as("PRAGMA user_version").fetch_one(&mut connection).await.expect("a version")
    };
    let to = fixtures().join(format!("{version:04}"));
    #[allow(clippy::disallowed_methods, reason = "whoever adds a migration asks for its fixture by hand")]
    let write = std::env::var("JIT_WRITE_FIXTURE").is_ok();
    assert!(write || to.exists(), "version {version} has no fixture: write it with JIT_WRITE_FIXTURE=1");
    for file in FILES {
        let sql = dump(&world.dir.path().join(format!("{file}.db"))).await;
        let fixture = to.join(format!("{file}.sql"));
        if write && !fixture.exists() {
            std::fs::create_dir_all(&to).expect("a directory");
            std::fs::write(&fixture, &sql).expect("written");
        }
        // Ids and keys are drawn anew; tables, and which of them hold something, are not.
        let fixture = std::fs::read_to_string(&fixture).expect("a fixture");
        assert_eq!(form(&sql), form(&fixture), "{file} is written in another form than its fixture holds");
    }
}

/// The schema of a dump, and which tables have rows.
fn form(sql: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in sql.lines() {
        let line = line.split_once(" VALUES ").map_or(line, |(head, _)| head).to_owned();
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn every_earlier_store_is_taken_up_under_live_grants() {
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir(fixtures()).expect("fixtures").map(|entry| entry.expect("an entry").path()).collect();
    versions.sort();
    assert!(!versions.is_empty());
    for version in versions {
        taken_up(&version).await;
    }
}

async fn taken_up(version: &Path) {
    let dir = Arc::new(tempfile::tempdir().expect("a directory"));
    for file in FILES {
        let sql = std::fs::read_to_string(version.join(format!("{file}.sql"))).expect("a fixture");
        let mut connection = connect(&dir.path().join(format!("{file}.db"))).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("it loads");
    }
    let setup = Setup { channels: vec![], ..Setup::default() };
    let world = World::on(dir, START.after(span("6m")), setup).await;
    let all = world.store().requests(Default::default()).await.expect("requests");
    assert_eq!(all.len(), 5, "{}", version.display());
    let active = all.iter().filter(|r| r.grant.as_ref().is_some_and(|g| g.status == GrantStatus::Active)).count();
    assert_eq!(active, 2);
    // Each in its own second, neither earlier nor later.
    let mut ends = Vec::new();
    for request in &all {
        let when = match &request.grant {
            Some(grant) if grant.status == GrantStatus::Ready => (grant.start_by, EndWhy::Lapsed),
            Some(grant) if grant.status == GrantStatus::Active => {
                (grant.window.expect("a window").end, EndWhy::Expired)
            }
            _ => continue,
        };
        ends.push((when, request.id));
    }
    ends.sort_by_key(|((end, _), id)| (*end, *id));
    assert_eq!(ends.len(), 3);
    for ((end, why), id) in ends {
        world.pass(Span::from_secs(end.since_millis(world.now()) as u64 / 1000 - 1)).await;
        assert!(!world.ended(id).await, "{id} ended early");
        world.clock.set(end);
        world.idle().await;
        assert_eq!(world.grant_status(id).await, GrantStatus::Ended { why, at: end });
    }
    world.pass(span("8h")).await;
    assert_eq!(world.effects().await, vec![]);
    for request in world.store().requests(Default::default()).await.expect("requests") {
        assert!(!request.open(), "{request:?}");
        for claim in request.grant.iter().flat_map(|grant| &grant.claims) {
            assert!(matches!(claim.status, ClaimStatus::Gone { .. }), "{claim:?}");
        }
    }
    assert_eq!(world.told("ask.lapsed", "done").await.len(), 1);
    world.verified().await;
}
