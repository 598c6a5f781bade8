//! What was refused before a store, or a clock, went back in time stays refused, whatever becomes of the file that remembers it.

use std::path::PathBuf;

use jit_engine::{Error, driver};
use jit_life::Approval;
use jit_types::Digest;

use super::kit::people::role;
use super::kit::{World, span};

/// Opens the house again; `back` says whether on a store that has gone back in time.
async fn begin(world: &World, back: bool) -> Result<(), Error> {
    let (size, _) = world.store().log().head();
    driver::begin(&world.house, Digest::of(b"config"), if back { size + 1 } else { 0 }).await
}

fn list(world: &World) -> String {
    std::fs::read_to_string(world.list_path()).expect("the list")
}

fn carried(world: &World) -> PathBuf {
    world.dir.path().join("list.json.carried")
}

/// A house on a store that knows nothing of what was ended since.
async fn gone_back() -> World {
    let world = World::new().await;
    std::fs::write(world.list_path(), "[\"forgotten\"]").expect("written");
    begin(&world, true).await.expect("it opens");
    assert!(list(&world).contains("forgotten"), "{}", list(&world));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_beside_a_list_lets_nothing_in_again() {
    for damaged in ["", "[\"forg", "{\"planted\":1}"] {
        let world = gone_back().await;
        let dated = std::fs::metadata(carried(&world)).and_then(|meta| meta.modified()).expect("it is there");
        std::fs::write(carried(&world), damaged).expect("written");
        let file = std::fs::File::options().write(true).open(carried(&world)).expect("it");
        file.set_modified(dated).expect("dated");
        for _ in 0..2 {
            begin(&world, false).await.expect("it opens");
            assert!(list(&world).contains("forgotten"), "{damaged}: {}", list(&world));
        }
        let live = world.granted("listed", "1h").await;
        world.release("alice", live.request.id).await.expect("released");
        world.idle().await;
        assert!(list(&world).contains("forgotten\"") && list(&world).contains("\",\""), "{}", list(&world));
    }
}

/// The disk is full, or somebody has put something in the way: rather than to let in what was refused, the house stays shut.
#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_carried_on_is_not_written_over() {
    let world = World::new().await;
    std::fs::write(world.list_path(), "[\"forgotten\"]").expect("written");
    let in_the_way = world.dir.path().join("list.json.carried.new");
    std::fs::create_dir(&in_the_way).expect("a directory");
    assert!(matches!(begin(&world, true).await, Err(Error::Unavailable(_))));
    assert!(list(&world).contains("forgotten"), "{}", list(&world));
    // Once the way is free it opens, and refuses as before.
    std::fs::remove_dir(&in_the_way).expect("removed");
    begin(&world, true).await.expect("it opens");
    assert!(list(&world).contains("forgotten"), "{}", list(&world));
}

/// A role that gave something for days, and is gone a moment after the store was put back.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_given_for_less_since_takes_nothing_off_the_list() {
    let world = World::new().await;
    let longest = |world: &World, most: &str| {
        let mut rules = (*world.house.rules()).clone();
        rules.roles.values_mut().for_each(|role| role.limits.max = span(most));
        world.house.set_rules(rules);
    };
    longest(&world, "7d");
    std::fs::write(world.list_path(), "[\"forgotten\"]").expect("written");
    begin(&world, true).await.expect("it opens");
    longest(&world, "1h");
    world.clock.advance(span("6d"));
    begin(&world, false).await.expect("it opens");
    assert!(list(&world).contains("forgotten"), "{}", list(&world));
    world.clock.advance(span("2d"));
    begin(&world, false).await.expect("it opens");
    assert!(!list(&world).contains("forgotten"), "nothing of it can be let in any more: {}", list(&world));
}

/// For a while the clock was a day ahead, and what ended then was published; now it is right again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_over_by_a_clock_that_was_ahead_is_refused_again_by_one_that_is_right() {
    let world = World::new().await;
    let mut rules = (*world.house.rules()).clone();
    rules.roles.extend(["meanwhile", "afterwards"].map(|name| role(name, Approval::ByRule, &["list"])));
    world.house.set_rules(rules);
    let ended = async |name: &str| {
        let id = world.file("alice", name, "4h").await.id;
        let claimed = world.claim("alice", id, name).await.expect("a credential");
        world.release("alice", id).await.expect("released");
        world.idle().await;
        claimed.claim.to_string().replace("cl_", "")
    };
    let first = ended("listed").await;
    assert_eq!(list(&world).matches(&first).count(), 1, "{}", list(&world));
    world.clock.advance(span("1d"));
    let meanwhile = ended("meanwhile").await;
    assert!(!list(&world).contains(&first) && list(&world).contains(&meanwhile), "{}", list(&world));
    world.clock.back(span("1d"));
    let afterwards = ended("afterwards").await;
    for claim in [first, meanwhile, afterwards] {
        assert!(list(&world).contains(&claim), "{claim}: {}", list(&world));
    }
}
