//! Another config for a house that is open.

use jit_engine::Outfit;
use jit_engine::service::NewConfig;
use jit_types::{BackendName, Digest};

use super::World;

pub(crate) fn backend(name: &str) -> BackendName {
    name.parse().expect("a name")
}

/// The config as it is, under another digest.
pub(crate) async fn as_it_is(world: &World, revision: &str) -> NewConfig {
    NewConfig {
        rules: (*world.house.rules()).clone(),
        outfit: Outfit {
            backends: (*world.house.backends()).clone(),
            targets: ["shop", "other", "list"].map(|name| (backend(name), format!("fake://{name}"))).into(),
            channels: (*world.house.channels()).clone(),
            alerts: world.house.alerts().to_vec(),
        },
        revision: Digest::of(revision.as_bytes()),
        by: Some(world.caller("ada").await.subject),
    }
}
