//! The static half of a backend: reading its tables of the config file, and opening it.

use std::path::PathBuf;
use std::sync::Arc;

use jit_types::HouseId;
use jit_types::settings::Reader;
pub use jit_types::settings::{SecretError, Secrets};

use crate::{Backend, BoxFuture, Error, Scope, Setup};

/// A kind of backend, such as `ssh`: one value for the whole program.
pub trait Kind: Send + Sync {
    /// The word that stands in `kind = "…"`.
    fn name(&self) -> &'static str;

    /// JSON Schemas (2020-12) of `[backends.NAME]` and of an entry of `[[roles.NAME.gives]]`, without the keys that the
    /// house reads itself (`kind`, `backend`).
    fn schemas(&self) -> Schemas;

    /// Reads `[backends.NAME]`. Mistakes go to the reader; `None` where there was one.
    fn config(&self, reader: &mut Reader<'_>) -> Option<Box<dyn Config>>;
}

/// A backend's config, read and found sound, not yet opened.
pub trait Config: Send + Sync {
    /// What this backend points at, without secrets: enters the content hash, so that a repointed backend voids open
    /// reviews, and is compared with what live leases were issued on.
    fn target(&self) -> String;

    /// The files that the opened backend publishes documents to. Each is written whole, so no two backends may share one.
    fn publishes(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Reads an entry of `[[roles.NAME.gives]]` into a scope in which parameters still stand as `{"param": "name"}`.
    /// Mistakes go to the reader; `None` where there was one.
    fn scope(&self, reader: &mut Reader<'_>) -> Option<Scope>;

    /// What an administrator of the target sets up once; `None` for a kind that needs nothing run there.
    fn setup(&self) -> Option<Box<dyn Setup>> {
        None
    }

    /// Opens the backend. Reads its secrets; opens no connection that is not needed yet.
    fn open<'a>(&'a self, house: HouseId, secrets: &'a dyn Secrets) -> BoxFuture<'a, Result<Arc<dyn Backend>, Error>>;
}

/// The two JSON Schemas of a kind, both of an object's `properties` and `required`.
#[derive(Clone, Debug)]
pub struct Schemas {
    /// Of `[backends.NAME]`.
    pub config: serde_json::Value,
    /// Of an entry of `[[roles.NAME.gives]]`.
    pub scope: serde_json::Value,
}
