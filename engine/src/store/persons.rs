//! What concerns a person or a role as a whole, and so no single request: locks and erasures.

use std::collections::BTreeMap;
use std::sync::Arc;

use jit_life::lock::LockStep;
use jit_life::{LockTarget, Locks, Refused, Request, Step};
use jit_types::{Commitment, Event, RequestId, Subject, Timestamp};

use super::{AnswerKey, Played, StoreError};
use crate::BoxFuture;
use crate::audit::SealedOpening;

/// The value of the house in which the accounts stand that people were seen with first, as [`Pins`].
pub const PINS: &str = "identity pins";
/// By subject, so that an erasure takes all of theirs with one stroke, and by medium.
pub type Pins = BTreeMap<Subject, BTreeMap<String, Commitment>>;

/// Plays one pure step of the locks; it may be run again after a conflict.
pub type PlayLocks = Box<dyn FnMut(&Locks) -> LockStep + Send>;

/// A step of the locks to be played.
pub struct LockJob {
    /// Who or what is meant. A person whose texts are being erased can't be locked or let in: nobody would know of it when
    /// they come back as somebody new.
    pub target: LockTarget,
    /// When: the age of the answer that is kept.
    pub at: Timestamp,
    /// The pure function.
    pub play: PlayLocks,
    /// Sealed texts that the command commits to: durable before the step is.
    pub openings: Vec<SealedOpening>,
    /// The idempotency key under which the reply is kept.
    pub answer: Option<AnswerKey>,
}

/// Plays the erasure of one person over all their requests; it may be run again after a conflict.
pub type PlayErasure = Box<dyn FnMut(&[Arc<Request>], &Locks) -> ErasureStep + Send>;

/// What the erasure of a person does to the store.
pub struct ErasureStep {
    /// The steps of the person's requests.
    pub steps: Vec<(RequestId, Step)>,
    /// What is told besides, or of the refusal.
    pub events: Vec<Event>,
    /// Whether it is done: where it is refused, no step counts.
    pub reply: Result<(), Refused>,
}

/// An erasure to be played: all that the record says of it, in one transaction. From then on nothing is filed under this
/// subject; what must still be done outside is kept until [`Write::Erased`](super::Write::Erased).
pub struct ErasureJob {
    /// Whose texts.
    pub subject: Subject,
    /// When.
    pub at: Timestamp,
    /// The pure function.
    pub play: PlayErasure,
}

/// Locks and erasures.
pub trait Persons: Send + Sync {
    /// The locks in force, as they were committed last.
    fn locks(&self) -> Locks;

    /// Plays one step of the locks. What it answers has no request.
    fn play_locks(&self, job: LockJob) -> BoxFuture<'_, Result<Played, StoreError>>;

    /// Plays the erasure of one person.
    fn play_erasure(&self, job: ErasureJob) -> BoxFuture<'_, Result<Result<(), Refused>, StoreError>>;

    /// The erasures that are in the record, with whether their keys are known to be destroyed.
    fn erasures(&self) -> BoxFuture<'_, Result<Vec<(Subject, bool)>, StoreError>>;

    /// The messages of all notices whose keys begin so: notice, channel, reference.
    fn messages_under(&self, prefixes: Vec<String>) -> BoxFuture<'_, Result<Vec<[String; 3]>, StoreError>>;

    /// Cuts off what the store keeps of overwritten pages.
    fn scrub(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}
