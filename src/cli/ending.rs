//! What `jit release` and `jit revoke` share: they are done when the end is proven.

use jit_types::Span;

use super::exit::Error;
use super::output::{Tone, harmless};
use super::{Ctx, Exit, card, file};
use crate::api::requests::{Done, RequestView, Standing};
use crate::client::Client;

/// For how long the proof is waited for.
#[derive(clap::Args)]
pub struct Patience {
    /// Does not wait for the proof that it is over
    #[arg(long, conflicts_with = "timeout")]
    no_wait: bool,
    /// Waits for the proof for at most so long
    #[arg(long, value_name = "TIME", default_value = "2m")]
    timeout: Span,
}

/// Waits until the end of a grant is proven, and says how it is known.
///
/// # Errors
/// With exit code 8 where it is not proven in time: the broker goes on.
pub async fn proven(ctx: &Ctx, client: &Client, done: Done, patience: &Patience) -> Result<Exit, Error> {
    let over = |view: &RequestView| view.standing == Standing::Ended;
    let mut view = done.request;
    if !over(&view) && !patience.no_wait {
        view = file::until(ctx, client, view, Some(patience.timeout), &over).await?;
    }
    if over(&view) && view.mine {
        ctx.claim_keys()?.forget(view.id);
    }
    if ctx.out.json() {
        ctx.out.object(&Done { words: done.words, request: view, attached: false })?;
        return Ok(Exit::Done);
    }
    // Once it is over, why it is over says more than what was said of the command.
    let why = view.grant.as_ref().and_then(|grant| grant.why.as_deref()).filter(|_| over(&view));
    let words = harmless(why.unwrap_or(done.words.as_str()));
    ctx.out.line(format!("{}: {}, {words}", view.id, card::standing(view.standing).0))?;
    for claim in view.grant.iter().flat_map(|grant| &grant.claims) {
        let Some(proof) = &claim.proof else { continue };
        ctx.out.line(format!("  proof: {}", harmless(&proof.grade.to_string())))?;
        for words in &proof.tail {
            let words = harmless(words.as_str());
            ctx.out.line(format!("  {}", ctx.out.paint(Tone::Warn, format!("may still run: {words}"))))?;
        }
    }
    Ok(Exit::Done)
}
