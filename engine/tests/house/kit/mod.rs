//! A real house: SQLite files in a temporary directory, fake targets, fake channels, a clock of the test's own, and the
//! driver running.

pub(crate) mod backend;
pub(crate) mod clock;
mod jump;
pub(crate) mod people;
mod world;

pub(crate) use clock::START;
pub(crate) use people::span;
pub(crate) use world::{Setup, World, until};
