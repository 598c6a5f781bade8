//! What goes into a step and what comes out of it.

use jit_types::{
    AskId, BackendName, ClaimId, Commitment, Digest, Event, Free, GrantId, Handle, Proof, RequestId, Span, Subject,
    Timestamp, Usable, Words,
};
use serde::{Deserialize, Serialize};

use crate::lock::{LockTarget, Locks};
use crate::policy::{MayAdminister, MayDecide, MayErase, MayExtend, MayRequest, MayUse};
use crate::refused::Refused;
use crate::request::Request;

/// What lies in other aggregates, read in the same transaction.
///
/// There is no default: locks that nobody has read would read as "nothing is locked".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The open request with the same key, if there is one.
    pub same: Option<RequestId>,
    /// How many requests of the same person are open.
    pub open_of_person: u32,
    /// What is locked.
    pub locks: Locks,
}

impl Facts {
    /// The facts of a step that files nothing.
    pub fn new(locks: Locks) -> Self {
        Self { same: None, open_of_person: 0, locks }
    }
}

/// What is asked of a request.
#[derive(Clone, Debug)]
pub enum Command {
    /// To be filed.
    File(Box<File>),
    /// To be decided.
    Decide(Box<Decide>),
    /// To be taken back by its requester.
    Cancel {
        /// Who.
        by: Subject,
    },
    /// To last longer.
    Extend(Box<Extend>),
    /// To hand out one entitlement's credential.
    Claim(Box<Take>),
    /// To be given back by its holder.
    Release {
        /// Who.
        by: Subject,
    },
    /// To be taken by an administrator.
    Revoke {
        /// By which right.
        right: MayAdminister,
        /// Why; sealed apart.
        reason: Commitment,
    },
    /// To note that the client has used a credential.
    Report {
        /// Who.
        by: Subject,
        /// Which claim.
        claim: ClaimId,
    },
    /// To be brought in line with rules that have changed while it waits.
    Revise {
        /// What the requester may ask for now; a refusal where that is nothing.
        right: Result<Box<MayRequest>, Refused>,
    },
    /// The answer of a backend to an order.
    Issued {
        /// Which claim.
        claim: ClaimId,
        /// The handle and how it is known to work; or what went wrong, in public words.
        outcome: Result<(Handle, Usable), Words>,
    },
    /// The answer of a backend to an order with a new end.
    Extended {
        /// Which claim.
        claim: ClaimId,
        /// The end that the order named.
        end: Timestamp,
        /// The handle; or why the end is not known to have moved.
        outcome: Result<Handle, NotMoved>,
        /// A number below a thousand that spreads retries.
        jitter: u16,
    },
    /// The answer of a backend to a revocation and a look.
    Ended {
        /// Which claim.
        claim: ClaimId,
        /// The proof; or why there is none yet.
        outcome: Result<Proof, NotGone>,
        /// A number below a thousand that spreads retries.
        jitter: u16,
    },
    /// The answer of a later look at what had ended early.
    Looked {
        /// Which claim.
        claim: ClaimId,
        /// The proof; or why there is none.
        outcome: Result<Proof, NotGone>,
        /// A number below a thousand that spreads retries.
        jitter: u16,
    },
    /// To be ended because the store has gone back in time: what it takes for live may not be so.
    Reconcile,
    /// To be ended, and what waits of it cancelled, because its person or its role is locked. Where neither is, nothing.
    EndLocked,
    /// To note that its person's texts are about to become unreadable for ever.
    Erase {
        /// By which right.
        right: MayErase,
    },
    /// A timer is due.
    Due(Timer),
    /// The window is over, as with [`Timer::End`]; and claims whose planted ends have passed were looked at before.
    Expired {
        /// What was seen to be gone, with the proof. A look changes nothing in the target, so it needs no intent.
        gone: Vec<(ClaimId, Proof)>,
    },
}

/// Why an end is not known to have been moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotMoved {
    /// What is so, in public words.
    pub words: Words,
    /// Whether asking again, unchanged, can't succeed.
    pub for_good: bool,
}

/// Why a credential is not known to be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotGone {
    /// What is so, in public words.
    pub words: Words,
    /// Whether it is expected and soon over (a document not yet published), rather than a failure to tell people of. What goes
    /// on for minutes is told all the same.
    pub expected: bool,
    /// Whether the target was seen to still let it in.
    pub usable: bool,
}

/// The timers of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// An ask's time to be decided is over.
    Lapse(AskId),
    /// A grant's time to open its window is over.
    StartBy,
    /// The window is over.
    End,
    /// An order's deadline has passed.
    Settle(ClaimId),
    /// The end of a claim whose grant lasts longer.
    ClaimEnd(ClaimId),
}

