//! What is posted, where, and what becomes of it.

use jit_approval::{Adapter, Addressee, ErrorKind, MessageRef, Note, Notice, NoticeKey, SeenFirst, Standing};
use jit_approval_slack::double::{ROOM, Shown, Weather};
use jit_approval_slack::{AsksIn, Slack};
use jit_types::{Free, Words};
use serde_json::json;

use crate::common::{BOB, Broker, CAROL, Tokens, answered, ask, double, notice, press, settings};

#[tokio::test]
async fn an_ask_is_approved_for_less_and_the_message_reduced() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let mut ask = ask(&broker, 1, 1);
    let at = broker.slack.announce(&notice(&ask)).await.expect("posted");
    let post = double.posts().pop().expect("a post");
    assert_eq!(answered(&double, &press(&double, BOB, &post, "for 30m")).await, "approved for 30m");
    // The thread says what the house says of it, wherever it was decided; to the one who pressed it was said alone.
    assert_eq!(double.posts().len(), 1);
    let words = Words::new("approved for 30m, by bob@example.com");
    let note = Note { key: NoticeKey("note/1".to_owned()), under: at.clone(), request: ask.request, words };
    broker.slack.announce(&Notice::Note(note)).await.expect("posted");
    let thread = double.posts().pop().expect("a reply");
    assert_eq!(thread.thread.as_deref(), Some(post.ts.as_str()));
    assert_eq!(Shown::read(&thread.body).text.trim(), "approved for 30m, by bob@example.com");
    ask.standing = broker.desk.filed(&ask.ask).expect("filed").standing();
    broker.slack.update(&at, &notice(&ask)).await.expect("updated");
    let end = Shown::read(&double.posts()[0].body);
    assert_eq!(double.posts()[0].edits, 1);
    assert!(end.controls.is_empty() && end.calls.is_empty() && !end.text.contains("INC-42"), "{}", end.text);
    println!("{}", end.text);
}

#[tokio::test]
async fn a_denial_carries_what_was_typed() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    for (number, typed, arrives) in
        [(1, " use the replica <!channel> ", Some("use the replica <!channel>")), (2, "  ", None), (3, "", None)]
    {
        let ask = ask(&broker, number, 1);
        broker.slack.announce(&notice(&ask)).await.expect("posted");
        let post = double.posts().pop().expect("a post");
        double.deliver(&press(&double, CAROL, &post, "Deny")).await;
        let sent = double.submit(CAROL, typed).await;
        assert_eq!(answered(&double, &sent).await, "denied");
        let heard = broker.desk.heard(&ask.ask);
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].decision.comment.as_deref(), arrives);
        let evidence = format!("{:?}", heard[0].decision.evidence);
        assert!(evidence.contains("T0DOUBLE/U0CAROL") && evidence.contains("envelope"), "{evidence}");
        assert!(!evidence.contains("replica") && !evidence.contains("http"), "{evidence}");
    }
}

#[tokio::test]
async fn a_trigger_that_is_over_is_said_and_changes_nothing() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    broker.slack.announce(&notice(&ask(&broker, 1, 1))).await.expect("posted");
    let post = double.posts().pop().expect("a post");
    let late = press(&double, BOB, &post, "Deny");
    tokio::time::sleep(std::time::Duration::from_millis(3200)).await;
    let words = answered(&double, &late).await;
    assert!(words.contains("press Deny again"), "{words}");
    assert!(broker.desk.all().is_empty());
}

#[tokio::test]
async fn a_reason_that_is_kept_stays_out_of_slack() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let mut kept = settings(&double, AsksIn::Both);
    kept.reason = false;
    let slack = Slack::open(kept, &Tokens::RIGHT).await.expect("good tokens");
    slack.announce(&notice(&ask(&broker, 1, 1))).await.expect("posted");
    assert_eq!(double.posts().len(), 3);
    for (_, call) in double.calls() {
        assert!(!call.to_string().contains("INC-42"), "{call}");
    }
}

#[tokio::test]
async fn the_longest_message_is_taken() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let mut ask = ask(&broker, 1, 1);
    let long = "x".repeat(20_480);
    ask.gives = vec![Words::new(&long); 40];
    ask.warnings = vec![Words::new(&long); 40];
    ask.params = (0..40)
        .map(|n| (format!("p{n}").parse().expect("a name"), jit_types::ParamValue::Text(long.clone())))
        .collect();
    ask.swept = jit_types::Tail::NoBound(Words::new(&long));
    ask.unswept = ask.swept.clone();
    ask.reason = Some(Free(long));
    broker.slack.announce(&notice(&ask)).await.expect("taken");
    let shown = Shown::read(&double.posts()[0].body);
    let length = shown.text.chars().count();
    assert!(length <= jit_approval_slack::LONGEST, "{length}");
    assert!(shown.text.contains("32 more… `jit show req_"), "{}", shown.text);
    // The end of it, too.
    ask.standing = Standing::Closed {
        outcome: Words::new("y".repeat(600)),
        by: (0..40).map(|n| format!("p{n}@example.com").parse().expect("a person")).collect(),
    };
    broker.slack.announce(&notice(&ask)).await.expect("taken");
}

