//! Slack by the conformance suite: messages are read back out of the double, presses go through it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_approval::testkit::{
    self, Answer, Control, Event, Facts, Fault, Harness, Message, Order, Player, Press, Side, Trouble, Twist, Wanted,
};
use jit_approval::{Adapter, BoxFuture, Verdict};
use jit_approval_slack::AsksIn;
use jit_approval_slack::double::{Control as Button, Double, Post, Push, ROOM, Shown, TEAM, Weather};
use serde_json::{Value, json};

use crate::common::{ALICE, ALICE_TOO, BOB, CAROL, MALLORY, adapter, double, identity};

/// What is pressed: where, and what.
#[derive(serde::Serialize, serde::Deserialize)]
struct Pressed {
    channel: String,
    ts: String,
    action: String,
    value: String,
    option: bool,
}

pub(crate) struct InSlack {
    double: Double,
    asks: AsksIn,
    pushed: Mutex<Vec<(Push, bool)>>,
    /// Messages as they were read, by number and how often they were edited: reading is slow, and done often.
    read: Mutex<BTreeMap<(u64, usize), Message>>,
}

impl InSlack {
    pub(crate) async fn new(asks: AsksIn) -> Self {
        Self { double: double().await, asks, pushed: Mutex::default(), read: Mutex::default() }
    }

    /// Reads one message: who gets it is who it is alone with, or who it calls.
    fn message(&self, post: &Post, number: u64) -> Message {
        let mut read = self.read.lock().expect("nothing panics while it is held");
        read.entry((number, post.edits)).or_insert_with(|| self.read_message(post, number)).clone()
    }

    fn read_message(&self, post: &Post, number: u64) -> Message {
        let shown = Shown::read(&post.body);
        let with: Vec<&str> = [ALICE, BOB, CAROL]
            .into_iter()
            .filter(|user| post.channel.starts_with('D') && self.is_with(&post.channel, user))
            .collect();
        let called = shown.calls.iter().map(String::as_str);
        let to = with.into_iter().chain(called).map(|user| format!("{TEAM}/{user}")).collect();
        let controls = shown.controls.iter().filter_map(|button| control(post, button)).collect();
        Message {
            number,
            to,
            structure: shown.parts,
            text: shown.text,
            links: shown.links,
            controls,
            notes: Vec::new(),
        }
    }

    fn is_with(&self, channel: &str, user: &str) -> bool {
        let mut there = false;
        self.double.channel(channel, |channel| there = channel.members.contains(user));
        there
    }
}

impl InSlack {
    /// Presses the button of the plan that somebody was shown last since so many whispers, and reads what came of it.
    async fn requested(&self, user: &str, after: usize) -> Option<String> {
        let whispers = self.double.whispers();
        let plan = whispers.iter().skip(after).rfind(|whisper| whisper.user == user)?;
        let shown = Shown::read(&plan.body);
        let button = shown.controls.iter().find(|button| button.label.starts_with("Request for"))?;
        let alone = json!({ "container": { "is_ephemeral": true } });
        let push = self.double.press(user, &plan.channel, "1900000000.000001", button, &alone);
        let before = whispers.len();
        self.double.deliver(&push).await;
        self.double.whispered(user, before, Duration::from_secs(10)).await
    }
}

/// What a control says, by what is written on it: never by the adapter's own reading of its value.
fn control(post: &Post, button: &Button) -> Option<Control> {
    let verdict = match button.label.split(' ').collect::<Vec<_>>().as_slice() {
        ["Approve", "for", _] => Verdict::Approve { span: None },
        ["for", span] => Verdict::Approve { span: Some(span.parse().expect("a length of time")) },
        ["Deny…"] => Verdict::Deny,
        _ => return None,
    };
    let data = Pressed {
        channel: post.channel.clone(),
        ts: post.ts.clone(),
        action: button.action.clone(),
        value: button.value.clone(),
        option: button.option,
    };
    Some(Control { verdict, data: serde_json::to_string(&data).expect("JSON") })
}

/// As somebody types it who wants all of a text to be one word.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn player(users: &[&str]) -> Player {
    Player {
        names: vec![format!("{TEAM}/{}", users[0])],
        identities: users.iter().map(|user| identity(user)).collect(),
    }
}

