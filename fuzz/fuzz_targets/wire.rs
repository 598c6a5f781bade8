//! The API's wire types: what is read is written back so that it reads as the same. A question holds nothing unknown.
#![no_main]

use std::collections::BTreeSet;

use jit::api::audit::{CheckpointView, Diagnosis, EntryList};
use jit::api::grants::{ClaimedView, GrantView, NewClaim, Report};
use jit::api::locks::{Erase, EraseDone, LockDone, LockList, SetLock};
use jit::api::requests::{
    Decide, Done, NewRequest, PlanView, RequestList, RequestView, Revoke, RoleView, Status, WhoAmI, Wish,
};
use jit::api::tokens::{NewToken, TokenList, TokenMade};
use jit::api::{ErrorBody, VERSION};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Reads an answer; says whether it is one.
fn answer<T: Serialize + DeserializeOwned>(body: &[u8]) -> bool {
    let Ok(read) = serde_json::from_slice::<T>(body) else { return false };
    let written = serde_json::to_vec(&read).expect("what was read can be written");
    let again: T = match serde_json::from_slice(&written) {
        Ok(again) => again,
        Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&written)),
    };
    assert_eq!(serde_json::to_vec(&again).expect("once more"), written);
    true
}

/// Reads a question, and the same with something unknown in it.
fn question<T: Serialize + DeserializeOwned>(body: &[u8]) -> bool {
    let is = answer::<T>(body);
    if is && let Ok(Value::Object(mut map)) = serde_json::from_slice(body) {
        map.insert("of a later version".to_owned(), Value::Null);
        assert!(serde_json::from_value::<T>(Value::Object(map)).is_err(), "an unknown field was taken");
    }
    is
}

fn all(body: &[u8]) -> BTreeSet<&'static str> {
    [
        ("Wish", question::<Wish>(body)),
        ("NewRequest", question::<NewRequest>(body)),
        ("Decide", question::<Decide>(body)),
        ("Revoke", question::<Revoke>(body)),
        ("NewClaim", question::<NewClaim>(body)),
        ("Report", question::<Report>(body)),
        ("SetLock", question::<SetLock>(body)),
        ("Erase", question::<Erase>(body)),
        ("NewToken", question::<NewToken>(body)),
        ("PlanView", answer::<PlanView>(body)),
        ("RequestView", answer::<RequestView>(body)),
        ("Done", answer::<Done>(body)),
        ("RequestList", answer::<RequestList>(body)),
        ("RoleView", answer::<Vec<RoleView>>(body)),
        ("WhoAmI", answer::<WhoAmI>(body)),
        ("Status", answer::<Status>(body)),
        ("GrantView", answer::<GrantView>(body)),
        ("ClaimedView", answer::<ClaimedView>(body)),
        ("LockDone", answer::<LockDone>(body)),
        ("LockList", answer::<LockList>(body)),
        ("EraseDone", answer::<EraseDone>(body)),
        ("TokenMade", answer::<TokenMade>(body)),
        ("TokenList", answer::<TokenList>(body)),
        ("EntryList", answer::<EntryList>(body)),
        ("CheckpointView", answer::<CheckpointView>(body)),
        ("Diagnosis", answer::<Diagnosis>(body)),
        ("ErrorBody", answer::<ErrorBody>(body)),
    ]
    .into_iter()
    .filter_map(|(name, is)| is.then_some(name))
    .collect()
}

