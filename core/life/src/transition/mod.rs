//! The one pure step: a state and a command give the next state, events, effects and a reply.

mod decide;
mod end;
mod extend;
mod file;
mod record;
mod take;

pub use extend::{MOST_ASKS, MOVE_WITHIN};
pub use take::MOST_CLAIMS;

use jit_types::{Event, Timestamp, Words};

use crate::refused::{Refused, RefusedKind};
use crate::request::{Ask, AskStatus, CancelWhy, GrantStatus, Request};
use crate::step::{Command, Effect, EffectKind, Facts, Reply, Step, Timer};
use crate::transition::record::{actor, refusal_kind};

/// The most requests that one person may have open at once; more is a mistake in a loop.
pub const MOST_OPEN: u32 = 100;

/// Plays one command.
///
/// A refusal leaves the state unchanged and carries its event. A command that comes twice, or too late, is a no-op with
/// an honest word.
pub fn transition(state: Option<&Request>, facts: &Facts, command: &Command, now: Timestamp) -> Step {
    let mut draft = Draft::new(state, now);
    let reply = match (command, draft.request.is_some()) {
        (Command::File(file), false) => file::file(&mut draft, facts, file),
        (Command::File(_), true) => Ok(Reply::Already(Words::new("it was filed before"))),
        (_, false) => Err(Refused::not_found("request")),
        (command, true) => play(&mut draft, facts, command),
    };
    draft.finish(command, reply)
}

fn play(draft: &mut Draft<'_>, facts: &Facts, command: &Command) -> Result<Reply, Refused> {
    match command {
        Command::File(_) => Ok(Reply::Noted),
        Command::Decide(decide) => decide::decide(draft, facts, decide),
        Command::Cancel { by } => decide::cancel(draft, *by),
        Command::Revise { right } => decide::revise(draft, right),
        Command::Due(Timer::Lapse(ask)) => decide::lapse(draft, *ask),
        Command::Extend(extend) => extend::extend(draft, facts, extend),
        Command::Extended { claim, end, outcome, jitter } => extend::extended(draft, *claim, *end, outcome, *jitter),
        Command::Due(Timer::ClaimEnd(claim)) => extend::claim_end(draft, *claim),
        Command::Claim(take) => take::take(draft, facts, take),
        Command::Issued { claim, outcome } => take::issued(draft, *claim, outcome),
        Command::Report { by, claim } => take::report(draft, *by, *claim),
        Command::Due(Timer::Settle(claim)) => take::settle(draft, *claim),
        Command::Release { by } => end::release(draft, *by),
        Command::Revoke { right, reason } => end::revoke(draft, facts, right, *reason),
        Command::Reconcile => end::reconcile(draft),
        Command::EndLocked => end::locked(draft, facts),
        Command::Erase { right } => end::erase(draft, facts, right),
        Command::Due(Timer::StartBy) => end::start_by(draft),
        Command::Due(Timer::End) => end::expire(draft),
        Command::Expired { gone } => end::expired(draft, gone),
        Command::Ended { claim, outcome, jitter } => end::ended(draft, *claim, outcome, *jitter),
        Command::Looked { claim, outcome, jitter } => end::looked(draft, *claim, outcome, *jitter),
    }
}

/// The fields in which a backend's words stand: they repeat the parameters that were put into its scope.
const OF_THE_TARGET: [&str; 5] = ["gives", "known", "evidence", "tail", "why"];

/// A step in the making.
pub(crate) struct Draft<'a> {
    before: Option<&'a Request>,
    pub(crate) request: Option<Request>,
    pub(crate) now: Timestamp,
    events: Vec<Event>,
    effects: Vec<Effect>,
    drop: Vec<EffectKind>,
}

impl<'a> Draft<'a> {
    fn new(state: Option<&'a Request>, now: Timestamp) -> Self {
        Self { before: state, request: state.cloned(), now, events: Vec::new(), effects: Vec::new(), drop: Vec::new() }
    }

    /// The request. Commands that need one are only played where there is one.
    pub(crate) fn req(&mut self) -> Result<&mut Request, Refused> {
        self.request.as_mut().ok_or_else(|| Refused::not_found("request"))
    }

    /// An event about this request, at this moment.
    pub(crate) fn event(&self, kind: &'static str) -> Event {
        let event = Event::new(kind, self.now);
        match &self.request {
            None => event,
            Some(request) => {
                let event = event.request(request.id).role(request.role.clone()).subject(request.subject);
                match &request.grant {
                    Some(grant) => event.grant(grant.id),
                    None => event,
                }
            }
        }
    }

