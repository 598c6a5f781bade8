//! `jit extend`.

use jit_types::{AskId, Span};

use super::exit::{Error, Exit};
use super::file::{self, Told};
use super::output::Tone;
use super::{Ctx, ask, card, complete, text, which, wish};
use crate::api::extensions::{Extend, ExtensionStanding, ExtensionView};
use crate::api::requests::{RequestView, ReviewView, Standing};
use crate::client::Client;

/// Options of `jit extend`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    /// Your grant: its id or its request's, the beginning of one, or its role
    #[arg(add = complete::held())]
    id: String,
    /// How much longer, as in 1h or 30m; with all extensions a grant never lasts longer than its role's most
    #[arg(long = "for", value_name = "TIME")]
    span: Span,
    /// Why it takes longer: whoever decides reads it; on a terminal you are asked where it is missing
    #[arg(long, short, value_name = "TEXT")]
    reason: Option<String>,
    /// Only prints what the extension would do; asks nobody
    #[arg(long)]
    dry_run: bool,
    /// Asks and ends, with the request's id on stdout
    #[arg(long, conflicts_with_all = ["dry_run", "timeout"])]
    no_wait: bool,
    /// Waits for at most so long; what was asked for lives on
    #[arg(long, value_name = "TIME")]
    timeout: Option<Span>,
}

const AFTER: &str = "\
Asks for more time for a grant that is not over, of the same people who decide its role. The old end holds until
somebody has said yes: what is late is refused, and a grant that is over is asked for anew. What is open goes on where
the target can move an end (a database session does); where it can't (an SSH certificate), a new credential is taken
by itself before the old one ends.

Examples:
  jit extend db-read --for 1h --reason \"INC-42 the index is still being built\"
  jit extend gr_01jb2k --for 30m --reason \"INC-42 not done yet\" --dry-run
  jit extend deploy --for 15m --reason \"$JOB_URL\" --timeout 5m --output json

Events with --output json, one object a line: extension_plan, asked, changed, away, settled, still_pending.

Exit codes:
  0 extended (with --no-wait: asked for; with --dry-run: it may be asked for)   1 there is none, or one waits already
  2 usage, or more than the role's most   4 not authenticated   5 denied, by rule or person
  6 lapsed or cancelled, or the grant is over   7 broker unavailable   8 still pending";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let client = ctx.client().await?;
    let view =
        which::mine(&client, &args.id, |view| matches!(view.standing, Standing::Ready | Standing::Active)).await?;
    if !view.mine {
        return Err(Error::new(Exit::Denied, format!("{} is somebody else's", view.id)).hint("`jit list` shows yours"));
    }
    let asked = args.reason.is_none();
    let reason = match args.reason {
        Some(reason) => reason,
        None => wish::ask_reason_of(ctx, &client, &view.role).await?,
    };
    let extend = Extend { span: args.span, reason };
    let plan = client.plan_extension(view.id, &extend).await?;
    let out = &ctx.out;
    if args.dry_run {
        if out.json() {
            out.object(&plan)?;
        } else {
            out.line(card::extension_plan(&plan, &|tone, text| out.paint(tone, text)).join("\n"))?;
        }
        return Ok(Exit::Done);
    }
    if out.json() {
        file::tell(ctx, &Told::ExtensionPlan { plan: &plan })?;
    } else {
        out.note(card::extension_plan(&plan, &|tone, text| out.paint_note(tone, text)).join("\n"));
    }
    // Whoever was asked for a part has not seen the whole before.
    if asked && !ctx.global.yes && !ask::confirm("Ask for this?", true)? {
        return Err(Error::new(Exit::Failure, "nothing was asked for"));
    }
    let view = client.extend(view.id, &extend).await?.request;
    file::tell(ctx, &Told::Asked { request: &view })?;
    if args.no_wait {
        if !out.json() {
            out.line(view.id.to_string())?;
        }
        return Ok(Exit::Done);
    }
    let newest = view.extensions.last().map(|extension| extension.ask);
    let newest = newest.ok_or_else(|| Error::new(Exit::Failure, "the broker tells of no extension"))?;
    let view = wait(ctx, &client, view, newest, args.timeout).await?;
    said(ctx, &view, newest)?;
    Ok(Exit::Done)
}

fn find(view: &RequestView, id: AskId) -> Option<&ExtensionView> {
    view.extensions.iter().find(|extension| extension.ask == id)
}

/// Waits until an extension is decided, however often the broker restarts. Ends at once where it is.
///
/// # Errors
/// That it was denied (5), is over (6), or still pending when the wait has ended (8).
pub(super) async fn wait(
    ctx: &Ctx,
    client: &Client,
    view: RequestView,
    id: AskId,
    timeout: Option<Span>,
) -> Result<RequestView, Error> {
    let pending = |view: &RequestView| find(view, id).is_some_and(|one| one.standing == ExtensionStanding::Pending);
    let view = file::until(ctx, client, view, timeout, &|view| !pending(view)).await?;
    file::tell(ctx, &Told::Settled { request: &view })?;
    judge(&view, id)?;
    Ok(view)
}

