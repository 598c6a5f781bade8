//! The record: tampering is found by either verifier, and another history by whoever has seen the first.

use std::path::Path;
use std::process::Command;

use crate::house::{House, python_verifier};
use crate::process::{run, until};

fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o700)).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn whatever_is_done_to_an_export_is_found_by_both_verifiers() {
    let house = House::with(&["alice", "bob"]);
    let id = house.granted("alice", "shell", &[]);
    house.jit("alice", &["exec", &id, "--release", "--", "true"]).ok();
    let kept = house.root.join("kept");
    let view = house.jit("bob", &["status", "--output", "json"]).ok().json();
    let vkey = view["verifier_key"].as_str().unwrap().to_owned();
    let text = house.verified();
    let lines: Vec<&str> = text.lines().collect();
    let entry = |what: &str| lines.iter().position(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}"));
    let without = |n: usize| [&lines[..n], &lines[n + 1..]].concat().join("\n") + "\n";
    let (filed, approved) = (entry("request.filed"), entry("ask.approved"));
    let mut swapped = lines.clone();
    swapped.swap(filed, approved);
    let note = lines.iter().rev().find_map(|line| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["checkpoint"].as_str().map(str::to_owned)
    });
    std::fs::write(&kept, note.unwrap()).unwrap();
    let last_checkpoint = lines.iter().rposition(|line| line.starts_with("{\"checkpoint\"")).unwrap();
    let tampered: Vec<(&str, String)> = vec![
        ("an edit", text.replacen("ask.approved", "ask.denied__", 1)),
        ("another time", text.replacen("2026-", "2025-", 3)),
        ("a role that is another's", text.replacen("\\\"role\\\":\\\"shell\\\"", "\\\"role\\\":\\\"shelf\\\"", 1)),
        ("an entry less", without(filed)),
        ("two in another order", swapped.join("\n") + "\n"),
        (
            "one twice",
            lines.iter().take(filed + 1).chain(lines.iter().skip(filed)).copied().collect::<Vec<_>>().join("\n") + "\n",
        ),
        ("no last checkpoint", without(last_checkpoint)),
        ("an opening of something else", text.replacen("\"ciphertext\":\"", "\"ciphertext\":\"AAAA", 1)),
    ];
    let file = house.root.join("tampered");
    let path = file.to_str().unwrap();
    let python =
        |more: &[&str]| run(Command::new("python3").arg("-B").arg(python_verifier()).arg(path).args(more)).code;
    let ours = |more: &[&str]| house.jit("bob", &[&["audit", "verify", path], more].concat()).code;
    for (what, text) in tampered {
        std::fs::write(&file, text).unwrap();
        // What stands in a sealed opening only its key can tell; both agree, whatever it is.
        let codes = (ours(&[]), python(&[]));
        assert_eq!(codes.0, codes.1, "the two disagree about {what}");
        if !what.starts_with("an opening") {
            assert_eq!(codes, (1, 1), "{what}");
        }
    }
    // Cut off cleanly it agrees with itself; a checkpoint that was kept elsewhere shows the cut.
    let first = lines.iter().position(|line| line.starts_with("{\"checkpoint\"")).unwrap();
    let cut = lines[..=first].join("\n") + "\n";
    std::fs::write(&file, cut).unwrap();
    assert_eq!(
        (ours(&["--checkpoint", kept.to_str().unwrap()]), python(&["--checkpoint", kept.to_str().unwrap()])),
        (1, 1)
    );
    // The whole of another house, sound in itself, is not signed with the key that was told.
    let other = House::with(&[]);
    std::fs::write(&file, other.verified()).unwrap();
    assert_eq!((ours(&[]), python(&[])), (0, 0));
    assert_eq!((ours(&["--key", &vkey]), python(&["--vkey", &vkey])), (1, 1));
}

