//! The keeper over a source that counts its claims, on a clock that the test moves.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use jit_types::{FormKind, MaterialKind, Words};
use tokio::sync::Notify;

use super::*;
use crate::agent::held::tests::{postgres, ssh};

/// A clock that stands where the test put it.
#[derive(Default)]
struct Set {
    millis: AtomicI64,
    moved: Notify,
}

impl Set {
    fn set(&self, millis: i64) {
        self.millis.store(millis, SeqCst);
        self.moved.notify_waiters();
    }
}

impl Clock for Set {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(SeqCst))
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            while self.now() < until {
                let moved = self.moved.notified();
                drop(tokio::time::timeout(Duration::from_millis(5), moved).await);
            }
        })
    }
}

/// A broker that counts.
struct Counting {
    claims: AtomicUsize,
    fails: AtomicUsize,
    overs: AtomicUsize,
    news: watch::Sender<Standing>,
    make: Box<dyn Fn(usize) -> Held + Send + Sync>,
}

fn standing() -> Standing {
    let held = postgres(0, 60_000);
    let gives = GivesView {
        backend: held.backend.clone(),
        words: Words::new("read"),
        material: MaterialKind::ScramVerifier,
        form: FormKind::Postgres,
    };
    Standing {
        keyless: false,
        request: held.request,
        grant: held.grant,
        role: held.role,
        version: Digest::of(b"0"),
        window: Some(held.window),
        gives: vec![gives],
        ends: HashMap::new(),
        dead: vec![],
        over: false,
    }
}

fn counting(make: impl Fn(usize) -> Held + Send + Sync + 'static) -> Arc<Counting> {
    Arc::new(Counting {
        claims: AtomicUsize::new(0),
        fails: AtomicUsize::new(0),
        overs: AtomicUsize::new(0),
        news: watch::Sender::new(standing()),
        make: Box::new(make),
    })
}

impl Source for Counting {
    fn resolve<'a>(&'a self, of: &'a str) -> BoxFuture<'a, Result<Standing, Failure>> {
        let standing = self.news.borrow().clone();
        let known = of == standing.role.as_str() || of == standing.grant.to_string();
        let missing = Failure::new(ErrorKind::NotFound, "no such grant");
        Box::pin(async move { if known && !standing.over { Ok(standing) } else { Err(missing) } })
    }

    fn claim<'a>(&'a self, _: &'a Standing, _: u16) -> BoxFuture<'a, Result<Held, Failure>> {
        Box::pin(async move {
            let n = self.claims.fetch_add(1, SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
            let failing = self.fails.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
            if failing { Err(Failure::new(ErrorKind::Unavailable, "away")) } else { Ok((self.make)(n)) }
        })
    }

    fn changed(&self, _: RequestId, seen: Digest) -> BoxFuture<'_, Result<Option<Standing>, Failure>> {
        let mut news = self.news.subscribe();
        Box::pin(async move {
            let standing = news.wait_for(|standing| standing.version != seen).await;
            Ok(standing.ok().map(|standing| standing.clone()))
        })
    }

    fn over(&self, _: RequestId) {
        self.overs.fetch_add(1, SeqCst);
    }
}

struct World {
    clock: Arc<Set>,
    source: Arc<Counting>,
    keeper: Arc<Keeper>,
}

fn world(make: impl Fn(usize) -> Held + Send + Sync + 'static) -> World {
    let clock = Arc::new(Set::default());
    World { clock: Arc::clone(&clock), source: counting(make), keeper: Keeper::new(clock) }
}

fn context() -> Digest {
    Digest::of(b"here")
}

impl World {
    async fn hold(&self) -> Result<Vec<Arc<Held>>, Failure> {
        let source: Arc<dyn Source> = Arc::clone(&self.source) as Arc<dyn Source>;
        self.keeper.hold(context(), source, "db-read").await
    }

    fn cached(&self) -> Option<Vec<Arc<Held>>> {
        self.keeper.cached(context(), "db-read")
    }

