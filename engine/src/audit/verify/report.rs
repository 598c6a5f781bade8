//! What a verification takes besides the file, and what it gives.

use std::fmt;

use jit_types::{Digest, HouseId};

use crate::audit::note::VerifierKey;

/// What is known of the log from elsewhere. Without it a verification shows only that the file agrees with itself: whoever
/// holds the signing key could have written all of it anew.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    /// The log's key, as it was told when the house was made.
    pub key: Option<VerifierKey>,
    /// Signed checkpoints that were kept elsewhere.
    pub checkpoints: Vec<String>,
}

/// What kind of fault a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The first line is not an export's header.
    Header,
    /// The file names another key than the one that is pinned.
    Key,
    /// A pinned checkpoint is not one of this log's.
    Pin,
    /// A line is not what the format allows.
    Line,
    /// Entries are missing, doubled or out of order.
    Order,
    /// Entries are not those that were signed.
    Changed,
    /// A checkpoint in the file is not the house's.
    Checkpoint,
    /// The log is not a continuation of the one that a pinned checkpoint speaks of.
    Fork,
    /// The log ends too early.
    Truncated,
    /// Entries stand after the last signed checkpoint.
    Unsigned,
    /// A text is not the one that was committed to.
    Opening,
    /// A text is missing, and no event says that it was erased.
    Missing,
}

impl FaultKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Key => "key",
            Self::Pin => "pin",
            Self::Line => "line",
            Self::Order => "order",
            Self::Changed => "changed",
            Self::Checkpoint => "checkpoint",
            Self::Fork => "fork",
            Self::Truncated => "truncated",
            Self::Unsigned => "unsigned",
            Self::Opening => "opening",
            Self::Missing => "missing",
        }
    }
}

/// Why the file does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind it is.
    pub kind: FaultKind,
    /// The first bad entry, or the first and last of those among which it is; `None` where no entry is to blame.
    pub entries: Option<(u64, u64)>,
    /// A sentence for people.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entries {
            Some((first, last)) if first == last => write!(f, "entry {first}: {}", self.what),
            Some((first, last)) => write!(f, "entries {first} to {last}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The house, as the file says.
    pub house: Option<HouseId>,
    /// The key that checkpoints were verified with.
    pub key: Option<String>,
    /// Whether that key was pinned, or only told by the file itself.
    pub key_pinned: bool,
    /// How many entries were read.
    pub entries: u64,
    /// How many of them the last good checkpoint covers.
    pub size: u64,
    /// The root that it signs.
    pub root: Option<Digest>,
    /// How many good checkpoints the file holds.
    pub checkpoints: u64,
    /// How many pinned checkpoints the log was found to continue.
    pub pins: u64,
    /// How many texts were opened and are what was committed to.
    pub opened: u64,
    /// How many texts are sealed, so that only their being there was seen.
    pub sealed: u64,
    /// How many texts are gone, with an event that says so.
    pub erased: u64,
    /// How many stored nodes are not what the entries give, although a signed root confirms the entries: the house should
    /// compute them anew.
    pub strange_nodes: u64,
    /// The first fault, if there is one.
    pub fault: Option<Fault>,
}

impl Report {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.fault.is_none()
    }

    /// The first bad entry, or the first of those among which it is.
    pub fn first_bad(&self) -> Option<u64> {
        self.fault.as_ref().and_then(|fault| fault.entries).map(|(first, _)| first)
    }
}
