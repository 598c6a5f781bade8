//! `jit show`.

use jit_types::Span;

use super::{Ctx, Error, Exit, card, complete, extend, file, which};

/// Options of `jit show`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// The request or grant: its id, or the beginning of it
    #[arg(add = complete::seen())]
    id: String,
    /// Waits until it, or its extension, is decided
    #[arg(long)]
    wait: bool,
    /// Waits for at most so long
    #[arg(long, value_name = "TIME", requires = "wait")]
    timeout: Option<Span>,
}

const AFTER: &str = "\
Examples:
  jit show req_01jb2k
  jit show gr_01jb2k --output json | jq -r .standing
  jit show req_01jb2k --wait --timeout 10m

Exit codes:
  0 done (with --wait: approved)   1 there is none that you may see   4 not authenticated   7 broker unavailable
  with --wait: 5 denied   6 lapsed, cancelled or ended   8 still pending";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let client = ctx.client().await?;
    let view = which::any(&client, &args.id).await?;
    let out = &ctx.out;
    if args.wait {
        if let Some(extension) = view.extending().map(|extension| extension.ask) {
            let view = extend::wait(ctx, &client, view, extension, args.timeout).await?;
            extend::said(ctx, &view, extension)?;
        } else {
            let view = file::wait(ctx, &client, view, args.timeout).await?;
            file::approved(ctx, &view)?;
        }
    } else if out.json() {
        out.object(&view)?;
    } else {
        out.line(card::request(&view, &|tone, text| out.paint(tone, text)).join("\n"))?;
        if view.can_decide && out.stderr_tty {
            out.note(format!("decide:  jit approve {id}      jit deny {id} --reason \"…\"", id = view.id));
        }
    }
    Ok(Exit::Done)
}
