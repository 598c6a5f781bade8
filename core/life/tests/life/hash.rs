//! What a review names: everything that bounds what a grant may be, and what may be filed at all.

use jit_life::step::File;
use jit_life::transition::MOST_OPEN;
use jit_life::{Command, Facts, Locks, RefusedKind, Request, transition};
use jit_types::{Capability, Digest, Grade, ParamValue, Scope, Span, Tail, Timestamp, Words};

use crate::kit::{START, claim_key, id, sealed, subject};
use crate::world::World;

fn file(world: &World) -> Command {
    let right = world.may_request("alice", &world.wish("one", true, None)).expect("Alice may ask");
    let reason = sealed("alice", "why");
    let file = File { id: id(1), ask: id(2), grant: id(3), right, claim_key: Some(claim_key("alice")), reason };
    Command::File(Box::new(file))
}

fn request() -> Request {
    let step = transition(None, &Facts::new(Locks::default()), &file(&World::new(true, 0)), START);
    step.state.expect("it is filed")
}

/// What may be another.
type Change = fn(&mut Request);

fn capability(request: &mut Request) -> &mut Capability {
    &mut request.gives[0].capability
}

#[test]
fn the_hash_is_over_all_that_bounds_a_grant() {
    let hash = |request: &Request| {
        let ask = &request.asks[0];
        request.content_hash(ask.span, ask.start_by, ask.decide_by)
    };
    let changes: [(&str, Change); 23] = [
        ("request", |r| r.id = id(9)),
        ("requester", |r| r.subject = subject("bob")),
        ("role", |r| r.role = "two".parse().unwrap()),
        ("revision", |r| r.revision = Digest::of(b"another")),
        ("parameter", |r| r.params.values_mut().for_each(|v| *v = ParamValue::Text("stock".into()))),
        ("no parameter", |r| r.params.clear()),
        ("backend", |r| r.gives[0].backend = "list".parse().unwrap()),
        ("target", |r| r.gives[0].target = "elsewhere".into()),
        ("scope", |r| r.gives[0].scope = Scope(serde_json::json!({ "databases": ["all"] }))),
        ("one more", |r| r.gives.push(r.gives[0].clone())),
        ("gives", |r| capability(r).gives = Words::new("everything")),
        ("warning", |r| capability(r).warnings = vec![Words::new("PUBLIC may connect elsewhere")]),
        ("swept", |r| capability(r).swept = Tail::AtMost(Span::from_secs(9))),
        ("unswept", |r| capability(r).unswept = Tail::NoBound(Words::new("nobody sweeps"))),
        ("no planted end", |r| capability(r).plants_end = false),
        ("publishing", |r| capability(r).publishes = true),
        ("proof", |r| capability(r).proof = Grade::ByConstruction),
        ("claim key", |r| r.claim_key = Some(claim_key("eve"))),
        ("no claim key", |r| r.claim_key = None),
        ("reason", |r| r.reason = sealed("alice", "another")),
        ("span", |r| r.asks[0].span = Span::from_secs(9)),
        ("start by", |r| r.asks[0].start_by = Span::from_secs(9)),
        ("the same end, otherwise made up", |r| {
            r.asks[0].span = Span::from_secs(1200);
            r.asks[0].start_by = Span::from_secs(2400);
        }),
    ];
    let base = request();
    assert_eq!(hash(&base), base.asks[0].hash);
    let mut seen = std::collections::BTreeMap::from([(hash(&base), "nothing")]);
    for (what, change) in changes {
        let mut other = base.clone();
        change(&mut other);
        assert_eq!(seen.insert(hash(&other), what), None, "{what}");
    }
    let ask = &base.asks[0];
    let later = base.content_hash(ask.span, ask.start_by, Timestamp::from_millis(ask.decide_by.millis() + 1));
    assert_eq!(seen.get(&later), None, "decide by");
}