#[test]
fn a_broker_whose_history_was_swapped_is_refused_though_it_has_grown_past_what_was_seen() {
    let mut house = House::with(&["alice", "bob", "carol"]);
    house.file("alice", "shell", &[]);
    house.stop();
    let old = house.root.join("old");
    copy(&house.root.join("state"), &old);
    house.serve();
    let id = house.file("alice", "pair", &[]);
    house.jit("alice", &["audit", "verify"]).ok();
    let seen = house.jit("alice", &["audit", "verify", "--output", "json"]).ok().json()["entries"].as_u64().unwrap();
    // The copy comes back, and another story is told on top of it.
    house.stop();
    std::fs::remove_dir_all(house.root.join("state")).unwrap();
    copy(&old, &house.root.join("state"));
    house.serve();
    let size =
        |house: &House| house.jit("bob", &["status", "--output", "json"]).ok().json()["log_size"].as_u64().unwrap();
    let mut n = 0;
    until("the other history is longer", || {
        n += 1;
        let role = if n % 2 == 0 { "shell" } else { "brief" };
        let id = house.file("alice", role, &[]);
        house.jit("alice", &["cancel", &id]).ok();
        size(&house) > seen
    });
    // Whatever is asked next, once what was shown is no longer good, it is refused; no agent takes anything either.
    let given = house.file("alice", "look", &[]);
    minutes_later(&house, "alice");
    for args in [&["list"][..], &["roles"], &["request", "look", "--reason", "x"], &["exec", "look", "--", "true"]] {
        let ran = house.jit("alice", args);
        assert!(matches!(ran.code, 1 | 101) && ran.err.contains("history"), "{args:?}: {ran:?}");
    }
    // What ends something, and what looks at it, is not.
    house.jit("alice", &["release", &given]).ok();
    house.jit("alice", &["status"]).ok();
    let refused = house.jit("alice", &["audit", "verify"]).code(1);
    assert!(refused.err.contains("history"), "{}", refused.err);
    house.jit("alice", &["show", &id]).code(1);
    // It stays refused: what was pinned is not forgotten for having been contradicted.
    house.jit("alice", &["audit", "verify"]).code(1);
    house.jit("alice", &["list"]).code(1);
    // Whoever has seen nothing before can't know, and whoever knows why says so once.
    house.jit("carol", &["audit", "verify"]).ok();
    house.jit("alice", &["audit", "verify", "--accept"]).ok();
    house.jit("alice", &["list"]).ok();
}

/// Lets what a user was shown be no longer good.
fn minutes_later(house: &House, name: &str) {
    let pins = house.home(name).join("state/jit/pins");
    let stamps = std::fs::read_dir(pins).unwrap().flatten().map(|entry| entry.path());
    let stamps: Vec<_> = stamps.filter(|path| path.extension().is_some_and(|end| end == "seen")).collect();
    assert!(!stamps.is_empty(), "it was shown");
    for stamp in stamps {
        let mut seen: serde_json::Value = serde_json::from_slice(&std::fs::read(&stamp).unwrap()).unwrap();
        seen["at"] = "2020-01-01T00:00:00.000Z".into();
        std::fs::write(stamp, seen.to_string()).unwrap();
    }
}

#[test]
fn another_house_behind_the_same_socket_is_refused_until_somebody_accepts_it() {
    let mut house = House::with(&["alice"]);
    house.jit("alice", &["list"]).ok();
    house.stop();
    std::fs::rename(house.root.join("state"), house.root.join("before")).unwrap();
    house.serve();
    std::fs::remove_file(house.token_file("alice")).unwrap();
    house.hand_out(&["alice"]);
    minutes_later(&house, "alice");
    for _ in 0..2 {
        let refused = house.jit("alice", &["list"]).code(1);
        assert!(refused.err.contains("and was of house_"), "{refused:?}");
    }
    house.jit("alice", &["audit", "verify", "--accept"]).ok();
    house.jit("alice", &["list"]).ok();
}
