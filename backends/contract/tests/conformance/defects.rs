//! Each defect is caught by exactly the trials that are there for it, and each trial catches one.

use std::collections::BTreeSet;
use std::sync::Arc;

use jit_backend::Tail;
use jit_backend::testkit::{self, Fake, FakeHarness, Outcome, Verdict};
use jit_types::{Grade, MaterialKind, Span, Words};

use crate::bad::{Bad, Defect};

/// The good backend that a defect is put into.
fn base(fake: Fake, defect: Defect) -> Fake {
    let fake = fake.with_material(MaterialKind::ScramVerifier);
    let unbounded = || Tail::NoBound(Words::new("an open session goes on"));
    match defect {
        Defect::HidesTheSweptTail => fake.with_tails(Tail::AtMost(Span::from_secs(60)), unbounded()),
        Defect::BoastsOfItsProof => fake.with_proof(Grade::ByConstruction),
        Defect::WritesOtherDocumentsEachTime | Defect::NamesOnlyTheLast | Defect::ForgetsTheEarlier => {
            fake.publishing()
        }
        _ => fake,
    }
}

async fn run(defect: Defect) -> Outcome {
    let harness = FakeHarness::new(|fake| base(fake, defect))
        .wrapped(move |inner| Arc::new(Bad { inner, defect, count: 0.into(), ends: Default::default() }));
    testkit::run(&harness).await
}

/// One defect and what catches it.
struct Caught {
    defect: Defect,
    /// The trials that fail, the one that is there for it first; the others see what follows from it.
    trials: &'static [&'static str],
    /// Part of what the first says.
    says: &'static str,
}