#[test]
fn an_extensions_hash_is_over_what_it_would_extend_and_to_which_end() {
    let mut world = World::new(true, 0);
    let id_of = world.half_hour("one");
    world.extend("alice", id_of, 600).expect("Alice may");
    let base = world.state(id_of).clone();
    let hash = |request: &Request| request.hash_of(request.newest().expect("an extension"));
    let changes: [(&str, Change); 24] = [
        ("request", |r| r.id = id(9)),
        ("ask", |r| r.asks[1].id = id(9)),
        ("grant", |r| r.grant.iter_mut().for_each(|grant| grant.id = id(9))),
        ("requester", |r| r.subject = subject("bob")),
        ("role", |r| r.role = "two".parse().unwrap()),
        ("revision", |r| r.revision = Digest::of(b"another")),
        ("parameter", |r| r.params.values_mut().for_each(|v| *v = ParamValue::Text("stock".into()))),
        ("backend", |r| r.gives[0].backend = "list".parse().unwrap()),
        ("target", |r| r.gives[0].target = "elsewhere".into()),
        ("scope", |r| r.gives[0].scope = Scope(serde_json::json!({ "databases": ["all"] }))),
        ("gives", |r| capability(r).gives = Words::new("everything")),
        ("warning", |r| capability(r).warnings = vec![Words::new("PUBLIC may connect elsewhere")]),
        ("swept", |r| capability(r).swept = Tail::AtMost(Span::from_secs(9))),
        ("unswept", |r| capability(r).unswept = Tail::NoBound(Words::new("nobody sweeps"))),
        ("claim key", |r| r.claim_key = Some(claim_key("eve"))),
        ("plants end", |r| capability(r).plants_end = false),
        ("publishes", |r| capability(r).publishes = true),
        ("its own reason", |r| r.asks[1].reason = Some(sealed("alice", "another"))),
        ("no reason of its own", |r| r.asks[1].reason = None),
        ("granted", |r| extension(r).span = Span::from_secs(9)),
        ("old end", |r| extension(r).end = START),
        ("span", |r| r.asks[1].span = Span::from_secs(9)),
        ("decide by", |r| r.asks[1].decide_by = START),
        ("no extension", |r| r.asks[1].extends = None),
    ];
    let mut seen = std::collections::BTreeMap::from([(hash(&base), "nothing"), (base.asks[0].hash, "the first ask")]);
    for (what, change) in changes {
        let mut other = base.clone();
        change(&mut other);
        assert_eq!(seen.insert(hash(&other), what), None, "{what}");
    }
    // The reason of the first ask is none of its business.
    let mut other = base.clone();
    other.reason = sealed("alice", "another");
    assert_eq!(hash(&other), hash(&base));
}

fn extension(request: &mut Request) -> &mut jit_life::request::Extension {
    request.asks[1].extends.as_mut().unwrap()
}

#[test]
fn the_key_of_a_request_is_person_role_and_parameters() {
    let base = request();
    let key = |change: fn(&mut Request)| {
        let mut other = base.clone();
        change(&mut other);
        other.own_key()
    };
    assert_eq!(key(|r| r.id = id(9)), base.own_key());
    assert_ne!(key(|r| r.subject = subject("bob")), base.own_key());
    assert_ne!(key(|r| r.role = "two".parse().unwrap()), base.own_key());
    assert_ne!(key(|r| r.params.clear()), base.own_key());
    assert_ne!(key(|r| r.params.values_mut().for_each(|v| *v = ParamValue::Bool(true))), base.own_key());
}

#[test]
fn a_loop_that_files_is_stopped() {
    let world = World::new(true, 0);
    let filed = |open_of_person| {
        transition(None, &Facts { open_of_person, ..Facts::new(Locks::default()) }, &file(&world), START)
    };
    assert!(filed(MOST_OPEN - 1).reply.is_ok());
    let step = filed(MOST_OPEN);
    assert_eq!(step.reply.expect_err("too many").kind, RefusedKind::Denied);
    assert!(step.state.is_none() && step.effects.is_empty() && step.events.len() == 1);
}
