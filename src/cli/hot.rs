//! What programs ask for again and again, before anything else is built up: no parser, no runtime, no HTTP client.
//!
//! `jit creds` from the agent's cache runs for every connection, and `jit --version` in prompts and checks, so that they
//! should cost little more than starting a process. Whatever is not plainly answered here is left to the ordinary way, which
//! has all the words for it.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use crate::agent::protocol::{self, Answer, Format, Reach, Verb};
use crate::config::{Env, Places};

/// How long the cache may take: it only looks into a table.
const PATIENCE: Duration = Duration::from_secs(2);

/// As the parser would say it.
const VERSION: &str = concat!("jit ", env!("CARGO_PKG_VERSION"), "\n");

/// Answers what is asked for often, where that is what was asked for and can be answered at once.
pub fn answer() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    match (args.next()?.to_str()?, args.next()) {
        ("--version" | "-V", None) => Some(print(VERSION.as_bytes())),
        ("creds", Some(_)) => creds(),
        _ => None,
    }
}

/// Answers `jit creds` from the agent's cache, where the agent has it.
fn creds() -> Option<ExitCode> {
    let (of, format) = wanted(std::env::args_os().skip(1))?;
    let env = Env::read();
    let places = Places::of(&env).ok()?;
    let verb = Verb::Cached { of, format, context: Reach::of(&env).context() };
    let Ok(Answer::Ok(bytes)) = protocol::ask(&places.agent_socket(), verb, PATIENCE) else { return None };
    Some(print(&bytes))
}

fn print(bytes: &[u8]) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reads `creds OF [--format FORMAT]`, in either order; anything else is the ordinary way's.
fn wanted(args: impl Iterator<Item = OsString>) -> Option<(String, Format)> {
    let mut args = args.map(OsString::into_string);
    if args.next()?.ok()? != "creds" {
        return None;
    }
    let (mut of, mut format) = (None, None);
    while let Some(arg) = args.next() {
        let arg = arg.ok()?;
        let word = match arg.strip_prefix("--format") {
            Some("") => Some(args.next()?.ok()?),
            Some(rest) => Some(rest.strip_prefix('=')?.to_owned()),
            None => None,
        };
        match word {
            Some(word) if format.is_none() => format = Some(Format::parse(&word)?),
            None if of.is_none() && !arg.starts_with('-') => of = Some(arg),
            _ => return None,
        }
    }
    Some((of?, format.unwrap_or(Format::Json)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_said_as_the_parser_says_it() {
        use clap::CommandFactory as _;
        assert_eq!(VERSION, super::super::Cli::command().render_version());
    }

    fn read(line: &str) -> Option<(String, Format)> {
        wanted(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_plain_forms_are_read() {
        let pgpass = Some(("db-read".to_owned(), Format::Pgpass));
        for line in ["creds db-read --format pgpass", "creds --format pgpass db-read", "creds --format=pgpass db-read"]
        {
            assert_eq!(read(line), pgpass, "{line}");
        }
        assert_eq!(read("creds db-read"), Some(("db-read".to_owned(), Format::Json)));
    }

    #[test]
    fn everything_else_goes_the_ordinary_way() {
        for line in [
            "",
            "creds",
            "request db-read",
            "creds --help",
            "creds a b",
            "creds a --format",
            "creds a --format xml",
            "creds a --format json --format env",
            "creds a --broker /s",
            "--output json creds a",
            "creds a --formatted",
            "creds -v a",
            "creds -- a",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
