//! `jit demo`: the main job, for real, in under a minute, with nothing set up.
//!
//! A broker in this process, on a private socket, with its state in a temporary directory; two people with a token each;
//! every step is this very program, run as they would run it. Nothing is played back.

mod postgres;
mod sshd;
mod stage;
mod tour;

use std::path::{Path, PathBuf};

use super::ctx::Ctx;
use super::exit::{Error, Exit};
use stage::{ALICE, BOB, Stage};

/// Options of `jit demo`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(crate) struct Args {
    /// Leaves the broker running, with the commands to play with, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

const AFTER: &str = "\
Examples:
  jit demo
  jit demo --keep

SSH needs nothing installed: the certificate is made, shown and checked. Where an sshd or a PostgreSQL server is found, one
is started for the tour and used for real. Ctrl-C at any moment leaves nothing behind.

Exit codes:
  0 every step did what it said   1 one did not";

/// Shows the main job.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let tour = async {
        ctx.out.note("Setting the stage: a broker, a certificate authority, and what is installed here …");
        let stage = Stage::set().await?;
        tour::go(ctx, &stage).await?;
        if args.keep {
            keep(ctx, &stage);
            std::future::pending::<()>().await;
        }
        Ok(Exit::Done)
    };
    // Whatever had been begun is dropped, and with it ended, when the tour is left.
    tokio::select! {
        ended = tour => ended,
        _ = tokio::signal::ctrl_c() => {
            ctx.out.note("");
            ctx.out.note("Stopped; everything that the tour had started is gone.");
            Ok(Exit::Done)
        }
    }
}

/// The commands to play with.
fn keep(ctx: &Ctx, stage: &Stage) {
    ctx.out.note("");
    ctx.out.note("The broker goes on until Ctrl-C. In another terminal, be alice or bob:");
    for actor in [ALICE, BOB] {
        let variables: Vec<String> =
            stage.variables(actor).iter().map(|(name, value)| format!("{name}={}", value.display())).collect();
        ctx.out.note(format!("  # {}", actor.name));
        ctx.out.note(format!("  export {}", variables.join(" ")));
    }
    ctx.out.note("  jit roles; jit request shell --for 2m --reason \"a look around\"; jit list; jit approve req_…");
}

/// A program in a directory where it is usual, or on the path.
fn find(usual: &Path, name: &str) -> Option<PathBuf> {
    let path = crate::config::env::var_os("PATH").unwrap_or_default();
    std::iter::once(usual.to_owned())
        .chain(std::env::split_paths(&path))
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
}
