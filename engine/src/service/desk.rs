//! The desk: the one door through which channels hand in decisions, commands and requests.

use std::sync::Arc;

use jit_approval::{Act, Action, Decision, Desk, Identity, Outcome, Planned, Verdict as Verb, Wish};
use jit_life::policy::{self, Caller};
use jit_life::{AskStatus, Refused, RefusedKind, Request, Verdict};
use jit_types::digest::Hasher;
use jit_types::{Digest, Free, GrantId, Words};

use super::lock::Whom;
use super::refusals::Attempt;
use super::{Asked, Plan};
use crate::BoxFuture;
use crate::error::Error;
use crate::house::House;
use crate::notices;
use crate::service::decide::Said;
use crate::store::{AnswerKey, Query};

/// How many people a plan names.
const NAMED: usize = 12;

/// Turns a channel's own identity into a person. The binary's `identity` room is the one place that knows how.
pub trait Identify: Send + Sync {
    /// Who that is; `None` for a stranger.
    ///
    /// # Errors
    /// Why an account is not believed to be theirs whom it says; a store that can't be used.
    fn identify<'a>(&'a self, identity: &'a Identity) -> BoxFuture<'a, Result<Option<Caller>, Error>>;
}

/// The house's desk.
pub struct HouseDesk {
    house: Arc<House>,
    identify: Arc<dyn Identify>,
}

/// What was done: in words, and the request that it was done to, where there is one.
type Done = (Words, Option<Request>);

impl HouseDesk {
    /// Opens the desk of a house.
    pub fn new(house: Arc<House>, identify: Arc<dyn Identify>) -> Self {
        Self { house, identify }
    }

    async fn decided(&self, decision: &Decision) -> Result<Done, Error> {
        let caller = self.caller(&decision.by, "request").await?;
        let request = self.house.request_of_ask(decision.ask).await?;
        let request = self.house.seen_to_decide(&caller, request).await?;
        let verdict = match decision.verdict {
            Verb::Approve { span } => Verdict::Approve { span },
            Verb::Deny => Verdict::Deny,
        };
        let said = Said { verdict, comment: decision.comment.as_deref(), evidence: shown(decision), answer: None };
        let decided = self.house.decide_ask(&caller, &request, decision.ask, decision.hash, said).await?;
        Ok((decided.words, Some(decided.request)))
    }

    async fn acted(&self, action: &Action) -> Result<Done, Error> {
        let (house, key) = (&self.house, action.key.as_str());
        match &action.what {
            Act::Release(grant) => {
                let caller = self.caller(&action.by, "grant").await?;
                let request = self.of_grant(&caller, *grant, "grant.released").await?;
                let (words, request) = house.release(&caller, request.id, None).await?;
                Ok((words, Some(request)))
            }
            Act::Cancel(request) => {
                let caller = self.caller(&action.by, "request").await?;
                let (words, request) = house.cancel(&caller, *request, None).await?;
                Ok((words, Some(request)))
            }
            Act::Extend { grant, span, reason } => {
                let caller = self.caller(&action.by, "grant").await?;
                let request = self.of_grant(&caller, *grant, "extension.asked").await?;
                let answer = answer(&caller, "extend", key, &format!("{grant} {span} {reason}"));
                let extended = house.extend(&caller, request.id, *span, reason, Some(answer)).await?;
                Ok((extended.words, Some(extended.request)))
            }
            Act::Lock { whom, reason } => {
                let caller = self.caller(&action.by, "person or role").await?;
                let answer = answer(&caller, "lock", key, &format!("{whom} {reason}"));
                let (words, _) = house.lock(&caller, &Whom::Either(whom.clone()), reason, Some(answer)).await?;
                Ok((words, None))
            }
            Act::Unlock { whom, reason } => {
                let caller = self.caller(&action.by, "person or role").await?;
                let answer = answer(&caller, "unlock", key, &format!("{whom} {reason}"));
                let (words, _) = house.unlock(&caller, &Whom::Either(whom.clone()), reason, Some(answer)).await?;
                Ok((words, None))
            }
        }
    }

    async fn planned(&self, wish: &Wish) -> Result<Planned, Error> {
        let caller = self.caller(&wish.by, "role").await?;
        Ok(shown_plan(self.house.plan(&caller, &wished(wish)).await?))
    }

