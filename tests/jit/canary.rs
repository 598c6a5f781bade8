//! Canaries of every secret, looked for wherever a secret must not be.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::house::House;
use crate::process::{finish, run, start, until};

pub(crate) fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files(&entry.path(), found);
        } else if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            found.push(entry.path());
        }
    }
}

pub(crate) fn holds(bytes: &[u8], canary: &str) -> bool {
    bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
}

/// A line from the middle of an OpenSSH private key: the secret half, whatever it is wrapped in.
fn middle(key: &str) -> String {
    let lines: Vec<&str> = key.lines().filter(|line| !line.contains("PRIVATE KEY") && line.len() > 30).collect();
    lines[lines.len() - 1].trim_matches(|c: char| c == '=' || c == '\\').to_owned()
}

fn string_with<'v>(value: &'v Value, needle: &str) -> Option<&'v str> {
    match value {
        Value::String(text) if text.contains(needle) => Some(text),
        Value::Array(all) => all.iter().find_map(|one| string_with(one, needle)),
        Value::Object(all) => all.values().find_map(|one| string_with(one, needle)),
        _ => None,
    }
}

#[test]
fn no_secret_is_where_it_must_not_be() {
    let house = House::with(&["alice", "bob", "eve"]);
    let reason = "canary-of-a-reason-84c1f7";
    let args = ["request", "shell", "--reason", reason, "--no-wait"];
    let id = house.jit("alice", &args).ok().line().to_owned();
    house.approve("bob", &id, &["--comment", "canary-of-a-comment-51ab"]).ok();
    // The token in the environment is the first command's: the agent that it starts must not keep it.
    let mut first = house.command("alice", &["creds", &id, "--format", "json"]);
    let creds = run(first.env("JIT_TOKEN", house.token("alice"))).ok().json();
    let key = middle(string_with(&creds, "PRIVATE KEY").expect("a private key"));
    // A command that runs while everything is looked through.
    let go_on = house.root.join("go-on");
    let script = format!("while [ ! -e {} ]; do sleep 0.05; done", go_on.display());
    let open = start(&mut house.holder("alice", &["exec", &id, "--", "sh", "-c", &script]));
    let agent = || house.jit("alice", &["agent", "status", "--output", "json"]).ok().json();
    until("it is in use", || agent()["held"][0]["users"] == 1);
    let claim_key = {
        let mut found = Vec::new();
        files(&house.root.join("alice/state"), &mut found);
        let path =
            found.into_iter().find(|path| path.file_name().unwrap().to_str().unwrap() == id).expect("a claim key");
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    };
    let (alice, bob) = (house.token("alice"), house.token("bob"));
    let tokens = [alice.trim_start_matches("jit_"), bob.trim_start_matches("jit_")];
    let secrets = [key.as_str(), claim_key.as_str(), tokens[0], tokens[1]];
    // Failures, too: each carries something that must not be said again.
    run(house.command("eve", &["whoami"]).env("JIT_TOKEN", format!("{alice}x"))).code(4);
    house.jit("alice", &["exec", &id, "--", "/nowhere"]).code(101);
    crate::http::post(
        &house.socket(),
        Some(&alice),
        "/v1/plan",
        &serde_json::json!({ "role": alice, "reason": reason }),
    );
    crate::http::get(&house.socket(), Some(&alice), &format!("/v1/requests/{alice}"));

    let mut looked_at = Vec::new();
    files(&house.root.join("state"), &mut looked_at);
    looked_at.extend([house.log(), house.root.join("krl"), house.root.join("jit.toml")]);
    assert!(looked_at.iter().filter(|path| path.exists()).count() >= 6, "{looked_at:?}");
    for path in &looked_at {
        let bytes = std::fs::read(path).unwrap_or_default();
        for secret in secrets.iter().chain(&[reason, "canary-of-a-comment-51ab"]) {
            assert!(!holds(&bytes, secret), "{secret} stands in {}", path.display());
        }
    }
    assert!(std::fs::metadata(house.log()).unwrap().len() > 0, "there was a log to look through");

    // What others are told, and what the agent tells.
    let says = |who: &str, args: &[&str]| house.jit(who, args).out;
    for (what, text) in [
        ("the agent's status", agent().to_string()),
        ("the approver's view", says("bob", &["show", &id, "--output", "json"])),
        ("the approver's list", says("bob", &["list", "--all", "--output", "json"])),
        ("the administrator's log", says("ada", &["audit", "log", "--output", "json"])),
        ("an export", says("ada", &["audit", "export"])),
        ("an opened export", says("ada", &["audit", "export", "--open"])),
        ("doctor", says("ada", &["doctor", "--output", "json"])),
        ("status", says("alice", &["status", "--output", "json"])),
        ("the requester's own view", says("alice", &["show", &id, "--output", "json"])),
    ] {
        assert!(text.len() > 20, "{what}: {text}");
        for secret in secrets {
            assert!(!holds(text.as_bytes(), secret), "{what} tells {secret}");
        }
    }
    for args in [
        &["list", "--all", "--output", "json"][..],
        &["audit", "log", "--output", "json"],
        &["status", "--output", "json"],
    ] {
        assert!(!says("eve", args).contains("canary"), "a stranger reads {args:?}");
    }
    assert!(!says("ada", &["audit", "export"]).contains("canary"), "sealed, unless it is asked for in clear");
    assert!(says("bob", &["show", &id, "--output", "json"]).contains(reason), "the approver has to know");

    // What everybody on the machine, or whoever reads a process, can see.
    let pids = [
        ("the broker", house.pid()),
        ("the agent", u32::try_from(agent()["pid"].as_u64().unwrap()).unwrap()),
        ("exec", open.id()),
    ];
    for (who, pid) in pids {
        for file in ["cmdline", "environ"] {
            let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            for secret in secrets {
                assert!(!holds(&bytes, secret), "{secret} stands in {file} of {who}");
            }
            // Whoever holds secrets in memory is closed to others' debuggers, and then to this look, unless root looks.
            assert!(!bytes.is_empty() || file == "environ" || !nix::unistd::geteuid().is_root(), "{who}: {file}");
        }
    }
    std::fs::write(&go_on, "").unwrap();
    finish(open).ok();
    house.jit("alice", &["release", &id]).ok();
    // Given back, the agent has forgotten it, and no file of the requester's holds the key.
    let mut left = Vec::new();
    files(&house.root.join("alice"), &mut left);
    for path in left {
        let bytes = std::fs::read(&path).unwrap_or_default();
        assert!(!holds(&bytes, &key) && !holds(&bytes, &claim_key), "{}", path.display());
    }
    assert_eq!(agent()["held"], serde_json::json!([]));
    let ps = run(Command::new("ps").args(["-eo", "args"])).out;
    assert!(!secrets.iter().any(|secret| ps.contains(secret)), "a secret stands in somebody's argv");
}
