//! `jit audit export`.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::{Ctx, Error, Exit};

/// Options of `jit audit export`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// The file's format
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Writes to this new file, which only you may read; to stdout where it is not given
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Writes names and reasons in clear; without it they stay sealed, and the log verifies all the same
    #[arg(long)]
    open: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// JSON lines, as docs/audit-format.md has them
    Jsonl,
}

const AFTER: &str = "\
Examples:
  jit audit export --to audit.jsonl
  jit audit export | jit audit verify -

Only an administrator may, and that it was done is in the log.

Exit codes:
  0 done   1 failure, or not an administrator   4 not authenticated   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let Format::Jsonl = args.format;
    let client = ctx.any_client().await?;
    let mut answer = client.export(args.open).await?;
    let mut file = match &args.to {
        None => None,
        Some(path) => {
            let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            Some(made.map_err(|e| {
                Error::new(Exit::Failure, format!("{} can't be made: {}", path.display(), e.kind()))
                    .hint("name a file that is not there yet")
            })?)
        }
    };
    let broken = || Error::new(Exit::Unavailable, "the broker's answer broke off; the export is not whole");
    while let Some(piece) = answer.chunk().await.map_err(|_| broken())? {
        match &mut file {
            Some(file) => file
                .write_all(&piece)
                .map_err(|e| Error::new(Exit::Failure, format!("the export can't be written: {}", e.kind())))?,
            None => ctx.out.bytes(&piece)?,
        }
    }
    if let Some(path) = &args.to {
        ctx.out.note(format!("Written to {}; `jit audit verify {}` checks it.", path.display(), path.display()));
    }
    Ok(Exit::Done)
}
