//! Stores that earlier programs left when they were killed, under grants in every standing, are opened by this one: each end
//! comes on time, what waits can be decided, and the log goes on from the checkpoint that was kept.
//!
//! `upgrades/README.md` says how each was made. A clock of the test's own is given to broker and clients by `libfaketime`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use jit_types::Timestamp;
use serde_json::Value;

use crate::house::{House, write};
use crate::process::{alive, run, skip, until};

/// What may pass between a moment and what is due then: the broker looks at the clock once a second.
const LATE: i64 = 2_000;

/// The agent that holds the CA, as the house that was killed had one. Dropped, it ends.
struct Agent(Child);

impl Agent {
    fn holding(ca: &Path, socket: &Path) -> Self {
        let mut command = Command::new("ssh-agent");
        let child = command.arg("-D").arg("-a").arg(socket).stdout(Stdio::null()).spawn().expect("ssh-agent");
        until("the agent listens", || socket.exists());
        let agent = Self(child);
        assert!(alive(agent.0.id()));
        run(Command::new("ssh-add").arg("-q").arg(ca).env("SSH_AUTH_SOCK", socket)).ok();
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn millis(text: &Value) -> i64 {
    text.as_str().and_then(|text| text.parse::<Timestamp>().ok()).unwrap_or_else(|| panic!("no time: {text}")).millis()
}

fn libfaketime() -> Option<PathBuf> {
    let under = std::fs::read_dir("/usr/lib").ok()?.flatten();
    under.map(|entry| entry.path().join("faketime/libfaketime.so.1")).find(|path| path.exists())
}

/// A house over what `upgrades/VERSION` holds, its broker not running yet.
fn left_by(version: &str, library: &Path) -> (House, Agent, Value) {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jit/upgrades");
    let from = all.join(version);
    let public = run(Command::new("ssh-keygen").arg("-y").arg("-f").arg(private(&from.join("ca")).path())).ok().out;
    let public: Vec<&str> = public.split_whitespace().take(2).collect();
    let config = std::fs::read_to_string(all.join("jit.toml")).unwrap();
    let mut house = House::bare(|_| config.replace("@CA@", &public.join(" ")));
    let state = house.root.join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::set_permissions(&state, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    for entry in std::fs::read_dir(&from).unwrap().flatten() {
        let to = state.join(entry.file_name());
        std::fs::copy(entry.path(), &to).unwrap();
        std::fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    for foreign in ["ca", "told.json"] {
        std::fs::remove_file(state.join(foreign)).unwrap();
    }
    let told: Value = serde_json::from_slice(&std::fs::read(from.join("told.json")).unwrap()).unwrap();
    let agent = Agent::holding(private(&from.join("ca")).path(), &house.root.join("agent"));
    house.clock_by(library);
    house.set_clock(told["killed"].as_i64().unwrap() * 1000 + 30_000);
    house.serve();
    house.hand_out(&["alice", "bob"]);
    (house, agent, told)
}

/// A copy of a key that only its owner may read, as ssh demands.
fn private(key: &Path) -> tempfile::NamedTempFile {
    let copy = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(copy.path(), std::fs::read(key).unwrap()).unwrap();
    copy
}

fn taken_up(version: &str) {
    let Some(library) = libfaketime() else { return skip("faketime", "a clock of its own needs libfaketime") };
    let (house, _agent, told) = left_by(version, &library);
    let mut ends = Vec::new();
    for (name, left) in told["requests"].as_object().unwrap() {
        let id = left["id"].as_str().unwrap().to_owned();
        let view = house.show("ada", &id);
        assert_eq!(view["standing"], left["standing"], "{version}: {name}: {view}");
        let mut end = millis(&left["end"]);
        if name == "waiting" {
            // Nobody had decided. Now somebody can, and it stands ready for as long as it may.
            house.approve("bob", &id, &[]).ok();
            let view = house.stands("ada", &id, "ready");
            end = millis(&view["grant"]["start_by"]);
        }
        ends.push((end, name.clone(), id));
    }
    ends.sort();
    assert_eq!(ends.len(), 6);
    for (end, name, id) in &ends {
        // Never back: of two that end in the same second the first has brought us there.
        if end - 3_000 > millis(&house.show("ada", id)["now"]) {
            house.set_clock(end - 3_000);
            let view = house.show("ada", id);
            assert!(view["standing"] != "ended", "{version}: {name} ended early: {view}");
        }
        let mut view = Value::Null;
        until("the end", || {
            view = house.show("ada", id);
            view["standing"] == "ended"
        });
        let late = millis(&view["grant"]["ended"]) - end;
        assert!((0..LATE).contains(&late), "{version}: {name} ended {late} ms late: {view}");
        for claim in view["grant"]["claims"].as_array().unwrap() {
            assert_eq!(claim["standing"], "gone", "{version}: {name}: {view}");
        }
    }
    // The log goes on from the checkpoint that somebody kept before the upgrade.
    house.verified();
    let kept = house.root.join("kept");
    write(&kept, told["checkpoint"].as_str().unwrap());
    let export = house.root.join("export.jsonl");
    let pinned = ["audit", "verify", export.to_str().unwrap(), "--checkpoint", kept.to_str().unwrap()];
    house.jit("bob", &pinned).ok();
}

#[test]
fn the_first_versions_store_is_taken_up_under_live_grants() {
    taken_up("0001");
}

#[test]
fn the_second_versions_store_is_taken_up_under_live_grants() {
    taken_up("0002");
}

#[test]
fn this_versions_store_is_taken_up_after_a_kill() {
    taken_up("0003");
}
