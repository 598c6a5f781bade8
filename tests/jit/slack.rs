//! Slack, by the whole program: the broker posts to a double of it, somebody presses, the requester gets what was said.

use std::time::Duration;

use jit_approval_slack::double::{APP_TOKEN, BOT_TOKEN, Double, Post, ROOM, Shown, TEAM};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::house::{House, write};
use crate::process::until;

const BOB: &str = "U0BOB";
const CAROL: &str = "U0CAROL";
const ALICE: &str = "U0ALICE";
const MALLORY: &str = "U0MALLORY";

/// A house with Slack, and a double with alice, bob and carol in it; frank has no name there.
struct Chat {
    house: House,
    double: Double,
    runtime: Runtime,
}

impl Chat {
    fn open() -> Self {
        let runtime = Runtime::new().unwrap();
        let double = runtime.block_on(Double::start()).unwrap();
        for user in [ALICE, BOB, CAROL, MALLORY] {
            double.user(user, json!({}));
            double.channel(ROOM, |room| {
                room.members.insert(user.to_owned());
            });
        }
        let api = double.api();
        let named = |config: String, name: &str, user: &str| {
            let person = format!("[people.\"{name}@example.com\"]\n");
            config.replace(&person, &format!("{person}slack = \"{user}\"\n"))
        };
        let mut house = House::bare(|config| {
            let config = named(named(named(config, "alice", ALICE), "bob", BOB), "carol", CAROL);
            let tokens = "bot_token = { file = \"@ROOT@/bot\" }\napp_token = { file = \"@ROOT@/app\" }";
            let chat = format!("kind = \"slack\"\nteam = \"{TEAM}\"\nchannel = \"#access\"\napi = \"{api}\"\n{tokens}");
            format!("{config}alerts = [\"chat\"]\n[approvals.chat]\n{chat}\n")
        });
        write(&house.root.join("bot"), BOT_TOKEN);
        write(&house.root.join("app"), APP_TOKEN);
        house.serve();
        house.hand_out(&["alice", "bob"]);
        runtime.block_on(double.connected(1));
        Self { house, double, runtime }
    }

