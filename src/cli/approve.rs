//! `jit approve`.

use jit_types::Span;

use super::decide::{self, Seen, Verdict};
use super::{Ctx, Error, Exit};
use crate::api::requests::Decide;

/// Options of `jit approve`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    #[command(flatten)]
    seen: Seen,
    /// For less than was asked; the shortest approved time counts
    #[arg(long = "for", value_name = "TIME")]
    span: Option<Span>,
    /// A word to the requester, kept in the record
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

const AFTER: &str = "\
Approves a request, or the extension of a grant that waits. On a terminal it is shown and you are asked. Elsewhere, and with --yes, its whole id and the content hash
must be named: what is approved is exactly what was seen, or nothing.

Examples:
  jit approve req_01jb2k
  jit approve req_01jb2k --for 30m --comment \"reads only, please\"
  jit approve \"$id\" --hash \"$(jit show \"$id\" --output json | jq -r .hash)\"

Exit codes:
  0 noted   1 it changed, or is decided already   2 usage   4 not authenticated
  5 it is not yours to decide   6 it is over   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let client = ctx.client().await?;
    let question = match args.span {
        Some(span) => format!("Approve this, for at most {span}?"),
        None => "Approve this?".to_owned(),
    };
    let verdict = Verdict { verb: "approve", question: &question };
    let view = decide::look(ctx, &client, &args.seen, &verdict).await?;
    let said = Decide { hash: view.hash, approve: true, span: args.span, comment: args.comment };
    decide::send(ctx, &client, &view, &said).await
}
