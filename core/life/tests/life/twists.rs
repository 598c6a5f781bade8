//! Single stories: those that once went wrong, and those that people tell of other tools.

use jit_life::policy::may_administer;
use jit_life::{
    AskStatus, ClaimStatus, Command, EffectKind, GrantStatus, NotGone, RefusedKind, Reply, Request, ReviewVerdict,
    Timer, Verdict,
};
use jit_types::{ClaimId, Grade, Handle, Proof, RequestId, Span, Usable, Words};

use crate::kit::{Law, caller, claim_key, id, sealed, subject};
use crate::world::World;

pub(crate) const YES: Verdict = Verdict::Approve { span: None };

pub(crate) fn less(secs: u64) -> Verdict {
    Verdict::Approve { span: Some(Span::from_secs(secs)) }
}

/// How far an order gets: answered, carried out and not answered, on the wire, or not even there when the broker dies.
pub(crate) const ANSWERED: u8 = 0;
pub(crate) const CARRIED_OUT: u8 = 4;
pub(crate) const ON_THE_WIRE: u8 = 5;
pub(crate) const BROKER_DIES: u8 = 7;

impl World {
    pub(crate) fn filed(&mut self, role: &str) -> RequestId {
        self.file("alice", role, true, Some(3600)).expect("Alice may ask").0
    }

    pub(crate) fn take(&mut self, request: RequestId, entitlement: u16, on: u8) -> ClaimId {
        let claim = id(self.next());
        let reply = self.claim("alice", request, claim, entitlement, 20, &claim_key("alice"), on);
        assert_eq!(reply, Ok(Reply::Claimed(claim)));
        claim
    }

    pub(crate) fn state(&self, request: RequestId) -> &Request {
        &self.requests[&request]
    }

    pub(crate) fn status(&self, request: RequestId, claim: ClaimId) -> &ClaimStatus {
        &self.state(request).claim(claim).expect("a claim").status
    }

    pub(crate) fn pass(&mut self, secs: u64) {
        self.now = self.now.after(Span::from_secs(secs));
    }

    pub(crate) fn sound(mut self) {
        self.run_out();
        assert_eq!(self.watch.broken, []);
    }
}

pub(crate) fn handle(text: &str) -> Handle {
    Handle { version: 1, data: serde_json::json!(text) }
}

#[test]
fn a_claim_that_comes_twice_is_one_claim() {
    let mut world = World::new(true, 0);
    let request = world.filed("rule");
    let claim = world.take(request, 0, BROKER_DIES);
    world.pass(60);
    world.drive();
    let again = world.claim("alice", request, claim, 0, 20, &claim_key("alice"), ANSWERED);
    assert!(matches!(again, Ok(Reply::Already(_))), "{again:?}");
    assert_eq!(world.state(request).grant.as_ref().expect("a grant").claims.len(), 1);
    world.sound();
}

#[test]
fn an_approver_who_then_says_less_time_is_heard() {
    let mut world = World::new(true, 0);
    let request = world.filed("two");
    world.decide("bob", request, YES, false).expect("Bob may");
    assert!(matches!(world.decide("bob", request, YES, false), Ok(Reply::Already(_))));
    assert!(matches!(world.decide("bob", request, less(3600), false), Ok(Reply::Already(_))), "an hour was asked for");
    let reply = world.decide("bob", request, less(600), false).expect("Bob may say less");
    assert_eq!(reply, Reply::Decided(Words::new("noted: 1 of 2 approvals")));
    world.decide("carol", request, YES, false).expect("Carol may");
    assert_eq!(world.state(request).grant.as_ref().expect("a grant").span.secs(), 600);
    world.sound();
}

#[test]
fn an_approver_who_then_denies_takes_the_approval_back() {
    let mut world = World::new(true, 0);
    let request = world.filed("two");
    world.decide("bob", request, YES, false).expect("Bob may");
    world.decide("bob", request, Verdict::Deny, false).expect("Bob may think again");
    assert_eq!(world.state(request).asks[0].status, AskStatus::Denied);
    assert_eq!(world.decide("carol", request, YES, false).expect_err("too late").kind, RefusedKind::Conflict);
    world.sound();
}

#[test]
fn an_approval_is_for_what_was_asked_or_less() {
    let mut world = World::new(true, 0);
    let request = world.filed("one");
    for bad in [0, 3601, u64::MAX] {
        assert_eq!(world.decide("bob", request, less(bad), false).expect_err("too much").about, "for");
    }
    assert_eq!(world.decide("bob", request, YES, true).expect_err("another hash").about, "hash");
    assert_eq!(world.decide("alice", request, YES, false).expect_err("her own").kind, RefusedKind::Denied);
    assert_eq!(world.decide("eve", request, YES, false).expect_err("a stranger").kind, RefusedKind::NotFound);
    world.decide("bob", request, YES, false).expect("Bob may");
    world.sound();
}

