//! `jit audit verify`.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use jit_engine::audit::{Pins, verify};

use super::pin;
use crate::cli::output::{Tone, harmless};
use crate::cli::{Ctx, Error, Exit};

/// Options of `jit audit verify`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// An export; `-` is stdin; the broker's own log where it is not given
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// A signed checkpoint that was kept elsewhere
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The log's verifier key, as it was told when the house was made
    #[arg(long, value_name = "VKEY")]
    key: Option<String>,
    /// Takes the broker's log for the one to hold it to from now on, after a restore that you know of
    #[arg(long, conflicts_with_all = ["file", "checkpoint", "key"])]
    accept: bool,
}

const AFTER: &str = "\
Examples:
  jit audit verify audit.jsonl
  jit audit verify audit.jsonl --checkpoint kept-elsewhere.txt --key 'jit/house_…'
  jit audit verify

With a file, nothing but the file is read: no broker, no network. Without --key or --checkpoint it shows only that the file
agrees with itself. Without a file, the broker is asked to show that its log is the one that this machine saw before, grown.

Exit codes:
  0 it holds   1 it does not   2 usage   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let Some(file) = &args.file else { return pin::check(ctx, args.accept).await };
    let mut pins = Pins::default();
    if let Some(key) = &args.key {
        let key = key
            .parse()
            .map_err(|_| Error::new(Exit::Usage, "--key is no verifier key").hint("`jit status` shows it"))?;
        pins.key = Some(key);
    }
    for path in &args.checkpoint {
        let text = std::fs::read_to_string(path);
        pins.checkpoints.push(text.map_err(|e| unreadable(path, &e))?);
    }
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(|e| unreadable(file, &e))?)
    };
    let report = verify(BufReader::with_capacity(1 << 20, input), &pins).map_err(|e| unreadable(file, &e))?;
    let holds = report.holds();
    let out = &ctx.out;
    if out.json() {
        let fault = report.fault.as_ref();
        let fault = fault.map(|f| serde_json::json!({ "kind": f.kind.as_str(), "entries": f.entries, "what": f.what }));
        out.object(&serde_json::json!({
            "holds": holds, "entries": report.entries, "checkpoints": report.checkpoints, "pins": report.pins,
            "key": report.key, "key_pinned": report.key_pinned, "opened": report.opened, "sealed": report.sealed,
            "erased": report.erased, "first_bad": report.first_bad(), "fault": fault,
        }))?;
    } else if holds {
        let words = format!("The log holds: {} entries, {} signed checkpoints.", report.entries, report.checkpoints);
        out.line(out.paint(Tone::Good, words))?;
        if pins.key.is_none() && pins.checkpoints.is_empty() {
            out.note("It agrees with itself. That it is the one that was written is shown by --key and --checkpoint.");
        }
    } else {
        out.line(out.paint(Tone::Bad, "The log does not hold:"))?;
        if let Some(fault) = &report.fault {
            out.line(format!("  {}", harmless(&fault.to_string())))?;
        }
    }
    Ok(if holds { Exit::Done } else { Exit::Failure })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(Exit::Failure, format!("{} can't be read: {}", path.display(), error.kind()))
}
