//! What comes over Slack's socket: whatever it says, the desk hears at most one thing, from a member of the pinned team,
//! and of that exactly what the control that was pressed had been made for.
#![no_main]

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use jit_approval::{Act, Action, BoxFuture, Decision, Desk, Outcome, Planned, Secrets, Standing, Verdict, Wish};
use jit_approval_slack::{AsksIn, Settings, Slack, fuzzing};
use jit_types::settings::{SecretError, SecretRef};
use jit_types::{AskId, Digest, Secret, Span, Tail, Timestamp, Words};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

const TEAM: &str = "T0TEAM";

struct Tokens;

impl Secrets for Tokens {
    fn read<'a>(
        &'a self,
        from: &'a SecretRef,
    ) -> Pin<Box<dyn Future<Output = Result<Secret, SecretError>> + Send + 'a>> {
        let begins = if *from == SecretRef::Env("BOT".to_owned()) { "xoxb" } else { "xapp" };
        Box::pin(async move { Ok(Secret::new(format!("{begins}-1"))) })
    }
}

/// A desk that says yes to all and remembers it.
#[derive(Default)]
struct Ears(Mutex<Vec<Heard>>);

enum Heard {
    Decision(Decision),
    Action(Action),
    Wish(Wish),
    Plan(Wish),
}

impl Ears {
    fn hear(&self, heard: Heard, standing: Option<Standing>) -> Outcome {
        self.0.lock().expect("one thread").push(heard);
        Outcome { done: true, words: Words::new("it was heard"), standing }
    }
}

impl Desk for Ears {
    fn decide<'a>(&'a self, decision: &'a Decision) -> BoxFuture<'a, Outcome> {
        let standing = Standing::Pending { have: 1, need: 2 };
        Box::pin(async move { self.hear(Heard::Decision(decision.clone()), Some(standing)) })
    }

    fn act<'a>(&'a self, action: &'a Action) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.hear(Heard::Action(action.clone()), None) })
    }

    fn plan<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Result<Planned, Outcome>> {
        Box::pin(async move {
            self.hear(Heard::Plan(wish.clone()), None);
            let none = Words::new(&wish.reason);
            Ok(Planned {
                role: wish.role.clone(),
                about: none.clone(),
                gives: vec![none.clone()],
                warnings: vec![none.clone()],
                params: wish.params.clone(),
                span: wish.span.unwrap_or_default(),
                asked: none.clone(),
                decide_by: Span::from_secs(60),
                start_by: Span::from_secs(60),
                worst_end: Timestamp::EPOCH,
                swept: Tail::AtMost(Span::ZERO),
                unswept: Tail::NoBound(none),
                covered_by: None,
            })
        })
    }

    fn file<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.hear(Heard::Wish(wish.clone()), None) })
    }
}

/// What was sent to Slack.
type Sent = Arc<Mutex<Vec<String>>>;

/// A Web API that vouches for every user and takes everything.
async fn api(mut stream: TcpStream, sent: Sent) {
    let mut seen = Vec::new();
    loop {
        let head = loop {
            if let Some(at) = seen.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read_buf(&mut seen).await {
                Ok(1..) => {}
                _ => return,
            }
        };
        let lines = String::from_utf8_lossy(&seen[..head]).to_ascii_lowercase();
        let length =
            lines.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
        while seen.len() < head + length {
            match stream.read_buf(&mut seen).await {
                Ok(1..) => {}
                _ => return,
            }
        }
        let rest = seen.split_off(head + length);
        let body = String::from_utf8_lossy(&seen[head..]).into_owned();
        seen = rest;
        let user = body.strip_prefix("user=").unwrap_or_default();
        let answer = json!({
            "ok": true, "channel": "C0CHANNEL", "ts": "1.2",
            "user": { "id": user, "team_id": TEAM, "is_email_confirmed": true }
        })
        .to_string();
        sent.lock().expect("one thread").push(body);
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

struct World {
    runtime: Runtime,
    slack: Slack,
    address: String,
    sent: Sent,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let sent = Sent::default();
        let (slack, address) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = format!("http://{}/", listener.local_addr().expect("an address"));
            let all = Arc::clone(&sent);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(api(stream, Arc::clone(&all)));
                }
            });
            let settings = Settings {
                team: TEAM.to_owned(),
                channel: "#access".to_owned(),
                asks: AsksIn::Channel,
                reason: true,
                by_mail: false,
                bot_token: SecretRef::Env("BOT".to_owned()),
                app_token: SecretRef::Env("APP".to_owned()),
                api: address.parse().expect("an address"),
            };
            (Slack::open(settings, &Tokens).await.expect("an adapter"), address)
        });
        Self { runtime, slack, address, sent }
    }
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

