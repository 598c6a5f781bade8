//! The desk: the one door through which channels hand in decisions and commands.

use std::sync::Arc;

use jit_approval::{Act, Action, Decision, Desk, Identity, Outcome, Verdict as Verb};
use jit_life::policy::Caller;
use jit_life::{AskStatus, Refused, Request, Verdict};
use jit_types::{Free, Words};

use crate::BoxFuture;
use crate::error::Error;
use crate::house::House;
use crate::notices;
use crate::service::decide::Said;

/// Turns a channel's own identity into a person. The binary's `identity` room is the one place that knows how.
pub trait Identify: Send + Sync {
    /// Who that is; `None` for a stranger.
    fn identify<'a>(&'a self, identity: &'a Identity) -> BoxFuture<'a, Option<Caller>>;
}

/// The house's desk.
pub struct HouseDesk {
    house: Arc<House>,
    identify: Arc<dyn Identify>,
}

impl HouseDesk {
    /// Opens the desk of a house.
    pub fn new(house: Arc<House>, identify: Arc<dyn Identify>) -> Self {
        Self { house, identify }
    }

    async fn decided(&self, decision: &Decision) -> Result<(Words, Request), Error> {
        let caller = self.caller(&decision.by, "request").await?;
        let request = self.house.request_of_ask(decision.ask).await?;
        let request = self.house.seen_to_decide(&caller, request).await?;
        let verdict = match decision.verdict {
            Verb::Approve { span } => Verdict::Approve { span },
            Verb::Deny => Verdict::Deny,
        };
        let said = Said { verdict, comment: decision.comment.as_deref(), evidence: shown(decision), answer: None };
        let decided = self.house.decide_ask(&caller, &request, decision.ask, decision.hash, said).await?;
        Ok((decided.words, decided.request))
    }

    async fn acted(&self, action: &Action) -> Result<(Words, Request), Error> {
        let noun = if matches!(action.what, Act::Release(_)) { "grant" } else { "request" };
        let caller = self.caller(&action.by, noun).await?;
        match action.what {
            Act::Release(grant) => {
                let request = self.house.find(&caller, &grant.to_string()).await?;
                self.house.release(&caller, request.id, None).await
            }
            Act::Cancel(request) => self.house.cancel(&caller, request, None).await,
        }
    }

    async fn caller(&self, identity: &Identity, noun: &str) -> Result<Caller, Error> {
        self.identify.identify(identity).await.ok_or_else(|| Refused::not_found(noun).into())
    }

    fn outcome(&self, result: Result<(Words, Request), Error>) -> Outcome {
        match result {
            Ok((words, request)) => {
                let ask = request.newest().filter(|ask| ask.status != AskStatus::Pending || ask.need > 0);
                let standing = ask.map(|ask| notices::standing(&self.house, &request, ask));
                Outcome { done: true, words, standing }
            }
            Err(Error::Refused(refused)) => Outcome { done: false, words: refused.message, standing: None },
            Err(_) => {
                let words = Words::new("it could not be done just now; nothing was changed, try again");
                Outcome { done: false, words, standing: None }
            }
        }
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
}
