//! The pure life of a request: rules, policy and [`transition`].
//!
//! No I/O, no async, no clock, no randomness: times and ids come in as values, so that any order of commands, any crash
//! and any clock can be played through by a test.
//!
//! ```text
//! policy::may_…(rules, caller, …) ─▶ a right ─▶ Command ─▶ transition(state, facts, command, now) ─▶ Step
//! ```
//!
//! What people and roles are locked out of is an aggregate of its own, with a step of its own: [`lock`].
//!
//! A right is a value that only [`policy`] makes. A [`Step`] is data: the new state, the events, the effects, the reply.

#![warn(missing_docs)]

pub mod erase;
pub mod lock;
pub mod policy;
pub mod refused;
pub mod request;
pub mod role;
pub mod scope;
pub mod step;
pub mod transition;

pub use lock::{Lock, LockTarget, Locks};
pub use refused::{Refused, RefusedKind};
pub use request::{
    Ask, AskStatus, CancelWhy, Claim, ClaimStatus, EndWhy, Grant, GrantStatus, Request, Review, ReviewVerdict,
};
pub use role::{Approval, Rules};
pub use step::{Command, Effect, EffectKind, Facts, News, NotGone, NotMoved, Reply, Step, Timer, Verdict};
pub use transition::transition;
