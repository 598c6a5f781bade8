//! `jit audit erase`.

use jit_types::PersonId;

use crate::cli::output::{Tone, harmless};
use crate::cli::{Ctx, Error, Exit, ask};

/// Options of `jit audit erase`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(crate) struct Args {
    /// The person
    #[arg(long, value_name = "PERSON")]
    subject: PersonId,
}

const AFTER: &str = "\
For administrators: makes unreadable for ever what a person typed and who they were, in the broker's files and in every
backup without the keys. The record stays whole: it says that the person was erased, and verifies as before, old exports
too. On a terminal the name is to be typed again; elsewhere --yes is needed.

Nothing of the person's may be open: no request that waits, no grant that is not proven over, no lock. What was sent to
channels, exported in clear or backed up with the keys is not reached; messages that the broker knows of are named. Take
the person out of the config first, or they come back as somebody new with their next command.

Examples:
  jit audit erase --subject alice@example.com
  jit audit erase --subject alice@example.com --yes --output json

Exit codes:
  0 done   1 nothing is kept of such a person, something is not over, or you are no administrator   2 usage
  4 not authenticated   5 you are locked   7 broker unavailable   8 recorded, but not done yet: the same command goes on";

/// Runs the command.
pub(crate) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let person = args.subject;
    if !ctx.global.yes {
        if !ctx.out.asks {
            return Err(Error::usage("--yes", "an erasure can't be taken back, and nobody can be asked here")
                .hint("--yes says that it is meant"));
        }
        ctx.out.note(format!("Whatever {person} typed becomes unreadable for ever, and so does who they were."));
        let wrong = |typed: &str| {
            (typed != person.as_str()).then(|| "that is not the name; Ctrl-C leaves all as it is".to_owned())
        };
        ask::text("Type the name again to erase it", wrong)?;
    }
    let done = ctx.any_client().await?.erase(&person).await?;
    if ctx.out.json() {
        ctx.out.object(&done)?;
        return Ok(Exit::Done);
    }
    ctx.out.line(format!("{person} is erased, with {} requests; the record says so, and verifies", done.requests))?;
    for copy in &done.copies {
        let (channel, message) = (harmless(&copy.channel), harmless(&copy.message));
        ctx.out.line(format!("  not reached: {channel}, message {message} about {}", copy.request))?;
    }
    if done.configured {
        let warning = "the config still names this person: with their next command they are somebody new here";
        ctx.out.line(ctx.out.paint(Tone::Warn, warning))?;
    }
    Ok(Exit::Done)
}
