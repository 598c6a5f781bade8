//! Filing again: the same question twice, and two that ask for the same at once.

use std::fs::File;

use jit_types::digest::Hasher;
use serde_json::json;

use crate::house::{House, write};
use crate::http::{bearer, key, post, send};
use crate::process::{finish, start, until};

#[test]
fn a_repeated_question_hears_of_the_request_that_it_filed_and_of_no_newer_one() {
    let house = House::with(&["alice"]);
    let token = house.token("alice");
    let body =
        |claim_key: &str| json!({ "wish": { "role": "look", "reason": "x" }, "claim_key": claim_key.repeat(32) });
    let mut headers = bearer(Some(&token));
    headers.push(("Idempotency-Key", key()));
    let ask = || send(&house.socket(), "POST", "/v1/requests", &headers, body("ab").to_string().as_bytes()).json();
    let first = ask();
    let id = first["request"]["id"].as_str().unwrap();
    post(&house.socket(), Some(&token), &format!("/v1/requests/{id}/release"), &json!(null));
    house.stands("alice", id, "ended");
    let second = post(&house.socket(), Some(&token), "/v1/requests", &body("cd")).json();
    assert_ne!(second["request"]["id"], id);
    let again = ask();
    assert_eq!((&again["request"]["id"], &again["attached"]), (&json!(id), &json!(false)), "{again}");
    assert_eq!(again["request"]["standing"], "ended");
}

#[test]
fn a_command_gives_back_only_what_it_filed_itself() {
    let house = House::with(&["alice"]);
    let claims = house.home("alice").join("state/jit/claims");
    // Makes the directory, as a command does.
    house.jit("alice", &["exec", "--role", "look", "--reason", "x", "--", "true"]).ok();
    let wish = Hasher::new("jit wish v1").with("role", "look").with("params", "{}").finish();
    let lock =
        File::options().create(true).truncate(false).write(true).open(claims.join(format!("lock-{}", wish.short())));
    let lock = lock.unwrap();
    lock.lock().unwrap();
    let args = ["exec", "--role", "look", "--reason", "x", "--", "true"];
    let child = start(&mut house.holder("alice", &args));
    let fds = format!("/proc/{}/fd", child.id());
    until("it is about to file", || {
        let open = std::fs::read_dir(&fds).into_iter().flatten().flatten();
        open.flat_map(|entry| std::fs::read_link(entry.path())).any(|path| path.to_string_lossy().contains("/lock-"))
    });
    // Meanwhile the same is filed on another machine that shares this home.
    let seed = [7; 32];
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let public = hex::encode(aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref());
    let body = json!({ "wish": { "role": "look", "reason": "x" }, "claim_key": public });
    let filed = post(&house.socket(), Some(&house.token("alice")), "/v1/requests", &body).json();
    let id = filed["request"]["id"].as_str().unwrap();
    assert_eq!(filed["attached"], false, "{filed}");
    write(&claims.join(id), &hex::encode(seed));
    drop(lock);
    finish(child).ok();
    assert_eq!(house.show("alice", id)["standing"], "active", "it is the other one's to give back");
}
