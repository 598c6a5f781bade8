//! The user's agent: started by the first command that needs it, on a private socket; keeps claimed credentials in memory
//! until their end, makes one claim of a hundred callers, and hosts the broker where no other is configured.
//!
//! ```text
//! command ─▶ start (one at a time, waits until ready) ─▶ protocol ─▶ serve ─┬▶ keep (cache, one flight, follows the grant)
//!                                                                          ├▶ users (who uses a grant now)
//!                                                                          └▶ host (the broker, embedded shape)
//! ```
//!
//! It ends by itself when it holds nothing, nobody uses anything and its broker has nothing due. If it is killed, the next
//! command starts it again; what it held is claimed anew.

pub mod harden;
pub mod held;
mod host;
pub mod keep;
pub mod protocol;
mod serve;
mod source;
mod start;
mod users;

pub use serve::run;
pub use start::{Greeting, broker_socket, ensure, expect, gone, hold};

/// What a failure is about that lies in a config file, or in a file's owner or mode.
const CONFIG: &str = "config";

/// A refusal of the config or of a place on this machine.
fn place(error: crate::config::PlaceError) -> crate::api::Failure {
    use crate::api::{ErrorKind, Failure};
    Failure { about: CONFIG.to_owned(), hint: error.hint, ..Failure::new(ErrorKind::Invalid, error.message) }
}