/// To file a request.
#[derive(Clone, Debug)]
pub struct File {
    /// Its id.
    pub id: RequestId,
    /// Its first ask's id.
    pub ask: AskId,
    /// Its grant's id, should there be one.
    pub grant: GrantId,
    /// By which right.
    pub right: MayRequest,
    /// The claim key, 32 bytes in hexadecimal digits; none where it comes over a channel that has no keys.
    pub claim_key: Option<String>,
    /// The reason, sealed apart.
    pub reason: Commitment,
}

/// To last longer.
#[derive(Clone, Debug)]
pub struct Extend {
    /// The new ask's id.
    pub ask: AskId,
    /// By which right.
    pub right: MayExtend,
    /// The reason, sealed apart.
    pub reason: Commitment,
}

/// To decide an ask.
#[derive(Clone, Debug)]
pub struct Decide {
    /// Which ask.
    pub ask: AskId,
    /// The content hash that the approver saw.
    pub hash: Digest,
    /// The grant's id, should there be one.
    pub grant: GrantId,
    /// By which right.
    pub right: MayDecide,
    /// Yes, for at most this long, where the approver named less; or no.
    pub verdict: Verdict,
    /// A comment, or a denial's reason; sealed apart.
    pub comment: Option<Commitment>,
    /// Over which channel.
    pub channel: String,
    /// What that channel can show for it: an envelope's id, a signature base.
    pub evidence: Option<Free>,
}

/// What an approver says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Approve {
        /// For less than asked.
        span: Option<Span>,
    },
    /// No.
    Deny,
}

/// To take one entitlement's credential. The signature with the claim key was checked before.
#[derive(Clone, Debug)]
pub struct Take {
    /// The new claim's id.
    pub claim: ClaimId,
    /// Which entitlement.
    pub entitlement: u16,
    /// By which right.
    pub right: MayUse,
    /// The claim key that signed.
    pub claim_key: String,
    /// A digest of the material.
    pub material: Digest,
    /// How long the target may take to carry out the order.
    pub patience: Span,
}

/// What a step does.
#[derive(Clone, Debug)]
pub struct Step {
    /// The state afterwards; `None` when it is unchanged.
    pub state: Option<Request>,
    /// What is told to the audit log.
    pub events: Vec<Event>,
    /// What is to be done, and when. An effect with the same key replaces the one that waits.
    pub effects: Vec<Effect>,
    /// Effects that need no longer be done.
    pub drop: Vec<EffectKind>,
    /// The answer.
    pub reply: Result<Reply, Refused>,
}

/// What is to be done. It names things and never carries text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What.
    pub kind: EffectKind,
    /// Not before.
    pub due: Timestamp,
    /// One at a time in this lane; none where it does not matter.
    pub lane: Option<String>,
    /// Written as already leased until then: the lane is taken by the claim's own task.
    pub leased_until: Option<Timestamp>,
}

/// The kinds of effects; together with the request's id this is an effect's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// Announce an ask to those who can decide.
    Announce(AskId),
    /// Bring an ask's announcements up to date.
    Update(AskId),
    /// Tell the requester.
    Tell(News),
    /// Tell those who are alerted.
    Alert(ClaimId),
    /// Timer.
    Lapse(AskId),
    /// Timer.
    StartBy,
    /// Timer.
    End,
    /// Timer.
    Settle(ClaimId),
    /// Timer.
    ClaimEnd(ClaimId),
    /// Give a claim's order again, with its new end and without its material.
    Extend(ClaimId),
    /// Revoke a claim and look.
    Revoke(ClaimId),
    /// Look again at what ended before its planted end.
    Look(ClaimId),
    /// Publish a backend's documents.
    Publish(BackendName),
    /// End what a locked person or role holds. It belongs to nobody's request.
    Lock(LockTarget),
}

impl EffectKind {
    /// Whether it only tells people something.
    pub fn tells(&self) -> bool {
        matches!(self, Self::Announce(_) | Self::Update(_) | Self::Tell(_) | Self::Alert(_))
    }
}

/// What a requester is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// An ask was decided.
    Decided,
    /// A credential was claimed.
    Claimed,
    /// The grant has ended.
    Ended,
    /// An extension was decided.
    Extension(AskId),
    /// A credential's end has not been moved, although the extension was approved: it ends when it would have.
    NotExtended(ClaimId),
}

/// What the caller hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Filed as this request; a grant stands there already where the rule approved.
    Filed(RequestId),
    /// More time was asked for, as this ask; it is given already where the rule approved.
    Asked(AskId),
    /// The same request is open already.
    Attached(RequestId),
    /// Decided, or noted while more approvals are needed.
    Decided(Words),
    /// Taken back.
    Cancelled,
    /// The intent is durable; now issue.
    Claimed(ClaimId),
    /// Ending, or ended.
    Ending(Words),
    /// Nothing to do: it was so already.
    Already(Words),
    /// Noted.
    Noted,
}
