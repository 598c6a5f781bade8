//! Deciding.

use std::sync::Arc;

use jit_life::policy::{self, Caller};
use jit_life::step::Decide;
use jit_life::{Command, Refused, RefusedKind, Reply, Request, Verdict};
use jit_types::{AskId, Digest, Free, PersonId, RequestId, Subject, Words};

use super::refusals::Attempt;
use super::{With, texts};
use crate::error::Error;
use crate::house::House;
use crate::store::{AnswerKey, Query};

/// What came of a decision.
#[derive(Clone, Debug)]
pub struct Decided {
    /// In words.
    pub words: Words,
    /// The request as it stands now.
    pub request: Request,
}

/// The longest comment that is taken, in bytes.
const LONGEST_COMMENT: usize = 8 * 1024;

/// What somebody says of an ask.
pub(super) struct Said<'a> {
    pub(super) verdict: Verdict,
    pub(super) comment: Option<&'a str>,
    /// What the medium can show for it.
    pub(super) evidence: Option<Free>,
    pub(super) answer: Option<AnswerKey>,
}

impl House {
    /// Decides the ask that waits, naming the content hash that was seen.
    ///
    /// # Errors
    /// What the rules refuse: a stranger hears that there is no such request.
    #[allow(clippy::too_many_arguments, reason = "a decision is exactly this")]
    pub async fn decide(
        &self,
        caller: &Caller,
        request: RequestId,
        hash: Digest,
        verdict: Verdict,
        comment: Option<&str>,
        answer: Option<AnswerKey>,
    ) -> Result<Decided, Error> {
        let found = self.store().request(request).await?;
        let found = self.seen_to_decide(caller, found).await?;
        // A decision names its ask by the hash; one whose hash fits no ask is refused by the step, with its reason.
        let ask = found.asks.iter().find(|ask| ask.hash == hash).or_else(|| found.newest());
        let ask = ask.map(|ask| ask.id).ok_or_else(|| Refused::not_found("request"))?;
        let said = Said { verdict, comment, evidence: None, answer };
        self.decide_ask(caller, &found, ask, hash, said).await
    }

    pub(super) async fn decide_ask(
        &self,
        caller: &Caller,
        request: &Request,
        ask: AskId,
        hash: Digest,
        said: Said<'_>,
    ) -> Result<Decided, Error> {
        let Said { verdict, comment, evidence, answer } = said;
        let comment = comment.map(str::trim).filter(|text| !text.is_empty());
        if comment.is_some_and(|text| text.len() > LONGEST_COMMENT) {
            let message = format!("a comment has at most {LONGEST_COMMENT} bytes");
            return Err(Refused::new(RefusedKind::Invalid, "comment", message).into());
        }
        if verdict == Verdict::Deny && comment.is_none() {
            return Err(Refused::new(RefusedKind::Invalid, "reason", "a denial says why")
                .hint("--reason \"…\"")
                .into());
        }
        let _gate = self.gate.read().await;
        let rules = self.rules();
        // Own requests are refused by the step itself, so that the attempt is in the record.
        let right = match policy::may_decide(&rules, caller, &request.role, &self.subjects()) {
            Ok(right) => right,
            Err(refused) => {
                let refused = if request.subject == caller.subject { own(refused) } else { refused };
                return Err(self.refuse(caller, Attempt::on("ask.decided", Some(request)), refused).await);
            }
        };
        // Of what is decided by now, the step says how.
        if matches!(verdict, Verdict::Approve { .. })
            && request.pending().is_some()
            && let Err(refused) = policy::may_be_given(&rules, self.person(request.subject).as_ref(), &request.role)
        {
            return Err(self.refuse(caller, Attempt::on("ask.decided", Some(request)), refused).await);
        }
        let sealed = comment.map(|text| texts::seal(self, caller.subject, "comment", text)).transpose()?;
        let (comment, openings) = sealed.map_or((None, vec![]), |(c, opening)| (Some(c), vec![opening]));
        let command = Command::Decide(Box::new(Decide {
            ask,
            hash,
            grant: self.draw_id()?,
            right,
            verdict,
            comment,
            channel: caller.principal.channel().to_owned(),
            evidence,
        }));
        let played = self.play(request.id, command, With { openings, answer, ..Default::default() }).await?;
        let words = match played.reply? {
            Reply::Decided(words) | Reply::Already(words) => words,
            _ => Words::new("noted"),
        };
        let request = played.request.map(Arc::unwrap_or_clone).ok_or_else(|| Refused::not_found("request"))?;
        Ok(Decided { words, request })
    }

    /// The request that a caller wants to decide: what is not there and what is not theirs to see sounds the same, and
    /// either attempt is in the record.
    pub(super) async fn seen_to_decide(&self, caller: &Caller, found: Option<Request>) -> Result<Request, Error> {
        match found {
            Some(request) if self.may_see(caller, &request) => Ok(request),
            found => {
                let attempt = Attempt::on("ask.decided", found.as_ref());
                Err(self.refuse(caller, attempt, Refused::not_found("request")).await)
            }
        }
    }

    /// The pseudonyms of all persons in the rules who have one.
    pub(super) fn subjects(&self) -> std::collections::BTreeMap<PersonId, Subject> {
        let rules = self.rules();
        let known = rules.people.keys();
        known.filter_map(|person| Some((person.clone(), self.parts.keys.subject(person)?))).collect()
    }

    /// The request that an ask belongs to.
    pub(super) async fn request_of_ask(&self, ask: AskId) -> Result<Option<Request>, Error> {
        let found = self.store().requests(Query { ask: Some(ask), most: 1, ..Default::default() }).await?;
        Ok(found.into_iter().next())
    }
}

/// What a requester hears who is no approver: their own request is no secret to them.
fn own(refused: Refused) -> Refused {
    if refused.kind != RefusedKind::NotFound {
        return refused;
    }
    Refused::new(RefusedKind::Denied, "approve", "nobody decides their own request, through whatever they act")
        .hint("someone else who may decide it has to; `jit show` names them")
}
