//! The aggregate: a request with its asks, their reviews, the grant and its claims.

use jit_types::digest::Hasher;
use jit_types::{
    AskId, ClaimId, Commitment, Digest, GrantId, Handle, Lane, MaterialKind, Params, Proof, RequestId, RoleName, Scope,
    Span, Subject, Tail, Timestamp, Usable, Window, Words,
};
use serde::{Deserialize, Serialize};

use crate::policy::Resolved;

mod extension;
mod hash;

pub use extension::{Extension, MoveStatus, Moved};

/// What is left of the words for what was given, once the parameters in them are erased.
const FORGOTTEN: &str = "what it gave is erased";

/// A person asking, through a principal, for one role with parameters, duration and reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// Who asks.
    pub subject: Subject,
    /// For which role.
    pub role: RoleName,
    /// The role as it stood when the newest ask was filed or revised.
    pub revision: Digest,
    /// With which parameters.
    pub params: Params,
    /// Whether one of them is free text: then whatever is said of the target may repeat it, and is personal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub typed: bool,
    /// What it gives, resolved.
    pub gives: Vec<Resolved>,
    /// The Ed25519 public key that claims are signed with, 32 bytes in hexadecimal digits. A request that was filed over a
    /// channel that has no keys has none until its first claim, which sets it, once and for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_key: Option<String>,
    /// The reason, sealed apart.
    pub reason: Commitment,
    /// When it was filed.
    pub filed: Timestamp,
    /// The asks: the first, and one more for each extension.
    pub asks: Vec<Ask>,
    /// The grant, once an ask was approved.
    pub grant: Option<Grant>,
    /// When the openings of its person's texts were erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Timestamp>,
}

/// One ask of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Its id.
    pub id: AskId,
    /// What a review must name.
    pub hash: Digest,
    /// How long is asked for.
    pub span: Span,
    /// Within how long of the approval the window must open.
    pub start_by: Span,
    /// When it was filed.
    pub filed: Timestamp,
    /// When it lapses.
    pub decide_by: Timestamp,
    /// How many approvals it needs; 0 where the rule approves.
    pub need: u32,
    /// What has become of it.
    pub status: AskStatus,
    /// What was said of it.
    pub reviews: Vec<Review>,
    /// What it would extend; nothing where it is a request's first ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<Extension>,
    /// An extension's own reason, sealed apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Commitment>,
    /// Why it was cancelled, where it was and where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<CancelWhy>,
}

/// What has become of an ask. All but pending are terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskStatus {
    /// Waits for a decision.
    Pending,
    /// Was approved.
    Approved,
    /// Was denied.
    Denied,
    /// Was taken back.
    Cancelled,
    /// Nobody decided in time.
    Lapsed,
}

/// Why an ask was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelWhy {
    /// Its requester took it back.
    Taken,
    /// The rules have changed so that it can't be asked for.
    Rules,
    /// An administrator has locked the person or the role.
    Locked,
    /// The grant that it would have extended is over.
    Over,
}

/// One approver's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who.
    pub subject: Subject,
    /// What.
    pub verdict: ReviewVerdict,
    /// A comment, or a denial's reason; sealed apart.
    pub comment: Option<Commitment>,
    /// When.
    pub at: Timestamp,
    /// Over which channel.
    pub channel: String,
    /// Whether a change of role, scope or target has voided it since.
    pub void: bool,
}

/// What a review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewVerdict {
    /// Yes, for at most this long.
    Approve {
        /// How long.
        span: Span,
    },
    /// No.
    Deny,
}

/// What an approved request becomes: the right to open one window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// When it was approved.
    pub approved: Timestamp,
    /// How long the window is.
    pub span: Span,
    /// Until when the window must open.
    pub start_by: Timestamp,
    /// The window, once it has opened.
    pub window: Option<Window>,
    /// Where it stands.
    pub status: GrantStatus,
    /// The claims, in the order in which they were made.
    pub claims: Vec<Claim>,
}

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum GrantStatus {
    /// Nothing was claimed yet.
    Ready,
    /// The window is open.
    Active,
    /// The window is over; the target is being cleared.
    Ending {
        /// Why.
        why: EndWhy,
        /// Since when.
        since: Timestamp,
    },
    /// The credential opens nothing by itself any more.
    Ended {
        /// Why.
        why: EndWhy,
        /// Since when.
        at: Timestamp,
    },
}

/// Why a grant ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndWhy {
    /// Its time was over.
    Expired,
    /// Its holder gave it back.
    Released,
    /// An administrator took it.
    Revoked,
    /// It was not used in time.
    Lapsed,
    /// An administrator has locked its holder or its role.
    Locked,
}

impl EndWhy {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Released => "released",
            Self::Revoked => "revoked",
            Self::Lapsed => "lapsed",
            Self::Locked => "locked",
        }
    }
}

/// One take of one entitlement's credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// Which entitlement.
    pub entitlement: u16,
    /// When it was claimed.
    pub at: Timestamp,
    /// Until when the target may carry out the order.
    pub deadline: Timestamp,
    /// The end that was ordered; only an approved extension moves it.
    pub end: Timestamp,
    /// A digest of the material.
    pub material: Digest,
    /// What the backend remembers.
    pub handle: Option<Handle>,
    /// Where it stands.
    pub status: ClaimStatus,
    /// How often ending it has failed in a row.
    pub failures: u32,
    /// What has become of moving its end, where an extension has asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
}

