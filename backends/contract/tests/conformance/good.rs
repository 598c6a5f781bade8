//! Good backends of different promises pass, and the trials that do not apply are exactly those expected.

use jit_backend::testkit::{self, Fake, FakeHarness};
use jit_backend::{Extends, Lane, Tail};
use jit_types::{Grade, MaterialKind, Span, Words};

async fn passes(configure: impl FnOnce(Fake) -> Fake, without: &[&str]) {
    let harness = FakeHarness::new(configure);
    testkit::run(&harness).await.assert(without);
}

const NO_LONGEST: &str = "window_longer_than_the_longest";
const NO_DOCUMENTS: &str = "documents_refuse_only_what_they_name";
const NO_MATERIAL: [&str; 3] =
    ["issue_takes_only_the_ordered_material", "issue_without_material_makes_nothing", "secrets_stay_secret"];

#[tokio::test(start_paused = true)]
async fn one_like_a_database() {
    passes(|fake| fake.with_material(MaterialKind::ScramVerifier), &[NO_LONGEST, NO_DOCUMENTS]).await;
}

#[tokio::test(start_paused = true)]
async fn one_with_bounded_tails_and_a_longest_life() {
    let tails = (Tail::AtMost(Span::from_secs(5)), Tail::AtMost(Span::from_secs(66)));
    let without = [NO_MATERIAL.as_slice(), &[NO_DOCUMENTS]].concat();
    passes(
        |fake| fake.with_tails(tails.0, tails.1).with_life(Span::from_secs(600), Some(Span::from_secs(3600))),
        &without,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_like_certificates() {
    let unbounded = || Tail::NoBound(Words::new("an open connection opens new sessions"));
    passes(
        |fake| fake.with_material(MaterialKind::SshPublicKey).publishing().with_tails(unbounded(), unbounded()),
        &["new_end_moves_the_planted_end", NO_LONGEST, "check_lists_what_is_there", "secrets_stay_secret"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_whose_target_holds_no_end_and_shows_no_proof() {
    let without = [NO_MATERIAL.as_slice(), &[NO_LONGEST, NO_DOCUMENTS, "planted_end_ends_it"]].concat();
    let none = Grade::None { because: Words::new("the target shows nothing") };
    passes(|fake| fake.without_planted_end().with_proof(none), &without).await;
}

#[tokio::test(start_paused = true)]
async fn one_with_a_shared_lane_that_needs_new_claims() {
    let without = [NO_MATERIAL.as_slice(), &[NO_LONGEST, NO_DOCUMENTS, "new_end_moves_the_planted_end"]].concat();
    passes(|fake| fake.with_extends(Extends::NewClaim).with_lane(Lane::Shared("policy".to_owned())), &without).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_ability_is_noticed() {
    let outcome = testkit::run(&FakeHarness::new(Fake::without_planted_end)).await;
    let said = outcome.expect(&[]).expect_err("trials did not apply");
    assert!(said.contains("`planted_end_ends_it` did not apply"), "{said}");
    assert!(outcome.failed().is_empty(), "{outcome}");
    let all: Vec<_> = outcome.trials.iter().map(|r| r.trial).collect();
    assert_eq!(all, testkit::trial_names());
}
