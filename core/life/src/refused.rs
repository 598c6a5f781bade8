//! A refusal: what was refused, in words, with the way out. It leaves every state unchanged and is recorded.

use jit_types::Words;
use serde::{Deserialize, Serialize};

/// What kind of refusal it is; HTTP status and exit code are mapped from it in one file each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedKind {
    /// There is no such thing, or it is not the caller's to see: both sound the same.
    NotFound,
    /// A field is not as it must be.
    Invalid,
    /// A rule or a person says no.
    Denied,
    /// It was decided, ended or changed before.
    Conflict,
    /// Its time has passed.
    Lapsed,
    /// It is not decided yet.
    Pending,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What kind.
    pub kind: RefusedKind,
    /// The field or the rule that it is about: `for`, `reason`, `approve`.
    pub about: String,
    /// What is so, as a sentence.
    pub message: Words,
    /// The way out, as a sentence.
    pub hint: Option<Words>,
}

impl Refused {
    /// A refusal about a field or a rule.
    pub fn new(kind: RefusedKind, about: &str, message: impl AsRef<str>) -> Self {
        Self { kind, about: about.to_owned(), message: Words::new(message), hint: None }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(Words::new(hint));
        self
    }

    /// What an outsider hears, whether the thing exists or not.
    pub fn not_found(noun: &str) -> Self {
        Self::new(RefusedKind::NotFound, noun, format!("no such {noun}"))
            .hint(format!("`jit list` shows what you can see; a {noun}'s id can be shortened as long as it is unique"))
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.message.fmt(f)
    }
}

impl std::error::Error for Refused {}
