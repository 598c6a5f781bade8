//! `jit audit log`.

use jit_types::{PersonId, RoleName, Span, Timestamp};

use super::line;
use crate::cli::{Ctx, Error, Exit};
use crate::client::Entries;

/// Options of `jit audit log`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// Only about this request or grant
    #[arg(long, alias = "request", value_name = "ID")]
    grant: Option<String>,
    /// Only about or by this person
    #[arg(long)]
    person: Option<PersonId>,
    /// Only about this role
    #[arg(long)]
    role: Option<RoleName>,
    /// Only since then: a time (2026-03-01T09:30:00Z) or how long ago (2h)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Goes on with what happens from now on
    #[arg(long, short)]
    follow: bool,
}

const AFTER: &str = "\
Examples:
  jit audit log --since 2h
  jit audit log --person alice@example.com --output json
  jit audit log --follow

An administrator sees everything, everybody else what they did and what is about them.

Exit codes:
  0 done   2 usage   4 not authenticated   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let since = args.since.as_deref().map(|text| when(ctx, text)).transpose()?;
    let client = ctx.any_client().await?;
    let with_request = args.grant.is_none();
    let mut query = Entries { from: 0, request: args.grant, person: args.person, role: args.role, since, wait: 0 };
    loop {
        let list = client.entries(&query).await?;
        for entry in &list.entries {
            if ctx.out.json() {
                ctx.out.object(entry)?;
            } else {
                ctx.out.line(line::of(&ctx.out, entry, ctx.now(), with_request))?;
            }
        }
        let at_the_end = list.entries.is_empty();
        query.from = list.next;
        if at_the_end && !args.follow {
            return Ok(Exit::Done);
        }
        query.wait = if args.follow { 50 } else { 0 };
    }
}

fn when(ctx: &Ctx, text: &str) -> Result<Timestamp, Error> {
    if let Ok(span) = text.parse::<Span>() {
        return Ok(ctx.now().before(span));
    }
    text.parse().map_err(|_| {
        Error::new(
            Exit::Usage,
            format!("--since takes a time or how long ago, not `{}`", crate::cli::output::harmless(text)),
        )
        .hint("as in --since 2h, or --since 2026-03-01T09:30:00Z")
    })
}
