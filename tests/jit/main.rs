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
mod codes;
mod invariants;
mod life;
mod tour;
mod world;
