//! What is played while the batch before it is being saved: it stands on it, is saved after it, and fails with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jit_engine::BoxFuture;
use jit_engine::audit::{Appender, Openings, OpeningsError, SealedOpening, Sealer, SqliteOpenings, SystemRandom};
use jit_engine::store::sqlite::SqliteStore;
use jit_engine::store::{LogQuery, Played, Records as _, Store, StoreError};
use jit_life::{EffectKind, Request};
use jit_types::{OpeningId, Subject};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::kit::until;
use crate::sqlite::NoKeys;
use crate::story::{at, done, effect, id, job, lease, put, request};

/// How many steps come while the first one is being saved: more than it takes to go ahead.
const CROWD: u16 = 300;

/// Openings that are kept, or not, when somebody says so.
struct Slow {
    kept: SqliteOpenings,
    may: Arc<Semaphore>,
    broken: Arc<AtomicBool>,
    asked: Arc<AtomicBool>,
}

impl Openings for Slow {
    fn add<'a>(&'a self, openings: &'a [SealedOpening]) -> BoxFuture<'a, Result<(), OpeningsError>> {
        Box::pin(async move {
            self.asked.store(true, Ordering::SeqCst);
            self.may.acquire().await.expect("it is open").forget();
            if self.broken.load(Ordering::SeqCst) { Err(OpeningsError::Damaged) } else { self.kept.add(openings).await }
        })
    }
    fn get<'a>(
        &'a self,
        ids: &'a [OpeningId],
    ) -> BoxFuture<'a, Result<BTreeMap<OpeningId, SealedOpening>, OpeningsError>> {
        self.kept.get(ids)
    }
    fn missing<'a>(&'a self, ids: &'a [OpeningId]) -> BoxFuture<'a, Result<Vec<OpeningId>, OpeningsError>> {
        self.kept.missing(ids)
    }
    fn forget(&self, subject: Subject) -> BoxFuture<'_, Result<u64, OpeningsError>> {
        self.kept.forget(subject)
    }
}

struct Stage {
    store: Arc<SqliteStore>,
    may: Arc<Semaphore>,
    broken: Arc<AtomicBool>,
    asked: Arc<AtomicBool>,
    dir: tempfile::TempDir,
}

type Outcome = Result<Played, StoreError>;

