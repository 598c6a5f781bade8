//! The requester changes every field that a client can send: approved is out of reach without somebody else's act.

use serde_json::{Value, json};

use crate::house::House;
use crate::http::{bearer, key, post, send};

/// What a forger would like to be believed.
fn forged(id: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("approved", json!(true)),
        ("approve", json!(true)),
        ("standing", json!("ready")),
        ("status", json!("approved")),
        ("by", json!("bob@example.com")),
        ("person", json!("bob@example.com")),
        ("principal", json!("unix:bob")),
        ("caller", json!({ "person": "bob@example.com" })),
        ("subject", json!("sub_01jb2k0000e00a000000000000")),
        ("requester", json!("bob@example.com")),
        ("reviews", json!([{ "by": "bob@example.com", "approved": true, "for": "1h", "at": "2026-01-01T00:00:00Z" }])),
        ("need", json!(0)),
        ("count", json!(0)),
        ("by_rule", json!(true)),
        ("decide_by", json!("10y")),
        ("gives", json!([{ "backend": "hosts", "principals": ["root"] }])),
        ("grant", json!({ "id": "gr_01jb2k0000e00a000000000000", "for": "1h" })),
        ("id", json!(id)),
        ("ask", json!("ask_01jb2k0000e00a000000000000")),
        ("revision", json!("0".repeat(64))),
        ("channel", json!("slack")),
        ("evidence", json!("signed")),
        ("administrator", json!(true)),
    ]
}

#[test]
fn nothing_that_the_requester_sends_makes_it_approved() {
    let house = House::with(&["alice", "bob", "dave"]);
    let (socket, alice) = (house.socket(), house.token("alice"));
    let wish = || json!({ "role": "shell", "reason": "mine" });
    let request = |wish: Value| json!({ "wish": wish, "claim_key": "ab".repeat(32) });
    let filed = post(&socket, Some(&alice), "/v1/requests", &request(wish()));
    let id = filed.json()["request"]["id"].as_str().unwrap().to_owned();
    let hash = filed.json()["request"]["hash"].as_str().unwrap().to_owned();
    let decide = json!({ "hash": hash, "approve": true });
    let of = |verb: &str| format!("/v1/requests/{id}/{verb}");

    // Every body that a client may send, with each forged field beside and below.
    for (field, value) in forged(&id) {
        let mut below = wish();
        below[field] = value.clone();
        let mut beside = request(wish());
        beside[field] = value.clone();
        let mut plan = wish();
        plan[field] = value.clone();
        for (path, body) in [
            ("/v1/requests".to_owned(), request(below)),
            ("/v1/requests".to_owned(), beside),
            ("/v1/plan".to_owned(), plan),
        ] {
            let answer = post(&socket, Some(&alice), &path, &body);
            assert_eq!((answer.status, answer.kind().as_str()), (422, "invalid"), "{path} takes {field}: {answer:?}");
        }
        let mut decided = decide.clone();
        decided[field] = value.clone();
        for (verb, body) in [
            ("decide", decided),
            ("cancel", json!({ field: value })),
            ("release", json!({ field: value })),
            ("report", json!({ "claim": "cl_01jb2k0000e00a000000000000", field: value })),
            ("claim", json!({ "entitlement": 0, "material": "none", "signature": "00", field: value })),
        ] {
            let answer = post(&socket, Some(&alice), &of(verb), &body);
            assert!(answer.status >= 400, "{verb} takes {field}: {answer:?}");
        }
    }

    // Headers that somebody in front might set, and queries.
    for header in [
        "X-Forwarded-User",
        "X-Remote-User",
        "Remote-User",
        "X-Jit-Person",
        "X-Jit-Principal",
        "Forwarded",
        "From",
        "X-HTTP-Method-Override",
        "Cookie",
    ] {
        let mut headers = bearer(Some(&alice));
        headers.extend([(header, "bob@example.com".to_owned()), ("Idempotency-Key", key())]);
        let answer = send(&socket, "POST", &of("decide"), &headers, decide.to_string().as_bytes());
        assert_eq!(answer.status, 403, "{header}: {answer:?}");
        let whoami = send(&socket, "GET", "/v1/whoami?person=bob@example.com", &headers, b"");
        assert_eq!(whoami.json()["person"], "alice@example.com");
    }
    let query = format!("{}?person=bob@example.com&approve=true", of("decide"));
    assert_eq!(post(&socket, Some(&alice), &query, &decide).status, 403);
    // Two answers to who calls are none.
    let mut both = bearer(Some(&alice));
    both.extend([("Authorization", format!("Bearer {}", "jit_nobody-has-this")), ("Idempotency-Key", key())]);
    let answer = send(&socket, "POST", &of("decide"), &both, decide.to_string().as_bytes());
    assert!(answer.status == 401 || answer.status == 403, "{answer:?}");

    // The same wish again, another key or a longer time: it stays what was asked.
    for changed in [json!({ "for": "1h" }), json!({ "reason": "another" })] {
        let mut wish = wish();
        wish.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        let mut again = request(wish);
        again["claim_key"] = json!("cd".repeat(32));
        let answer = post(&socket, Some(&alice), "/v1/requests", &again).json();
        assert_eq!((&answer["attached"], &answer["request"]["hash"]), (&json!(true), &json!(hash)));
    }
    let view = house.show("alice", &id);
    assert_eq!((&view["standing"], &view["grant"], &view["reviews"]), (&json!("pending"), &Value::Null, &json!([])));
    assert_eq!(view["for"], "5m");
    // And somebody else's one act is enough.
    house.approve("bob", &id, &[]).ok();
    assert_eq!(house.show("alice", &id)["standing"], "ready");
    // A claim that is not signed with the request's own key takes nothing, whoever's token it comes with.
    let claim = json!({ "entitlement": 0, "material": { "ssh_public_key": KEY }, "signature": "00".repeat(64) });
    let taken = post(&socket, Some(&alice), &of("claim"), &claim);
    assert_eq!((taken.status, taken.kind().as_str()), (403, "denied"), "{taken:?}");
    assert_eq!(house.show("alice", &id)["standing"], "ready", "nothing was opened by it");
}

