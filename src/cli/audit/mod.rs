//! `jit audit`: the record, read and verified.

mod erase;
mod export;
mod line;
mod log;
pub(crate) mod pin;
mod show;
mod verify;

use clap::Subcommand;

use super::{Ctx, Error, Exit};

/// Options of `jit audit`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists what happened
    Log(log::Args),
    /// Tells the story of one request, as for a post-mortem
    Show(show::Args),
    /// Writes the whole log to a file that can be verified offline
    Export(export::Args),
    /// Verifies a file, or the broker's log
    Verify(verify::Args),
    /// Makes unreadable what a person typed, and who they were
    Erase(erase::Args),
}

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    match args.command {
        Command::Log(args) => log::run(ctx, args).await,
        Command::Show(args) => show::run(ctx, args).await,
        Command::Export(args) => export::run(ctx, args).await,
        Command::Verify(args) => verify::run(ctx, args).await,
        Command::Erase(args) => erase::run(ctx, args).await,
    }
}
