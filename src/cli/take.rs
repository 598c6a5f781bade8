//! Taking credentials: a grant that is held, or one that is asked for by the way, then everything that it gives.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use jit_types::{Form, GrantId, RequestId, RoleName, Span, Timestamp};

use super::exit::{Error, Exit};
use super::form::FormError;
use super::wish::{self, WishArgs};
use super::{Ctx, complete, file, text};
use crate::agent::held::Held;
use crate::agent::protocol::{self, Answer, Reach, Verb};
use crate::agent::{self, harden};
use crate::api::grants::ClaimView;
use crate::api::requests::{RequestView, Standing};

/// How long the agent may take to say who else uses a grant.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long a release may take to be proven.
const PROOF: Span = Span::from_secs(120);
/// How often ending must fail in a row before a command stops waiting for it.
const STUCK: u32 = 3;

/// Options that ask for a role by the way.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct AskArgs {
    /// Asks for this role, and waits for the decision
    #[arg(long, value_name = "ROLE", add = complete::roles())]
    pub(super) role: Option<RoleName>,
    #[command(flatten)]
    pub(super) wish: WishArgs,
    /// Waits for a decision for at most so long; the request lives on
    #[arg(long, value_name = "TIME", requires = "role")]
    pub(super) timeout: Option<Span>,
}

/// What was taken.
pub(super) struct Taken {
    /// The credentials, one for each entitlement.
    pub(super) held: Vec<Held>,
    /// Whether the request was filed just for this.
    pub(super) filed: bool,
}

impl Taken {
    /// The grant, and its request.
    ///
    /// # Errors
    /// When it gives nothing at all.
    pub(super) fn grant(&self) -> Result<(GrantId, RequestId), Error> {
        let first = self.held.first().ok_or_else(|| Error::new(Exit::Bug, "the grant gives nothing"))?;
        Ok((first.grant, first.request))
    }

    /// All credentials, as the forms take them.
    pub(super) fn all(&self) -> Vec<&Held> {
        self.held.iter().collect()
    }
}

impl From<FormError> for Error {
    fn from(error: FormError) -> Self {
        Self::new(Exit::Failure, error.message).hint(error.hint)
    }
}

/// How this command reaches its broker, for the agent to go the same way.
pub(super) fn reach(ctx: &Ctx) -> Result<Reach, Error> {
    let mut reach = Reach::of(&ctx.env);
    if let Some(broker) = &ctx.global.broker {
        let broker = crate::config::paths::absolute(broker)?;
        reach.broker = Some(
            broker
                .into_os_string()
                .into_string()
                .map_err(|_| Error::usage("--broker", "the socket's path is not text").hint("name it otherwise"))?,
        );
    }
    if let Some(config) = &ctx.global.config {
        reach.config = Some(crate::config::paths::absolute(config)?);
    }
    Ok(reach)
}

/// Takes everything that a grant gives: by its id, its request's, or its role's name.
///
/// # Errors
/// What the broker says.
pub(super) async fn held(ctx: &Ctx, of: &str) -> Result<Vec<Held>, Error> {
    // From here on there are secrets in this process.
    harden::not_dumpable();
    let (places, of, reach) = (ctx.places()?, of.to_owned(), reach(ctx)?);
    // The agent's own protocol is read without a runtime; a thread waits for it, so that signals are heard meanwhile.
    let asked = tokio::task::spawn_blocking(move || agent::hold(&places, &of, reach));
    tokio::select! {
        held = asked => Ok(held.map_err(|_| Error::new(Exit::Bug, "the agent could not be asked"))??),
        // A wait before this one has taken both signals away from their default.
        () = told_to_stop() => Err(Error::new(Exit::Failure, "stopped; what was claimed meanwhile is with the agent")
            .hint("the same command takes it up again")),
    }
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
}

/// Takes a grant that is named, or asks for a role, waits until it is approved and takes what it gives.
///
/// # Errors
/// What the broker says; that the wait has ended.
pub(super) async fn take(ctx: &Ctx, named: Option<&str>, ask: &AskArgs) -> Result<Taken, Error> {
    match (named, &ask.role) {
        (Some(of), None) => Ok(Taken { held: held(ctx, of).await?, filed: false }),
        (None, Some(role)) => {
            let client = ctx.client().await?;
            let wished = wish::complete(ctx, &client, Some(role), &ask.wish).await?;
            let done = file::file(ctx, &client, &wished.wish).await?;
            // What the filing itself says: anything that was looked at before it may have been filed elsewhere since.
            let filed = !done.attached;
            let view = file::wait(ctx, &client, done.request, ask.timeout).await?;
            Ok(Taken { held: held(ctx, &view.id.to_string()).await?, filed })
        }
        (Some(_), Some(_)) => {
            Err(Error::usage("--role", "a grant is named, and a role is asked for").hint("leave one of them away"))
        }
        (None, None) => Err(Error::usage("GRANT", "no grant is named")
            .hint("name one that you hold (`jit list`), or ask for one with --role ROLE --reason …")),
    }
}

