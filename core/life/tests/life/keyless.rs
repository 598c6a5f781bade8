//! Requests that were filed over a channel that has no keys: the first claim sets the key, once.

use jit_life::policy::Caller;
use jit_life::step::Take;
use jit_life::{Command, Facts, Locks, RefusedKind, Reply, Request, transition};
use jit_types::{Digest, Span};

use crate::kit::{caller, claim_key, id};
use crate::twists::{ANSWERED, BROKER_DIES};
use crate::world::World;

fn asked_in_chat(world: &mut World, role: &str) -> jit_types::RequestId {
    world.chat = true;
    let request = world.filed(role);
    world.chat = false;
    assert_eq!(world.state(request).claim_key, None);
    request
}

#[test]
fn the_first_claim_sets_the_key_and_no_other_claims_after_it() {
    let mut world = World::new(true, 0);
    let request = asked_in_chat(&mut world, "rule");
    world.take(request, 0, ANSWERED);
    assert_eq!(world.state(request).claim_key, Some(claim_key("alice")));
    let claim = id(world.next());
    let other = world.claim("alice", request, claim, 0, 20, &claim_key("a thief's"), ANSWERED);
    assert_eq!(other.expect_err("the key is set").kind, RefusedKind::Denied);
    world.take(request, 0, ANSWERED);
    world.sound();
}

/// The key and the first intent are one step: a broker that dies right after it has set both, and never one.
#[test]
fn a_broker_that_dies_after_the_first_intent_has_set_the_key() {
    let mut world = World::new(true, 0);
    let request = asked_in_chat(&mut world, "rule");
    world.take(request, 0, BROKER_DIES);
    assert_eq!(world.state(request).claim_key, Some(claim_key("alice")));
    world.sound();
}

#[test]
fn nobody_else_sets_it() {
    let mut world = World::new(true, 0);
    let request = asked_in_chat(&mut world, "rule");
    let claim = id(world.next());
    let other = world.claim("bob", request, claim, 0, 20, &claim_key("bob"), ANSWERED);
    assert!(other.is_err(), "{other:?}");
    assert_eq!(world.state(request).claim_key, None);
    world.sound();
}

fn claimed_by(state: &Request, world: &World, who: &Caller) -> Result<Reply, jit_life::Refused> {
    let backends = |backend: &_, scope: &_| world.law.capability(backend, scope);
    let right = jit_life::policy::may_use(&world.rules, who, &state.role, &state.params, &backends)?;
    let (material, patience) = (Digest::of(b"material"), Span::from_secs(20));
    let take = Take { claim: id(900), entitlement: 0, right, claim_key: claim_key("a thief's"), material, patience };
    let step = transition(Some(state), &Facts::new(Locks::default()), &Command::Claim(Box::new(take)), world.now);
    assert_eq!(step.reply.is_err(), step.state.is_none());
    step.reply
}

/// A stolen token alone takes nothing: not what was asked for over chat either.
#[test]
fn no_token_sets_it() {
    let mut world = World::new(true, 0);
    let request = asked_in_chat(&mut world, "rule");
    let state = world.state(request).clone();
    let token = Caller { principal: "token:tok_1".parse().unwrap(), ..caller("alice") };
    let refused = claimed_by(&state, &world, &token).expect_err("a token sets no key");
    assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Denied, "claim"));
    assert!(claimed_by(&state, &world, &caller("alice")).is_ok());
    world.sound();
}

/// The hash of an extension is over the key, so there is none before there is a key.
#[test]
fn what_has_no_key_is_not_extended() {
    let mut world = World::new(true, 0);
    world.chat = true;
    let request = world.file("alice", "rule", true, Some(600)).expect("Alice may ask").0;
    let refused = world.extend("alice", request, 600).expect_err("it has no key");
    assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Conflict, "grant"));
    world.take(request, 0, ANSWERED);
    world.extend("alice", request, 600).expect("it has one");
    world.sound();
}
