//! Tokens: shown once, stored hashed, for their roles, until their end.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::house::House;
use crate::http::{bearer, get, send};
use crate::process::{pause, run, until};
use crate::world::{By, three};

fn bytes_of(directory: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(directory).unwrap().flatten();
    entries.filter(|entry| entry.path().is_file()).map(|e| (e.path(), std::fs::read(e.path()).unwrap())).collect()
}

#[test]
fn a_token_is_shown_once_and_kept_as_a_hash() {
    let house = House::with(&["alice"]);
    let token = house.token("alice");
    assert!(token.starts_with("jit_") && token.len() > 40, "scanners find it, and nobody guesses it");
    house.jit("alice", &["whoami"]).ok();
    let digits = token.trim_start_matches("jit_").as_bytes();
    for (path, bytes) in bytes_of(&house.root.join("state")) {
        assert!(!bytes.windows(digits.len()).any(|window| window == digits), "{}", path.display());
    }
    let listed = house.jit("alice", &["token", "list", "--output", "json"]).ok();
    assert!(!listed.out.contains(&token) && !listed.out.contains("secret"), "{}", listed.out);
    // A file that is there is never written over, and no token is made for nothing.
    let before =
        house.jit("alice", &["token", "list", "--output", "json"]).ok().json()["tokens"].as_array().unwrap().len();
    let there = house.root.join("there");
    std::fs::write(&there, "mine").unwrap();
    house.jit("ada", &["token", "create", "--person", "alice@example.com", "--file", there.to_str().unwrap()]).code(3);
    let after =
        house.jit("alice", &["token", "list", "--output", "json"]).ok().json()["tokens"].as_array().unwrap().len();
    assert_eq!((before, std::fs::read_to_string(&there).unwrap().as_str()), (after, "mine"));
}

#[test]
fn a_token_reaches_its_roles_until_its_end_and_no_further() {
    let house = House::with(&["alice", "bob"]);
    let file = house.root.join("alice/limited");
    let id = house.token_to("alice", &file, &["--role", "shell", "--for", "6s"]);
    let limited = |args: &[&str]| run(house.command("alice", args).env("JIT_TOKEN_FILE", &file));
    limited(&["request", "look", "--reason", "x", "--no-wait"]).code(1);
    let roles = limited(&["roles", "--output", "json"]).ok().json();
    assert_eq!(roles.as_array().unwrap().len(), 1, "{roles}");
    let shell = limited(&["request", "shell", "--reason", "x", "--no-wait"]).ok().line().to_owned();
    // Others of the same person's are none of its business.
    let other = house.file("alice", "pair", &[]);
    limited(&["cancel", &other]).code(1);
    until("the token has ended", || limited(&["whoami"]).code == 4);
    limited(&["cancel", &shell]).code(4);
    house.jit("alice", &["token", "revoke", &id]).ok();
    house.jit("alice", &["cancel", &shell]).ok();
}

#[test]
fn a_revoked_token_stops_at_once_and_only_its_owner_or_an_administrator_revokes_it() {
    let house = House::with(&["alice", "bob"]);
    let file = house.root.join("alice/second");
    let id = house.token_to("alice", &file, &[]);
    house.jit("bob", &["token", "revoke", &id]).code(1);
    let second = |args: &[&str]| run(house.command("alice", args).env("JIT_TOKEN_FILE", &file));
    second(&["whoami"]).ok();
    house.jit("alice", &["token", "revoke", &id]).ok();
    second(&["whoami"]).code(4);
    let third = house.root.join("alice/third");
    let id = house.token_to("alice", &third, &[]);
    house.jit("ada", &["token", "revoke", &id]).ok();
    run(house.command("alice", &["whoami"]).env("JIT_TOKEN_FILE", &third)).code(4);
    house.jit("alice", &["whoami"]).ok();
}

