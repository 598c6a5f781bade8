//! Commands in: each takes a caller, asks the rules, plays one step, and answers.

pub mod claim;
mod decide;
mod desk;
mod end;
pub mod erase;
mod extend;
mod file;
pub mod lock;
mod pins;
mod plan;
pub mod record;
pub mod refusals;
mod reload;
pub mod seen;
pub mod texts;
mod tokens;

pub use claim::{ClaimOrder, Claimed, claim_message};
pub use decide::Decided;
pub use desk::{HouseDesk, Identify};
pub use extend::{Extended, ExtensionPlan};
pub use file::Filed;
pub use plan::{Asked, Plan};
pub use reload::NewConfig;
pub use tokens::NewToken;

use std::sync::Arc;

use jit_life::{Command, Facts, Request, Step, transition};
use jit_types::{Digest, RequestId, Subject, Timestamp};

use crate::audit::SealedOpening;
use crate::error::Error;
use crate::house::House;
use crate::service::refusals::Refusals;
use crate::store::{AnswerKey, Job, Leased, Played};

/// What comes with a command besides itself.
#[derive(Default)]
pub(crate) struct With {
    pub(crate) facts: Option<(Subject, Digest)>,
    pub(crate) done: Option<Leased>,
    pub(crate) openings: Vec<SealedOpening>,
    pub(crate) answer: Option<AnswerKey>,
    /// What is kept with the step besides an earlier reply.
    pub(crate) keep: Option<(Digest, String)>,
    /// Until when what the step makes due at once is leased to the caller.
    pub(crate) follow: Option<Timestamp>,
}

impl House {
    /// Plays one command on one request.
    pub(crate) async fn play(&self, request: RequestId, command: Command, with: With) -> Result<Played, Error> {
        let now = self.now();
        let job = Job {
            request,
            at: now,
            facts: with.facts,
            play: player(command, now, Arc::clone(&self.refusals), self.channels().is_empty()),
            done: with.done,
            openings: with.openings,
            answer: with.answer,
            keep: with.keep,
            follow: with.follow,
        };
        let played = self.store().play(job).await?;
        self.wake.notify_one();
        Ok(played)
    }
}

/// Brings work to its end though whoever asked for it goes away meanwhile.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.map_err(|_| Error::Unavailable("a task of the broker has failed".to_owned()))?
}

fn player(command: Command, now: Timestamp, refusals: Arc<Refusals>, deaf: bool) -> crate::store::Play {
    Box::new(move |state: Option<&Request>, facts: &Facts| -> Step {
        let mut step = transition(state, facts, &command, now);
        if deaf {
            // There is no channel at all: nothing that only tells is worth its row.
            step.effects.retain(|effect| !effect.kind.tells());
        }
        if step.reply.is_ok() {
            return step;
        }
        Step { events: refusals.thin_out(step.events, now), ..step }
    })
}
