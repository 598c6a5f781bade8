//! `jit unlock`.

use super::lock::{Whom, said};
use super::{Ctx, Error, Exit};

/// Options of `jit unlock`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    #[command(flatten)]
    whom: Whom,
}

const AFTER: &str = "\
For administrators: lets a person or a role in again. What the lock has ended stays ended; it can be asked for anew.

Examples:
  jit unlock alice@example.com --reason \"new laptop\"
  jit unlock --role db-write --reason \"migration done\"

Exit codes:
  0 it is not locked any more, or was not   1 there is no such person or role, or you are no administrator   2 usage
  4 not authenticated   5 you are locked yourself   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let set = args.whom.set()?;
    let done = ctx.any_client().await?.unlock(&set).await?;
    said(ctx, &done)?;
    Ok(Exit::Done)
}
