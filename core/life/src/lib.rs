//! The pure life of a request: rules, policy and [`transition`].
//!
//! No I/O, no async, no clock, no randomness: times and ids come in as values, so that any order of commands, any crash
//! and any clock can be played through by a test.
//!
//! ```text
//! policy::may_…(rules, caller, …) ─▶ a right ─▶ Command ─▶ transition(state, facts, command, now) ─▶ Step
//! ```
//!
//! A right is a value that only [`policy`] makes. A [`Step`] is data: the new state, the events, the effects, the reply.

#![warn(missing_docs)]

pub mod policy;
pub mod refused;
pub mod request;
pub mod role;
pub mod scope;
pub mod step;
pub mod transition;

pub use refused::{Refused, RefusedKind};
pub use request::{Ask, AskStatus, Claim, ClaimStatus, EndWhy, Grant, GrantStatus, Request, Review, ReviewVerdict};
pub use role::{Approval, Rules};
pub use step::{Command, Effect, EffectKind, Facts, News, NotGone, Reply, Step, Timer, Verdict};
pub use transition::transition;