    /// The post in the room that shows something.
    #[track_caller]
    fn post(&self, what: &str) -> Post {
        let found = || self.double.posts().into_iter().find(|post| Shown::read(&post.body).text.contains(what));
        let shown = || self.double.posts().iter().map(|post| Shown::read(&post.body).text).collect::<Vec<_>>();
        for _ in 0..400 {
            if let Some(post) = found() {
                return post;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{what} was never posted: {:#?}", shown());
    }

    /// Somebody presses what begins so, and reads what is whispered to them.
    #[track_caller]
    fn press(&self, user: &str, post: &Post, begins: &str) -> String {
        let controls = Shown::read(&post.body).controls;
        let control = controls.into_iter().find(|control| control.label.starts_with(begins)).expect("a control");
        let before = self.double.whispers().len();
        let push = self.double.press(user, &post.channel, &post.ts, &control, &json!({}));
        self.runtime.block_on(async {
            self.double.deliver(&push).await;
            self.double.whispered(user, before, Duration::from_secs(20)).await.expect("it is answered")
        })
    }

    fn standing(&self, id: &str) -> Value {
        self.house.show("alice", id)["standing"].clone()
    }
}

#[test]
fn a_request_is_approved_for_less_in_slack_used_and_told_to_its_end() {
    let chat = Chat::open();
    let id = chat.house.file("alice", "shell", &["--for", "45m"]);
    let post = chat.post(&id);
    let shown = Shown::read(&post.body);
    assert!(shown.text.contains("alice@example.com") && shown.text.contains("INC-42"), "{}", shown.text);
    assert_eq!((post.channel.as_str(), shown.calls.as_slice()), (ROOM, [BOB, CAROL].map(str::to_owned).as_slice()));
    // Neither the requester nor somebody whom nobody knows decides, and they are told so alone.
    let own = chat.press(ALICE, &post, "Approve");
    let stranger = chat.press(MALLORY, &post, "Approve");
    assert!(!own.is_empty() && !stranger.is_empty());
    assert_eq!(chat.standing(&id), "pending", "{own} / {stranger}");
    assert_eq!(chat.press(BOB, &post, "for 30m"), "approved for 30m");
    // The second press is a harmless no-op with an honest word.
    let late = chat.press(CAROL, &post, "Approve");
    assert!(late.contains("approved") || late.contains("decided"), "{late}");
    let view = chat.house.stands("alice", &id, "ready");
    assert_eq!(
        (&view["reviews"][0]["by"], &view["reviews"][0]["channel"]),
        (&json!("bob@example.com"), &json!("slack"))
    );
    assert_eq!(view["grant"]["for"], "30m", "{view}");
    let used = chat.house.jit("alice", &["exec", &id, "--", "sh", "-c", "test -f \"$JIT_SSH_CONFIG\""]);
    used.ok();
    chat.house.jit("alice", &["release", &id]).ok();
    chat.house.stands("alice", &id, "ended");
    // The message follows and is reduced; the requester is told alone of decision, claim and end.
    until("the message is reduced", || {
        let post = chat.double.posts().into_iter().find(|p| p.ts == post.ts).unwrap();
        let shown = Shown::read(&post.body);
        post.edits > 0 && shown.controls.is_empty() && !shown.text.contains("INC-42")
    });
    until("alice is told of all", || {
        let alone = chat.double.posts().into_iter().filter(|post| post.channel != ROOM);
        let told: Vec<String> = alone.map(|post| Shown::read(&post.body).text).collect();
        ["approved", "claimed", "ended"].iter().all(|word| told.iter().any(|text| text.contains(word)))
    });
    // What Slack can show for the decision is in the record, sealed.
    let log = chat.house.verified();
    let approved = log.lines().find(|line| line.contains("ask.approved")).unwrap();
    assert!(
        approved.contains("\\\"evidence\\\":{\\\"commitment") || approved.contains("\"evidence\":{\"commitment"),
        "{approved}"
    );
    assert!(!log.contains(BOB) && !log.contains("U0ALICE"), "a name in Slack stands in the clear");
}

#[test]
fn a_broker_killed_while_slack_is_asked_loses_nothing_and_decides_once() {
    let mut chat = Chat::open();
    let first = chat.house.file("alice", "shell", &[]);
    let post = chat.post(&first);
    chat.house.kill();
    chat.house.serve();
    chat.runtime.block_on(chat.double.connected(1));
    // The button of before the kill decides.
    assert!(chat.press(BOB, &post, "Approve").contains("approved"));
    chat.house.stands("alice", &first, "ready");
    let rooms = || chat.double.posts().into_iter().filter(|post| post.channel == ROOM && post.thread.is_none()).count();
    // Killed between the post and the note of where it is, the broker posts again: at least once, and either decides.
    let before = rooms();
    assert!((1..=2).contains(&before), "{before} messages for one ask");
    // A second one while Slack is away: it is posted once it is back, and no command waits for that.
    chat.double.weather(jit_approval_slack::double::Weather::Down);
    let second = chat.house.file("alice", "pair", &[]);
    chat.double.weather(jit_approval_slack::double::Weather::Fair);
    let post = chat.post(&second);
    assert!(chat.press(BOB, &post, "Approve").contains("1 of 2"));
    assert_eq!(chat.standing(&second), "pending");
    assert_eq!(rooms(), before + 1);
}

#[test]
fn what_slack_lacks_is_said_by_the_doctor_and_a_name_of_another_team_by_the_check() {
    let chat = Chat::open();
    chat.double.scopes(&["chat:write", "commands"]);
    let doctor = chat.house.jit("ada", &["doctor"]);
    assert!(doctor.out.contains("users:read") || doctor.err.contains("users:read"), "{doctor:?}");
    let config = std::fs::read_to_string(chat.house.root.join("jit.toml")).unwrap();
    let other = chat.house.root.join("other.toml");
    std::fs::write(&other, config.replace("slack = \"U0BOB\"", "slack = \"T0OTHER/U0BOB\"")).unwrap();
    let check = chat.house.jit("ada", &["config", "check", other.to_str().unwrap()]);
    assert_eq!(check.code, 3, "{check:?}");
    assert!(check.err.contains("T0OTHER") || check.out.contains("T0OTHER"), "{check:?}");
}
