//! The whole config, read as people write it.

mod hostile;
mod kinds;
mod mistakes;
mod names;
mod schemas;
#[cfg(all(feature = "ssh", feature = "postgres"))]
mod templates;
mod whole;

use std::path::Path;

use super::load::{Kinds, Loaded, read};
use super::show::Faults;

/// Reads a text as if it stood in `/etc/jit/jit.toml`.
fn check(text: &str, kinds: &Kinds) -> Result<Loaded, Faults> {
    read(text, "jit.toml", Path::new("/etc/jit/jit.toml"), Path::new("/etc/jit"), kinds)
}

/// The rules that a text breaks, each with its line and key.
fn broken(text: &str) -> Vec<String> {
    match check(text, &kinds::kinds()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.placed().iter().map(|p| format!("{} {}: {}", p.line, p.key, p.rule)).collect(),
    }
}
