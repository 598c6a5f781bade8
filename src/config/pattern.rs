//! Regular expressions in the config: compiled once, matched as a whole, and a mistake in one is pointed at.

use std::ops::Range;

use jit_types::settings::Reader;
use regex::Regex;
use regex_syntax::ast::ErrorKind;

/// The longest pattern, in bytes.
const LONGEST: usize = 4096;

/// Reads an optional pattern.
pub(super) fn read(reader: &mut Reader<'_>, key: &'static str, text: &str) -> Option<Regex> {
    let pattern = reader.optional::<String>(key)?;
    let value = reader.span(key);
    if pattern.is_empty() || pattern.len() > LONGEST {
        let rule = format!("`{key}` must have 1 to {LONGEST} bytes");
        reader.fault(key, value, rule, "write a regular expression, as in '[A-Z]+-[0-9]+ .+'");
        return None;
    }
    // First as written, so that a mistake is found where the person made it.
    let mistake = match regex_syntax::Parser::new().parse(&pattern) {
        Ok(_) => None,
        Err(regex_syntax::Error::Parse(e)) => Some((words(e.kind()), Some(e.span().start.offset..e.span().end.offset))),
        Err(regex_syntax::Error::Translate(e)) => {
            Some(("something in it is not supported here", Some(e.span().start.offset..e.span().end.offset)))
        }
        Err(_) => Some(("it is not a regular expression", None)),
    };
    if let Some((why, at)) = mistake {
        let span = at.map_or(value.clone(), |at| inside(&value, &pattern, at, text));
        let remedy = "mend it; write it in single quotes, in which TOML leaves a backslash alone";
        reader.fault(key, span, format!("`{key}` is not a regular expression: {why}"), remedy);
        return None;
    }
    match Regex::new(&whole(&pattern)) {
        Ok(regex) => Some(regex),
        Err(_) => {
            let rule = format!("`{key}` is too large, or ends in a comment");
            reader.fault(key, value, rule, "write a simpler one");
            None
        }
    }
}

/// Makes the pattern match the whole text or nothing. Without it `INC|INC-1` finds `INC` in `INC-1` and stops there.
fn whole(pattern: &str) -> String {
    let anchored = pattern.starts_with('^') && pattern.ends_with('$') && !pattern.ends_with("\\$");
    if anchored && !pattern.contains('|') { pattern.to_owned() } else { format!("^(?:{pattern})$") }
}

/// Where in the file a part of the pattern stands, if TOML's quotes changed nothing in it.
fn inside(value: &Range<usize>, pattern: &str, at: Range<usize>, text: &str) -> Range<usize> {
    let written = text.get(value.clone()).unwrap_or_default();
    match written.find(pattern) {
        Some(begin) if pattern.is_char_boundary(at.start) && pattern.is_char_boundary(at.end) => {
            let start = value.start + begin + at.start;
            // At the very end there is nothing to underline but the quote.
            start..(value.start + begin + at.end).max(start + 1)
        }
        _ => value.clone(),
    }
}

/// The mistake in our own words.
fn words(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ClassUnclosed => "a `[` is not closed",
        ErrorKind::ClassRangeInvalid => "a range such as a-z begins after its end",
        ErrorKind::ClassRangeLiteral | ErrorKind::ClassEscapeInvalid => "this can't stand in [ ]",
        ErrorKind::GroupUnclosed => "a `(` is not closed",
        ErrorKind::GroupUnopened => "a `)` was not opened",
        ErrorKind::GroupNameDuplicate { .. }
        | ErrorKind::GroupNameEmpty
        | ErrorKind::GroupNameInvalid
        | ErrorKind::GroupNameUnexpectedEof => "the name of a group is missing, wrong or there twice",
        ErrorKind::RepetitionMissing => "there is nothing before it to repeat",
        ErrorKind::RepetitionCountInvalid
        | ErrorKind::RepetitionCountDecimalEmpty
        | ErrorKind::RepetitionCountUnclosed
        | ErrorKind::DecimalEmpty
        | ErrorKind::DecimalInvalid => "a count such as {2,3} is wrong",
        ErrorKind::EscapeUnexpectedEof => "it ends in a backslash",
        ErrorKind::EscapeUnrecognized => "this escape is not known",
        ErrorKind::UnicodeClassInvalid => "this class of characters is not known",
        ErrorKind::UnsupportedBackreference => "references back are not supported",
        ErrorKind::UnsupportedLookAround => "looking ahead or behind is not supported",
        ErrorKind::NestLimitExceeded(_) => "it is nested too deeply",
        _ => "this can't be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree;

    fn check(text: &str) -> (Option<Regex>, Vec<(String, String)>) {
        let (table, mut faults) = tree::parse(text);
        let mut reader = Reader::new(&table, "", &mut faults);
        let regex = read(&mut reader, "pattern", text);
        let shown = faults.iter().map(|f| (text[f.span.clone()].to_owned(), f.rule.clone())).collect();
        (regex, shown)
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        let (regex, faults) = check("pattern = '[A-Z]+-(?=x)'");
        assert!(regex.is_none());
        assert_eq!(faults[0].0, "(?=");
        assert!(faults[0].1.contains("looking ahead"));
        assert_eq!(check("pattern = \"a**)\"").1[0].0, ")");
        // The quotes changed it, so that only the whole can be pointed at.
        assert_eq!(check("pattern = \"\\u0041(\"").1[0].0, "\"\\u0041(\"");
        assert_eq!(check("pattern = ''").1.len(), 1);
        assert_eq!(check("pattern = '(?x) a # b'").1[0].1, "`pattern` is too large, or ends in a comment");
        assert_eq!(check("pattern = '((a{900}){900}){900}'").1.len(), 1);
    }

    #[test]
    fn a_pattern_matches_the_whole_or_nothing() {
        let whole = |pattern: &str, text: &str| {
            let regex = check(&format!("pattern = '{pattern}'")).0.expect("a good pattern");
            regex.find(text).is_some_and(|m| m.range() == (0..text.len()))
        };
        assert!(whole("INC|INC-[0-9]+", "INC-42"));
        assert!(whole("INC.*?", "INC-42"));
        assert!(whole("^[a-z]+$", "abc"));
        assert!(!whole("[a-z]+", "abc\nd"));
        assert!(!whole("a|b$", "ax"));
        assert!(whole("a\\$", "a$"));
    }
}
