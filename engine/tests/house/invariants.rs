//! The promises of the engine, each with a test that fails without it. Those with a crash in them are in `tests/crash`,
//! those of announcing and of the driver beside this file.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use jit_backend::ErrorKind;
use jit_backend::testkit::{FakeTarget, Fault};
use jit_engine::service::seen::Scope;
use jit_engine::store::{Query, Write};
use jit_engine::{Clock as _, Error, driver};
use jit_life::policy::Caller;
use jit_life::{AskStatus, ClaimStatus, GrantStatus, RefusedKind, Verdict};
use jit_types::{Digest, Usable};

use crate::kit::people::{by_people, person, role};
use crate::kit::{Setup, World, span, until};

const YES: Verdict = Verdict::Approve { span: None };

fn refused<T>(result: Result<T, Error>) -> jit_life::Refused {
    match result {
        Err(Error::Refused(refused)) => refused,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was done"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_nothing_is_issued_without_an_approved_ask() {
    let world = World::new().await;
    let request = world.file("alice", "db", "1h").await;
    assert_eq!(refused(world.claim("alice", request.id, "a").await).kind, RefusedKind::Pending);
    world.decide("bob", &request, Verdict::Deny).await.expect("denied");
    assert_eq!(refused(world.claim("alice", request.id, "b").await).kind, RefusedKind::Conflict);
    assert_eq!(world.shop.calls().issue, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_the_intent_is_durable_and_holds_its_lane_before_the_target_is_called() {
    let world = Arc::new(World::new().await);
    let request = world.file("alice", "quick", "1h").await.id;
    world.shop.fault(Fault::Stalled);
    let task = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.claim("alice", request, "n").await }
    });
    until("the target is called", || async { world.shop.calls().issue == 1 }).await;
    let claim = world.request(request).await.grant.expect("a grant").claims[0].clone();
    assert_eq!((claim.status, claim.handle), (ClaimStatus::Issuing, None));
    assert_eq!(claim.deadline, world.now().after(span("30s")));
    assert_eq!(world.told("claim.intended", "done").await.len(), 1);
    let settle = world.effects().await.into_iter().find(|(kind, _)| kind.contains("settle")).expect("it is settled");
    assert_eq!(settle.1, claim.deadline.after(span("5s")).millis());
    // Given back meanwhile: the target shows nothing, and yet nothing is believed gone before the deadline has passed.
    world.release("alice", request).await.expect("released");
    let id = claim.id;
    for _ in 0..34 {
        world.clock.advance(span("1s"));
        tokio::time::sleep(std::time::Duration::from_millis(4)).await;
        let state = world.request(request).await;
        assert!(state.claim(id).expect("the claim").live() && state.open(), "{state:?}");
    }
    world.shop.fault(Fault::Lifted);
    let _ = task.await;
    world.clock.advance(span("2s"));
    world.idle().await;
    assert!(world.ended(request).await && world.shop.live().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_3_and_4_the_end_is_in_the_target_and_needs_no_driver() {
    let world = World::with(Setup { driver: false, ..Setup::default() }).await;
    let claimed = world.granted("quick", "1h").await;
    let login = world.shop.live_of(claimed.claim).expect("a login");
    assert_eq!(login.window, claimed.window);
    world.clock.set(claimed.window.end.plus_millis(-1));
    assert!(world.shop.live_of(claimed.claim).is_some());
    world.clock.set(claimed.window.end);
    assert!(world.shop.live_of(claimed.claim).is_none(), "nobody swept, and it lets nobody in");
    // Swept or not, nothing claims that it was proven before somebody looked.
    assert_eq!(world.grant_status(claimed.request.id).await, GrantStatus::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_gone_counts_on_the_right_target_only() {
    let mut world = World::new().await;
    let claimed = world.granted("quick", "1h").await;
    let right = world.shop.clone();
    // Somebody has the name of the target lead elsewhere, where of course there is no such login.
    let clock = world.clock.clone();
    world.shop = FakeTarget::new("impostor", move || clock.now());
    let mut world = world.restart().await;
    world.clock.set(claimed.window.end);
    world.pass(span("1h")).await;
    assert!(matches!(world.grant_status(claimed.request.id).await, GrantStatus::Ending { .. }));
    assert!(world.shown(0).iter().any(|text| text.contains("not proven gone")), "people are told");
    world.shop = right;
    let world = world.restart().await;
    world.pass(span("2m")).await;
    assert!(world.ended(claimed.request.id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_one_credential_for_one_entitlement_and_another_entitlement_is_not_cut() {
    let mut setup = Setup::default();
    setup.rules.roles.extend([role("pair", jit_life::Approval::ByRule, &["shop", "other"])]);
    let world = World::with(setup).await;
    let request = world.file("alice", "pair", "1h").await.id;
    let first = world.claim_of("alice", request, 0, "a").await.expect("a credential");
    let other = world.claim_of("alice", request, 1, "b").await.expect("a credential");
    let second = world.claim_of("alice", request, 0, "c").await.expect("a credential");
    world.idle().await;
    assert!(world.shop.live_of(first.claim).is_none() && world.shop.live_of(second.claim).is_some());
    assert!(world.other.live_of(other.claim).is_some());
    // Two grants of one person on one target: the end of one is not the end of the other.
    let third = world.granted("quick", "1h").await;
    world.release("alice", request).await.expect("released");
    world.idle().await;
    assert!(world.shop.live_of(second.claim).is_none() && world.shop.live_of(third.claim).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_7_nobody_approves_their_own_request_through_whatever_they_act() {
    let world = World::new().await;
    let request = world.file("alice", "db", "1h").await;
    let hash = request.asks[0].hash;
    for principal in ["unix:alice", "token:ci", "chat:alice", "ci:github/org/repo"] {
        let principal = principal.parse().expect("a principal");
        let caller = Caller { principal, ..world.caller("alice").await };
        let said = refused(world.house.decide(&caller, request.id, hash, YES, None, None).await);
        assert_eq!(said.kind, RefusedKind::Denied);
    }
    assert_eq!(world.request(request.id).await.asks[0].status, AskStatus::Pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_7_the_right_to_approve_is_that_of_the_moment() {
    let world = World::new().await;
    let request = world.file("alice", "two", "1h").await;
    world.idle().await;
    world.decide("bob", &request, YES).await.expect("one of two");
    // Bob changes his place. Neither his new word nor his old one counts.
    let mut rules = (*world.house.rules()).clone();
    rules.people.get_mut(&person("bob")).expect("Bob").groups.clear();
    world.house.set_rules(rules);
    let other = world.file("alice", "db", "1h").await;
    assert_eq!(refused(world.decide("bob", &other, YES).await).kind, RefusedKind::NotFound);
    let decided = world.decide("carol", &request, YES).await.expect("noted");
    assert_eq!(decided.words.as_str(), "noted: 1 of 2 approvals");
    assert!(decided.request.grant.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_10_a_store_that_went_back_in_time_ends_what_it_takes_for_live() {
    let world = World::new().await;
    let active = world.granted("quick", "4h").await;
    let ready = world.file("alice", "elsewhere", "1h").await.id;
    let (size, _) = world.store().log().head();
    driver::begin(&world.house, Digest::of(b"config"), size + 1).await.expect("it opens");
    world.idle().await;
    assert!(world.ended(active.request.id).await && world.ended(ready).await);
    assert!(world.shop.live().is_empty());
    assert_eq!(world.told("store.went_back", "done").await.len(), 1);
    assert_eq!(refused(world.claim("alice", ready, "n").await).kind, RefusedKind::Lapsed);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_10_what_was_refused_before_a_store_went_back_stays_refused_until_it_can_be_let_in_no_more() {
    let world = World::new().await;
    let listed = world.granted("listed", "4h").await;
    let list = || std::fs::read_to_string(world.list_path()).expect("the list");
    // Ended since the backup was made: the store knows nothing of it.
    std::fs::write(world.list_path(), "[\"forgotten\"]").expect("written");
    let (size, _) = world.store().log().head();
    driver::begin(&world.house, Digest::of(b"config"), size + 1).await.expect("it opens");
    world.idle().await;
    assert!(
        world.ended(listed.request.id).await || list().contains("\",\""),
        "what it takes for live is refused as well"
    );
    assert!(list().contains("forgotten"), "{}", list());
    driver::begin(&world.house, Digest::of(b"another config"), 0).await.expect("it opens");
    assert!(list().contains("forgotten"), "also at the next start: {}", list());
    world.clock.advance(span("25h"));
    driver::begin(&world.house, Digest::of(b"config"), 0).await.expect("it opens");
    assert!(!list().contains("forgotten"), "longer than anything lasts: {}", list());
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_10_bringing_a_store_in_line_goes_on_after_a_kill_and_looks_again_at_what_was_gone() {
    let world = World::new().await;
    let gone = world.granted("quick", "4h").await;
    world.release("alice", gone.request.id).await.expect("released");
    world.idle().await;
    let active = world.file("alice", "elsewhere", "4h").await.id;
    world.claim("alice", active, "n").await.expect("a credential");
    // Killed halfway: the log is longer by now than what was seen, and only the store itself knows.
    let halfway = Write::Meta { name: "reconciling", value: "yes".to_owned() };
    world.store().write(vec![halfway], vec![], vec![]).await.expect("written");
    world.at_shop.restored.store(true, SeqCst);
    driver::begin(&world.house, Digest::of(b"config"), 0).await.expect("it opens");
    until("it came back and was ended", || async { world.told("claim.resurfaced", "done").await.len() == 1 }).await;
    world.idle().await;
    assert!(world.ended(active).await && world.other.live().is_empty());
    assert!(matches!(world.claim_status(&gone).await, ClaimStatus::Gone { .. }) && world.shop.live().is_empty());
    driver::begin(&world.house, Digest::of(b"config"), 0).await.expect("it opens");
    assert_eq!(world.told("store.went_back", "done").await.len(), 1, "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_what_came_back_after_its_grant_ended_stays_visible_until_it_is_gone() {
    let world = World::new().await;
    let claimed = world.granted("quick", "2h").await;
    world.clock.advance(span("5m"));
    world.release("alice", claimed.request.id).await.expect("released");
    world.idle().await;
    let alice = world.caller("alice").await;
    let stuck = || world.house.list(&alice, Scope::Stuck, 10);
    assert_eq!(stuck().await.expect("a list").len(), 0);
    world.at_shop.restored.store(true, SeqCst);
    world.shop.fail_next(1, ErrorKind::Unreachable);
    world.clock.advance(span("2m"));
    until("it could not be ended", || async { stuck().await.expect("a list").len() == 1 }).await;
    assert!(world.ended(claimed.request.id).await, "the grant ended before");
    let unended = Query { unended: true, ..Default::default() };
    assert_eq!(world.store().requests(unended).await.expect("requests").len(), 1);
    world.pass(span("2m")).await;
    assert_eq!(stuck().await.expect("a list").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_10_every_step_of_a_life_is_in_the_record_and_a_change_of_config_too() {
    let world = World::new().await;
    let request = world.file("alice", "db", "1h").await;
    world.decide("bob", &request, YES).await.expect("approved");
    world.claim("alice", request.id, "n").await.expect("a credential");
    world.release("alice", request.id).await.expect("released");
    world.idle().await;
    let kinds: Vec<String> =
        world.leaves().await.iter().map(|leaf| leaf["kind"].as_str().unwrap_or_default().to_owned()).collect();
    let expected = [
        "config.changed",
        "request.filed",
        "ask.approved",
        "grant.made",
        "grant.opened",
        "claim.intended",
        "claim.issued",
        "grant.released",
        "claim.gone",
        "grant.ended",
    ];
    assert_eq!(kinds, expected);
    driver::begin(&world.house, Digest::of(b"another"), 0).await.expect("it opens");
    assert_eq!(world.told("config.changed", "done").await.len(), 2);
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_11_a_role_that_nobody_can_give_or_approve_is_refused() {
    let mut setup = Setup::default();
    setup
        .rules
        .roles
        .extend([role("lost", jit_life::Approval::ByRule, &["nowhere"]), role("many", by_people(3), &["shop"])]);
    let world = World::with(setup).await;
    assert_eq!(refused(world.try_file("alice", "lost", None).await).about, "role");
    assert_eq!(refused(world.try_file("alice", "many", None).await).about, "approve");
    assert_eq!(world.store().requests(Default::default()).await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_12_a_credential_is_clamped_to_what_is_left() {
    let world = World::new().await;
    let first = world.granted("quick", "1h").await;
    world.clock.advance(span("50m"));
    let second = world.claim("alice", first.request.id, "later").await.expect("a credential");
    assert_eq!(second.window.end, first.window.end);
    assert_eq!(world.shop.live_of(second.claim).expect("a login").window.end, first.window.end);
    world.clock.set(first.window.end);
    world.idle().await;
    assert_eq!(refused(world.claim("alice", first.request.id, "late").await).kind, RefusedKind::Lapsed);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_13_usable_says_how_it_is_known() {
    let world = World::new().await;
    let seen = world.granted("quick", "1h").await;
    assert_eq!(world.claim_status(&seen).await, ClaimStatus::Usable { known: Usable::Observed });
    let assumed = world.granted("listed", "1h").await;
    let status = world.claim_status(&assumed).await;
    assert!(matches!(status, ClaimStatus::Usable { known: Usable::Assumed { .. } }), "{status:?}");
    let mallory = world.caller("mallory").await;
    refused(world.house.report(&mallory, assumed.request.id, assumed.claim).await);
    let alice = world.caller("alice").await;
    world.house.report(&alice, assumed.request.id, assumed.claim).await.expect("reported");
    assert_eq!(world.claim_status(&assumed).await, ClaimStatus::Usable { known: Usable::Reported });
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_15_a_late_word_revives_nothing_and_says_why() {
    let world = World::new().await;
    let lapsed = world.file("alice", "db", "1h").await;
    world.clock.advance(span("8h"));
    // The broker was dead past the deadline, and the old button is pressed before the timer is looked at.
    let said = refused(world.decide("bob", &lapsed, YES).await);
    assert_eq!(said.kind, RefusedKind::Lapsed);
    world.idle().await;
    assert_eq!(refused(world.decide("bob", &lapsed, YES).await).kind, RefusedKind::Lapsed);
    let taken_back = world.file("alice", "db", "1h").await;
    world.house.cancel(&world.caller("alice").await, taken_back.id, None).await.expect("cancelled");
    let said = refused(world.decide("bob", &taken_back, YES).await);
    assert!(said.message.as_str().contains("taken it back"), "{said}");
    for request in [lapsed.id, taken_back.id] {
        assert!(world.request(request).await.grant.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_15_an_outsider_can_not_tell_forbidden_from_absent() {
    let world = World::new().await;
    let request = world.file("alice", "db", "1h").await;
    let grant = world.granted("quick", "1h").await.request.id;
    let mallory = world.caller("mallory").await;
    let absent = world.house.draw_id().expect("an id");
    let hash = request.asks[0].hash;
    let house = &world.house;
    for there in [request.id, grant] {
        let decide = async |id| refused(house.decide(&mallory, id, hash, YES, None, None).await);
        assert_eq!(decide(there).await, decide(absent).await);
        let cancel = async |id| refused(house.cancel(&mallory, id, None).await);
        assert_eq!(cancel(there).await, cancel(absent).await);
        let release = async |id| refused(house.release(&mallory, id, None).await);
        assert_eq!(release(there).await, release(absent).await);
        let revoke = async |id| refused(house.revoke(&mallory, id, "why", None).await);
        assert_eq!(revoke(there).await, revoke(absent).await);
        assert_eq!(
            refused(world.claim("mallory", there, "n").await),
            refused(world.claim("mallory", absent, "n").await)
        );
        let find = async |id: jit_types::RequestId| refused(house.find(&mallory, &id.to_string()).await);
        assert_eq!(find(there).await, find(absent).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_sent_again_gets_the_same_answer_and_issues_nothing() {
    let world = World::new().await;
    let request = world.file("alice", "quick", "1h").await.id;
    let first = world.claim("alice", request, "n").await.expect("a credential");
    let again = world.claim("alice", request, "n").await.expect("the same");
    assert_eq!((first.claim, first.form, first.window), (again.claim, again.form, again.window));
    assert_eq!(world.shop.calls().issue, 1);
    world.release("alice", request).await.expect("released");
    world.idle().await;
    // Once it is over the kept answer is worth nothing.
    assert_eq!(refused(world.claim("alice", request, "n").await).kind, RefusedKind::Conflict);
    assert!(world.shop.live().is_empty());
}
