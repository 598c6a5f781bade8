//! Single stories of ends that are moved in a target: what fails, what comes late, what is overtaken.

use jit_life::request::MoveStatus;
use jit_life::{ClaimStatus, Command, EffectKind, GrantStatus, News, Reply, Timer};
use jit_types::{Span, Words};

use crate::extend::{after, last};
use crate::kit::{START, subject};
use crate::twists::{ANSWERED, CARRIED_OUT, ON_THE_WIRE, YES};
use crate::world::{Cut, World};

#[test]
fn what_is_claimed_again_for_the_new_end_does_not_cut_what_was_claimed_before() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("two");
    let old = world.take(request, 1, ANSWERED);
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    world.decide("dan", request, YES, false).expect("Dan may");
    assert_eq!(world.due(request, EffectKind::ClaimEnd(old)), Some(after(1800)));
    assert_eq!(world.due(request, EffectKind::Extend(old)), None, "a certificate's end can't be moved");
    assert_eq!(world.play(request, None, &Command::Due(Timer::ClaimEnd(old))), Ok(Reply::Noted), "too early");
    let new = world.take(request, 1, ANSWERED);
    world.drive();
    for claim in [old, new] {
        assert!(world.target.usable(claim, world.target_now()), "open connections live on");
    }
    assert_eq!(world.target.planted(new), Some(after(2400)));
    // One more for the same end takes the place of the one before it, and of that one only.
    let newest = world.take(request, 1, ANSWERED);
    assert!(matches!(world.status(request, new), ClaimStatus::Ending { .. }));
    assert!(matches!(world.status(request, old), ClaimStatus::Usable { .. }));
    world.now = after(1800);
    world.drive();
    assert!(matches!(world.status(request, old), ClaimStatus::Gone { .. }), "{:?}", world.status(request, old));
    assert!(world.target.usable(newest, world.target_now()) && world.granted(request).status == GrantStatus::Active);
    world.sound();
}

#[test]
fn at_the_old_end_nothing_is_cut_while_the_new_one_is_on_its_way() {
    for plants in [true, false] {
        let mut world = World::new(plants, 0);
        let request = world.half_hour("one");
        let claim = world.take(request, 0, ANSWERED);
        world.now = after(1795);
        world.extend("alice", request, 600).expect("Alice may");
        world.decide("bob", request, YES, false).expect("Bob may");
        world.target.up = false;
        for _ in 0..20 {
            world.pass(1);
            world.drive();
        }
        for timer in [Timer::End, Timer::ClaimEnd(claim)] {
            assert_eq!(world.play(request, None, &Command::Due(timer)), Ok(Reply::Noted));
        }
        assert!(matches!(world.status(request, claim), ClaimStatus::Usable { .. }));
        world.target.up = true;
        // The order that waits may have come too late by now: then another is made.
        for _ in 0..2 {
            world.pass(31);
            world.drive();
        }
        assert!(world.target.usable(claim, world.target_now()), "the target has answered");
        assert_eq!(world.target.planted(claim), plants.then(|| after(2400)));
        world.sound();
    }
}

#[test]
fn an_end_that_can_not_be_moved_stands_and_she_claims_again() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let old = world.take(request, 0, ANSWERED);
    world.target.frozen = true;
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    world.run_one(Cut::Never, &mut [].into());
    while world.due(request, EffectKind::Extend(old)).is_some() {
        world.run_one(Cut::Never, &mut [].into());
    }
    assert_eq!(world.due(request, EffectKind::ClaimEnd(old)), Some(after(1800)));
    let claim = world.state(request).claim(old).expect("a claim");
    assert_eq!((claim.moved.expect("tried").status, claim.ends()), (MoveStatus::Failed, after(1800)));
    assert!(world.watch.broken.is_empty() && world.target.planted(old) == Some(after(1800)));
    let new = world.take(request, 0, ANSWERED);
    assert!(world.target.usable(old, world.target_now()), "nothing is cut before its end");
    world.now = after(1800);
    world.drive();
    assert!(matches!(world.status(request, old), ClaimStatus::Gone { .. }));
    assert!(world.target.usable(new, world.target_now()) && world.target.planted(new) == Some(after(2400)));
    // What the target may have been told in vain is looked at until the end that it was told.
    assert!(world.due(request, EffectKind::Look(old)).is_some());
    world.sound();
}