    /// Waits until something is so, for two seconds.
    async fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        for _ in 0..400 {
            if so(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never: {what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_callers_make_one_claim() {
    let w = Arc::new(world(|_| postgres(0, 60_000)));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let w = Arc::clone(&w);
            tokio::spawn(async move { w.hold().await.map(|all| all.len()) })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.expect("a caller"), Ok(1));
    }
    assert_eq!(w.source.claims.load(SeqCst), 1);
    assert!(w.cached().is_some());
    let grant = standing().grant.to_string();
    assert!(w.keeper.cached(context(), &grant).is_some());
    assert!(w.keeper.cached(Digest::of(b"elsewhere"), "db-read").is_none(), "another broker's question");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failed_claim_fails_all_who_waited_and_is_not_kept() {
    let w = Arc::new(world(|_| postgres(0, 60_000)));
    w.source.fails.store(1, SeqCst);
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let w = Arc::clone(&w);
            tokio::spawn(async move { w.hold().await.map(|all| all.len()) })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.expect("a caller").expect_err("it failed").kind, ErrorKind::Unavailable);
    }
    assert_eq!(w.source.claims.load(SeqCst), 1);
    assert!(w.keeper.is_empty());
    assert_eq!(w.hold().await.expect("the next one works").len(), 1);
}

#[tokio::test]
async fn a_caller_who_goes_away_takes_no_answer_along() {
    let w = world(|_| postgres(0, 60_000));
    drop(tokio::time::timeout(Duration::from_millis(10), w.hold()).await);
    w.until("the claim lands", |w| w.cached().is_some()).await;
    assert_eq!(w.source.claims.load(SeqCst), 1);
}

#[tokio::test]
async fn another_way_to_the_same_grant_gets_the_same_credential_once_its_broker_has_agreed() {
    let w = world(|_| postgres(0, 60_000));
    w.hold().await.expect("held");
    let other = Digest::of(b"with a token");
    assert!(w.keeper.cached(other, "db-read").is_none(), "nobody has said yet that this token may");
    let source: Arc<dyn Source> = Arc::clone(&w.source) as Arc<dyn Source>;
    assert_eq!(w.keeper.hold(other, source, "db-read").await.expect("held").len(), 1);
    assert!(w.keeper.cached(other, "db-read").is_some());
    assert_eq!(w.source.claims.load(SeqCst), 1, "a second claim would have unmade the first");
}

#[tokio::test]
async fn what_has_ended_is_dropped() {
    let w = world(|_| postgres(0, 60_000));
    w.hold().await.expect("held");
    w.clock.set(59_999);
    assert!(w.cached().is_some());
    w.clock.set(60_000);
    assert!(w.cached().is_none(), "not a moment longer");
    w.until("it is forgotten", |w| w.keeper.is_empty()).await;
}

#[tokio::test]
async fn a_release_is_learnt_and_drops_it() {
    let w = world(|_| postgres(0, 60_000));
    w.hold().await.expect("held");
    w.source.news.send_modify(|s| (s.over, s.version) = (true, Digest::of(b"1")));
    w.until("it is forgotten", |w| w.keeper.is_empty()).await;
    assert_eq!(w.source.overs.load(SeqCst), 1);
}

#[tokio::test]
async fn a_claim_that_another_client_unmade_is_dropped() {
    let w = world(|_| postgres(0, 60_000));
    w.hold().await.expect("held");
    w.source.news.send_modify(|s| (s.dead, s.version) = (vec![postgres(0, 1).claim], Digest::of(b"1")));
    w.until("it is dropped", |w| w.cached().is_none()).await;
}

#[tokio::test]
async fn an_end_that_was_moved_in_place_is_learnt_without_a_claim() {
    let w = world(|_| postgres(0, 60_000));
    w.hold().await.expect("held");
    let later = Window { start: Timestamp::EPOCH, end: Timestamp::from_millis(120_000) };
    w.source.news.send_modify(|s| (s.window, s.version) = (Some(later), Digest::of(b"1")));
    w.until("it is learnt", |w| w.cached().is_some_and(|all| all.iter().all(|h| h.window == later))).await;
    w.clock.set(90_000);
    assert!(w.cached().is_some());
    assert_eq!(w.source.claims.load(SeqCst), 1);
}

#[tokio::test]
async fn a_certificate_whose_grant_was_extended_is_replaced_ahead_of_its_end() {
    // A certificate of an hour in a window of one; the second fills the longer one.
    let make = |n: usize| match n {
        0 => ssh(0, 3_600_000, 3_600_000, "KEY", "CERT"),
        _ => ssh(0, 7_200_000, 7_200_000, "KEY", "CERT"),
    };
    let w = world(make);
    w.hold().await.expect("held");
    let later = Window { start: Timestamp::EPOCH, end: Timestamp::from_millis(7_200_000) };
    w.source.news.send_modify(|s| (s.window, s.version) = (Some(later), Digest::of(b"1")));
    w.until("it is learnt", |w| w.cached().is_some_and(|all| all.iter().all(|h| h.window == later))).await;
    assert_eq!(w.source.claims.load(SeqCst), 1, "not before it is due");
    w.clock.set(3_300_000);
    let ends = |w: &World| w.cached().map(|all| all.iter().map(|h| h.end().millis()).collect::<Vec<_>>());
    assert!(ends(&w).is_some(), "the old one serves while the new one is fetched");
    w.until("the new one", |w| ends(w) == Some(vec![7_200_000])).await;
    assert_eq!(w.source.claims.load(SeqCst), 2);
}

#[tokio::test]
async fn a_login_whose_end_could_not_be_moved_is_replaced() {
    let make = |n: usize| postgres(0, if n == 0 { 3_600_000 } else { 7_200_000 });
    let w = world(make);
    w.hold().await.expect("held");
    let later = Window { start: Timestamp::EPOCH, end: Timestamp::from_millis(7_200_000) };
    let stands = HashMap::from([(postgres(0, 1).claim, Timestamp::from_millis(3_600_000))]);
    w.source.news.send_modify(|s| (s.window, s.ends, s.version) = (Some(later), stands, Digest::of(b"1")));
    w.clock.set(3_300_000);
    w.until("another claim", |w| w.source.claims.load(SeqCst) == 2).await;
}

#[tokio::test]
async fn what_ends_before_its_window_is_claimed_ahead() {
    // A certificate of one hour in a window of two: the second claim fills it.
    let make = |n: usize| {
        let end = 3_600_000 * (i64::try_from(n).expect("small") + 1);
        ssh(0, 7_200_000, end.min(7_200_000), "KEY", "CERT")
    };
    let w = world(make);
    w.hold().await.expect("held");
    w.clock.set(3_200_000);
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(w.source.claims.load(SeqCst), 1, "not too early");
    w.clock.set(3_300_000);
    assert!(w.cached().is_some(), "the old one serves while the new one is fetched");
    w.until("the second claim", |w| w.source.claims.load(SeqCst) == 2).await;
    w.until("the new one", |w| {
        w.cached().is_some_and(|all| all.iter().all(|h| h.end() == Timestamp::from_millis(7_200_000)))
    })
    .await;
    w.clock.set(7_100_000);
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(w.source.claims.load(SeqCst), 2, "the last one lives as long as the window");
}
