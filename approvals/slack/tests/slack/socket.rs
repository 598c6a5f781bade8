//! Sockets come and go; what was pressed is heard once.

use std::time::Duration;

use jit_approval::{Adapter, ErrorKind};
use jit_approval_slack::double::{APP_TOKEN, BOT_TOKEN};
use jit_approval_slack::{AsksIn, Slack};
use serde_json::json;

use crate::common::{BOB, Broker, CAROL, Tokens, adapter, answered, ask, double, notice, press, settings};

#[tokio::test]
async fn a_socket_that_slack_will_close_is_replaced_before_it_goes() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    for reason in ["warning", "refresh_requested"] {
        let before = double.sockets();
        double.disconnect(reason);
        // The next is there while the old one is still listened to.
        double.connected(before + 1).await;
    }
    let ask = ask(&broker, 1, 2);
    broker.slack.announce(&notice(&ask)).await.expect("posted");
    let post = double.posts().pop().expect("a post");
    // Over whichever of the three sockets: each press is heard, and heard once, also where it comes over two of them.
    let (bob, carol) = (press(&double, BOB, &post, "Approve for"), press(&double, CAROL, &post, "Approve for"));
    for push in [&bob, &carol, &bob, &carol, &bob] {
        double.deliver(push).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(broker.desk.heard(&ask.ask).len(), 2);
    assert!(broker.desk.filed(&ask.ask).expect("filed").closed.is_some());
    assert!(broker.listens());
}

#[tokio::test]
async fn socket_mode_that_is_switched_off_is_not_hammered() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let opened = || double.calls().iter().filter(|(method, _)| method == "apps.connections.open").count();
    let before = opened();
    double.disconnect("link_disabled");
    double.cut();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(opened(), before);
    assert!(broker.listens());
}

#[tokio::test]
async fn whatever_else_comes_over_a_socket_harms_nothing() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let ask = ask(&broker, 1, 1);
    broker.slack.announce(&notice(&ask)).await.expect("posted");
    let post = double.posts().pop().expect("a post");
    let good = press(&double, BOB, &post, "Approve for");
    for (strange, n) in [
        json!({ "type": "events_api", "payload": { "event": { "type": "message", "text": "approve" } } }),
        json!({ "type": "interactive", "payload": { "type": "shortcut", "callback_id": "jit.approve" } }),
        json!({ "type": "interactive", "payload": null }),
        json!({ "type": "interactive" }),
        json!({ "type": "interactive", "payload": { "type": "view_submission", "view": { "callback_id": "other" } } }),
        json!({ "type": "something_new", "payload": [] }),
    ]
    .into_iter()
    .zip(0..)
    {
        let mut push = good.clone();
        push.envelope = strange;
        push.envelope["envelope_id"] = json!(format!("strange-{n}"));
        // Said to have arrived all the same, or it would come again and again.
        assert!(double.deliver(&push).await.heard_after < Duration::from_secs(1));
    }
    // A control of ours with a value of nobody's.
    let mut forged = press(&double, BOB, &post, "Approve for");
    forged.envelope["payload"]["actions"][0]["value"] = json!("2 ask_x zzz");
    assert!(answered(&double, &forged).await.contains("can't be understood"));
    assert!(broker.desk.all().is_empty());
    assert_eq!(answered(&double, &good).await, "approved for 2h");
}

#[tokio::test]
async fn a_check_takes_no_socket_and_does_not_use_up_the_right_to_one() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let opened = || double.calls().iter().filter(|(method, _)| method == "apps.connections.open").count();
    assert_eq!(opened(), 1);
    for _ in 0..5 {
        assert!(broker.slack.check().await.iter().all(|check| check.good));
    }
    assert_eq!((opened(), double.sockets()), (1, 1));
    // Where nobody listens, only asking tells whether anybody may.
    let doctor = adapter(&double, AsksIn::Channel).await.expect("good tokens");
    assert!(doctor.check().await.iter().all(|check| check.good));
    assert_eq!((opened(), double.sockets()), (2, 1));
}

