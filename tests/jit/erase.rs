//! `jit audit erase`, by the whole program.

use std::path::Path;
use std::process::Command;

use crate::canary::{files, holds};
use crate::house::{House, python_verifier};
use crate::process::run;

const CANARY: &str = "canary-77ab10 the orders of Mrs Smith";
/// The host that she names as a parameter.
const TYPED: &str = "canary-host-77ab10";
const NAME: &str = "alice@example.com";

fn erase(house: &House, by: &str, more: &[&str]) -> crate::process::Ran {
    house.jit(by, &[&["audit", "erase", "--subject", NAME], more].concat())
}

/// The files below a directory in which a text stands.
fn holding(directory: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    files(directory, &mut found);
    found.retain(|path| holds(&std::fs::read(path).unwrap_or_default(), text));
    found.iter().map(|path| path.display().to_string()).collect()
}

#[test]
fn who_is_erased_is_in_no_file_and_every_export_verifies() {
    let mut house = House::changed(&["alice", "bob"], |config| {
        let gives = "[[roles.typed.gives]]\nbackend = \"hosts\"\nprincipals = [{ param = \"host\" }]\n";
        let param = "[roles.typed.params.host]\ntype = \"text\"\npattern = \"[a-z0-9-]+\"\n";
        let rest =
            "about = \"A host by name\"\nfor = { default = \"5m\", max = \"1h\" }\nrequest = [\"group:engineers\"]\n";
        format!("[roles.typed]\n{rest}approve = {{ by = \"rule\" }}\n{param}{gives}{config}")
    });
    let state = house.root.join("state");
    let id =
        house.jit("alice", &["request", "look", "--for", "5m", "--reason", CANARY, "--no-wait"]).ok().line().to_owned();
    let host = format!("host={TYPED}");
    let typed =
        house.jit("alice", &["request", "typed", "--param", &host, "--for", "5m", "--reason", "x", "--no-wait"]);
    let typed = typed.ok().line().to_owned();
    house.jit("alice", &["release", &typed]).ok();
    house.stands("alice", &typed, "ended");
    assert!(!holding(&state, TYPED).is_empty(), "the store works with it");
    // Refused while something is open, and by whom is no administrator.
    let refused = erase(&house, "ada", &["--yes"]).code(1);
    assert!(refused.err.contains("is not over"), "{}", refused.err);
    erase(&house, "bob", &["--yes"]).code(1);
    let unasked = erase(&house, "ada", &[]).code(2);
    assert!(unasked.err.contains("--yes"), "{}", unasked.err);
    house.jit("alice", &["release", &id]).ok();
    house.stands("alice", &id, "ended");
    let opened = house.jit("ada", &["audit", "export", "--open"]).ok().out;
    assert!(opened.contains(CANARY) && opened.contains(NAME) && opened.contains(TYPED));
    let before = house.root.join("before.jsonl");
    std::fs::write(&before, house.jit("ada", &["audit", "export"]).ok().out).unwrap();
    assert!(!std::fs::read_to_string(&before).unwrap().contains(TYPED), "it stands in the record in clear");
    assert!(!holding(&state, NAME).is_empty(), "who she is stands in the keys");
    let (from, to) = (state.to_str().unwrap(), house.root.join("backup"));
    run(&mut house.command("broker", &["backup", "--to", to.to_str().unwrap(), "--state", from])).ok();
    let done = erase(&house, "ada", &["--yes", "--output", "json"]).ok().json();
    assert_eq!((&done["requests"], &done["configured"]), (&2.into(), &true.into()));
    assert_eq!(holding(&state, TYPED), Vec::<String>::new());
    for directory in [&state, &to] {
        for text in [CANARY, NAME] {
            assert_eq!(holding(directory, text), Vec::<String>::new(), "{text}");
        }
    }
    let after = house.jit("ada", &["audit", "export", "--open"]).ok().out;
    assert!(!after.contains(CANARY) && !after.contains(NAME) && !after.contains(TYPED));
    assert!(after.contains("subject.erased"));
    house.verified();
    house.jit("ada", &["audit", "verify"]).ok();
    let path = before.to_str().unwrap();
    house.jit("bob", &["audit", "verify", path]).ok();
    run(Command::new("python3").arg("-B").arg(python_verifier()).arg(path)).ok();
    // Her tokens are gone, and the story is told without her.
    house.jit("alice", &["whoami"]).code(4);
    let story = house.jit("ada", &["audit", "show", &id]).ok().out;
    assert!(!story.contains(NAME) && !story.contains(CANARY), "{story}");
    house.jit("ada", &["show", &id]).ok();
    erase(&house, "ada", &["--yes"]).code(1);
    // A broker that starts anew finds nothing to do, and no more than it left.
    house.kill();
    house.serve();
    assert_eq!(holding(&state, NAME), Vec::<String>::new());
    house.verified();
}

#[test]
fn a_text_that_is_missing_without_the_event_is_a_fault_to_both_verifiers() {
    let house = House::with(&["alice"]);
    let id = house.jit("alice", &["request", "look", "--reason", CANARY, "--no-wait"]).ok().line().to_owned();
    house.jit("alice", &["release", &id]).ok();
    house.stands("alice", &id, "ended");
    let opened = house.jit("ada", &["audit", "export", "--open"]).ok().out;
    let line = opened.lines().find(|line| line.contains(CANARY)).unwrap();
    let start = line.find(r#""openings":["#).unwrap();
    let end = start + line[start..].find(']').unwrap() + 1;
    let cut = format!(r#"{}"openings":[]{}"#, &line[..start], &line[end..]);
    let file = house.root.join("cut.jsonl");
    std::fs::write(&file, opened.replace(line, &cut)).unwrap();
    let path = file.to_str().unwrap();
    house.jit("ada", &["audit", "verify", path]).code(1);
    run(Command::new("python3").arg("-B").arg(python_verifier()).arg(path)).code(1);
}
