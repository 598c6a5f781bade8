//! What a requester, a stranger, another OS user and root try.

use crate::world::{By, World, three, users};

const KEY: &str = "Idempotency-Key: 0123456789abcdef0123";

#[test]
fn a_stranger_can_not_tell_what_exists_from_what_does_not() {
    let Some((world, alice, _, carol)) = three() else { return };
    let request = world.ask(&alice, "shell", "1m", "INC-1 secret plan");
    let there = request["id"].as_str().unwrap().to_owned();
    let hash = request["hash"].as_str().unwrap().to_owned();
    let absent: String = there
        .chars()
        .rev()
        .take(3)
        .fold(there[..there.len() - 3].to_owned(), |id, c| id + if c == '0' { "1" } else { "0" });
    let decide = format!("{{\"hash\":\"{hash}\",\"approve\":true}}");
    let claim = "{\"entitlement\":0,\"material\":\"none\",\"signature\":\"00\"}";
    let report = format!("{{\"claim\":\"cl_{}\"}}", &there[4..]);
    let bodies = [
        ("decide", decide.as_str()),
        ("cancel", "null"),
        ("release", "null"),
        ("revoke", "{\"reason\":\"x\"}"),
        ("claim", claim),
        ("report", report.as_str()),
    ];
    let size = log_size(&world, &alice);
    let get = |id: &str| world.call(&carol, "GET", &format!("/v1/requests/{id}"), &[], "");
    assert_eq!(get(&there), get(&absent));
    assert_eq!(get(&there).0, 404);
    assert_eq!(log_size(&world, &alice), size, "a GET changes nothing");
    for (number, (verb, body)) in bodies.iter().enumerate() {
        let post = |id: &str, salt: &str| {
            let key = format!("{KEY}{number}{salt}");
            world.call(&carol, "POST", &format!("/v1/requests/{id}/{verb}"), &[&key], body)
        };
        let (a, b) = (post(&there, "a"), post(&absent, "b"));
        assert_eq!(a, b, "{verb} tells them apart");
        assert!(matches!(a.0, 404 | 422), "{verb}: {a:?}");
    }
    assert_eq!(world.show(&alice, &there)["standing"], "pending");
}

fn log_size(world: &World, by: &By) -> u64 {
    let (_, body) = world.call(by, "GET", "/v1/status", &[], "");
    serde_json::from_str::<serde_json::Value>(&body).unwrap()["log_size"].as_u64().unwrap()
}

#[test]
fn what_is_malformed_is_refused_without_an_echo() {
    let Some((world, alice, _, _)) = three() else { return };
    let canary = "hunter2-canary";
    let post = |headers: &[&str], body: &str| world.call(&alice, "POST", "/v1/plan", headers, body);
    for (headers, body) in [
        (&[][..], "{\"role\":\"quick\",\"reason\":\"x\"}".to_owned()),
        (&["Idempotency-Key: short"][..], "{\"role\":\"quick\",\"reason\":\"x\"}".to_owned()),
        (&[KEY][..], format!("{{\"role\":\"quick\",\"reason\":\"x\",\"{canary}\":1}}")),
        (&[KEY][..], format!("{{{canary}")),
        (&[KEY][..], format!("{{\"role\":\"{canary} \",\"reason\":\"x\"}}")),
        (&[KEY][..], "x".repeat(1 << 17) + &"y".repeat(1 << 18)),
        (&["Authorization: Basic x", KEY][..], "{\"role\":\"quick\",\"reason\":\"x\"}".to_owned()),
    ] {
        let (status, answer) = post(headers, &body);
        assert!((400..500).contains(&status), "{status} for {}", &body[..body.len().min(60)]);
        assert!(!answer.contains(canary), "{answer}");
    }
}

