//! The engine: joins what is issued, who says yes, and the record of both.
//!
//! ```text
//! service (commands in) ─▶ store (state, sealed events, effects: one transaction) ─▶ driver (effects out)
//!                                         └─▶ audit (tree, checkpoint, openings)
//! ```
//!
//! It names no backend and no adapter: those come in as values from the binary's composition root.

pub mod audit;
pub mod clock;
pub mod driver;
pub mod error;
pub mod failpoints;
pub mod house;
mod lanes;
mod notices;
pub mod service;
pub mod store;

pub use clock::{Clock, SystemClock};
pub use error::Error;
pub use house::{House, Outfit, Parts};
pub use jit_backend::BoxFuture;
