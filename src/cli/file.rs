//! Filing a request, and waiting for what becomes of it: `jit request`, and whatever asks by the way.

use jit_types::{RequestId, Span, Timestamp};
use serde::Serialize;

use super::exit::{Error, Exit};
use super::output::Tone;
use super::progress::Progress;
use super::{Ctx, card, text};
use crate::api::extensions::ExtensionPlanView;
use crate::api::requests::{Done, PlanView, RequestView, ReviewView, Standing, Wish};
use crate::client::wait::{News, Waiter};
use crate::client::{Client, Error as ClientError};

/// What a waiting command tells a program: one object a line.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Told<'a> {
    /// What a request would do.
    Plan {
        /// The plan.
        plan: &'a PlanView,
    },
    /// It is filed; `attached` where it was open already.
    Filed {
        /// The request.
        request: &'a RequestView,
        /// Whether it was open already.
        attached: bool,
    },
    /// What an extension would do.
    ExtensionPlan {
        /// The plan.
        plan: &'a ExtensionPlanView,
    },
    /// More time is asked for.
    Asked {
        /// The request, with the extension.
        request: &'a RequestView,
    },
    /// Something of it has changed.
    Changed {
        /// The request.
        request: &'a RequestView,
    },
    /// The broker can't be reached; it is asked again.
    Away {
        /// Why.
        message: String,
    },
    /// It is over with waiting: the request's standing says how.
    Settled {
        /// The request.
        request: &'a RequestView,
    },
    /// The wait has ended; the request lives on.
    StillPending {
        /// The request's id.
        request: RequestId,
    },
}

/// Tells a program, where one listens.
pub fn tell(ctx: &Ctx, told: &Told<'_>) -> Result<(), Error> {
    if ctx.out.json() { ctx.out.object(told) } else { Ok(()) }
}

/// Files a wish, with a claim key that stays here. The same wish again gives the request that is open, `attached`.
///
/// # Errors
/// What the rules refuse.
pub async fn file(ctx: &Ctx, client: &Client, wish: &Wish) -> Result<Done, Error> {
    let keys = ctx.claim_keys()?;
    let pending = keys.pending(wish).await?;
    let done = match client.file(wish, &pending.key).await {
        Ok(done) => done,
        Err(error) => {
            // Where it is not known whether the broker has heard, the key is kept for the same wish again.
            if matches!(error, ClientError::Failure(_)) {
                keys.refused(pending);
            }
            return Err(error.into());
        }
    };
    let here = keys.filed(pending, &done)?;
    tell(ctx, &Told::Filed { request: &done.request, attached: done.attached })?;
    if done.attached {
        let view = &done.request;
        let (word, _) = card::standing(view.standing);
        ctx.out.note(format!("{} is open already, {word}, for {}", view.id, view.span));
        if !here && !view.keyless {
            ctx.out.warn("it was filed from another machine or account, and can be claimed only there");
        }
    }
    Ok(done)
}

/// Waits until a request is decided, however often the broker restarts. Ends at once where it is.
///
/// # Errors
/// That it was denied (5), is over (6), or still pending when the wait has ended (8).
pub async fn wait(ctx: &Ctx, client: &Client, view: RequestView, timeout: Option<Span>) -> Result<RequestView, Error> {
    let settled = |view: &RequestView| view.standing != Standing::Pending;
    let view = until(ctx, client, view, timeout, &settled).await?;
    tell(ctx, &Told::Settled { request: &view })?;
    ctx.tidy(std::slice::from_ref(&view));
    judge(view)
}

