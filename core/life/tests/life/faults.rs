//! Faults put into the pure step, to see that the watch sees them: a rule that sees nothing proves nothing.

use jit_life::{AskStatus, ClaimStatus, Command, EffectKind, GrantStatus, Step};
use jit_types::{Grade, Proof, Span};

use crate::kit::{claim_key, id, subject};
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
    drop(world.file("alice", "one", true, None));
    world.calm();
    world.run_out();
    world.watch.broken.iter().map(|(rule, _)| *rule).collect()
}

/// The grant after a step, to be spoilt.
fn grant(step: &mut Step) -> Option<&mut jit_life::Grant> {
    step.state.as_mut()?.grant.as_mut()
}

#[test]
fn the_watch_sees_faults() {
    assert_eq!(twisted(|_| ()), Vec::<&str>::new());
    let faults: [(&str, Twist); 17] = [
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
    ];
    for (rule, twist) in faults {
        assert!(RULES.contains(&rule), "{rule}");
        let seen = twisted(twist);
        assert!(seen.contains(&rule), "{rule} was not seen: {seen:?}");
    }
}
