//! Single stories of locks and erasure.

use jit_life::erase::{ERASED, erased};
use jit_life::lock::{LockCommand, lock};
use jit_life::policy::{may_administer, may_erase};
use jit_life::{
    AskStatus, CancelWhy, ClaimStatus, Command, EffectKind, EndWhy, Facts, GrantStatus, LockTarget, Locks, Refused,
    RefusedKind, Reply, Request, transition,
};
use jit_types::{Outcome, Span, Words};

use crate::kit::{START, caller, claim_key, id, sealed, subject};
use crate::longer::target;
use crate::twists::{ANSWERED, YES};
use crate::world::{Cut, World};

fn person(name: &str) -> LockTarget {
    LockTarget::Person(subject(name))
}

fn is_locked(refused: &Refused) -> bool {
    (refused.kind, refused.about.as_str()) == (RefusedKind::Denied, "locked") && refused.hint.is_some()
}

#[test]
fn a_locked_person_gets_nothing_new_and_holds_nothing_old() {
    let mut world = World::new(true, 0);
    let (waits, active) = (world.filed("one"), world.half_hour("rule"));
    let claim = world.take(active, 0, ANSWERED);
    world.lock("ada", &person("alice"), true).expect("Ada may");
    // Before any of it is carried out.
    let refused = [
        world.file("alice", "one", false, None).map(|_| ()),
        world.extend("alice", active, 60).map(|_| ()),
        world.decide("bob", waits, YES, false).map(|_| ()),
    ];
    for refused in refused {
        assert!(is_locked(&refused.expect_err("locked")));
    }
    let next = id(world.next());
    let again = world.claim("alice", active, next, 0, 20, &claim_key("alice"), ANSWERED);
    assert!(is_locked(&again.expect_err("locked")));
    world.drive();
    let ask = &world.state(waits).asks[0];
    assert_eq!((ask.status, ask.why), (AskStatus::Cancelled, Some(CancelWhy::Locked)));
    assert!(matches!(world.granted(active).status, GrantStatus::Ended { why: EndWhy::Locked, .. }));
    assert!(!world.target.usable(claim, world.target_now()));
    let late = world.play(waits, None, &Command::Cancel { by: subject("alice") });
    let words = "it was cancelled: an administrator has locked its person or its role";
    assert_eq!(late, Ok(Reply::Already(Words::new(words))));
    // Others are not touched, and unlocking gives nothing back but the right to ask.
    assert!(world.file("bob", "one", true, None).is_ok(), "Bob may");
    world.lock("ada", &person("alice"), false).expect("Ada may");
    assert!(matches!(world.granted(active).status, GrantStatus::Ended { why: EndWhy::Locked, .. }));
    assert!(matches!(world.file("alice", "one", true, None), Ok((_, Reply::Filed(_)))), "Alice may again");
    world.sound();
}

#[test]
fn a_locked_role_is_given_to_nobody_and_the_others_are() {
    let mut world = World::new(true, 0);
    let (one, two) = (world.half_hour("one"), world.half_hour("two"));
    world.take(one, 0, ANSWERED);
    world.extend("alice", one, 60).expect("Alice may");
    world.lock("ada", &target(4), true).expect("Ada may");
    assert!(is_locked(&world.file("bob", "one", true, None).expect_err("locked")));
    assert!(is_locked(&world.decide("carol", one, YES, false).expect_err("locked")));
    world.drive();
    let ask = world.state(one).newest().expect("an ask");
    assert_eq!((ask.status, ask.why), (AskStatus::Cancelled, Some(CancelWhy::Locked)));
    assert!(matches!(world.granted(one).status, GrantStatus::Ended { why: EndWhy::Locked, .. }));
    assert_eq!(world.granted(two).status, GrantStatus::Ready);
    world.take(two, 0, ANSWERED);
    world.sound();
}

#[test]
fn a_locked_approver_neither_approves_nor_counts() {
    let mut world = World::new(true, 0);
    let request = world.filed("two");
    world.decide("bob", request, YES, false).expect("Bob may");
    world.lock("ada", &person("bob"), true).expect("Ada may");
    world.lock("ada", &person("dan"), true).expect("Ada may");
    assert!(is_locked(&world.decide("dan", request, YES, false).expect_err("locked")));
    let reply = world.decide("carol", request, YES, false);
    assert_eq!(reply, Ok(Reply::Decided(Words::new("noted: 1 of 2 approvals"))), "what Bob said does not count");
    world.lock("ada", &person("dan"), false).expect("Ada may");
    world.decide("dan", request, YES, false).expect("Dan may again");
    assert_eq!(world.granted(request).status, GrantStatus::Ready);
    world.sound();
}