const CAUGHT: &[Caught] = &[
    Caught {
        defect: Defect::SaysNotWhatItGives,
        trials: &["capability_is_consistent"],
        says: "does not say what it gives",
    },
    Caught { defect: Defect::NewHandleEachTime, trials: &["issue_converges"], says: "gave another handle" },
    Caught {
        defect: Defect::TakesAnyMaterial,
        trials: &["issue_takes_only_the_ordered_material"],
        says: "another client's material was taken",
    },
    Caught {
        defect: Defect::MakesWithoutMaterial,
        trials: &["issue_without_material_makes_nothing"],
        says: "without material was carried out",
    },
    Caught {
        defect: Defect::KeepsTheFirstEnd,
        trials: &["new_end_moves_the_planted_end"],
        says: "after the first end, before the new one, it opens nothing",
    },
    Caught { defect: Defect::OpensPastWindows, trials: &["window_already_over"], says: "a window that was over opens" },
    Caught {
        defect: Defect::IgnoresItsLongest,
        trials: &["window_longer_than_the_longest"],
        says: "lives longer than the longest life",
    },
    Caught {
        defect: Defect::PlantsNoEnd,
        trials: &["planted_end_ends_it", "new_end_moves_the_planted_end", "window_already_over"],
        says: "still opens after its end",
    },
    Caught {
        defect: Defect::SaysItWasThere,
        trials: &["revoke_converges", "revoke_before_issue"],
        says: "does not say that it was gone already",
    },
    Caught {
        defect: Defect::RevokesNothing,
        trials: &[
            "revoke_converges",
            "check_lists_what_is_there",
            "ending_one_never_cuts_another",
            "issue_after_a_lost_answer",
            "issue_converges",
            "lost_answer_can_be_revoked",
            "probe_before_during_after",
            "revoke_before_issue",
            "slow_target",
            "swept_tail",
            "two_houses_on_one_target",
            "unreachable_target",
            "wrong_target_is_not_touched",
        ],
        says: "it opens after it was revoked",
    },
    Caught {
        defect: Defect::RefusesToRevokeTheUnknown,
        trials: &[
            "revoke_before_issue",
            "order_past_its_deadline",
            "revoke_converges",
            "slow_target",
            "stalled_issuer",
        ],
        says: "the end failed: refused",
    },
    Caught {
        defect: Defect::NeedsAHandleToRevoke,
        trials: &["lost_answer_can_be_revoked", "two_houses_on_one_target"],
        says: "without a handle found nothing",
    },
    Caught {
        defect: Defect::RefusesTheSameOrder,
        trials: &["issue_after_a_lost_answer", "issue_converges", "new_end_moves_the_planted_end", "slow_target"],
        says: "the same order after a crash: conflict",
    },
    Caught {
        defect: Defect::IgnoresTheDeadline,
        trials: &["order_past_its_deadline", "stalled_issuer"],
        says: "past its deadline was carried out",
    },
    Caught {
        defect: Defect::ChecksTheDeadlineBeforeSending,
        trials: &["stalled_issuer"],
        says: "held back past its deadline was carried out",
    },
    Caught {
        defect: Defect::IgnoresThePinnedTarget,
        trials: &["wrong_target_is_not_touched"],
        says: "was revoked at the second",
    },
    Caught { defect: Defect::HidesTheSweptTail, trials: &["swept_tail"], says: "lives longer than 0s after the end" },
    Caught {
        defect: Defect::InventsASweptTail,
        trials: &["swept_tail"],
        says: "there is no bound, and the open session ended",
    },
    Caught {
        defect: Defect::HidesTheUnsweptTail,
        trials: &["unswept_tail"],
        says: "lives longer than 5s after the planted end",
    },
    Caught {
        defect: Defect::ProbesByTheOrderAlone,
        trials: &["probe_before_during_after"],
        says: "while it can be used, the probe says gone",
    },
    Caught {
        defect: Defect::ProbesUsable,
        trials: &["probe_before_during_after", "stalled_issuer"],
        says: "after it was revoked, the probe says usable",
    },
    Caught {
        defect: Defect::BoastsOfItsProof,
        trials: &["probe_before_during_after"],
        says: "the proof is observed, and by construction is the best",
    },
    Caught {
        defect: Defect::RevokesWhenItProbes,
        trials: &["probe_changes_nothing", "probe_before_during_after"],
        says: "after probes it opens nothing",
    },
    Caught {
        defect: Defect::EndsAllOfTheHouse,
        trials: &["ending_one_never_cuts_another"],
        says: "ending one grant cut another",
    },
    Caught {
        defect: Defect::ListsAllHouses,
        trials: &["two_houses_on_one_target"],
        says: "two houses list the same names",
    },
    Caught {
        defect: Defect::RevokesForOthers,
        trials: &["two_houses_on_one_target"],
        says: "one house revoked a lease of the other's",
    },
    Caught { defect: Defect::ListsNothing, trials: &["check_lists_what_is_there"], says: "the check does not list it" },
    Caught { defect: Defect::TakesEmptyForAll, trials: &["empty_is_refused"], says: "an empty list was accepted" },
    Caught { defect: Defect::TakesAnyScope, trials: &["hostile_scopes"], says: "an unknown key: accepted offline" },
    Caught {
        defect: Defect::RepeatsTheScope,
        trials: &["hostile_text_is_not_repeated"],
        says: "errors repeat the order's text",
    },
    Caught {
        defect: Defect::CallsUnreachableRefused,
        trials: &["unreachable_target"],
        says: "revoke failed as refused",
    },
    Caught { defect: Defect::HangsWhenUnreachable, trials: &["unreachable_target"], says: "did not come back within" },
    Caught {
        defect: Defect::FailsForGoodWhenSlow,
        trials: &["slow_target"],
        says: "issue at a slow target failed as bug",
    },
    Caught {
        defect: Defect::WritesOtherDocumentsEachTime,
        trials: &["documents_are_pure"],
        says: "gave two different answers",
    },
    Caught {
        defect: Defect::NamesOnlyTheLast,
        trials: &["documents_refuse_only_what_they_name"],
        says: "the first of two that the documents name opens",
    },
    Caught {
        defect: Defect::ForgetsTheEarlier,
        trials: &["documents_carry_on_what_earlier_ones_refused"],
        says: "what an earlier document refused is let in again",
    },
    Caught {
        defect: Defect::TellsTheMaterialInErrors,
        trials: &["secrets_stay_secret"],
        says: "a secret is told by issue",
    },
    Caught {
        defect: Defect::KeepsTheMaterialInTheHandle,
        trials: &["secrets_stay_secret"],
        says: "a secret is told by issue, the handle",
    },
];

#[tokio::test(start_paused = true)]
async fn the_wrapper_without_a_defect_passes() {
    let outcome = run(Defect::Nothing).await;
    outcome.assert(&["window_longer_than_the_longest", "documents_refuse_only_what_they_name"]);
}

#[tokio::test(start_paused = true)]
async fn each_defect_is_caught_by_its_trials_and_no_other() {
    let mut wrong = Vec::new();
    for Caught { defect, trials, says } in CAUGHT {
        let outcome = run(*defect).await;
        let failed: BTreeSet<_> = outcome.failed().into_iter().collect();
        let expected: BTreeSet<_> = trials.iter().copied().collect();
        let reasons = match outcome.verdict(trials[0]) {
            Some(Verdict::Failed(reasons)) => reasons.as_slice(),
            _ => &[],
        };
        if failed != expected || !reasons.iter().any(|reason| reason.contains(says)) {
            wrong.push(format!("{defect:?}: expected {expected:?} and {says:?}, failed {failed:?}\n{outcome}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_trial_has_a_defect_that_only_it_is_there_for() {
    let there: BTreeSet<_> = CAUGHT.iter().map(|caught| caught.trials[0]).collect();
    let all: BTreeSet<_> = testkit::trial_names().into_iter().collect();
    assert_eq!(there, all);
}
