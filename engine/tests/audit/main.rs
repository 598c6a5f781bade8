//! The audit log: how events are sealed, the tree over them, and what a verifier finds in an export.

#![allow(clippy::indexing_slicing, clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod cases;
mod seal;
mod support;
mod tree;
mod verify;
mod written;
