//! Taking back, giving back, taking away, and reporting use.

use std::sync::Arc;

use jit_life::policy::{self, Caller};
use jit_life::{Command, Refused, RefusedKind, Reply, Request};
use jit_types::{ClaimId, RequestId, Words};

use super::refusals::Attempt;
use super::{With, texts};
use crate::error::Error;
use crate::house::House;
use crate::store::AnswerKey;

impl House {
    /// Takes an own request back.
    ///
    /// # Errors
    /// When it is not the caller's, or is decided.
    pub async fn cancel(
        &self,
        caller: &Caller,
        id: RequestId,
        answer: Option<AnswerKey>,
    ) -> Result<(Words, Request), Error> {
        let _gate = self.gate.read().await;
        self.own(caller, id, "request.cancelled").await?;
        self.said(id, Command::Cancel { by: caller.subject }, With { answer, ..Default::default() }).await
    }

    /// Gives an own grant back.
    ///
    /// # Errors
    /// When it is not the caller's, or there is none.
    pub async fn release(
        &self,
        caller: &Caller,
        id: RequestId,
        answer: Option<AnswerKey>,
    ) -> Result<(Words, Request), Error> {
        let _gate = self.gate.read().await;
        self.own(caller, id, "grant.released").await?;
        self.said(id, Command::Release { by: caller.subject }, With { answer, ..Default::default() }).await
    }

    /// Takes a grant away, as an administrator.
    ///
    /// # Errors
    /// When the caller is none.
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: RequestId,
        reason: &str,
        answer: Option<AnswerKey>,
    ) -> Result<(Words, Request), Error> {
        let _gate = self.gate.read().await;
        let right = match policy::may_administer(&self.rules(), caller, "grant") {
            Ok(right) => right,
            Err(refused) => {
                let found = self.store().request(id).await?;
                return Err(self.refuse(caller, Attempt::on("grant.revoked", found.as_ref()), refused).await);
            }
        };
        if reason.trim().is_empty() {
            return Err(Refused::new(RefusedKind::Invalid, "reason", "a revocation says why")
                .hint("--reason \"…\"")
                .into());
        }
        let (reason, opening) = texts::seal(self, caller.subject, "reason", reason)?;
        let with = With { openings: vec![opening], answer, ..Default::default() };
        self.said(id, Command::Revoke { right, reason }, with).await
    }

    /// Notes that the client has used a credential.
    ///
    /// # Errors
    /// When it is not the caller's.
    pub async fn report(&self, caller: &Caller, id: RequestId, claim: ClaimId) -> Result<(), Error> {
        let _gate = self.gate.read().await;
        self.own(caller, id, "claim.used").await?;
        self.said(id, Command::Report { by: caller.subject, claim }, With::default()).await.map(|_| ())
    }

    /// A request of the caller's own; others' sound like none, to everybody alike.
    pub(super) async fn own(&self, caller: &Caller, id: RequestId, kind: &'static str) -> Result<Request, Error> {
        match self.store().request(id).await? {
            Some(own) if own.subject == caller.subject && self.may_see(caller, &own) => Ok(own),
            found => {
                let attempt = Attempt::on(kind, found.as_ref());
                Err(self.refuse(caller, attempt, Refused::not_found("grant")).await)
            }
        }
    }

    async fn said(&self, id: RequestId, command: Command, with: With) -> Result<(Words, Request), Error> {
        let played = self.play(id, command, with).await?;
        let words = match played.reply? {
            Reply::Ending(words) | Reply::Already(words) | Reply::Decided(words) => words,
            Reply::Cancelled => Words::new("cancelled"),
            _ => Words::new("noted"),
        };
        let request = played.request.map(Arc::unwrap_or_clone).ok_or_else(|| Refused::not_found("request"))?;
        Ok((words, request))
    }
}
