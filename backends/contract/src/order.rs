//! What is ordered, what comes back, and what can be looked at afterwards.

use jit_types::{
    ClaimId, Digest, Form, GrantId, Handle, HouseId, PersonId, Proof, Scope, Timestamp, Usable, Window, Words,
};
use serde::{Deserialize, Serialize};

/// The order to issue one entitlement of one grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The installation; part of every name made in the target.
    pub house: HouseId,
    /// The grant.
    pub grant: GrantId,
    /// The claim; unique to this credential.
    pub claim: ClaimId,
    /// Which of the role's entitlements, counted from 0.
    pub entitlement: u16,
    /// Who it is for.
    pub person: PersonId,
    /// When it may be used; the target plants the end where it can.
    pub window: Window,
    /// Until when the target may still carry out this order, by its own clock. After it, an order that has not been
    /// carried out never is.
    pub deadline: Timestamp,
    /// The resolved scope.
    pub scope: Scope,
    /// What the material was, where the material itself may not be kept.
    pub material: Digest,
}

/// What can be revoked and probed: the order, and the handle if one came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The order.
    pub order: Order,
    /// The handle; `None` after a crash between intent and answer.
    pub handle: Option<Handle>,
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// What to remember.
    pub handle: Handle,
    /// What the client gets.
    pub form: Form,
    /// How it is known that it works.
    pub usable: Usable,
}

/// What came of a revocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Whether there was nothing left to unmake.
    pub already_gone: bool,
    /// What was done and found, a sentence each.
    pub evidence: Vec<Words>,
}

/// What a look at the target shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It can be used.
    Usable {
        /// What was looked at, a sentence each.
        evidence: Vec<Words>,
    },
    /// It opens nothing by itself any more.
    Gone(Proof),
    /// It could not be told.
    Unknown {
        /// Why not.
        why: Words,
    },
}

/// Bytes that the house must publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where to: an absolute path, which the backend's config named. Written to a file beside it and renamed over it.
    pub path: std::path::PathBuf,
    /// The file's mode: 0o644 for what other users' programs read.
    pub mode: u32,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What `doctor` shows of one backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings, worst first or as they came.
    pub findings: Vec<Finding>,
    /// Names of what bears this house's mark in the target.
    pub marked: Vec<Words>,
}

/// How a finding is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// As it should be.
    Good,
    /// Works, but somebody should know.
    Notice,
    /// Does not work, or is not safe.
    Bad,
}

/// One finding of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How it is meant.
    pub kind: FindingKind,
    /// What was found.
    pub what: Words,
    /// The way out, where there is one: a statement, a line of config.
    pub remedy: Option<Words>,
}
