//! The store's port: what the house remembers, and the one way to change it.
//!
//! The heart is one call, [`Store::play`]: load an aggregate, run a pure function on it, save state, sealed events, effects
//! and keys, or nothing. Under load many such steps share one commit. Everything that must not be lost is in there before
//! anybody hears of it; what reads do is in [`Records`].

pub mod persons;
pub mod sqlite;

use std::collections::BTreeSet;
use std::sync::Arc;

use jit_life::{EffectKind, Facts, Refused, Reply, Request, Step};
use jit_types::{
    AskId, BackendName, ClaimId, Commitment, Digest, Event, GrantId, RequestId, RoleName, Subject, Timestamp, TokenId,
};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::BoxFuture;
use crate::audit::SealedOpening;

pub use self::persons::{ErasureJob, ErasureStep, LockJob, PINS, Persons, Pins, PlayErasure, PlayLocks};

/// Plays one pure step; it may be run again after a conflict.
pub type Play = Box<dyn FnMut(Option<&Request>, &Facts) -> Step + Send>;

/// One step to be played.
pub struct Job {
    /// On which request.
    pub request: RequestId,
    /// When: the age of the answer that is kept.
    pub at: Timestamp,
    /// The key whose open request, and the person whose open requests, are facts of the step.
    pub facts: Option<(Subject, Digest)>,
    /// The pure function.
    pub play: Play,
    /// The effect that the step brings the outcome of: done, unless it was replaced since, and refused when its fence is
    /// no longer the newest.
    pub done: Option<Leased>,
    /// Sealed texts that the step's command commits to: durable before the step is.
    pub openings: Vec<SealedOpening>,
    /// The idempotency key under which the reply is kept.
    pub answer: Option<AnswerKey>,
    /// What is kept, with this step, besides a reply that was given before: under that reply's key.
    pub keep: Option<(Digest, String)>,
    /// Until when effects that the step makes due at once are leased to the caller, where their lanes are free.
    pub follow: Option<Timestamp>,
}

/// What came of a step.
#[derive(Clone, Debug)]
pub struct Played {
    /// The reply.
    pub reply: Result<Reply, Refused>,
    /// The request as it stands now.
    pub request: Option<Arc<Request>>,
    /// The effects that the step made due at once, leased to the caller who asked for it.
    pub follow: Vec<Leased>,
    /// Whether the reply is one given before, under the same idempotency key; with what was kept besides.
    pub replayed: Option<Option<String>>,
}

/// An idempotency key, bound to principal, route and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerKey {
    /// Over principal, route and the client's key.
    pub key: Digest,
    /// Over the body: the same key with another body is refused.
    pub body: Digest,
}

/// A leased effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The request that it is about; `None` for what belongs to a backend.
    pub request: Option<RequestId>,
    /// What is to be done.
    pub kind: EffectKind,
    /// Its lane.
    pub lane: Option<String>,
    /// When it was due.
    pub due: Timestamp,
    /// Another with each lease, also of one that was done and put anew: no two leases ever have the same.
    pub fence: i64,
    /// Changes when the effect is replaced.
    pub version: i64,
}

/// A change that is no step of a request. Each comes with its events, in the same transaction.
#[derive(Clone, Debug)]
pub enum Write {
    /// A new bearer token.
    PutToken(Token),
    /// The end of a bearer token.
    RevokeToken {
        /// Which.
        id: TokenId,
        /// When.
        at: Timestamp,
    },
    /// The end of all bearer tokens: which of them had been revoked is not known any more.
    RevokeAllTokens {
        /// When.
        at: Timestamp,
    },
    /// Where an adapter's message is.
    PutMessage {
        /// The notice's key.
        notice: String,
        /// The channel.
        channel: String,
        /// The adapter's reference.
        message: String,
    },
    /// The notes of what was told of a request that is over are let go: those that lead to no message, and stand so that
    /// nothing is told twice. As long as something is still to be told of it, nothing is done.
    Told {
        /// Of which request.
        request: RequestId,
        /// How the keys of its notices begin.
        notices: Vec<String>,
    },
    /// What is kept besides a reply under an idempotency key.
    KeepAnswer {
        /// The key.
        key: Digest,
        /// What is kept.
        extra: String,
    },
    /// A signed checkpoint.
    Checkpoint {
        /// The log's size.
        size: u64,
        /// The signed note.
        note: String,
    },
    /// A value of the house: its config's digest, its verifier key.
    Meta {
        /// The name.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// The account that somebody was seen with first, in a medium where people are known by their address.
    Pin {
        /// Whose.
        subject: Subject,
        /// The medium, as in a principal.
        medium: String,
        /// The commitment to it, which can be opened with the subject's key only: it dies with the key.
        account: Commitment,
    },
    /// An effect that belongs to a backend is done.
    Done(Leased),
    /// An effect is to be tried again later.
    Again {
        /// Which.
        leased: Leased,
        /// When.
        due: Timestamp,
    },
    /// A person's key is destroyed, and who asked for that was told where messages about them are.
    Erased {
        /// Whose.
        subject: Subject,
        /// How the keys of the notices of their requests begin.
        notices: Vec<String>,
    },
    /// A backend's documents are to be published.
    Publish {
        /// Of which backend.
        backend: BackendName,
        /// When.
        due: Timestamp,
    },
    /// A claim is to be looked at again, whatever was planned before: the store has gone back in time.
    LookNow {
        /// Whose.
        request: RequestId,
        /// Which.
        claim: ClaimId,
        /// In which lane.
        lane: String,
        /// When.
        due: Timestamp,
    },
}

/// A bearer token as it is stored: never the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// SHA-256 of the token; it has 256 random bits, so a slow hash would add nothing.
    pub hash: Digest,
    /// The person who owns it.
    pub subject: Subject,
    /// What it is for, as its owner named it.
    pub label: String,
    /// The roles that it is limited to.
    pub roles: Option<BTreeSet<RoleName>>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// The store, as far as it is changed.
pub trait Store: Records + Persons {
    /// Plays one step.
    fn play(&self, job: Job) -> BoxFuture<'_, Result<Played, StoreError>>;