#[test]
fn root_approves_nothing_and_who_is_not_mapped_is_nobody() {
    let Some(users) = users(&["jit-test-a", "jit-test-c"]) else { return };
    let (alice, stranger) = (&users[0], &users[1]);
    let world = World::start(&[("alice", "jit-test-a", "engineers"), ("bob", "root", "leads")]);
    let request = world.ask(alice, "shell", "1m", "INC-1 look");
    let (id, hash) = (request["id"].as_str().unwrap(), request["hash"].as_str().unwrap());
    assert_eq!(world.run(&By::User(0), &["approve", id, "--hash", hash, "--yes"]).status.code(), Some(5));
    assert_eq!(world.run(stranger, &["whoami"]).status.code(), Some(4));
    assert_eq!(world.show(alice, id)["standing"], "pending");
}

#[test]
fn nobody_decides_their_own_through_another_of_their_identities() {
    let Some((world, alice, _, _)) = three() else { return };
    let token = |label: &str| {
        let made = world.json(&alice, &["token", "create", "--for", "1h", "--label", label], 0);
        By::Token(made["secret"].as_str().unwrap().to_owned())
    };
    let identities = [alice.clone(), token("one"), token("two")];
    for (n, asks) in identities.iter().enumerate() {
        let request = world.ask(asks, "shell", &format!("{}m", n + 1), "INC-1 look");
        let (id, hash) = (request["id"].as_str().unwrap(), request["hash"].as_str().unwrap());
        for decides in &identities {
            assert_eq!(world.run(decides, &["approve", id, "--hash", hash, "--yes"]).status.code(), Some(5));
        }
        assert_eq!(world.show(&alice, id)["standing"], "pending");
        world.json(&alice, &["cancel", id], 0);
    }
}

#[test]
fn a_hostile_reason_is_shown_harmless_and_kept_whole() {
    let Some((world, alice, bob, _)) = three() else { return };
    let hostile = format!("INC-1 \u{1b}[2J\u{202e}approved\nby bob {}", "x".repeat(20_000));
    let request = world.ask(&alice, "shell", "1m", &hostile);
    let id = request["id"].as_str().unwrap();
    for args in [&["list", "--waiting"][..], &["show", id], &["audit", "show", id]] {
        let shown = String::from_utf8(world.run(&bob, args).stdout).unwrap();
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{args:?}");
        assert!(!shown.lines().any(|line| line.starts_with("by bob")), "{args:?} shows a forged line");
    }
    assert_eq!(world.show(&bob, id)["reason"], hostile.as_str());
}

#[test]
fn a_reason_stands_sealed_in_the_state_and_in_no_log() {
    let Some((world, alice, _, _)) = three() else { return };
    let canary = "canary-of-a-reason-7f3a";
    world.ask(&alice, "quick", "1m", canary);
    for entry in std::fs::read_dir(world.dir.path().join("state")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        assert!(!bytes.windows(canary.len()).any(|w| w == canary.as_bytes()), "{}", path.display());
    }
    assert!(!world.log().contains(canary));
}

#[test]
fn neither_a_token_nor_root_makes_tokens() {
    let Some(users) = users(&["jit-test-a"]) else { return };
    let world = World::start(&[("alice", "jit-test-a", "engineers"), ("bob", "root", "leads")]);
    let made = world.json(&users[0], &["token", "create", "--for", "1h"], 0);
    let token = By::Token(made["secret"].as_str().unwrap().to_owned());
    assert_eq!(world.run(&token, &["token", "create", "--for", "1h"]).status.code(), Some(5));
    assert_eq!(world.run(&By::User(0), &["token", "create", "--for", "1h"]).status.code(), Some(5));
}

#[test]
fn a_stranger_learns_nothing_from_the_record_of_their_own_tries() {
    let Some((world, alice, _, carol)) = three() else { return };
    let request = world.ask(&alice, "shell", "1m", "INC-1 look");
    let id = request["id"].as_str().unwrap();
    world.call(&carol, "POST", &format!("/v1/requests/{id}/cancel"), &[KEY], "null");
    let (status, entries) = world.call(&carol, "GET", "/v1/audit/entries", &[], "");
    assert_eq!(status, 200);
    assert!(!entries.contains(id) && !entries.contains("alice"), "{entries}");
}