#[tokio::test]
async fn two_brokers_on_one_app_are_noticed() {
    let double = double().await;
    let first = Broker::start(&double, AsksIn::Channel).await;
    assert!(first.slack.check().await.iter().all(|check| check.good));
    let second = Broker::start(&double, AsksIn::Channel).await;
    // Who came second was told so by the greeting.
    let mut found = Vec::new();
    for _ in 0..50 {
        found = second.slack.check().await;
        if found.iter().any(|check| !check.good) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(found.iter().any(|check| !check.good && check.what.as_str().contains("sockets")), "{found:?}");
    // `doctor` holds no socket, and opens none.
    let sockets = double.sockets();
    let doctor = adapter(&double, AsksIn::Channel).await.expect("good tokens");
    assert!(doctor.check().await.iter().all(|check| check.good));
    assert_eq!(double.sockets(), sockets);
}

#[tokio::test]
async fn a_token_of_another_workspace_tells_nobody_anything() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let mut elsewhere = settings(&double, AsksIn::Both);
    elsewhere.team = "T0OTHER".to_owned();
    let slack = Slack::open(elsewhere, &Tokens::RIGHT).await.expect("good tokens");
    let error = slack.announce(&notice(&ask(&broker, 1, 1))).await;
    // Nobody of that ask is of the team; an alert has nobody.
    assert_eq!(error.expect("nobody to tell").0, "");
    let alert = jit_approval::Alert {
        key: jit_approval::NoticeKey("alert/1".to_owned()),
        request: None,
        words: jit_types::Words::new("look"),
    };
    let error = slack.announce(&jit_approval::Notice::Alert(alert)).await.expect_err("another team");
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(slack.check().await.iter().any(|check| !check.good && check.what.as_str().contains("another workspace")));
    assert!(double.posts().is_empty());
}

#[tokio::test]
async fn tokens_that_do_not_hold_are_told_without_being_shown() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    for (tokens, says) in [
        (Tokens("xoxb-revoked-SECRET", APP_TOKEN), "does not take the token"),
        (Tokens(BOT_TOKEN, "xapp-revoked-SECRET"), "asking for a socket"),
    ] {
        let slack = Slack::open(settings(&double, AsksIn::Channel), &tokens).await.expect("they look right");
        let found = slack.check().await;
        let ill: Vec<_> = found.iter().filter(|check| !check.good).collect();
        assert!(ill.iter().any(|check| check.what.as_str().contains(says)), "{found:?}");
        assert!(ill.iter().all(|check| check.remedy.is_some()), "{found:?}");
        let came = slack.announce(&notice(&ask(&broker, 1, 1))).await;
        let said = format!("{found:?} {came:?}");
        assert!(!said.contains("SECRET"), "{said}");
    }
}

#[tokio::test]
async fn scopes_that_are_missing_or_too_many_are_told() {
    let double = double().await;
    double.scopes(&["chat:write", "commands", "channels:read", "groups:read", "im:write", "channels:history"]);
    let slack = adapter(&double, AsksIn::Channel).await.expect("good tokens");
    let ill: Vec<String> =
        slack.check().await.into_iter().filter(|check| !check.good).map(|check| check.what.to_string()).collect();
    assert!(ill.iter().any(|what| what.contains("lacks users:read")), "{ill:?}");
    assert!(ill.iter().any(|what| what.contains("channels:history")), "{ill:?}");
}

/// What Slack is told to have arrived is decided, unless the house takes longer than Slack waits.
#[tokio::test]
async fn a_press_is_said_to_have_arrived_once_it_is_decided() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    for (number, takes, least, most) in [(1, 1200, 1200, 1900), (2, 4000, 1900, 2900)] {
        let ask = ask(&broker, number, 1);
        broker.slack.announce(&notice(&ask)).await.expect("posted");
        let post = double.posts().pop().expect("a post");
        broker.desk.take(Duration::from_millis(takes));
        let came = double.deliver(&press(&double, BOB, &post, "Approve for")).await;
        let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
        assert!(came.heard_after >= least && came.heard_after < most, "{:?}", came.heard_after);
        assert_eq!(came.sent, 1);
        assert_eq!(broker.desk.heard(&ask.ask).len(), usize::from(number == 1));
    }
}

#[tokio::test]
async fn a_broker_that_dies_before_it_has_decided_loses_no_press() {
    let double = double().await;
    let first = Broker::start(&double, AsksIn::Channel).await;
    let filed = ask(&first, 1, 1);
    first.slack.announce(&notice(&filed)).await.expect("posted");
    let post = double.posts().pop().expect("a post");
    first.desk.take(Duration::from_millis(1500));
    let push = press(&double, BOB, &post, "Approve for");
    let (delivered, heard) = tokio::join!(double.deliver(&push), async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let heard = first.desk.heard(&filed.ask).len();
        drop(first);
        double.connected(0).await;
        // The next one hears it again: nobody has said that it had arrived.
        let second = Broker::start(&double, AsksIn::Channel).await;
        ask(&second, 1, 1);
        (heard, second)
    });
    let (before, second) = heard;
    assert_eq!((before, delivered.sent), (0, 2));
    assert_eq!(second.desk.heard(&filed.ask).len(), 1);
}
