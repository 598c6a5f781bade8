//! What is known of an end, and how: [`Proof`] in one of three [`Grade`]s.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::time::Timestamp;

/// How many characters the longest words have.
const LONGEST: usize = 600;

/// One line of plain words that our own code wrote, never a foreign error's text.
///
/// Control characters and line breaks become blanks and the length is at most 600 characters, so that words can be put
/// into a terminal, a message or the log as they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Words(String);

impl Words {
    /// Takes a sentence and makes one safe line of it.
    pub fn new(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        // As a rule it is one already.
        if text.len() <= LONGEST && text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Self(text.to_owned());
        }
        Self(text.chars().take(LONGEST).map(|c| if is_unsafe(c) { ' ' } else { c }).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, and the marks that reorder or hide text: those of Unicode UAX #9, zero-width ones, and the tags,
/// fillers and annotations that are drawn as nothing (`Default_Ignorable_Code_Point` of UAX #44).
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}')
        || matches!(c, '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self::new)
    }
}

/// How it is known that a credential opens nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "grade")]
pub enum Grade {
    /// The target was looked at: catalog state, an access review on the object itself, a deny in place.
    Observed,
    /// The target's own clock ends it.
    ByConstruction,
    /// It could not be proven.
    None {
        /// Why not.
        because: Words,
    },
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Observed => f.write_str("observed"),
            Self::ByConstruction => f.write_str("by construction"),
            Self::None { because } => write!(f, "none, because {because}"),
        }
    }
}

/// The proof of an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// How it is known.
    #[serde(flatten)]
    pub grade: Grade,
    /// When the target was looked at, by the broker's clock.
    pub at: Timestamp,
    /// What was looked at and what was found, a sentence each.
    pub evidence: Vec<Words>,
    /// What may still run although the credential opens nothing any more; empty when nothing may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tail: Vec<Words>,
}