    /// Writes what is no step, with its events and sealed texts.
    fn write(
        &self,
        writes: Vec<Write>,
        events: Vec<Event>,
        openings: Vec<SealedOpening>,
    ) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Leases effects that are due at `now`, at most `most`, one a lane, until `until`.
    fn lease(&self, now: Timestamp, until: Timestamp, most: usize) -> BoxFuture<'_, Result<Vec<Leased>, StoreError>>;

    /// The next moment at which an effect can be leased: it is due and its lane is free, or the lease that holds it has run
    /// out.
    fn next_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>>;

    /// A number that grows with each commit: for those who wait for a change.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// What is read.
pub trait Records: Send + Sync {
    /// One request.
    fn request(&self, id: RequestId) -> BoxFuture<'_, Result<Option<Request>, StoreError>>;

    /// Has at hand what will be asked for in a moment: many requests at once cost less than each by itself.
    fn warm(&self, ids: Vec<RequestId>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The requests that match, newest first.
    fn requests(&self, query: Query) -> BoxFuture<'_, Result<Vec<Request>, StoreError>>;

    /// The requests with claims that ended before their planted end, which is still ahead of `now`.
    fn ended_early(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Request>, StoreError>>;

    /// Tokens: by their hash, or all of a person's.
    fn tokens(&self, by: TokenQuery) -> BoxFuture<'_, Result<Vec<Token>, StoreError>>;

    /// Where an adapter's messages of a notice are: channel and reference.
    fn messages(&self, notice: String) -> BoxFuture<'_, Result<Vec<(String, String)>, StoreError>>;

    /// The log and its tree.
    fn log(&self) -> &dyn Log;
}

/// The audit log, read.
pub trait Log: Send + Sync {
    /// The entries that match, in order.
    fn entries(&self, query: LogQuery) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>>;

    /// The stored nodes of these places; what is missing is not in the answer.
    fn nodes(&self, from: (u8, u64), most: usize) -> BoxFuture<'_, Result<Vec<crate::audit::Node>, StoreError>>;

    /// All signed checkpoints above a size, in order.
    fn checkpoints(&self, above: u64) -> BoxFuture<'_, Result<Vec<(u64, String)>, StoreError>>;

    /// Size and root of the log as committed.
    fn head(&self) -> (u64, Digest);

    /// A value of the house.
    fn meta(&self, name: &'static str) -> BoxFuture<'_, Result<Option<String>, StoreError>>;
}

/// Which requests.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Of this person.
    pub subject: Option<Subject>,
    /// Only those that wait for a decision.
    pub waiting: bool,
    /// Only those with a live grant or a waiting ask.
    pub open: bool,
    /// Only those that are open, or of which something is still to be unmade though the grant has ended: what came late, or
    /// came back.
    pub unended: bool,
    /// Whose request's or grant's id begins so.
    pub prefix: Option<String>,
    /// Of this grant.
    pub grant: Option<GrantId>,
    /// With this ask.
    pub ask: Option<AskId>,
    /// Older than this one: for paging.
    pub before: Option<RequestId>,
    /// At most so many; 0 is 100.
    pub most: u32,
}

/// Which tokens.
#[derive(Clone, Copy, Debug)]
pub enum TokenQuery {
    /// The one with this hash.
    Hash(Digest),
    /// All of a person's.
    Of(Subject),
    /// The one with this id.
    Id(TokenId),
}

/// Which entries of the log.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// From this index on.
    pub from: u64,
    /// At most so many; 0 is 1000.
    pub most: u32,
    /// About this request.
    pub request: Option<RequestId>,
    /// About or by this person.
    pub subject: Option<Subject>,
    /// About this role.
    pub role: Option<RoleName>,
    /// Not older than this.
    pub since: Option<Timestamp>,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its index, from 0.
    pub n: u64,
    /// The exact bytes of the leaf.
    pub leaf: String,
}

/// Why the store did not do it. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store can't be used now.
    #[error("the store can't be used: {0}")]
    Unavailable(String),
    /// What is in it can't be read.
    #[error("the store holds what this version can't read: {0}")]
    Damaged(String),
    /// The effect was leased again since.
    #[error("the effect was taken over by another lease")]
    Fenced,
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used before with another body")]
    KeyReused,
    /// The person's texts are being erased.
    #[error("this person's texts are being erased")]
    Erasing,
    /// An event could not be sealed.
    #[error("an event could not be recorded: {0}")]
    Unsealed(String),
}
