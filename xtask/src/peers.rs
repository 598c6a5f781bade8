//! `cargo xtask peers`: a throw-away PostgreSQL and sshd in the foreground, for hand work.
//!
//! Tests keep start-up code of their own, since each needs other settings of its server; what they share is where the
//! programs are found, in `counterparts`.

pub(crate) mod counterparts;
pub(crate) mod install;
mod postgres;
mod sshd;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::sh::{Failure, Result, TempDir, at, step};

const HELP: &str = "\
Starts a throw-away PostgreSQL and sshd on 127.0.0.1 for hand work, until Ctrl-C.

Usage: cargo xtask peers [OPTIONS] [postgres] [sshd]

Without names it starts both. Everything lies in a temporary directory that goes at the end, and what was started, and
only that, is stopped.

Options:
      --pg MAJOR   This PostgreSQL (15, 16, 17, 18) and not the newest found
  -h, --help       Prints this

`cargo xtask test --only-peers` brings what is missing.
";

/// Runs the habit.
pub(crate) fn run(args: &[String]) -> Result {
    let (mut names, mut major) = (Vec::new(), None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-h" | "--help" => {
                print!("{HELP}");
                return Ok(());
            }
            "--pg" => major = Some(args.next().ok_or_else(|| Failure::usage("`--pg` wants a major version"))?.as_str()),
            name @ ("postgres" | "sshd") => names.push(name),
            other => return Err(Failure::usage(format!("`{other}` is no option of `peers`; see --help"))),
        }
    }
    let wanted = |name| names.is_empty() || names.contains(&name);

    // Before anything starts, so that Ctrl-C halfway does not leave it behind.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(at("signals"))?;
    let dir = TempDir::new("peers")?;
    let postgres = wanted("postgres").then(|| postgres::Server::start(dir.path(), major)).transpose()?;
    let sshd = wanted("sshd").then(|| sshd::Server::start(dir.path())).transpose()?;

    step("Running; Ctrl-C stops it");
    if let Some(server) = &postgres {
        print!("{}", server.how_to());
    }
    if let Some(server) = &sshd {
        print!("{}", server.how_to());
    }
    signals.forever().next();
    step("Stopping");
    // Servers first, then the directory that they live in.
    drop((postgres, sshd));
    Ok(())
}
