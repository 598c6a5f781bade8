//! The lines of an export, as a verifier reads them: strictly, and without copying where it can.

use std::borrow::Cow;
use std::ops::Deref;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jit_types::{Digest, HouseId, Timestamp};
use serde::{Deserialize, Deserializer};

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
    /// Read so that its form is checked; nothing is proven by it.
    #[serde(rename = "exported")]
    _exported: Timestamp,
    pub(super) entries: u64,
}

impl Header {
    pub(super) fn read(line: &str) -> Option<Self> {
        let header: Self = serde_json::from_str(line).ok()?;
        Some(header).filter(|h| h.format == FORMAT && h.version == VERSION)
    }
}

/// A text, however its JSON is written. Borrowed where no escape stands in it, as `jit` writes ids and digests.
#[derive(PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Reads what may be left out, but is no `null` where it stands.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A line that is an entry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<'a> {
    n: u64,
    #[serde(borrow)]
    leaf: Text<'a>,
    #[serde(borrow, default)]
    openings: Vec<Shown<'a>>,
    #[serde(default)]
    nodes: Vec<Option<Stored>>,
}

/// A line that is a checkpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed<'a> {
    #[serde(borrow)]
    checkpoint: Text<'a>,
}

/// What an entry shows of one opening.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "present")]
    salt: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    field: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    value: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    nonce: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    ciphertext: Option<Text<'a>>,
    #[serde(default, deserialize_with = "present")]
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
        let texts = (&self.salt, &self.field, &self.value, &self.nonce, &self.ciphertext);
        match (texts, self.erased) {
            ((Some(salt), Some(field), Some(value), None, None), None) => {
                let holds = digest(salt)
                    .is_some_and(|salt| commit(&salt.0, &self.id, field, value).to_string() == *committed.commitment);
                if holds { State::Holds } else { State::Wrong }
            }
            ((None, None, None, Some(nonce), Some(ciphertext)), None) => {
                let decoded = STANDARD.decode(nonce.as_bytes()).is_ok_and(|n| n.len() == 12)
                    && STANDARD.decode(ciphertext.as_bytes()).is_ok_and(|c| c.len() >= 16);
                if decoded { State::Sealed } else { State::Wrong }
            }
            ((None, None, None, None, None), Some(true)) => State::Erased,
            _ => State::Wrong,
        }
    }
}

/// What each byte means as a hexadecimal digit in lower case; 0xff where it is none.
const DIGITS: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut digit = 0;
    while digit < 16 {
        #[allow(clippy::indexing_slicing, reason = "computed by the compiler, which would refuse it")]
        {
            table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        }
        digit += 1;
    }
    table
};

/// Reads 64 hexadecimal digits, in lower case as they are written. Two for each entry: a table is several times as fast
/// as a comparison for each digit.
pub(super) fn digest(text: &str) -> Option<Digest> {
    let text = <&[u8; 64]>::try_from(text.as_bytes()).ok()?;
    let value = |byte: u8| DIGITS.get(usize::from(byte)).copied().unwrap_or(0xff);
    let (mut bytes, mut wrong) = ([0; 32], 0);
    for (to, [high, low]) in bytes.iter_mut().zip(text.as_chunks::<2>().0) {
        let (high, low) = (value(*high), value(*low));
        wrong |= high | low;
        *to = high << 4 | low;
    }
    (wrong < 16).then_some(Digest(bytes))
}

/// A stored node, read from its digits without keeping them.
struct Stored(Digest);

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        digest(&text).map(Self).ok_or_else(|| serde::de::Error::custom("a hash has 64 hexadecimal digits"))
    }
}

/// A line after the first.
pub(super) enum Line<'a> {
    Entry { n: u64, leaf: Cow<'a, str>, openings: Vec<Shown<'a>>, nodes: Vec<Option<Digest>> },
    Checkpoint(Cow<'a, str>),
}

impl<'a> Line<'a> {
    /// Reads a line; `leaf` is room for an entry's leaf, to be used again and again.
    pub(super) fn read(line: &'a str, leaf: &'a mut String) -> Option<Self> {
        match as_written(line, leaf) {
            Some((n, openings, nodes)) => Some(Self::Entry { n, leaf: Cow::Borrowed(leaf), openings, nodes }),
            None => Self::read_any(line),
        }
    }

    /// Reads a line in whatever way its JSON is written.
    fn read_any(line: &'a str) -> Option<Self> {
        if let Ok(Signed { checkpoint }) = serde_json::from_str(line) {
            return Some(Self::Checkpoint(checkpoint.0));
        }
        let Entry { n, leaf, openings, nodes } = serde_json::from_str(line).ok()?;
        let nodes = nodes.into_iter().map(|node| node.map(|stored| stored.0)).collect();
        Some(Self::Entry { n, leaf: leaf.0, openings, nodes })
    }
}