#[test]
fn an_approver_who_has_left_neither_counts_nor_blocks() {
    let mut world = World::new(true, 0);
    let request = world.filed("two");
    world.decide("bob", request, less(60), false).expect("Bob may");
    world.change_law(|law| law.bob_approves = false);
    let reply = world.decide("carol", request, YES, false);
    assert_eq!(reply, Ok(Reply::Decided(Words::new("noted: 1 of 2 approvals"))));
    world.decide("dan", request, YES, false).expect("Dan may");
    assert_eq!(world.state(request).grant.as_ref().expect("a grant").span.secs(), 3600, "Bob's minute has left too");
    world.sound();
}

#[test]
fn a_role_that_has_become_one_by_rule_does_not_approve_what_people_were_asked() {
    let mut world = World::new(true, 0);
    let request = world.filed("one");
    world.change_law(|law| law.one_by_rule = true);
    world.revise();
    let state = world.state(request);
    assert_eq!((state.asks[0].status, state.asks[0].need, state.grant.is_none()), (AskStatus::Pending, 1, true));
    assert!(world.decide("bob", request, YES, false).is_err(), "nobody is asked for this role any more");
    world.sound();
}

#[test]
fn a_change_of_role_sends_an_ask_back_to_review() {
    let mut world = World::new(true, 0);
    let request = world.filed("two");
    world.decide("bob", request, YES, false).expect("Bob may");
    world.change_law(|law| law.count = 1);
    let refused = world.decide("carol", request, YES, false).expect_err("not announced so");
    assert_eq!((refused.kind, refused.about.as_str()), (RefusedKind::Conflict, "role"));
    world.revise();
    assert!(world.state(request).asks[0].reviews.iter().all(|review| review.void));
    world.decide("bob", request, YES, false).expect("Bob looks again");
    assert!(world.state(request).grant.is_some());
    // What the requester may no longer ask for is taken back.
    let other = world.filed("one");
    world.change_law(|law| law.alice_asks = false);
    world.revise();
    assert_eq!(world.state(other).asks[0].status, AskStatus::Cancelled);
    world.sound();
}

#[test]
fn what_gives_more_than_was_approved_is_not_handed_out() {
    let changes: [fn(&mut Law); 3] = [|law| law.tail = 60, |law| law.database = 1, |law| law.alice_asks = false];
    for change in changes {
        let mut world = World::new(true, 0);
        let request = world.filed("one");
        world.decide("bob", request, YES, false).expect("Bob may");
        world.change_law(change);
        let claim = id(world.next());
        let refused = world.claim("alice", request, claim, 0, 20, &claim_key("alice"), ANSWERED);
        assert!(refused.is_err() && world.target.claims().is_empty(), "{refused:?}");
        world.sound();
    }
    // A shorter tail than was shown is no change for the worse.
    let mut world = World::new(true, 0);
    world.change_law(|law| law.tail = 60);
    let request = world.filed("rule");
    world.change_law(|law| law.tail = 0);
    world.take(request, 0, ANSWERED);
    world.sound();
}

#[test]
fn a_claim_is_its_requesters_with_its_own_key() {
    let mut world = World::new(true, 0);
    let request = world.filed("rule");
    let claim = id(world.next());
    let mut refused = |who, key, entitlement| {
        world.claim(who, request, claim, entitlement, 20, &claim_key(key), ANSWERED).expect_err("not so").kind
    };
    assert_eq!(refused("alice", "eve", 0), RefusedKind::Denied);
    assert_eq!(refused("bob", "bob", 0), RefusedKind::NotFound);
    assert_eq!(refused("alice", "alice", 1), RefusedKind::Invalid);
    assert!(world.target.claims().is_empty());
    world.sound();
}

