//! What rows look like, written from aggregates and effects.

use jit_life::{ClaimStatus, EffectKind, Request};
use jit_types::{BackendName, GrantId, RequestId, Timestamp};

use super::super::StoreError;

/// About as long as a state is, in bytes.
const STATE: usize = 4096;

/// A row of `requests`.
pub(super) struct RequestRow {
    pub(super) id: String,
    pub(super) grant_id: Option<String>,
    pub(super) subject: String,
    pub(super) open_key: Option<String>,
    pub(super) waiting: bool,
    pub(super) state: String,
}

/// What stands beside a state, as far as it can change: indexes hold it, and are left alone where it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) grant: Option<GrantId>,
    pub(super) open: bool,
    pub(super) waiting: bool,
}

impl Columns {
    pub(super) fn of(request: &Request) -> Self {
        let grant = request.grant.as_ref().map(|grant| grant.id);
        Self { grant, open: request.open(), waiting: request.pending().is_some() }
    }
}

/// A row of `ended_early`.
pub(super) struct EarlyRow {
    pub(super) claim: String,
    pub(super) request: String,
    pub(super) backend: String,
    pub(super) planted: i64,
}

/// An effect in the making.
#[derive(Clone)]
pub(super) struct EffectRow {
    pub(super) key: String,
    pub(super) request: Option<String>,
    pub(super) kind: String,
    pub(super) due: i64,
    pub(super) lane: Option<String>,
    pub(super) version: i64,
}

impl RequestRow {
    pub(super) fn new(request: &Request) -> Result<Self, StoreError> {
        let mut state = Vec::with_capacity(STATE);
        let unwritten = |_| StoreError::Damaged("a request that can't be written".to_owned());
        serde_json::to_writer(&mut state, request).map_err(unwritten)?;
        let state = String::from_utf8(state).map_err(|_| StoreError::Damaged("a request's text".to_owned()))?;
        Ok(Self {
            id: request.id.to_string(),
            grant_id: request.grant.as_ref().map(|grant| grant.id.to_string()),
            subject: request.subject.to_string(),
            open_key: request.open().then(|| request.own_key().to_string()),
            waiting: request.pending().is_some(),
            state,
        })
    }
}

/// The claims of a request that ended before their planted end.
pub(super) fn ended_early(request: &Request, now: Timestamp) -> Vec<EarlyRow> {
    let claims = request.grant.iter().flat_map(|grant| &grant.claims);
    claims
        .filter(|claim| {
            claim.end > now
                && matches!(
                    claim.status,
                    ClaimStatus::Ending { .. } | ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. }
                )
        })
        .filter_map(|claim| {
            Some(EarlyRow {
                claim: claim.id.to_string(),
                request: request.id.to_string(),
                backend: request.entitlement(claim)?.backend.to_string(),
                planted: claim.end.millis(),
            })
        })
        .collect()
}

/// An effect's key: unique among all that wait.
pub(super) fn key(request: Option<RequestId>, kind: &EffectKind) -> String {
    match (kind, request) {
        // One document for many leases: whoever asks for it, it is published once.
        (EffectKind::Publish(backend), _) => publish_key(backend),
        // Nobody's request: the same lock is carried out once.
        (kind @ EffectKind::Lock(_), _) => kind_text(kind),
        (kind, Some(request)) => format!("{request}/{}", kind_text(kind)),
        (kind, None) => kind_text(kind),
    }
}

pub(super) fn publish_key(backend: &BackendName) -> String {
    format!("publish/{backend}")
}

/// An effect's kind as it is stored.
pub(super) fn kind_text(kind: &EffectKind) -> String {
    // A kind is plain data and always JSON.
    serde_json::to_string(kind).unwrap_or_default()
}

/// Reads a state back.
pub(super) fn request(state: &str) -> Result<Request, StoreError> {
    serde_json::from_str(state).map_err(|e| StoreError::Damaged(format!("a request, at column {}", e.column())))
}
