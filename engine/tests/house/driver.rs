//! Effects out: on time, one at a time in a lane, tried for ever, and nobody's trouble is another's.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use jit_backend::testkit::Fault;
use jit_life::role::Person;
use jit_life::{ClaimStatus, EndWhy, GrantStatus};
use jit_types::{Lane, Span};

use crate::kit::people::{person, role, rules};
use crate::kit::{Setup, World, span, until};

/// Rules with so many more engineers, and their names.
pub(crate) fn crowd(count: usize) -> (Setup, Vec<String>) {
    let mut rules = rules();
    let names: Vec<String> = (0..count).map(|n| format!("p{n}")).collect();
    for name in &names {
        let groups = ["engineers", "dba"].iter().map(|g| g.parse().unwrap()).collect();
        let principals = [format!("unix:{name}").parse().unwrap()].into();
        rules.people.insert(person(name), Person { groups, principals });
    }
    (Setup { rules, channels: vec![], ..Setup::default() }, names)
}

/// Has everybody take a credential of a role.
async fn all_claim(world: &Arc<World>, names: &[String], role: &'static str) -> Vec<jit_types::RequestId> {
    let mut tasks = tokio::task::JoinSet::new();
    for name in names {
        let (world, name) = (Arc::clone(world), name.clone());
        tasks.spawn(async move {
            let request = world.file(&name, role, "1h").await.id;
            world.claim(&name, request, "n").await.expect("a credential");
            request
        });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_grants_end_in_the_same_second() {
    let (setup, names) = crowd(500);
    let world = Arc::new(World::with(setup).await);
    let requests = all_claim(&world, &names, "quick").await;
    assert_eq!(world.shop.live().len(), 500);
    let end = world.now().after(span("1h"));
    let began = Instant::now();
    world.clock.set(end);
    world.idle().await;
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(world.shop.live().len(), 0);
    for id in requests {
        assert_eq!(world.grant_status(id).await, GrantStatus::Ended { why: EndWhy::Expired, at: end });
    }
    assert_eq!(world.told("grant.ended", "done").await.len(), 500);
    assert_eq!(world.effects().await, vec![]);
    assert!(world.at_shop.most.load(SeqCst) <= 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_target_delays_no_other() {
    let world = World::new().await;
    let dead = world.granted("quick", "1h").await.request.id;
    let well = world.granted("elsewhere", "1h").await.request.id;
    world.shop.fault(Fault::Unreachable);
    world.clock.advance(span("1h"));
    until("the other has ended", || world.ended(well)).await;
    assert!(matches!(world.grant_status(dead).await, GrantStatus::Ending { .. }));
    // A day later it is still tried; when the target is back it ends at the next try, within the longest pause.
    world.pass(span("1d")).await;
    assert!(matches!(world.grant_status(dead).await, GrantStatus::Ending { .. }));
    world.shop.fault(Fault::Lifted);
    world.pass(span("1m")).await;
    assert!(world.ended(dead).await);
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_at_a_hanging_target_delays_no_other() {
    let (setup, names) = crowd(600);
    let world = Arc::new(World::with(setup).await);
    let hang = all_claim(&world, &names, "quick").await;
    let well = all_claim(&world, &names[..20], "elsewhere").await;
    world.shop.fault(Fault::Stalled);
    let end = world.now().after(span("1h"));
    world.clock.set(end);
    let began = Instant::now();
    for id in well {
        until("the other has ended", || world.ended(id)).await;
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    world.shop.fault(Fault::Lifted);
    for id in hang {
        until("it has ended", || world.ended(id)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_comes_in_its_millisecond_and_no_earlier() {
    let world = World::new().await;
    let claimed = world.granted("quick", "1h").await;
    let id = claimed.request.id;
    assert_eq!(claimed.window.end, world.now().after(span("1h")));
    world.clock.set(claimed.window.end.plus_millis(-1));
    world.idle().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.grant_status(id).await, GrantStatus::Active);
    assert!(world.shop.live_of(claimed.claim).is_some());
    world.clock.set(claimed.window.end);
    world.idle().await;
    assert_eq!(world.grant_status(id).await, GrantStatus::Ended { why: EndWhy::Expired, at: claimed.window.end });
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_are_spread_capped_and_told_of() {
    let world = World::new().await;
    let claimed = world.granted("quick", "1h").await;
    world.shop.fault(Fault::Unreachable);
    world.clock.set(claimed.window.end);
    let mut gaps = Vec::new();
    for tries in 1..=14u32 {
        world.idle().await;
        let failures = world.request(claimed.request.id).await.claim(claimed.claim).expect("a claim").failures;
        assert_eq!(failures, tries);
        let effects = world.effects().await;
        let (_, due) = effects.iter().find(|(kind, _)| kind.contains("revoke")).expect("it is tried on");
        let gap = due - world.now().millis();
        let doubled = (200i64 << (tries - 1)).min(60_000);
        assert!((doubled / 2..=doubled).contains(&gap), "try {tries}: {gap} ms");
        gaps.push(gap);
        world.clock.set(jit_types::Timestamp::from_millis(*due));
        let alerts = world.shown(0).into_iter().filter(|text| text.contains("not proven gone")).count();
        let expected = [4, 8].iter().filter(|at| tries >= **at).count();
        assert_eq!(alerts, expected, "after {tries} tries");
    }
    assert!(gaps.iter().any(|gap| gap % 100 != 0), "nothing is spread: {gaps:?}");
    world.shop.fault(Fault::Lifted);
    world.idle().await;
    assert!(world.ended(claimed.request.id).await);
    assert_eq!(world.told("claim.not_gone", "done").await.len(), 4, "1, 2, 4 and 8 tries");
}

/// What says "soon" is believed for minutes, and not for ever.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_stays_unfinished_is_told_of() {
    let world = World::new().await;
    let claimed = world.granted("quick", "1h").await;
    world.at_shop.unfinished.store(true, SeqCst);
    world.clock.set(claimed.window.end);
    for tries in 1..=33u32 {
        world.idle().await;
        let failures = world.request(claimed.request.id).await.claim(claimed.claim).expect("a claim").failures;
        assert_eq!(failures, tries);
        let alerts = world.shown(0).into_iter().filter(|text| text.contains("not proven gone")).count();
        assert_eq!(alerts, [16, 32].iter().filter(|at| tries >= **at).count(), "after {tries} tries");
        if tries == 16 {
            let waited = world.now().since(claimed.window.end);
            assert!((span("2m")..=span("10m")).contains(&waited), "{waited}");
        }
        let effects = world.effects().await;
        let (_, due) = effects.iter().find(|(kind, _)| kind.contains("revoke")).expect("it is tried on");
        world.clock.set(jit_types::Timestamp::from_millis(*due));
    }
    world.at_shop.unfinished.store(false, SeqCst);
    world.idle().await;
    assert!(world.ended(claimed.request.id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_slept_for_days_ends_everything_on_waking() {
    let world = World::new().await;
    let active = world.granted("quick", "4h").await;
    let ready = world.file("alice", "elsewhere", "1h").await.id;
    let pending = world.file("alice", "db", "1h").await.id;
    world.clock.advance(span("3d"));
    world.idle().await;
    assert!(world.ended(active.request.id).await);
    assert!(matches!(world.grant_status(ready).await, GrantStatus::Ended { why: EndWhy::Lapsed, .. }));
    assert_eq!(world.request(pending).await.asks[0].status, jit_life::AskStatus::Lapsed);
    assert!(world.shop.live().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_ends_nothing_early_and_loses_nothing() {
    let world = World::new().await;
    let claimed = world.granted("quick", "1h").await;
    world.clock.set(claimed.window.end.plus_millis(-5000));
    world.idle().await;
    world.clock.back(span("2h"));
    world.idle().await;
    assert_eq!(world.grant_status(claimed.request.id).await, GrantStatus::Active);
    world.pass(span("2h")).await;
    assert_eq!(world.grant_status(claimed.request.id).await, GrantStatus::Active);
    world.clock.set(claimed.window.end);
    world.idle().await;
    assert!(world.ended(claimed.request.id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_end_is_published_before_it_is_believed() {
    let world = World::new().await;
    let claimed = world.granted("listed", "2h").await;
    let read = || std::fs::read(world.list_path()).expect("the list is there from the start");
    assert_eq!(read(), b"[]");
    assert!(world.list.live_of(claimed.claim).is_some());
    world.clock.advance(span("10m"));
    world.release("alice", claimed.request.id).await.expect("released");
    world.idle().await;
    world.list.take_list(&read()).expect("a list");
    assert!(world.list.live_of(claimed.claim).is_none(), "the hosts refuse it");
    // It stays in the list until its own end, whatever else ends meanwhile, and a restart writes it anew.
    std::fs::remove_file(world.list_path()).expect("removed");
    let world = world.restart().await;
    let list = String::from_utf8(std::fs::read(world.list_path()).expect("written at start")).expect("text");
    assert!(list.contains(&claimed.claim.digits()), "{list}");
    world.clock.set(claimed.window.end);
    world.pass(span("1m")).await;
    assert!(world.ended(claimed.request.id).await);
    let second = world.file("alice", "listed", "1h").await.id;
    let second = world.claim("alice", second, "m").await.expect("a credential");
    world.release("alice", second.request.id).await.expect("released");
    world.idle().await;
    let list = std::fs::read_to_string(world.list_path()).expect("the list");
    assert!(list.contains(&second.claim.digits()) && !list.contains(&claimed.claim.digits()), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_from_the_dead_is_ended_again_and_told() {
    let world = World::new().await;
    let claimed = world.granted("quick", "2h").await;
    world.clock.advance(span("5m"));
    world.release("alice", claimed.request.id).await.expect("released");
    world.idle().await;
    assert!(world.ended(claimed.request.id).await);
    for round in 1..=2 {
        world.at_shop.restored.store(true, SeqCst);
        world.pass(span("20m")).await;
        assert!(!world.at_shop.restored.load(SeqCst), "it was revoked again");
        assert!(matches!(world.claim_status(&claimed).await, ClaimStatus::Gone { .. }));
        assert_eq!(world.told("claim.resurfaced", "done").await.len(), round);
        let alerts = world.shown(0).into_iter().filter(|text| text.contains("let in")).count();
        assert_eq!(alerts, round);
    }
    // It is looked at until its planted end, and then no more.
    let probes = world.shop.calls().probe;
    world.pass(span("1h")).await;
    assert!(world.shop.calls().probe > probes);
    world.clock.set(claimed.window.end);
    world.idle().await;
    assert_eq!(world.effects().await, vec![]);
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_stalls_is_settled_and_its_late_order_does_nothing() {
    let world = Arc::new(World::new().await);
    let request = world.file("alice", "quick", "1h").await.id;
    world.shop.fault(Fault::Stalled);
    let claim = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.claim("alice", request, "n").await }
    });
    until("the order is on its way", || async { world.shop.calls().issue == 1 }).await;
    let id = world.request(request).await.grant.expect("a grant").claims[0].id;
    world.clock.advance(span("34s"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.request(request).await.claim(id).map(|c| &c.status), Some(&ClaimStatus::Issuing));
    world.clock.advance(span("1s"));
    until("it is settled", || async {
        let state = world.request(request).await;
        matches!(state.claim(id).map(|c| &c.status), Some(ClaimStatus::Ending { was_usable: false }))
    })
    .await;
    world.shop.fault(Fault::Lifted);
    assert!(claim.await.expect("no panic").is_err());
    world.idle().await;
    assert!(world.shop.live().is_empty(), "the target itself refused what came too late");
    assert!(matches!(world.request(request).await.claim(id).unwrap().status, ClaimStatus::Failed { .. }));
    // The window in which nothing became usable is given back.
    assert_eq!(world.grant_status(request).await, GrantStatus::Ready);
    assert_eq!(world.told("grant.given_back", "done").await.len(), 1);
    world.claim("alice", request, "again").await.expect("a credential");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_answered_after_the_end_is_unmade() {
    let world = Arc::new(World::new().await);
    let request = world.file("alice", "quick", "1h").await.id;
    world.shop.fault(Fault::Stalled);
    let claim = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.claim("alice", request, "n").await }
    });
    until("the order is on its way", || async { world.shop.calls().issue == 1 }).await;
    world.release("alice", request).await.expect("released");
    assert!(matches!(world.grant_status(request).await, GrantStatus::Ending { .. }));
    world.shop.fault(Fault::Lifted);
    let refused = claim.await.expect("no panic").expect_err("a refusal").to_string();
    assert!(refused.contains("the grant ended"), "{refused}");
    world.idle().await;
    assert!(world.ended(request).await);
    assert!(world.shop.live().is_empty());
    assert_eq!(world.told("claim.late", "done").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_on_a_shared_lane_wait_for_each_other_and_others_do_not() {
    for (shared, expected) in [(true, 1..=1), (false, 2..=20)] {
        let (setup, names) = crowd(20);
        let shop: fn(jit_backend::testkit::Fake) -> jit_backend::testkit::Fake =
            if shared { |fake| fake.with_lane(Lane::Shared("policy".to_owned())) } else { |fake| fake };
        let world = Arc::new(World::with(Setup { shop, ..setup }).await);
        world.shop.fault(Fault::Slow);
        let requests = all_claim(&world, &names, "quick").await;
        let mut tasks = tokio::task::JoinSet::new();
        for (name, id) in names.into_iter().zip(requests) {
            // Some give back while others take again.
            let world = Arc::clone(&world);
            tasks.spawn(async move {
                let owner = world.request(id).await.subject == world.caller(&name).await.subject;
                if owner && id.low64() % 2 == 0 {
                    world.release(&name, id).await.expect("released");
                } else if owner {
                    world.claim(&name, id, "second").await.expect("a credential");
                }
            });
        }
        tasks.join_all().await;
        world.idle().await;
        let most = world.at_shop.most.load(SeqCst);
        assert!(expected.contains(&most), "shared: {shared}, at once: {most}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_starts_anew_takes_up_what_was_left() {
    let world = World::new().await;
    let claimed = world.granted("quick", "1h").await;
    world.shop.fault(Fault::Stalled);
    world.clock.set(claimed.window.end);
    until("it is being revoked", || async { world.shop.calls().revoke > 0 }).await;
    world.shop.fault(Fault::Unreachable);
    let world = world.restart().await;
    world.shop.fault(Fault::Lifted);
    world.pass(Span::from_secs(120)).await;
    assert!(world.ended(claimed.request.id).await);
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_held_ends_though_nobody_knows_who_it_was() {
    let (setup, _) = crowd(2);
    let world = World::with(setup).await;
    let request = world.file("p0", "quick", "1h").await.id;
    world.claim("p0", request, "n").await.expect("a credential");
    let listed = world.file("p0", "listed", "1h").await.id;
    world.claim("p0", listed, "n").await.expect("a credential");
    let other = world.file("p1", "listed", "1h").await.id;
    world.claim("p1", other, "n").await.expect("a credential");
    let keys = sqlx::sqlite::SqliteConnectOptions::new().filename(world.dir.path().join("keys.db"));
    let mut connection = sqlx::ConnectOptions::connect(&keys).await.expect("the keys");
    let gone = sqlx::query("DELETE FROM subjects WHERE person LIKE 'p0@%'");
    assert_eq!(gone.execute(&mut connection).await.expect("written").rows_affected(), 1);
    drop(connection);
    let world = world.restart().await;
    // Another's early end must reach the document that all share, and what was theirs ends in its time.
    world.release("p1", other).await.expect("released");
    world.clock.set(world.now().after(span("1h")));
    for id in [request, listed, other] {
        until("it has ended", || async { matches!(world.grant_status(id).await, GrantStatus::Ended { .. }) }).await;
    }
    assert_eq!((world.shop.live(), world.list.live()), (vec![], vec![]));
}

/// what an end makes due at once is done by one task, one after the other; so a target that hangs delays the end at
/// another one, though that one is well.
#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_target_of_the_same_grant_delays_no_other() {
    for hanging in ["shop", "other"] {
        let mut rules = rules();
        let (name, both) = role("both", jit_life::Approval::ByRule, &["shop", "other"]);
        rules.roles.insert(name, both);
        let world = World::with(Setup { rules, channels: vec![], ..Setup::default() }).await;
        let request = world.file("alice", "both", "1h").await.id;
        world.claim_of("alice", request, 0, "a").await.expect("a credential");
        world.claim_of("alice", request, 1, "b").await.expect("a credential");
        let (hung, well) = if hanging == "shop" { (&world.shop, &world.other) } else { (&world.other, &world.shop) };
        hung.fault(Fault::Stalled);
        world.clock.advance(span("1h"));
        until("the hanging target is asked", || async { hung.calls().revoke > 0 }).await;
        let began = Instant::now();
        while well.calls().revoke == 0 && began.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let (asked, waited) = (well.calls().revoke, began.elapsed());
        hung.fault(Fault::Lifted);
        assert!(asked > 0, "while {hanging} hangs, the other target was not asked within {waited:?}");
        assert!(waited < Duration::from_secs(2), "{waited:?}");
    }
}

/// a panic is a failure like another: it is counted, and tried again after a pause.
#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_panics_is_tried_again_soon() {
    let world = World::new().await;
    let claimed = world.granted("quick", "1h").await;
    world.at_shop.panics.store(true, SeqCst);
    world.clock.set(claimed.window.end);
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.at_shop.panics.store(false, SeqCst);
    // The longest pause between two tries is a minute.
    for _ in 0..4 {
        world.clock.advance(span("1m"));
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(world.ended(claimed.request.id).await, "four minutes later nobody has tried again");
}
