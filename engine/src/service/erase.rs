//! Erasing a person: what they typed, and who they were, becomes unreadable for ever, and the record says so.
//!
//! ```text
//! one transaction: may it be? every request notes it, the record tells it, nothing is filed any more
//!   └▶ the key destroyed ─▶ the sealed texts taken away ─▶ overwritten pages cut off ─▶ noted as done
//! ```
//!
//! Killed between any two, it goes on when the house opens or when it is asked for again. Each step is a no-op the second
//! time.

use std::sync::Arc;

use jit_life::erase::{ERASED, erased};
use jit_life::policy::{self, Caller};
use jit_life::{Command, Facts, Locks, Refused, RefusedKind, Request, transition};
use jit_types::{Event, PersonId, RequestId, Subject};

use super::refusals::Attempt;
use crate::audit::{KeyState, KeysError};
use crate::error::Error;
use crate::failpoints::hit;
use crate::house::House;
use crate::store::{ErasureJob, ErasureStep, Query, Write};

/// What came of an erasure.
#[derive(Clone, Debug)]
pub struct Erased {
    /// How many requests the person had.
    pub requests: usize,
    /// What was sent to channels about them: it is not ours to take back.
    pub copies: Vec<Copied>,
    /// Whether the config still names the person, who comes back as somebody new with their next command.
    pub configured: bool,
}

/// A message in a channel about an erased person's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The request.
    pub request: RequestId,
    /// The channel.
    pub channel: String,
    /// The channel's own reference.
    pub message: String,
}

impl House {
    /// Makes unreadable what a person typed and who they were. Administrators only.
    ///
    /// # Errors
    /// When the caller is none, or is locked; when something of the person's is not over, or they are locked.
    pub async fn erase(&self, caller: &Caller, person: &PersonId) -> Result<Erased, Error> {
        let right = match policy::may_administer(&self.rules(), caller, "person") {
            Ok(right) => right,
            Err(refused) => return Err(self.refuse(caller, Attempt::new(ERASED), refused).await),
        };
        let Some(subject) = self.known_subject(person) else {
            let refused = Refused::new(RefusedKind::NotFound, "person", "nothing is kept of such a person");
            return Err(refused.hint("they were erased before, or never came").into());
        };
        let theirs = Query { subject: Some(subject), most: u32::MAX, ..Default::default() };
        if !self.store().erasures().await?.iter().any(|(begun, _)| *begun == subject) {
            let now = self.now();
            let play = move |requests: &[Arc<Request>], locks: &Locks| {
                let may = policy::may_erase(&right, subject, requests.iter().map(AsRef::as_ref), locks, now);
                let may = match may {
                    Ok(may) => may,
                    Err(refused) => return ErasureStep { steps: vec![], events: vec![], reply: Err(refused) },
                };
                let (facts, command) = (Facts::new(locks.clone()), Command::Erase { right: may.clone() });
                let play = |request: &Arc<Request>| (request.id, transition(Some(request), &facts, &command, now));
                let steps: Vec<_> = requests.iter().map(play).collect();
                let refused = steps.iter().find_map(|(_, step)| step.reply.as_ref().err().cloned());
                ErasureStep { steps, events: vec![erased(&may, now)], reply: refused.map_or(Ok(()), Err) }
            };
            if let Err(refused) =
                self.store().play_erasure(ErasureJob { subject, at: now, play: Box::new(play) }).await?
            {
                return Err(self.refuse(caller, Attempt::new(ERASED), refused).await);
            }
        }
        let requests = self.store().requests(theirs).await?;
        let copies = self.copies(&requests).await?;
        if let Err(error) = self.finish_erasure(subject).await {
            tracing::error!(%error, %subject, "an erasure is not done yet");
            let message = "the record says that this person is erased, but the key could not be destroyed yet";
            let refused = Refused::new(RefusedKind::Pending, "person", message);
            return Err(refused.hint("the same command again goes on; so does the broker when it starts").into());
        }
        let configured = self.rules().people.contains_key(person);
        Ok(Erased { requests: requests.len(), copies, configured })
    }

    /// Does what the record has announced. A second time is success too.
    async fn finish_erasure(&self, subject: Subject) -> Result<(), Error> {
        let unavailable = |why: String| Error::Unavailable(why);
        hit("erase.told");
        match self.parts.keys.destroy(subject, self.now()).await {
            // Other keys than this store's: then there is none to destroy.
            Ok(_) | Err(KeysError::Unknown) => {}
            Err(error) => return Err(unavailable(error.to_string())),
        }
        hit("erase.destroyed");
        self.parts.openings.forget(subject).await.map_err(|error| unavailable(error.to_string()))?;
        self.store().scrub().await?;
        Ok(self.store().write(vec![Write::Erased { subject }], vec![], vec![]).await?)
    }

    /// Takes erasures up that were broken off, and holds store and keys to each other where one of them was put back from a
    /// backup: who is erased in either is erased in both.
    ///
    /// # Errors
    /// When the stores can't be used.
    pub(crate) async fn resume_erasures(&self) -> Result<(), Error> {
        let begun = self.store().erasures().await?;
        for subject in self.parts.keys.destroyed() {
            if begun.iter().any(|(known, _)| *known == subject) {
                continue;
            }
            // A store from before the erasure: without the event its record would not verify.
            let now = self.now();
            let event = Event::new(ERASED, now).subject(subject);
            let play = move |_: &[Arc<Request>], _: &Locks| ErasureStep {
                steps: vec![],
                events: vec![event.clone()],
                reply: Ok(()),
            };
            let played = self.store().play_erasure(ErasureJob { subject, at: now, play: Box::new(play) }).await?;
            played?;
            self.try_to_finish(subject).await;
        }
        for (subject, done) in begun {
            if !done || matches!(self.parts.keys.key(subject), KeyState::Alive(_)) {
                self.try_to_finish(subject).await;
            }
        }
        Ok(())
    }

    /// A key that can't be destroyed now keeps nobody from opening the house, and so nothing from being ended.
    async fn try_to_finish(&self, subject: Subject) {
        if let Err(error) = self.finish_erasure(subject).await {
            tracing::error!(%error, %subject, "an erasure is not done yet; it is taken up again at the next start");
        }
    }

    async fn copies(&self, requests: &[Request]) -> Result<Vec<Copied>, Error> {
        let mut copies = Vec::new();
        for request in requests {
            let claims = request.grant.iter().flat_map(|grant| &grant.claims);
            let prefixes = request.asks.iter().map(|ask| crate::notices::ask_key(ask).0);
            let prefixes = prefixes.chain(claims.map(|claim| format!("alert/{}/", claim.id)));
            let prefixes = prefixes.chain([format!("news/{}/", request.id)]).collect();
            let found = self.store().messages_under(prefixes).await?;
            copies.extend(found.into_iter().map(|[_, channel, message]| Copied {
                request: request.id,
                channel,
                message,
            }));
        }
        Ok(copies)
    }
}