#[test]
fn who_is_told_that_an_end_has_not_moved() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let claim = world.take(request, 0, ANSWERED);
    world.drive();
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    let news = EffectKind::Tell(News::NotExtended(claim));
    let not = |for_good| jit_life::NotMoved { words: Words::new("no"), for_good };
    let end = world.end(request);
    let answer = |outcome| Command::Extended { claim, end, outcome, jitter: 0 };
    for tries in 1..=3 {
        assert_eq!(world.due(request, news.clone()), None, "{tries}");
        drop(world.play(request, None, &answer(Err(not(false)))));
    }
    assert!(world.due(request, news.clone()).is_some(), "it takes long");
    world.outbox.remove(&(request, news.clone()));
    drop(world.play(request, None, &answer(Err(not(true)))));
    assert!(world.due(request, news).is_some(), "it will not be");
    drop(world.play(request, None, &Command::Release { by: subject("alice") }));
    assert_eq!(world.due(request, EffectKind::ClaimEnd(claim)), None, "it has ended before");
    world.sound();
}

#[test]
fn a_refusal_that_came_after_the_deadline_is_none_for_good() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let claim = world.take(request, 0, ANSWERED);
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    let deadline = world.state(request).claim(claim).expect("a claim").deadline;
    assert_eq!(deadline, START.after(Span::from_secs(30)));
    world.pass(31);
    world.drive();
    assert!(world.state(request).claim(claim).expect("a claim").moving(), "it is asked for again, with a new deadline");
    world.pass(2);
    world.drive();
    assert_eq!(world.target.planted(claim), Some(after(2400)));
    world.sound();
}

#[test]
fn an_extension_while_the_credential_is_being_issued_moves_its_end_when_it_is_there() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let claim = world.take(request, 0, CARRIED_OUT);
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    let state = world.state(request).claim(claim).expect("a claim").clone();
    assert_eq!((state.end, state.moved), (after(1800), None), "the order on its way names the old end");
    assert_eq!(world.due(request, EffectKind::ClaimEnd(claim)), Some(after(1800)));
    world.answer(0, false);
    assert_eq!(world.due(request, EffectKind::ClaimEnd(claim)), None, "it ends later now");
    world.drive();
    assert_eq!(world.target.planted(claim), Some(after(2400)));
    world.sound();
    // One that is never answered gives the window back; what was approved in all is what it opens for next time.
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    world.take(request, 0, ON_THE_WIRE);
    world.extend("alice", request, 600).expect("Alice may");
    assert_eq!(last(world.state(request)).worst_end(), after(4200), "it may be given back and opened again");
    world.decide("bob", request, YES, false).expect("Bob may");
    world.target.up = false;
    world.answer(0, false);
    world.calm();
    assert_eq!((world.granted(request).status, world.granted(request).span.secs()), (GrantStatus::Ready, 2400));
    world.sound();
}

#[test]
fn what_was_replaced_is_not_extended_with_what_replaced_it() {
    // Answered only when another was claimed for the new end.
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let old = world.take(request, 0, CARRIED_OUT);
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    let new = world.take(request, 0, ANSWERED);
    world.answer(0, false);
    world.drive();
    assert_eq!((world.target.planted(old), world.target.planted(new)), (Some(after(1800)), Some(after(2400))));
    // Nor by the next extension.
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    world.drive();
    assert_eq!((world.target.planted(old), world.target.planted(new)), (Some(after(1800)), Some(after(3000))));
    world.sound();
}

#[test]
fn an_order_that_was_overtaken_never_moves_the_end_back() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("rule");
    let claim = world.take(request, 0, ANSWERED);
    world.stall = true;
    world.extend("alice", request, 600).expect("by rule");
    world.drive();
    assert_eq!(world.moves.len(), 1, "on its way, and nobody waits for it");
    world.extend("alice", request, 600).expect("by rule");
    world.stall = false;
    world.drive();
    let first = world.state(request).claim(claim).expect("a claim");
    assert!(first.moving() && first.end == after(3000) && world.target.planted(claim) == Some(after(1800)));
    // An answer to the first order says nothing of the second.
    let old = Command::Extended { claim, end: after(2400), outcome: Ok(crate::twists::handle("x")), jitter: 0 };
    assert_eq!(world.play(request, None, &old), Ok(Reply::Noted));
    assert!(world.state(request).claim(claim).expect("a claim").moving());
    world.arrive(0);
    assert_eq!(world.target.planted(claim), Some(after(2400)));
    world.pass(36);
    world.drive();
    assert_eq!(world.target.planted(claim), Some(after(3000)));
    world.sound();
}

