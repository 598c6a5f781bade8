//! `jit lock`, and what `jit unlock` shares with it.

use jit_types::{PersonId, RoleName};

use super::output::harmless;
use super::{Ctx, Error, Exit, ask, complete};
use crate::api::locks::{LockDone, SetLock};

/// Who or what is meant.
#[derive(clap::Args)]
pub(super) struct Whom {
    /// The person or the role; a name with an `@` is a person's
    #[arg(value_name = "PERSON|ROLE", required_unless_present_any = ["person", "role"], add = complete::lockable())]
    name: Option<String>,
    /// The person, where a role is called the same
    #[arg(long, value_name = "PERSON", conflicts_with_all = ["name", "role"])]
    person: Option<PersonId>,
    /// The role, where a person is called the same
    #[arg(long, value_name = "ROLE", conflicts_with = "name", add = complete::roles())]
    role: Option<RoleName>,
    /// Why: it stays in the record
    #[arg(long, short, value_name = "TEXT")]
    reason: String,
}

impl Whom {
    /// As the broker is asked. Which of the two a plain name is, the broker knows.
    ///
    /// # Errors
    /// When a person's name is none.
    pub(super) fn set(self) -> Result<SetLock, Error> {
        let Self { name, mut person, role, reason } = self;
        let mut either = name;
        if let Some(text) = either.take_if(|text| text.contains('@')) {
            let wrong = |_| Error::usage("PERSON", format!("`{}` is nobody's name", harmless(&text)));
            person = Some(text.parse().map_err(wrong)?);
        }
        Ok(SetLock { person, role, name: either, reason })
    }
}

/// The name of who or what is meant.
pub(super) fn named(person: Option<&PersonId>, role: Option<&RoleName>, name: Option<&str>) -> String {
    let person = person.map(ToString::to_string);
    let text = person.or_else(|| role.map(ToString::to_string)).or_else(|| name.map(str::to_owned));
    harmless(&text.unwrap_or_else(|| "somebody".to_owned()))
}

/// Options of `jit lock`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    #[command(flatten)]
    whom: Whom,
}

const AFTER: &str = "\
For administrators: ends all that a person or a role holds, at once, and refuses everything new over every channel, with
tokens too, until `jit unlock`. Asks that wait are cancelled; approvals of a locked person no longer count. Who is locked
may still look, and give back. An administrator who is locked unlocks nobody.

Examples:
  jit lock alice@example.com --reason \"laptop stolen\"
  jit lock db-write --reason \"migration under way\" --yes

Exit codes:
  0 it is locked, or was before   1 there is no such person or role, or you are no administrator   2 usage
  4 not authenticated   5 you are locked yourself   7 broker unavailable";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let set = args.whom.set()?;
    if ctx.out.asks && !ctx.global.yes {
        let name = named(set.person.as_ref(), set.role.as_ref(), set.name.as_deref());
        if !ask::confirm(&format!("Lock {name}, and end now whatever is held?"), false)? {
            return Err(Error::new(Exit::Failure, "nothing was locked"));
        }
    }
    let done = ctx.any_client().await?.lock(&set).await?;
    said(ctx, &done)?;
    if !ctx.out.json() {
        ctx.out.note("what was held is being ended; `jit status` names what can't be ended yet");
    }
    Ok(Exit::Done)
}

/// Says what was done.
pub(super) fn said(ctx: &Ctx, done: &LockDone) -> Result<(), Error> {
    if ctx.out.json() {
        return ctx.out.object(done);
    }
    let name = named(done.person.as_ref(), done.role.as_ref(), None);
    ctx.out.line(format!("{name}: {}", harmless(done.words.as_str())))
}
