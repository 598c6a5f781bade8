//! The lines of an export, as a verifier reads them: strictly, and without copying where it can.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jit_types::{Digest, HouseId, Timestamp};
use serde::Deserialize;

use crate::audit::export::{FORMAT, VERSION};
use crate::audit::opening::commit;

use super::leaf::Commitment;

/// The first line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    format: String,
    version: u64,
    pub(super) house: HouseId,
    pub(super) origin: String,
    pub(super) vkey: String,
    #[allow(dead_code, reason = "read so that its form is checked; nothing is proven by it")]
    exported: Timestamp,
    pub(super) entries: u64,
}

impl Header {
    pub(super) fn read(line: &str) -> Option<Self> {
        let header: Self = serde_json::from_str(line).ok()?;
        Some(header).filter(|h| h.format == FORMAT && h.version == VERSION)
    }
}

/// Every other line: an entry or a checkpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'a> {
    n: Option<u64>,
    #[serde(borrow, default)]
    leaf: Cow<'a, str>,
    #[serde(borrow, default)]
    openings: Vec<Shown<'a>>,
    #[serde(borrow, default)]
    nodes: Vec<Option<&'a str>>,
    #[serde(borrow, default)]
    checkpoint: Cow<'a, str>,
}

/// What an entry shows of one opening.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown<'a> {
    pub(super) id: &'a str,
    salt: Option<&'a str>,
    field: Option<&'a str>,
    #[serde(borrow, default)]
    value: Cow<'a, str>,
    nonce: Option<&'a str>,
    ciphertext: Option<&'a str>,
    erased: Option<bool>,
}

/// How an opening stands to its commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Opened, and it is what was committed to.
    Holds,
    /// Sealed: it is there, but can't be compared.
    Sealed,
    /// Said to be erased.
    Erased,
    /// Opened, and it is something else; or neither opened, sealed nor erased.
    Wrong,
}

impl Shown<'_> {
    pub(super) fn state(&self, committed: &Commitment<'_>) -> State {
        match (self.salt, self.field, self.nonce, self.ciphertext, self.erased) {
            (Some(salt), Some(field), None, None, None) => {
                let holds = digest(salt).is_some_and(|salt| {
                    commit(&salt.0, self.id, field, &self.value).to_string() == committed.commitment
                });
                if holds { State::Holds } else { State::Wrong }
            }
            (None, None, Some(nonce), Some(ciphertext), None) if self.value.is_empty() => {
                let decoded = STANDARD.decode(nonce).is_ok_and(|n| n.len() == 12)
                    && STANDARD.decode(ciphertext).is_ok_and(|c| c.len() >= 16);
                if decoded { State::Sealed } else { State::Wrong }
            }
            (None, None, None, None, Some(true)) if self.value.is_empty() => State::Erased,
            _ => State::Wrong,
        }
    }
}

/// 64 hexadecimal digits, in lower case as they are written.
pub(super) fn digest(text: &str) -> Option<Digest> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(Digest(bytes)).filter(|_| !text.bytes().any(|b| b.is_ascii_uppercase()))
}

/// A line after the first.
pub(super) enum Line<'a> {
    Entry { n: u64, leaf: Cow<'a, str>, openings: Vec<Shown<'a>>, nodes: Vec<Option<Digest>> },
    Checkpoint(Cow<'a, str>),
}

impl<'a> Line<'a> {
    pub(super) fn read(line: &'a str) -> Option<Self> {
        let raw: Raw<'a> = serde_json::from_str(line).ok()?;
        match raw.n {
            Some(n) if !raw.leaf.is_empty() && raw.checkpoint.is_empty() => {
                let mut nodes = Vec::with_capacity(raw.nodes.len());
                for node in raw.nodes {
                    nodes.push(match node {
                        Some(text) => Some(digest(text)?),
                        None => None,
                    });
                }
                Some(Self::Entry { n, leaf: raw.leaf, openings: raw.openings, nodes })
            }
            None if raw.leaf.is_empty()
                && raw.openings.is_empty()
                && raw.nodes.is_empty()
                && !raw.checkpoint.is_empty() =>
            {
                Some(Self::Checkpoint(raw.checkpoint))
            }
            _ => None,
        }
    }
}