#[test]
fn what_ends_while_its_end_is_moving_is_cut_at_once_and_proven_when_no_order_can_come() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let claim = world.take(request, 0, ANSWERED);
    world.stall = true;
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    world.drive();
    let settled = world.state(request).claim(claim).expect("a claim").deadline.plus_millis(5_000);
    drop(world.play(request, None, &Command::Release { by: subject("alice") }));
    world.drive();
    assert!(!world.target.usable(claim, world.target_now()), "cut at once");
    assert!(matches!(world.status(request, claim), ClaimStatus::Ending { .. }), "but not proven");
    assert_eq!(world.due(request, EffectKind::Revoke(claim)), Some(settled));
    let end = world.state(request).claim(claim).expect("a claim").end;
    let not = jit_life::NotMoved { words: Words::new("no answer in time"), for_good: false };
    for outcome in [Err(not), Ok(crate::twists::handle("x"))] {
        let late = Command::Extended { claim, end, outcome, jitter: 0 };
        assert_eq!(world.play(request, None, &late), Ok(Reply::Noted));
        assert!(matches!(world.status(request, claim), ClaimStatus::Ending { .. }));
    }
    assert_eq!(world.due(request, EffectKind::Extend(claim)), None, "nobody moves it any more");
    world.now = settled;
    world.drive();
    assert!(matches!(world.status(request, claim), ClaimStatus::Gone { .. }));
    world.sound();
}

#[test]
fn what_ends_while_its_end_is_moving_is_tried_again_soon() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let claim = world.take(request, 0, ANSWERED);
    world.stall = true;
    world.extend("alice", request, 600).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    world.drive();
    world.target.up = false;
    drop(world.play(request, None, &Command::Release { by: subject("alice") }));
    world.drive();
    let due = world.due(request, EffectKind::Revoke(claim)).expect("another try");
    assert!(due < world.now.plus_millis(1_000), "not only when no order can come any more: {due}");
    world.sound();
}

#[test]
fn an_order_with_a_new_end_is_not_carried_out_after_that_end() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("rule");
    let claim = world.take(request, 0, ANSWERED);
    world.now = after(1795);
    world.extend("alice", request, 10).expect("by rule");
    let state = world.state(request).claim(claim).expect("a claim");
    assert_eq!((state.end, state.deadline), (after(1810), after(1810)));
    world.sound();
}

#[test]
fn a_proof_waits_while_any_order_to_move_the_end_may_come() {
    // Nobody knows whether the order has gone out; it went out twice, and the second was answered; it was answered, perhaps
    // to a try after that of a broker that died.
    for (stalled, answered) in [(false, false), (true, true), (false, true)] {
        let mut world = World::new(true, 0);
        let request = world.half_hour("rule");
        let claim = world.take(request, 0, ANSWERED);
        world.stall = stalled;
        world.extend("alice", request, 600).expect("by rule");
        if stalled {
            world.drive();
        }
        world.stall = false;
        if answered {
            world.pass(1);
            world.drive();
        }
        drop(world.play(request, None, &Command::Release { by: subject("alice") }));
        world.drive();
        assert!(!world.target.usable(claim, world.target_now()), "cut at once");
        assert!(matches!(world.status(request, claim), ClaimStatus::Ending { .. }), "{stalled} {answered}");
        world.pass(36);
        world.drive();
        assert!(matches!(world.status(request, claim), ClaimStatus::Gone { .. }), "{stalled} {answered}");
        world.sound();
    }
}

#[test]
fn an_extension_soon_after_another_waits_until_no_order_to_the_first_end_can_come() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("rule");
    let claim = world.take(request, 0, ANSWERED);
    world.extend("alice", request, 600).expect("by rule");
    world.drive();
    assert_eq!(world.target.planted(claim), Some(after(2400)));
    world.extend("alice", request, 600).expect("by rule");
    assert_eq!(world.due(request, EffectKind::Extend(claim)), Some(after(35)));
    // Later there is nothing to wait for.
    world.pass(35);
    world.drive();
    assert_eq!(world.target.planted(claim), Some(after(3000)));
    world.pass(60);
    world.extend("alice", request, 600).expect("by rule");
    assert_eq!(world.due(request, EffectKind::Extend(claim)), Some(world.now));
    world.sound();
}

#[test]
fn what_the_target_says_of_the_moved_object_is_kept() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("rule");
    let claim = world.take(request, 0, ANSWERED);
    world.extend("alice", request, 600).expect("by rule");
    let handle = crate::twists::handle("after the move");
    let moved = Command::Extended { claim, end: after(2400), outcome: Ok(handle.clone()), jitter: 0 };
    drop(world.play(request, None, &moved));
    assert_eq!(world.state(request).claim(claim).expect("a claim").handle, Some(handle));
}
