//! `jit exec`: runs a command with temporary credentials.

use std::ffi::OsString;

use super::child::{self, Run, Signals};
use super::exit::{Error, Exit};
use super::form;
use super::form::private::PrivateDir;
use super::renew::Renew;
use super::take::{self, AskArgs, InUse, Taken};
use super::{Ctx, Global, complete};
use crate::agent::held::Held;
use crate::config::Env;

/// What is added to the code of a failure of our own, so that it can't be taken for the child's.
const OWN: u8 = 100;

/// Options of `jit exec`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// A grant that you hold, by its id or its role
    #[arg(add = complete::held())]
    grant: Option<String>,
    #[command(flatten)]
    ask: AskArgs,
    /// Gives the grant back afterwards, and waits until it is proven over
    #[arg(long, overrides_with = "keep")]
    release: bool,
    /// Keeps the grant until its end, also where it was asked for with --role
    #[arg(long, overrides_with = "release")]
    keep: bool,
    /// The command, after two dashes
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const AFTER: &str = "\
Passwords are given in a private file that PGPASSFILE names, keys in files that `ssh -F \"$JIT_SSH_CONFIG\"` and git find;
the files go with the command, also when it is ended by a signal. Several commands that use one grant release it once,
after the last. What the command does with its environment is its own.

Examples:
  jit exec db-read -- psql
  jit exec --role deploy --for 15m --reason \"$JOB_URL\" -- ./deploy.sh
  jit exec --role db-read --reason \"INC-42 slow orders\" --keep -- psql -c 'select 1'

Exit codes:
  the command's own, or 128 and the number of the signal that ended it
  101 failure   102 usage   103 config   104 not authenticated   105 denied   106 lapsed, cancelled or ended
  107 broker unavailable, or the release is not proven yet   108 still pending   170 a bug in jit";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    exec(ctx, args).await.map(Exit::Child).map_err(own)
}

/// The code for a command line of `jit exec` that can't be read.
pub(super) fn usage() -> Exit {
    Exit::Child(OWN + Exit::Usage.code())
}

/// Whether the command line is one of `jit exec`, however little of it can be read.
pub(super) fn is_meant() -> bool {
    command_of(std::env::args_os().skip(1)).is_some_and(|word| word == "exec")
}

/// The command's word: the first that is neither an option for all commands nor its value.
fn command_of(mut args: impl Iterator<Item = OsString>) -> Option<OsString> {
    while let Some(arg) = args.next() {
        if !arg.as_encoded_bytes().starts_with(b"-") {
            return Some(arg);
        }
        if ["--output", "--broker", "--config"].iter().any(|option| arg == *option) {
            args.next();
        }
    }
    None
}

/// Moves a failure of our own out of the child's way.
fn own(error: Error) -> Error {
    Error { exit: Exit::Child(OWN.saturating_add(error.exit.code())), ..error }
}

async fn exec(ctx: &Ctx, args: Args) -> Result<u8, Error> {
    // Standard output is the command's: our own events have no place there.
    let quiet = quiet(ctx);
    let ctx = quiet.as_ref().unwrap_or(ctx);
    let taken = take::take(ctx, args.grant.as_deref(), &args.ask).await?;
    let release = args.release || (taken.filed && !args.keep);
    run_with(ctx, &taken, &args.command, release).await
}

fn quiet(ctx: &Ctx) -> Option<Ctx> {
    ctx.out.json().then(|| {
        let human = Global { output: super::output::Mode::Human, ..ctx.global.clone() };
        // Read anew, as it was: the environment does not change under us.
        Ctx::new(human, Env::read())
    })
}

/// Runs a command with what was taken, and gives the grant back afterwards where that is wished.
async fn run_with(ctx: &Ctx, taken: &Taken, command: &[OsString], release: bool) -> Result<u8, Error> {
    let (grant, _) = taken.grant()?;
    let in_use = InUse::begin(ctx, grant, release)?;
    // From here on no signal ends us before the files are gone.
    let signals = Signals::take()?;
    let ended = in_private(ctx, taken, command, signals).await;
    let released = if in_use.end() { take::release(ctx, taken).await } else { Ok(()) };
    match (ended, released) {
        (ended, Ok(())) => ended,
        // The command's own failure counts for more than a proof that is late, which is told nevertheless.
        (Ok(0), Err(error)) => Err(Error { exit: Exit::Unavailable, ..error }),
        (ended, Err(error)) => {
            ctx.out.warn(error.message);
            ended
        }
    }
}

/// The private files live as long as this call.
async fn in_private(ctx: &Ctx, taken: &Taken, command: &[OsString], signals: Signals) -> Result<u8, Error> {
    let dir = PrivateDir::make(&ctx.places()?)?;
    let kit = form::kit(&taken.all(), dir.path())?;
    dir.write(&kit.files)?;
    let put = |held: &[&Held]| dir.rewrite(&form::kit(held, dir.path())?.files);
    let renew = Renew::new(ctx, &taken.held, &put)?;
    child::run(ctx, Run { command, variables: kit.variables, held: &taken.held, renew }, signals).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_failures_are_moved_out_of_the_childs_way() {
        assert_eq!(own(Error::new(Exit::Denied, "no")).exit.code(), 105);
        assert_eq!(own(Error::new(Exit::Bug, "no")).exit.code(), 170);
        assert_eq!(usage().code(), 102);
        let word = |line: &str| command_of(line.split(' ').map(OsString::from));
        for line in ["exec --nonsense", "--broker /s exec", "--broker=/s -v exec -- x"] {
            assert_eq!(word(line), Some("exec".into()), "{line}");
        }
        assert_eq!(word("request exec"), Some("request".into()));
        assert_eq!(word("--broker exec"), None);
    }
}
