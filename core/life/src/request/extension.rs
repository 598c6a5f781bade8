//! Extensions: what an ask would extend, and what has become of moving a claim's end.

use jit_types::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Ask, AskStatus, Claim, ClaimStatus, Grant, GrantStatus, Request};

/// What an ask would extend. The ask's own span is how much longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// How long the grant is, all earlier extensions included.
    pub span: Span,
    /// The latest moment at which the grant could end without it.
    pub end: Timestamp,
}

/// What has become of moving the end of a claim that extends in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The end that the target is known to have held before.
    pub from: Timestamp,
    /// How far it is.
    pub status: MoveStatus,
    /// How many tries were not answered with success.
    pub tries: u32,
}

/// How far moving an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveStatus {
    /// The order is durable; the target has not said yes yet.
    Moving,
    /// The target holds the new end.
    Moved,
    /// It can't be moved: the old end stands.
    Failed,
}

impl Ask {
    /// How long the grant would be in all: for a first ask what it asks for, for an extension what was granted and that.
    pub fn total(&self) -> Span {
        self.extends.map_or(self.span, |extends| extends.span.plus(self.span))
    }

    /// The latest moment at which what it asks for could end.
    pub fn worst_end(&self) -> Timestamp {
        match self.extends {
            Some(extends) => extends.end.after(self.span),
            None => self.decide_by.after(self.start_by).after(self.span),
        }
    }
}

impl Request {
    /// How much an approved ask has given: less than it asked for, where an approver said so.
    pub fn given(&self, ask: &Ask) -> Option<Span> {
        let grant = self.grant.as_ref().filter(|_| ask.status == AskStatus::Approved)?;
        let later = self.asks.iter().skip_while(|other| other.id != ask.id).skip(1);
        // The next extension, whatever became of it, says what was granted before it.
        let total = later.filter_map(|other| other.extends).next().map_or(grant.span, |extends| extends.span);
        let before = ask.extends.map_or(Span::ZERO, |extends| extends.span);
        Some(Span::from_secs(total.secs().saturating_sub(before.secs())))
    }
}

impl Grant {
    /// The latest moment at which it can end as it stands. A window in which nothing has become usable may be given back
    /// and opened again, as long as it may still be opened.
    pub fn latest_end(&self, now: Timestamp) -> Timestamp {
        let was_usable = |claim: &Claim| match claim.status {
            ClaimStatus::Usable { .. } | ClaimStatus::Gone { .. } => true,
            ClaimStatus::Ending { was_usable } => was_usable,
            ClaimStatus::Issuing | ClaimStatus::Failed { .. } => false,
        };
        match self.window {
            Some(window) if now >= self.start_by || self.claims.iter().any(was_usable) => window.end,
            _ => self.start_by.after(self.span),
        }
    }

    /// Until when an extension can be decided: the end as it stands, also of a window that may be given back.
    pub fn extendable_until(&self) -> Timestamp {
        self.window.map_or(self.start_by.after(self.span), |window| window.end)
    }

    /// Whether it can still be used, and so be extended: neither over nor past its time, whatever its timers have done.
    pub fn alive(&self, now: Timestamp) -> bool {
        match self.status {
            GrantStatus::Ready => now < self.start_by,
            GrantStatus::Active => self.window.is_some_and(|window| now < window.end),
            GrantStatus::Ending { .. } | GrantStatus::Ended { .. } => false,
        }
    }
}

impl Claim {
    /// When it is ended by itself. While its end is being moved, that is not known before the target has answered; the
    /// new end is the latest that it can be.
    pub fn ends(&self) -> Timestamp {
        match self.moved {
            Some(moved) if moved.status == MoveStatus::Failed => moved.from,
            _ => self.end,
        }
    }

    /// Whether its end is being moved.
    pub fn moving(&self) -> bool {
        self.moved.is_some_and(|moved| moved.status == MoveStatus::Moving)
    }

    /// Whether an order to move its end may be on its way until its deadline, though it was answered: a broker that died may
    /// have left one, and the answer be to the try of another.
    pub fn unsettled(&self) -> bool {
        self.moved.is_some()
    }
}
