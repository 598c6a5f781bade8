//! The conformance suite that every adapter and every plug-in must pass.
//!
//! An adapter's author writes a [`Harness`] and one test:
//!
//! ```ignore
//! let results = jit_approval::testkit::run(&harness).await;
//! results.assert(&["looking_never_decides"]); // the trials that can't apply here, by name
//! ```
//!
//! The house is a [`ScriptedDesk`], small and honest, so that what goes wrong is the adapter's. Which trials apply is read
//! from the adapter's own [`Capability`](crate::Capability) and from what the harness can do. No trial is silently skipped:
//! one that does not apply says why, and the test must name it. The suite needs a tokio runtime with its time driver.

pub mod commands;
pub mod desk;
pub mod fake;
pub mod harness;
mod kit;
pub mod outcome;
mod trials;

pub use commands::Commanded;
pub use desk::{Filed, Heard, ScriptedDesk};
pub use fake::{Fake, FakeHarness, FakeMedium, Shape};
pub use harness::{
    Answer, Control, Event, Facts, Fault, Harness, Message, Order, Player, Press, Side, Trouble, Twist, Wanted,
};
pub use outcome::{Came, Report, Results};
pub use trials::names as trial_names;

/// Runs all trials on one adapter.
pub async fn run(harness: &dyn Harness) -> Results {
    run_only(harness, &|_| true).await
}

/// Runs the trials whose name `wanted` says yes to: for a developer in a hurry.
pub async fn run_only(harness: &dyn Harness, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Results {
    let name = harness.facts().name;
    let trials = match kit::Kit::new(harness) {
        Ok(kit) => trials::run(&kit, wanted).await,
        Err(why) => vec![Report { trial: "set_up", came: Came::Failed(vec![why]) }],
    };
    Results { name, trials }
}
