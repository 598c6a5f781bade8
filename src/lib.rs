//! jit: just-in-time, least-privilege, temporary access to production.

pub mod api;
pub mod cli;
pub mod client;
pub mod config;
pub mod identity;
pub mod server;
pub mod state;
pub mod wiring;
