//! The broker inside the user's own agent, for those who run no server.

use std::path::PathBuf;

use super::ctx::Ctx;
use super::exit::{Error, Exit};
use crate::config::{Places, paths};

/// The socket of the broker that the user's agent hosts.
///
/// # Errors
/// When there is no config that it could run on, or it does not run.
pub(super) async fn socket(ctx: &Ctx, places: &Places) -> Result<PathBuf, Error> {
    if paths::find(&ctx.env, ctx.global.config.as_deref())?.is_none() {
        return Err(Error::new(Exit::Config, "there is no config file, and no broker is named")
            .hint("`jit init` writes one; --broker or JIT_BROKER names a broker's socket"));
    }
    let (places, config) = (places.clone(), ctx.global.config.clone());
    // The agent's own protocol is read without a runtime; a thread waits for it, so that signals are heard meanwhile.
    let asked = tokio::task::spawn_blocking(move || crate::agent::broker_socket(&places, config.as_deref())).await;
    Ok(asked.map_err(|_| Error::new(Exit::Bug, "the agent could not be asked"))??)
}