impl Harness for InSlack {
    fn facts(&self) -> Facts {
        let mut stranger = player(&[MALLORY]);
        stranger.identities[0].name = format!("T0OTHER/{MALLORY}");
        Facts {
            name: format!("Slack, asks in {:?}", self.asks),
            requester: player(&[ALICE, ALICE_TOO]),
            approvers: [player(&[BOB]), player(&[CAROL])],
            stranger,
            by_link: false,
            patience: Duration::from_secs(20),
            heard_within: Some(Duration::from_secs(3)),
            hostile: vec![
                "<@U0BOB> <!channel> <!here> <!subteam^S1> <#C0ACCESS> <https://evil.example|Approve>".to_owned(),
                "&lt;!channel&gt; *Approvals:* 2 of 2 _x_ ~y~ `z` :white_check_mark: @channel @here".to_owned(),
                "<!date^1392734382^Approved^https://evil.example|x> mailto:a@evil.example".to_owned(),
                "\"}]},{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"action_id\":\"jit.approve\"}]}"
                    .to_owned(),
            ],
        }
    }

    fn adapter(&self) -> BoxFuture<'_, Result<Arc<dyn Adapter>, Trouble>> {
        Box::pin(async {
            let slack = adapter(&self.double, self.asks).await;
            slack.map(|slack| Arc::new(slack) as Arc<dyn Adapter>).map_err(|e| Trouble::failed(e.to_string()))
        })
    }

    fn messages(&self) -> BoxFuture<'_, Result<Vec<Message>, Trouble>> {
        Box::pin(async {
            // What stands in a thread follows a message; it is none of its own.
            let posts = self.double.posts();
            let notes = |of: &Post| {
                let theirs = posts.iter().filter(|p| p.channel == of.channel && p.thread.as_ref() == Some(&of.ts));
                theirs.map(|note| Shown::read(&note.body).text).collect()
            };
            let own = posts.iter().zip(0..).filter(|(p, _)| p.thread.is_none());
            Ok(own.map(|(p, n)| Message { notes: notes(p), ..self.message(p, n) }).collect())
        })
    }

    fn press<'a>(&'a self, press: &'a Press) -> BoxFuture<'a, Result<Event, Trouble>> {
        Box::pin(async move {
            let pressed: Pressed = serde_json::from_str(&press.control.data).expect("as it was written");
            let by = press.by.as_ref().ok_or_else(|| Trouble::failed("nobody presses"))?;
            let (_, user) = by.name.split_once('/').expect("team and user");
            let mut value = pressed.value;
            let mut other = Value::Null;
            match &press.twist {
                Twist::Straight => {}
                Twist::Claims(someone) => {
                    let user = someone.name.rsplit('/').next().unwrap_or_default();
                    // Where somebody can type or choose: in the state of inputs, in the message, in another's action.
                    other = json!({
                        "state": { "values": { "b": { "a": { "selected_user": user, "value": someone.name } } } },
                        "message": { "user": user, "team": TEAM },
                        "channel": { "user": user }
                    });
                }
                Twist::Spliced(hash) => {
                    let old = value.split(' ').nth(2).expect("a hash").to_owned();
                    value = value.replace(&old, &hash.to_string());
                }
                Twist::Unsigned | Twist::Stale => {
                    return Err(Trouble::unsupported(
                        "nothing is signed: it comes over a socket that the adapter made",
                    ));
                }
                Twist::Looked => return Err(Trouble::unsupported("a button leads nowhere that could be looked at")),
            }
            let other = if other.is_null() { json!({}) } else { other };
            let label = match press.control.verdict {
                Verdict::Approve { span: Some(span) } => format!("for {span}"),
                _ => String::new(),
            };
            let button = Button { action: pressed.action, label, value, option: pressed.option };
            let push = self.double.press(user, &pressed.channel, &pressed.ts, &button, &other);
            let mut pushed = self.pushed.lock().expect("nothing panics while it is held");
            pushed.push((push, press.control.verdict == Verdict::Deny));
            Ok(Event(pushed.len() as u64 - 1))
        })
    }

    fn command<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<Event, Trouble>> {
        Box::pin(async move {
            let (_, user) = order.by.name.split_once('/').expect("team and user");
            let typed = match &order.what {
                Wanted::Release(grant) => format!("release {grant}"),
                Wanted::Cancel(request) => format!("cancel {request}"),
                Wanted::Extend { grant, span, reason } => {
                    format!("extend {grant} --for {span} --reason {}", quoted(reason))
                }
                Wanted::Lock { whom, reason, on } => {
                    format!("{} {whom} --reason {}", if *on { "lock" } else { "unlock" }, quoted(reason))
                }
                Wanted::Request { role, params, span, reason } => {
                    let params = params.iter().map(|(name, value)| format!(" --param {name}={}", quoted(value)));
                    let params: String = params.collect();
                    format!("request {role} --for {span}{params} --reason {}", quoted(reason))
                }
            };
            let push = self.double.command(user, ROOM, &typed, &json!({}));
            let mut pushed = self.pushed.lock().expect("nothing panics while it is held");
            pushed.push((push, false));
            Ok(Event(pushed.len() as u64 - 1))
        })
    }

    fn deliver<'a>(&'a self, event: Event, _to: Side<'a>) -> BoxFuture<'a, Result<Answer, Trouble>> {
        Box::pin(async move {
            let index = usize::try_from(event.0).expect("a small number");
            let (push, asks) = self.pushed.lock().expect("nothing panics while it is held")[index].clone();
            let after = self.double.whispers().len();
            let came = self.double.deliver(&push).await;
            let user = push.user.as_str();
            // Who has dealt with it before says nothing; else there is an answer, however long the house takes.
            let patience = Duration::from_millis(if came.again { 400 } else { 10_000 });
            if asks && !came.again {
                let asked = async {
                    while !self.double.asks(user) {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                };
                tokio::select! {
                    () = asked => {
                        let sent = self.double.submit(user, "not now").await;
                        self.double.deliver(&sent).await;
                    }
                    // Who is refused is told so, and asked nothing.
                    Some(_) = self.double.whispered(user, after, patience) => {}
                }
            }
            let words = self.double.whispered(user, after, patience).await.unwrap_or_default();
            // Whoever is shown what their request would do presses the button that files it.
            let words = self.requested(user, after).await.unwrap_or(words);
            Ok(Answer { words, heard_after: came.heard_after })
        })
    }

    fn fault(&self, fault: Fault) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(async move {
            match fault {
                Fault::Lifted => self.double.weather(Weather::Fair),
                Fault::Down => self.double.weather(Weather::Down),
                Fault::Slow => self.double.weather(Weather::Slow),
                Fault::LosesAnswers => self.double.weather(Weather::LosesAnswers),
                Fault::Cut => self.double.cut(),
            }
            Ok(())
        })
    }
}

