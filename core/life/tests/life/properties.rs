//! The invariants, one test each: whatever happens in whatever order, this holds.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::ops::{Op, longer, ops};
use crate::world::World;

/// How many random stories are played: more where `JIT_LONG_TESTS` is set.
#[allow(clippy::disallowed_methods, reason = "a test's length is chosen by whoever runs it")]
fn stories() -> u32 {
    if std::env::var("JIT_LONG_TESTS").is_ok_and(|v| v == "1") { 20_000 } else { 800 }
}

/// Operations, whether targets hold the end themselves, and how far the target's clock is ahead in milliseconds: less than
/// what an order's settling allows for.
type Story = (Vec<Op>, bool, i64);

fn story() -> impl Strategy<Value = Story> {
    (prop_oneof![ops(80), longer(50)], prop::bool::weighted(0.6), -4_000..4_000i64)
}

fn play((ops, plants, skew): &Story) -> World {
    let mut world = World::new(*plants, *skew);
    ops.iter().for_each(|op| world.happen(op));
    world.run_out();
    world
}

/// What all stories came to: how often each rule had something to say, and a story that breaks it, where there is one.
type Played = (BTreeMap<&'static str, u64>, BTreeMap<&'static str, Story>);

/// The stories are played once for all rules, by two threads.
fn played() -> &'static Played {
    static PLAYED: OnceLock<Played> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let half = || {
            let mut runner = TestRunner::new(Config::default());
            let (mut seen, mut broken) = Played::default();
            for _ in 0..stories() / 2 {
                let story = story().new_tree(&mut runner).unwrap().current();
                let watch = play(&story).watch;
                for (rule, times) in watch.seen {
                    *seen.entry(rule).or_default() += times;
                }
                for (rule, _) in watch.broken {
                    broken.entry(rule).or_insert_with(|| story.clone());
                }
            }
            (seen, broken)
        };
        let (mut one, two) = std::thread::scope(|scope| {
            let other = scope.spawn(half);
            (half(), other.join().unwrap())
        });
        two.0.into_iter().for_each(|(rule, times)| *one.0.entry(rule).or_default() += times);
        one.1.extend(two.1);
        one
    })
}

/// What of a rule a story breaks.
fn breaks(rule: &str, story: &Story) -> Option<String> {
    play(story).watch.broken.into_iter().find(|(broken, _)| *broken == rule).map(|(_, what)| what)
}