#[test]
fn an_answer_that_comes_while_its_claim_ends_is_told_and_unmade() {
    for role in ["rule", "two"] {
        let mut world = World::new(false, 0);
        let request = world.filed(role);
        if role == "two" {
            world.decide("bob", request, YES, false).expect("Bob may");
            world.decide("dan", request, YES, false).expect("Dan may");
        }
        let claim = world.take(request, u16::from(role == "two"), CARRIED_OUT);
        assert!(matches!(world.play(request, None, &Command::Release { by: subject("alice") }), Ok(Reply::Ending(_))));
        world.drive();
        // The lane is still with the claim's own task; a list ends it at once.
        assert_eq!(world.target.usable(claim, world.target_now()), role == "rule");
        world.answer(0, true);
        world.answer(0, false);
        assert_eq!(world.status(request, claim), &ClaimStatus::Ending { was_usable: true });
        world.drive();
        world.pass(1);
        world.drive();
        assert!(matches!(world.status(request, claim), ClaimStatus::Gone { .. }), "{:?}", world.status(request, claim));
        assert!(!world.target.usable(claim, world.target_now()));
        world.sound();
    }
}

#[test]
fn without_a_handle_a_proof_waits_for_the_deadline() {
    for failed in [false, true] {
        let mut world = World::new(true, 0);
        let request = world.filed("rule");
        let claim = world.take(request, 0, ON_THE_WIRE);
        if failed {
            world.answer(0, false);
        } else {
            drop(world.play(request, None, &Command::Release { by: subject("alice") }));
        }
        let settled = world.state(request).claim(claim).expect("a claim").deadline.plus_millis(5_000);
        let revoke = world.outbox.get(&(request, EffectKind::Revoke(claim))).expect("a revocation waits");
        assert_eq!(revoke.effect.due, settled, "asking sooner proves nothing");
        let ended = |world: &mut World| {
            let proof = Proof { grade: Grade::Observed, at: world.now, evidence: vec![], tail: vec![] };
            drop(world.play(request, None, &Command::Ended { claim, outcome: Ok(proof), jitter: 0 }));
        };
        ended(&mut world);
        assert_eq!(world.status(request, claim), &ClaimStatus::Ending { was_usable: false });
        world.now = settled.plus_millis(-1);
        ended(&mut world);
        assert_eq!(world.status(request, claim), &ClaimStatus::Ending { was_usable: false });
        world.now = settled;
        ended(&mut world);
        assert!(matches!(world.status(request, claim), ClaimStatus::Failed { .. }));
        world.wire.clear();
        world.sound();
    }
}

#[test]
fn an_answer_that_comes_after_all_was_settled_is_told_and_unmade() {
    let mut world = World::new(true, 0);
    let request = world.filed("rule");
    let claim = world.take(request, 0, BROKER_DIES);
    world.pass(26);
    world.drive();
    world.drive();
    assert!(matches!(world.status(request, claim), ClaimStatus::Failed { .. }), "{:?}", world.status(request, claim));
    // A target whose clock is far behind still takes the order.
    let order = world.order(request, claim).expect("an order");
    let outcome = world.target.carry_out(&order, order.deadline);
    let late = world.play(request, None, &Command::Issued { claim, outcome });
    assert!(matches!(late, Ok(Reply::Already(_))), "nothing to hand out: {late:?}");
    world.drive();
    assert!(!world.target.usable(claim, world.target_now()));
    assert!(matches!(world.status(request, claim), ClaimStatus::Gone { .. }), "{:?}", world.status(request, claim));
    world.sound();
}

#[test]
fn what_a_list_ends_is_published_though_no_answer_ever_came() {
    for on in [CARRIED_OUT, ON_THE_WIRE, BROKER_DIES] {
        let mut world = World::new(true, 0);
        let request = world.filed("two");
        world.decide("bob", request, YES, false).expect("Bob may");
        world.decide("dan", request, YES, false).expect("Dan may");
        let claim = world.take(request, 1, on);
        world.crash();
        world.pass(26);
        world.calm();
        assert!(!world.state(request).claim(claim).expect("a claim").live(), "{:?}", world.status(request, claim));
        assert_eq!(world.state(request).grant.as_ref().map(|grant| grant.status), Some(GrantStatus::Ready));
        world.sound();
    }
}

#[test]
fn a_window_in_which_nothing_became_usable_is_given_back_once_and_for_less_than_start_by() {
    let mut world = World::new(true, 0);
    let request = world.filed("rule");
    let start_by = world.state(request).grant.as_ref().expect("a grant").start_by;
    world.target.up = false;
    world.take(request, 0, ANSWERED);
    world.calm();
    let grant = world.state(request).grant.as_ref().expect("a grant");
    assert_eq!((grant.status, grant.window, grant.start_by), (GrantStatus::Ready, None, start_by));
    // The second try has a whole window; the third comes after `start_by`.
    world.target.up = false;
    world.take(request, 0, ANSWERED);
    world.pass(1800);
    world.calm();
    let grant = world.state(request).grant.as_ref().expect("a grant");
    assert_eq!((grant.status, grant.start_by), (GrantStatus::Active, start_by), "too late to open it anew");
    world.sound();
}

