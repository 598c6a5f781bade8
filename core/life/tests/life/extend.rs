//! Single stories of extensions: what people are told, what a target that fails does, what a race leaves.

use jit_life::request::MoveStatus;
use jit_life::transition::MOST_ASKS;
use jit_life::{
    AskStatus, CancelWhy, ClaimStatus, Command, EffectKind, EndWhy, Grant, GrantStatus, News, RefusedKind, Reply,
    Request, Timer, Verdict,
};
use jit_types::{RequestId, Span, Timestamp, Words};

use crate::kit::{START, claim_key, id, subject};
use crate::twists::{ANSWERED, CARRIED_OUT, ON_THE_WIRE, YES, less};
use crate::world::{Cut, World};

fn after(secs: u64) -> Timestamp {
    START.after(Span::from_secs(secs))
}

impl World {
    /// A grant of half an hour for the role that one approver gives.
    pub(crate) fn half_hour(&mut self, role: &str) -> RequestId {
        let request = self.file("alice", role, true, Some(1800)).expect("Alice may ask").0;
        if role != "rule" {
            self.decide("bob", request, YES, false).expect("Bob may");
        }
        if role == "two" {
            self.decide("dan", request, YES, false).expect("Dan may");
        }
        request
    }

    pub(crate) fn granted(&self, request: RequestId) -> &Grant {
        self.state(request).grant.as_ref().expect("a grant")
    }

    fn end(&self, request: RequestId) -> Timestamp {
        self.granted(request).window.expect("a window").end
    }

    fn due(&self, request: RequestId, kind: EffectKind) -> Option<Timestamp> {
        self.outbox.get(&(request, kind)).map(|row| row.effect.due)
    }
}

fn last(request: &Request) -> &jit_life::Ask {
    request.newest().expect("an ask")
}

#[test]
fn the_old_end_holds_until_an_extension_is_approved_and_then_the_new_one_does() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let claim = world.take(request, 0, ANSWERED);
    let asked = world.extend("alice", request, 1200);
    let ask = last(world.state(request)).clone();
    assert_eq!(asked, Ok(Reply::Asked(ask.id)));
    assert_eq!((world.end(request), ask.decide_by, ask.worst_end()), (after(1800), after(1800), after(3000)));
    assert_eq!(world.target.planted(claim), Some(after(1800)), "nothing is moved for the asking");
    let reply = world.decide("bob", request, less(600), false);
    assert_eq!(reply, Ok(Reply::Decided(Words::new("approved for 10m more"))));
    assert_eq!((world.end(request), world.granted(request).span.secs()), (after(2400), 2400));
    assert_eq!(world.due(request, EffectKind::End), Some(after(2400)));
    assert!(world.due(request, EffectKind::Tell(News::Extension(ask.id))).is_some(), "she is told");
    world.drive();
    assert_eq!(world.target.planted(claim), Some(after(2400)));
    assert_eq!(world.state(request).claim(claim).expect("a claim").moved.expect("moved").status, MoveStatus::Moved);
    // The timer of the old end, which somebody was at work on, does nothing.
    world.now = after(1800);
    assert_eq!(world.play(request, None, &Command::Due(Timer::End)), Ok(Reply::Noted));
    assert!(world.target.usable(claim, world.target_now()) && world.granted(request).status == GrantStatus::Active);
    world.now = after(2400);
    world.drive();
    assert!(!world.target.usable(claim, world.target_now()));
    assert!(matches!(world.granted(request).status, GrantStatus::Ended { why: EndWhy::Expired, .. }));
    world.sound();
}

#[test]
fn an_extension_that_nobody_approves_leaves_the_grant_as_it_was() {
    for how in ["deny", "cancel", "lapse", "rules"] {
        let mut world = World::new(true, 0);
        let request = world.half_hour("one");
        let claim = world.take(request, 0, ANSWERED);
        world.extend("alice", request, 600).expect("Alice may");
        let grant = world.granted(request).clone();
        let (status, why) = match how {
            "deny" => {
                world.decide("bob", request, Verdict::Deny, false).expect("Bob may");
                (AskStatus::Denied, None)
            }
            "cancel" => {
                let cancel = world.play(request, None, &Command::Cancel { by: subject("alice") });
                assert_eq!(cancel, Ok(Reply::Cancelled));
                (AskStatus::Cancelled, Some(CancelWhy::Taken))
            }
            "lapse" => {
                let ask = last(world.state(request)).id;
                world.now = after(1800);
                assert_eq!(world.play(request, None, &Command::Due(Timer::Lapse(ask))), Ok(Reply::Noted));
                (AskStatus::Lapsed, None)
            }
            _ => {
                world.change_law(|law| law.alice_asks = false);
                world.revise();
                (AskStatus::Cancelled, Some(CancelWhy::Rules))
            }
        };
        assert_eq!((last(world.state(request)).status, last(world.state(request)).why), (status, why), "{how}");
        assert_eq!(world.granted(request), &grant, "{how}");
        assert_eq!(world.target.planted(claim), Some(after(1800)));
        // Who is late hears what has become of it; the requester, what to do with what she has.
        assert!(world.decide("carol", request, YES, false).is_err(), "{how}");
        if how == "deny" {
            let cancel = world.play(request, None, &Command::Cancel { by: subject("alice") }).expect_err("decided");
            assert_eq!(cancel.hint, Some(Words::new("it is a grant now: give it back with `jit release`")));
        }
        world.sound();
    }
}