/// Says what a settled extension means for whoever asked for it.
fn judge(view: &RequestView, id: AskId) -> Result<(), Error> {
    let unknown = || {
        Error::new(Exit::Failure, format!("the extension of {} is in a state that this jit does not know", view.id))
            .hint("update jit, or look at it with `jit show`")
    };
    let extension = find(view, id).ok_or_else(unknown)?;
    let what = format!("the extension of {} by {}", view.id, extension.span);
    let stands = view.grant.as_ref().and_then(|grant| grant.window).filter(|_| view.standing == Standing::Active);
    let stands = stands.map(|window| format!("the grant ends as before, {}", text::away(window.end, view.now)));
    let hinted = |error: Error, hint: Option<String>| match hint {
        Some(hint) => error.hint(hint),
        None => error,
    };
    Err(match extension.standing {
        ExtensionStanding::Approved => return Ok(()),
        ExtensionStanding::Pending => Error::new(Exit::Pending, format!("{what} is still pending")),
        ExtensionStanding::Denied => {
            let denial = extension.reviews.iter().rev().find(|review| !review.approved);
            let by = denial.map(|one| card::person(one.by.as_ref())).unwrap_or_else(|| "an approver".to_owned());
            let why = denial.and_then(|one| one.comment.as_deref()).map(|why| format!("they say: {why}"));
            let hint: Vec<String> = why.into_iter().chain(stands).collect();
            hinted(
                Error::new(Exit::Denied, format!("{what} was denied by {by}")),
                (!hint.is_empty()).then(|| hint.join("; ")),
            )
        }
        ExtensionStanding::Lapsed => {
            hinted(Error::new(Exit::Over, format!("{what} lapsed: nobody decided in time")), stands)
        }
        ExtensionStanding::Cancelled => {
            let why = extension.why.as_ref().map(|why| format!(": {}", why.as_str())).unwrap_or_default();
            hinted(Error::new(Exit::Over, format!("{what} was cancelled{why}")), stands)
        }
        ExtensionStanding::Unknown => unknown(),
    })
}

/// Says what was given.
pub(super) fn said(ctx: &Ctx, view: &RequestView, id: AskId) -> Result<(), Error> {
    let (false, Some(extension), Some(grant)) = (ctx.out.json(), find(view, id), &view.grant) else { return Ok(()) };
    let yes = |review: &&ReviewView| review.approved && !review.void;
    let names: Vec<String> =
        extension.reviews.iter().filter(yes).map(|review| card::person(review.by.as_ref())).collect();
    let by = if names.is_empty() { "by the rule".to_owned() } else { format!("by {}", names.join(", ")) };
    let given = extension.given.unwrap_or(extension.span);
    let until = match &grant.window {
        Some(window) => format!("active until {}", text::away(window.end, view.now)),
        None => format!("for {} from its first use, by {}", grant.span, text::away(grant.start_by, view.now)),
    };
    ctx.out.line(format!(
        "{} {by}: {} {} is extended by {given}, {until}",
        ctx.out.paint(Tone::Good, "approved"),
        grant.id,
        view.role
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_an_extension_has_its_code() {
        let table = [
            (ExtensionStanding::Pending, Err(Exit::Pending)),
            (ExtensionStanding::Approved, Ok(())),
            (ExtensionStanding::Denied, Err(Exit::Denied)),
            (ExtensionStanding::Cancelled, Err(Exit::Over)),
            (ExtensionStanding::Lapsed, Err(Exit::Over)),
            (ExtensionStanding::Unknown, Err(Exit::Failure)),
        ];
        for (standing, exit) in table {
            let mut view = card::tests::extending();
            let id = view.extensions[0].ask;
            view.extensions[0].standing = standing;
            assert_eq!(judge(&view, id).map_err(|error| error.exit), exit, "{standing:?}");
        }
    }

    #[test]
    fn a_denial_says_who_why_and_that_the_old_end_holds() {
        let mut view = card::tests::extending();
        let id = view.extensions[0].ask;
        view.extensions[0].standing = ExtensionStanding::Denied;
        view.extensions[0].reviews[0].approved = false;
        view.extensions[0].reviews[0].comment = Some("enough".to_owned());
        let error = judge(&view, id).expect_err("denied");
        assert!(error.message.ends_with("by 1h was denied by bob@example.com"), "{error}");
        let hint = error.hint.expect("a hint");
        assert!(hint.starts_with("they say: enough; the grant ends as before, "), "{hint}");
    }
}
