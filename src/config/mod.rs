//! The config that people write: found, read, judged as a whole and explained. Also where secrets, environment and home
//! are read: nothing else in the house touches them.
//!
//! ```text
//! paths ── which file, and whether others could have written it (trust)
//!   └▶ load ── tree (TOML with places) ─▶ people, backends, broker, roles ─▶ Loaded, or Faults, all at once (show)
//! secrets ── a reference in the config ─▶ a file, the environment, the keyring, a program
//! schema, template ── for editors, and for `jit init`
//! ```
//!
//! [`load::Loaded`] exists only where there was no mistake, so that nothing runs on half a config.

mod backends;
pub mod broker;
pub mod env;
pub mod keyring;
pub mod load;
mod params;
pub mod paths;
mod pattern;
mod people;
mod read;
mod roles;
pub mod schema;
pub mod secrets;
pub mod show;
pub mod template;
mod tree;
pub mod trust;

#[cfg(test)]
mod tests;

pub use broker::{Broker, SocketMode};
pub use env::Env;
pub use load::{Kinds, LoadError, Loaded, load, read as read_text};
pub use paths::Places;
pub use secrets::HouseSecrets;
pub use show::Faults;
pub use trust::PlaceError;
