//! Requests, asks, plans, roles.

use std::collections::BTreeSet;

use jit_types::{
    Digest, GrantId, MaterialKind, Params, PersonId, Principal, RequestId, RoleName, Span, Tail, Timestamp, Words,
};
use serde::{Deserialize, Serialize};

use super::extensions::{ExtensionStanding, ExtensionView};
use super::grants::GrantView;

/// `POST /v1/plan`: what a request would do. `POST /v1/requests` takes the same with a claim key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The role.
    pub role: RoleName,
    /// The parameters.
    #[serde(default)]
    pub params: Params,
    /// For how long; the role's default where it is missing.
    #[serde(default, rename = "for")]
    pub span: Option<Span>,
    /// Why.
    pub reason: String,
}

/// `POST /v1/requests`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// What is wished.
    pub wish: Wish,
    /// The Ed25519 public key that claims will be signed with, 64 hexadecimal digits in lower case.
    pub claim_key: String,
}

/// What a request would do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlanView {
    /// The role.
    pub role: RoleName,
    /// What it is for.
    pub about: Words,
    /// What it gives, a line an entitlement.
    pub gives: Vec<Words>,
    /// What else to know.
    pub warnings: Vec<Words>,
    /// With which parameters.
    pub params: Params,
    /// For how long.
    #[serde(rename = "for")]
    pub span: Span,
    /// Whether the rule approves by itself.
    pub by_rule: bool,
    /// How many people must approve.
    pub count: u32,
    /// Whom the rule names, in words.
    pub from: Words,
    /// Who that is now, besides the requester.
    pub people: BTreeSet<PersonId>,
    /// Within how long of filing somebody must decide.
    pub decide_by: Span,
    /// Within how long of the approval it must be used.
    pub start_by: Span,
    /// The latest moment at which the window may end.
    pub worst_end: Timestamp,
    /// What may go on after the end while broker and target run.
    pub swept: Tail,
    /// What may go on after the end while nobody sweeps.
    pub unswept: Tail,
    /// The open request that covers it already.
    pub covered_by: Option<RequestId>,
}

/// Where a request stands: the ask's state until it is approved, then the grant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Waits for a decision.
    Pending,
    /// Was denied.
    Denied,
    /// Was taken back.
    Cancelled,
    /// Nobody decided in time.
    Lapsed,
    /// Approved; nothing claimed yet.
    Ready,
    /// The window is open.
    Active,
    /// The window is over; the target is being cleared.
    Ending,
    /// Proven over.
    Ended,
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Standing {
    /// Whether nothing can become of it any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Denied | Self::Cancelled | Self::Lapsed | Self::Ended)
    }
}

/// A request, as far as the caller may see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestView {
    /// Its id.
    pub id: RequestId,
    /// Where it stands.
    pub standing: Standing,
    /// Who asks; missing once erased.
    pub requester: Option<PersonId>,
    /// Whether that is the caller.
    pub mine: bool,
    /// For which role.
    pub role: RoleName,
    /// With which parameters.
    pub params: Params,
    /// Why; missing once erased.
    pub reason: Option<String>,
    /// What it gives, a line an entitlement.
    pub gives: Vec<GivesView>,
    /// What else to know.
    pub warnings: Vec<Words>,
    /// What a decision must name.
    pub hash: Digest,
    /// For how long it asked at first; an extension says for itself how much more.
    #[serde(rename = "for")]
    pub span: Span,
    /// When it was filed.
    pub filed: Timestamp,
    /// Until when somebody must decide, or had to.
    pub decide_by: Timestamp,
    /// How many approvals it needs.
    pub need: u32,
    /// What was said of it; an extension has its own.
    pub reviews: Vec<ReviewView>,
    /// Who can decide now.
    pub deciders: BTreeSet<PersonId>,
    /// Whether the caller can.
    pub can_decide: bool,
    /// The latest moment at which the window may end.
    pub worst_end: Timestamp,
    /// What may go on after the end while broker and target run.
    pub swept: Tail,
    /// What may go on after the end while nobody sweeps.
    pub unswept: Tail,
    /// The grant, once there is one.
    pub grant: Option<GrantView>,
    /// Whether it has no claim key yet: it was asked for over chat, and the first claim sets one.
    #[serde(default)]
    pub keyless: bool,
    /// The extensions that were asked for, in their order.
    #[serde(default)]
    pub extensions: Vec<ExtensionView>,
    /// Changes when anything of the request does: for waiting.
    pub version: Digest,
    /// The broker's clock, so that a client can tell what is left without trusting its own.
    pub now: Timestamp,
}

impl RequestView {
    /// The extension that waits for a decision, if one does.
    pub fn extending(&self) -> Option<&ExtensionView> {
        self.extensions.iter().find(|extension| extension.standing == ExtensionStanding::Pending)
    }

