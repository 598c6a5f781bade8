//! The SSH backend as hosts and clients meet it: its bytes, the contract, and real sshds.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failed expectation fails the test")]

mod agent;
mod backend;
mod common;
mod conformance;
mod formats;
mod host;
mod probe;
mod sshd;
