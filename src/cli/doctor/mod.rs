//! `jit doctor`: looks at everything, and says what is wrong and how to mend it.

mod broker;
mod local;

use jit_backend::{Finding, FindingKind};
use jit_types::Words;

use super::output::{Tone, harmless};
use super::{Ctx, Error, Exit};
use crate::api::audit::PartView;

/// Options of `jit doctor`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {}

const AFTER: &str = "\
It looks from here (config, socket, clocks, versions, claim keys, keyring, agent); for an administrator the broker also looks
at itself and its targets, and names what bears this house's mark there and belongs to no live grant. It mends nothing.

Examples:
  jit doctor
  jit doctor --output json | jq -r '.parts[].findings[] | select(.kind == \"bad\") | .what'

Exit codes:
  0 nothing is bad   1 something is, or is left in a target   7 the broker can't be reached (what is seen from here is shown)";

/// What was found.
#[derive(serde::Serialize)]
struct Found {
    /// Whether the broker has answered.
    reached: bool,
    /// Whether the caller is an administrator, where the broker said so.
    administrator: Option<bool>,
    /// The worst finding; a survivor is a bad one.
    worst: FindingKind,
    parts: Vec<PartView>,
}

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, _: Args) -> Result<Exit, Error> {
    let mut parts = vec![local::config(ctx)];
    parts.extend(local::state(ctx));
    parts.extend(local::keyring(ctx).await);
    let seen = broker::look(ctx).await;
    parts.extend(seen.parts);
    // After the broker, because where the agent is the broker, it has been started by now.
    parts.extend(local::agent(ctx).await);
    let found = Found { reached: seen.reached, administrator: seen.administrator, worst: worst(&parts), parts };
    if ctx.out.json() {
        ctx.out.object(&found)?;
    } else {
        show(ctx, &found)?;
    }
    Ok(if !found.reached {
        Exit::Unavailable
    } else if found.worst == FindingKind::Bad {
        Exit::Failure
    } else {
        Exit::Done
    })
}

fn worst(parts: &[PartView]) -> FindingKind {
    let survivors = parts.iter().flat_map(|part| &part.survivors).map(|_| FindingKind::Bad);
    let findings = parts.iter().flat_map(|part| &part.findings).map(|finding| finding.kind);
    findings.chain(survivors).max().unwrap_or(FindingKind::Good)
}

fn show(ctx: &Ctx, found: &Found) -> Result<(), Error> {
    let out = &ctx.out;
    for part in &found.parts {
        out.line(out.paint(Tone::Strong, harmless(&part.part)))?;
        for finding in &part.findings {
            let word = match finding.kind {
                FindingKind::Good => out.paint(Tone::Good, "good  "),
                FindingKind::Notice => out.paint(Tone::Warn, "notice"),
                FindingKind::Bad => out.paint(Tone::Bad, "bad   "),
            };
            out.line(format!("  {word}  {}", harmless(finding.what.as_str())))?;
            if let Some(remedy) = &finding.remedy {
                out.line(format!("          way out: {}", harmless(remedy.as_str())))?;
            }
        }
        for name in &part.survivors {
            let word = out.paint(Tone::Bad, "left  ");
            out.line(format!(
                "  {word}  {}: it bears this house's mark, and no live grant has it",
                harmless(name.as_str())
            ))?;
        }
    }
    let bad = |part: &PartView| {
        part.survivors.len() + part.findings.iter().filter(|finding| finding.kind == FindingKind::Bad).count()
    };
    let words = match found.parts.iter().map(bad).sum::<usize>() {
        0 => out.paint(Tone::Good, "Nothing is bad."),
        1 => out.paint(Tone::Bad, "One thing is bad."),
        n => out.paint(Tone::Bad, format!("{n} things are bad.")),
    };
    out.line(words)
}

fn part(name: &str, findings: Vec<Finding>) -> PartView {
    PartView { part: name.to_owned(), findings, survivors: Vec::new() }
}

fn good(what: impl AsRef<str>) -> Finding {
    Finding { kind: FindingKind::Good, what: Words::new(what), remedy: None }
}

fn notice(what: impl AsRef<str>, remedy: Option<&str>) -> Finding {
    Finding { kind: FindingKind::Notice, what: Words::new(what), remedy: remedy.map(Words::new) }
}

fn bad(what: impl AsRef<str>, remedy: Option<&str>) -> Finding {
    Finding { kind: FindingKind::Bad, what: Words::new(what), remedy: remedy.map(Words::new) }
}

/// What an error says, as a finding.
fn wrong(error: &Error) -> Finding {
    let first = error.message.lines().next().unwrap_or("it failed, and says not why");
    bad(first, error.hint.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_in_a_target_is_as_bad_as_a_bad_finding() {
        let mut parts = vec![part("a", vec![good("x"), notice("y", None)])];
        assert_eq!(worst(&parts), FindingKind::Notice);
        parts[0].survivors.push(Words::new("jit_x"));
        assert_eq!(worst(&parts), FindingKind::Bad);
        assert_eq!(worst(&[]), FindingKind::Good);
    }
}