#[tokio::test]
async fn a_channel_that_strangers_share_is_told_nothing() {
    for (fact, says) in [
        ("is_ext_shared", "another workspace"),
        ("is_pending_ext_shared", "another workspace"),
        ("is_org_shared", "another workspace"),
        ("is_archived", "archived"),
    ] {
        let double = double().await;
        double.channel(ROOM, |room| {
            room.facts.insert(fact.to_owned(), json!(true));
        });
        let broker = Broker::start(&double, AsksIn::Channel).await;
        let error = broker.slack.announce(&notice(&ask(&broker, 1, 1))).await.expect_err("not there");
        assert_eq!(error.kind, ErrorKind::Refused, "{fact}");
        let found = broker.slack.check().await;
        assert!(found.iter().any(|check| !check.good && check.what.as_str().contains(says)), "{fact}: {found:?}");
        assert!(double.posts().is_empty(), "{fact}");
    }
}

#[tokio::test]
async fn a_channel_by_its_id_is_found_and_one_that_is_not_there_is_told() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    for n in 1..6 {
        double.channel(&format!("C0A{n}"), |channel| channel.name = format!("other-{n}"));
    }
    for (channel, there) in
        [(ROOM, true), ("#access", true), ("#other-1", false), ("#nowhere", false), ("C0GONE", false)]
    {
        let mut settings = settings(&double, AsksIn::Channel);
        settings.channel = channel.to_owned();
        let slack = Slack::open(settings, &Tokens::RIGHT).await.expect("good tokens");
        assert_eq!(slack.check().await.iter().all(|check| check.good), there, "{channel}");
        let came = slack.announce(&notice(&ask(&broker, 1, 1))).await;
        assert_eq!(came.is_ok(), there, "{channel}: {came:?}");
    }
}

#[tokio::test]
async fn one_who_can_not_be_told_keeps_nothing_from_the_others() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Direct).await;
    double.user(BOB, json!({ "deleted": true }));
    let at = broker.slack.announce(&notice(&ask(&broker, 1, 1))).await.expect("carol is told");
    assert_eq!(double.posts().len(), 1);
    assert!(at.0.starts_with('D') && !at.0.contains(' '), "{}", at.0);
    double.user(CAROL, json!({ "deleted": true }));
    let broker = Broker::start(&double, AsksIn::Direct).await;
    let error = broker.slack.announce(&notice(&ask(&broker, 2, 1))).await.expect_err("nobody is told");
    assert_eq!(error.kind, ErrorKind::Refused);
}

#[tokio::test]
async fn what_was_sent_in_part_is_completed_and_not_repeated() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Both).await;
    // The channel and bob are told, then patience is asked for: longer than a call may take.
    let ask = ask(&broker, 1, 1);
    double.limit("conversations.open", 1, 600);
    let error = broker.slack.announce(&notice(&ask)).await.expect_err("in part");
    assert!(error.retryable());
    assert_eq!(double.posts().len(), 1);
    // Another broker, which does not remember the pause, would begin anew; this one goes on where it was.
    let error = broker.slack.announce(&notice(&ask)).await.expect_err("still in part");
    assert!(error.retryable());
    assert_eq!(double.posts().len(), 1);
}

#[tokio::test]
async fn a_message_that_somebody_took_away_is_no_failure_for_ever() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let gone = MessageRef(format!("{ROOM}:1.0"));
    broker.slack.update(&gone, &notice(&ask(&broker, 1, 1))).await.expect("nothing is left to do");
    double.weather(Weather::Down);
    assert!(broker.slack.update(&gone, &notice(&ask(&broker, 1, 1))).await.is_err_and(|error| error.retryable()));
}

#[tokio::test]
async fn a_crowd_that_can_decide_is_called_in_part_and_counted() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let mut ask = ask(&broker, 1, 1);
    ask.to = (0..40)
        .map(|n| Addressee {
            person: format!("p{n}@example.com").parse().expect("a person"),
            names: vec![format!("U0CROWD{n:02}")],
            link: None,
            seen: SeenFirst::default(),
        })
        .collect();
    broker.slack.announce(&notice(&ask)).await.expect("posted");
    let shown = Shown::read(&double.posts()[0].body);
    assert_eq!(shown.calls.len(), 12, "{:?}", shown.calls);
    assert!(shown.text.contains("and 28 more"), "{}", shown.text);
}

#[tokio::test]
async fn a_note_beneath_a_message_that_is_gone_is_no_failure() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let ask = ask(&broker, 1, 1);
    let (channel, words) = (ROOM, Words::new("in use"));
    for under in [format!("{channel}:1900000000.999999"), "D0NOBODY:1.2".to_owned(), String::new()] {
        let (key, under) = (NoticeKey(format!("note/{under}")), MessageRef(under));
        let note = Note { key, under, request: ask.request, words: words.clone() };
        broker.slack.announce(&Notice::Note(note)).await.expect("dropped");
    }
    assert!(double.posts().is_empty());
}