/// Says what a settled request means for somebody who wants to use it.
fn judge(view: RequestView) -> Result<RequestView, Error> {
    let id = view.id;
    match view.standing {
        Standing::Ready | Standing::Active => Ok(view),
        Standing::Pending => Err(Error::new(Exit::Pending, format!("{id} is still pending"))),
        Standing::Denied => {
            let denial = view.reviews.iter().rev().find(|review| !review.approved);
            let by = denial.map(|review| card::person(review.by.as_ref())).unwrap_or_else(|| "an approver".to_owned());
            let error = Error::new(Exit::Denied, format!("{id} was denied by {by}"));
            let why = denial.and_then(|review| review.comment.as_deref());
            Err(why.map(|why| error.clone().hint(format!("they say: {why}"))).unwrap_or(error))
        }
        Standing::Lapsed => Err(Error::new(Exit::Over, format!("{id} lapsed: nobody decided in time"))
            .hint("ask again, and tell somebody who can decide")),
        Standing::Cancelled => {
            Err(Error::new(Exit::Over, format!("{id} was cancelled")).hint("ask again, if it is still needed"))
        }
        Standing::Ending | Standing::Ended => {
            let why = view.grant.as_ref().and_then(|grant| grant.why.clone()).unwrap_or_else(|| "over".to_owned());
            Err(Error::new(Exit::Over, format!("{id} has ended: {why}")).hint("ask again, if it is still needed"))
        }
        Standing::Unknown => Err(Error::new(Exit::Failure, format!("{id} is in a state that this jit does not know"))
            .hint("update jit, or look at it with `jit show`")),
    }
}

/// Waits until `enough` says so, with progress on stderr and an event for each change.
///
/// # Errors
/// [`Exit::Pending`] where the wait has ended by time or by hand: the request lives on.
pub async fn until(
    ctx: &Ctx,
    client: &Client,
    mut view: RequestView,
    timeout: Option<Span>,
    enough: &(dyn Fn(&RequestView) -> bool + Sync),
) -> Result<RequestView, Error> {
    if enough(&view) {
        return Ok(view);
    }
    let ends: Option<Timestamp> = timeout.map(|timeout| ctx.now().after(timeout));
    let mut progress = Progress::new(&ctx.out);
    let mut interrupted = Interrupt::new()?;
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(1));
    let mut waiter = Waiter::new(client, &view);
    // The broker's clock counts, not this machine's.
    let mut ahead = view.now.millis() - ctx.now().millis();
    progress.say(&waiting(&view, view.now));
    loop {
        let news = {
            let next = waiter.next();
            tokio::pin!(next);
            loop {
                tokio::select! {
                    news = &mut next => break news?,
                    () = interrupted.come() => return Err(left(ctx, &view, "stopped waiting")?),
                    _ = tick.tick() => {
                        if ends.is_some_and(|ends| ctx.now() >= ends) {
                            return Err(left(ctx, &view, "the wait has ended")?);
                        }
                        progress.update(&waiting(&view, ctx.now().plus_millis(ahead)));
                    }
                }
            }
        };
        match news {
            News::Changed(changed) => {
                let heard = reviews(&view).len();
                view = *changed;
                ahead = view.now.millis() - ctx.now().millis();
                if enough(&view) {
                    return Ok(view);
                }
                tell(ctx, &Told::Changed { request: &view })?;
                for review in reviews(&view).iter().skip(heard) {
                    progress.above(&card::review(review, view.now));
                }
                progress.say(&waiting(&view, view.now));
            }
            News::Away(error) => {
                if progress.away(&error.to_string()) {
                    tell(ctx, &Told::Away { message: error.to_string() })?;
                }
                ctx.revive().await;
            }
            News::Still => progress.back(),
        }
    }
}

/// The end of a wait before the end of the matter.
fn left(ctx: &Ctx, view: &RequestView, why: &str) -> Result<Error, Error> {
    tell(ctx, &Told::StillPending { request: view.id })?;
    let (word, _) = card::standing(view.standing);
    let what = match view.extending() {
        Some(extension) => format!("the extension of {} by {} is pending", view.id, extension.span),
        None => format!("{} is {word}", view.id),
    };
    let error = Error::new(Exit::Pending, format!("{why}; {what} and lives on"));
    let cancel = if view.waits() { format!(", `jit cancel {}` takes it back", view.id) } else { String::new() };
    Ok(error.hint(format!("`jit show {} --wait` waits on{cancel}", view.id)))
}

