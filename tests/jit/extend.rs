//! More time for a grant, by the whole program: what is open lives on, ends at the new end, and nobody says yes to themselves.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::Duration;

use jit_types::Timestamp;
use serde_json::Value;

use crate::house::{House, write};
use crate::postgres::{BROKERS, CONFIG, Server};
use crate::process::{finish, pause, signal, start, until};
use crate::world::{By, World, three};

/// How much more is asked for, and why.
const MORE: [&str; 6] = ["--for", "15s", "--reason", "INC-42 not done yet", "--output", "json"];

fn end(view: &Value) -> Timestamp {
    view["grant"]["window"]["end"].as_str().expect("an end").parse().expect("a time")
}

fn left(end: Timestamp, view: &Value) -> Duration {
    let now: Timestamp = view["now"].as_str().expect("the clock").parse().expect("a time");
    end.since(now).std()
}

/// Waits until a moment is over by a margin.
fn pass(left: Duration) {
    pause(u64::try_from(left.as_millis()).expect("short") + 1500);
}

#[test]
fn an_open_database_session_lives_past_the_old_end_and_ends_at_the_new_one() {
    let mut house = House::bare(|config| config + CONFIG);
    write(&house.root.join("pg-password"), BROKERS);
    let Some(server) = Server::start(&house.root) else { return };
    house.serve();
    house.hand_out(&["alice", "bob"]);
    let id = house.granted("alice", "db", &["--for", "15s"]);
    let psql = server.bin.join("psql");
    let args = ["exec", &id, "--", psql.to_str().unwrap(), "-X", "-A", "-t", "-q"];
    let mut child = house.holder("alice", &args);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut sql, mut rows) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut ask = || {
        let mut row = String::new();
        let sent = sql.write_all(b"SELECT item FROM orders;\n");
        sent.and_then(|()| rows.read_line(&mut row)).map(|_| row.trim_end().to_owned()).unwrap_or_default()
    };
    assert_eq!(ask(), "kettle");
    let view = house.show("alice", &id);
    let old = end(&view);

    let waiting = start(&mut house.holder("alice", &[&["extend", &id][..], &MORE].concat()));
    until("it waits for bob", || house.show("bob", &id)["can_decide"] == true);
    let asked = house.show("bob", &id);
    assert_eq!((&asked["standing"], &asked["extensions"][0]["standing"]), (&"active".into(), &"pending".into()));
    assert_eq!(asked["extensions"][0]["reason"], "INC-42 not done yet");
    assert_eq!(end(&asked), old, "the old end holds until somebody has said yes");
    house.approve("bob", &id, &[]).ok();
    let told = finish(waiting).ok();
    let events: Vec<String> = told.lines().iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!((events[0].as_str(), events[1].as_str()), ("extension_plan", "asked"), "{events:?}");
    assert_eq!(events.last().map(String::as_str), Some("settled"));

    let view = house.show("alice", &id);
    let new = end(&view);
    assert_eq!(new, old.after("15s".parse().unwrap()), "exactly so much later");
    let login = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%' AND rolname <> 'jit_broker'";
    let name = server.sql("postgres", login);
    pass(left(old, &view));
    assert_eq!(ask(), "kettle", "the same session, past its old end");
    assert_eq!(server.sql("postgres", login), name, "the same login");
    let other = ["exec", &id, "--", psql.to_str().unwrap(), "-X", "-A", "-t", "-c", "SELECT item FROM orders"];
    assert_eq!(house.jit("alice", &other).ok().line(), "kettle", "a new session opens with the same credential");
    let view = house.show("alice", &id);
    assert_eq!(view["grant"]["claims"].as_array().map(Vec::len), Some(1), "no other claim was made: {view}");

    pass(left(new, &view));
    let view = house.stands("alice", &id, "ended");
    assert_eq!(view["grant"]["why"], "expired");
    assert_eq!(ask(), "", "what is open ends at the new end");
    let ran = finish(child);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("the grant ends in"), "a word ahead: {}", ran.err);
    assert_eq!(server.sql("postgres", login).trim(), "", "nothing is left");
    let ended: Timestamp = view["grant"]["ended"].as_str().unwrap().parse().unwrap();
    assert!(ended >= new && ended.since(new).secs() < 10, "{ended} is not {new}");
    house.verified();
}

/// The certificate that a command finds now.
fn certificate(place: &std::path::Path) -> Option<String> {
    let directory = std::fs::read_to_string(place).ok()?;
    let path = std::path::Path::new(directory.trim()).parent()?.join("id_jit-cert.pub");
    std::fs::read_to_string(path).ok()
}

fn approve(world: &World, who: &By, id: &str, code: i32) -> Value {
    let view = world.show(who, id);
    world.json(who, &["approve", id, "--hash", view["hash"].as_str().unwrap(), "--yes"], code)
}

