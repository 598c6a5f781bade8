//! `jit release`.

use super::ending::{self, Patience};
use super::{Ctx, Error, Exit, complete, which};
use crate::api::requests::Standing;

/// Options of `jit release`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// Your grant: its id or its request's, the beginning of one, or its role
    #[arg(add = complete::held())]
    id: String,
    #[command(flatten)]
    patience: Patience,
}

const AFTER: &str = "\
Gives a grant back before its end, and waits for the proof that it opens nothing any more.

Examples:
  jit release gr_01jb2k
  jit release db-read
  jit release db-read --no-wait

Exit codes:
  0 it is over (with --no-wait: it is being ended)   1 there is none   4 not authenticated   7 broker unavailable
  8 not proven in time; the broker goes on";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let client = ctx.any_client().await?;
    let view = which::mine(&client, &args.id, |view| {
        matches!(view.standing, Standing::Ready | Standing::Active | Standing::Ending)
    })
    .await?;
    let done = client.release(view.id).await?;
    ending::proven(ctx, &client, done, &args.patience).await
}