impl Stage {
    async fn set() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (may, broken) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicBool::new(false)));
        let kept = SqliteOpenings::open(&dir.path().join("openings.db")).await.expect("openings");
        let asked = Arc::new(AtomicBool::new(false));
        let openings = Slow { kept, may: Arc::clone(&may), broken: Arc::clone(&broken), asked: Arc::clone(&asked) };
        let sealer = Sealer::new(Arc::new(NoKeys), Arc::new(SystemRandom));
        let store = SqliteStore::open(&dir.path().join("house.db"), sealer, Arc::new(openings)).await.expect("a store");
        for n in 0..CROWD {
            put(&store, request(n, n, "db"), vec![]).await;
        }
        Self { store: Arc::new(store), may, broken, asked, dir }
    }

    /// One step that changes request 0 and is held while it is saved, and a crowd that comes meanwhile and is played: request 0
    /// among it.
    async fn held(&self) -> (tokio::task::JoinHandle<Outcome>, JoinSet<(u16, Outcome)>) {
        let marked = |n: u16, mark: &str| Request { claim_key: Some(mark.to_owned()), ..request(n, n, "db") };
        let mut first = job(id(0), move |_, _| done(Some(marked(0, "first")), vec![effect(EffectKind::End, 5, None)]));
        let ciphertext = vec![1, 2, 3];
        first.openings = vec![SealedOpening {
            id: OpeningId::from_parts(at(0), [1; 10]),
            subject: id(1),
            nonce: [0; 12],
            ciphertext,
        }];
        let (store, seen) = (Arc::clone(&self.store), Arc::new(AtomicUsize::new(0)));
        let first = tokio::spawn(async move { store.play(first).await });
        until("the first is being saved", || async { self.asked.load(Ordering::SeqCst) }).await;
        let mut crowd = JoinSet::new();
        for n in 0..CROWD {
            let (store, seen) = (Arc::clone(&self.store), Arc::clone(&seen));
            crowd.spawn(async move {
                let step = job(id(n), move |state, _| {
                    seen.fetch_add(1, Ordering::SeqCst);
                    let before = state.and_then(|state| state.claim_key.clone()).unwrap_or_default();
                    let effects = vec![effect(EffectKind::StartBy, 7, None)];
                    done(Some(marked(n, &format!("after {before}"))), effects)
                });
                (n, store.play(step).await)
            });
        }
        until("the crowd is played", || async { seen.load(Ordering::SeqCst) == usize::from(CROWD) }).await;
        // Nothing of it is to be seen.
        let there = self.store.request(id(7)).await.expect("the store").expect("a request");
        assert_eq!((there.claim_key.as_deref(), self.store.log().head().0), (None, u64::from(CROWD)));
        (first, crowd)
    }

    /// The log's numbers have no gap, its root is the root over its leaves, and who opens the file finds the same.
    async fn numbered(self, expected: u64) {
        let entries = self.store.log().entries(LogQuery { most: 10_000, ..Default::default() }).await.expect("the log");
        let mut appender = Appender::new();
        entries.iter().for_each(|entry| drop(appender.append(entry.leaf.as_bytes())));
        let head = (appender.size(), appender.root());
        assert_eq!((head, head.0), (self.store.log().head(), expected));
        drop(self.store);
        let kept = SqliteOpenings::open(&self.dir.path().join("openings.db")).await.expect("openings");
        let sealer = Sealer::new(Arc::new(NoKeys), Arc::new(SystemRandom));
        let again =
            SqliteStore::open(&self.dir.path().join("house.db"), sealer, Arc::new(kept)).await.expect("a store");
        assert_eq!(again.log().head(), head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_played_ahead_stands_on_what_was_being_saved() {
    let stage = Stage::set().await;
    let commits = *stage.store.changes().borrow();
    let (first, mut crowd) = stage.held().await;
    stage.may.add_permits(1);
    first.await.expect("no panic").expect("it is saved");
    while let Some(played) = crowd.join_next().await {
        let (n, played) = played.expect("no panic");
        let mark = played.expect("it is saved").request.expect("a request").claim_key.clone();
        assert_eq!(mark.as_deref(), Some(if n == 0 { "after first" } else { "after " }));
        let there = stage.store.request(id(n)).await.expect("the store").expect("a request");
        assert_eq!(there.claim_key, mark);
    }
    assert_eq!(
        *stage.store.changes().borrow() - commits,
        2,
        "one commit for the first and one for all that came meanwhile"
    );
    let leased = lease(stage.store.as_ref(), 9, 99, 9999).await;
    assert_eq!(leased.len(), usize::from(CROWD) + 1);
    stage.numbered(2 * u64::from(CROWD) + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_played_ahead_fails_with_what_it_stands_on() {
    let stage = Stage::set().await;
    let head = stage.store.log().head();
    let (first, mut crowd) = stage.held().await;
    stage.broken.store(true, Ordering::SeqCst);
    stage.may.add_permits(1);
    assert!(matches!(first.await.expect("no panic"), Err(StoreError::Unavailable(_))));
    while let Some(played) = crowd.join_next().await {
        let (n, played) = played.expect("no panic");
        assert!(matches!(played, Err(StoreError::Unavailable(_))), "{n}");
        let there = stage.store.request(id(n)).await.expect("the store").expect("a request");
        assert_eq!(there.claim_key, None);
    }
    assert_eq!(stage.store.log().head(), head);
    assert_eq!(lease(stage.store.as_ref(), 9, 99, 9999).await, vec![], "nothing is due, and nothing is leased");
    // It goes on as if nothing had been.
    stage.broken.store(false, Ordering::SeqCst);
    put(stage.store.as_ref(), request(999, 1, "other"), vec![effect(EffectKind::End, 5, None)]).await;
    assert_eq!(lease(stage.store.as_ref(), 9, 99, 9999).await.len(), 1);
    stage.numbered(u64::from(CROWD) + 1).await;
}
