//! Faults put into the pure step, to see that the watch sees them: a rule that sees nothing proves nothing.

use jit_life::{AskStatus, ClaimStatus, Command, EffectKind, GrantStatus, Reply, Step, Timer, Verdict};
use jit_types::{Grade, Proof, Span};

use crate::kit::{claim_key, id, subject};
use crate::longer::target;
use crate::properties::RULES;
use crate::twists::{YES, less};
use crate::world::{Twist, World};

/// Plays a story in which much happens, with a fault in every step.
fn twisted(twist: Twist) -> Vec<&'static str> {
    let mut world = World::new(true, 0);
    world.twist = Some(twist);
    for role in ["one", "two", "rule"] {
        let Ok((request, _)) = world.file("alice", role, true, Some(3600)) else { continue };
        if !world.requests.contains_key(&request) {
            continue;
        }
        for who in ["alice", "bob", "dan", "carol"] {
            drop(world.decide(who, request, less(600), false));
        }
        for entitlement in [0, 1, 0] {
            let claim = id(world.next());
            drop(world.claim(
                "alice",
                request,
                claim,
                entitlement,
                20,
                &claim_key("alice"),
                4 * (entitlement as u8 % 2),
            ));
            world.pass(5);
            world.drive();
        }
        drop(world.play(request, None, &Command::Release { by: subject("alice") }));
        world.drive();
        drop(world.decide("bob", request, YES, false));
    }
    longer(&mut world);
    drop(world.file("alice", "one", true, None));
    world.calm();
    world.run_out();
    world.watch.broken.iter().map(|(rule, _)| *rule).collect()
}

/// The part of the story in which somebody wants more time, is locked, and is erased.
fn longer(world: &mut World) {
    for role in ["one", "two", "rule"] {
        let Ok((request, Reply::Filed(_))) = world.file("alice", role, true, Some(600)) else { continue };
        for who in ["bob", "dan"] {
            drop(world.decide(who, request, YES, false));
        }
        for entitlement in [0, 1] {
            let claim = id(world.next());
            drop(world.claim("alice", request, claim, entitlement, 20, &claim_key("alice"), 0));
        }
        drop(world.extend("alice", request, 300));
        drop(world.decide("bob", request, Verdict::Deny, false));
        world.target.up = false;
        for (secs, say) in [(600, less(60)), (300, YES)] {
            drop(world.extend("alice", request, secs));
            drop(world.extend("alice", request, secs));
            for who in ["bob", "dan"] {
                drop(world.decide(who, request, say, false));
            }
            world.drive();
            world.pass(1);
            world.drive();
        }
        let claim = world.state(request).claims().next().map(|claim| claim.id);
        if let Some(claim) = claim {
            drop(world.play(request, None, &Command::Due(Timer::ClaimEnd(claim))));
        }
        let claim = id(world.next());
        drop(world.claim("alice", request, claim, 1, 20, &claim_key("alice"), 0));
        world.target.up = true;
        world.pass(40);
        world.drive();
        drop(world.extend("alice", request, 60));
    }
    drop(world.lock("ada", &target(0), true));
    drop(world.file("alice", "one", false, None));
    world.drive();
    drop(world.lock("ada", &target(0), false));
    drop(world.erase("alice"));
    world.pass(8000);
    world.drive();
    drop(world.erase("alice"));
}

/// The grant after a step, to be spoilt.
fn grant(step: &mut Step) -> Option<&mut jit_life::Grant> {
    step.state.as_mut()?.grant.as_mut()
}

