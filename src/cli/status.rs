//! `jit status`.

use super::output::{Tone, harmless};
use super::{Ctx, Error, Exit};

/// Options of `jit status`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {}

const AFTER: &str = "\
Examples:
  jit status
  jit status --output json | jq '.not_gone | length'

Exit codes:
  0 done   1 something of yours is not proven ended   4 not authenticated   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, _: Args) -> Result<Exit, Error> {
    let client = ctx.any_client().await?;
    let status = client.status().await?;
    let out = &ctx.out;
    let stuck = status.not_gone.iter().any(|one| one.tries > 0);
    if out.json() {
        out.object(&status)?;
    } else {
        out.line(format!(
            "broker    {} {}, {}",
            client.socket().display(),
            harmless(&status.version),
            harmless(&status.shape)
        ))?;
        out.line(format!("house     {}", status.house))?;
        out.line(format!("running   for {}", super::text::about(status.now.since(status.since))))?;
        out.line(format!("log       {} entries, signed by {}", status.log_size, harmless(&status.verifier_key)))?;
        out.line(format!("backends  {}", listed(&status.backends)))?;
        out.line(format!("channels  {}", listed(&status.channels)))?;
        for one in &status.not_gone {
            let tries = match one.tries {
                0 => "is being ended".to_owned(),
                1 => out.paint(Tone::Warn, "could not be ended yet"),
                n => out.paint(Tone::Bad, format!("could not be ended in {n} tries")),
            };
            out.line(format!("not ended {} ({}, {}): {tries}", one.request, one.role, harmless(&one.backend)))?;
        }
        for lock in &status.locks {
            let name = super::lock::named(lock.person.as_ref(), lock.role.as_ref(), None);
            let by = lock.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            let why = lock.reason.as_ref().map(|why| format!(": {}", harmless(why))).unwrap_or_default();
            let since = super::text::about(status.now.since(lock.since));
            out.line(format!("locked    {} for {since}{by}{why}", out.paint(Tone::Bad, name)))?;
        }
    }
    Ok(if stuck { Exit::Failure } else { Exit::Done })
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { harmless(&names.join(", ")) }
}