#[test]
fn one_extension_at_a_time_by_the_holder_within_the_roles_most() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    world.take(request, 0, ANSWERED);
    assert_eq!(world.extend("eve", request, 600).expect_err("not hers").kind, RefusedKind::NotFound);
    assert_eq!(world.extend("bob", request, 600).expect_err("not his").kind, RefusedKind::NotFound);
    for bad in [0, 5401, u64::MAX] {
        let refused = world.extend("alice", request, bad).expect_err("out of bounds");
        assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Invalid, "for"), "{bad}");
    }
    world.extend("alice", request, 5400).expect("two hours in all are the most");
    let refused = world.extend("alice", request, 60).expect_err("one waits");
    assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Conflict, "ask"));
    assert_eq!(world.decide("alice", request, YES, false).expect_err("her own").kind, RefusedKind::Denied);
    world.decide("bob", request, YES, false).expect("Bob may");
    let refused = world.extend("alice", request, 60).expect_err("nothing is left");
    assert_eq!(refused.hint, Some(Words::new("ask anew with `jit request` when it has ended")));
    world.sound();
}

#[test]
fn the_roles_most_is_asked_where_the_grant_is() {
    // The right was given when half an hour was granted; another extension came first.
    let mut world = World::new(true, 0);
    let request = world.half_hour("rule");
    world.take(request, 0, ANSWERED);
    let stale = world.state(request).clone();
    world.extend("alice", request, 5000).expect("by rule");
    let right = jit_life::policy::may_extend(
        &world.rules,
        &crate::kit::caller("alice"),
        &stale,
        Span::from_secs(5000),
        "INC-42",
        &|backend, scope| world.law.capability(backend, scope),
    )
    .expect("it was so then");
    let extend = jit_life::step::Extend { ask: id(world.next()), right, reason: crate::kit::sealed("alice", "x") };
    let refused = world.play(request, None, &Command::Extend(Box::new(extend))).expect_err("no longer");
    assert_eq!((refused.about.as_str(), refused.hint), ("for", Some(Words::new("--for 6m40s"))));
    assert_eq!(world.end(request), after(6800));
    world.sound();
}

#[test]
fn a_role_by_rule_is_extended_at_once() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("rule");
    let claim = world.take(request, 0, ANSWERED);
    world.extend("alice", request, 600).expect("by rule");
    assert_eq!((last(world.state(request)).status, world.end(request)), (AskStatus::Approved, after(2400)));
    world.drive();
    assert_eq!(world.target.planted(claim), Some(after(2400)));
    world.sound();
}

#[test]
fn what_is_not_opened_yet_opens_for_longer() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    world.extend("alice", request, 600).expect("Alice may");
    assert_eq!(last(world.state(request)).worst_end(), after(1800 + 1800 + 600), "used at the last moment");
    world.decide("bob", request, YES, false).expect("Bob may");
    assert_eq!((world.granted(request).status, world.granted(request).span.secs()), (GrantStatus::Ready, 2400));
    let claim = world.take(request, 0, ANSWERED);
    assert_eq!((world.end(request), world.target.planted(claim)), (after(2400), Some(after(2400))));
    world.sound();
}