/// One of each, which must still be what it says it is.
fn seeds() -> Vec<String> {
    let id = |prefix: &str| format!("{prefix}_01q9gd6e00e81840g2081040g2");
    let (at, hash) = ("2026-03-01T09:30:00.000Z", "ab".repeat(32));
    let (tail, no) = (json!({ "at_most": "5s" }), json!({ "no_bound": "a session goes on" }));
    let params = json!({ "schema": "sales", "n": 7, "dry": true });
    let wish = json!({ "role": "db-read", "params": params, "for": "2h", "reason": "why" });
    let proof = json!({ "grade": "none", "because": "x", "at": at, "evidence": ["a"], "tail": ["b"] });
    let claim = json!({
        "id": id("cl"), "entitlement": 0, "at": at, "standing": "gone", "known": null, "proof": proof, "failures": 1
    });
    let window = json!({ "start": at, "end": at });
    let grant = json!({
        "id": id("gr"), "approved": at, "for": "1h30m", "start_by": at, "window": window, "why": null, "ended": null,
        "claims": [claim]
    });
    let request = json!({
        "id": id("req"), "standing": "active", "requester": "alice@example.com", "mine": true, "role": "db-read",
        "params": {}, "reason": "why",
        "gives": [{ "backend": "shop", "words": "w", "material": "scram_verifier", "form": "postgres" }],
        "warnings": ["w"], "hash": hash, "for": "2h", "filed": at, "decide_by": at, "need": 1,
        "reviews": [{
            "by": "bob", "approved": true, "for": "1h", "comment": null, "at": at, "channel": "slack", "void": false
        }],
        "deciders": ["bob"], "can_decide": false, "worst_end": at, "swept": tail, "unswept": no, "grant": grant,
        "version": hash, "now": at
    });
    let plan = json!({
        "role": "db-read", "about": "a", "gives": ["g"], "warnings": [], "params": {}, "for": "2h", "by_rule": false,
        "count": 1, "from": "dba", "people": ["bob"], "decide_by": "8h", "start_by": "30m", "worst_end": at,
        "swept": tail, "unswept": no, "covered_by": null
    });
    let ssh = json!({
        "form": "ssh", "certificate": "c", "validity": window, "principals": ["web"],
        "hosts": [], "user": null, "known_hosts": []
    });
    let verifier =
        jit_types::scram::verifier(&jit_types::scram::password(&[7; 32]), &[9; 16], 4096).expect("a verifier");
    let token =
        json!({ "id": id("tok"), "label": "ci", "roles": ["db-read"], "created": at, "expires": at, "revoked": null });
    let lock = json!({ "person": null, "role": "db-read", "since": at, "by": "bob", "reason": "r" });
    [
        ("Wish", wish.clone()),
        ("NewRequest", json!({ "wish": wish, "claim_key": hash })),
        ("Decide", json!({ "hash": hash, "approve": true, "for": "30m", "comment": "c" })),
        ("Revoke", json!({ "reason": "r" })),
        ("NewClaim", json!({
            "entitlement": 0, "signature": "00", "material": { "scram_verifier": verifier.expose_verifier() }
        })),
        ("Report", json!({ "claim": id("cl") })),
        ("SetLock", json!({ "person": "alice", "reason": "r" })),
        ("Erase", json!({ "person": "alice" })),
        ("NewToken", json!({ "person": "alice", "label": "ci", "roles": ["db-read"], "for": "1d" })),
        ("PlanView", plan),
        ("Done", json!({ "words": "done", "request": request, "attached": true })),
        ("RequestList", json!({ "requests": [request], "waiting_for_you": 1, "version": hash })),
        ("RequestView", request),
        ("RoleView", json!([{
            "role": "db-read", "about": "a", "default": "1h", "max": "4h", "approve": "w", "reason_help": null,
            "reason_pattern": "x", "locked": false,
            "params": [{ "name": "schema", "about": "a", "allowed": "one of", "choices": ["sales"] }]
        }])),
        ("WhoAmI", json!({
            "person": "alice", "principal": "unix:alice", "only_roles": null, "administrator": false,
            "groups": ["dba"], "locked": at
        })),
        ("Status", json!({
            "house": id("house"), "version": VERSION, "verifier_key": "k", "log_size": 7, "now": at, "since": at,
            "shape": "host", "backends": ["shop"], "channels": [], "locks": [lock],
            "not_gone": [{ "request": id("req"), "grant": id("gr"), "role": "db-read", "backend": "shop", "tries": 2 }]
        })),
        ("GrantView", grant),
        ("ClaimedView", json!({
            "house": id("house"), "request": id("req"), "grant": id("gr"), "claim": id("cl"),
            "window": window, "form": ssh, "now": at
        })),
        ("LockDone", json!({ "words": "w", "person": null, "role": "db-read" })),
        ("LockList", json!({ "locks": [lock] })),
        ("EraseDone", json!({
            "requests": 1, "configured": true, "copies": [{ "request": id("req"), "channel": "chat", "message": "m" }]
        })),
        ("TokenMade", json!({ "token": token, "secret": "s" })),
        ("TokenList", json!({ "tokens": [token] })),
        ("EntryList", json!({
            "entries": [{ "n": 0, "leaf": { "v": 1 }, "opened": { "reason": "x" }, "actor": null, "subject": "s" }],
            "next": 1
        })),
        ("CheckpointView", json!({ "note": "n", "verifier_key": "k", "consistency": [hash] })),
        ("Diagnosis", json!({
            "parts": [{
                "part": "state", "findings": [{ "kind": "bad", "what": "w", "remedy": null }], "survivors": ["s"]
            }],
            "now": at
        })),
        ("ErrorBody", json!({ "error": { "kind": "denied", "about": "", "message": "m", "hint": "h" } })),
    ]
    .into_iter()
    .map(|(name, body)| {
        let text = body.to_string();
        assert!(all(text.as_bytes()).contains(name), "the seed for {name} is none any more: {text}");
        text
    })
    .collect()
}

fuzz_target!(
    init: jit_fuzz::seeds("wire", seeds()),
    |body: &[u8]| {
        all(body);
    }
);
