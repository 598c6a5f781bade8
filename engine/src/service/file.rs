//! Filing a request, and keeping open asks in line with the rules.

use std::sync::Arc;

use jit_life::policy::{Caller, Wish};
use jit_life::{Command, Refused, RefusedKind, Reply, Request, step};
use jit_types::RequestId;

use super::refusals::Attempt;
use super::{With, texts};
use crate::error::Error;
use crate::house::House;
use crate::store::{AnswerKey, Query};

/// What came of filing.
#[derive(Clone, Debug)]
pub struct Filed {
    /// The request: the new one, or the open one that was the same.
    pub request: Request,
    /// Whether it was there already.
    pub attached: bool,
}

impl House {
    /// Files a request. The same one again, while it is open, gives the one that is there.
    ///
    /// # Errors
    /// What the rules refuse, or a store that can't be used.
    pub async fn file(
        &self,
        caller: &Caller,
        wish: &Wish,
        claim_key: &str,
        answer: Option<AnswerKey>,
    ) -> Result<Filed, Error> {
        self.filed(caller, wish, Some(claim_key), answer).await
    }

    /// Files a request that comes over a channel which has no keys: its requester's first claim sets one.
    ///
    /// # Errors
    /// As [`House::file`].
    pub async fn file_without_key(
        &self,
        caller: &Caller,
        wish: &Wish,
        answer: Option<AnswerKey>,
    ) -> Result<Filed, Error> {
        self.filed(caller, wish, None, answer).await
    }

    async fn filed(
        &self,
        caller: &Caller,
        wish: &Wish,
        claim_key: Option<&str>,
        answer: Option<AnswerKey>,
    ) -> Result<Filed, Error> {
        let _gate = self.gate.read().await;
        let right = match self.may_request(caller, wish) {
            Ok(right) => right,
            Err(refused) => return Err(self.refuse(caller, Attempt::role("request.filed", &wish.role), refused).await),
        };
        if claim_key.is_some_and(|key| !is_claim_key(key)) {
            let message = "a claim key is an Ed25519 public key of 32 bytes in hexadecimal digits";
            return Err(Refused::new(RefusedKind::Invalid, "claim_key", message).into());
        }
        let (reason, opening) = texts::seal(self, caller.subject, "reason", &wish.reason)?;
        let id: RequestId = self.draw_id()?;
        let key = Request::key(caller.subject, right.role(), right.params());
        let command = Command::File(Box::new(step::File {
            id,
            ask: self.draw_id()?,
            grant: self.draw_id()?,
            right,
            claim_key: claim_key.map(str::to_owned),
            reason,
        }));
        let with = With { facts: Some((caller.subject, key)), openings: vec![opening], answer, ..Default::default() };
        let played = self.play(id, command, with).await?;
        let (id, attached) = match played.reply? {
            Reply::Attached(same) => (same, true),
            Reply::Filed(filed) => (filed, false),
            _ => (id, false),
        };
        let request = match played.request.filter(|request| request.id == id) {
            Some(request) => Some(Arc::unwrap_or_clone(request)),
            // Attached, or an answer given before: the reply says which one it was, however many came after it.
            None => self.store().request(id).await?,
        };
        let request = request.filter(|request| request.subject == caller.subject);
        Ok(Filed { request: request.ok_or_else(|| Refused::not_found("request"))?, attached })
    }

    /// Brings every open ask in line with the rules in force: reviews of what has changed are void, what may no longer be
    /// asked for is cancelled.
    ///
    /// # Errors
    /// When the store can't be used.
    pub async fn revise_open_asks(&self) -> Result<(), Error> {
        let waiting = Query { waiting: true, most: u32::MAX, ..Default::default() };
        for request in self.store().requests(waiting).await? {
            // A text that can't be read now is no reason to take an ask back: the error is the caller's.
            let asked = request.pending().map_or(request.reason, |ask| request.reason_of(ask));
            let reason = self.open_text(&asked).await?;
            let right = self.revised(&request, reason.map(|free| free.0).unwrap_or_default());
            self.play(request.id, Command::Revise { right: right.map(Box::new) }, With::default()).await?;
        }
        Ok(())
    }

    fn revised(&self, request: &Request, reason: String) -> Result<jit_life::policy::MayRequest, Refused> {
        let gone = || Refused::new(RefusedKind::Denied, "person", "the requester is no longer known here");
        let person = self.person(request.subject).ok_or_else(gone)?;
        let principal = format!("house:{}", self.id()).parse().map_err(|_| gone())?;
        let caller = Caller { person, subject: request.subject, principal, superuser: false, only_roles: None };
        let rules = self.rules();
        let wish = Wish {
            role: request.role.clone(),
            params: request.params.clone(),
            span: request.pending().map(jit_life::Ask::total),
            reason,
        };
        // A maximum that has shrunk shortens what is asked for; it does not cancel it.
        let most = rules.roles.get(&wish.role).map(|role| role.limits.max);
        let wish = Wish { span: wish.span.map(|span| most.map_or(span, |most| span.min(most))), ..wish };
        self.may_request(&caller, &wish)
    }
}

pub(super) fn is_claim_key(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