    /// Whether an ask of it waits for a decision: the first, or an extension.
    pub fn waits(&self) -> bool {
        self.standing == Standing::Pending || self.extending().is_some()
    }
}

/// One thing that a request gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GivesView {
    /// The configured backend's name.
    pub backend: jit_types::BackendName,
    /// In plain words.
    pub words: Words,
    /// What a claim must bring.
    pub material: MaterialKind,
    /// What a claim gives.
    pub form: jit_types::FormKind,
}

/// One approver's decision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReviewView {
    /// Who; missing once erased.
    pub by: Option<PersonId>,
    /// Whether it was a yes.
    pub approved: bool,
    /// For at most this long.
    #[serde(rename = "for")]
    pub span: Option<Span>,
    /// The comment, or the denial's reason.
    pub comment: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Over which channel: `unix`, `token`, `slack`.
    #[serde(default)]
    pub channel: String,
    /// Whether a change of the role has voided it.
    pub void: bool,
}

/// `POST /v1/requests/{id}/decide`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// The content hash that was seen.
    pub hash: Digest,
    /// Whether it is a yes.
    pub approve: bool,
    /// For less than asked.
    #[serde(default, rename = "for")]
    pub span: Option<Span>,
    /// A comment; a denial's reason.
    #[serde(default)]
    pub comment: Option<String>,
}

/// `POST /v1/requests/{id}/revoke`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// Why.
    pub reason: String,
}

/// What came of a command: in words, and the request as it stands now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// In words.
    pub words: Words,
    /// The request.
    pub request: RequestView,
    /// Filing only: whether the same request was open already.
    #[serde(default)]
    pub attached: bool,
}

/// `GET /v1/requests`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestList {
    /// The requests, newest first.
    pub requests: Vec<RequestView>,
    /// How many asks wait for the caller, whatever was asked for.
    pub waiting_for_you: u32,
    /// Changes when anything of these requests does: for waiting, with `?seen` and `?wait`. Missing from a broker that
    /// can't be waited for.
    #[serde(default)]
    pub version: Option<Digest>,
}

/// A role that the caller may ask for. `GET /v1/roles`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RoleView {
    /// Its name.
    pub role: RoleName,
    /// What it is for.
    pub about: Words,
    /// The duration when none is asked for.
    pub default: Span,
    /// The longest duration.
    pub max: Span,
    /// Who approves, in words.
    pub approve: Words,
    /// What a reason must look like, in words.
    pub reason_help: Option<Words>,
    /// The pattern that a reason must match.
    pub reason_pattern: Option<String>,
    /// The parameters.
    pub params: Vec<ParamView>,
    /// Whether it is locked: nobody is given it.
    #[serde(default)]
    pub locked: bool,
}

/// A role's parameter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ParamView {
    /// Its name.
    pub name: jit_types::ParamName,
    /// What it is for.
    pub about: Words,
    /// What is allowed, in words.
    pub allowed: String,
    /// The choices, where it is a choice.
    pub choices: Vec<String>,
}

/// `GET /v1/whoami`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WhoAmI {
    /// The person.
    pub person: PersonId,
    /// Through which principal.
    pub principal: Principal,
    /// The roles that the principal is limited to.
    pub only_roles: Option<BTreeSet<RoleName>>,
    /// Whether the person is an administrator.
    pub administrator: bool,
    /// The person's groups.
    pub groups: Vec<jit_types::GroupName>,
    /// Since when the person is locked, where they are.
    #[serde(default)]
    pub locked: Option<Timestamp>,
}

/// `GET /v1/status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The installation.
    pub house: jit_types::HouseId,
    /// The broker's version.
    pub version: String,
    /// The verifier key of its checkpoints.
    pub verifier_key: String,
    /// The audit log's size.
    pub log_size: u64,
    /// The broker's clock.
    pub now: Timestamp,
    /// Since when it runs.
    pub since: Timestamp,
    /// The shape it runs in: embedded, host.
    pub shape: String,
    /// The backends, by name.
    pub backends: Vec<String>,
    /// The channels, by name.
    pub channels: Vec<String>,
    /// Credentials whose end is not proven yet, that the caller may see.
    pub not_gone: Vec<NotGone>,
    /// The locks that concern the caller.
    #[serde(default)]
    pub locks: Vec<super::locks::LockView>,
}

/// A credential whose end is not proven yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NotGone {
    /// The request.
    pub request: RequestId,
    /// The grant.
    pub grant: GrantId,
    /// The role.
    pub role: RoleName,
    /// The backend.
    pub backend: String,
    /// How often ending it has failed in a row.
    pub tries: u32,
}
