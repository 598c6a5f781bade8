//! `jit deny`.

use super::decide::{self, Seen, Verdict};
use super::{Ctx, Error, Exit, ask};
use crate::api::requests::Decide;

/// Options of `jit deny`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    #[command(flatten)]
    seen: Seen,
    /// Why not: the requester reads it
    #[arg(long, short, value_name = "TEXT")]
    reason: Option<String>,
}

const AFTER: &str = "\
On a terminal the request is shown and you are asked. Elsewhere, and with --yes, its whole id and the content hash
must be named.

Examples:
  jit deny req_01jb2k --reason \"use the replica\"
  jit deny \"$id\" --hash \"$hash\" --reason \"not during the freeze\"

Exit codes:
  0 noted   1 it changed, or is decided already   2 usage   4 not authenticated
  5 it is not yours to decide   6 it is over   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    if args.reason.is_none() && (!ctx.out.asks || ctx.global.yes) {
        return Err(Error::usage("--reason", "a denial says why").hint("--reason \"…\""));
    }
    let client = ctx.any_client().await?;
    let view = decide::look(ctx, &client, &args.seen, &Verdict { verb: "deny", question: "Deny this?" }).await?;
    let reason = match args.reason {
        Some(reason) => reason,
        None => ask::text("Reason", |text| text.trim().is_empty().then(|| "say in a few words why".to_owned()))?,
    };
    let said = Decide { hash: view.hash, approve: false, span: None, comment: Some(reason) };
    decide::send(ctx, &client, &view, &said).await
}
