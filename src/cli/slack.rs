//! `jit slack`: what Slack must be told before a broker can ask there.

use super::{Ctx, Error, Exit};
use crate::wiring;

/// Options of `jit slack`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Prints the manifest that a Slack app is made from
    Manifest(Manifest),
}

/// Options of `jit slack manifest`.
#[derive(clap::Args)]
#[command(after_long_help = MANIFEST)]
struct Manifest {
    /// Asks also for the right to see e-mail addresses, for `people = "email"`
    #[arg(long)]
    email: bool,
}

const MANIFEST: &str = "\
At api.slack.com/apps, \"Create New App\", \"From a manifest\", then paste it. It asks for the scopes that are used and no
others, for Socket Mode, and for no address of yours. Each broker wants an app of its own.

Examples:
  jit slack manifest
  jit slack manifest > manifest.json

Exit codes:
  0 printed   3 this jit was built without Slack";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let Command::Manifest(Manifest { email }) = args.command;
    let manifest = wiring::slack_manifest(email).map_err(|message| Error::new(Exit::Config, message))?;
    ctx.out.line(manifest)?;
    Ok(Exit::Done)
}
