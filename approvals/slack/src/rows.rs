//! Typed text on its way into a message: one harmless line, cut, with word of where the rest is.

use jit_approval::text::{line, rest};
use jit_types::{RequestId, Timestamp, Words};

/// How many entries of a list are shown.
const ENTRIES: usize = 8;
/// How much of an entry is shown.
const ENTRY: usize = 250;

/// One line of at most so many characters; what is cut off is to be had elsewhere.
pub(crate) fn cut(text: &str, most: usize, request: Option<&RequestId>) -> String {
    let line = line(text, most);
    if line.cut { format!("{}{}", line.text, elsewhere(request)) } else { line.text }
}

/// Where the rest is: with the request, where there is one.
fn elsewhere(request: Option<&RequestId>) -> String {
    request.map_or_else(|| "… (cut here)".to_owned(), rest)
}

/// Words of the house, which may repeat what somebody typed; they are bounded already, stacked marks are not.
pub(crate) fn words(words: &Words) -> String {
    line(words.as_str(), 700).text
}

/// The lines of a list, and how many more there are.
pub(crate) fn entries<'a>(list: impl ExactSizeIterator<Item = &'a str>, request: Option<&RequestId>) -> Vec<String> {
    let all = list.len();
    let mut lines: Vec<String> = list.take(ENTRIES).map(|text| cut(text, ENTRY, request)).collect();
    if all > ENTRIES {
        lines.push(format!("{} more{}", all - ENTRIES, elsewhere(request)));
    }
    lines
}

/// A time in UTC, in whole seconds.
pub(crate) fn utc(at: Timestamp) -> String {
    Timestamp::from_millis(at.seconds().saturating_mul(1000)).to_string().replace(".000Z", "Z")
}

/// A time whose part of a second counts as one, so that no bound is said to be earlier than it is.
pub(crate) fn up(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.plus_millis(999).seconds().saturating_mul(1000))
}
