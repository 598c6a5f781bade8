//! `jit creds`: prints credentials for a program. What is cached is answered in `hot`; this is the ordinary way.

use super::{Ctx, Error, Exit, complete, form, take};
use crate::agent::protocol::Format;

/// Options of `jit creds`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// A grant that you hold, by its id or its role
    #[arg(add = complete::held())]
    grant: String,
    /// In which format
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

const AFTER: &str = "\
Claims what the grant gives where the agent does not hold it yet. The secret goes to stdout and nowhere else.

Examples:
  jit creds db-read --format json | jq -r '.[0].user'
  jit creds db-read --format pgpass
  jit creds shell --format ssh

Exit codes:
  0 done   1 not held, or the format does not fit   5 denied   6 lapsed or ended   7 broker unavailable
  8 not decided yet";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let held = take::held(ctx, &args.grant).await?;
    ctx.out.bytes(&form::render(args.format, &held)?)?;
    Ok(Exit::Done)
}