#[test]
fn a_certificate_is_replaced_by_itself_and_a_running_command_gets_the_new_one() {
    let Some((world, alice, bob, carol)) = three() else { return };
    let id = world.ask(&alice, "shell", "20s", "INC-42 disk full")["id"].as_str().unwrap().to_owned();
    approve(&world, &bob, &id, 0);
    let place = world.dir.path().join("place");
    std::fs::write(&place, "").unwrap();
    crate::world::open(&place, 0o666);
    let script = format!("echo \"$JIT_SSH_CONFIG\" > {}; exec sleep 120", place.display());
    let child = start(&mut world.command(&alice, &["exec", &id, "--", "sh", "-c", &script]));
    until("the command has its certificate", || certificate(&place).is_some());
    let first = certificate(&place).unwrap();
    let old = end(&world.show(&alice, &id));

    // Alice is a lead, too: nobody approves their own extension, and who may not see it finds nothing.
    world.json(&alice, &["extend", &id, "--for", "20s", "--reason", "INC-42 still full", "--no-wait"], 0);
    approve(&world, &alice, &id, 5);
    world.json(&carol, &["show", &id], 1);
    let waiting = world.json(&bob, &["list", "--waiting"], 0);
    assert_eq!(waiting["requests"][0]["extensions"][0]["reason"], "INC-42 still full", "{waiting}");
    approve(&world, &bob, &id, 0);
    until("the new certificate is in place", || certificate(&place).is_some_and(|now| now != first));
    let view = world.show(&alice, &id);
    let new = end(&view);
    assert_eq!(new, old.after("20s".parse().unwrap()));
    pass(left(old, &view));
    let view = world.show(&alice, &id);
    assert_eq!(view["standing"], "active", "{view}");
    let claims = view["grant"]["claims"].as_array().unwrap();
    assert_eq!(claims.len(), 2, "one claim more, and no third: {view}");
    assert_eq!(claims[1]["standing"], "usable");
    let held = world.json(&alice, &["creds", &id, "--format", "json"], 0);
    let until_then: Timestamp = held[0]["valid_before"].as_str().unwrap().parse().unwrap();
    assert!(until_then > old && until_then.since_millis(new) <= 1000, "signed until the new end: {held}");
    assert_eq!(Some(held[0]["certificate"].as_str().unwrap().trim()), certificate(&place).as_deref().map(str::trim));
    pass(left(new, &view));
    world.until(&alice, &id, "ended");
    signal(child.id(), rustix::process::Signal::TERM);
    let _ = finish(child);
}

#[test]
fn what_becomes_of_an_extension_has_its_exit_code() {
    let house = House::with(&["alice", "bob", "dave"]);
    let id = house.granted("alice", "shell", &["--for", "30m"]);
    let extend = |more: &[&str]| {
        let base = ["extend", &id, "--reason", "INC-42 not done yet"];
        house.jit("alice", &[&base[..], more].concat())
    };
    let plan = extend(&["--for", "10m", "--dry-run", "--output", "json"]).ok().json();
    assert_eq!((&plan["for"], &plan["total"], &plan["max"]), (&"10m".into(), &"40m".into(), &"1h".into()), "{plan}");
    assert_eq!(house.show("alice", &id)["extensions"], serde_json::json!([]), "a plan asks nobody");
    let most = extend(&["--for", "31m"]).code(2);
    assert!(most.err.contains("at most 1h") && most.err.contains("--for 30m"), "the way out: {}", most.err);
    // Still pending, and how to go on.
    let left = extend(&["--for", "10m", "--timeout", "1s"]).code(8);
    assert!(left.err.contains(&format!("jit show {id} --wait")), "{}", left.err);
    assert!(left.err.contains("→"), "the old end and the new one: {}", left.err);
    let again = extend(&["--for", "5m"]).code(1);
    assert!(again.err.contains("waits for a decision already"), "{}", again.err);
    let card = house.jit("bob", &["show", &id]).ok().out;
    assert!(card.contains("extend    by 10m") && card.contains("INC-42 not done yet"), "{card}");
    // Taken back: the grant is as it was, and whoever waits hears it.
    let waiting = start(&mut house.holder("alice", &["show", &id, "--wait"]));
    pause(500);
    house.jit("alice", &["cancel", &id]).ok();
    finish(waiting).code(6);
    assert_eq!(house.show("alice", &id)["standing"], "ready");
    // Denied.
    let waiting = start(&mut house.holder("alice", &["extend", &id, "--for", "10m", "--reason", "INC-42 again"]));
    until("it waits", || house.show("bob", &id)["can_decide"] == true);
    let hash = house.show("bob", &id)["hash"].as_str().unwrap().to_owned();
    house.jit("bob", &["deny", &id, "--hash", &hash, "--reason", "enough for today"]).ok();
    let denied = finish(waiting).code(5);
    assert!(denied.err.contains("was denied by bob@example.com") && denied.err.contains("enough"), "{}", denied.err);
    // Approved, for less than was asked; a hand that stops the wait stops nothing else.
    let waiting = start(&mut house.holder("alice", &["extend", &id, "--for", "10m", "--reason", "INC-42 last"]));
    until("it waits", || house.show("bob", &id)["can_decide"] == true);
    signal(waiting.id(), rustix::process::Signal::INT);
    let stopped = finish(waiting).code(8);
    assert!(stopped.err.contains("lives on") && stopped.err.contains("jit cancel"), "{}", stopped.err);
    let waiting = start(&mut house.holder("alice", &["show", &id, "--wait"]));
    pause(500);
    house.approve("bob", &id, &["--for", "5m"]).ok();
    let approved = finish(waiting).ok();
    assert!(approved.out.contains("is extended by 5m"), "{}", approved.out);
    assert_eq!(house.show("alice", &id)["grant"]["for"], "35m");
    // Somebody else's, nobody's, and what is over.
    house.jit("dave", &["extend", &id, "--for", "5m", "--reason", "mine"]).code(5);
    house.jit("alice", &["extend", "req_01jb2k0000e00a000000000000", "--for", "5m", "--reason", "x"]).code(1);
    house.jit("alice", &["extend", &id, "--for", "5m"]).code(2);
    house.jit("alice", &["release", &id]).ok();
    let over = house.jit("alice", &["extend", &id, "--for", "5m", "--reason", "too late"]).code(6);
    assert!(over.err.contains("jit request"), "the way out: {}", over.err);
    let record = house.jit("ada", &["audit", "show", &id]).ok().out;
    for kind in ["extension.asked", "grant.extended"] {
        assert!(record.contains(kind), "{record}");
    }
    house.verified();
}
