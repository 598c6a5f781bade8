//! Every route with every verb and foreign ids, from the router's own list: a new route joins by itself.

use serde_json::{Value, json};

use crate::house::House;
use crate::http::{Answer, bearer, get, key, post, send};

/// Ids of the same form that nobody has ever been given.
const ABSENT: [(&str, &str); 2] =
    [("req_", "req_01jb2k0000e00a000000000000"), ("tok_", "tok_01jb2k0000e00a000000000000")];

/// A body for each kind of question; each is tried on every route.
fn bodies(hash: &str) -> Vec<Value> {
    vec![
        Value::Null,
        json!({ "hash": hash, "approve": true }),
        json!({ "hash": hash, "approve": false, "comment": "no" }),
        json!({ "reason": "because" }),
        json!({ "claim": "cl_01jb2k0000e00a000000000000" }),
        json!({ "entitlement": 0, "material": "none", "signature": "00" }),
    ]
}

fn methods(house: &House, token: &str, path: &str) -> Vec<&'static str> {
    let taken = |method: &&str| {
        let answer = send(&house.socket(), method, path, &bearer(Some(token)), b"");
        !answer.body.contains("does not take this method")
    };
    ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().filter(taken).collect()
}

fn is_post(house: &House, path: &str) -> bool {
    methods(house, &house.token("eve"), &path.replace("{id}", ABSENT[0].1)).contains(&"POST")
}

