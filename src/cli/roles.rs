//! `jit roles`.

use super::output::{Tone, harmless};
use super::{Ctx, Error, Exit};

/// Options of `jit roles`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {}

const AFTER: &str = "\
Examples:
  jit roles
  jit roles --output json | jq -r '.[].role'

Exit codes:
  0 done   4 not authenticated   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, _: Args) -> Result<Exit, Error> {
    let roles = ctx.client().await?.roles().await?;
    let out = &ctx.out;
    if out.json() {
        out.object(&roles)?;
        return Ok(Exit::Done);
    }
    if roles.is_empty() {
        out.note("there is no role that you may ask for; an administrator writes them into the config");
        return Ok(Exit::Done);
    }
    for role in &roles {
        out.line(format!("{}  {}", out.paint(Tone::Strong, role.role.as_str()), harmless(role.about.as_str())))?;
        out.line(format!("    for {}, at most {}; {}", role.default, role.max, harmless(role.approve.as_str())))?;
        if role.locked {
            out.line(format!("    {}", out.paint(Tone::Bad, "locked: nobody is given it now")))?;
        }
        if let Some(help) = &role.reason_help {
            out.line(format!("    reason: {}", harmless(help.as_str())))?;
        }
        for param in &role.params {
            let about = harmless(param.about.as_str());
            out.line(format!("    --param {}=…  {about} ({})", param.name, harmless(&param.allowed)))?;
        }
    }
    Ok(Exit::Done)
}
