//! Who is told, how often, and what is left of it.

use std::sync::Arc;

use jit_approval::Identity;
use jit_approval::testkit::{Fault, Shape};
use jit_engine::BoxFuture;
use jit_engine::service::{HouseDesk, Identify};
use jit_life::policy::Caller;
use jit_life::{AskStatus, Verdict};
use jit_types::RequestId;

use crate::kit::{Setup, World, span, until};

const YES: Verdict = Verdict::Approve { span: None };

async fn two_channels() -> World {
    World::with(Setup { channels: vec![("chat", Shape::CHAT), ("mail", Shape::HOOK)], ..Setup::default() }).await
}

fn asks(world: &World, channel: usize) -> usize {
    world.media[channel].messages().iter().filter(|m| !m.controls.is_empty()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_down_keeps_nothing_from_the_others_and_nothing_is_doubled() {
    for (down, up) in [(0, 1), (1, 0)] {
        let world = two_channels().await;
        world.media[down].fault(Fault::Down);
        world.file("alice", "db", "1h").await;
        until("the other channel tells", || async { asks(&world, up) > 0 }).await;
        assert_eq!(asks(&world, down), 0);
        world.pass(span("1m")).await;
        let told = asks(&world, up);
        world.media[down].fault(Fault::Lifted);
        world.pass(span("1m")).await;
        assert!(asks(&world, down) > 0);
        // Also after a restart, and when the channel's answers were lost.
        let world = world.restart().await;
        world.pass(span("5m")).await;
        assert_eq!(asks(&world, up), told);
        assert_eq!(asks(&world, 0), 1, "one message in the room");
        assert_eq!(asks(&world, 1), 2, "one message to each who can decide: Bob and Carol, never Alice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_doubles_nothing() {
    let world = World::new().await;
    world.media[0].fault(Fault::LosesAnswers);
    world.file("alice", "db", "1h").await;
    world.pass(span("1m")).await;
    world.media[0].fault(Fault::Lifted);
    world.pass(span("1m")).await;
    assert_eq!(world.media[0].messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decided_ask_is_reduced_to_what_who_and_outcome() {
    let world = World::new().await;
    let request = world.file("alice", "db", "1h").await;
    world.idle().await;
    assert!(world.shown(0)[0].contains("INC-42"), "{:?}", world.shown(0));
    assert_eq!(asks(&world, 0), 1);
    world.decide("bob", &request, YES).await.expect("approved");
    world.idle().await;
    let text = &world.shown(0)[0];
    assert!(!text.contains("INC-42") && text.contains("approved for 1h") && text.contains("bob"), "{text}");
    assert_eq!(asks(&world, 0), 0, "nothing is left to press");
}

/// All rows that say where messages are, or that something was told.
async fn rows(world: &World) -> Vec<[String; 3]> {
    world.store().messages_under(vec![String::new()]).await.expect("read")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_keeps_from_telling_twice_is_let_go_when_all_is_told() {
    let world = two_channels().await;
    let request = world.file("alice", "db", "1h").await;
    // What is decided before it was announced has no message, and nothing beneath one.
    world.idle().await;
    world.decide("bob", &request, YES).await.expect("approved");
    world.claim("alice", request.id, "n").await.expect("a credential");
    world.idle().await;
    let notes = |rows: &[[String; 3]]| rows.iter().filter(|[notice, _, _]| notice.starts_with("note/")).count();
    assert_eq!(notes(&rows(&world).await), 2, "approved, and in use");
    // As long as a channel has not heard of the end, what keeps anybody from hearing things twice stays.
    world.media[1].fault(Fault::Down);
    world.release("alice", request.id).await.expect("released");
    world.idle().await;
    until("the other tells of the end", || async { world.shown(0).iter().any(|text| text.contains("ended")) }).await;
    world.pass(span("10s")).await;
    assert_eq!(notes(&rows(&world).await), 2, "one of them hears of it yet");
    let told = world.shown(0).len();
    world.media[1].fault(Fault::Lifted);
    world.pass(span("2m")).await;
    assert!(world.ended(request.id).await);
    let left = rows(&world).await;
    assert!(left.iter().all(|[_, _, message]| !message.is_empty()), "{left:?}");
    // Where the messages are stays: an erasure names them.
    assert!(left.iter().any(|[notice, ..]| notice.starts_with("ask/")), "{left:?}");
    assert_eq!(world.shown(0).len(), told, "nothing was told twice");
    // A late click still gets its honest word.
    let late = world.decide("bob", &request, YES).await.expect("he has said so").words;
    assert!(late.to_string().contains("you have said so before"), "{late}");
    let late = world.decide("carol", &request, YES).await.expect_err("it is over");
    assert!(late.to_string().contains("approved before"), "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_while_it_was_announced_follows() {
    let world = World::new().await;
    world.media[0].fault(Fault::Slow);
    let request = world.file("alice", "db", "1h").await;
    // The announcement is under way when the decision comes; its update finds no message yet.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    world.decide("bob", &request, YES).await.expect("approved");
    world.idle().await;
    assert!(!world.media[0].messages().is_empty());
    assert_eq!(asks(&world, 0), 0, "{:?}", world.shown(0));
    assert!(world.shown(0).iter().all(|text| !text.contains("INC-42")), "{:?}", world.shown(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_before_a_channel_came_back_asks_nobody() {
    let world = World::new().await;
    world.media[0].fault(Fault::Down);
    let request = world.file("alice", "db", "1h").await;
    world.idle().await;
    world.decide("bob", &request, YES).await.expect("approved");
    world.media[0].fault(Fault::Lifted);
    world.pass(span("1m")).await;
    assert_eq!(asks(&world, 0), 0);
    assert!(world.shown(0).iter().all(|text| !text.contains("INC-42")), "{:?}", world.shown(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_16_every_claim_is_told() {
    let world = World::new().await;
    let request = world.file("alice", "quick", "1h").await.id;
    for n in 1..=3usize {
        world.claim("alice", request, &format!("n{n}")).await.expect("a credential");
        world.idle().await;
        let told = world.shown(0).into_iter().filter(|text| text.contains("was claimed")).count();
        assert_eq!(told, n);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_approvals_at_once_make_one_grant() {
    let (setup, names) = crate::driver::crowd(100);
    let world = Arc::new(World::with(setup).await);
    let request = world.file("alice", "db", "1h").await;
    let mut tasks = tokio::task::JoinSet::new();
    for name in names {
        let (world, request) = (Arc::clone(&world), request.clone());
        tasks.spawn(async move { world.decide(&name, &request, YES).await.map(|d| d.words.to_string()) });
    }
    let answers = tasks.join_all().await;
    let approved = answers.iter().filter(|a| a.as_deref().is_ok_and(|words| words.starts_with("approved"))).count();
    assert_eq!(approved, 1);
    for late in answers.iter().filter_map(|a| a.as_ref().err()) {
        assert!(late.to_string().contains("approved before"), "{late}");
    }
    assert_eq!(world.told("grant.made", "done").await.len(), 1);
    world.idle().await;
    let effects = world.effects().await;
    assert_eq!(effects.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["\"start_by\""]);
    // Who says again what they have said hears so; nothing is changed.
    assert_eq!(world.request(request.id).await.asks[0].reviews.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_helpers_file_one_request() {
    let world = Arc::new(World::new().await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { world.try_file("alice", "db", Some("1h")).await.expect("it is filed") });
    }
    let filed = tasks.join_all().await;
    let ids: std::collections::BTreeSet<RequestId> = filed.iter().map(|f| f.request.id).collect();
    assert_eq!((ids.len(), filed.iter().filter(|f| !f.attached).count()), (1, 1));
    world.idle().await;
    assert_eq!(asks(&world, 0), 1);
}

struct Known(Caller);

impl Identify for Known {
    fn identify<'a>(&'a self, identity: &'a Identity) -> BoxFuture<'a, Result<Option<Caller>, jit_engine::Error>> {
        let known = (identity.name == "bob").then(|| self.0.clone());
        Box::pin(async { Ok(known) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_decides_and_a_stranger_hears_of_nothing() {
    let world = World::new().await;
    let bob = world.caller("bob").await;
    let desk = Arc::new(HouseDesk::new(Arc::clone(&world.house), Arc::new(Known(bob))));
    let chat = world.house.channels().values().next().expect("a channel").clone();
    let listener = tokio::spawn(async move { chat.listen(desk).await });
    let request = world.file("alice", "db", "1h").await;
    world.idle().await;
    let before = world.leaves().await.len();
    let press = async |name: &str| {
        let by = Identity::new("fake", name.to_owned());
        let number = world.media[0].messages()[0].number;
        world.media[0].click(number, &by, jit_approval::Verdict::Approve { span: None }).await.expect("a button").words
    };
    assert_eq!(press("mallory").await, "no such request");
    assert_eq!(world.request(request.id).await.asks[0].status, AskStatus::Pending);
    assert_eq!(world.leaves().await.len(), before, "a stranger does not make the log grow");
    assert_eq!(press("bob").await, "approved for 1h");
    assert_eq!(world.request(request.id).await.asks[0].status, AskStatus::Approved);
    listener.abort();
}
