//! The whole program, as its users run it: the real binary, a real broker process, real OS users.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops loudly, and runs programs with an environment"
)]

mod attacks;
mod audit;
mod burst;
mod canary;
mod changes;
mod codes;
mod complete;
mod crash;
mod doors;
mod embedded;
mod erase;
mod exits;
mod extend;
mod filing;
mod follow;
mod hostile;
mod house;
mod http;
mod ids;
mod invariants;
mod lapse;
mod life;
mod lock;
mod once;
mod pipes;
mod postgres;
mod process;
mod reload;
mod routes;
mod slack;
mod spoof;
mod systemd;
mod tables;
mod tokens;
mod tour;
mod upgrades;
mod versions;
mod world;
