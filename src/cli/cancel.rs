//! `jit cancel`.

use super::{Ctx, Error, Exit, complete, decide, which};
use crate::api::requests::Standing;

/// Options of `jit cancel`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// Your request, or the one that waits to be extended: its id, the beginning of it, or its role
    #[arg(add = complete::pending())]
    id: String,
}

const AFTER: &str = "\
Takes back what waits for a decision: a request, or an extension, whose grant then ends as before.

Examples:
  jit cancel req_01jb2k
  jit cancel db-read

Exit codes:
  0 cancelled   1 there is none, or it is decided   4 not authenticated   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let client = ctx.any_client().await?;
    let view = which::mine(&client, &args.id, |view| view.waits()).await?;
    let done = client.cancel(view.id).await?;
    if done.request.standing == Standing::Cancelled {
        ctx.claim_keys()?.forget(view.id);
    }
    decide::say(ctx, &done)
}
