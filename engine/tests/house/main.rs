//! The engine as a whole: a real house on real files, with fake targets, fake channels and a clock that jumps.

#![allow(clippy::indexing_slicing, clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![allow(unreachable_pub, reason = "nothing here is for others")]

mod accounts;
mod ahead;
mod announce;
mod canary;
mod carried;
mod driver;
mod erase;
mod export;
mod extend;
mod invariants;
mod kind;
mod kit;
mod lock;
mod outbox;
mod refusals;
mod reload;
mod seen;
mod sqlite;
mod story;
mod targets;
mod upgrades;