/// Reads an entry exactly as the exporter writes it: keys in order, no blanks. Most of the time of a verification goes into
/// JSON, and half of that into the leaf's many `\"`; this saves it. Whatever looks different is left to the slow way, which
/// alone decides that a line is bad.
fn as_written<'a>(line: &'a str, leaf: &mut String) -> Option<(u64, Vec<Shown<'a>>, Vec<Option<Digest>>)> {
    let (n, rest) = line.strip_prefix(r#"{"n":"#)?.split_once(',')?;
    let n = n.parse().ok().filter(|number: &u64| number.to_string() == n)?;
    let mut rest = unescape(rest.strip_prefix(r#""leaf":""#)?, leaf)?;
    let (mut openings, mut nodes) = (Vec::new(), Vec::new());
    if let Some(list) = rest.strip_prefix(r#","openings":"#) {
        (openings, rest) = first::<Vec<Shown<'a>>>(list)?;
    }
    if let Some(list) = rest.strip_prefix(r#","nodes":"#) {
        let (stored, after) = first::<Vec<Option<Stored>>>(list)?;
        nodes = stored.into_iter().map(|node| node.map(|stored| stored.0)).collect();
        rest = after;
    }
    (rest == "}").then_some((n, openings, nodes))
}

/// Reads the first JSON value, and gives what comes after it.
fn first<'a, T: Deserialize<'a>>(text: &'a str) -> Option<(T, &'a str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    let value = values.next()?.ok()?;
    Some((value, text.get(values.byte_offset()..)?))
}

/// Reads a JSON text of which the opening quote is gone, and gives what comes after it. `None` for the rarer escapes.
fn unescape<'a>(mut text: &'a str, into: &mut String) -> Option<&'a str> {
    into.clear();
    loop {
        let at = text.bytes().position(|b| b == b'"' || b == b'\\' || b < b' ')?;
        let (plain, special) = text.split_at_checked(at)?;
        into.push_str(plain);
        if let Some(rest) = special.strip_prefix('"') {
            return Some(rest);
        }
        let escaped = special.get(1..2).filter(|c| special.starts_with('\\') && matches!(*c, "\"" | "\\"))?;
        into.push_str(escaped);
        text = special.get(2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn both(line: &str) -> (String, String) {
        let show = |line: Option<Line<'_>>| match line {
            Some(Line::Entry { n, leaf, openings, nodes }) => format!("{n} {leaf} {} {nodes:?}", openings.len()),
            Some(Line::Checkpoint(note)) => format!("checkpoint {note}"),
            None => "none".to_owned(),
        };
        let mut leaf = "left over".to_owned();
        (show(Line::read(line, &mut leaf)), show(Line::read_any(line)))
    }

    #[test]
    fn the_quick_way_gives_what_the_slow_way_gives() {
        let hash = "0a".repeat(32);
        let quick =
            format!(r#"{{"n":7,"leaf":"{{\"a\":\"b\\\\\"}}","openings":[{{"id":"x"}}],"nodes":["{hash}",null]}}"#);
        assert!(as_written(&quick, &mut String::new()).is_some());
        let changes = [
            ("", ""),
            ("7", "07"),
            ("7", "+7"),
            ("7", "7.0"),
            ("7", "7 "),
            ("\\\"a", "\\u0022a"),
            ("\\\"a", "\\na"),
            ("\\\"a", "\na"),
            ("0a", "0A"),
            ("0a", "0"),
            (",null", ""),
            ("null]}", "null]} "),
            ("null]}", "null],\"n\":7}"),
            ("null]}", "null],\"nodes\":[]}"),
            ("\"x\"", "\"x\",\"y\":1"),
            ("openings", "more"),
            (",\"nodes", ", \"nodes"),
        ];
        for (from, to) in changes {
            let line = quick.replacen(from, to, 1);
            let (quick, slow) = both(&line);
            assert_eq!(quick, slow, "{line}");
        }
    }

    proptest! {
        #[test]
        fn every_text_is_unescaped_as_json_has_it(text in "\\PC*[\"\\\\]*\\PC*", n in any::<u64>()) {
            let line = serde_json::json!({ "n": n, "leaf": text }).to_string();
            let swapped = format!(r#"{{"n":{n},"leaf":{}}}"#, serde_json::Value::from(text));
            for line in [line, swapped] {
                let (quick, slow) = both(&line);
                prop_assert_eq!(quick, slow);
            }
        }
    }
}
