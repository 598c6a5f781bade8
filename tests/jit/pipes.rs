//! Where nobody looks: no colours, no prompts, errors that name what is missing, and no fall over a closed pipe.

use std::process::Command;

use crate::house::House;
use crate::process::{finish, run, start, until};

#[test]
fn nothing_is_asked_and_what_is_missing_is_named() {
    let house = House::with(&["alice", "bob"]);
    for (args, named) in [
        (&["request"][..], "role"),
        (&["request", "shell"], "--reason"),
        (&["request", "ticket", "--reason", "INC-1 x"], "login"),
        (&["request", "ticket", "--reason", "INC-1 x", "--param", "login=elsewhere"], "login"),
        (&["request", "ticket", "--reason", "no ticket", "--param", "login=sales"], "reason"),
        (&["request", "shell", "--reason", "x", "--param", "nothing=1"], "nothing"),
        (&["request", "shell", "--reason", "x", "--for", "2h"], "1h"),
        (&["exec", "--role", "shell", "--", "true"], "--reason"),
        (&["exec", "--", "true"], "GRANT"),
    ] {
        let ran = house.jit("alice", args);
        let wanted = if args[0] == "exec" { 102 } else { 2 };
        assert_eq!(ran.code, wanted, "{args:?}: {ran:?}");
        assert!(ran.err.contains(named) && ran.err.contains("hint"), "{args:?} names nothing: {}", ran.err);
        assert!(ran.out.is_empty(), "an error goes to stderr: {ran:?}");
        let mut json = vec!["--output", "json"];
        json.extend(args);
        let told = house.jit("alice", &json);
        assert_eq!(told.code, wanted, "{told:?}");
        if args[0] != "exec" {
            let error: serde_json::Value = serde_json::from_str(&told.err).unwrap();
            assert!(error["error"]["message"].is_string() && error["error"]["exit"] == 2, "{error}");
        }
    }
    assert_eq!(house.jit("alice", &["list", "--output", "json"]).ok().json()["requests"], serde_json::json!([]));
}

#[test]
fn no_colour_reaches_a_pipe_and_a_closed_one_is_no_fall() {
    let house = House::with(&["alice", "bob"]);
    let id = house.granted("alice", "shell", &[]);
    for args in [
        &["list"][..],
        &["show", &id],
        &["roles"],
        &["status"],
        &["whoami"],
        &["--help"],
        &["request", "--help"],
        &["audit", "show", &id],
        &["show", "req_nothing"],
        &["token", "list"],
    ] {
        let ran = run(house.holder("alice", args).env_remove("NO_COLOR").env("TERM", "xterm-256color"));
        assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{args:?}: {ran:?}");
    }
    for args in ["list", "roles", "--help", "request --help", "audit show ID", "list --output json"] {
        let line = format!("\"$JIT\" {} | head -n 1", args.replace("ID", &id));
        let mut shell = Command::new("sh");
        let jit = house.holder("alice", &[]);
        shell.env_clear().envs(jit.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let ran = run(shell.env("JIT", jit.get_program()).args(["-c", &line])).ok();
        assert_eq!(ran.out.lines().count(), 1, "{args}: {ran:?}");
        assert!(!ran.err.contains("panic") && !ran.err.contains("mistake in jit"), "{args}: {ran:?}");
        // Nobody reads at all.
        let closed = run(shell.args(["-c", &format!("\"$JIT\" {} >&-", args.replace("ID", &id))]));
        assert!(!closed.err.contains("panic") && !closed.err.contains("mistake in jit"), "{args}: {closed:?}");
    }
}

#[test]
fn a_waiting_command_tells_programs_one_object_a_line() {
    let house = House::with(&["alice", "bob", "carol"]);
    let waits = start(&mut house.holder("alice", &["request", "pair", "--reason", "x", "--output", "json"]));
    let waiting = || house.jit("bob", &["list", "--waiting", "--output", "json"]).ok().json();
    until("the request waits", || !waiting()["requests"].as_array().unwrap().is_empty());
    let id = waiting()["requests"][0]["id"].as_str().unwrap().to_owned();
    house.approve("bob", &id, &["--for", "2m"]).ok();
    house.approve("carol", &id, &[]).ok();
    let ran = finish(waits).ok();
    let events: Vec<String> =
        ran.lines().iter().map(|line| line["event"].as_str().expect("an event").to_owned()).collect();
    assert_eq!((events.first().unwrap().as_str(), events.last().unwrap().as_str()), ("plan", "settled"), "{events:?}");
    assert!(events.contains(&"filed".to_owned()) && events.contains(&"changed".to_owned()), "{events:?}");
    let last = ran.lines().pop().unwrap();
    assert_eq!((&last["request"]["standing"], &last["request"]["grant"]["for"]), (&"ready".into(), &"2m".into()));
    let timed =
        house.jit("alice", &["request", "brief", "--reason", "x", "--timeout", "1s", "--output", "json"]).code(8);
    assert_eq!(timed.lines().pop().unwrap()["event"], "still_pending");
}
