//! Small readers that the rooms of the config share: each says in one voice what is wrong and what would be right.

use std::collections::BTreeSet;
use std::ops::Range;

use jit_types::Words;
use jit_types::proof::is_unsafe;
use jit_types::settings::{FromNode, NodeValue, Reader, distance};

/// A value and where it stood.
pub(super) type At<T> = (T, Range<usize>);

/// The longest sentence; what is longer would be cut where it is shown.
const LONGEST: usize = 600;

/// What could be read of a list, and whether that is all of it.
pub(super) struct Items<T> {
    /// The items that could be read.
    pub(super) found: Vec<At<T>>,
    /// Whether all could be, so that what is missing is really missing.
    pub(super) whole: bool,
}

/// Reads a list that must be there, must not be empty and must not name anything twice; each mistake is pointed at.
pub(super) fn items<T: FromNode + Ord + Clone>(reader: &mut Reader<'_>, key: &'static str) -> Items<T> {
    let none = Items { found: Vec::new(), whole: false };
    let Some(node) = reader.node(key) else {
        let span = reader.span(key);
        let remedy = format!("add `{key} = [\"…\"]`: name at least one; empty never means everything");
        reader.fault(key, span, format!("`{key}` is missing"), remedy);
        return none;
    };
    let NodeValue::List(list) = &node.value else {
        let rule = format!("`{key}` is not a list");
        reader.fault(key, node.span.clone(), rule, "write it in brackets, as in [\"a\", \"b\"]");
        return none;
    };
    if list.is_empty() {
        let rule = format!("`{key}` is empty");
        reader.fault(key, node.span.clone(), rule, "name at least one; empty never means everything");
        return none;
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for item in list {
        match T::from_node(item) {
            Ok(value) if seen.insert(value.clone()) => found.push((value, item.span.clone())),
            Ok(_) => {
                let rule = format!("`{key}` names it twice");
                reader.fault(key, item.span.clone(), rule, "name it once");
            }
            Err(rule) => {
                let rule = if rule.is_empty() { format!("an item of `{key}` is not {}", T::EXPECTED) } else { rule };
                reader.fault(key, item.span.clone(), rule, format!("write {}", T::EXPECTED));
            }
        }
    }
    let whole = found.len() == list.len();
    Items { found, whole }
}

/// Reads an optional list; where it is missing it is whole and has no items.
pub(super) fn optional_items<T: FromNode + Ord + Clone>(reader: &mut Reader<'_>, key: &'static str) -> Items<T> {
    if reader.node(key).is_some() { items(reader, key) } else { Items { found: Vec::new(), whole: true } }
}

/// Reads an optional value; `Some(default)` where it is missing, `None` where there was a mistake.
pub(super) fn or<T: FromNode>(reader: &mut Reader<'_>, key: &'static str, default: T) -> Option<T> {
    if reader.node(key).is_some() { reader.optional(key) } else { Some(default) }
}

/// Reads an optional sentence in plain words: one line that can be shown anywhere as it stands.
pub(super) fn sentence(reader: &mut Reader<'_>, key: &'static str) -> Option<Words> {
    let text = reader.optional::<String>(key)?;
    let rule = if text.trim().is_empty() {
        format!("`{key}` is empty")
    } else if text.chars().any(is_unsafe) {
        format!("`{key}` must be one line, without control characters and without marks that reorder or hide text")
    } else if text.chars().count() > LONGEST {
        format!("`{key}` has more than {LONGEST} characters")
    } else {
        return Some(Words::new(text.trim()));
    };
    let span = reader.span(key);
    reader.fault(key, span, rule, "say it in one short sentence");
    None
}

/// Reads a sentence that must be there.
pub(super) fn required_sentence(reader: &mut Reader<'_>, key: &'static str) -> Option<Words> {
    if reader.node(key).is_none() {
        return reader.required::<String>(key).and(None);
    }
    sentence(reader, key)
}

/// Whether one name may be a slip of the finger for the other: nobody slips by more than a third of a name, and a very
/// long text is no slip at all.
pub(super) fn near(name: &str, known: &str) -> bool {
    slip(name, known).is_some()
}

fn slip(name: &str, known: &str) -> Option<usize> {
    let most = (name.chars().take(100).count() / 3).clamp(1, 3);
    (name.len() <= 100).then(|| distance(name, known)).filter(|far| *far <= most)
}

/// The way out of a name that nobody knows: the nearest known one, or all of them where they are few.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>, otherwise: &str) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match known.iter().filter_map(|k| slip(name, k).map(|far| (far, *k))).min() {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None if known.is_empty() || known.len() > 12 => otherwise.to_owned(),
        None => format!("known are: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_a_stranger_is_not() {
        assert_eq!(nearest("enginers", ["engineers", "dba"], "-"), "did you mean `engineers`?");
        assert_eq!(nearest("xyz", ["engineers", "dba"], "-"), "known are: engineers, dba");
        assert_eq!(nearest("xyz", [], "define it"), "define it");
        assert_eq!(nearest(&"x".repeat(100_000), ["x"], "-"), "known are: x");
    }
}
