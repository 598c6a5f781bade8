//! A double with people in it, and adapters on it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jit_approval::testkit::{Filed, ScriptedDesk};
use jit_approval::{
    Adapter, Addressee, AskNotice, Desk, Error, Identity, Notice, NoticeKey, SecretError, SeenFirst, Standing,
};
use jit_approval_slack::double::{APP_TOKEN, BOT_TOKEN, Control, Double, Post, Push, ROOM, Shown, TEAM};
use jit_approval_slack::{AsksIn, Settings, Slack};
use jit_types::settings::{SecretRef, Secrets};
use jit_types::{AskId, Digest, Free, ParamValue, PersonId, RequestId, Secret, Span, Tail, Timestamp, Words};
use serde_json::json;
use tokio::task::JoinHandle;

pub(crate) const ALICE: &str = "U0ALICE";
pub(crate) const ALICE_TOO: &str = "U0ALICE2";
pub(crate) const BOB: &str = "U0BOB";
pub(crate) const CAROL: &str = "U0CAROL";
pub(crate) const MALLORY: &str = "U0MALLORY";

/// A double in which alice, bob and carol are members, and mallory of another team looks in.
pub(crate) async fn double() -> Double {
    let double = Double::start().await.expect("a free port");
    for user in [ALICE, ALICE_TOO, BOB, CAROL] {
        double.user(user, json!({}));
        double.channel(ROOM, |room| {
            room.members.insert(user.to_owned());
        });
    }
    double.user(MALLORY, json!({ "team_id": "T0OTHER", "is_stranger": true }));
    double.channel(ROOM, |room| {
        room.members.insert(MALLORY.to_owned());
    });
    double
}

/// The secrets of a broker that talks to the double.
pub(crate) struct Tokens(pub(crate) &'static str, pub(crate) &'static str);

impl Tokens {
    pub(crate) const RIGHT: Self = Self(BOT_TOKEN, APP_TOKEN);
}

impl Secrets for Tokens {
    fn read<'a>(
        &'a self,
        reference: &'a SecretRef,
    ) -> Pin<Box<dyn Future<Output = Result<Secret, SecretError>> + Send + 'a>> {
        let bot = *reference == SecretRef::Env("BOT".to_owned());
        Box::pin(async move { Ok(Secret::new(if bot { self.0 } else { self.1 }.to_owned())) })
    }
}

pub(crate) fn settings(double: &Double, asks: AsksIn) -> Settings {
    Settings {
        team: TEAM.to_owned(),
        channel: "#access".to_owned(),
        asks,
        reason: true,
        by_mail: false,
        bot_token: SecretRef::Env("BOT".to_owned()),
        app_token: SecretRef::Env("APP".to_owned()),
        api: double.api().parse().expect("an address"),
    }
}

pub(crate) async fn adapter(double: &Double, asks: AsksIn) -> Result<Slack, Error> {
    Slack::open(settings(double, asks), &Tokens::RIGHT).await
}

pub(crate) fn identity(user: &str) -> Identity {
    Identity::new(Slack::KIND.to_owned(), format!("{TEAM}/{user}"))
}

/// An adapter that listens for a desk, until it is dropped.
pub(crate) struct Broker {
    pub(crate) slack: Slack,
    pub(crate) desk: Arc<ScriptedDesk>,
    listening: JoinHandle<Result<(), Error>>,
}

impl Broker {
    pub(crate) async fn start(double: &Double, asks: AsksIn) -> Self {
        let slack = adapter(double, asks).await.expect("good tokens");
        let desk = Arc::new(ScriptedDesk::new());
        for (user, person) in [(ALICE, "alice@example.com"), (BOB, "bob@example.com"), (CAROL, "carol@example.com")] {
            let person = person.parse().expect("a person");
            desk.know(&identity(user), &person);
            if user != ALICE {
                desk.entitle(&person);
            }
        }
        let sockets = double.sockets();
        let listening = tokio::spawn({
            let (slack, desk) = (slack.clone(), Arc::clone(&desk) as Arc<dyn Desk>);
            async move { slack.listen(desk).await }
        });
        double.connected(sockets + 1).await;
        Self { slack, desk, listening }
    }

    pub(crate) fn listens(&self) -> bool {
        !self.listening.is_finished()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// An ask of alice's for so many approvals, filed at the broker's desk and addressed to bob and carol.
pub(crate) fn ask(broker: &Broker, number: u8, need: u32) -> AskNotice {
    let ask = AskId::from_parts(Timestamp::from_millis(1_900_000_000_000), [number; 10]);
    let (hash, span) = (Digest::of(&[number]), Span::from_secs(7200));
    let requester: PersonId = "alice@example.com".parse().expect("a person");
    let filed = Filed { hash, requester: requester.clone(), need, span, reviews: BTreeMap::new(), closed: None };
    broker.desk.file(ask, filed);
    let to = [(BOB, "bob@example.com"), (CAROL, "carol@example.com")].map(|(user, person)| Addressee {
        person: person.parse().expect("a person"),
        names: vec![format!("{TEAM}/{user}")],
        link: None,
        seen: SeenFirst::default(),
    });
    AskNotice {
        key: NoticeKey(format!("ask/{number}")),
        ask,
        request: RequestId::from_parts(Timestamp::from_millis(1_900_000_000_000), [number; 10]),
        hash,
        to: to.to_vec(),
        requester,
        role: "db-read".parse().expect("a role"),
        gives: vec![Words::new("read in database shop as reader")],
        warnings: vec![Words::new("everybody may connect to database stock")],
        params: BTreeMap::from([("schema".parse().expect("a name"), ParamValue::Text("sales".to_owned()))]),
        span,
        total: None,
        worst_end: "2041-03-01T09:30:00Z".parse().expect("a time"),
        swept: Tail::AtMost(Span::from_secs(5)),
        unswept: Tail::NoBound(Words::new("an open session goes on")),
        first: false,
        reason: Some(Free("INC-42 slow orders".to_owned())),
        decide_by: "2040-12-31T09:30:00Z".parse().expect("a time"),
        standing: Standing::Pending { have: 0, need },
    }
}

pub(crate) fn notice(ask: &AskNotice) -> Notice {
    Notice::Ask(Box::new(ask.clone()))
}

/// The control of a post with this on it.
pub(crate) fn control(post: &Post, begins: &str) -> Control {
    let controls = Shown::read(&post.body).controls;
    controls.into_iter().find(|control| control.label.starts_with(begins)).expect("there is such a control")
}

/// Somebody presses a control of a post.
pub(crate) fn press(double: &Double, user: &str, post: &Post, begins: &str) -> Push {
    double.press(user, &post.channel, &post.ts, &control(post, begins), &json!({}))
}

/// Delivers what somebody did, and returns what they were then shown alone.
pub(crate) async fn answered(double: &Double, push: &Push) -> String {
    let after = double.whispers().len();
    double.deliver(push).await;
    double.whispered(&push.user, after, Duration::from_secs(10)).await.unwrap_or_default()
}