#[test]
fn an_outsider_can_not_tell_what_exists_from_what_does_not_on_any_route() {
    let house = House::with(&["alice", "bob", "eve"]);
    let token = house.token_to("alice", &house.root.join("alice/other"), &[]);
    let pending = house.file("alice", "pair", &[]);
    let active = house.granted("alice", "shell", &[]);
    house.jit("alice", &["exec", &active, "--", "true"]).ok();
    let denied = house.file("alice", "brief", &[]);
    let hash = house.show("bob", &pending)["hash"].as_str().unwrap().to_owned();
    house.jit("alice", &["cancel", &denied]).ok();
    let (eve, socket) = (house.token("eve"), house.socket());
    let before: Vec<Value> = [&pending, &active, &denied].iter().map(|id| house.show("alice", id)).collect();
    let mut tried = 0;
    for path in jit::server::paths().into_iter().filter(|path| path.contains("{id}")) {
        let (there, absent) = if path.contains("/tokens/") {
            (vec![&token], ABSENT[1].1)
        } else {
            (vec![&pending, &active, &denied], ABSENT[0].1)
        };
        for method in methods(&house, &eve, &path.replace("{id}", absent)) {
            for body in bodies(&hash) {
                let ask = |id: &str| {
                    let mut headers = bearer(Some(&eve));
                    headers.push(("Idempotency-Key", key()));
                    let body = if method == "GET" { String::new() } else { body.to_string() };
                    let Answer { status, body } =
                        send(&socket, method, &path.replace("{id}", id), &headers, body.as_bytes());
                    (status, body.replace(id, "ID"))
                };
                for id in &there {
                    let (one, none) = (ask(id), ask(absent));
                    assert_eq!(one, none, "{method} {path} with {body} tells them apart");
                    assert!(one.0 == 404 || one.0 == 422, "{method} {path} with {body}: {one:?}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 100, "only {tried} were tried");
    // The same where an id stands in a query.
    for query in ["/v1/audit/entries?request=ID", "/v1/audit/entries?request=ID&most=1"] {
        let one = get(&socket, Some(&eve), &query.replace("ID", &pending));
        let none = get(&socket, Some(&eve), &query.replace("ID", ABSENT[0].1));
        assert_eq!((one.status, one.body.replace(&pending, "ID")), (none.status, none.body.replace(ABSENT[0].1, "ID")));
    }
    let known = get(&socket, Some(&eve), "/v1/audit/entries?person=alice@example.com");
    assert_eq!(known, get(&socket, Some(&eve), "/v1/audit/entries?person=nobody@example.com"), "who is known here");
    let after: Vec<Value> = [&pending, &active, &denied].iter().map(|id| house.show("alice", id)).collect();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((&before["standing"], &before["reviews"]), (&after["standing"], &after["reviews"]));
    }
    house.jit("alice", &["token", "list"]).ok();
    assert!(
        house.jit("alice", &["token", "list", "--output", "json"]).ok().json()["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .all(|token| token["revoked"].is_null())
    );
}

#[test]
fn a_get_changes_nothing_and_what_is_nobodys_is_told_to_nobody() {
    let house = House::with(&["alice", "bob", "eve"]);
    let id = house.granted("alice", "shell", &[]);
    house.jit("alice", &["exec", &id, "--", "true"]).ok();
    let socket = house.socket();
    let entries = || get(&socket, Some(&house.token("alice")), "/v1/status").json()["log_size"].as_u64().unwrap();
    let before = entries();
    for who in ["alice", "bob"] {
        for path in jit::server::paths() {
            let token = house.token(who);
            let answer = get(&socket, Some(&token), &path.replace("{id}", &id));
            assert!(answer.status < 500, "{path}: {answer:?}");
        }
    }
    // That somebody who may not tried to take the whole record along, or to look at the targets, is itself recorded; no
    // state is.
    let refused = if entries() > before { entries() - before } else { 0 };
    let story = house.jit("ada", &["audit", "log", "--output", "json"]).ok();
    let told = |kind: &str| story.out.matches(kind).count() as u64;
    assert_eq!(told("audit.exported") + told("house.diagnosed"), refused, "{}", story.out);
    for path in jit::server::paths() {
        let answer = send(&socket, "GET", &path.replace("{id}", &id), &bearer(Some("jit_nobody-has-this")), b"");
        assert!(answer.status == 401 || answer.body.contains("does not take this method"), "{path}: {answer:?}");
    }
    for path in ["/", "/v1", "/v2/requests", "/v1/requests/", "/v1/requests/../roles", "/v1/nothing?id=1"] {
        assert_eq!(get(&socket, Some(&house.token("alice")), path).status, 404, "{path}");
    }
}

#[test]
fn a_post_that_is_not_as_it_must_be_is_refused_without_an_echo() {
    let house = House::with(&["alice", "eve"]);
    let (socket, alice) = (house.socket(), house.token("alice"));
    let canary = "canary-5f1d";
    let mut posts = 0;
    for path in jit::server::paths().into_iter().filter(|path| is_post(&house, path)) {
        let path = path.replace("{id}", ABSENT[0].1);
        posts += 1;
        let authorized = || bearer(Some(&alice));
        let keyed = || [authorized(), vec![("Idempotency-Key", key())]].concat();
        let cases: Vec<(&str, Answer)> = vec![
            ("no key", send(&socket, "POST", &path, &authorized(), b"null")),
            ("a short key", {
                let short = [authorized(), vec![("Idempotency-Key", "short".to_owned())]].concat();
                send(&socket, "POST", &path, &short, b"null")
            }),
            ("no JSON", send(&socket, "POST", &path, &keyed(), format!("{{{canary}").as_bytes())),
            ("not UTF-8", send(&socket, "POST", &path, &keyed(), &[b'"', 0xff, 0xfe, b'"'])),
            ("an unknown field", post(&socket, Some(&alice), &path, &json!({ canary: canary }))),
            ("a list", post(&socket, Some(&alice), &path, &json!([canary]))),
            ("a megabyte", send(&socket, "POST", &path, &keyed(), &vec![b' '; 1 << 20])),
            ("deep nesting", send(&socket, "POST", &path, &keyed(), "[".repeat(100_000).as_bytes())),
        ];
        for (case, answer) in cases {
            assert!((400..500).contains(&answer.status), "{path} takes {case}: {answer:?}");
            assert!(!answer.body.contains(canary), "{path} repeats {case}: {answer:?}");
            assert_eq!(answer.json()["error"]["kind"], "invalid", "{path}, {case}: {answer:?}");
        }
    }
    assert!(posts >= 10, "only {posts} routes take a POST");
}

#[test]
fn a_key_is_bound_to_its_caller_its_route_and_its_body() {
    let house = House::with(&["alice", "dave"]);
    let socket = house.socket();
    let file = |who: &str, key: &str, role: &str| {
        let headers = [bearer(Some(&house.token(who))), vec![("Idempotency-Key", key.to_owned())]].concat();
        let body = json!({ "wish": { "role": role, "reason": "once" }, "claim_key": "ab".repeat(32) });
        send(&socket, "POST", "/v1/requests", &headers, body.to_string().as_bytes())
    };
    let first = key();
    let id = |answer: &Answer| answer.json()["request"]["id"].as_str().unwrap().to_owned();
    let filed = id(&file("alice", &first, "shell"));
    assert_eq!(id(&file("alice", &first, "shell")), filed, "the same again is answered again");
    let reused = file("alice", &first, "pair");
    assert_eq!((reused.status, reused.kind().as_str()), (422, "invalid"), "another body under the same key");
    assert_ne!(id(&file("dave", &first, "shell")), filed, "somebody else's key is another one");
}
