//! Another config while the house is open: rules, people, targets and channels change together, or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use jit_approval::testkit::{Fake as FakeChannel, FakeMedium, Shape};
use jit_engine::service::NewConfig;
use jit_engine::{Error, Outfit};
use jit_life::{AskStatus, RefusedKind, Rules, Verdict};
use jit_types::{BackendName, Digest};

use super::kit::people::person;
use super::kit::{World, until};

const YES: Verdict = Verdict::Approve { span: None };

fn targets(names: &[&str]) -> BTreeMap<BackendName, String> {
    names.iter().map(|name| (name.parse().expect("a name"), format!("fake://{name}"))).collect()
}

/// The config as it is, under another digest.
async fn as_it_is(world: &World, revision: &str) -> NewConfig {
    NewConfig {
        rules: (*world.house.rules()).clone(),
        outfit: Outfit {
            backends: (*world.house.backends()).clone(),
            channels: (*world.house.channels()).clone(),
            alerts: world.house.alerts().to_vec(),
        },
        targets: targets(&["shop", "other", "list"]),
        revision: Digest::of(revision.as_bytes()),
        by: Some(world.caller("ada").await.subject),
    }
}

fn refused(outcome: Result<(), Error>) -> jit_life::Refused {
    match outcome {
        Err(Error::Refused(refused)) => refused,
        other => panic!("it is not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_with_something_live_is_neither_taken_away_nor_pointed_elsewhere() {
    let world = World::new().await;
    let live = world.granted("quick", "1h").await;
    let before = world.told("config.changed", "done").await.len();
    let mut without = as_it_is(&world, "without").await;
    without.targets = targets(&["other", "list"]);
    without.outfit.backends.remove(&"shop".parse::<BackendName>().expect("a name"));
    without.rules = Rules::default();
    let mut elsewhere = as_it_is(&world, "elsewhere").await;
    elsewhere.targets.insert("shop".parse().expect("a name"), "fake://another".to_owned());
    for new in [without, elsewhere] {
        let said = refused(world.house.reconfigure(new).await);
        assert_eq!(said.kind, RefusedKind::Conflict);
        assert!(said.message.as_str().contains(&live.request.id.to_string()), "{}", said.message);
    }
    assert_eq!(world.told("config.changed", "done").await.len(), before, "what does not hold is not recorded as held");
    assert!(world.house.rules().people.contains_key(&person("alice")), "nothing has changed");
    // What lives is ended as ever, and then nothing is in the way.
    world.release("alice", live.request.id).await.expect("released");
    world.idle().await;
    assert!(world.shop.live().is_empty());
    let mut without = as_it_is(&world, "without").await;
    without.targets = targets(&["other", "list"]);
    without.outfit.backends.remove(&"shop".parse::<BackendName>().expect("a name"));
    world.house.reconfigure(without).await.expect("in force");
    assert!(world.house.backend(&"shop".parse().expect("a name")).is_err());
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
