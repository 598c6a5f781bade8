//! Slack, by the whole program: the broker posts to a double of it, somebody presses, the requester gets what was said.

use std::time::Duration;

use jit_approval_slack::double::{APP_TOKEN, BOT_TOKEN, Double, Post, Push, ROOM, Shown, TEAM};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::house::{House, write};
use crate::process::{run, until};

const BOB: &str = "U0BOB";
const CAROL: &str = "U0CAROL";
const ALICE: &str = "U0ALICE";
const ADA: &str = "U0ADA";
const MALLORY: &str = "U0MALLORY";

/// A house with Slack, and a double with alice, bob and carol in it; frank has no name there.
pub(crate) struct Chat {
    pub(crate) house: House,
    pub(crate) double: Double,
    runtime: Runtime,
}

impl Chat {
    fn open() -> Self {
        Self::changed(|config| config)
    }

    pub(crate) fn changed(change: impl FnOnce(String) -> String) -> Self {
        let runtime = Runtime::new().unwrap();
        let double = runtime.block_on(Double::start()).unwrap();
        for user in [ALICE, BOB, CAROL, ADA, MALLORY] {
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
            // The administrator, who comes as an OS user, asks as well.
            let config = named(config, "ada", ADA).replace("[\"admins\"]", "[\"admins\", \"engineers\"]");
            let tokens = "bot_token = { file = \"@ROOT@/bot\" }\napp_token = { file = \"@ROOT@/app\" }";
            let chat = format!("kind = \"slack\"\nteam = \"{TEAM}\"\nchannel = \"#access\"\napi = \"{api}\"\n{tokens}");
            change(format!("{config}alerts = [\"chat\"]\n[approvals.chat]\n{chat}\n"))
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

    /// Somebody types a command, and reads what is whispered to them.
    #[track_caller]
    fn command(&self, user: &str, typed: &str) -> String {
        self.whisper(user, &self.double.command(user, ROOM, typed, &json!({})))
    }

    /// Delivers what somebody did; what they are then shown alone.
    #[track_caller]
    fn whisper(&self, user: &str, push: &Push) -> String {
        let before = self.double.whispers().len();
        self.runtime.block_on(async {
            self.double.deliver(push).await;
            self.double.whispered(user, before, Duration::from_secs(20)).await.expect("it is answered")
        })
    }

    /// A press of the button of the plan that somebody was shown last.
    fn requests(&self, user: &str) -> Push {
        let whisper = self.double.whispers().into_iter().rfind(|whisper| whisper.user == user).expect("a whisper");
        let controls = Shown::read(&whisper.body).controls;
        let button = controls.into_iter().find(|button| button.label.starts_with("Request for")).expect("a button");
        let alone = json!({ "container": { "is_ephemeral": true } });
        self.double.press(user, &whisper.channel, "1900000000.000001", &button, &alone)
    }

    /// What stands beneath a post, once it is so many lines.
    #[track_caller]
    fn thread(&self, post: &Post, lines: usize) -> Vec<String> {
        let read = || -> Vec<String> {
            let all = self.double.posts().into_iter().filter(|line| line.thread.as_ref() == Some(&post.ts));
            all.map(|line| Shown::read(&line.body).text.trim().to_owned()).collect()
        };
        until("the thread follows", || read().len() >= lines);
        read()
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

#[test]
fn a_request_is_asked_for_in_slack_shown_before_it_is_filed_and_used_from_the_own_account() {
    let chat = Chat::open();
    let typed = "request shell --for 45m --reason \"INC-42 slow orders\"";
    let command = chat.double.command(ADA, ROOM, typed, &json!({}));
    let plan = chat.whisper(ADA, &command);
    for wanted in ["Nothing is asked for yet", "45m", "shop", "bob@example.com", "INC-42 slow orders"] {
        assert!(plan.contains(wanted), "{wanted}: {plan}");
    }
    let open = || chat.house.jit("ada", &["list", "--output", "json"]).ok().json();
    assert_eq!(open()["requests"], json!([]), "nothing is filed by looking");
    // Delivered again, and pressed twice: one request.
    let press = chat.requests(ADA);
    let filed = chat.whisper(ADA, &press);
    let id = filed.split_whitespace().find(|word| word.starts_with("req_")).expect("an id").trim_matches([';', ',']);
    let mut again = press.clone();
    again.envelope["envelope_id"] = json!("pressed-again");
    assert!(chat.whisper(ADA, &again).contains(id));
    assert_eq!(open()["requests"].as_array().map(Vec::len), Some(1));
    let post = chat.post(id);
    assert_eq!(chat.press(BOB, &post, "Approve"), "approved for 45m");
    let view = chat.house.stands("ada", id, "ready");
    assert_eq!(view["keyless"], true, "{view}");
    // A token of hers takes nothing of it; she does, from her own account.
    let token = chat.house.root.join("ada.token");
    chat.house.token_to("ada", &token, &[]);
    let secret = std::fs::read_to_string(&token).unwrap();
    let stolen = run(chat.house.command("mallory", &["exec", id, "--", "true"]).env("JIT_TOKEN", secret.trim()));
    assert_ne!(stolen.code, 0, "{stolen:?}");
    assert!(stolen.err.contains("only an account on the broker's host"), "{stolen:?}");
    assert_eq!(chat.house.show("ada", id)["standing"], "ready");
    chat.house.jit("ada", &["exec", id, "--", "sh", "-c", "test -f \"$JIT_SSH_CONFIG\""]).ok();
    let view = chat.house.stands("ada", id, "active");
    assert_eq!(view["keyless"], false, "{view}");
    let log = chat.house.verified();
    assert_eq!(log.matches("claim_key.set").count(), 1);
    assert!(log.contains("request.filed"), "{log}");
}

#[test]
fn what_may_not_be_asked_for_is_refused_in_slack_with_the_way_out() {
    let chat = Chat::open();
    // The same rules as at a terminal: a pattern for the reason, a parameter, a role of others, a maximum.
    let bad = chat.command(ALICE, "request ticket --param login=sales --reason slow");
    assert!(bad.contains("begin with the ticket"), "{bad}");
    assert!(chat.command(ALICE, "request ticket --reason \"INC-1 slow\"").contains("login"));
    // Who decides about a role may not therefore ask for it.
    let other = chat.command(BOB, "request shell --reason \"INC-1 slow\"");
    assert!(!other.contains("Nothing is asked for yet") && other.contains("shell"), "{other}");
    assert!(chat.command(ALICE, "request shell --for 2h --reason \"INC-1 slow\"").contains("1h"));
    assert!(chat.command(MALLORY, "request shell --reason \"INC-1 slow\"").contains("no such role"));
    assert!(chat.command(ALICE, "request shell").contains("--reason"));
    // What a rule approves is there at once; the same again is not filed.
    chat.command(ALICE, "request look --reason \"INC-1 slow\"");
    let filed = chat.whisper(ALICE, &chat.requests(ALICE));
    assert!(filed.contains("approved by the rule") && filed.contains("jit exec"), "{filed}");
    let again = chat.command(ALICE, "request look --reason \"INC-1 slow\"");
    assert!(again.contains("the same open already"), "{again}");
}

#[test]
fn a_grant_is_given_back_and_wanted_for_longer_from_slack() {
    let chat = Chat::open();
    let id = chat.house.granted("alice", "shell", &["--for", "5m"]);
    chat.house.jit("alice", &["exec", &id, "--", "true"]).ok();
    let view = chat.house.stands("alice", &id, "active");
    let grant = view["grant"]["id"].as_str().unwrap();
    let extend = format!("extend {grant} --for 10m --reason \"INC-42 still slow\"");
    let asked = chat.double.command(ALICE, ROOM, &extend, &json!({}));
    assert!(chat.whisper(ALICE, &asked).contains("10m more is asked for"));
    assert!(chat.command(BOB, &extend).contains("no such grant"));
    let post = chat.post("Somebody asks for more time");
    assert!(chat.press(BOB, &post, "Approve").contains("10m more"));
    // The button is in the message that tells of the claim.
    let news = chat.post("was claimed");
    assert_ne!(news.channel, ROOM);
    assert!(chat.press(BOB, &news, "Release").contains("no such grant"), "what is another's is not given back");
    assert_eq!(chat.standing(&id), "active");
    let given = chat.press(ALICE, &news, "Release");
    assert!(!given.contains("no such"), "{given}");
    chat.house.stands("alice", &id, "ended");
    let late = chat.press(ALICE, &news, "Release");
    assert!(late.contains("ended") || late.contains("over") || late.contains("released"), "{late}");
    let log = chat.house.verified();
    let refused = log.lines().filter(|line| line.contains("grant.released") && line.contains("refused")).count();
    assert_eq!(refused, 1, "who tried it is in the record");
    assert!(log.lines().any(|line| line.contains("extension.asked") && line.contains("refused")));
}

#[test]
fn an_administrator_locks_and_unlocks_from_slack_and_nobody_else_does() {
    let chat = Chat::open();
    let id = chat.house.granted("alice", "shell", &[]);
    let lock = "lock alice@example.com --reason \"left the team\"";
    assert!(chat.command(BOB, lock).contains("no such"), "no approver locks");
    assert_eq!(chat.standing(&id), "ready");
    assert_eq!(chat.command(ADA, lock), "locked");
    assert!(chat.command(ADA, lock).contains("before"), "twice is once");
    chat.house.stands("ada", &id, "ended");
    assert!(chat.command(ALICE, "request shell --reason \"INC-1 slow\"").contains("locked"));
    assert_eq!(chat.command(ADA, "unlock alice@example.com --reason \"is back\""), "unlocked");
    assert!(chat.command(ALICE, "request shell --reason \"INC-1 slow\"").contains("Nothing is asked for yet"));
    let log = chat.house.verified();
    assert!(log.lines().any(|line| line.contains("person.locked") && line.contains("refused")));
}

#[test]
fn the_channel_sees_what_was_decided_elsewhere_and_who_is_there_for_the_first_time() {
    let chat = Chat::open();
    let first = chat.house.file("alice", "pair", &["--for", "5m"]);
    let post = chat.post(&first);
    assert!(Shown::read(&post.body).text.contains("no earlier grant of this role on record"));
    chat.house.approve("bob", &first, &[]).ok();
    assert_eq!(chat.thread(&post, 1), ["1 of 2 approvals, by bob@example.com"]);
    chat.house.hand_out(&["carol"]);
    chat.house.approve("carol", &first, &[]).ok();
    chat.house.jit("alice", &["exec", &first, "--", "true"]).ok();
    chat.thread(&post, 3);
    chat.house.jit("alice", &["release", &first]).ok();
    let lines = chat.thread(&post, 4);
    let wanted = [
        "1 of 2 approvals, by bob@example.com",
        "approved for 5m, by bob@example.com, carol@example.com",
        "in use",
        "ended: released",
    ];
    assert_eq!(lines, wanted);
    // A second time is no first time; and a denial is theirs who said no.
    let second = chat.house.file("alice", "pair", &["--for", "5m"]);
    let post = chat.post(&second);
    assert!(!Shown::read(&post.body).text.contains("no earlier grant"));
    chat.house.approve("bob", &second, &[]).ok();
    let hash = chat.house.show("carol", &second)["hash"].as_str().unwrap().to_owned();
    chat.house.jit("carol", &["deny", &second, "--hash", &hash, "--reason", "not now"]).ok();
    assert_eq!(chat.thread(&post, 2), ["1 of 2 approvals, by bob@example.com", "denied, by carol@example.com"]);
}

/// An address counts once: after that the account that was seen with it, until an administrator names another.
#[test]
fn people_are_known_by_their_confirmed_address_and_then_by_the_account_seen_first() {
    let by_mail = "kind = \"slack\"\npeople = \"email\"\n";
    let chat = Chat::changed(|config| {
        config.replace(&format!("slack = \"{BOB}\"\n"), "").replace("kind = \"slack\"\n", by_mail)
    });
    let mut scopes = vec!["channels:read", "chat:write", "commands", "groups:read", "im:write", "users:read"];
    scopes.push("users:read.email");
    chat.double.scopes(&scopes);
    let named = |user: &str, mail: &str| chat.double.user(user, json!({ "profile": { "email": mail } }));
    named(BOB, "Bob@example.com");
    chat.double.user("U0BOTH", json!({ "profile": { "email": "bob@example.com" }, "is_email_confirmed": false }));
    chat.double.channel(ROOM, |room| {
        room.members.insert("U0BOTH".to_owned());
    });
    let id = chat.house.file("alice", "pair", &[]);
    let post = chat.post(&id);
    // An address that is not confirmed is nobody's, nor is that of somebody whom the config names.
    assert!(chat.press("U0BOTH", &post, "Approve").contains("not confirmed"));
    named(MALLORY, "carol@example.com");
    assert!(chat.press(MALLORY, &post, "Approve").contains("no such request"));
    assert_eq!(chat.press(BOB, &post, "Approve"), "noted: 1 of 2 approvals");
    // The address goes to another account: that is not believed, and the first one is who it was.
    named(BOB, "bob.old@example.com");
    chat.double.user("U0BOTH", json!({ "is_email_confirmed": true }));
    let taken = chat.press("U0BOTH", &post, "Approve");
    assert!(taken.contains("seen with your address first") && taken.contains("administrator"), "{taken}");
    assert_eq!(chat.standing(&id), "pending");
    let log = chat.house.verified();
    assert_eq!(log.lines().filter(|line| line.contains("identity.pinned") && !line.contains("refused")).count(), 1);
    assert_eq!(log.lines().filter(|line| line.contains("identity.pinned") && line.contains("refused")).count(), 1);
    // An account that was somebody is nobody else under another address.
    named(BOB, "frank@example.com");
    assert!(chat.press(BOB, &post, "Approve").contains("another address first"));
    // An administrator names the new account in the config: that goes before any address.
    let person = "[people.\"bob@example.com\"]\n";
    chat.house.edit(|config| config.replace(person, &format!("{person}slack = \"U0BOTH\"\n")));
    chat.house.jit("ada", &["config", "reload"]).ok();
    let again = chat.press("U0BOTH", &post, "Approve");
    assert!(again.contains("said so before"), "it is bob who has approved already: {again}");
}

/// Whoever is refused is told nothing either: an address that was given to another account calls nobody.
#[test]
fn an_account_that_got_somebodys_address_later_is_not_told_of_what_they_may_decide() {
    let by_mail = "kind = \"slack\"\npeople = \"email\"\nasks = \"both\"\n";
    let chat = Chat::changed(|config| {
        config.replace(&format!("slack = \"{BOB}\"\n"), "").replace("kind = \"slack\"\n", by_mail)
    });
    let scopes =
        ["channels:read", "chat:write", "commands", "groups:read", "im:write", "users:read", "users:read.email"];
    chat.double.scopes(&scopes);
    chat.double.user(BOB, json!({ "profile": { "email": "bob@example.com" } }));
    // Bob is seen before anybody asked whose the address is.
    chat.command(BOB, "request pair --reason \"INC-1 x\"");
    chat.double.user(BOB, json!({ "profile": { "email": "bob.old@example.com" } }));
    chat.double.user(MALLORY, json!({ "profile": { "email": "bob@example.com" } }));
    let id = chat.house.file("alice", "pair", &[]);
    chat.post(&id);
    let opened = |user: &str| {
        let calls = chat.double.calls();
        calls.iter().filter(|(method, said)| method == "conversations.open" && said["users"] == user).count()
    };
    until("carol is told", || opened(CAROL) == 1);
    assert!(chat.double.calls().iter().any(|(method, _)| method == "users.lookupByEmail"), "it was asked whose it is");
    assert_eq!((opened(MALLORY), opened(BOB)), (0, 0), "neither has the address and is who was seen with it");
    let room = chat.double.posts().into_iter().find(|post| post.channel == ROOM).expect("in the room");
    assert_eq!(Shown::read(&room.body).calls, [CAROL]);
}