async fn keeps_the_contract(asks: AsksIn) {
    let results = testkit::run(&InSlack::new(asks).await).await;
    println!("{results}");
    results.assert(&[
        "forged_signature_is_refused",
        "old_signature_is_refused",
        "looking_never_decides",
        "lost_answer_is_not_doubled",
    ]);
}

#[tokio::test]
async fn in_the_channel_it_keeps_the_contract() {
    keeps_the_contract(AsksIn::Channel).await;
}

/// What differs where nobody sees a channel; the rest is the same code, tried in full by the others.
#[tokio::test]
async fn to_each_alone_it_keeps_the_contract() {
    let slack = InSlack::new(AsksIn::Direct).await;
    let wanted = |name: &str| {
        [
            "capability",
            "says",
            "only",
            "news",
            "message",
            "decision",
            "duplicate",
            "two_",
            "self_",
            "stranger",
            "medium",
        ]
        .iter()
        .any(|begins| name.starts_with(begins))
    };
    let results = testkit::run_only(&slack, &wanted).await;
    println!("{results}");
    assert_eq!(results.trials.len(), 12);
    results.assert(&[]);
}

#[tokio::test]
async fn in_both_ways_it_keeps_the_contract() {
    keeps_the_contract(AsksIn::Both).await;
}

/// So that a harness that reads another channel is noticed.
#[tokio::test]
async fn the_room_is_the_one_of_the_config() {
    let slack = InSlack::new(AsksIn::Channel).await;
    let mut name = String::new();
    slack.double.channel(ROOM, |room| name = room.name.clone());
    assert_eq!(name, "access");
}