#[test]
fn the_watch_sees_faults() {
    assert_eq!(twisted(|_| ()), Vec::<&str>::new());
    let faults: [(&str, Twist); 31] = [
        ("every_change_of_state_carries_an_event", |step| step.events.clear()),
        ("a_refusal_changes_nothing_and_is_recorded_once", |step| {
            if step.reply.is_err() {
                step.events.push(step.events[0].clone());
            }
        }),
        ("ending_is_never_given_up", |step| step.effects.retain(|e| !matches!(e.kind, EffectKind::Revoke(_)))),
        ("every_ready_grant_has_its_start_by_waiting", |step| step.effects.retain(|e| e.kind != EffectKind::StartBy)),
        ("every_active_grant_has_its_end_waiting", |step| step.effects.retain(|e| e.kind != EffectKind::End)),
        ("every_pending_ask_has_its_lapse_waiting", |step| {
            step.effects.retain(|e| !matches!(e.kind, EffectKind::Lapse(_)));
        }),
        ("every_order_on_its_way_has_its_settling_waiting", |step| {
            step.effects.retain(|e| !matches!(e.kind, EffectKind::Settle(_)));
        }),
        ("what_ended_early_is_looked_at_again", |step| {
            step.effects.retain(|e| !matches!(e.kind, EffectKind::Look(_)));
        }),
        ("what_a_list_ends_early_is_published", |step| {
            step.effects.retain(|e| !matches!(e.kind, EffectKind::Publish(_)));
        }),
        ("a_grant_is_never_longer_than_any_approval", |step| {
            if let Some(grant) = grant(step) {
                grant.span = Span::from_secs(601);
            }
        }),
        ("no_order_outlives_the_worst_case_end", |step| {
            for claim in grant(step).into_iter().flat_map(|grant| &mut grant.claims) {
                claim.end = claim.end.after(Span::from_secs(80_000));
            }
        }),
        ("no_grant_without_an_approved_ask", |step| {
            if let Some(state) = &mut step.state {
                state.asks.iter_mut().flat_map(|ask| &mut ask.reviews).for_each(|review| review.void = true);
            }
        }),
        ("nobody_approves_their_own_request", |step| {
            if let Some(state) = &mut step.state {
                let own = state.subject;
                state.asks.iter_mut().flat_map(|ask| &mut ask.reviews).for_each(|review| review.subject = own);
            }
        }),
        ("terminal_ask_states_never_change", |step| {
            if let Some(state) = &mut step.state {
                let opened = state.grant.as_ref().is_some_and(|grant| grant.window.is_some());
                state.asks.iter_mut().filter(|_| opened).for_each(|ask| ask.status = AskStatus::Denied);
            }
        }),
        ("without_a_handle_nothing_is_gone_before_its_deadline", |step| {
            for claim in grant(step).into_iter().flat_map(|grant| &mut grant.claims) {
                if matches!(claim.status, ClaimStatus::Ending { .. }) && claim.handle.is_none() {
                    let at = claim.at;
                    claim.status = ClaimStatus::Failed {
                        proof: Proof { grade: Grade::Observed, at, evidence: vec![], tail: vec![] },
                    };
                }
            }
        }),
        ("the_hash_is_over_what_is_asked_now", |step| {
            if let Some(state) = &mut step.state {
                state.asks.iter_mut().for_each(|ask| ask.span = Span::from_secs(1));
            }
        }),
        ("ended_grants_never_come_back", |step| {
            if let Some(grant) = grant(step)
                && matches!(grant.status, GrantStatus::Ended { .. })
            {
                grant.id = id(999_999);
            }
        }),
        ("only_an_approved_extension_moves_an_end", |step| {
            if let Some(window) = grant(step).and_then(|grant| grant.window.as_mut()) {
                window.end = window.end.plus_millis(1);
            }
        }),
        ("a_planted_end_moves_to_exactly_the_new_end", |step| {
            for claim in grant(step).into_iter().flat_map(|grant| &mut grant.claims).filter(|claim| !claim.moving()) {
                claim.end = claim.end.after(Span::from_secs(if claim.moved.is_some() { 60 } else { 0 }));
            }
        }),
        ("an_extension_never_cuts", |step| {
            let told = step.events.iter().any(|event| event.kind == "grant.extended");
            for claim in grant(step).into_iter().flat_map(|grant| &mut grant.claims).filter(|_| told) {
                claim.status = ClaimStatus::Ending { was_usable: true };
            }
        }),
        ("nothing_is_cut_before_the_outcome_of_an_extension_is_known", |step| {
            for claim in grant(step).into_iter().flat_map(|grant| &mut grant.claims).filter(|claim| claim.moving()) {
                if claim.moved.is_some_and(|moved| moved.tries > 0) {
                    claim.status = ClaimStatus::Ending { was_usable: true };
                }
            }
        }),
        ("one_ask_waits_at_a_time", |step| {
            if let Some(state) = &mut step.state {
                let again = state.asks.last().filter(|ask| ask.extends.is_some()).cloned();
                state.asks.extend(again);
            }
        }),
        ("each_extension_has_a_hash_of_its_own", |step| {
            if let Some(state) = &mut step.state {
                state.asks.iter_mut().for_each(|ask| ask.hash = jit_types::Digest([0; 32]));
            }
        }),
        ("every_end_that_moves_has_its_order_waiting", |step| {
            step.effects.retain(|e| !matches!(e.kind, EffectKind::Extend(_)));
        }),
        ("every_claim_that_ends_sooner_has_its_end_waiting", |step| {
            step.effects.retain(|e| !matches!(e.kind, EffectKind::ClaimEnd(_)));
        }),
        ("with_extensions_a_grant_stays_within_the_roles_most", |step| {
            let told = step.events.iter().any(|event| event.kind == "grant.extended");
            if let Some(grant) = grant(step).filter(|_| told) {
                grant.span = Span::from_secs(7201);
            }
        }),
        ("an_extension_that_is_not_approved_changes_no_grant", |step| {
            let told = step.events.iter().any(|event| event.kind == "ask.denied");
            if let Some(grant) = grant(step).filter(|_| told) {
                grant.approved = grant.approved.plus_millis(1);
            }
        }),
        ("no_extension_without_its_own_approvals", |step| {
            if let Some(state) = &mut step.state {
                let extensions = state.asks.iter_mut().filter(|ask| ask.extends.is_some());
                extensions.flat_map(|ask| &mut ask.reviews).for_each(|review| review.void = true);
            }
        }),
        ("what_is_locked_holds_nothing_once_that_is_carried_out", |step| {
            if step.events.iter().any(|event| event.kind == "grant.locked") {
                *step = Step { state: None, events: vec![], effects: vec![], drop: vec![], reply: Ok(Reply::Noted) };
            }
        }),
        ("a_claim_key_is_set_once_and_by_the_first_claim", |step| {
            let told = step.events.iter().any(|event| event.kind == "claim.intended");
            if let Some(state) = step.state.as_mut().filter(|_| told) {
                state.claim_key = Some(claim_key("eve"));
            }
        }),
        ("nothing_that_lives_is_erased", |step| {
            if let Some(state) = &mut step.state
                && state.grant.is_some()
            {
                let at = state.filed;
                state.erased = Some(at);
            }
        }),
    ];
    for (rule, twist) in faults {
        assert!(RULES.contains(&rule), "{rule}");
        let seen = twisted(twist);
        assert!(seen.contains(&rule), "{rule} was not seen: {seen:?}");
    }
}
