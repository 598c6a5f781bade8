//! Locks as the whole house keeps them: in the store, through a restart, over every command.

use std::sync::Arc;

use jit_engine::service::lock::Whom;
use jit_engine::store::{AnswerKey, LogQuery};
use jit_engine::{Error, driver};
use jit_life::policy::Caller;
use jit_life::{AskStatus, CancelWhy, EndWhy, GrantStatus, Refused, RefusedKind, Verdict};
use jit_types::{Digest, Words};

use crate::kit::people::person;
use crate::kit::{Setup, World, span};

const YES: Verdict = Verdict::Approve { span: None };

fn alice() -> Whom {
    Whom::Person(person("alice"))
}

async fn lock(world: &World, by: &str, whom: &Whom) -> Result<Words, Error> {
    world.house.lock(&world.caller(by).await, whom, "INC-9 laptop stolen", None).await.map(|(words, _)| words)
}

async fn unlock(world: &World, by: &str, whom: &Whom) -> Result<Words, Error> {
    world.house.unlock(&world.caller(by).await, whom, "found again", None).await.map(|(words, _)| words)
}

fn said(result: Result<Words, Error>) -> String {
    result.expect("it is done").to_string()
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> Refused {
    match result.expect_err("it is refused") {
        Error::Refused(refused) => refused,
        other => panic!("{other:?}"),
    }
}

fn is_locked<T: std::fmt::Debug>(result: Result<T, Error>) {
    let refused = refused(result);
    assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Denied, "locked"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_ends_what_is_live_cancels_what_waits_and_refuses_what_is_new() {
    let world = World::new().await;
    let live = world.granted("quick", "2h").await;
    let ready = world.file("alice", "elsewhere", "1h").await;
    let waits = world.file("alice", "db", "1h").await;
    assert_eq!(said(lock(&world, "ada", &alice()).await), "locked");
    world.idle().await;
    for id in [live.request.id, ready.id] {
        let status = world.grant_status(id).await;
        assert!(matches!(status, GrantStatus::Ended { why: EndWhy::Locked, .. }), "{status:?}");
    }
    let ask = world.request(waits.id).await.asks[0].clone();
    assert_eq!((ask.status, ask.why), (AskStatus::Cancelled, Some(CancelWhy::Locked)));
    is_locked(world.try_file("alice", "quick", None).await);
    let caller = world.caller("alice").await;
    is_locked(world.house.extend(&caller, live.request.id, span("10m"), "INC-42", None).await.map(|_| ()));
    is_locked(world.house.plan(&caller, &World::wish("quick", None, "INC-42")).await.map(|_| ()));
    is_locked(world.house.create_token(&caller, None, "x", None, span("1h"), None).await.map(|_| ()));
    // Through whatever they act.
    let token = Caller { principal: "token:tok_01jb2k0000e00a000000000000".parse().expect("one"), ..caller };
    is_locked(world.house.file(&token, &World::wish("quick", None, "INC-42"), &"ab".repeat(32), None).await);
    let bob = Whom::Person(person("bob"));
    assert_eq!(said(unlock(&world, "ada", &alice()).await), "unlocked");
    let asked = world.file("alice", "db", "1h").await;
    lock(&world, "ada", &bob).await.expect("locked");
    is_locked(world.decide("bob", &asked, YES).await.map(|_| ()));
    world.decide("carol", &asked, YES).await.expect("Carol may");
    assert!(world.try_file("alice", "quick", None).await.is_ok());
    assert!(world.ended(live.request.id).await, "what was ended stays so");
    assert_eq!(
        (world.told("person.locked", "done").await.len(), world.told("person.unlocked", "done").await.len()),
        (2, 1)
    );
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_ready_can_not_be_claimed_between_the_lock_and_its_end() {
    let world = World::with(Setup { driver: false, ..Setup::default() }).await;
    let ready = world.file("alice", "quick", "1h").await;
    lock(&world, "ada", &Whom::Role("quick".parse().expect("a role"))).await.expect("locked");
    is_locked(world.claim("alice", ready.id, "n").await.map(|_| ()));
    assert_eq!(world.grant_status(ready.id).await, GrantStatus::Ready, "nobody has carried it out");
    assert!(world.try_file("alice", "elsewhere", None).await.is_ok(), "another role");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_lock_and_what_it_ends_everything_is_ended_by_the_next_broker() {
    let world = World::with(Setup { driver: false, ..Setup::default() }).await;
    let mut held = Vec::new();
    for role in ["quick", "elsewhere"] {
        held.push(world.granted(role, "2h").await.request.id);
    }
    lock(&world, "ada", &alice()).await.expect("locked");
    for id in &held {
        assert_eq!(world.grant_status(*id).await, GrantStatus::Active, "it died before");
    }
    let world = world.restart().await;
    is_locked(world.try_file("alice", "quick", None).await);
    let driver = tokio::spawn(driver::run(Arc::clone(&world.house)));
    world.pass(span("5m")).await;
    for id in held {
        let status = world.grant_status(id).await;
        assert!(
            matches!(status, GrantStatus::Ended { why: EndWhy::Locked, .. }),
            "{status:?} {:?}",
            world.effects().await
        );
    }
    driver.abort();
    is_locked(world.try_file("alice", "quick", None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_who_are_not_locked_lock_and_the_record_says_who_tried() {
    let world = World::new().await;
    for whom in [alice(), Whom::Person(person("nobody")), Whom::Either("quick".to_owned())] {
        let kind = refused(lock(&world, "bob", &whom).await).kind;
        assert_eq!(kind, RefusedKind::NotFound, "who is known here is not told");
    }
    assert_eq!(world.told("person.locked", "refused").await.len(), 3);
    assert_eq!(refused(lock(&world, "ada", &Whom::Person(person("nobody"))).await).kind, RefusedKind::NotFound);
    assert_eq!(
        refused(lock(&world, "ada", &Whom::Role("nothing".parse().expect("a role"))).await).kind,
        RefusedKind::NotFound
    );
    let silent = world.house.lock(&world.caller("ada").await, &alice(), " ", None).await;
    assert_eq!(refused(silent.map(|_| ())).about, "reason");
    let ada = Whom::Person(person("ada"));
    lock(&world, "ada", &ada).await.expect("her key was stolen");
    is_locked(unlock(&world, "ada", &ada).await);
    is_locked(lock(&world, "ada", &alice()).await);
    assert_eq!(world.told("person.unlocked", "refused").await.len(), 1);
    // Another one lets her in again.
    let mut rules = (*world.house.rules()).clone();
    rules.administrators.insert(person("bob"));
    world.house.set_rules(rules);
    unlock(&world, "bob", &ada).await.expect("it was found");
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_is_a_no_op_with_an_honest_word_and_a_repeated_question_is_answered_again() {
    let world = World::new().await;
    let ada = world.caller("ada").await;
    assert_eq!(said(unlock(&world, "ada", &alice()).await), "it is not locked");
    let key = || Some(AnswerKey { key: Digest::of(b"key"), body: Digest::of(b"body") });
    for _ in 0..2 {
        let words = world.house.lock(&ada, &alice(), "INC-9", key()).await.expect("locked").0;
        assert_eq!(words, Words::new("locked"));
    }
    assert_eq!(said(lock(&world, "ada", &alice()).await), "it was locked before");
    assert_eq!(world.told("person.locked", "done").await.len(), 1);
    let other = Some(AnswerKey { key: Digest::of(b"key"), body: Digest::of(b"another") });
    assert!(world.house.lock(&ada, &alice(), "INC-9", other).await.is_err());
    let role = Whom::Either("quick".to_owned());
    let both = tokio::join!(lock(&world, "ada", &role), lock(&world, "ada", &role));
    let mut words = [both.0.expect("one").to_string(), both.1.expect("the other").to_string()];
    words.sort();
    assert_eq!(words, ["it was locked before", "locked"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_are_seen_by_whom_they_concern_and_why_only_by_administrators() {
    let world = World::new().await;
    lock(&world, "ada", &alice()).await.expect("locked");
    lock(&world, "ada", &Whom::Role("db".parse().expect("a role"))).await.expect("locked");
    let world = world.restart().await;
    let seen = |name: &'static str| {
        let world = &world;
        async move { world.house.locks(&world.caller(name).await).await.expect("the locks") }
    };
    let all = seen("ada").await;
    assert_eq!(all.len(), 2);
    for lock in &all {
        assert_eq!(lock.by, Some(person("ada")));
        assert_eq!(lock.reason.as_ref().expect("it can be read").0, "INC-9 laptop stolen");
    }
    let own = seen("alice").await;
    assert_eq!(own.len(), 2, "herself, and a role of hers");
    assert!(own.iter().all(|lock| lock.by.is_none() && lock.reason.is_none()));
    let decides = seen("bob").await;
    assert_eq!((decides.len(), decides[0].person.clone(), decides[0].role.is_some()), (1, None, true));
    assert!(seen("mallory").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_locked_administers_nothing() {
    let world = World::new().await;
    let mut rules = (*world.house.rules()).clone();
    rules.administrators.insert(person("bob"));
    world.house.set_rules(rules);
    let (ada, bob) = (world.caller("ada").await, world.caller("bob").await);
    let hour = span("1h");
    let token = world.house.create_token(&bob, Some(&person("carol")), "x", None, hour, None).await.expect("a token");
    let hers = world.file("alice", "db", "1h").await;
    let erased = person("carol");
    assert_eq!(said(lock(&world, "bob", &Whom::Person(person("ada"))).await), "locked");
    is_locked(world.house.may_reconfigure(&ada).await);
    is_locked(world.house.may_diagnose(&ada).await);
    is_locked(world.house.export(&ada, true, Vec::<u8>::new()).await);
    is_locked(world.house.erase(&ada, &erased).await);
    is_locked(world.house.create_token(&ada, Some(&erased), "x", None, hour, None).await.map(|new| new.token));
    assert_eq!(refused(world.house.revoke_token(&ada, token.token.id).await).kind, RefusedKind::NotFound);
    assert!(!world.house.may_see(&ada, &hers), "what is others'");
    let read = world.house.read_log(&ada, LogQuery::default()).await.expect("her own");
    let about = |key: &str, leaf: &serde_json::Value| leaf[key].as_str() == Some(ada.subject.to_string().as_str());
    assert!(read.iter().all(|read| about("subject", &read.leaf) || about("actor", &read.leaf)));
    assert_eq!(said(unlock(&world, "bob", &Whom::Person(person("ada"))).await), "unlocked");
    world.house.may_reconfigure(&ada).await.expect("as before");
}