    async fn filed(&self, wish: &Wish) -> Result<Words, Error> {
        let caller = self.caller(&wish.by, "role").await?;
        let body = format!("{} {:?} {:?} {}", wish.role, wish.params, wish.span, wish.reason);
        let answer = answer(&caller, "file", &wish.key, &body);
        let filed = self.house.file_without_key(&caller, &wished(wish), Some(answer)).await?;
        let id = filed.request.id;
        let use_it = format!("use it from your own account: jit exec {id} -- COMMAND");
        Ok(Words::new(match (filed.attached, &filed.request.grant) {
            (true, _) => format!("nothing was filed: you have the same open already, {id}"),
            (false, Some(grant)) => {
                format!("{id} is approved by the rule for {}, as {}; {use_it}", grant.span, grant.id)
            }
            (false, None) => format!("filed as {id}; you hear what becomes of it. Once it is approved, {use_it}"),
        }))
    }

    /// The request of a grant, whoever's it is: whether it is the caller's, what is done to it looks at itself, so that who
    /// tries what is another's is in the record.
    async fn of_grant(&self, caller: &Caller, grant: GrantId, kind: &'static str) -> Result<Request, Error> {
        let query = Query { grant: Some(grant), most: 1, ..Query::default() };
        match self.house.store().requests(query).await?.into_iter().next() {
            Some(request) => Ok(request),
            None => Err(self.house.refuse(caller, Attempt::new(kind), Refused::not_found("grant")).await),
        }
    }

    async fn caller(&self, identity: &Identity, noun: &str) -> Result<Caller, Error> {
        self.identify.identify(identity).await?.ok_or_else(|| Refused::not_found(noun).into())
    }

    fn outcome(&self, result: Result<Done, Error>) -> Outcome {
        match result {
            Ok((words, request)) => {
                let newest = request.as_ref().and_then(|request| Some((request, request.newest()?)));
                let ask = newest.filter(|(_, ask)| ask.status != AskStatus::Pending || ask.need > 0);
                let standing = ask.map(|(request, ask)| notices::standing(&self.house, request, ask));
                Outcome { done: true, words, standing }
            }
            Err(error) => refused(error),
        }
    }
}

/// What somebody hears of what was not done, with the way out, where there is one.
fn refused(error: Error) -> Outcome {
    let words = match error {
        Error::Refused(refused) => match &refused.hint {
            // Of what is not theirs nobody needs to hear more.
            Some(hint) if refused.kind != RefusedKind::NotFound => Words::new(format!("{}; {hint}", refused.message)),
            _ => refused.message,
        },
        _ => Words::new("it could not be done just now; nothing was changed, try again"),
    };
    Outcome { done: false, words, standing: None }
}

fn wished(wish: &Wish) -> policy::Wish {
    let Wish { role, params, span, reason, .. } = wish.clone();
    policy::Wish { role, params, span, reason }
}

/// The key under which a command's answer is kept: the same one again, as media deliver it, gets the same answer.
fn answer(caller: &Caller, verb: &str, key: &str, body: &str) -> AnswerKey {
    let hasher = Hasher::new("jit desk key v1").with("principal", caller.principal.as_str());
    AnswerKey { key: hasher.with("verb", verb).with("key", key).finish(), body: Digest::of(body.as_bytes()) }
}

fn shown_plan(plan: Plan) -> Planned {
    let asked = match &plan.asked {
        Asked::Rule => "nobody: the rule approves at once".to_owned(),
        Asked::People { count, from, people } => {
            let named: Vec<&str> = people.iter().take(NAMED).map(|person| person.as_str()).collect();
            let more = people.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{count} of {from}: {}{more}", named.join(", "))
        }
    };
    Planned {
        role: plan.role,
        about: plan.about,
        gives: plan.gives,
        warnings: plan.warnings,
        params: plan.params,
        span: plan.span,
        asked: Words::new(asked),
        decide_by: plan.decide_by,
        start_by: plan.start_by,
        worst_end: plan.worst_end,
        swept: plan.swept,
        unswept: plan.unswept,
        covered_by: plan.covered_by,
    }
}

/// What the medium can show for a decision, as one text: it is sealed like everything that names a person.
fn shown(decision: &Decision) -> Option<Free> {
    let lines: Vec<String> = decision.evidence.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (!lines.is_empty()).then(|| Free(lines.join("\n")))
}

impl Desk for HouseDesk {
    fn decide<'a>(&'a self, decision: &'a Decision) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.outcome(self.decided(decision).await) })
    }

    fn act<'a>(&'a self, action: &'a Action) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.outcome(self.acted(action).await) })
    }

    fn plan<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Result<Planned, Outcome>> {
        Box::pin(async move { self.planned(wish).await.map_err(refused) })
    }

    fn file<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.outcome(self.filed(wish).await.map(|words| (words, None))) })
    }
}
