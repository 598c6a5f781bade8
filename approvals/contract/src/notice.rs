//! What is announced, free of any channel.

use jit_types::{AskId, Digest, Free, GrantId, Params, PersonId, RequestId, RoleName, Span, Tail, Timestamp, Words};
use serde::{Deserialize, Serialize};

use crate::Addressee;

/// The key of a notice: the same key is the same message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NoticeKey(pub String);

/// Where a message is, as the adapter remembers it: opaque to the house, no secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef(pub String);

/// What is announced.
#[derive(Clone, Debug)]
pub enum Notice {
    /// An ask to be decided, and what becomes of it.
    Ask(Box<AskNotice>),
    /// News for a requester.
    News(News),
    /// Something that somebody must look at.
    Alert(Alert),
    /// A line beneath an earlier message.
    Note(Note),
}

impl Notice {
    /// The notice's key.
    pub fn key(&self) -> &NoticeKey {
        match self {
            Self::Ask(ask) => &ask.key,
            Self::News(news) => &news.key,
            Self::Alert(alert) => &alert.key,
            Self::Note(note) => &note.key,
        }
    }
}

/// An ask, with the least that a decision needs.
#[derive(Clone, Debug)]
pub struct AskNotice {
    /// The key.
    pub key: NoticeKey,
    /// Which ask.
    pub ask: AskId,
    /// Of which request.
    pub request: RequestId,
    /// What a decision must name.
    pub hash: Digest,
    /// Those who can decide, and nobody else.
    pub to: Vec<Addressee>,
    /// Who asks.
    pub requester: PersonId,
    /// For which role.
    pub role: RoleName,
    /// What it gives, a line an entitlement.
    pub gives: Vec<Words>,
    /// What else to know before saying yes.
    pub warnings: Vec<Words>,
    /// With which parameters.
    pub params: Params,
    /// For how long; for an extension, how much longer.
    pub span: Span,
    /// For an extension, how long it would be in all; nothing for a first ask.
    pub total: Option<Span>,
    /// The latest moment at which the window may end.
    pub worst_end: Timestamp,
    /// What may go on after the end while broker and target run.
    pub swept: Tail,
    /// What may go on after the end while nobody sweeps.
    pub unswept: Tail,
    /// Whether its requester has never had an active grant of this role before, as far as the record says.
    pub first: bool,
    /// Why; gone once the ask is decided, or where the channel is kept from it.
    pub reason: Option<Free>,
    /// Until when somebody must decide.
    pub decide_by: Timestamp,
    /// Where it stands.
    pub standing: Standing,
}

impl AskNotice {
    /// What is said where its requester has never had this role: no more than that.
    pub const FIRST: &'static str = "no earlier grant of this role on record";

    /// For how long, in words: whoever decides an extension must see that it is one, and how long it would be in all.
    pub fn length(&self) -> String {
        match self.total {
            Some(total) => format!("{} more, {total} in all", self.span),
            None => self.span.to_string(),
        }
    }

    /// What is asked for, in words that stand above everything else.
    pub fn title(&self) -> &'static str {
        if self.total.is_some() { "Somebody asks for more time" } else { "Somebody asks for access" }
    }
}

/// Where an ask stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Waits: so many approvals of so many.
    Pending {
        /// Approvals so far.
        have: u32,
        /// Approvals needed.
        need: u32,
    },
    /// Decided or over: the message is reduced to this.
    Closed {
        /// What became of it: "approved for 30m".
        outcome: Words,
        /// By whom.
        by: Vec<PersonId>,
    },
}

/// News for a requester.
#[derive(Clone, Debug)]
pub struct News {
    /// The key.
    pub key: NoticeKey,
    /// Who is told.
    pub to: Addressee,
    /// About which request.
    pub request: RequestId,
    /// About which grant.
    pub grant: Option<GrantId>,
    /// Whether that grant is open now, so that it can be given back from here.
    pub open: bool,
    /// About which role.
    pub role: RoleName,
    /// What is new.
    pub words: Words,
}

/// What became of an ask, for those who read its message: who decided, that it is in use, that it has ended.
#[derive(Clone, Debug)]
pub struct Note {
    /// The key.
    pub key: NoticeKey,
    /// Beneath which message.
    pub under: MessageRef,
    /// About which request.
    pub request: RequestId,
    /// What is so.
    pub words: Words,
}

/// Something that somebody must look at.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The key.
    pub key: NoticeKey,
    /// About which request.
    pub request: Option<RequestId>,
    /// What is so.
    pub words: Words,
}