    pub(crate) fn tell(&mut self, mut event: Event) {
        if self.request.as_ref().is_some_and(|request| request.typed) {
            event.fields = event.fields.personal(&OF_THE_TARGET);
        }
        self.events.push(event);
    }

    /// Schedules an effect without a lane.
    pub(crate) fn later(&mut self, kind: EffectKind, due: Timestamp) {
        self.in_lane(kind, due, None);
    }

    /// Schedules an effect for now.
    pub(crate) fn soon(&mut self, kind: EffectKind) {
        self.later(kind, self.now);
    }

    pub(crate) fn in_lane(&mut self, kind: EffectKind, due: Timestamp, lane: Option<String>) {
        self.put(Effect { kind, due, lane, leased_until: None });
    }

    pub(crate) fn put(&mut self, effect: Effect) {
        self.drop.retain(|kind| *kind != effect.kind);
        self.effects.retain(|other| other.kind != effect.kind);
        self.effects.push(effect);
    }

    pub(crate) fn forget(&mut self, kind: EffectKind) {
        self.effects.retain(|other| other.kind != kind);
        self.drop.push(kind);
    }

    fn finish(mut self, command: &Command, reply: Result<Reply, Refused>) -> Step {
        let reply = match reply {
            Ok(reply) => reply,
            Err(refused) => {
                // Whatever a refused command had begun is dropped: a refusal changes nothing and is recorded.
                self.request = self.before.cloned();
                let event = self.request.as_ref().map_or_else(
                    || Event::new(refusal_kind(command), self.now),
                    |request| {
                        Event::new(refusal_kind(command), self.now).request(request.id).role(request.role.clone())
                    },
                );
                let event = match (actor(command), &self.request) {
                    (Some(actor), Some(request)) => event.actor(actor).subject(request.subject),
                    (Some(actor), None) => event.actor(actor).subject(actor),
                    (None, Some(request)) => event.subject(request.subject),
                    (None, None) => event,
                };
                let event = event.refused().field("why", &refused.message);
                return Step { state: None, events: vec![event], effects: vec![], drop: vec![], reply: Err(refused) };
            }
        };
        let state = if self.request.as_ref() == self.before { None } else { self.request };
        Step { state, events: self.events, effects: self.effects, drop: self.drop, reply: Ok(reply) }
    }
}

/// What a late command hears of an ask that is decided.
pub(crate) fn closed(ask: &Ask) -> Refused {
    let (kind, words) = match (ask.status, ask.why) {
        (AskStatus::Pending, _) => (RefusedKind::Pending, "it still waits for a decision"),
        (AskStatus::Approved, _) => (RefusedKind::Conflict, "it was approved before"),
        (AskStatus::Denied, _) => (RefusedKind::Conflict, "it was denied before"),
        (AskStatus::Cancelled, None | Some(CancelWhy::Taken)) => {
            (RefusedKind::Conflict, "its requester has taken it back")
        }
        (AskStatus::Cancelled, Some(CancelWhy::Rules)) => {
            (RefusedKind::Conflict, "it was cancelled: the rules have changed since")
        }
        (AskStatus::Cancelled, Some(CancelWhy::Locked)) => {
            (RefusedKind::Conflict, "it was cancelled: an administrator has locked its person or its role")
        }
        (AskStatus::Cancelled, Some(CancelWhy::Over)) => {
            (RefusedKind::Conflict, "it was cancelled: the grant that it would have extended is over")
        }
        (AskStatus::Lapsed, _) => return lapsed(),
    };
    Refused::new(kind, "ask", words).hint("`jit show` tells the whole story; a new request starts afresh")
}

/// What a late command hears of an ask that nobody has decided.
pub(crate) fn lapsed() -> Refused {
    Refused::new(RefusedKind::Lapsed, "ask", "nobody decided in time, so it has lapsed")
        .hint("`jit show` tells the whole story; a new request starts afresh")
}

/// What somebody hears who wants to use a grant that is over.
pub(crate) fn over(status: GrantStatus) -> Refused {
    let why = match status {
        GrantStatus::Ending { why, .. } | GrantStatus::Ended { why, .. } => why.as_str(),
        GrantStatus::Ready | GrantStatus::Active => "in use",
    };
    Refused::new(RefusedKind::Lapsed, "grant", format!("the grant is over: {why}")).hint("ask anew with `jit request`")
}
