//! Another config while the house is open: rules, people, targets and channels change together, or not at all.

use std::future::Future as _;
use std::sync::Arc;
use std::task::{Context, Waker};

use jit_approval::testkit::{Fake as FakeChannel, FakeMedium, Shape};
use jit_engine::Error;
use jit_engine::service::NewConfig;
use jit_life::{Approval, AskStatus, RefusedKind, Verdict};
use jit_types::{Digest, Span};

use super::kit::config::{as_it_is, backend};
use super::kit::people::{person, role};
use super::kit::{World, until};

const YES: Verdict = Verdict::Approve { span: None };

fn refused(outcome: Result<(), Error>) -> jit_life::Refused {
    match outcome {
        Err(Error::Refused(refused)) => refused,
        other => panic!("it is not refused: {other:?}"),
    }
}

/// Takes a backend away, and the roles that give it.
fn without(mut new: NewConfig, name: &str) -> NewConfig {
    new.outfit.backends.remove(&backend(name));
    new.outfit.targets.remove(&backend(name));
    new.rules.roles.retain(|_, role| role.gives.iter().all(|gives| gives.backend != backend(name)));
    new
}

/// Gives a backend another name, everywhere.
fn renamed(mut new: NewConfig, from: &str, to: &str) -> NewConfig {
    let opened = new.outfit.backends.remove(&backend(from)).expect("it is there");
    new.outfit.backends.insert(backend(to), opened);
    let target = new.outfit.targets.remove(&backend(from)).expect("it is there");
    new.outfit.targets.insert(backend(to), target);
    for gives in new.rules.roles.values_mut().flat_map(|role| &mut role.gives) {
        if gives.backend == backend(from) {
            gives.backend = backend(to);
        }
    }
    new
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_with_something_live_is_neither_taken_away_nor_pointed_elsewhere() {
    let world = World::new().await;
    let live = world.granted("quick", "1h").await;
    let before = world.told("config.changed", "done").await.len();
    let mut elsewhere = as_it_is(&world, "elsewhere").await;
    elsewhere.outfit.targets.insert(backend("shop"), "fake://another".to_owned());
    for new in [without(as_it_is(&world, "without").await, "shop"), elsewhere] {
        let said = refused(world.house.reconfigure(new).await);
        assert_eq!(said.kind, RefusedKind::Conflict);
        assert!(said.message.as_str().contains(&live.request.id.to_string()), "{}", said.message);
    }
    assert_eq!(world.told("config.changed", "done").await.len(), before, "what does not hold is not recorded as held");
    assert!(world.house.rules().people.contains_key(&person("alice")), "nothing has changed");
    // What lives is ended as ever; until its planted end has passed, it may come back, and is looked at.
    world.release("alice", live.request.id).await.expect("released");
    world.idle().await;
    assert!(world.shop.live().is_empty());
    let said = refused(world.house.reconfigure(without(as_it_is(&world, "without").await, "shop")).await);
    assert!(said.message.as_str().contains(&live.request.id.to_string()), "{}", said.message);
    world.pass(Span::from_secs(3601)).await;
    world.house.reconfigure(without(as_it_is(&world, "without").await, "shop")).await.expect("in force");
    assert!(world.house.backend(&backend("shop")).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_under_another_name_of_the_same_target_is_ended_and_refused_as_ever() {
    let world = World::new().await;
    let early = world.granted("listed", "1h").await;
    world.release("alice", early.request.id).await.expect("released");
    world.idle().await;
    let listed = std::fs::read_to_string(world.list_path()).expect("the list");
    let first = listed.split('"').nth(1).expect("it is listed").to_owned();
    let mut rules = (*world.house.rules()).clone();
    rules.roles.extend([role("again", Approval::ByRule, &["list"])]);
    world.house.set_rules(rules);
    let live = world.file("alice", "again", "2h").await;
    world.claim("alice", live.id, "another").await.expect("a credential");
    world.house.reconfigure(renamed(as_it_is(&world, "renamed").await, "list", "hosts")).await.expect("in force");
    let listed = std::fs::read_to_string(world.list_path()).expect("the list");
    assert!(listed.contains(&first), "what was refused is let in again: {listed}");
    world.release("alice", live.id).await.expect("released");
    world.idle().await;
    let listed = std::fs::read_to_string(world.list_path()).expect("the list");
    assert_eq!(listed.matches("\",\"").count(), 1, "both are refused: {listed}");
    assert!(world.house.out_of_reach().await.expect("read").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_only_backend_gave_under_its_earlier_name_is_refused_as_ever() {
    let world = World::new().await;
    let live = world.granted("listed", "1h").await;
    let new = renamed(as_it_is(&world, "renamed").await, "list", "hosts");
    let alone = without(without(new, "shop"), "other");
    world.house.reconfigure(alone).await.expect("in force");
    world.release("alice", live.request.id).await.expect("released");
    until("its list refuses it", || async {
        std::fs::read_to_string(world.list_path()).is_ok_and(|listed| listed.contains('"'))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_backend_of_a_changed_config_reaches_is_known() {
    let world = World::new().await;
    let live = world.granted("quick", "1h").await;
    assert!(world.house.out_of_reach().await.expect("read").is_empty());
    let world = world.restart_at("fake://another").await;
    let said = world.house.out_of_reach().await.expect("read").join("\n");
    assert!(said.contains("`shop`") && said.contains(&live.request.id.to_string()), "{said}");
}

/// The client that asked for it goes away as soon as the new rules hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_reload_comes_to_its_end_though_the_asker_leaves() {
    let world = World::new().await;
    let hers = world.file("alice", "db", "1h").await;
    let mut new = as_it_is(&world, "second").await;
    new.rules.people.remove(&person("alice"));
    let mut reload = Box::pin(world.house.reconfigure(new));
    assert!(reload.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "it has only begun");
    drop(reload);
    until("her ask is taken back", || async {
        matches!(world.request(hers.id).await.asks[0].status, AskStatus::Cancelled)
    })
    .await;
    assert!(!world.house.rules().people.contains_key(&person("alice")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_recorded_with_who_made_it_and_open_asks_are_judged_anew() {
    let world = World::new().await;
    let hers = world.file("alice", "db", "1h").await;
    let before = world.told("config.changed", "done").await.len();
    // Bob decides nothing any more; what is asked of the others stays.
    let mut new = as_it_is(&world, "second").await;
    new.rules.people.get_mut(&person("bob")).expect("Bob").groups.clear();
    world.house.reconfigure(new).await.expect("in force");
    let Err(Error::Refused(said)) = world.decide("bob", &hers, YES).await else { panic!("he has lost the right") };
    assert_eq!(said.kind, RefusedKind::NotFound);
    assert_eq!(world.request(hers.id).await.asks[0].status, AskStatus::Pending);
    // Alice has left.
    let mut new = as_it_is(&world, "third").await;
    new.rules.people.remove(&person("alice"));
    world.house.reconfigure(new).await.expect("in force");
    assert!(matches!(world.request(hers.id).await.asks[0].status, AskStatus::Cancelled));
    let told = world.told("config.changed", "done").await;
    assert_eq!(told.len(), before + 2);
    let ada = world.caller("ada").await.subject.to_string();
    let newest = told.last().expect("an event");
    assert_eq!(
        (newest["actor"].as_str(), newest["fields"]["config"].as_str()),
        (Some(ada.as_str()), Some(Digest::of(b"third").to_string().as_str())),
        "{newest}"
    );
    // The same once more changes nothing, and says nothing.
    let same = as_it_is(&world, "third").await;
    world.house.reconfigure(same).await.expect("in force");
    assert_eq!(world.told("config.changed", "done").await.len(), before + 2);
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_from_now_on_is_told_over_the_channels_in_force() {
    let world = World::new().await;
    let medium = FakeMedium::new(Shape::CHAT);
    let mut new = as_it_is(&world, "second").await;
    new.outfit.channels = [("mail".parse().expect("a name"), Arc::new(FakeChannel::new(medium.clone())) as _)].into();
    world.house.reconfigure(new).await.expect("in force");
    let before = world.shown(0).len();
    world.file("alice", "db", "1h").await;
    until("the new channel shows it", || async { !medium.messages().is_empty() }).await;
    world.idle().await;
    assert_eq!(world.shown(0).len(), before, "the old one is told nothing more");
}