#[test]
fn who_is_locked_may_give_back() {
    let mut world = World::new(true, 0);
    let (waits, active) = (world.filed("one"), world.half_hour("rule"));
    world.take(active, 0, ANSWERED);
    world.lock("ada", &person("alice"), true).expect("Ada may");
    assert_eq!(world.play(waits, None, &Command::Cancel { by: subject("alice") }), Ok(Reply::Cancelled));
    assert!(matches!(world.play(active, None, &Command::Release { by: subject("alice") }), Ok(Reply::Ending(_))));
    world.sound();
}

#[test]
fn a_lock_that_was_taken_away_ends_nothing_any_more() {
    let mut world = World::new(true, 0);
    let active = world.half_hour("rule");
    world.lock("ada", &person("alice"), true).expect("Ada may");
    world.lock("ada", &person("alice"), false).expect("Ada may");
    world.drive();
    assert_eq!(world.granted(active).status, GrantStatus::Ready);
    assert_eq!(world.play(active, None, &Command::EndLocked), Ok(Reply::Noted));
    world.sound();
}

#[test]
fn a_lock_is_carried_out_whole_though_the_broker_dies_over_it() {
    let mut world = World::new(true, 0);
    let all = [world.half_hour("one"), world.half_hour("two"), world.half_hour("rule")];
    world.lock("ada", &person("alice"), true).expect("Ada may");
    world.outbox.retain(|(_, kind), _| matches!(kind, EffectKind::Lock(_)) || matches!(kind, EffectKind::StartBy));
    world.run_one(Cut::BeforeCall, &mut [].into());
    let ended =
        |world: &World| all.iter().filter(|id| matches!(world.granted(**id).status, GrantStatus::Ended { .. })).count();
    assert_eq!(ended(&world), 1, "it died after the first");
    world.pass(31);
    world.drive();
    assert_eq!(ended(&world), 3);
    world.sound();
}

#[test]
fn who_is_locked_unlocks_nobody() {
    let mut world = World::new(true, 0);
    assert_eq!(world.lock("bob", &person("alice"), true).expect_err("no administrator").kind, RefusedKind::NotFound);
    assert_eq!(world.lock("ada", &person("ada"), true), Ok(Reply::Noted), "whose key was stolen");
    assert!(is_locked(&world.lock("ada", &person("ada"), false).expect_err("not herself")));
    assert!(is_locked(&world.lock("ada", &person("bob"), true).expect_err("nor others")));
    let active = world.half_hour("rule");
    let right = may_administer(&world.rules, &caller("ada"), "grant").expect("by the rules");
    let revoke = Command::Revoke { right, reason: sealed("ada", "why") };
    assert!(is_locked(&world.play(active, None, &revoke).expect_err("locked")));
    assert!(is_locked(&world.erase("bob").expect_err("locked")));
    // Another administrator can.
    world.rules.administrators.insert(crate::kit::person("eve"));
    assert_eq!(world.lock("eve", &person("ada"), false), Ok(Reply::Noted));
    assert!(matches!(world.play(active, None, &revoke), Ok(Reply::Ending(_))));
    world.sound();
}

#[test]
fn a_lock_is_told_once_and_a_second_one_changes_nothing() {
    let world = World::new(true, 0);
    let right = may_administer(&world.rules, &caller("ada"), "lock").expect("Ada may");
    let reason = sealed("ada", "why");
    for (target, on, off) in
        [(person("bob"), "person.locked", "person.unlocked"), (target(5), "role.locked", "role.unlocked")]
    {
        let set = LockCommand::Lock { right: right.clone(), target: target.clone(), reason };
        let unset = LockCommand::Unlock { right: right.clone(), target: target.clone(), reason };
        let none = lock(&Locks::default(), &unset, START);
        assert!(none.state.is_none() && none.events.is_empty() && matches!(none.reply, Ok(Reply::Already(_))));
        let step = lock(&Locks::default(), &set, START);
        let locks = step.state.expect("a lock");
        assert_eq!((step.events.len(), step.events[0].kind, step.events[0].outcome), (1, on, Outcome::Done));
        assert_eq!(step.events[0].subject, Some(subject("bob")).filter(|_| on == "person.locked"));
        assert_eq!(step.effects[0].kind, EffectKind::Lock(target.clone()));
        let again = lock(&locks, &set, START);
        assert!(again.state.is_none() && again.events.is_empty() && again.effects.is_empty());
        assert_eq!(again.reply, Ok(Reply::Already(Words::new("it was locked before"))));
        let text = serde_json::to_string(&locks).expect("it is stored");
        assert_eq!(serde_json::from_str::<Locks>(&text).expect("and read"), locks);
        let kind = serde_json::to_string(&step.effects[0].kind).expect("so is its effect");
        assert_eq!(serde_json::from_str::<EffectKind>(&kind).expect("and read"), step.effects[0].kind);
        let step = lock(&locks, &unset, START);
        assert_eq!((step.state, step.events[0].kind), (Some(Locks::default()), off));
        assert!(step.effects.is_empty());
    }
}

