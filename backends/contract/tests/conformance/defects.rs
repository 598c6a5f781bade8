//! Each defect is caught by exactly the trials that are there for it, and each trial catches one.

use std::collections::BTreeSet;
use std::sync::Arc;

use jit_backend::Tail;
use jit_backend::testkit::{self, Fake, FakeHarness, Outcome};
use jit_types::{Grade, MaterialKind, Span, Words};

use crate::bad::{Bad, Defect};

/// The good backend that a defect is put into.
fn base(fake: Fake, defect: Defect) -> Fake {
    let fake = fake.with_material(MaterialKind::ScramVerifier);
    let unbounded = || Tail::NoBound(Words::new("an open session goes on"));
    match defect {
        Defect::HidesTheSweptTail => fake.with_tails(Tail::AtMost(Span::from_secs(60)), unbounded()),
        Defect::BoastsOfItsProof => fake.with_proof(Grade::ByConstruction),
        Defect::WritesOtherDocumentsEachTime | Defect::NamesOnlyTheLast => fake.publishing(),
        _ => fake,
    }
}

async fn run(defect: Defect) -> Outcome {
    let harness = FakeHarness::new(|fake| base(fake, defect))
        .wrapped(move |inner| Arc::new(Bad { inner, defect, count: 0.into(), ends: Default::default() }));
    testkit::run(&harness).await
}

/// Every defect with the trials that catch it, the one that is there for it first.
const CAUGHT: &[(Defect, &[&str])] = &[
    (Defect::SaysNotWhatItGives, &["capability_is_consistent"]),
    (Defect::NewHandleEachTime, &["issue_converges"]),
    (Defect::TakesAnyMaterial, &["issue_takes_only_the_ordered_material"]),
    (Defect::MakesWithoutMaterial, &["issue_without_material_makes_nothing"]),
    (Defect::KeepsTheFirstEnd, &["new_end_moves_the_planted_end"]),
    (Defect::OpensPastWindows, &["window_already_over"]),
    (Defect::IgnoresItsLongest, &["window_longer_than_the_longest"]),
    (Defect::PlantsNoEnd, &["planted_end_ends_it"]),
    (Defect::SaysItWasThere, &["revoke_converges"]),
    (Defect::RevokesNothing, &["revoke_converges"]),
    (Defect::RefusesToRevokeTheUnknown, &["revoke_before_issue"]),
    (Defect::NeedsAHandleToRevoke, &["lost_answer_can_be_revoked"]),
    (Defect::RefusesTheSameOrder, &["issue_after_a_lost_answer"]),
    (Defect::IgnoresTheDeadline, &["order_past_its_deadline"]),
    (Defect::ChecksTheDeadlineBeforeSending, &["stalled_issuer"]),
    (Defect::IgnoresThePinnedTarget, &["wrong_target_is_not_touched"]),
    (Defect::HidesTheSweptTail, &["swept_tail"]),
    (Defect::InventsASweptTail, &["swept_tail"]),
    (Defect::HidesTheUnsweptTail, &["unswept_tail"]),
    (Defect::ProbesByTheOrderAlone, &["probe_before_during_after"]),
    (Defect::ProbesUsable, &["probe_before_during_after"]),
    (Defect::BoastsOfItsProof, &["probe_before_during_after"]),
    (Defect::RevokesWhenItProbes, &["probe_changes_nothing"]),
    (Defect::EndsAllOfTheHouse, &["ending_one_never_cuts_another"]),
    (Defect::ListsAllHouses, &["two_houses_on_one_target"]),
    (Defect::RevokesForOthers, &["two_houses_on_one_target"]),
    (Defect::ListsNothing, &["check_lists_what_is_there"]),
    (Defect::TakesEmptyForAll, &["empty_is_refused"]),
    (Defect::TakesAnyScope, &["hostile_scopes"]),
    (Defect::RepeatsTheScope, &["hostile_text_is_not_repeated"]),
    (Defect::CallsUnreachableRefused, &["unreachable_target"]),
    (Defect::HangsWhenUnreachable, &["unreachable_target"]),
    (Defect::FailsForGoodWhenSlow, &["slow_target"]),
    (Defect::WritesOtherDocumentsEachTime, &["documents_are_pure"]),
    (Defect::NamesOnlyTheLast, &["documents_refuse_only_what_they_name"]),
    (Defect::TellsTheMaterialInErrors, &["secrets_stay_secret"]),
    (Defect::KeepsTheMaterialInTheHandle, &["secrets_stay_secret"]),
];

#[tokio::test(start_paused = true)]
async fn the_wrapper_without_a_defect_passes() {
    let outcome = run(Defect::Nothing).await;
    outcome.assert(&["window_longer_than_the_longest", "documents_refuse_only_what_they_name"]);
}

#[tokio::test(start_paused = true)]
async fn each_defect_is_caught_by_its_trials_and_no_other() {
    let mut wrong = Vec::new();
    for (defect, expected) in CAUGHT {
        let outcome = run(*defect).await;
        let (failed, expected): (BTreeSet<_>, BTreeSet<_>) =
            (outcome.failed().into_iter().collect(), expected.iter().copied().collect());
        if failed != expected {
            wrong.push(format!("{defect:?}: expected {expected:?}, failed {failed:?}\n{outcome}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_trial_has_a_defect_that_only_it_is_there_for() {
    let there: BTreeSet<_> = CAUGHT.iter().filter_map(|(_, trials)| trials.first().copied()).collect();
    let all: BTreeSet<_> = testkit::trial_names().into_iter().collect();
    assert_eq!(there, all);
}
