//! PostgreSQL 15, 16, 17 and 18, as they are found here: every hostile session and every survivor that was ever seen is
//! a test that really does it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

mod checks;
mod conformance;
mod constancy;
mod doctor;
mod extending;
mod faults;
mod issuing;
mod logging;
mod planted;
mod proxy;
mod rights;
mod server;
mod sessions;
mod setups;
mod standby;
mod tables;
mod tls;
mod world;
mod wrapped;