/// Tells the agent that a grant is in use, for as long as this lives.
pub(super) struct InUse(Option<UnixStream>, bool);

impl InUse {
    /// Begins; `release` says that the grant is to be given back after the last one who uses it.
    pub(super) fn begin(ctx: &Ctx, grant: GrantId, release: bool) -> Result<Self, Error> {
        let stream = protocol::connect(&ctx.places()?.agent_socket()).ok();
        let told = stream.filter(|stream| {
            let patient = stream.set_read_timeout(Some(AT_ONCE)).is_ok();
            patient && matches!(protocol::ask_over(stream, Verb::Use { grant, release }), Ok(Answer::Ok(_)))
        });
        Ok(Self(told, release))
    }

    /// Ends it. Says whether to release: nobody else uses it, and somebody wished it. Without an agent, which was killed
    /// meanwhile, our own wish counts.
    pub(super) fn end(self) -> bool {
        let Some(stream) = self.0 else { return self.1 };
        match protocol::done_over(&stream) {
            Ok(Answer::Ok(bytes)) => serde_json::from_slice(&bytes).unwrap_or(self.1),
            _ => self.1,
        }
    }
}

/// Gives a grant back, and waits until it is proven over. What can't be ended early, because its end is planted in what
/// was signed, is told and not waited for: its key is wiped here, and the broker looks at it until its end.
///
/// # Errors
/// What the broker says; that the proof takes too long, which changes nothing about the release.
pub(super) async fn release(ctx: &Ctx, taken: &Taken) -> Result<(), Error> {
    let (grant, request) = taken.grant()?;
    let client = ctx.any_client().await?;
    let view = client.release(request).await?.request;
    drop(protocol::ask(&ctx.places()?.agent_socket(), Verb::Drop { grant }, AT_ONCE));
    let over = |view: &RequestView| !matches!(view.standing, Standing::Ready | Standing::Active | Standing::Ending);
    let enough = |view: &RequestView| over(view) || is_stuck(view);
    let unproven = |why: &str| {
        Error::new(Exit::Unavailable, format!("{grant} is released, but not proven over yet: {why}"))
            .hint(format!("`jit show {request}` says what is missing; the broker goes on"))
    };
    let view = file::until(ctx, &client, view, Some(PROOF), &enough).await.map_err(|error| unproven(&error.message))?;
    if over(&view) {
        return Ok(());
    }
    let left: Vec<&ClaimView> = unended(&view).collect();
    let planted = |claim: &ClaimView| taken.held.iter().find(|held| held.claim == claim.id).and_then(planted_end);
    match left
        .iter()
        .map(|claim| planted(claim))
        .collect::<Option<Vec<Timestamp>>>()
        .and_then(|ends| ends.into_iter().max())
    {
        Some(end) => {
            let left = text::about(end.since(view.now));
            ctx.out.warn(format!(
                "{grant} is released; its certificate can't be ended early, and ends by itself in {left}"
            ));
            Ok(())
        }
        None => Err(unproven("ending it has failed more than once")),
    }
}

/// Whether everything that is not ended has failed to end more than once: waiting on would be waiting for a person.
fn is_stuck(view: &RequestView) -> bool {
    let mut left = unended(view).peekable();
    left.peek().is_some() && left.all(|claim| claim.failures >= STUCK)
}

fn unended(view: &RequestView) -> impl Iterator<Item = &ClaimView> {
    let claims = view.grant.iter().flat_map(|grant| &grant.claims);
    claims.filter(|claim| !matches!(claim.standing.as_str(), "gone" | "failed"))
}

/// When a credential ends whatever anybody does, where what was signed says so.
fn planted_end(held: &Held) -> Option<Timestamp> {
    match &held.form {
        Form::Ssh(form) => Some(form.validity.end),
        Form::Postgres(_) => None,
    }
}
