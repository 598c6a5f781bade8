//! `jit revoke`.

use super::ending::{self, Patience};
use super::{Ctx, Error, Exit, ask, card, complete, which};

/// Options of `jit revoke`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// The grant: its request's id; on a terminal its own, or the beginning of one
    #[arg(add = complete::grants())]
    id: String,
    /// Why: it stays in the record, and the holder is told
    #[arg(long, short, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    patience: Patience,
}

const AFTER: &str = "\
For administrators: takes a grant away before its end, and waits for the proof that it opens nothing any more.

Examples:
  jit revoke req_01jb2k --reason \"laptop stolen\"
  jit revoke \"$id\" --reason \"laptop stolen\" --yes

Exit codes:
  0 it is over (with --no-wait: it is being ended)   1 there is none that you may take away   2 usage
  4 not authenticated   7 broker unavailable   8 not proven in time; the broker goes on";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let asks = ctx.out.asks && !ctx.global.yes;
    if !asks && !which::is_whole(&args.id) {
        return Err(Error::usage("ID", "the whole id must be named where nobody can be asked")
            .hint("`jit list --all` shows it"));
    }
    let client = ctx.any_client().await?;
    let view = client.request(&args.id).await?;
    if asks {
        ctx.out.note(card::request(&view, &|tone, text| ctx.out.paint_note(tone, text)).join("\n"));
        if !ask::confirm("Take this away now?", false)? {
            return Err(Error::new(Exit::Failure, "nothing was taken away"));
        }
    }
    let done = client.revoke(view.id, &args.reason).await?;
    ending::proven(ctx, &client, done, &args.patience).await
}
