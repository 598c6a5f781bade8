//! The wire: versioned types of the HTTP API, and nothing else.
//!
//! Everything is JSON under `/v1`. Every POST carries an `Idempotency-Key` header, bound to principal, route and body.
//! Unknown fields in answers are ignored by clients, unknown fields in questions are refused by the server, so that an
//! older client meets a newer broker and the other way round, and either is told what it can't do.

pub mod audit;
pub mod config;
pub mod errors;
pub mod extensions;
pub mod grants;
pub mod locks;
pub mod requests;
pub mod tokens;

pub use errors::{ErrorBody, ErrorKind, Failure};

/// The version of this program, which both sides tell each other in the `jit-version` header.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The header with the version.
pub const VERSION_HEADER: &str = "jit-version";
/// The header of idempotency keys.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";
