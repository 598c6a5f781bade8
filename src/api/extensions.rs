//! Extensions: more time for a grant, asked for and decided like the first.

use std::collections::BTreeSet;

use jit_types::{AskId, Digest, GrantId, PersonId, RequestId, RoleName, Span, Tail, Timestamp, Words};
use serde::{Deserialize, Serialize};

use super::requests::ReviewView;

/// `POST /v1/requests/{id}/extend`, and `POST /v1/requests/{id}/extend/plan`: what that would do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extend {
    /// How much longer.
    #[serde(rename = "for")]
    pub span: Span,
    /// Why.
    pub reason: String,
}

/// What an extension would do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExtensionPlanView {
    /// Of which request.
    pub request: RequestId,
    /// Of which grant.
    pub grant: Option<GrantId>,
    /// Of which role.
    pub role: RoleName,
    /// How much longer.
    #[serde(rename = "for")]
    pub span: Span,
    /// How long it would be in all.
    pub total: Span,
    /// The role's most, extensions included.
    pub max: Span,
    /// The latest moment at which it can end as it stands.
    pub old_end: Timestamp,
    /// The latest moment at which it could end then.
    pub new_end: Timestamp,
    /// Until when somebody must decide.
    pub decide_by: Timestamp,
    /// Whether the rule approves by itself.
    pub by_rule: bool,
    /// How many people must approve.
    pub count: u32,
    /// Whom the rule names, in words.
    pub from: Words,
    /// Who that is now, besides the requester.
    pub people: BTreeSet<PersonId>,
    /// What may go on after the end while broker and target run.
    pub swept: Tail,
    /// What may go on after the end while nobody sweeps.
    pub unswept: Tail,
    /// The broker's clock.
    pub now: Timestamp,
}

/// Where an extension stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionStanding {
    /// Waits for a decision; the old end holds.
    Pending,
    /// Was approved.
    Approved,
    /// Was denied.
    Denied,
    /// Was taken back, or there is nothing left to extend.
    Cancelled,
    /// Nobody decided in time.
    Lapsed,
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

/// One extension of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExtensionView {
    /// The ask.
    pub ask: AskId,
    /// Where it stands.
    pub standing: ExtensionStanding,
    /// How much longer is asked for.
    #[serde(rename = "for")]
    pub span: Span,
    /// How much was given, where it was approved: at most what was asked for.
    pub given: Option<Span>,
    /// How long the grant was without it.
    pub granted: Span,
    /// The latest moment at which the grant could end without it.
    pub old_end: Timestamp,
    /// The latest moment at which it could end with it.
    pub new_end: Timestamp,
    /// Why; missing once erased.
    pub reason: Option<String>,
    /// When it was asked for.
    pub filed: Timestamp,
    /// Until when somebody must decide.
    pub decide_by: Timestamp,
    /// How many approvals it needs.
    pub need: u32,
    /// What a decision must name.
    pub hash: Digest,
    /// What was said of it.
    pub reviews: Vec<ReviewView>,
    /// Why it was cancelled, in words, where that is known.
    pub why: Option<Words>,
}