fuzz_target!(
    init: jit_fuzz::seeds("slack", seeds()),
    |body: &str| {
        let Ok(mut event) = serde_json::from_str::<Value>(body) else { return };
        WORLD.with_borrow_mut(|world| {
            let world = world.get_or_insert_with(World::new);
            // Nothing is sent to whatever else listens on this machine.
            if let Some(url) = event.pointer_mut("/payload/response_url").filter(|url| url.is_string()) {
                *url = json!(format!("{}answer", world.address));
            }
            let ears = Ears::default();
            world.runtime.block_on(fuzzing::envelope(&world.slack, &event.to_string(), &ears));
            let heard = ears.0.into_inner().expect("one thread");
            assert!(heard.len() <= 1, "one envelope was heard {} times", heard.len());
            heard.first().into_iter().for_each(|heard| meant(heard, &event));
            std::mem::take(&mut *world.sent.lock().expect("one thread")).iter().for_each(|body| said(body));
        });
    }
);

fn text<'a>(event: &'a Value, pointer: &str) -> Option<&'a str> {
    event.pointer(pointer)?.as_str()
}

/// What was heard is what stands in the envelope, where Slack put it.
fn meant(heard: &Heard, event: &Value) {
    let kind = text(event, "/type");
    match heard {
        Heard::Decision(decision) => {
            assert_eq!(kind, Some("interactive"));
            assert_eq!(text(event, "/payload/team/id"), Some(TEAM));
            assert!(text(event, "/payload/user/team_id").is_none_or(|team| team == TEAM));
            member(&decision.by, text(event, "/payload/user/id"));
            let pressed = text(event, "/payload/actions/0/value")
                .or_else(|| text(event, "/payload/actions/0/selected_option/value"));
            let (value, span) = match decision.verdict {
                Verdict::Approve { span } => {
                    assert_eq!(text(event, "/payload/type"), Some("block_actions"));
                    let action = text(event, "/payload/actions/0/action_id");
                    assert_eq!(action, Some(if span.is_some() { "jit.less" } else { "jit.approve" }));
                    assert_eq!(decision.comment, None);
                    (pressed.expect("a value"), span)
                }
                Verdict::Deny => {
                    assert_eq!(text(event, "/payload/type"), Some("view_submission"));
                    assert_eq!(text(event, "/payload/view/callback_id"), Some("jit.deny"));
                    let kept = text(event, "/payload/view/private_metadata").expect("what was kept");
                    (kept.split('|').next().expect("a first"), None)
                }
            };
            let words: Vec<&str> = value.split(' ').collect();
            assert_eq!(words.len(), if span.is_some() { 4 } else { 3 }, "{value:?}");
            assert_eq!((words[0], words[1]), ("1", decision.ask.to_string().as_str()));
            assert_eq!(words[2].parse(), Ok(decision.hash));
            assert_eq!(words.get(3).map(|span| span.parse::<Span>().expect("a span")), span);
            assert!(decision.comment.as_ref().is_none_or(|why| (1..=1000).contains(&why.chars().count())));
            for (_, value) in &decision.evidence {
                assert!(value.len() <= 80 && value.bytes().all(|b| b.is_ascii_graphic()), "{value:?}");
            }
        }
        Heard::Action(action) if kind == Some("interactive") => {
            pressed(&action.by, "jit.release", event);
            let value = text(event, "/payload/actions/0/value")
                .or_else(|| text(event, "/payload/actions/0/selected_option/value"));
            let Act::Release(grant) = &action.what else { panic!("a button only gives back: {:?}", action.what) };
            assert_eq!(value, Some(format!("1 {grant}").as_str()));
        }
        Heard::Action(action) => {
            assert_eq!(kind, Some("slash_commands"));
            commanded(&action.by, event);
            assert_eq!(Some(action.key.as_str()), text(event, "/envelope_id"));
            match &action.what {
                Act::Release(_) | Act::Cancel(_) => {}
                Act::Extend { span, reason, .. } => assert!(span.secs() > 0 && !reason.trim().is_empty()),
                Act::Lock { whom, reason } | Act::Unlock { whom, reason } => {
                    assert!(!whom.trim().is_empty() && !reason.trim().is_empty(), "{:?}", action.what);
                }
            }
        }
        // What was shown is filed, by the button that was shown with it.
        Heard::Wish(wish) => {
            assert_eq!(kind, Some("interactive"));
            pressed(&wish.by, "jit.request", event);
        }
        Heard::Plan(wish) => {
            assert_eq!(kind, Some("slash_commands"));
            commanded(&wish.by, event);
            assert_eq!(Some(wish.key.as_str()), text(event, "/envelope_id"));
            assert!(!wish.reason.trim().is_empty());
        }
    }
}

