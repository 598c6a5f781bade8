//! Each defect is caught by exactly the trials that are there for it, and each trial catches one.

use std::collections::BTreeSet;
use std::sync::Arc;

use jit_approval::testkit::{self, FakeHarness, Results, Shape};

use crate::bad::{Bad, Defect};

async fn run(shape: Shape, defect: Defect) -> Results {
    testkit::run(&FakeHarness::new(shape).wrapped(move |inner| Arc::new(Bad::new(inner, defect)))).await
}

/// A defect, the medium that it is tried in, and the trials that catch it: the one that is there for it first.
type Caught = (Defect, Shape, &'static [&'static str]);

const CAUGHT: &[Caught] = &[
    (
        Defect::OffersNoDenial,
        Shape::CHAT,
        &[
            "capability_is_consistent",
            "late_press_is_refused_with_the_reason",
            "two_approvers_at_once",
            "presses_out_of_order",
        ],
    ),
    (Defect::HidesTheWarnings, Shape::CHAT, &["says_what_a_decision_needs"]),
    (Defect::TellsTheRequesterToo, Shape::HOOK, &["only_those_who_can_decide_are_told"]),
    (Defect::TellsTheRequesterToo, Shape::CHAT, &["only_those_who_can_decide_are_told"]),
    (Defect::TellsAllWhereNobodyIsNamed, Shape::CHAT, &["only_those_who_can_decide_are_told"]),
    (Defect::TellsNewsToAll, Shape::HOOK, &["news_reaches_whom_it_is_for"]),
    (
        Defect::SendsAllTheSameLink,
        Shape::MAIL,
        &[
            "link_reaches_only_its_addressee",
            "decision_arrives_as_made",
            "two_approvers_at_once",
            "approver_removed_since",
        ],
    ),
    (
        Defect::PostsAnewForEachUpdate,
        Shape::CHAT,
        &["message_follows", "message_is_reduced_at_the_end", "role_changed_since"],
    ),
    (Defect::KeepsTheReasonAtTheEnd, Shape::CHAT, &["message_is_reduced_at_the_end"]),
    (Defect::KeepsTheReasonAtTheEnd, Shape::MAIL, &["message_is_reduced_at_the_end"]),
    (Defect::ApprovesForAllThatWasAsked, Shape::CHAT, &["decision_arrives_as_made"]),
    (Defect::TogglesOnASecondPress, Shape::CHAT, &["duplicate_press_is_harmless"]),
    (Defect::ForgetsPressesOnARestart, Shape::CHAT, &["replay_to_a_restarted_broker"]),
    (Defect::CheersWhateverComes, Shape::CHAT, &["late_press_is_refused_with_the_reason", "two_approvers_at_once"]),
    (Defect::DropsWhileBusy, Shape::CHAT, &["two_approvers_at_once"]),
    (Defect::HearsLate, Shape::CHAT, &["slow_house_is_waited_for"]),
    (
        Defect::DecidesTheLastAnnounced,
        Shape::CHAT,
        &["presses_out_of_order", "role_changed_since", "control_with_the_hash_of_another_ask"],
    ),
    (Defect::LooksTheHashUp, Shape::CHAT, &["role_changed_since", "control_with_the_hash_of_another_ask"]),
    (Defect::TrustsTheAnnouncement, Shape::CHAT, &["approver_removed_since"]),
    (
        Defect::CutsTheIdentity,
        Shape::CHAT,
        &["self_over_another_principal", "stranger_learns_nothing", "identity_is_not_taken_from_the_body"],
    ),
    (
        Defect::TakesTheUnknownForTheFirst,
        Shape::CHAT,
        &["self_over_another_principal", "stranger_learns_nothing", "identity_is_not_taken_from_the_body"],
    ),
    (Defect::ExplainsToStrangers, Shape::CHAT, &["stranger_learns_nothing"]),
    (Defect::BelievesTheBody, Shape::HOOK, &["identity_is_not_taken_from_the_body"]),
    (Defect::DecidesWhatTheHashNames, Shape::CHAT, &["control_with_the_hash_of_another_ask"]),
    (Defect::TakesAnySignature, Shape::HOOK, &["forged_signature_is_refused"]),
    (Defect::TakesOldSignatures, Shape::HOOK, &["old_signature_is_refused"]),
    (Defect::DecidesOnALook, Shape::MAIL, &["looking_never_decides"]),
    (
        Defect::EscapesNoMarkup,
        Shape::CHAT,
        &["hostile_text_keeps_the_structure", "says_what_a_decision_needs", "long_text_is_cut"],
    ),
    (Defect::KeepsLineBreaks, Shape::CHAT, &["hostile_text_keeps_the_structure"]),
    (Defect::ShowsWhatReorders, Shape::CHAT, &["hostile_text_is_shown_harmlessly"]),
    (
        Defect::SendsAllOfALongText,
        Shape::CHAT,
        &["long_text_is_cut", "hostile_text_keeps_the_structure", "hostile_text_is_shown_harmlessly"],
    ),
    (Defect::CallsAwayForGood, Shape::CHAT, &["medium_down_then_up", "lost_answer_is_not_doubled"]),
    (Defect::SwallowsFailures, Shape::CHAT, &["medium_down_then_up", "lost_answer_is_not_doubled"]),
    (Defect::NewKeyEachTime, Shape::CHAT, &["lost_answer_is_not_doubled", "slow_medium"]),
    (Defect::GivesUpOnTheSlow, Shape::CHAT, &["slow_medium"]),
    (Defect::StopsWhenCut, Shape::CHAT, &["listening_goes_on_after_a_cut"]),
    (Defect::ChecksNothing, Shape::CHAT, &["check_is_honest"]),
    (Defect::KeepsTheLinkInTheReference, Shape::CHAT, &["nothing_secret_is_kept"]),
    (Defect::KeepsTheLinkAsEvidence, Shape::MAIL, &["nothing_secret_is_kept"]),
    (
        Defect::FilesForAnotherTime,
        Shape::CHAT,
        &[
            "command_arrives_as_given",
            "request_is_planned_before_it_is_filed",
            "command_given_twice_is_harmless",
            "hostile_text_in_a_command",
        ],
    ),
    (Defect::ShowsAnotherPlan, Shape::CHAT, &["request_is_planned_before_it_is_filed"]),
    (Defect::NotesAsMessages, Shape::CHAT, &["note_stands_beneath_its_message"]),
    (Defect::CommandsForTheRequester, Shape::HOOK, &["foreign_command_is_refused"]),
    (
        Defect::NewKeyForEachDelivery,
        Shape::CHAT,
        &["command_given_twice_is_harmless", "request_is_planned_before_it_is_filed"],
    ),
    (Defect::ReadsTheFirstLineOnly, Shape::CHAT, &["hostile_text_in_a_command"]),
];

#[tokio::test(start_paused = true)]
async fn the_wrapper_without_a_defect_passes() {
    for shape in [Shape::CHAT, Shape::HOOK, Shape::MAIL, Shape::FEED] {
        let results = run(shape, Defect::Nothing).await;
        assert!(results.failed().is_empty(), "{results}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_defect_is_caught_by_its_trials_and_no_other() {
    let mut wrong = Vec::new();
    for (defect, shape, expected) in CAUGHT {
        let results = run(*shape, *defect).await;
        let (failed, expected): (BTreeSet<_>, BTreeSet<_>) =
            (results.failed().into_iter().collect(), expected.iter().copied().collect());
        if failed != expected {
            wrong.push(format!("{defect:?}: expected {expected:?}, failed {failed:?}\n{results}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_trial_has_a_defect_that_only_it_is_there_for() {
    let there: BTreeSet<_> = CAUGHT.iter().filter_map(|(_, _, trials)| trials.first().copied()).collect();
    let all: BTreeSet<_> = testkit::trial_names().into_iter().collect();
    assert_eq!(there, all);
}
