//! The audit log and `doctor`.

use std::collections::BTreeMap;

use jit_backend::{Finding, FindingKind};
use jit_types::{Digest, Timestamp, Words};
use serde::{Deserialize, Serialize};

/// One entry of the log as a reader sees it: `GET /v1/audit/entries`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EntryView {
    /// Its index, from 0.
    pub n: u64,
    /// The leaf, as JSON.
    pub leaf: serde_json::Value,
    /// The personal texts behind the leaf's commitments, by field; what was erased is missing.
    pub opened: BTreeMap<String, serde_json::Value>,
    /// Who did it, where the reader may know.
    pub actor: Option<String>,
    /// Whom it is about, where the reader may know.
    pub subject: Option<String>,
}

/// `GET /v1/audit/entries`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EntryList {
    /// The entries, in order.
    pub entries: Vec<EntryView>,
    /// The index to ask for next.
    pub next: u64,
}

/// `GET /v1/audit/checkpoint?old=SIZE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckpointView {
    /// The signed note.
    pub note: String,
    /// The key that it is signed with.
    pub verifier_key: String,
    /// The consistency proof from the old size (RFC 6962 §2.1.2).
    pub consistency: Vec<Digest>,
}

/// `GET /v1/doctor`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The parts that were looked at.
    pub parts: Vec<PartView>,
    /// The broker's clock.
    pub now: Timestamp,
}

/// One part of a diagnosis.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartView {
    /// What was looked at: `backend shop`, `state`.
    pub part: String,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What bears this house's mark in the target, and no live lease accounts for.
    pub survivors: Vec<Words>,
}

impl Diagnosis {
    /// The worst finding.
    pub fn worst(&self) -> FindingKind {
        self.parts.iter().flat_map(|part| &part.findings).map(|f| f.kind).max().unwrap_or(FindingKind::Good)
    }
}
