//! Single stories of extensions: what people are told, what a target that fails does, what a race leaves.

use jit_life::request::MoveStatus;
use jit_life::transition::MOST_ASKS;
use jit_life::{
    AskStatus, CancelWhy, ClaimStatus, Command, EffectKind, EndWhy, Grant, GrantStatus, News, RefusedKind, Reply,
    Request, Timer, Verdict,
};
use jit_types::{RequestId, Span, Timestamp, Words};

use crate::kit::{START, claim_key, id, subject};
use crate::twists::{ANSWERED, YES, less};
use crate::world::World;

pub(crate) fn after(secs: u64) -> Timestamp {
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

    pub(crate) fn end(&self, request: RequestId) -> Timestamp {
        self.granted(request).window.expect("a window").end
    }

    pub(crate) fn due(&self, request: RequestId, kind: EffectKind) -> Option<Timestamp> {
        self.outbox.get(&(request, kind)).map(|row| row.effect.due)
    }
}

pub(crate) fn last(request: &Request) -> &jit_life::Ask {
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
fn a_right_for_one_request_extends_no_other() {
    let mut world = World::new(true, 0);
    let (one, rule) = (world.half_hour("one"), world.half_hour("rule"));
    let other = world.file("alice", "one", false, Some(1800)).expect("with another parameter").0;
    world.decide("bob", other, YES, false).expect("Bob may");
    for of in [rule, other] {
        let right = jit_life::policy::may_extend(
            &world.rules,
            &crate::kit::caller("alice"),
            world.state(of),
            Span::from_secs(60),
            "INC-42",
            &|backend, scope| world.law.capability(backend, scope),
        )
        .expect("it is hers");
        let extend = jit_life::step::Extend { ask: id(world.next()), right, reason: crate::kit::sealed("alice", "x") };
        let refused = world.play(one, None, &Command::Extend(Box::new(extend))).expect_err("another's");
        assert_eq!(refused.kind, RefusedKind::NotFound);
    }
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
fn a_window_that_is_not_given_back_any_more_ends_when_it_says() {
    let mut world = World::new(true, 0);
    let request = world.filed("rule");
    world.target.up = false;
    let claim = id(world.next());
    world.claim("alice", request, claim, 0, 20, &claim_key("alice"), ANSWERED).expect("it is tried");
    world.now = after(1800);
    assert_eq!(world.granted(request).latest_end(world.now), after(3600), "it can't be opened again");
    assert_eq!(world.granted(request).latest_end(after(1799)), after(5400), "it could have been");
    world.target.up = true;
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
fn each_ask_tells_what_it_gave() {
    let mut world = World::new(true, 0);
    let request = world.half_hour("one");
    for (asked, say) in [(600, less(60)), (300, Verdict::Deny), (1200, YES), (60, Verdict::Deny)] {
        world.extend("alice", request, asked).expect("Alice may");
        world.decide("bob", request, say, false).expect("Bob may");
    }
    let state = world.state(request);
    let given: Vec<_> = state.asks.iter().map(|ask| state.given(ask).map(Span::secs)).collect();
    assert_eq!(given, [Some(1800), Some(60), None, Some(1200), None]);
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
