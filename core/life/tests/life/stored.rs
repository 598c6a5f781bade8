//! What earlier versions have written is read, lives on, and is written as it was where nothing new is in it.

use jit_life::policy::may_extend;
use jit_life::request::MoveStatus;
use jit_life::{AskStatus, Command, Facts, Locks, Request, Timer, transition};
use jit_types::Span;

use crate::kit::caller;
use crate::twists::ANSWERED;
use crate::world::World;

/// The states of the first version: one a line.
const FIRST: &str = include_str!("stored/1.jsonl");

#[test]
fn states_of_the_first_version_are_read_and_written_as_they_were() {
    let mut read = 0;
    for line in FIRST.lines() {
        let request: Request = serde_json::from_str(line).expect("a state of the first version");
        assert_eq!(serde_json::to_string(&request).expect("it is written"), line);
        assert!(
            request.erased.is_none()
                && request.claims().all(|claim| claim.moved.is_none() && claim.ends() == claim.end)
        );
        let ask = request.newest().expect("an ask");
        assert_eq!((ask.total(), request.reason_of(ask)), (ask.span, request.reason));
        assert_eq!(request.hash_of(ask), request.content_hash(ask.span, ask.start_by, ask.decide_by));
        read += 1;
    }
    assert_eq!(read, 5);
}

#[test]
fn a_grant_of_the_first_version_ends_on_time() {
    for line in FIRST.lines() {
        let request: Request = serde_json::from_str(line).expect("a state of the first version");
        let Some(end) = request.grant.as_ref().and_then(|grant| grant.window).map(|window| window.end) else {
            continue;
        };
        if !request.claims().any(|claim| claim.held()) {
            continue;
        }
        let step = transition(Some(&request), &Facts::new(Locks::default()), &Command::Due(Timer::End), end);
        assert!(step.state.expect("it ends").claims().all(|claim| !claim.held()));
    }
}

#[test]
fn all_that_is_new_is_read_back() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let claim = world.take(request, 0, ANSWERED);
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, crate::twists::YES, false).expect("Bob may");
    world.extend("alice", request, 600).expect("Alice may");
    let state = world.state(request).clone();
    assert_eq!(state.claim(claim).and_then(|claim| claim.moved).map(|moved| moved.status), Some(MoveStatus::Moving));
    assert_eq!(state.newest().map(|ask| ask.status), Some(AskStatus::Pending));
    let text = serde_json::to_string(&state).expect("it is written");
    assert_eq!(serde_json::from_str::<Request>(&text).expect("and read"), state);
    for row in world.outbox.values() {
        let text = serde_json::to_string(&row.effect.kind).expect("it is written");
        assert_eq!(serde_json::from_str::<jit_life::EffectKind>(&text).expect("and read"), row.effect.kind);
    }
    assert!(state.newest().is_some_and(|ask| state.hash_of(ask) == ask.hash));
    let backends = |backend: &_, scope: &_| world.law.capability(backend, scope);
    let right = may_extend(&world.rules, &caller("alice"), &state, Span::from_secs(60), "INC-42", &backends);
    assert!(right.is_ok());
    world.sound();
}
