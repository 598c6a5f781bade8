//! What a claim may not go beyond: what was promised of its end, and how often.

use jit_life::policy::{self, MayUse};
use jit_life::role::ParamType;
use jit_life::step::Take;
use jit_life::transition::MOST_CLAIMS;
use jit_life::{Command, Facts, Locks, Refused, RefusedKind, Reply, Request, transition};
use jit_types::{Capability, Digest, Grade, Lane, Span, Words};

use crate::kit::{Law, START, caller, claim_key, id};
use crate::world::World;

/// What a backend may say otherwise at the claim.
type Change = fn(&mut Capability);

fn granted(role: &str) -> Request {
    let mut world = World::new(true, 0);
    let (request, _) = world.file("alice", role, true, Some(3600)).expect("Alice may ask");
    if role != "rule" {
        world.decide("bob", request, crate::twists::YES, false).expect("Bob may");
    }
    world.requests[&request].clone()
}

fn right(request: &Request, change: Change) -> MayUse {
    let law = Law::new(true);
    let promise = |backend: &_, scope: &_| {
        let mut capability = law.capability(backend, scope)?;
        change(&mut capability);
        Ok(capability)
    };
    policy::may_use(&law.rules(), &caller("alice"), &request.role, &request.params, &promise).expect("she may")
}

fn take(request: &Request, number: u64, change: Change) -> (Option<Request>, Result<Reply, Refused>) {
    let take = Take {
        claim: id(1000 + number),
        entitlement: 0,
        right: right(request, change),
        claim_key: claim_key("alice"),
        material: Digest::of(b"none"),
        patience: Span::from_secs(20),
    };
    let step = transition(Some(request), &Facts::new(Locks::default()), &Command::Claim(Box::new(take)), START);
    assert!(step.reply.is_ok() || step.state.is_none(), "a refusal changes nothing");
    (step.state, step.reply)
}

#[test]
fn a_worse_promise_of_the_end_refuses_the_claim_and_a_better_one_does_not() {
    let worse: [(&str, Change); 7] = [
        ("proof by construction", |c| c.proof = Grade::ByConstruction),
        ("no proof", |c| c.proof = Grade::None { because: Words::new("nobody can look") }),
        ("no planted end", |c| c.plants_end = false),
        ("another way to publish", |c| c.publishes = !c.publishes),
        ("a lane for all", |c| c.lane = Lane::Shared("all".into())),
        ("shared with others", |c| c.holding = Some("a role".into())),
        ("a warning", |c| c.warnings = vec![Words::new("PUBLIC may connect elsewhere")]),
    ];
    let request = granted("one");
    for (what, change) in worse {
        let refused = take(&request, 0, change).1.expect_err(what);
        assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Conflict, "role"), "{what}");
    }
    assert!(take(&request, 0, |_| {}).1.is_ok());
    // What was approved with less is given with more.
    let mut modest = request;
    for gives in &mut modest.gives {
        gives.capability.proof = Grade::ByConstruction;
        gives.capability.plants_end = false;
    }
    assert!(take(&modest, 0, |_| {}).1.is_ok(), "a better proof is no change for the worse");
}

#[test]
fn a_grant_is_claimed_only_so_often() {
    let mut request = granted("rule");
    for number in 0..MOST_CLAIMS {
        let (state, reply) = take(&request, number as u64, |_| {});
        assert!(reply.is_ok(), "{number}: {reply:?}");
        request = state.expect("it was claimed");
    }
    let (_, reply) = take(&request, MOST_CLAIMS as u64, |_| {});
    let refused = reply.expect_err("once too often");
    assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Denied, "claim"));
    assert!(refused.hint.expect("a way out").as_str().contains("ask anew"));
    // One that was made before is still that one.
    assert!(matches!(take(&request, 0, |_| {}).1, Ok(Reply::Already(_))));
}

#[test]
fn other_choices_are_another_revision() {
    let revision = |kind: ParamType| {
        let mut rules = Law::new(true).rules();
        let role = rules.roles.get_mut(&"one".parse().unwrap()).expect("a role");
        role.params.values_mut().for_each(|param| param.kind = kind.clone());
        role.revision()
    };
    let choice = |of: &[&str]| revision(ParamType::Choice(of.iter().map(ToString::to_string).collect()));
    assert_eq!(choice(&["a", "b"]), choice(&["a", "b"]));
    assert_ne!(choice(&["a", "b"]), choice(&["a, b"]), "two choices are not one that reads like them");
    assert_ne!(choice(&["a", "b"]), choice(&["a", "b", "c"]));
    let number = |min, max| revision(ParamType::Number { min, max });
    assert_ne!(number(1, 2), number(1, 3));
    assert_ne!(revision(ParamType::Bool), choice(&["true", "false"]));
    let text = |pattern: &str| revision(ParamType::Text(regex::Regex::new(pattern).unwrap()));
    assert_ne!(text("a"), text("b"));
}
