//! The request's life in the host shape.

use std::process::Stdio;
use std::time::Duration;

use crate::world::{By, three};

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn alice_asks_bob_approves_for_less_and_her_credential_ends_by_itself() {
    let Some((world, alice, bob, _)) = three() else { return };
    let request = world.ask(&alice, "shell", "30m", "INC-1 look");
    let (id, hash) = (text(&request["id"]), text(&request["hash"]));
    let waiting = world.json(&bob, &["list", "--waiting"], 0);
    assert_eq!(waiting["requests"][0]["id"], id.as_str());
    world.json(&bob, &["approve", &id, "--for", "4s", "--hash", &hash, "--yes"], 0);
    // The child sees the certificate's files, and its code is the command's own.
    let ran = world.run(&alice, &["exec", &id, "--", "sh", "-c", "test -s \"$JIT_SSH_CONFIG\" && exit 17"]);
    assert_eq!(ran.status.code(), Some(17), "{}", String::from_utf8_lossy(&ran.stderr));
    let over = world.until(&alice, &id, "ended");
    assert_eq!(over["grant"]["why"], "expired");
    assert_eq!(over["grant"]["claims"][0]["proof"]["grade"], "by_construction");
    assert_eq!(world.run(&alice, &["exec", &id, "--", "true"]).status.code(), Some(106));
}

#[test]
fn a_waiting_request_survives_the_brokers_death() {
    let Some((mut world, alice, bob, _)) = three() else { return };
    let mut waiting = world.command(&alice, &["request", "shell", "--reason", "INC-1 look"]);
    let mut waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let request = loop {
        let newest = world.newest(&alice);
        if newest["id"].is_string() {
            break newest;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    world.kill();
    std::thread::sleep(Duration::from_millis(500));
    world.run_broker();
    let (id, hash) = (text(&request["id"]), text(&request["hash"]));
    world.json(&bob, &["approve", &id, "--hash", &hash, "--yes"], 0);
    assert_eq!(waiting.wait().unwrap().code(), Some(0));
}

#[test]
fn what_was_live_when_the_broker_died_ends_in_time_all_the_same() {
    let Some((mut world, alice, _, _)) = three() else { return };
    let request = world.ask(&alice, "quick", "3s", "INC-1 look");
    let id = text(&request["id"]);
    assert!(world.run(&alice, &["exec", &id, "--", "true"]).status.success());
    world.kill();
    std::thread::sleep(Duration::from_secs(4));
    world.run_broker();
    assert_eq!(world.until(&alice, &id, "ended")["grant"]["why"], "expired");
}

#[test]
fn the_same_request_at_once_and_again_is_one_request() {
    let Some((world, alice, _, _)) = three() else { return };
    let helpers: Vec<_> = (0..12)
        .map(|_| {
            let mut command = world.command(&alice, &["request", "shell", "--reason", "INC-1 look", "--no-wait"]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut helper in helpers {
        assert_eq!(helper.wait().unwrap().code(), Some(0));
    }
    let list = world.json(&alice, &["list"], 0);
    assert_eq!(list["requests"].as_array().unwrap().len(), 1);
}

#[test]
fn release_ends_it_now_with_proof_and_the_record_tells_the_story() {
    let Some((world, alice, bob, _)) = three() else { return };
    let request = world.ask(&alice, "quick", "10m", "INC-1 look");
    let id = text(&request["id"]);
    assert!(world.run(&alice, &["exec", &id, "--", "true"]).status.success());
    world.json(&alice, &["release", &id], 0);
    let over = world.until(&alice, &id, "ended");
    assert_eq!(over["grant"]["why"], "released");
    let story = world.json(&alice, &["audit", "show", &id], 0);
    let kinds: Vec<String> = story["entries"].as_array().unwrap().iter().map(|e| text(&e["leaf"]["kind"])).collect();
    for kind in
        ["request.filed", "ask.approved", "grant.opened", "claim.issued", "grant.released", "claim.gone", "grant.ended"]
    {
        assert!(kinds.iter().any(|k| k == kind), "{kind} is missing in {kinds:?}");
    }
    // The file verifies without the broker; a changed one does not.
    let file = world.dir.path().join("homes").join("export.jsonl");
    let exported = world.run(&bob, &["audit", "export"]).stdout;
    std::fs::write(&file, &exported).unwrap();
    let path = file.to_string_lossy().into_owned();
    assert_eq!(world.run(&bob, &["audit", "verify", &path]).status.code(), Some(0));
    let changed = String::from_utf8(exported).unwrap().replacen("grant.released", "grant.expired_", 1);
    std::fs::write(&file, changed).unwrap();
    assert_eq!(world.run(&bob, &["audit", "verify", &path]).status.code(), Some(1));
}

#[test]
fn a_broker_with_another_history_is_refused_by_who_saw_the_first() {
    let Some((mut world, alice, _, _)) = three() else { return };
    world.ask(&alice, "quick", "1m", "INC-1 look");
    assert_eq!(world.run(&alice, &["audit", "verify"]).status.code(), Some(0));
    world.kill();
    let store = world.dir.path().join("state/house.db");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", store.display()));
    }
    // The same house and keys, and a log that begins anew.
    std::fs::write(&store, b"").unwrap();
    crate::world::open(&store, 0o600);
    world.run_broker();
    assert_eq!(world.run(&alice, &["audit", "verify"]).status.code(), Some(1));
}

#[test]
fn a_token_is_shown_once_scoped_and_ended_and_never_falls_back_to_who_runs_it() {
    let Some((world, alice, _, _)) = three() else { return };
    let made = world.json(&alice, &["token", "create", "--for", "1h", "--role", "quick"], 0);
    let secret = text(&made["secret"]);
    let by = By::Token(secret.clone());
    assert_eq!(world.json(&by, &["whoami"], 0)["person"], "alice@example.com");
    assert_eq!(world.run(&by, &["request", "shell", "--reason", "INC-1 x", "--no-wait"]).status.code(), Some(1));
    world.ask(&by, "quick", "1m", "INC-1 x");
    for name in ["house.db", "house.db-wal", "keys.db", "openings.db", "openings.db-wal"] {
        let bytes = std::fs::read(world.dir.path().join("state").join(name)).unwrap_or_default();
        assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "the token stands in {name}");
    }
    assert!(!world.log().contains(&secret), "the token stands in the broker's log");
    let id = text(&made["token"]["id"]);
    world.json(&alice, &["token", "revoke", &id], 0);
    assert_eq!(world.run(&by, &["whoami"]).status.code(), Some(4));
}
