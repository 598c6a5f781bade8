//! What a backend can promise for one scope: data that policy, plan and tests read.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::form::FormKind;
use crate::material::MaterialKind;
use crate::proof::{Grade, Words};
use crate::time::Span;

/// What one entitlement gives, and what can be promised of its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// What it gives, in plain words, for the approver: "read in database shop as reader".
    pub gives: Words,
    /// What an approver should know besides: "PUBLIC may connect elsewhere".
    #[serde(default)]
    pub warnings: Vec<Words>,
    /// Whether the target itself holds the end.
    pub plants_end: bool,
    /// The shortest life that the target allows.
    pub shortest: Span,
    /// The longest life that the target allows, where it has one.
    pub longest: Option<Span>,
    /// What may go on after the end while broker and target run.
    pub swept: Tail,
    /// What may go on after the end while nobody sweeps.
    pub unswept: Tail,
    /// What the client sends with a claim.
    pub material: MaterialKind,
    /// What the client gets.
    pub form: FormKind,
    /// How an extension is made.
    pub extends: Extends,
    /// What may not be touched by two effects at once.
    pub lane: Lane,
    /// The shared object in the target that several grants stand on, where there is one.
    pub holding: Option<String>,
    /// The best proof of an end that can be had.
    pub proof: Grade,
    /// Whether ending a lease early needs a document of the house to be published.
    pub publishes: bool,
}

/// How long something may go on after the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tail {
    /// At most this long.
    AtMost(Span),
    /// There is no bound, because of this.
    NoBound(Words),
}

impl Tail {
    /// The longer of two tails: no bound beats every bound.
    #[must_use]
    pub fn or_longer(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::NoBound(_), _) => self,
            (_, Self::NoBound(_)) => other,
            (Self::AtMost(a), Self::AtMost(b)) => {
                if a >= b {
                    self
                } else {
                    other
                }
            }
        }
    }
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(span) if span.secs() == 0 => f.write_str("nothing outlives it"),
            Self::AtMost(span) => write!(f, "at most {span} longer"),
            Self::NoBound(why) => write!(f, "no bound, because {why}"),
        }
    }
}

/// How an extension reaches the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extends {
    /// The planted end is moved; open sessions live on.
    InPlace,
    /// The client claims again and gets a new credential.
    NewClaim,
}

/// What may not be touched by two effects at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Each claim has objects of its own: ends run side by side.
    PerClaim,
    /// All claims with this key share something that is read, changed and written.
    Shared(String),
}
