//! The static half of an adapter: reading its table of the config file, and opening it.

use std::sync::Arc;

use jit_types::settings::{Reader, Secrets};

use crate::{Adapter, BoxFuture, Error};

/// A kind of channel, such as `slack`: one value for the whole program.
pub trait Kind: Send + Sync {
    /// The word that stands in `kind = "…"`.
    fn name(&self) -> &'static str;

    /// JSON Schema (2020-12) of `[approvals.NAME]`, an object's `properties` and `required`, without the key that the
    /// house reads itself (`kind`).
    fn schema(&self) -> serde_json::Value;

    /// Reads `[approvals.NAME]`, offline. Mistakes go to the reader; `None` where there was one.
    fn config(&self, reader: &mut Reader<'_>) -> Option<Box<dyn Config>>;
}

/// A channel's config, read and found sound, not yet opened.
pub trait Config: Send + Sync {
    /// What this channel points at, without secrets: the record of a change of config names it, and `doctor` shows it.
    fn target(&self) -> String;

    /// A person's name in this channel, as it stands in `[people]`, written as this channel's identities and addressees
    /// have it: where people leave something out that the channel's own config says, it is added here.
    ///
    /// # Errors
    /// The rule that the name breaks, as a sentence.
    fn name(&self, written: &str) -> Result<String, String> {
        Ok(written.to_owned())
    }

    /// Opens the channel. Reads its secrets; opens no connection that is not needed yet.
    fn open<'a>(&'a self, secrets: &'a dyn Secrets) -> BoxFuture<'a, Result<Arc<dyn Adapter>, Error>>;
}
