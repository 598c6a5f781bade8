//! The fake's switches, as the engine's tests use them, and a harness that can do no more than it must.

use std::sync::Arc;

use jit_backend::testkit::{
    self, Client, Facts, Fake, FakeHarness, Harness, ManualClock, Place, Trouble, Used, Verdict,
};
use jit_backend::{Backend, BoxFuture, ErrorKind, Lease, Order};
use jit_types::{ClaimId, Form, GrantId, HouseId, Material, Span, Timestamp, Window};

fn fake() -> (Fake, ManualClock) {
    let clock = ManualClock::at(Timestamp::from_millis(1_000_000));
    let now = clock.clone();
    (Fake::new(HouseId::from_parts(clock.now(), [1; 10]), move || now.now()), clock)
}

fn order(clock: &ManualClock, random: u8) -> Order {
    let now = clock.now();
    Order {
        house: HouseId::from_parts(now, [1; 10]),
        grant: GrantId::from_parts(now, [random; 10]),
        claim: ClaimId::from_parts(now, [random; 10]),
        entitlement: 0,
        person: "alice@example.com".parse().expect("a good name"),
        window: Window { start: now, end: now.after(Span::from_secs(60)) },
        deadline: now.after(Span::from_secs(30)),
        scope: Fake::scope(),
        material: Material::None.digest(),
    }
}

#[tokio::test]
async fn it_fails_as_often_as_it_was_told_to() {
    let (fake, clock) = fake();
    let (target, order) = (fake.target(), order(&clock, 7));
    target.fail_next(2, ErrorKind::Unfinished);
    for _ in 0..2 {
        let error = fake.issue(&order, Some(&Material::None)).await.expect_err("it was told to fail");
        assert_eq!(error.kind, ErrorKind::Unfinished);
        assert!(target.live().is_empty());
    }
    fake.issue(&order, Some(&Material::None)).await.expect("the third time it works");
    assert_eq!(target.live_of(order.claim).map(|l| l.window), Some(order.window));
    assert_eq!((target.calls().issue, target.calls().revoke), (3, 0));
    clock.advance(Span::from_secs(60));
    assert!(target.live().is_empty(), "the planted end has come");
}

#[tokio::test]
async fn it_holds_back_one_claim_and_not_the_others() {
    let (fake, clock) = fake();
    let (target, held_back, other) = (fake.target(), order(&clock, 7), order(&clock, 8));
    target.stall(held_back.claim);
    let waiting = tokio::spawn({
        let (fake, order) = (fake.clone(), held_back.clone());
        async move { fake.issue(&order, Some(&Material::None)).await }
    });
    fake.issue(&other, Some(&Material::None)).await.expect("the other is not held back");
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    clock.advance(Span::from_secs(30));
    target.unstall(held_back.claim);
    let error = waiting.await.expect("no panic").expect_err("it came after its deadline");
    assert_eq!(error.kind, ErrorKind::TooLate);
    assert_eq!(target.live().len(), 1);
    let lease = Lease { order: other, handle: None };
    assert!(!fake.revoke(&lease).await.expect("revoked").already_gone);
    assert!(target.live().is_empty());
}

/// A harness that leaves out all that it may.
struct Bare(FakeHarness);

impl Harness for Bare {
    fn facts(&self) -> Facts {
        self.0.facts()
    }
    fn backend(&self, place: Place) -> BoxFuture<'_, Result<Arc<dyn Backend>, Trouble>> {
        self.0.backend(place)
    }
    fn client(&self) -> BoxFuture<'_, Result<Client, Trouble>> {
        self.0.client()
    }
    fn open<'a>(&'a self, client: &'a Client, form: &'a Form) -> BoxFuture<'a, Result<Used, Trouble>> {
        self.0.open(client, form)
    }
    fn wait_until(&self, at: Timestamp) -> BoxFuture<'_, Timestamp> {
        self.0.wait_until(at)
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_harness_leaves_out_is_said_with_its_reason() {
    let outcome =
        testkit::run_only(&Bare(FakeHarness::new(|fake| fake)), &|trial| trial != "secrets_stay_secret").await;
    assert!(outcome.failed().is_empty(), "{outcome}");
    for trial in ["stalled_issuer", "unreachable_target", "slow_target", "check_lists_what_is_there"] {
        match outcome.verdict(trial) {
            Some(Verdict::NotApplicable(why)) => assert!(why.contains("this harness"), "{why}"),
            other => panic!("{trial}: {other:?}"),
        }
    }
    let outcome = testkit::run(&Bare(FakeHarness::new(Fake::publishing))).await;
    assert!(outcome.failed().is_empty(), "{outcome}");
    assert!(outcome.not_applicable().contains(&"revoke_converges"), "{outcome}");
}