/// What was said of the ask that is waited for.
fn reviews(view: &RequestView) -> &[ReviewView] {
    view.extending().map_or(&view.reviews, |extension| &extension.reviews)
}

/// What is waited for, on one line.
fn waiting(view: &RequestView, now: Timestamp) -> String {
    if let Some(extension) = view.extending() {
        return format!(
            "waiting for {}; asked {} ago, lapses in {}",
            card::waiting_for(view),
            text::about(now.since(extension.filed)),
            text::about(extension.decide_by.since(now)),
        );
    }
    match view.standing {
        Standing::Pending => format!(
            "waiting for {}; asked {} ago, lapses in {}",
            card::waiting_for(view),
            text::about(now.since(view.filed)),
            text::about(view.decide_by.since(now)),
        ),
        Standing::Ending => "waiting for the proof that it is over".to_owned(),
        other => format!("waiting; it is {}", card::standing(other).0),
    }
}

/// The wish of the person, or of whoever started us, that we end.
struct Interrupt {
    int: tokio::signal::unix::Signal,
    term: tokio::signal::unix::Signal,
}

impl Interrupt {
    fn new() -> Result<Self, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { int: signal(SignalKind::interrupt())?, term: signal(SignalKind::terminate())? })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.int.recv() => {}
            _ = self.term.recv() => {}
        }
    }
}

/// Says what was approved, and what to do with it.
pub fn approved(ctx: &Ctx, view: &RequestView) -> Result<(), Error> {
    if ctx.out.json() {
        return Ok(());
    }
    let Some(grant) = &view.grant else { return Ok(()) };
    let said: Vec<String> =
        view.reviews.iter().filter(|r| r.approved && !r.void).map(|r| card::person(r.by.as_ref())).collect();
    let by = if said.is_empty() { "by the rule".to_owned() } else { format!("by {}", said.join(", ")) };
    let until = match &grant.window {
        Some(window) => format!("active until {}", text::away(window.end, view.now)),
        None => format!("for {} from its first use, by {}", grant.span, text::away(grant.start_by, view.now)),
    };
    ctx.out.line(format!("{} {by}: {} {}, {until}", ctx.out.paint(Tone::Good, "approved"), grant.id, view.role))?;
    if ctx.out.stderr_tty {
        ctx.out.note(format!("use it:  jit exec {} -- COMMAND      give it back:  jit release {}", grant.id, grant.id));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_it_has_its_code() {
        let table = [
            (Standing::Pending, Exit::Pending),
            (Standing::Denied, Exit::Denied),
            (Standing::Cancelled, Exit::Over),
            (Standing::Lapsed, Exit::Over),
            (Standing::Ending, Exit::Over),
            (Standing::Ended, Exit::Over),
            (Standing::Unknown, Exit::Failure),
        ];
        for (standing, exit) in table {
            let mut view = card::tests::view();
            view.standing = standing;
            assert_eq!(judge(view).map(|_| ()).map_err(|error| error.exit), Err(exit), "{standing:?}");
        }
        for standing in [Standing::Ready, Standing::Active] {
            let mut view = card::tests::view();
            view.standing = standing;
            assert!(judge(view).is_ok(), "{standing:?}");
        }
    }

    #[test]
    fn a_denial_says_who_and_why() {
        let mut view = card::tests::view();
        view.standing = Standing::Denied;
        if let Some(review) = view.reviews.first_mut() {
            review.approved = false;
            review.comment = Some("not on a Friday".to_owned());
        }
        let error = judge(view).expect_err("denied");
        assert!(error.message.ends_with("was denied by bob@example.com"), "{error}");
        assert_eq!(error.hint.as_deref(), Some("they say: not on a Friday"));
    }
}
