//! The conformance suite that every backend and every plug-in must pass.
//!
//! A backend's author writes a [`Harness`] and one test:
//!
//! ```
//! use jit_backend::testkit::{self, Fake, FakeHarness};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let harness = FakeHarness::new(Fake::without_planted_end);
//! let outcome = testkit::run_only(&harness, &|trial| trial.starts_with("planted_") || trial.starts_with("revoke_")).await;
//! outcome.assert(&["planted_end_ends_it"]); // what can't apply here, by name
//! # });
//! ```
//!
//! Which trials apply is read from the backend's own [`Capability`](crate::Capability), and what it says is measured.
//! No trial is silently skipped: one that does not apply says why, and the test must name it. The suite needs a tokio
//! runtime with its time driver, for the bound on how long a call may take.

pub mod clock;
pub mod fake;
pub mod harness;
mod kit;
pub mod outcome;
mod trials;

pub use clock::ManualClock;
pub use fake::{Fake, FakeHarness, FakeTarget};
pub use harness::{Client, Facts, Fault, Harness, Hostile, Must, Place, Session, Target, Trouble, Used};
pub use outcome::{Outcome, Report, Verdict};
pub use trials::names as trial_names;

/// Runs all trials on one backend.
pub async fn run(harness: &dyn Harness) -> Outcome {
    run_only(harness, &|_| true).await
}

/// Runs the trials whose name `wanted` says yes to: for a developer in a hurry.
pub async fn run_only(harness: &dyn Harness, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Outcome {
    let name = harness.facts().name;
    let trials = match kit::Kit::new(harness).await {
        Ok(kit) => trials::run(&kit, wanted).await,
        Err(why) => vec![Report { trial: "set_up", verdict: Verdict::Failed(vec![why]) }],
    };
    Outcome { name, trials }
}
