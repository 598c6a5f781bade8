//! Slack asks for patience: nothing is lost, nothing doubled.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jit_approval::{Adapter, ErrorKind, NoticeKey, Standing};
use jit_approval_slack::AsksIn;
use jit_approval_slack::double::Shown;
use jit_types::Words;

use crate::common::{BOB, Broker, CAROL, ask, double, notice, press};

#[tokio::test]
async fn a_short_wait_is_waited_for() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    double.limit("chat.postMessage", 2, 1);
    let begun = Instant::now();
    broker.slack.announce(&notice(&ask(&broker, 1, 1))).await.expect("posted in the end");
    assert!(begun.elapsed() >= Duration::from_secs(2), "Retry-After was not kept");
    assert_eq!(double.refused_for_pace("chat.postMessage"), 2);
    assert_eq!(double.posts().len(), 1);
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_house_and_not_called_into() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    double.limit("chat.postMessage", 5, 300);
    let begun = Instant::now();
    let error = broker.slack.announce(&notice(&ask(&broker, 1, 1))).await.expect_err("too long");
    assert_eq!(error.kind, ErrorKind::Unreachable);
    // Asked again before the time is over, it says so by itself.
    let error = broker.slack.announce(&notice(&ask(&broker, 1, 1))).await.expect_err("still too long");
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(double.refused_for_pace("chat.postMessage"), 1);
    assert!(double.posts().is_empty());
}

#[tokio::test]
async fn a_burst_of_asks_is_paced_and_told_once_each() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    double.pace(true);
    for number in 1..=8 {
        broker.slack.announce(&notice(&ask(&broker, number, 1))).await.expect("posted in the end");
    }
    assert!(double.refused_for_pace("chat.postMessage") > 0, "the double did not pace");
    assert_eq!(double.posts().len(), 8);
}

#[tokio::test]
async fn a_crowd_of_asks_waits_in_a_queue_and_nobody_is_sent_away() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    double.pace(true);
    let mut crowd = tokio::task::JoinSet::new();
    for number in 1..=14 {
        let (slack, notice) = (broker.slack.clone(), notice(&ask(&broker, number, 1)));
        crowd.spawn(async move { slack.announce(&notice).await });
    }
    while let Some(came) = crowd.join_next().await {
        came.expect("it ran").expect("posted in the end");
    }
    assert_eq!(double.posts().len(), 14);
}

#[tokio::test]
async fn no_press_is_lost_or_doubled_by_it() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let mut pushes = Vec::new();
    for number in 1..=6 {
        broker.slack.announce(&notice(&ask(&broker, number, 2))).await.expect("posted");
        let post = double.posts().pop().expect("a post");
        pushes.extend([BOB, CAROL].map(|user| press(&double, user, &post, "Approve for")));
    }
    double.limit("users.info", 3, 1);
    for push in &pushes {
        assert!(double.deliver(push).await.heard_after < Duration::from_secs(3));
    }
    for number in 1..=6 {
        let ask = ask_id(number);
        while broker.desk.heard(&ask).len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(broker.desk.heard(&ask).len(), 2);
        assert!(broker.desk.filed(&ask).expect("filed").closed.is_some());
    }
}

fn ask_id(number: u8) -> jit_types::AskId {
    jit_types::AskId::from_parts(jit_types::Timestamp::from_millis(1_900_000_000_000), [number; 10])
}

/// A thousand asks at once, on a Slack that is a hundred times as fast as the real one and says no as often: all are told once,
/// and reduced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_asks_at_once_are_told_once_each_and_reduced() {
    const MANY: usize = 1000;
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    double.pace_at(Some((100.0, 100.0)));
    let asks: Vec<_> = (0..MANY)
        .map(|n| {
            let mut one = ask(&broker, 1, 1);
            one.key = NoticeKey(format!("ask/{n}"));
            one.role = format!("role-{n}").parse().expect("a role");
            one
        })
        .collect();
    let begun = Instant::now();
    let mut crowd = tokio::task::JoinSet::new();
    for one in asks {
        let slack = broker.slack.clone();
        crowd.spawn(async move {
            let at = slack.announce(&notice(&one)).await.expect("posted in the end");
            let mut end = one.clone();
            end.standing = Standing::Closed { outcome: Words::new("approved for 2h"), by: Vec::new() };
            slack.update(&at, &notice(&end)).await.expect("reduced");
            at
        });
    }
    let told: BTreeSet<String> = crowd.join_all().await.into_iter().map(|at| at.0).collect();
    let took = begun.elapsed();
    let (posts, refused) = (double.posts(), double.refused_for_pace("chat.postMessage"));
    println!("{MANY} asks at once: {took:?}, {refused} times told to wait");
    assert!(refused > 0, "the double did not pace");
    assert_eq!((told.len(), posts.len()), (MANY, MANY), "each is told once");
    for post in &posts {
        let shown = Shown::read(&post.body);
        assert!(
            post.edits == 1 && shown.controls.is_empty() && shown.text.contains("approved for 2h"),
            "{}",
            shown.text
        );
    }
    let roles: BTreeSet<String> = posts.iter().map(|post| Shown::read(&post.body).text).collect();
    assert_eq!(roles.len(), MANY, "each says what it is about");
    // As fast as the medium takes them. What is sent before the first word of patience is refused once; then they wait in a
    // queue, and nobody is refused again and again.
    assert!(refused < MANY && took < Duration::from_secs(60), "{refused} refusals in {took:?}");
}
