//! Asking for more time: what it would do, and asking for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jit_life::policy::{self, Caller};
use jit_life::step::Extend;
use jit_life::{Approval, Command, Facts, Refused, RefusedKind, Reply, Request, Step, transition};
use jit_types::{AskId, PersonId, RequestId, Span, Timestamp, Words};

use super::plan::Asked;
use super::refusals::Attempt;
use super::{With, texts};
use crate::audit::SealedOpening;
use crate::error::Error;
use crate::house::House;
use crate::store::{AnswerKey, Job, Play, Played};

/// As the event of an extension that is asked for is called.
const ASKED: &str = "extension.asked";
/// As the event of looking at what an extension would do is called.
const PLANNED: &str = "extension.planned";

/// What an extension would do.
#[derive(Clone, Debug)]
pub struct ExtensionPlan {
    /// The request as it stands.
    pub request: Request,
    /// How much longer.
    pub span: Span,
    /// How long it would be in all.
    pub total: Span,
    /// The role's most, extensions included.
    pub most: Span,
    /// The latest moment at which it can end as it stands.
    pub old_end: Timestamp,
    /// The latest moment at which it could end then.
    pub new_end: Timestamp,
    /// Until when somebody must decide.
    pub decide_by: Timestamp,
    /// Who is asked.
    pub asked: Asked,
}

/// What came of asking for more time.
#[derive(Clone, Debug)]
pub struct Extended {
    /// In words.
    pub words: Words,
    /// The request as it stands now.
    pub request: Request,
}

/// An extension that may be asked for: the command that does it, and the text that goes with it.
struct Draft {
    command: Command,
    opening: SealedOpening,
    ask: AskId,
    most: Span,
    asked: Asked,
}

impl House {
    /// Asks for `span` more of a grant of the caller's own. The old end holds until it is approved.
    ///
    /// # Errors
    /// What the rules refuse: somebody else's grant sounds like none.
    pub async fn extend(
        &self,
        caller: &Caller,
        id: RequestId,
        span: Span,
        reason: &str,
        answer: Option<AnswerKey>,
    ) -> Result<Extended, Error> {
        let request = self.own(caller, id, ASKED).await?;
        let _gate = self.gate.read().await;
        let played = match self.draft(caller, &request, span, reason) {
            Ok(draft) => {
                let draft = draft?;
                let with = With { openings: vec![draft.opening], answer, ..Default::default() };
                self.play(id, draft.command, with).await?
            }
            Err(refused) => self.refuse_once(caller, &request, refused, answer).await?,
        };
        let reply = played.reply?;
        let request = played.request.map(Arc::unwrap_or_clone).ok_or_else(|| Refused::not_found("grant"))?;
        let words = match reply {
            Reply::Asked(ask) if request.asks.iter().any(|one| one.id == ask && one.need == 0) => {
                Words::new(format!("extended by {span}"))
            }
            Reply::Already(words) => words,
            _ => Words::new(format!("{span} more is asked for")),
        };
        Ok(Extended { words, request })
    }

    /// Refuses what the rules refuse, unless the same question was answered before: what was given then is most often just
    /// what leaves nothing to be given now.
    async fn refuse_once(
        &self,
        caller: &Caller,
        request: &Request,
        refused: Refused,
        answer: Option<AnswerKey>,
    ) -> Result<Played, Error> {
        let events = self.refusal(caller, Attempt::on(ASKED, Some(request)), &refused);
        let step = Step { state: None, events, effects: vec![], drop: vec![], reply: Err(refused) };
        let play: Play = Box::new(move |_, _| step.clone());
        let (request, at) = (request.id, self.now());
        let job =
            Job { request, at, facts: None, play, done: None, openings: vec![], answer, keep: None, follow: None };
        Ok(self.store().play(job).await?)
    }

    /// Says what an extension would do: the step that would be played, with its result thrown away.
    ///
    /// # Errors
    /// When it may not be asked for.
    pub async fn plan_extension(
        &self,
        caller: &Caller,
        id: RequestId,
        span: Span,
        reason: &str,
    ) -> Result<ExtensionPlan, Error> {
        let request = self.own(caller, id, PLANNED).await?;
        let draft = match self.draft(caller, &request, span, reason) {
            Ok(draft) => draft?,
            Err(refused) => return Err(self.refuse(caller, Attempt::on(PLANNED, Some(&request)), refused).await),
        };
        let step = transition(Some(&request), &Facts::new(self.store().locks()), &draft.command, self.now());
        if let Err(refused) = step.reply {
            return Err(self.refuse(caller, Attempt::on(PLANNED, Some(&request)), refused).await);
        }
        let ask = step.state.as_ref().and_then(|state| state.asks.iter().find(|ask| ask.id == draft.ask));
        let Some((ask, extends)) = ask.and_then(|ask| Some((ask, ask.extends?))) else {
            return Err(Refused::not_found("grant").into());
        };
        Ok(ExtensionPlan {
            span,
            total: ask.total(),
            most: draft.most,
            old_end: extends.end,
            new_end: ask.worst_end(),
            decide_by: ask.decide_by,
            asked: draft.asked,
            request,
        })
    }

    /// What must hold before anything is played. A refusal of the rules is the outer error, so that it is recorded.
    fn draft(
        &self,
        caller: &Caller,
        request: &Request,
        span: Span,
        reason: &str,
    ) -> Result<Result<Draft, Error>, Refused> {
        let rules = self.rules();
        let backends = |name: &_, scope: &_| self.promise(name, scope);
        let right = policy::may_extend(&rules, caller, request, span, reason, &backends)?;
        let asked = match right.approval() {
            Approval::ByRule => Asked::Rule,
            Approval::ByPeople { count, from } => {
                let role = rules.roles.get(right.role());
                let people: BTreeSet<PersonId> =
                    role.map(|role| policy::deciders(&rules, role, &caller.person)).unwrap_or_default();
                if (people.len() as u32) < *count {
                    let role = right.role();
                    let message =
                        format!("`{role}` needs {count} other people to approve, and there are {}", people.len());
                    return Err(Refused::new(RefusedKind::Denied, "approve", message)
                        .hint("an administrator has to name more approvers for this role"));
                }
                Asked::People { count: *count, from: Words::new(policy::describe(from)), people }
            }
        };
        let most = right.limits().max;
        let sealed = || {
            let ask: AskId = self.draw_id()?;
            let (reason, opening) = texts::seal(self, caller.subject, "reason", reason)?;
            let command = Command::Extend(Box::new(Extend { ask, right, reason }));
            Ok(Draft { command, opening, ask, most, asked })
        };
        Ok(sealed())
    }
}
