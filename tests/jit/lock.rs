//! `jit lock` and `jit unlock`, by the whole program.

use jit_engine::service::claim_message;
use jit_types::{Material, SshPublicKey, Timestamp};
use serde_json::{Value, json};

use crate::house::House;
use crate::http::{bearer, key, send};
use crate::process::run;
use crate::world::{By, three};

/// A public key that nobody has the other half of.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1iBxTcVGnhGbhPCAZZkGk2Zt0V5nZ6l3dWJQ1Yk2Ym";
const WHY: [&str; 2] = ["--reason", "laptop stolen"];

fn lock(house: &House, by: &str, args: &[&str]) -> crate::process::Ran {
    house.jit(by, &[&["lock"], args, &WHY[..]].concat())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A claim of Alice's, signed with her own key while she has it, to be sent whenever it is called.
fn signed(house: &House, request: &str) -> impl Fn() -> (u16, String) {
    let keys = jit::client::claims::ClaimKeys::open(&house.root.join("alice/state/jit")).unwrap();
    let id = request.parse().unwrap();
    let about = house.jit("alice", &["status", "--output", "json"]).ok().json();
    let (nonce, public) = (key(), SshPublicKey::parse(KEY).unwrap());
    let digest = Material::SshPublicKey(public).digest();
    let message = claim_message(text(&about["house"]).parse().unwrap(), id, 0, &digest, &nonce);
    let signature = keys.of(id).unwrap().sign(&message);
    let body = json!({ "entitlement": 0, "material": { "ssh_public_key": KEY }, "signature": signature }).to_string();
    let (socket, path) = (house.socket(), format!("/v1/requests/{request}/claim"));
    let headers = [bearer(Some(&house.token("alice"))), vec![("Idempotency-Key", nonce)]].concat();
    move || {
        let answer = send(&socket, "POST", &path, &headers, body.as_bytes());
        (answer.status, answer.body)
    }
}

#[test]
fn a_lock_ends_a_live_grant_within_a_second_and_refuses_everything_new() {
    let house = House::with(&["alice", "bob", "carol", "dave"]);
    let live = house.granted("alice", "shell", &[]);
    house.jit("alice", &["exec", &live, "--", "true"]).ok();
    let live = house.granted("alice", "ticket", &["--param", "login=sales"]);
    house.jit("alice", &["creds", &live, "--format", "json"]).ok();
    let ready = house.file("alice", "look", &[]);
    let waits = house.file("alice", "pair", &[]);
    let claim = signed(&house, &live);
    lock(&house, "ada", &["alice@example.com"]).ok();
    for id in [&live, &ready] {
        assert_eq!(house.stands("alice", id, "ended")["grant"]["why"], "locked");
    }
    house.stands("alice", &waits, "cancelled");
    // As the record has it, which is not held up by whoever looks.
    let story = house.jit("ada", &["audit", "log", "--output", "json"]).ok().lines();
    let at = |kind: &str, request: Option<&str>| -> Timestamp {
        let is = |leaf: &Value| leaf["kind"] == kind && request.is_none_or(|id| leaf["request"] == id);
        let found = story.iter().find(|entry| is(&entry["leaf"])).unwrap_or_else(|| panic!("no {kind}"));
        text(&found["leaf"]["at"]).parse().unwrap()
    };
    for id in [&live, &ready] {
        let took = at("grant.ended", Some(id)).since_millis(at("person.locked", None));
        assert!(took < 1000, "{took} ms");
    }
    let refused = |ran: crate::process::Ran, words: &str| {
        let ran = ran.code(5);
        assert!(ran.err.contains(words), "{}", ran.err);
    };
    for role in ["look", "shell"] {
        refused(
            house.jit("alice", &["request", role, "--reason", "INC-42 slow orders", "--no-wait"]),
            "you are locked",
        );
    }
    refused(house.jit("alice", &["extend", &live, "--for", "5m", "--reason", "INC-42 slow orders"]), "you are locked");
    // Past the client, which sees for itself that there is nothing left to take: signed as it must be.
    let (status, body) = claim();
    assert!(status == 403 && body.contains("you are locked"), "{status} {body}");
    house.jit("alice", &["exec", &ready, "--", "true"]).code(106);
    // Nobody gives a locked person anything, and a locked approver gives nothing.
    let dave = house.file("dave", "shell", &[]);
    lock(&house, "ada", &["--person", "bob@example.com"]).ok();
    refused(house.approve("bob", &dave, &[]), "you are locked");
    house.approve("carol", &dave, &[]).ok();
    // A role is locked under whoever was given it.
    lock(&house, "ada", &["shell"]).ok();
    house.stands("dave", &dave, "ended");
    refused(
        house.jit("dave", &["request", "shell", "--reason", "INC-42 slow orders", "--no-wait"]),
        "`shell` is locked",
    );
    house.file("dave", "look", &[]);
    // Everybody is told what concerns them, and the rest to administrators only.
    let seen =
        |who: &str| house.jit(who, &["status", "--output", "json"]).ok().json()["locks"].as_array().unwrap().len();
    assert_eq!((seen("ada"), seen("alice"), seen("dave"), seen("carol")), (3, 2, 1, 1));
    let status = house.jit("ada", &["status"]).ok().out;
    assert!(status.contains("alice@example.com") && status.contains("laptop stolen"), "{status}");
    assert!(!house.jit("alice", &["status"]).ok().out.contains("laptop stolen"));
    assert!(house.jit("alice", &["whoami"]).ok().out.contains("locked since"));
    assert!(house.jit("dave", &["roles"]).ok().out.contains("locked: nobody is given it now"));
    for name in ["alice@example.com", "bob@example.com", "shell"] {
        house.jit("ada", &["unlock", name, "--reason", "found again"]).ok();
    }
    house.granted("alice", "shell", &[]);
    house.verified();
}

#[test]
fn who_is_meant_is_said_or_asked_and_only_an_administrator_who_is_not_locked_is_heard() {
    let house =
        House::changed(&["alice", "bob"], |config| config.replace("[people.\"eve@", "[people.look]\n[people.\"eve@"));
    let ambiguous = lock(&house, "ada", &["look"]).code(2);
    assert!(ambiguous.err.contains("both a person and a role"), "{}", ambiguous.err);
    lock(&house, "ada", &["--role", "look"]).ok();
    lock(&house, "ada", &["--person", "look"]).ok();
    assert!(lock(&house, "ada", &["--role", "look"]).ok().out.contains("it was locked before"));
    lock(&house, "ada", &["nothing"]).code(1);
    lock(&house, "ada", &["nobody@example.com"]).code(1);
    lock(&house, "ada", &["@@"]).code(2);
    lock(&house, "ada", &[]).code(2);
    lock(&house, "ada", &["look", "--role", "look"]).code(2);
    house.jit("ada", &["lock", "alice@example.com"]).code(2);
    house.jit("ada", &["lock", "alice@example.com", "--reason", " "]).code(2);
    // To whom is no administrator, everybody sounds alike.
    let (one, none) =
        (lock(&house, "bob", &["alice@example.com"]).code(1), lock(&house, "bob", &["nobody@example.com"]).code(1));
    assert_eq!(one.err, none.err);
    let done = lock(&house, "ada", &["alice@example.com", "--output", "json"]).ok().json();
    assert_eq!((text(&done["words"]), text(&done["person"])), ("locked".to_owned(), "alice@example.com".to_owned()));
    lock(&house, "ada", &["ada@example.com"]).ok();
    let own = house.jit("ada", &["unlock", "ada@example.com", "--reason", "it is me"]).code(5);
    assert!(own.err.contains("you are locked"), "{}", own.err);
    let story = house.jit("ada", &["audit", "log", "--output", "json"]).ok().out;
    assert!(story.matches("person.locked").count() >= 3 && story.contains("person.unlocked"), "{story}");
    assert!(!story.contains("\"actor\":\"bob@"), "who is locked reads what is her own: {story}");
}

#[test]
fn a_lock_outlives_the_brokers_death_and_is_in_its_backup() {
    let mut house = House::with(&["alice", "bob"]);
    let mut held = Vec::new();
    for (role, more) in [("look", &[][..]), ("shell", &[]), ("ticket", &["--param", "login=stock"])] {
        let id = house.file("alice", role, more);
        if role != "look" {
            house.approve("bob", &id, &[]).ok();
        }
        house.jit("alice", &["creds", &id, "--format", "json"]).ok();
        held.push(id);
    }
    lock(&house, "ada", &["alice@example.com"]).ok();
    house.kill();
    house.serve();
    for id in &held {
        assert_eq!(house.stands("alice", id, "ended")["grant"]["why"], "locked");
    }
    house.jit("alice", &["request", "look", "--reason", "INC-42 slow orders", "--no-wait"]).code(5);
    let (state, to) = (house.root.join("state"), house.root.join("backup"));
    let (state, to) = (state.to_str().unwrap(), to.to_str().unwrap());
    let mut backup = house.command("broker", &["backup", "--to", to, "--state", state, "--with-keys"]);
    run(&mut backup).ok();
    house.jit("ada", &["unlock", "alice@example.com", "--reason", "found again"]).ok();
    house.stop();
    let mut restore = house.command("broker", &["restore", "--from", to, "--state", state, "--replace"]);
    run(&mut restore).ok();
    house.serve();
    // All tokens are ended by a restore: the administrator sees what is in force.
    let locks = house.jit("ada", &["status", "--output", "json"]).ok().json()["locks"].clone();
    assert_eq!(text(&locks[0]["person"]), "alice@example.com");
}

#[test]
fn an_os_user_and_a_token_of_a_locked_person_are_both_refused() {
    let Some((world, alice, bob, _)) = three() else { return };
    let made = world.json(&alice, &["token", "create", "--for", "1h"], 0);
    let token = By::Token(text(&made["secret"]));
    let id = text(&world.ask(&alice, "quick", "10m", "INC-1 look")["id"]);
    assert!(world.run(&alice, &["exec", &id, "--", "true"]).status.success());
    world.json(&bob, &["lock", "alice@example.com", "--reason", "laptop stolen"], 0);
    for by in [&alice, &token] {
        world.json(by, &["request", "quick", "--reason", "INC-1 look", "--no-wait"], 5);
    }
    assert_eq!(world.until(&alice, &id, "ended")["grant"]["why"], "locked");
    world.json(&alice, &["token", "create", "--for", "1h"], 5);
    world.json(&bob, &["unlock", "alice@example.com", "--reason", "found again"], 0);
    world.ask(&token, "quick", "1m", "INC-1 look");
}