#[test]
fn nothing_that_lives_is_erased_and_what_is_over_is_once() {
    let mut world = World::new(true, 0);
    let (waits, active) = (world.filed("one"), world.half_hour("rule"));
    let claim = world.take(active, 0, ANSWERED);
    let conflict = |refused: Refused| assert_eq!(refused.kind, RefusedKind::Conflict, "{refused:?}");
    conflict(world.erase("alice").expect_err("an ask waits"));
    drop(world.play(waits, None, &Command::Cancel { by: subject("alice") }));
    conflict(world.erase("alice").expect_err("a grant is active"));
    world.target.up = false;
    drop(world.play(active, None, &Command::Release { by: subject("alice") }));
    conflict(world.erase("alice").expect_err("a grant is ending"));
    world.target.up = true;
    world.pass(60);
    world.drive();
    assert!(matches!(world.granted(active).status, GrantStatus::Ended { .. }));
    conflict(world.erase("alice").expect_err("a restored target would bring it back"));
    world.target.restore();
    world.pass(61);
    world.run_one(Cut::Never, &mut [].into());
    assert!(matches!(world.status(active, claim), ClaimStatus::Ending { .. }));
    conflict(world.erase("alice").expect_err("it came back"));
    world.target.up = false;
    world.now = START.after(Span::from_secs(1800));
    world.drive();
    conflict(world.erase("alice").expect_err("nobody has seen it gone"));
    world.target.up = true;
    world.pass(61);
    world.drive();
    world.lock("ada", &person("alice"), true).expect("Ada may");
    conflict(world.erase("alice").expect_err("the lock would be forgotten"));
    world.lock("ada", &person("alice"), false).expect("Ada may");
    world.erase("alice").expect("all is over");
    for request in [waits, active] {
        assert_eq!(world.state(request).erased, Some(world.now));
        assert!(!world.outbox.keys().any(|(id, kind)| *id == request && matches!(kind, EffectKind::Look(_))));
    }
    world.sound();
}

#[test]
fn an_erasure_is_told_as_the_verifier_reads_it_and_asked_again_where_it_is_carried_out() {
    let mut world = World::new(true, 0);
    let request = world.filed("one");
    drop(world.play(request, None, &Command::Cancel { by: subject("alice") }));
    let admin = may_administer(&world.rules, &caller("ada"), "subject").expect("Ada may");
    let may = |who, all: &[&Request]| {
        may_erase(&admin, subject(who), all.iter().copied(), &Locks::default(), START).expect("all is over")
    };
    let state = world.state(request).clone();
    let (hers, his) = (may("alice", &[&state]), may("bob", &[&state]));
    let event = erased(&hers, START);
    assert_eq!((event.kind, event.subject, event.actor), (ERASED, Some(subject("alice")), Some(subject("ada"))));
    let play = |state: &Request, right| {
        transition(Some(state), &Facts::new(Locks::default()), &Command::Erase { right }, START)
    };
    let step = play(&state, hers.clone());
    assert_eq!((step.events[0].kind, step.events[0].subject), (ERASED, Some(subject("alice"))));
    assert_eq!(play(&step.state.expect("marked"), hers.clone()).reply.expect("again"), {
        Reply::Already(Words::new("it was erased before"))
    });
    let refused = play(&state, his);
    assert_eq!(refused.reply.expect_err("another's").kind, RefusedKind::NotFound);
    // Between the right and its step, who has it was locked.
    let right = may_administer(&world.rules, &caller("ada"), "lock").expect("Ada may");
    let command = LockCommand::Lock { right, target: person("ada"), reason: sealed("ada", "why") };
    let locked = Facts::new(lock(&Locks::default(), &command, START).state.expect("a lock"));
    let step = transition(Some(&state), &locked, &Command::Erase { right: hers.clone() }, START);
    assert!(is_locked(&step.reply.expect_err("locked")));
    // Between the right and its step, something new was filed.
    let open = world.file("alice", "one", true, None).expect("Alice may").0;
    let step = play(world.state(open), hers);
    assert_eq!(step.reply.expect_err("it waits").kind, RefusedKind::Conflict);
    assert_eq!(step.events[0].outcome, Outcome::Refused, "which erases nothing");
    world.sound();
}
