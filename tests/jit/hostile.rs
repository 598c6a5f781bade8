//! What a requester typed is shown to people without being able to act, and is whole in the record.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::house::House;
use crate::process::{run, skip, start};

/// 20 KB that would like to be something else.
fn hostile() -> String {
    let forged = "INC-1 look\u{1b}[2K\u{1b}[1Gapproved\u{7}\u{9b}31m\nerror: it is approved already\r\u{202e}drawkcab\u{2066}\u{200b}\u{0}".replace('\u{0}', "");
    format!("{forged} <script>alert(1)</script> ` $(id) %s {}", "long ".repeat(4000))
}

/// Whether nothing in it can steer a terminal or turn the text around.
#[track_caller]
fn harmless(what: &str, shown: &str) {
    let bad = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{9b}')
    };
    assert_eq!(shown.chars().find(bad), None, "{what} lets it through");
    assert!(!shown.lines().any(|line| line.starts_with("error: it is approved")), "{what} shows a forged line");
}

#[test]
fn a_hostile_reason_is_harmless_in_every_command_and_whole_for_programs() {
    let house = House::with(&["alice", "bob", "carol"]);
    let reason = hostile();
    let asked = house.jit("alice", &["request", "shell", "--reason", &reason, "--no-wait"]).ok();
    harmless("request", &asked.err);
    let id = asked.line();
    let planned = house.jit("alice", &["request", "pair", "--reason", &reason, "--dry-run"]).ok();
    harmless("the plan", &planned.out);
    for (who, args) in [
        ("bob", &["list", "--waiting"][..]),
        ("bob", &["list", "--all"]),
        ("bob", &["show", id]),
        ("alice", &["list"]),
        ("alice", &["show", id]),
        ("alice", &["audit", "show", id]),
        ("ada", &["audit", "log"]),
        ("ada", &["audit", "show", id]),
    ] {
        let ran = house.jit(who, args);
        assert_eq!(ran.code, 0, "{who} {args:?}: {ran:?}");
        harmless(&format!("{args:?}"), &ran.out);
        harmless(&format!("{args:?}"), &ran.err);
    }
    for who in ["bob", "alice"] {
        assert_eq!(house.show(who, id)["reason"], reason.as_str(), "nothing is cut off for programs");
    }
    let log = house.jit("ada", &["audit", "show", id, "--output", "json"]).ok();
    assert!(log.json()["entries"].as_array().unwrap().iter().any(|entry| entry["opened"]["reason"] == reason.as_str()));
    // The other texts that people type.
    let denied = house.file("alice", "pair", &[]);
    let hash = house.show("bob", &denied)["hash"].as_str().unwrap().to_owned();
    let short = &reason[..200];
    house.jit("bob", &["deny", &denied, "--hash", &hash, "--reason", short]).ok();
    for args in [&["show", &denied][..], &["show", &denied, "--wait"]] {
        let ran = house.jit("alice", args);
        harmless("a denial", &ran.out);
        harmless("a denial", &ran.err);
    }
    let labelled = house.jit("ada", &["token", "create", "--label", &reason[..60]]).ok();
    harmless("a label", &labelled.err);
    harmless("the tokens", &house.jit("ada", &["token", "list"]).ok().out);
    // More than a reason may have is refused, and not by falling over.
    let long = "x".repeat(40_000);
    house.jit("alice", &["request", "brief", "--reason", &long, "--no-wait"]).code(2);
    house.verified();
}

/// The card that an approver says yes to needs a terminal; `script` is one.
#[test]
fn the_card_that_is_approved_shows_all_of_it_harmlessly() {
    if !run(Command::new("sh").args(["-c", "command -v script"])).out.contains("script") {
        skip("script", "there is no `script` here to be a terminal");
        return;
    }
    let house = House::with(&["alice", "bob"]);
    let reason = hostile();
    let id = house.jit("alice", &["request", "shell", "--reason", &reason, "--no-wait"]).ok().line().to_owned();
    let jit = house.holder("bob", &[]);
    let mut terminal = Command::new("script");
    terminal.env_clear().envs(jit.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "dumb");
    let line = format!("{} approve {}", jit.get_program().to_str().unwrap(), &id[..id.len() - 3]);
    terminal.args(["-qec", &line, "/dev/null"]).current_dir("/");
    let mut child = start(terminal.stdin(Stdio::piped()));
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"y\n").unwrap();
    let shown = crate::process::finish(child);
    assert_eq!(shown.code, 0, "{shown:?}");
    for forged in ["\u{1b}[2K\u{1b}[1Gapproved", "\u{9b}31m", "\u{202e}", "\u{2066}", "\nerror: it is approved"] {
        assert!(!shown.out.contains(forged), "{forged:?} is let through: {}", shown.out);
    }
    let view = house.show("alice", &id);
    assert_eq!((&view["standing"], &view["reviews"][0]["by"]), (&json!("ready"), &json!("bob@example.com")));
    // What it gives, for how long at the worst, and what was approved: all before the question.
    let (card, _) = shown.out.split_once("Approve this").expect("a question");
    for must in ["alice@example.com", "log in by ssh", "5m", view["hash"].as_str().unwrap().get(..12).unwrap()] {
        assert!(card.contains(must), "the card lacks {must}: {card}");
    }
}
