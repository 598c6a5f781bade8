//! What somebody wants over a channel, besides deciding.

use jit_types::{GrantId, Params, RequestId, RoleName, Span, Tail, Timestamp, Words};

use crate::Identity;

/// A command that somebody gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Who.
    pub by: Identity,
    /// The same key is the same command, however often the medium delivers it.
    pub key: String,
    /// What.
    pub what: Act,
}

/// The commands that a channel can hand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// To give a grant back.
    Release(GrantId),
    /// To take a request back.
    Cancel(RequestId),
    /// To ask for more time.
    Extend {
        /// Of which grant.
        grant: GrantId,
        /// How much more.
        span: Span,
        /// Why, as typed.
        reason: String,
    },
    /// To end what a person or a role holds, and to refuse new. Administrators only.
    Lock {
        /// The person's or the role's name, as typed.
        whom: String,
        /// Why, as typed.
        reason: String,
    },
    /// To let a person or a role in again. Administrators only.
    Unlock {
        /// The person's or the role's name, as typed.
        whom: String,
        /// Why, as typed.
        reason: String,
    },
}

/// What somebody asks for over a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Who.
    pub by: Identity,
    /// The same key is the same request, however often the medium delivers it.
    pub key: String,
    /// Which role.
    pub role: RoleName,
    /// With which parameters, as typed: the role says of which type each is.
    pub params: Params,
    /// For how long; the role's default where it is not said.
    pub span: Option<Span>,
    /// Why, as typed.
    pub reason: String,
}

/// What a wish would do, for its requester to see before it is filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
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
    pub span: Span,
    /// Who is asked, or that the rule approves.
    pub asked: Words,
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
    /// The open request that covers it already: nothing new would be filed.
    pub covered_by: Option<RequestId>,
}