fn pressed(by: &jit_approval::Identity, action: &str, event: &Value) {
    assert_eq!(text(event, "/payload/type"), Some("block_actions"));
    assert_eq!(text(event, "/payload/actions/0/action_id"), Some(action));
    assert_eq!(text(event, "/payload/team/id"), Some(TEAM));
    member(by, text(event, "/payload/user/id"));
}

fn commanded(by: &jit_approval::Identity, event: &Value) {
    assert_eq!(text(event, "/payload/team_id"), Some(TEAM));
    member(by, text(event, "/payload/user_id"));
}

fn member(by: &jit_approval::Identity, user: Option<&str>) {
    let user = user.expect("a user");
    assert_eq!((by.channel.as_str(), by.name.as_str()), ("slack", format!("{TEAM}/{user}").as_str()));
    assert!(user.starts_with(['U', 'W']) && user.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
}

/// What is said back holds nothing that steers, and nothing that Slack would parse.
fn said(body: &str) {
    let Ok(message) = serde_json::from_str::<Value>(body) else { return };
    harmless(&message);
    if let Some(notified) = message.get("text").and_then(Value::as_str) {
        assert!(!notified.contains(['<', '>']), "{notified:?}");
    }
}

fn harmless(value: &Value) {
    match value {
        Value::Array(list) => list.iter().for_each(harmless),
        Value::Object(map) => map.iter().for_each(|(key, value)| match value {
            Value::String(text) if key == "text" => jit_fuzz::harmless(text, &[]),
            other => harmless(other),
        }),
        _ => {}
    }
}

fn seeds() -> Vec<String> {
    let (ask, hash) = (AskId::from_parts(Timestamp::from_millis(1), [1; 10]), Digest::of(b"it"));
    let value = format!("1 {ask} {hash}");
    let press = |action: Value| {
        json!({
            "type": "interactive", "envelope_id": "e1",
            "payload": {
                "type": "block_actions", "team": { "id": TEAM }, "user": { "id": "U1AB", "team_id": TEAM },
                "container": { "channel_id": "C1AB", "message_ts": "1.2" }, "trigger_id": "t",
                "response_url": "x", "actions": [action]
            }
        })
    };
    let command = |typed: &str| {
        json!({
            "type": "slash_commands", "envelope_id": "e2",
            "payload": { "team_id": TEAM, "user_id": "U1AB", "channel_id": "C1AB", "response_url": "x", "text": typed }
        })
    };
    let grant = "gr_01q9gd6e00e81840g2081040g2";
    let offer = json!({ "v": 1, "k": "e0", "role": "db-read", "with": { "n": 3 }, "for": "1h", "why": "INC-42 slow" });
    let seeds = [
        (1, press(json!({ "action_id": "jit.approve", "value": value, "action_ts": "1.3" }))),
        (1, press(json!({ "action_id": "jit.less", "selected_option": { "value": format!("{value} 30m") } }))),
        (0, press(json!({ "action_id": "jit.deny", "value": value }))),
        (
            1,
            json!({
                "type": "interactive", "envelope_id": "e3",
                "payload": {
                    "type": "view_submission", "team": { "id": TEAM }, "user": { "id": "U1AB" },
                    "view": {
                        "id": "V1", "callback_id": "jit.deny", "private_metadata": format!("{value}|C1AB|1.2"),
                        "state": { "values": { "why": { "why": { "value": "no" } } } }
                    }
                }
            }),
        ),
        (1, command("request db-read --for 2h --reason \u{201c}INC-42 slow\u{201d} --param schema=sales")),
        (1, command(&format!("release {grant}"))),
        (1, command(&format!("extend {grant} --for 1h --reason \"INC-42 still slow\""))),
        (1, command("lock eve@example.com --reason \"left the team\"")),
        (1, command("unlock db-read --reason \u{201c}is back\u{201d}")),
        (0, command("lock eve@example.com")),
        (1, press(json!({ "action_id": "jit.release", "value": format!("1 {grant}") }))),
        (1, press(json!({ "action_id": "jit.request", "value": offer.to_string() }))),
        (1, command(&format!("cancel {}", grant.replace("gr_", "req_")))),
        (0, command("help &lt;b&gt; <!channel>")),
        (0, json!({ "type": "disconnect", "reason": "warning" })),
    ];
    let world = World::new();
    for (n, seed) in &seeds {
        let ears = Ears::default();
        world.runtime.block_on(fuzzing::envelope(&world.slack, &seed.to_string(), &ears));
        assert_eq!(ears.0.into_inner().expect("one thread").len(), *n, "the seed is none any more: {seed}");
    }
    seeds.map(|(_, seed)| seed.to_string()).to_vec()
}
