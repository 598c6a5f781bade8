//! Single stories of ends that the target's own clock brings: they are looked at first, and are one step.

use jit_life::{ClaimStatus, Command, EffectKind, EndWhy, GrantStatus, Reply};
use jit_types::{ClaimId, Grade, Proof, Timestamp, Words};

use crate::extend::after;
use crate::twists::{ANSWERED, BROKER_DIES, YES};
use crate::world::World;

fn proof(at: Timestamp) -> Proof {
    Proof { grade: Grade::ByConstruction, at, evidence: vec![Words::new("looked")], tail: vec![] }
}

fn expired(claims: &[ClaimId], at: Timestamp) -> Command {
    Command::Expired { gone: claims.iter().map(|claim| (*claim, proof(at))).collect() }
}

#[test]
fn what_was_seen_gone_ends_in_one_step() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("two");
    let claims = [0, 1].map(|entitlement| world.take(request, entitlement, ANSWERED));
    world.now = after(1800);
    world.play(request, None, &expired(&claims, after(1800))).expect("it ends");
    let ended = GrantStatus::Ended { why: EndWhy::Expired, at: after(1800) };
    assert_eq!(world.granted(request).status, ended);
    for claim in claims {
        assert_eq!(world.status(request, claim), &ClaimStatus::Gone { proof: proof(after(1800)) });
        assert_eq!(world.due(request, EffectKind::Revoke(claim)), None, "nothing is left to do");
    }
    world.sound();
}

#[test]
fn what_was_not_seen_gone_is_revoked_as_ever() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("two");
    let claims = [0, 1].map(|entitlement| world.take(request, entitlement, ANSWERED));
    world.now = after(1800);
    world.play(request, None, &expired(&claims[..1], after(1800))).expect("it ends");
    assert!(matches!(world.granted(request).status, GrantStatus::Ending { .. }));
    assert!(matches!(world.status(request, claims[0]), ClaimStatus::Gone { .. }));
    assert_eq!(world.due(request, EffectKind::Revoke(claims[1])), Some(after(1800)));
    world.drive();
    assert!(!world.target.usable(claims[1], world.target_now()));
    world.sound();
}

#[test]
fn what_was_seen_before_the_end_proves_nothing() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let claim = world.take(request, 0, ANSWERED);
    // Too early: nothing ends.
    world.now = after(1799);
    assert_eq!(world.play(request, None, &expired(&[claim], after(1799))), Ok(Reply::Noted));
    assert!(matches!(world.status(request, claim), ClaimStatus::Usable { .. }));
    // In time, but looked at before: the ordinary way.
    world.now = after(1800);
    world.play(request, None, &expired(&[claim], after(1799))).expect("it ends");
    assert!(matches!(world.status(request, claim), ClaimStatus::Ending { .. }));
    assert_eq!(world.due(request, EffectKind::Revoke(claim)), Some(after(1800)));
    world.sound();
}

#[test]
fn what_was_extended_since_lives_on() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let claim = world.take(request, 0, ANSWERED);
    world.now = after(1795);
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    world.now = after(1801);
    assert_eq!(world.play(request, None, &expired(&[claim], after(1801))), Ok(Reply::Noted));
    assert!(matches!(world.status(request, claim), ClaimStatus::Usable { .. }));
    assert_eq!(world.due(request, EffectKind::End), Some(after(2400)));
    world.drive();
    world.sound();
}

#[test]
fn an_order_without_an_answer_is_settled_first() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    world.now = after(100);
    let claim = world.take(request, 0, ANSWERED);
    world.now = after(1890);
    let unanswered = world.take(request, 0, BROKER_DIES);
    world.now = after(1900);
    world.play(request, None, &expired(&[claim, unanswered], after(1900))).expect("it ends");
    assert!(matches!(world.status(request, unanswered), ClaimStatus::Ending { was_usable: false }));
    assert!(world.due(request, EffectKind::Revoke(unanswered)).is_some_and(|due| due > after(1900)));
    assert!(matches!(world.granted(request).status, GrantStatus::Ending { .. }));
    world.sound();
}
