//! What an extension brings to a command that runs already: a later end, and where the credential is a new one, its files
//! in place of the old.

use std::path::PathBuf;
use std::time::Duration;

use jit_types::{ClaimId, Digest, Timestamp};

use super::exit::Error;
use super::form::FormError;
use super::{Ctx, take};
use crate::agent::held::{self, Held};
use crate::agent::protocol::{self, Answer, Verb};

/// How often the agent is asked. It claims ahead of the end, so that a moment more or less is none too late.
pub(super) const EVERY: Duration = Duration::from_secs(2);
/// How long the agent may take: it answers from memory, and signals for the child wait meanwhile.
const PATIENCE: Duration = Duration::from_secs(1);

/// Puts other credentials where the command finds them.
type Put<'a> = &'a (dyn Fn(&[&Held]) -> Result<(), FormError> + Sync);

/// Looks with the agent whether what a command uses was extended or replaced. It never has anything claimed: that would
/// unmake what the command uses.
pub(super) struct Renew<'a> {
    socket: PathBuf,
    of: String,
    context: Digest,
    known: Vec<(ClaimId, Timestamp)>,
    put: Put<'a>,
    over: bool,
}

impl<'a> Renew<'a> {
    /// Begins with what the command was given.
    ///
    /// # Errors
    /// When it is not known how the agent is reached.
    pub(super) fn new(ctx: &Ctx, held: &[Held], put: Put<'a>) -> Result<Self, Error> {
        let of = held.first().map(|held| held.grant.to_string()).unwrap_or_default();
        let (socket, context) = (ctx.places()?.agent_socket(), take::reach(ctx)?.context());
        Ok(Self { socket, of, context, known: known(held), put, over: false })
    }

    /// What the command is to know of now: nothing where all is as it was.
    pub(super) async fn look(&mut self) -> Option<Vec<Held>> {
        if self.over {
            return None;
        }
        let (socket, of, context) = (self.socket.clone(), self.of.clone(), self.context);
        let asked =
            tokio::task::spawn_blocking(move || protocol::ask(&socket, Verb::Held { of, context }, PATIENCE)).await;
        let bytes = match asked {
            Ok(Ok(Answer::Ok(bytes))) => bytes,
            // Nothing is held of it at this moment, or the agent does not know how to say it.
            Ok(Ok(Answer::Miss | Answer::No(_))) => return None,
            // An agent that has gone holds nothing; the next one would claim anew.
            Ok(Err(_)) | Err(_) => {
                self.over = true;
                return None;
            }
        };
        let now = held::read(&bytes).ok()?;
        let news = known(&now);
        if news == self.known {
            return None;
        }
        if claims(&news) != claims(&self.known) {
            let all: Vec<&Held> = now.iter().collect();
            // Where the disk is full the old files stay; it is tried again.
            if let Err(error) = (self.put)(&all) {
                tracing::warn!(%error, "a renewed credential can't be put in place");
                return None;
            }
        }
        self.known = news;
        Some(now)
    }
}

fn known(held: &[Held]) -> Vec<(ClaimId, Timestamp)> {
    held.iter().map(|held| (held.claim, held.end())).collect()
}

fn claims(known: &[(ClaimId, Timestamp)]) -> Vec<ClaimId> {
    known.iter().map(|(claim, _)| *claim).collect()
}
