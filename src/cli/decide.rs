//! What `jit approve` and `jit deny` share: nobody decides what they have not seen.

use jit_types::Digest;

use super::exit::{Error, Exit};
use super::{Ctx, ask, card, complete, which};
use crate::api::requests::{Decide, Done, RequestView};
use crate::client::Client;

/// What a decision names: the ask, and the content that was seen.
#[derive(clap::Args)]
pub(super) struct Seen {
    /// The request: its id; on a terminal the beginning of it is enough
    #[arg(add = complete::waiting())]
    pub(super) id: String,
    /// The content hash that you have seen, as `jit show` prints it; needed where nobody can be asked
    #[arg(long, value_name = "HASH")]
    pub(super) hash: Option<Digest>,
}

/// What is to be decided, and how the command to do so is written.
pub(super) struct Verdict<'a> {
    /// The command: `approve`, `deny`.
    pub(super) verb: &'a str,
    /// The question that is asked.
    pub(super) question: &'a str,
}

/// Finds what is to be decided, and makes sure that it was seen: by its hash, or by showing it and asking.
///
/// # Errors
/// With exit code 2 where it is not named whole and there is nobody to ask.
pub(super) async fn look(ctx: &Ctx, client: &Client, seen: &Seen, verdict: &Verdict<'_>) -> Result<RequestView, Error> {
    let whole = which::is_whole(&seen.id);
    let asks = ctx.out.asks && !ctx.global.yes;
    if !asks {
        let missing = match (whole, seen.hash) {
            (true, Some(_)) => None,
            (false, _) => Some(("ID", "the whole id must be named where nobody can be asked")),
            (true, None) => Some(("--hash", "the content hash must be named where nobody can be asked")),
        };
        if let Some((about, message)) = missing {
            let hint = format!("look at it with `jit show`, then: jit {} ID --hash HASH", verdict.verb);
            return Err(Error::usage(about, message).hint(hint));
        }
    }
    let mut view = client.request(&seen.id).await?;
    if let (true, Some(hash)) = (whole, seen.hash) {
        // Named as it was seen elsewhere: whether it is still so is the broker's to say.
        view.hash = hash;
        return Ok(view);
    }
    if let Some(hash) = seen.hash.filter(|hash| *hash != view.hash) {
        let message = format!("{} is not what {} names any more", view.id, hash.short());
        return Err(Error::new(Exit::Failure, message).hint(format!("look at it again: jit show {}", view.id)));
    }
    ctx.out.note(card::request(&view, &|tone, text| ctx.out.paint_note(tone, text)).join("\n"));
    may(&view)?;
    if !ask::confirm(verdict.question, false)? {
        return Err(Error::new(Exit::Failure, "nothing was decided"));
    }
    Ok(view)
}

/// Says before the question what the broker would say after it.
fn may(view: &RequestView) -> Result<(), Error> {
    if view.can_decide {
        return Ok(());
    }
    let id = view.id;
    Err(match view.standing {
        _ if view.waits() && view.mine => Error::new(Exit::Denied, "nobody decides their own request")
            .hint(format!("{} can", card::waiting_for(view))),
        _ if view.waits() => Error::new(Exit::Denied, format!("{id} does not wait for you"))
            .hint("you have decided it already, or the role names others"),
        other => Error::new(Exit::Failure, format!("{id} waits for nobody: it is {}", card::standing(other).0)),
    })
}

/// Sends the decision and says what came of it.
///
/// # Errors
/// What the rules refuse.
pub(super) async fn send(ctx: &Ctx, client: &Client, view: &RequestView, decide: &Decide) -> Result<Exit, Error> {
    let done = client.decide(view.id, decide).await?;
    say(ctx, &done)
}

/// Says what came of a command.
///
/// # Errors
/// When nobody reads it any more.
pub(super) fn say(ctx: &Ctx, done: &Done) -> Result<Exit, Error> {
    if ctx.out.json() {
        ctx.out.object(done)?;
    } else {
        ctx.out.line(format!("{}: {}", done.request.id, super::output::harmless(done.words.as_str())))?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::requests::Standing;

    #[test]
    fn what_does_not_wait_for_the_caller_is_not_asked_about() {
        let view = card::tests::view();
        assert!(may(&view).is_ok());
        let own = RequestView { can_decide: false, mine: true, ..card::tests::view() };
        assert_eq!(may(&own).map_err(|error| error.exit), Err(Exit::Denied));
        let over = RequestView { can_decide: false, standing: Standing::Lapsed, ..card::tests::view() };
        assert!(may(&over).expect_err("over").message.ends_with("it is lapsed"));
    }
}