#[test]
fn a_report_is_told_what_is_so() {
    let mut world = World::new(true, 0);
    let request = world.filed("rule");
    let claim = world.take(request, 0, ANSWERED);
    let report = Command::Report { by: subject("alice"), claim };
    assert_eq!(world.play(request, None, &report), Ok(Reply::Noted));
    assert_eq!(world.status(request, claim), &ClaimStatus::Usable { known: Usable::Reported });
    assert_eq!(world.play(request, None, &report), Ok(Reply::Already(Words::new("it is known to work"))));
    drop(world.play(request, None, &Command::Release { by: subject("alice") }));
    assert_eq!(world.play(request, None, &report), Ok(Reply::Already(Words::new("it is not in use"))));
    let other = world.play(request, None, &Command::Report { by: subject("eve"), claim });
    assert_eq!(other.expect_err("not hers").kind, RefusedKind::NotFound);
    world.sound();
}

#[test]
fn a_dead_target_is_tried_for_ever_and_people_are_told() {
    let mut world = World::new(false, 0);
    let request = world.filed("rule");
    let claim = world.take(request, 0, ANSWERED);
    world.target.up = false;
    drop(world.play(request, None, &Command::Release { by: subject("alice") }));
    let mut tries = 0;
    while tries < 1_000 {
        world.now = world.now.max(world.next_due().expect("ending is never given up"));
        world.drive();
        tries += 1;
    }
    assert!(matches!(world.status(request, claim), ClaimStatus::Ending { .. }));
    assert!(world.state(request).claim(claim).expect("a claim").failures >= 900);
    assert_eq!(world.alerts, 8, "at the 4th try, the 8th, the 16th and so on to the 512th");
    assert!(world.now > world.state(request).claim(claim).expect("a claim").end, "long after its end");
    world.target.up = true;
    world.calm();
    assert!(matches!(world.status(request, claim), ClaimStatus::Gone { .. }));
    world.sound();
}

#[test]
fn what_a_backup_brings_back_is_told_and_unmade() {
    let mut world = World::new(true, 0);
    let request = world.filed("rule");
    let claim = world.take(request, 0, ANSWERED);
    drop(world.play(request, None, &Command::Release { by: subject("alice") }));
    world.drive();
    assert!(matches!(world.state(request).grant.as_ref().expect("a grant").status, GrantStatus::Ended { .. }));
    world.target.restore();
    world.pass(61);
    world.run_one(crate::world::Cut::Never, &mut [].into());
    assert!(matches!(world.status(request, claim), ClaimStatus::Ending { .. }), "{:?}", world.status(request, claim));
    assert!(world.outbox.contains_key(&(request, EffectKind::Alert(claim))), "people are told");
    world.drive();
    assert!(!world.target.usable(claim, world.target_now()));
    world.sound();
}

#[test]
fn what_is_somebodys_is_taken_back_by_them_only() {
    let mut world = World::new(true, 0);
    let (asked, active) = (world.filed("one"), world.filed("rule"));
    let claim = world.take(active, 0, ANSWERED);
    for who in ["bob", "eve", "ada"] {
        let cancel = world.play(asked, None, &Command::Cancel { by: subject(who) });
        assert_eq!(cancel.expect_err("not theirs").kind, RefusedKind::NotFound);
        let release = world.play(active, None, &Command::Release { by: subject(who) });
        assert_eq!(release.expect_err("not theirs").kind, RefusedKind::NotFound);
    }
    assert!(world.state(asked).pending().is_some() && world.target.usable(claim, world.target_now()));
    assert_eq!(world.play(asked, None, &Command::Cancel { by: subject("alice") }), Ok(Reply::Cancelled));
    let again = world.play(asked, None, &Command::Cancel { by: subject("alice") });
    assert_eq!(again, Ok(Reply::Already(Words::new("it was cancelled before"))));
    let cancel = world.play(active, None, &Command::Cancel { by: subject("alice") });
    assert_eq!(cancel.expect_err("it is a grant now").kind, RefusedKind::Conflict);
    world.sound();
}

