//! jit: just-in-time, least-privilege, temporary access to production. This page is the map of the house.
//!
//! # How a request flows
//!
//! ```text
//! cli ──▶ client ──▶ api (wire types) ──▶ server: authenticate, person, convert
//!                                           │
//!        policy::may_…(rules, caller) ──▶ life::transition(state, facts, command, now) ─▶ Step   pure
//!                                           │
//!            store: state + sealed events + effects in ONE transaction, many steps to a commit under load
//!                                           │
//!            driver: effects that are due, at least once, one at a time in a lane, retried for ever
//!              ├─ approvals/*: announce, update       inward: desk.decide(decision) → outcome in words
//!              ├─ backends/*: revoke, probe           (issue runs in the claim's own task, after its intent is durable)
//!              └─ audit: leaf → Merkle tree → signed checkpoint
//! ```
//!
//! There is one writer, one scheduler (the outbox of effects, in which timers are effects with a due time) and one way in.
//!
//! # The rooms
//!
//! | room | what is in it |
//! | --- | --- |
//! | `core/types` (`jit-types`) | the words that all share: ids, persons, times, classes, secrets, material, form, proof |
//! | `core/life` (`jit-life`) | pure: rules, policy, the request with its asks, grant and claims, and the one step |
//! | `backends/contract` (`jit-backend`) | what a credential backend must keep, and the suite that measures it (`testkit`) |
//! | `backends/ssh`, `backends/postgres` | two backends |
//! | `approvals/contract` (`jit-approval`) | what an approval adapter must keep, and its suite |
//! | `approvals/terminal`, `approvals/slack` | two adapters |
//! | `engine` (`jit-engine`) | service (commands in), driver (effects out), store (port and SQLite), audit |
//! | this crate | the binary: [`cli`], [`agent`], [`client`], [`api`], [`server`], [`identity`], [`config`], [`state`], [`wiring`] |
//!
//! Arrows point one way: `core/types ← contracts ← implementations`, `core/types ← core/life ← engine ← this crate`. Only
//! [`wiring`] names an implementation.
//!
//! # Where to put a change
//!
//! - **Another backend**: a crate beside `backends/ssh`, the suite run on it, one line in [`wiring`].
//! - **Another approval channel**: a crate beside `approvals/terminal`, the suite run on it, one line in [`wiring`].
//! - **Another command**: a file in [`cli`] with its `Args` and `run`, one line in the list of commands.
//! - **Another form of credential**: a variant of `jit_types::Form`, and one file in `cli::form`.
//! - **Another rule**: `core/life/src/policy.rs`; nothing else knows what a rule looks like.
//!
//! # Where the code differs from a first reading of the design
//!
//! - Aggregates hold pseudonyms ([`jit_types::Subject`]), never a person's name: who somebody is lives in the store of keys
//!   alone, so that destroying one key erases the person from store, log and backups alike.
//! - A credential that is claimed again supersedes the one before for the same entitlement: there is at most one live
//!   credential for each entitlement of a grant.
//! - When the store has gone back in time (a backup was put back), everything that it takes for live is ended, rather than
//!   taken up again: what has happened since is not known.

pub mod agent;
pub mod api;
pub mod cli;
pub mod client;
pub mod config;
pub mod identity;
pub mod server;
pub mod state;
pub mod wiring;
