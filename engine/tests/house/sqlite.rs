//! The story on SQLite, and what concerns its file alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jit_engine::BoxFuture;
use jit_engine::audit::{
    KeyState, Keyring, Openings, OpeningsError, SealedOpening, Sealer, SqliteOpenings, SystemRandom,
};
use jit_engine::store::sqlite::SqliteStore;
use jit_engine::store::{Records as _, Store, StoreError, Write};
use jit_types::{OpeningId, Subject};
use sqlx::ConnectOptions as _;

use crate::outbox;
use crate::story::{self, Opener};

pub(crate) struct NoKeys;

impl Keyring for NoKeys {
    fn key(&self, _: Subject) -> KeyState {
        KeyState::Unknown
    }
}

/// Openings that fail on demand.
struct Frail(SqliteOpenings, Arc<AtomicBool>);

impl Openings for Frail {
    fn add<'a>(&'a self, openings: &'a [SealedOpening]) -> BoxFuture<'a, Result<(), OpeningsError>> {
        if self.1.load(Ordering::SeqCst) {
            return Box::pin(async { Err(OpeningsError::Damaged) });
        }
        self.0.add(openings)
    }
    fn get<'a>(
        &'a self,
        ids: &'a [OpeningId],
    ) -> BoxFuture<'a, Result<std::collections::BTreeMap<OpeningId, SealedOpening>, OpeningsError>> {
        self.0.get(ids)
    }
    fn missing<'a>(&'a self, ids: &'a [OpeningId]) -> BoxFuture<'a, Result<Vec<OpeningId>, OpeningsError>> {
        self.0.missing(ids)
    }
    fn forget(&self, subject: Subject) -> BoxFuture<'_, Result<u64, OpeningsError>> {
        self.0.forget(subject)
    }
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("house.db")
    }

    async fn try_open(&self, broken: Arc<AtomicBool>) -> Result<SqliteStore, StoreError> {
        let openings = SqliteOpenings::open(&self.0.path().join("openings.db")).await.expect("openings");
        let sealer = Sealer::new(Arc::new(NoKeys), Arc::new(SystemRandom));
        SqliteStore::open(&self.file(), sealer, Arc::new(Frail(openings, broken))).await
    }
}

impl Opener for Place {
    fn open(&self, broken: Arc<AtomicBool>) -> BoxFuture<'_, Arc<dyn Store>> {
        Box::pin(async move {
            let store: Arc<dyn Store> = Arc::new(self.try_open(broken).await.expect("a store"));
            store
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_at_once_follows() {
    outbox::what_is_due_at_once_follows(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plays_refuses_and_keeps() {
    story::plays_refuses_and_keeps(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_open_request_for_a_key() {
    story::one_open_request_for_a_key(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_fence_is_refused() {
    outbox::an_old_fence_is_refused(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_replaced_stays() {
    outbox::what_was_replaced_stays(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_effect_of_a_lane() {
    outbox::one_effect_of_a_lane(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_the_same_answer() {
    story::the_same_key_the_same_answer(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_shares_commits() {
    story::a_crowd_shares_commits(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opened_again_it_goes_on() {
    story::opened_again_it_goes_on(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_or_nothing() {
    story::all_or_nothing(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered() {
    story::questions_are_answered(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_messages_are_kept() {
    story::tokens_and_messages_are_kept(&Place::new()).await;
}

async fn run(file: &Path, sql: &'static str) {
    let mut connection =
        sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.expect("a connection");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect("it runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    drop(place.try_open(Arc::default()).await.expect("a store"));
    for entry in std::fs::read_dir(place.0.path()).expect("the directory") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
    std::fs::set_permissions(place.file(), std::fs::Permissions::from_mode(0o640)).expect("chmod");
    let refused = place.try_open(Arc::default()).await.err().expect("a refusal").to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_file_is_refused_and_left_alone() {
    let place = Place::new();
    let store = place.try_open(Arc::default()).await.expect("a store");
    story::put(&store, story::request(1, 1, "db"), vec![]).await;
    drop(store);
    run(&place.file(), "PRAGMA user_version = 900").await;
    let refused = place.try_open(Arc::default()).await.err();
    assert!(matches!(refused, Some(StoreError::Damaged(_))), "{refused:?}");
    run(&place.file(), "PRAGMA user_version = 3").await;
    let store = place.try_open(Arc::default()).await.expect("a store");
    assert!(store.request(story::id(1)).await.expect("the store").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_lacks_a_node_is_refused() {
    let place = Place::new();
    let store = place.try_open(Arc::default()).await.expect("a store");
    story::put(&store, story::request(1, 1, "db"), vec![]).await;
    drop(store);
    run(&place.file(), "DELETE FROM nodes").await;
    let refused = place.try_open(Arc::default()).await.err();
    assert!(matches!(refused, Some(StoreError::Damaged(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_go_on_after_those_that_another_process_gave() {
    let place = Place::new();
    let store = place.try_open(Arc::default()).await.expect("a store");
    let kind = || jit_life::EffectKind::Revoke(story::id(1));
    story::put(&store, story::request(1, 1, "db"), vec![story::effect(kind(), 10, None)]).await;
    drop(store);
    run(&place.file(), "UPDATE effects SET version = 1000000000").await;
    let store = place.try_open(Arc::default()).await.expect("a store");
    let leased = store.lease(story::at(10), story::at(99), 9).await.expect("leases").remove(0);
    assert!(leased.version == 1_000_000_000 && leased.fence > 1_000_000_000, "{leased:?}");
    story::put(&store, story::request(1, 1, "db"), vec![story::effect(kind(), 11, None)]).await;
    store.write(vec![Write::Done(leased.clone())], vec![], vec![]).await.expect("written");
    let again = store.lease(story::at(11), story::at(99), 9).await.expect("leases").remove(0);
    assert!(again.version > leased.version && again.fence > leased.fence, "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_has_lost_its_locks_is_not_one_in_which_nothing_is_locked() {
    let place = Place::new();
    drop(place.try_open(Arc::default()).await.expect("a store"));
    run(&place.file(), "DELETE FROM locks").await;
    assert!(place.try_open(Arc::default()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_is_leased_to_one() {
    outbox::what_follows_is_leased_to_one(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_is_leased_to_one_of_two() {
    outbox::what_follows_is_leased_to_one_of_two(&Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_nobody_heard_of_is_free() {
    outbox::a_lease_that_nobody_heard_of_is_free(&Place::new()).await;
}