/// Where a claim stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum ClaimStatus {
    /// The intent is durable; the backend has not answered.
    Issuing,
    /// It can be used.
    Usable {
        /// How that is known.
        #[serde(flatten)]
        known: Usable,
    },
    /// It is being unmade.
    Ending {
        /// Whether it had become usable.
        was_usable: bool,
    },
    /// It opens nothing by itself any more.
    Gone {
        /// How that is known.
        proof: Proof,
    },
    /// It never became usable, and nothing of it is left.
    Failed {
        /// How that is known.
        proof: Proof,
    },
}

impl Claim {
    /// Whether something of it may still be in the target.
    pub fn live(&self) -> bool {
        !matches!(self.status, ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. })
    }

    /// Whether it can be used, or soon may be.
    pub fn held(&self) -> bool {
        matches!(self.status, ClaimStatus::Issuing | ClaimStatus::Usable { .. })
    }
}

impl Request {
    /// The ask that waits for a decision, if one does.
    pub fn pending(&self) -> Option<&Ask> {
        self.asks.iter().find(|ask| ask.status == AskStatus::Pending)
    }

    /// The reason of an ask: an extension has its own.
    pub fn reason_of(&self, ask: &Ask) -> Commitment {
        ask.reason.unwrap_or(self.reason)
    }

    /// The newest ask; every request has one.
    pub fn newest(&self) -> Option<&Ask> {
        self.asks.last()
    }

    /// Whether it can still come to something: an ask waits or a grant lives.
    pub fn open(&self) -> bool {
        self.pending().is_some()
            || self.grant.as_ref().is_some_and(|grant| !matches!(grant.status, GrantStatus::Ended { .. }))
    }

    /// The key that is taken while the request is open, so that the same request filed twice at once is one request.
    pub fn key(subject: Subject, role: &RoleName, params: &Params) -> Digest {
        let mut hasher = Hasher::new("jit request key v1").with("subject", subject.bytes()).with("role", role.as_str());
        for (name, value) in params {
            hasher = hasher.with(name.as_str(), value.to_string());
        }
        hasher.finish()
    }

    /// This request's own key.
    pub fn own_key(&self) -> Digest {
        Self::key(self.subject, &self.role, &self.params)
    }

    /// The claims of the grant, in the order in which they were made.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.grant.iter().flat_map(|grant| &grant.claims)
    }

    /// A claim of the grant.
    pub fn claim(&self, id: ClaimId) -> Option<&Claim> {
        self.grant.as_ref()?.claims.iter().find(|claim| claim.id == id)
    }

    /// Forgets its parameters and all that repeats them. Only when it is over, and nothing can come back in the target.
    pub(crate) fn forget_params(&mut self) {
        if self.params.is_empty() {
            return;
        }
        self.params.clear();
        for gives in &mut self.gives {
            gives.scope = Scope(serde_json::Value::Null);
            let capability = &mut gives.capability;
            capability.gives = Words::new(FORGOTTEN);
            (capability.warnings, capability.holding, capability.lane) = (Vec::new(), None, Lane::PerClaim);
        }
        for claim in self.grant.iter_mut().flat_map(|grant| &mut grant.claims) {
            // Handle and evidence are the target's words for it. What is refused by a list stays on it by its handle, should the
            // clock go back; nobody's text is in that.
            let listed = self.gives.get(usize::from(claim.entitlement)).is_some_and(|gives| gives.capability.publishes);
            claim.handle = claim.handle.take().filter(|_| listed);
            if let ClaimStatus::Gone { proof } | ClaimStatus::Failed { proof } = &mut claim.status {
                (proof.evidence, proof.tail) = (Vec::new(), Vec::new());
            }
        }
    }

    /// The entitlement that a claim stands for.
    pub fn entitlement(&self, claim: &Claim) -> Option<&Resolved> {
        self.gives.get(usize::from(claim.entitlement))
    }

    /// What may go on after the end while broker and target run: the longest tail of all entitlements.
    pub fn swept(&self) -> Tail {
        longest(self.gives.iter().map(|g| g.capability.swept.clone()))
    }

    /// What may go on after the end while nobody sweeps.
    pub fn unswept(&self) -> Tail {
        longest(self.gives.iter().map(|g| g.capability.unswept.clone()))
    }
}

/// The longest of several tails.
pub fn longest(tails: impl Iterator<Item = Tail>) -> Tail {
    tails.fold(Tail::AtMost(Span::ZERO), Tail::or_longer)
}

/// The lane that effects on a claim run in.
pub fn lane(gives: &Resolved, claim: ClaimId) -> String {
    match &gives.capability.lane {
        Lane::PerClaim => format!("claim:{claim}"),
        Lane::Shared(key) => format!("shared:{}:{key}", gives.backend),
    }
}

/// Whether a claim of this entitlement must bring material, and which.
pub fn wants(gives: &Resolved) -> MaterialKind {
    gives.capability.material
}

/// What an approver sees of one ask, in plain words, one line an entitlement.
pub fn plain_words(gives: &[Resolved]) -> Vec<Words> {
    gives.iter().map(|g| g.capability.gives.clone()).collect()
}