#[test]
fn a_bad_token_never_falls_back_to_who_the_peer_is() {
    let house = House::with(&["alice"]);
    let socket = house.socket();
    // Whoever comes without a token is known, where the tests run as the administrator's OS user or root.
    for token in ["jit_", "jit_nobody-has-this", "x", "Bearer", "jit_é", "' OR 1=1 --", &"a".repeat(4000)] {
        let answer = get(&socket, Some(token), "/v1/whoami");
        assert_eq!(answer.status, 401, "{token:.20}: {answer:?}");
        assert!(!answer.body.contains("nobody-has-this"), "{answer:?}");
    }
    for header in ["Basic YWxpY2U6eA==", "", "bearer x", "Bearer"] {
        let answer = send(&socket, "GET", "/v1/whoami", &[("Authorization", header.to_owned())], b"");
        assert_eq!(answer.status, 401, "{header}: {answer:?}");
    }
    // All that do not hold sound the same.
    let file = house.root.join("alice/gone");
    let id = house.token_to("alice", &file, &[]);
    house.jit("alice", &["token", "revoke", &id]).ok();
    let revoked = std::fs::read_to_string(&file).unwrap();
    let (one, other) = (bearer(Some(revoked.trim())), bearer(Some("jit_nobody-has-this")));
    assert_eq!(send(&socket, "GET", "/v1/whoami", &one, b""), send(&socket, "GET", "/v1/whoami", &other, b""));
    let by_env = run(house.command("ada", &["whoami"]).env("JIT_TOKEN", "jit_nobody-has-this")).code(4);
    assert!(!by_env.err.contains("nobody-has-this"), "{by_env:?}");
    run(house.command("ada", &["whoami"]).env("JIT_TOKEN_FILE", "/nowhere/token")).code(3);
}

#[test]
fn a_repeated_question_leaves_one_token() {
    let Some((world, alice, bob, _)) = three() else { return };
    let ask = |body: &str| world.call(&alice, "POST", "/v1/tokens", &["Idempotency-Key: 0123456789abcdef"], body);
    let body = "{\"label\":\"ci\",\"for\":\"1h\"}";
    let mut secrets = Vec::new();
    for _ in 0..3 {
        let (status, text) = ask(body);
        assert_eq!(status, 200, "{text}");
        let made: serde_json::Value = serde_json::from_str(&text).unwrap();
        secrets.push(By::Token(made["secret"].as_str().unwrap().to_owned()));
    }
    let holding = secrets.iter().map(|by| world.call(by, "GET", "/v1/whoami", &[], "").0).collect::<Vec<_>>();
    assert_eq!(holding, [401, 401, 200], "only the last one holds");
    let listed = world.json(&alice, &["token", "list"], 0);
    let all = listed["tokens"].as_array().unwrap();
    assert_eq!(all.iter().filter(|token| token["revoked"].is_null()).count(), 1, "{listed}");
    // The same key for another question is a mistake, and makes none.
    assert_eq!(ask("{\"label\":\"other\",\"for\":\"1h\"}").0, 422);
    let (_, log) = world.call(&bob, "GET", "/v1/audit/entries", &[], "");
    let told = |kind: &str| log.matches(&format!("\"kind\":\"{kind}\"")).count();
    assert_eq!((told("token.created"), told("token.revoked")), (3, 2), "{log}");
}

#[test]
fn a_token_that_is_revoked_before_the_question_is_whole_decides_nothing() {
    let house = House::with(&["alice"]);
    house.home("bob");
    let token = house.token_to("bob", Path::new(&house.token_file("bob")), &[]);
    let id = house.file("alice", "shell", &[]);
    let hash = house.show("bob", &id)["hash"].as_str().unwrap().to_owned();
    let body = format!("{{\"hash\":\"{hash}\",\"approve\":true}}");
    let mut stream = UnixStream::connect(house.socket()).unwrap();
    let (bearer, length) = (house.token("bob"), body.len());
    write!(
        stream,
        "POST /v1/requests/{id}/decide HTTP/1.1\r\nHost: jit\r\nAuthorization: Bearer {bearer}\r\n\
         Idempotency-Key: 0123456789abcdef0\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{{"
    )
    .unwrap();
    pause(500);
    house.jit("ada", &["token", "revoke", &token]).ok();
    stream.write_all(&body.as_bytes()[1..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}
