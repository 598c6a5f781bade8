//! The same thing at once is one thing.

use std::collections::BTreeSet;

use crate::house::House;
use crate::process::{finish, start};

#[test]
fn twenty_helpers_at_once_make_one_request() {
    let house = House::with(&["alice", "bob"]);
    let args = ["request", "shell", "--reason", "twenty terminals open", "--no-wait"];
    let helpers: Vec<_> = (0..20).map(|_| start(&mut house.holder("alice", &args))).collect();
    let ids: BTreeSet<String> = helpers.into_iter().map(|child| finish(child).ok().line().to_owned()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let waiting = house.jit("bob", &["list", "--waiting", "--output", "json"]).ok().json();
    assert_eq!(waiting["requests"].as_array().unwrap().len(), 1);
    // While it is approved, and while it is in use, the same request is that grant.
    let id = ids.into_iter().next().unwrap();
    house.approve("bob", &id, &[]).ok();
    for _ in 0..2 {
        let again = house.jit("alice", &["request", "shell", "--reason", "again", "--output", "json"]).ok().lines();
        let filed = again.iter().find(|line| line["event"] == "filed").unwrap();
        assert_eq!((&filed["attached"], &filed["request"]["id"]), (&true.into(), &id.as_str().into()));
        let plan = again.iter().find(|line| line["event"] == "plan").unwrap();
        assert_eq!(plan["plan"]["covered_by"], id.as_str());
        house.jit("alice", &["exec", &id, "--", "true"]).ok();
    }
}

#[test]
fn twenty_commands_at_once_make_one_claim_and_one_release() {
    let house = House::with(&["alice", "bob"]);
    let id = house.granted("alice", "shell", &[]);
    let args = ["exec", &id, "--release", "--", "sh", "-c", "sleep 0.4; test -f \"$JIT_SSH_CONFIG\""];
    let commands: Vec<_> = (0..20).map(|_| start(&mut house.holder("alice", &args))).collect();
    for command in commands {
        finish(command).ok();
    }
    let view = house.stands("alice", &id, "ended");
    assert_eq!(view["grant"]["claims"].as_array().unwrap().len(), 1, "{view}");
    assert_eq!(view["grant"]["why"], "released");
}

#[test]
fn two_clicks_make_one_grant() {
    let house = House::with(&["alice", "bob", "carol"]);
    let id = house.file("alice", "shell", &[]);
    let hash = house.show("bob", &id)["hash"].as_str().unwrap().to_owned();
    let args = ["approve", &id, "--hash", &hash];
    let clicks: Vec<_> =
        ["bob", "carol", "bob", "carol"].iter().map(|who| start(&mut house.holder(who, &args))).collect();
    for click in clicks {
        let ran = finish(click);
        assert!(ran.code == 0 || ran.code == 1, "a harmless no-op with an honest word: {ran:?}");
    }
    let view = house.show("alice", &id);
    assert_eq!(view["standing"], "ready");
    let log = house.verified();
    for kind in ["ask.approved", "grant.made"] {
        assert_eq!(log.matches(kind).count(), 1, "one {kind}: {log}");
    }
}