/// Listens at a path, says when it does, and prints what it hears.
const LISTENER: &str = r#"
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
print("listens", flush=True)
for _ in range(4):
    c, _ = s.accept()
    c.settimeout(5)
    print(repr(c.recv(65536)), flush=True)
"#;

#[test]
fn nothing_is_said_to_somebody_who_listens_behind_a_socket_of_roots() {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::CommandExt as _;
    let Some(users) = crate::world::users(&["jit-test-c"]) else { return };
    let Some(crate::world::By::User(uid)) = users.into_iter().next() else { return };
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let path = dir.path().join("s");
    let mut command = std::process::Command::new("python3");
    command.args(["-c", LISTENER]).arg(&path).uid(uid).gid(uid).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("python3");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "listens");
    // As if the path had led to root's socket when it was looked at, and to theirs when it was connected to.
    std::os::unix::fs::chown(&path, Some(0), Some(0)).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let mut jit = std::process::Command::new(crate::world::JIT);
    crate::house::bare(&mut jit).env("HOME", dir.path()).env("JIT_TOKEN", "jit_canary-of-a-token");
    jit.args(["whoami", "--broker"]).arg(&path);
    let ran = crate::process::run(&mut jit).code(5);
    assert!(ran.err.contains(&format!("uid {uid} listens behind the socket")), "{ran:?}");
    assert_eq!(lines.next().unwrap().unwrap(), "b''", "not a word");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A public key whose private half nobody here has.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1iBxTcVGnhGbhPCAZZkGk2Zt0V5nZ6l3dWJQ1Yk2Ym";
