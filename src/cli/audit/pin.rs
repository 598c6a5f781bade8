//! `jit audit verify` without a file: the broker's log against what this machine saw of it last.

use crate::cli::output::Tone;
use crate::cli::{Ctx, Error, Exit};
use crate::client::pins::{Look, Pins};

/// Asks the broker for a newer checkpoint and for the proof that it continues the one that was seen.
pub(crate) async fn check(ctx: &Ctx, accept: bool) -> Result<Exit, Error> {
    let client = ctx.any_client().await?;
    let look = if accept { Look::Accept } else { ctx.look()? };
    let grown = Pins::of(&ctx.places()?.state).check(&client, ctx.now(), look).await?;
    if ctx.out.json() {
        ctx.out.object(&serde_json::json!({ "holds": true, "entries": grown.size, "seen": grown.before }))?;
    } else {
        let words = match grown.before {
            Some(before) => {
                format!("The log of {} entries continues the one of {before} that was seen here.", grown.size)
            }
            None => format!("The log has {} entries; this checkpoint is kept here from now on.", grown.size),
        };
        ctx.out.line(ctx.out.paint(Tone::Good, words))?;
    }
    Ok(Exit::Done)
}
