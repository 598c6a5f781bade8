//! jit: just-in-time, least-privilege, temporary access to production.

pub mod api;
pub mod config;
pub mod identity;
pub mod server;
