//! Who is believed: a confirmed full member of the pinned team, at the moment of the press.

use std::collections::BTreeSet;
use std::sync::Arc;

use jit_approval::{Adapter, News as NewsNotice, Notice, NoticeKey, SeenFirst};
use jit_approval_slack::double::{ROOM, TEAM};
use jit_approval_slack::{AsksIn, Settings, Slack};
use jit_types::Words;
use serde_json::{Value, json};

use crate::common::{BOB, Broker, CAROL, MALLORY, Tokens, answered, ask, control, double, notice, press, settings};

/// What is said of an account, or of the payload, that is not to be believed, and a word of the explanation.
fn strangers() -> Vec<(Value, Value, &'static str)> {
    let nothing = || json!({});
    vec![
        (json!({ "is_restricted": true }), nothing(), "guest"),
        (json!({ "is_restricted": true, "is_ultra_restricted": true }), nothing(), "guest"),
        (json!({ "is_invited_user": true }), nothing(), "guest"),
        (json!({ "is_bot": true }), nothing(), "bots"),
        (json!({ "is_workflow_bot": true }), nothing(), "bots"),
        (json!({ "deleted": true }), nothing(), "deactivated"),
        (json!({ "is_email_confirmed": false }), nothing(), "confirmed"),
        (json!({ "is_email_confirmed": null }), nothing(), "confirmed"),
        (json!({ "is_stranger": true }), nothing(), "another workspace"),
        (json!({ "team_id": "T0OTHER" }), nothing(), "another workspace"),
        // What Slack says at the payload's top.
        (nothing(), json!({ "team": { "id": "T0OTHER" } }), "another workspace"),
        (nothing(), json!({ "team": null }), "another workspace"),
        (nothing(), json!({ "user": { "team_id": "T0OTHER" } }), "another workspace"),
        (nothing(), json!({ "user": { "id": "U0NOBODY" } }), "another workspace"),
        (nothing(), json!({ "user": { "id": "../U0BOB" } }), "another workspace"),
    ]
}

#[tokio::test]
async fn whoever_is_no_confirmed_full_member_is_told_why_and_never_heard() {
    for (account, payload, says) in strangers() {
        let double = double().await;
        let broker = Broker::start(&double, AsksIn::Channel).await;
        let ask = ask(&broker, 1, 1);
        broker.slack.announce(&notice(&ask)).await.expect("posted");
        let post = double.posts().pop().expect("a post");
        // They were fit when the message was posted.
        double.user(BOB, account.clone());
        for begins in ["Approve for", "for 30m", "Deny"] {
            let push = double.press(BOB, ROOM, &post.ts, &control(&post, begins), &payload);
            let words = answered(&double, &push).await;
            assert!(words.contains(says), "{account} {payload} {begins}: {words}");
            assert!(!words.contains("db-read") && !words.contains("INC-42"), "{words}");
        }
        assert!(!double.asks(BOB), "{account}: a modal was opened");
        assert!(broker.desk.all().is_empty(), "{account} {payload}");
    }
}

#[tokio::test]
async fn a_modal_is_no_way_around() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    broker.slack.announce(&notice(&ask(&broker, 1, 1))).await.expect("posted");
    let post = double.posts().pop().expect("a post");
    double.deliver(&press(&double, BOB, &post, "Deny")).await;
    let sent = double.submit(BOB, "because").await;
    double.user(BOB, json!({ "deleted": true }));
    let words = answered(&double, &sent).await;
    assert!(words.contains("deactivated"), "{words}");
    assert!(broker.desk.all().is_empty());
}

#[tokio::test]
async fn who_can_not_be_seen_is_not_believed() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let ask = ask(&broker, 1, 1);
    broker.slack.announce(&notice(&ask)).await.expect("posted");
    let post = double.posts().pop().expect("a post");
    double.limit("users.info", 1, 600);
    let words = answered(&double, &press(&double, BOB, &post, "Approve for")).await;
    assert!(words.contains("nothing was changed"), "{words}");
    assert!(broker.desk.all().is_empty());
}

#[tokio::test]
async fn a_command_of_a_stranger_is_told_why_and_never_heard() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let push = double.command(MALLORY, ROOM, "release gr_00000000000000000000000000", &json!({}));
    let words = answered(&double, &push).await;
    assert!(words.contains("another workspace"), "{words}");
    double.user(BOB, json!({ "is_ultra_restricted": true }));
    let push = double.command(BOB, ROOM, "request db-read --reason x", &json!({}));
    assert!(answered(&double, &push).await.contains("guest"));
    assert!(broker.desk.all().is_empty());
}

/// An address says who is told only as long as its account is not known to be another's.
#[tokio::test]
async fn an_account_found_by_its_address_is_told_only_if_the_house_believes_it() {
    let name = |user: &str| format!("{TEAM}/{user}");
    let both = || Arc::new(BTreeSet::from([name(BOB), name(CAROL)]));
    let cases = [
        ("nobody was seen", SeenFirst::default(), true),
        ("others were seen", SeenFirst::new(None, Arc::new(BTreeSet::from([name(CAROL)]))), true),
        ("it was seen first", SeenFirst::new(Some(name(BOB)), both()), true),
        ("another was seen first", SeenFirst::new(Some(name(CAROL)), both()), false),
        ("it was seen as somebody else", SeenFirst::new(None, both()), false),
    ];
    for (case, seen, told) in cases {
        let double = double().await;
        let mut scopes = vec!["channels:read", "chat:write", "commands", "groups:read", "im:write", "users:read"];
        scopes.push("users:read.email");
        double.scopes(&scopes);
        double.user(BOB, json!({ "profile": { "email": "bob@example.com" } }));
        let by_mail = Settings { by_mail: true, ..settings(&double, AsksIn::Both) };
        let slack = Slack::open(by_mail, &Tokens::RIGHT).await.expect("good tokens");
        let broker = Broker::start(&double, AsksIn::Both).await;
        let mut ask = ask(&broker, 1, 1);
        ask.to.truncate(1);
        ask.to[0].names.clear();
        ask.to[0].seen = seen.clone();
        slack.announce(&notice(&ask)).await.expect("no failure");
        assert_eq!(double.posts().len(), if told { 2 } else { 0 }, "{case}: in the room, and alone");
        assert!(!format!("{:?}", ask.to).contains(CAROL), "accounts are in no Debug");
        let news = NewsNotice {
            key: NoticeKey("news/1".to_owned()),
            to: ask.to[0].clone(),
            request: ask.request,
            grant: None,
            open: false,
            role: ask.role.clone(),
            words: Words::new("approved"),
        };
        let before = double.posts().len();
        slack.announce(&Notice::News(news)).await.expect("no failure");
        assert_eq!(double.posts().len() - before, usize::from(told), "{case}: news");
    }
}