/// Fails where a story breaks this rule, with what is left of it when all that is not needed is taken out.
fn holds(rule: &str) {
    let Some(mut story) = played().1.get(rule).cloned() else { return };
    let mut size = story.0.len();
    while size > 0 {
        let mut at = 0;
        while at < story.0.len() {
            let mut less = story.clone();
            less.0.drain(at..story.0.len().min(at + size));
            if breaks(rule, &less).is_some() {
                story = less;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    panic!("{:?} in {story:#?}", breaks(rule, &story));
}

/// A rule that never has anything to say can't fail.
#[test]
fn every_rule_had_something_to_say() {
    let seen = &played().0;
    for rule in RULES {
        assert!(seen.get(rule).is_some_and(|times| *times > 1), "{rule}: {:?} of {seen:#?}", seen.get(rule));
    }
    assert!(seen.keys().all(|rule| RULES.contains(rule)), "a rule without a test: {seen:?}");
}

/// The names of all rules.
pub(crate) const RULES: [&str; 61] = [
    "a_refusal_changes_nothing_and_is_recorded_once",
    "a_second_decision_is_a_no_op_with_an_honest_word",
    "a_late_decision_never_revives",
    "every_change_of_state_carries_an_event",
    "terminal_ask_states_never_change",
    "nobody_approves_their_own_request",
    "what_is_gone_comes_back_only_when_that_is_told",
    "without_a_handle_nothing_is_gone_before_its_deadline",
    "what_ended_early_is_looked_at_again",
    "what_a_list_ends_early_is_published",
    "only_what_is_ending_is_revoked",
    "a_grant_is_never_longer_than_asked",
    "no_grant_without_an_approved_ask",
    "approvals_of_those_who_lost_the_right_do_not_count",
    "a_grant_is_never_longer_than_any_approval",
    "who_says_less_time_is_heard",
    "a_change_of_rules_never_approves",
    "a_change_of_role_voids_reviews",
    "ended_grants_never_come_back",
    "only_an_unused_window_is_given_back",
    "a_grant_has_ended_when_nothing_of_it_lives",
    "an_unused_window_is_given_back",
    "the_same_command_again_changes_nothing",
    "nothing_is_issued_without_an_approved_ask",
    "one_open_request_per_key",
    "every_pending_ask_has_its_lapse_waiting",
    "the_hash_is_over_what_is_asked_now",
    "every_ready_grant_has_its_start_by_waiting",
    "every_active_grant_has_its_end_waiting",
    "a_grant_is_ending_while_a_claim_lives",
    "ending_is_never_given_up",
    "every_order_on_its_way_has_its_settling_waiting",
    "an_order_on_its_way_has_its_lane_to_itself",
    "one_live_credential_for_one_entitlement",
    "no_order_outlives_the_worst_case_end",
    "a_window_is_as_long_as_approved",
    "overlapping_grants_never_cut_each_other",
    "what_is_over_is_proven_gone_once_the_target_answers",
    "nothing_is_usable_after_its_end_and_the_bound",
    "everything_comes_to_an_end_by_itself",
    "only_an_approved_extension_moves_an_end",
    "no_extension_without_its_own_approvals",
    "a_late_approval_extends_nothing",
    "an_extension_stays_within_what_was_shown",
    "with_extensions_a_grant_stays_within_the_roles_most",
    "an_extension_that_is_not_approved_changes_no_grant",
    "an_extension_never_cuts",
    "a_claim_after_an_extension_cuts_no_claim_before_it",
    "nothing_is_cut_before_the_outcome_of_an_extension_is_known",
    "a_planted_end_moves_to_exactly_the_new_end",
    "one_ask_waits_at_a_time",
    "each_extension_has_a_hash_of_its_own",
    "an_extension_waits_only_while_its_grant_lives",
    "every_end_that_moves_has_its_order_waiting",
    "every_claim_that_ends_sooner_has_its_end_waiting",
    "who_is_locked_gets_nothing",
    "who_is_locked_locks_and_unlocks_nothing",
    "what_is_locked_holds_nothing_once_that_is_carried_out",
    "nothing_that_lives_is_erased",
    "what_ends_sooner_than_its_grant_is_not_cut_before",
    "a_claim_key_is_set_once_and_by_the_first_claim",
];

#[test]
fn a_refusal_changes_nothing_and_is_recorded_once() {
    holds("a_refusal_changes_nothing_and_is_recorded_once");
}

#[test]
fn a_second_decision_is_a_no_op_with_an_honest_word() {
    holds("a_second_decision_is_a_no_op_with_an_honest_word");
}

#[test]
fn a_late_decision_never_revives() {
    holds("a_late_decision_never_revives");
}

#[test]
fn every_change_of_state_carries_an_event() {
    holds("every_change_of_state_carries_an_event");
}

#[test]
fn terminal_ask_states_never_change() {
    holds("terminal_ask_states_never_change");
}

#[test]
fn nobody_approves_their_own_request() {
    holds("nobody_approves_their_own_request");
}

#[test]
fn what_is_gone_comes_back_only_when_that_is_told() {
    holds("what_is_gone_comes_back_only_when_that_is_told");
}

#[test]
fn without_a_handle_nothing_is_gone_before_its_deadline() {
    holds("without_a_handle_nothing_is_gone_before_its_deadline");
}

#[test]
fn what_ended_early_is_looked_at_again() {
    holds("what_ended_early_is_looked_at_again");
}

#[test]
fn what_a_list_ends_early_is_published() {
    holds("what_a_list_ends_early_is_published");
}

#[test]
fn only_what_is_ending_is_revoked() {
    holds("only_what_is_ending_is_revoked");
}

#[test]
fn a_grant_is_never_longer_than_asked() {
    holds("a_grant_is_never_longer_than_asked");
}

#[test]
fn no_grant_without_an_approved_ask() {
    holds("no_grant_without_an_approved_ask");
}

#[test]
fn approvals_of_those_who_lost_the_right_do_not_count() {
    holds("approvals_of_those_who_lost_the_right_do_not_count");
}

#[test]
fn a_grant_is_never_longer_than_any_approval() {
    holds("a_grant_is_never_longer_than_any_approval");
}

#[test]
fn who_says_less_time_is_heard() {
    holds("who_says_less_time_is_heard");
}

#[test]
fn a_change_of_rules_never_approves() {
    holds("a_change_of_rules_never_approves");
}

#[test]
fn a_change_of_role_voids_reviews() {
    holds("a_change_of_role_voids_reviews");
}

#[test]
fn ended_grants_never_come_back() {
    holds("ended_grants_never_come_back");
}

#[test]
fn only_an_unused_window_is_given_back() {
    holds("only_an_unused_window_is_given_back");
}

#[test]
fn a_grant_has_ended_when_nothing_of_it_lives() {
    holds("a_grant_has_ended_when_nothing_of_it_lives");
}

#[test]
fn an_unused_window_is_given_back() {
    holds("an_unused_window_is_given_back");
}

#[test]
fn the_same_command_again_changes_nothing() {
    holds("the_same_command_again_changes_nothing");
}

#[test]
fn nothing_is_issued_without_an_approved_ask() {
    holds("nothing_is_issued_without_an_approved_ask");
}

#[test]
fn one_open_request_per_key() {
    holds("one_open_request_per_key");
}

#[test]
fn every_pending_ask_has_its_lapse_waiting() {
    holds("every_pending_ask_has_its_lapse_waiting");
}

#[test]
fn the_hash_is_over_what_is_asked_now() {
    holds("the_hash_is_over_what_is_asked_now");
}

#[test]
fn every_ready_grant_has_its_start_by_waiting() {
    holds("every_ready_grant_has_its_start_by_waiting");
}

#[test]
fn every_active_grant_has_its_end_waiting() {
    holds("every_active_grant_has_its_end_waiting");
}

#[test]
fn a_grant_is_ending_while_a_claim_lives() {
    holds("a_grant_is_ending_while_a_claim_lives");
}

#[test]
fn ending_is_never_given_up() {
    holds("ending_is_never_given_up");
}

#[test]
fn every_order_on_its_way_has_its_settling_waiting() {
    holds("every_order_on_its_way_has_its_settling_waiting");
}

#[test]
fn an_order_on_its_way_has_its_lane_to_itself() {
    holds("an_order_on_its_way_has_its_lane_to_itself");
}

#[test]
fn one_live_credential_for_one_entitlement() {
    holds("one_live_credential_for_one_entitlement");
}

#[test]
fn no_order_outlives_the_worst_case_end() {
    holds("no_order_outlives_the_worst_case_end");
}

#[test]
fn a_window_is_as_long_as_approved() {
    holds("a_window_is_as_long_as_approved");
}

#[test]
fn overlapping_grants_never_cut_each_other() {
    holds("overlapping_grants_never_cut_each_other");
}

#[test]
fn what_is_over_is_proven_gone_once_the_target_answers() {
    holds("what_is_over_is_proven_gone_once_the_target_answers");
}

#[test]
fn nothing_is_usable_after_its_end_and_the_bound() {
    holds("nothing_is_usable_after_its_end_and_the_bound");
}

#[test]
fn everything_comes_to_an_end_by_itself() {
    holds("everything_comes_to_an_end_by_itself");
}

#[test]
fn only_an_approved_extension_moves_an_end() {
    holds("only_an_approved_extension_moves_an_end");
}

#[test]
fn no_extension_without_its_own_approvals() {
    holds("no_extension_without_its_own_approvals");
}

#[test]
fn a_late_approval_extends_nothing() {
    holds("a_late_approval_extends_nothing");
}

#[test]
fn an_extension_stays_within_what_was_shown() {
    holds("an_extension_stays_within_what_was_shown");
}

#[test]
fn with_extensions_a_grant_stays_within_the_roles_most() {
    holds("with_extensions_a_grant_stays_within_the_roles_most");
}

#[test]
fn an_extension_that_is_not_approved_changes_no_grant() {
    holds("an_extension_that_is_not_approved_changes_no_grant");
}

#[test]
fn an_extension_never_cuts() {
    holds("an_extension_never_cuts");
}

#[test]
fn a_claim_after_an_extension_cuts_no_claim_before_it() {
    holds("a_claim_after_an_extension_cuts_no_claim_before_it");
}

#[test]
fn nothing_is_cut_before_the_outcome_of_an_extension_is_known() {
    holds("nothing_is_cut_before_the_outcome_of_an_extension_is_known");
}

#[test]
fn a_planted_end_moves_to_exactly_the_new_end() {
    holds("a_planted_end_moves_to_exactly_the_new_end");
}

#[test]
fn one_ask_waits_at_a_time() {
    holds("one_ask_waits_at_a_time");
}

#[test]
fn each_extension_has_a_hash_of_its_own() {
    holds("each_extension_has_a_hash_of_its_own");
}

#[test]
fn an_extension_waits_only_while_its_grant_lives() {
    holds("an_extension_waits_only_while_its_grant_lives");
}

#[test]
fn every_end_that_moves_has_its_order_waiting() {
    holds("every_end_that_moves_has_its_order_waiting");
}

#[test]
fn every_claim_that_ends_sooner_has_its_end_waiting() {
    holds("every_claim_that_ends_sooner_has_its_end_waiting");
}

#[test]
fn who_is_locked_gets_nothing() {
    holds("who_is_locked_gets_nothing");
}

#[test]
fn who_is_locked_locks_and_unlocks_nothing() {
    holds("who_is_locked_locks_and_unlocks_nothing");
}

#[test]
fn what_is_locked_holds_nothing_once_that_is_carried_out() {
    holds("what_is_locked_holds_nothing_once_that_is_carried_out");
}

#[test]
fn nothing_that_lives_is_erased() {
    holds("nothing_that_lives_is_erased");
}

#[test]
fn what_ends_sooner_than_its_grant_is_not_cut_before() {
    holds("what_ends_sooner_than_its_grant_is_not_cut_before");
}

#[test]
fn a_claim_key_is_set_once_and_by_the_first_claim() {
    holds("a_claim_key_is_set_once_and_by_the_first_claim");
}