#[test]
fn a_window_that_is_over_gives_nothing_though_its_timer_is_late() {
    let mut world = World::new(true, 0);
    let request = world.filed("rule");
    world.take(request, 0, ANSWERED);
    world.pass(3600);
    let claim = id(world.next());
    let late = world.claim("alice", request, claim, 0, 20, &claim_key("alice"), ANSWERED).expect_err("it is over");
    assert_eq!((late.kind, late.message), (RefusedKind::Lapsed, Words::new("the grant is over: expired")));
    // One moment before, what is left is what it gives.
    let mut world = World::new(true, 0);
    let request = world.filed("rule");
    world.take(request, 0, ANSWERED);
    world.now = world.now.after(Span::from_secs(3600)).plus_millis(-1);
    let claim = world.take(request, 0, ON_THE_WIRE);
    let grant = world.state(request).grant.clone().expect("a grant");
    let end = grant.window.expect("a window").end;
    let last = world.state(request).claim(claim).expect("a claim");
    assert_eq!((last.end, last.deadline), (end, end));
    world.sound();
}

#[test]
fn the_same_wish_is_one_request() {
    let mut world = World::new(true, 0);
    let request = world.filed("one");
    let (_, reply) = world.file("alice", "one", true, Some(60)).expect("the same again");
    assert_eq!(reply, Reply::Attached(request));
    assert!(matches!(world.file("alice", "one", false, None).expect("another schema").1, Reply::Filed(_)));
    assert!(matches!(world.file("bob", "one", true, None).expect("another person").1, Reply::Filed(_)));
    drop(world.play(request, None, &Command::Cancel { by: subject("alice") }));
    assert!(matches!(world.file("alice", "one", true, None).expect("afresh").1, Reply::Filed(_)));
    world.sound();
}

#[test]
fn whoever_is_late_hears_why() {
    let mut world = World::new(true, 0);
    let request = world.filed("one");
    world.pass(3600);
    // The timer has not run yet; the time is over all the same.
    assert_eq!(world.decide("bob", request, YES, false).expect_err("late").kind, RefusedKind::Lapsed);
    world.drive();
    assert_eq!(world.decide("bob", request, YES, false).expect_err("late").kind, RefusedKind::Lapsed);
    let request = world.filed("rule");
    world.pass(1800);
    let claim = id(world.next());
    let refused = world.claim("alice", request, claim, 0, 20, &claim_key("alice"), ANSWERED);
    assert_eq!(refused.expect_err("too late to open").kind, RefusedKind::Lapsed);
    world.drive();
    let right = may_administer(&world.rules, &caller("ada"), "grant").expect("Ada may");
    let revoke = Command::Revoke { right, reason: sealed("ada", "why") };
    let refused = world.play(request, None, &revoke).expect_err("it is over");
    assert_eq!((refused.kind, refused.message), (RefusedKind::Lapsed, Words::new("the grant is over: lapsed")));
    world.sound();
}

#[test]
fn a_clock_that_goes_back_ends_nothing_too_early() {
    let mut world = World::new(true, 0);
    let (asked, ready, active) = (world.filed("one"), world.filed("two"), world.filed("rule"));
    world.decide("bob", ready, YES, false).expect("Bob may");
    world.decide("dan", ready, YES, false).expect("Dan may");
    world.take(active, 0, ANSWERED);
    let before: Vec<_> = [asked, ready, active].map(|request| world.state(request).clone()).into();
    for timer in [Timer::StartBy, Timer::End, Timer::Lapse(before[0].asks[0].id)] {
        for request in [asked, ready, active] {
            assert_eq!(world.play(request, None, &Command::Due(timer)), Ok(Reply::Noted));
        }
    }
    assert_eq!(before, [asked, ready, active].map(|request| world.state(request).clone()));
    world.sound();
}

#[test]
fn a_stale_outcome_ends_nothing_that_lives() {
    let mut world = World::new(true, 0);
    let request = world.filed("rule");
    let claim = world.take(request, 0, ANSWERED);
    let proof = Proof { grade: Grade::Observed, at: world.now, evidence: vec![], tail: vec![] };
    let not = NotGone { words: Words::new("it lets in"), expected: false, usable: true };
    for outcome in [Ok(proof), Err(not)] {
        let ended = Command::Ended { claim, outcome: outcome.clone(), jitter: 0 };
        assert_eq!(world.play(request, None, &ended), Ok(Reply::Noted));
        assert_eq!(world.play(request, None, &Command::Looked { claim, outcome, jitter: 0 }), Ok(Reply::Noted));
    }
    let other = Command::Issued { claim, outcome: Ok((handle("another"), Usable::Observed)) };
    assert_eq!(world.play(request, None, &other), Ok(Reply::Noted));
    assert!(matches!(world.status(request, claim), ClaimStatus::Usable { .. }));
    assert!(world.state(request).asks[0].reviews.iter().all(|review| review.verdict != ReviewVerdict::Deny));
    world.sound();
}
