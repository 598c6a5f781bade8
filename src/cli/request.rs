//! `jit request`.

use jit_types::{RoleName, Span};

use super::file::{self, Told};
use super::wish::{self, WishArgs};
use super::{Ctx, Error, Exit, ask, card, complete};

/// Options of `jit request`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// The role to ask for; on a terminal you are asked where it is missing
    #[arg(add = complete::roles())]
    role: Option<RoleName>,
    #[command(flatten)]
    wish: WishArgs,
    /// Only prints what the request would do; files nothing
    #[arg(long)]
    dry_run: bool,
    /// Files the request and ends, with its id on stdout
    #[arg(long, conflicts_with_all = ["dry_run", "timeout"])]
    no_wait: bool,
    /// Waits for at most so long; the request lives on
    #[arg(long, value_name = "TIME")]
    timeout: Option<Span>,
}

const AFTER: &str = "\
Waits until somebody has decided. The same request again attaches to the one that is open, so that a wait that
was cut off is taken up by the same command.

Examples:
  jit request db-read --for 2h --reason \"INC-42 slow orders\"
  jit request db-read --param schema=sales --reason \"INC-42 slow orders\" --dry-run
  id=$(jit request deploy --reason \"$JOB_URL\" --no-wait)
  jit request deploy --reason \"$JOB_URL\" --timeout 10m --output json

Events with --output json, one object a line: plan, filed, changed, away, settled, still_pending.

Exit codes:
  0 approved (with --no-wait: filed; with --dry-run: it may be filed)   2 usage   4 not authenticated
  5 denied, by rule or person   6 lapsed, cancelled or ended   7 broker unavailable   8 still pending";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let client = ctx.client().await?;
    let wished = wish::complete(ctx, &client, args.role.as_ref(), &args.wish).await?;
    let plan = client.plan(&wished.wish).await?;
    let out = &ctx.out;
    if args.dry_run {
        if out.json() {
            out.object(&plan)?;
        } else {
            let lines = card::plan(&plan, ctx.now(), &|tone, text| out.paint(tone, text));
            out.line(lines.join("\n"))?;
        }
        return Ok(Exit::Done);
    }
    if out.json() {
        file::tell(ctx, &Told::Plan { plan: &plan })?;
    } else {
        let lines = card::plan(&plan, ctx.now(), &|tone, text| out.paint_note(tone, text));
        out.note(lines.join("\n"));
    }
    // Whoever was asked for a part has not seen the whole before.
    if wished.asked && !ctx.global.yes && !ask::confirm("File this request?", true)? {
        return Err(Error::new(Exit::Failure, "nothing was filed"));
    }
    let view = file::file(ctx, &client, &wished.wish).await?.request;
    if args.no_wait {
        if !out.json() {
            out.line(view.id.to_string())?;
        }
        return Ok(Exit::Done);
    }
    let view = file::wait(ctx, &client, view, args.timeout).await?;
    file::approved(ctx, &view)?;
    Ok(Exit::Done)
}
