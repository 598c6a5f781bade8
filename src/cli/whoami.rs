//! `jit whoami`.

use super::output::{Tone, harmless};
use super::{Ctx, Error, Exit};

/// Options of `jit whoami`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {}

const AFTER: &str = "\
Examples:
  jit whoami
  jit whoami --output json | jq -r .person

Exit codes:
  0 done   4 not authenticated   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, _: Args) -> Result<Exit, Error> {
    let who = ctx.client().await?.whoami().await?;
    if ctx.out.json() {
        ctx.out.object(&who)?;
        return Ok(Exit::Done);
    }
    ctx.out.line(format!("{} through {}", ctx.out.paint(Tone::Strong, who.person.as_str()), who.principal))?;
    if !who.groups.is_empty() {
        let groups: Vec<&str> = who.groups.iter().map(|group| group.as_str()).collect();
        ctx.out.line(format!("groups: {}", groups.join(", ")))?;
    }
    if who.administrator {
        ctx.out.line("administrator: may revoke, lock, erase, and read everybody's record")?;
    }
    if let Some(since) = who.locked {
        let words = format!("locked since {since}: nothing new is given to you, and you decide nothing");
        ctx.out.line(ctx.out.paint(Tone::Bad, words))?;
    }
    if let Some(only) = &who.only_roles {
        let only: Vec<&str> = only.iter().map(|role| role.as_str()).collect();
        ctx.out.line(harmless(&format!("limited to the roles: {}", only.join(", "))))?;
    }
    Ok(Exit::Done)
}