#[test]
fn a_late_approval_revives_nothing_and_says_why() {
    // The old end has come, and no timer has run.
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    world.take(request, 0, ANSWERED);
    world.extend("alice", request, 600).expect("Alice may");
    world.now = after(1800);
    let late = world.decide("bob", request, YES, false).expect_err("late");
    assert_eq!((late.kind, late.message), (RefusedKind::Lapsed, Words::new("the grant is over: expired")));
    assert_eq!(
        world.extend("alice", request, 600).expect_err("late").message,
        Words::new("the grant is over: expired")
    );
    world.drive();
    assert_eq!(world.decide("bob", request, YES, false).expect_err("late").kind, RefusedKind::Lapsed);
    assert_eq!(last(world.state(request)).status, AskStatus::Lapsed);
    // She gave it back while somebody thought about it.
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    world.take(request, 0, ANSWERED);
    world.extend("alice", request, 600).expect("Alice may");
    drop(world.play(request, None, &Command::Release { by: subject("alice") }));
    let late = world.decide("bob", request, YES, false).expect_err("late");
    let words = Words::new("it was cancelled: the grant that it would have extended is over");
    assert_eq!((late.kind, late.message), (RefusedKind::Conflict, words));
    let late = world.extend("alice", request, 600).expect_err("late");
    assert_eq!((late.kind, late.message), (RefusedKind::Lapsed, Words::new("the grant is over: released")));
    // It was never opened, and the time for that has passed.
    let request = world.half_hour("two");
    world.extend("alice", request, 600).expect("Alice may");
    world.pass(1800);
    assert_eq!(world.decide("bob", request, YES, false).expect_err("late").kind, RefusedKind::Lapsed);
    assert_eq!(world.extend("alice", request, 60).expect_err("late").kind, RefusedKind::Lapsed);
    world.sound();
}

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
    world.answer(0, false);
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
    world.arrive(0);
    assert_eq!(world.target.planted(claim), Some(after(2400)));
    world.pass(36);
    world.drive();
    assert_eq!(world.target.planted(claim), Some(after(3000)));
    // An answer to the first order says nothing of the second.
    let old = Command::Extended { claim, end: after(2400), outcome: Ok(crate::twists::handle("x")), jitter: 0 };
    assert_eq!(world.play(request, None, &old), Ok(Reply::Noted));
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
    assert_eq!(world.due(request, EffectKind::Extend(claim)), None);
    world.now = settled;
    world.drive();
    assert!(matches!(world.status(request, claim), ClaimStatus::Gone { .. }));
    world.sound();
}

#[test]
fn a_change_of_role_never_touches_what_is_in_use() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    let claim = world.take(request, 0, ANSWERED);
    world.extend("alice", request, 600).expect("Alice may");
    let gives = world.state(request).gives.clone();
    world.change_law(|law| law.database = 1);
    world.revise();
    assert_eq!(last(world.state(request)).why, Some(CancelWhy::Rules));
    assert_eq!(world.state(request).gives, gives, "what is to be revoked is what was issued");
    assert_eq!(world.extend("alice", request, 600).expect_err("something else").about, "role");
    assert!(matches!(world.status(request, claim), ClaimStatus::Usable { .. }));
    world.sound();
}

#[test]
fn a_smaller_most_shortens_an_extension_and_voids_its_reviews() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("two");
    world.extend("alice", request, 5400).expect("Alice may");
    world.decide("bob", request, YES, false).expect("Bob may");
    let before = last(world.state(request)).clone();
    world.change_law(|law| law.hours = 1);
    assert_eq!(world.decide("dan", request, YES, false).expect_err("changed").about, "role");
    world.revise();
    let ask = last(world.state(request)).clone();
    assert_eq!((ask.span.secs(), ask.status, ask.reviews[0].void), (1800, AskStatus::Pending, true));
    assert_ne!(ask.hash, before.hash);
    // The rules may leave nothing at all.
    world.decide("carol", request, YES, false).expect("Carol may");
    world.decide("dan", request, YES, false).expect("Dan may");
    assert_eq!(world.granted(request).span.secs(), 3600);
    world.change_law(|law| law.hours = 2);
    world.extend("alice", request, 60).expect("Alice may");
    world.change_law(|law| law.hours = 1);
    world.revise();
    assert_eq!(last(world.state(request)).why, Some(CancelWhy::Rules));
    world.sound();
}

#[test]
fn a_loop_that_extends_is_stopped() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    for _ in 1..MOST_ASKS {
        world.extend("alice", request, 60).expect("Alice may");
        drop(world.play(request, None, &Command::Cancel { by: subject("alice") }));
    }
    assert_eq!(world.extend("alice", request, 60).expect_err("too many").kind, RefusedKind::Denied);
    let claim = id(world.next());
    world.claim("alice", request, claim, 0, 20, &claim_key("alice"), ANSWERED).expect("it is hers all the same");
    world.sound();
}
