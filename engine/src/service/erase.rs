//! Erasing a person: what they typed, and who they were, becomes unreadable for ever, and the record says so.
//!
//! ```text
//! one transaction: may it be? every request notes it, the record tells it, nothing is filed any more
//!   └▶ the key destroyed ─▶ the sealed texts taken away ─▶ overwritten pages cut off ─▶ noted as done
//! ```
//!
//! Whoever asked may go away; what fails is tried on. Killed between any two, it goes on when the house opens or when it is
//! asked for again. Each step is a no-op the second
//! time.

use std::sync::Arc;
use std::time::Duration;

use jit_life::erase::{ERASED, erased, forgotten};
use jit_life::policy::{self, Caller, MayAdminister};
use jit_life::{Command, Facts, Locks, Refused, RefusedKind, Request, transition};
use jit_types::{Event, PersonId, RequestId, Subject};

use super::refusals::Attempt;
use super::to_its_end;
use crate::audit::{KeyState, KeysError};
use crate::error::Error;
use crate::failpoints::hit;
use crate::house::House;
use crate::notices;
use crate::store::{ErasureJob, ErasureStep, Query, Write};

/// The pauses between two tries to carry an erasure out.
const PAUSE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));

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
    /// Makes unreadable what a person typed and who they were. Administrators only. Once it is in the record it is carried out
    /// though whoever asked has gone away, and tried on until it is done.
    ///
    /// # Errors
    /// When the caller is none, or is locked; when something of the person's is not over, or they are locked.
    pub async fn erase(self: &Arc<Self>, caller: &Caller, person: &PersonId) -> Result<Erased, Error> {
        let (house, caller, person) = (Arc::clone(self), caller.clone(), person.clone());
        to_its_end(async move { house.erase_to_its_end(&caller, &person).await }).await
    }

    async fn erase_to_its_end(self: &Arc<Self>, caller: &Caller, person: &PersonId) -> Result<Erased, Error> {
        let gate = self.gate.read().await;
        let right = self.administers(caller, "person", Attempt::new(ERASED)).await?;
        let Some(subject) = self.known_subject(person) else {
            let refused = Refused::new(RefusedKind::NotFound, "person", "nothing is kept of such a person");
            return Err(refused.hint("they were erased before, or never came").into());
        };
        if !self.store().erasures().await?.iter().any(|(begun, _)| *begun == subject)
            && let Err(refused) = self.record_erasure(right, subject).await?
        {
            return Err(self.refuse(caller, Attempt::new(ERASED), refused).await);
        }
        drop(gate);
        let theirs = Query { subject: Some(subject), most: u32::MAX, ..Default::default() };
        let requests = self.store().requests(theirs).await?;
        let copies = self.copies(&requests).await?;
        if let Err(error) = self.finish_erasure(subject).await {
            tracing::error!(%error, %subject, "an erasure is not done yet; it is tried on");
            self.keep_erasing(subject);
            let message = "the record says that this person is erased, but the key could not be destroyed yet";
            let refused = Refused::new(RefusedKind::Pending, "person", message);
            return Err(refused.hint("the broker tries on; the same command again says how it stands").into());
        }
        let configured = self.rules().people.contains_key(person);
        Ok(Erased { requests: requests.len(), copies, configured })
    }

    /// Has the record say it, where it may be.
    async fn record_erasure(&self, right: MayAdminister, subject: Subject) -> Result<Result<(), Refused>, Error> {
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
        Ok(self.store().play_erasure(ErasureJob { subject, at: now, play: Box::new(play) }).await?)
    }

    /// Tries on, ever more rarely, until it is done.
    fn keep_erasing(self: &Arc<Self>, subject: Subject) {
        let house = Arc::downgrade(self);
        drop(tokio::spawn(async move {
            let (mut pause, longest) = PAUSE;
            loop {
                tokio::time::sleep(pause).await;
                let Some(house) = house.upgrade() else { return };
                match house.finish_erasure(subject).await {
                    Ok(()) => return,
                    Err(error) => tracing::error!(%error, %subject, "an erasure is not done yet; it is tried on"),
                }
                pause = (pause * 2).min(longest);
            }
        }));
    }

    /// How many erasures are in the record and not carried out yet.
    ///
    /// # Errors
    /// When the store can't be used.
    pub async fn unfinished_erasures(&self) -> Result<usize, Error> {
        Ok(self.store().erasures().await?.iter().filter(|(_, done)| !done).count())
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
        // Whoever asked was told where they are before it began; nothing else needs it.
        let theirs = Query { subject: Some(subject), most: u32::MAX, ..Default::default() };
        let notices = self.store().requests(theirs).await?.iter().flat_map(notices::keys_of).collect();
        Ok(self.store().write(vec![Write::Erased { subject, notices }], vec![], vec![]).await?)
    }

    /// Takes erasures up that were broken off, and holds store and keys to each other where one of them was put back from a
    /// backup: who is erased in either is erased in both.
    ///
    /// # Errors
    /// When the stores can't be used.
    pub(crate) async fn resume_erasures(self: &Arc<Self>) -> Result<(), Error> {
        let begun = self.store().erasures().await?;
        for subject in self.parts.keys.destroyed() {
            if begun.iter().any(|(known, _)| *known == subject) {
                continue;
            }
            // A store from before the erasure: without the event its record would not verify.
            let now = self.now();
            let event = Event::new(ERASED, now).subject(subject);
            self.play_forgotten(subject, vec![event]).await?;
            self.try_to_finish(subject).await;
        }
        for (subject, done) in begun {
            let theirs = Query { subject: Some(subject), most: u32::MAX, ..Default::default() };
            let now = self.now();
            let holds = self.store().requests(theirs).await?.iter().any(|request| forgotten(request, now).is_some());
            if holds {
                self.play_forgotten(subject, Vec::new()).await?;
            }
            if holds || !done || matches!(self.parts.keys.key(subject), KeyState::Alive(_)) {
                self.try_to_finish(subject).await;
            }
        }
        Ok(())
    }

    /// Takes away what requests of an erased person's hold of parameters, where they are over.
    async fn play_forgotten(&self, subject: Subject, events: Vec<Event>) -> Result<(), Error> {
        let now = self.now();
        let play = move |requests: &[Arc<Request>], _: &Locks| ErasureStep {
            steps: requests.iter().filter_map(|request| Some((request.id, forgotten(request, now)?))).collect(),
            events: events.clone(),
            reply: Ok(()),
        };
        Ok(self.store().play_erasure(ErasureJob { subject, at: now, play: Box::new(play) }).await??)
    }

    /// A key that can't be destroyed now keeps nobody from opening the house, and so nothing from being ended.
    async fn try_to_finish(self: &Arc<Self>, subject: Subject) {
        if let Err(error) = self.finish_erasure(subject).await {
            tracing::error!(%error, %subject, "an erasure is not done yet; it is tried on");
            self.keep_erasing(subject);
        }
    }

    async fn copies(&self, requests: &[Request]) -> Result<Vec<Copied>, Error> {
        let mut copies = Vec::new();
        for request in requests {
            let found = self.store().messages_under(notices::keys_of(request)).await?;
            // Where nobody could be told, or a line stands beneath another message, there is none to be named.
            let found = found.into_iter().filter(|[_, _, message]| !message.is_empty());
            copies.extend(found.map(|[_, channel, message]| Copied { request: request.id, channel, message }));
        }
        Ok(copies)
    }
}
