//! TOML text as a tree that remembers where each value stood.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jit_types::proof::is_unsafe;
use jit_types::settings::{Fault, Node, NodeValue, Table};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The most bytes that a config file may have: far more than anybody writes, far less than harms.
pub(super) const LARGEST: usize = 1024 * 1024;

/// The deepest that tables and lists may stand in each other; the parser's own limit counts keys and brackets apart.
const DEEPEST: usize = 100;

/// Reads TOML 1.1. What can be read in spite of mistakes is in the tree, so that all mistakes are shown at once.
pub(super) fn parse(text: &str) -> (Table, Vec<Fault>) {
    let mut faults = Vec::new();
    if text.len() > LARGEST {
        let rule = format!("the file has {} bytes, and at most {LARGEST} are read", text.len());
        faults.push(fault(0..0, rule, "take out what does not belong here"));
        return (Table::default(), faults);
    }
    hidden(text, &mut faults);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = within(error.span().unwrap_or(0..0), text);
        // The parser's messages describe grammar and repeat nothing of the file.
        let rule = format!("this is not TOML: {}", error.message());
        faults.push(fault(span, rule, way_out(error.message())));
    }
    let span = within(document.span(), text);
    let table = table(document.into_inner(), span, text, DEEPEST, &mut faults);
    (table, faults)
}

/// The way out of the commonest mistakes.
fn way_out(message: &str) -> &'static str {
    const KNOWN: [(&str, &str); 4] = [
        ("must be quoted", "put it in quotes, as in \"4h\""),
        ("duplicate", "keep one of the two"),
        ("unclosed", "close it"),
        ("basic string", "end the text with the quote that it begins with, on the same line"),
    ];
    let known = KNOWN.iter().find(|(word, _)| message.contains(word));
    known.map_or("mend it; https://toml.io has the grammar", |(_, way_out)| way_out)
}

fn fault(span: Range<usize>, rule: impl Into<String>, remedy: impl Into<String>) -> Fault {
    Fault { span, key: String::new(), rule: rule.into(), remedy: remedy.into() }
}

/// Finds characters that reorder or hide text, in values and comments alike: whoever reviews the file must see what the
/// broker reads (CVE-2021-42574). Those that TOML itself forbids are left to the parser.
fn hidden(text: &str, faults: &mut Vec<Fault>) {
    for (at, c) in text.char_indices().filter(|(_, c)| !c.is_ascii() && is_unsafe(*c)) {
        let rule = format!("U+{:04X} can't be seen, and may reorder or hide what is read", u32::from(c));
        faults.push(fault(
            at..at + c.len_utf8(),
            rule,
            "remove it; in a text in quotes write it as \\u and its four hexadecimal digits",
        ));
    }
}

/// Keeps a range inside the text and on character boundaries, whatever the parser says.
fn within(span: Range<usize>, text: &str) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

fn table(table: DeTable<'_>, span: Range<usize>, text: &str, depth: usize, faults: &mut Vec<Fault>) -> Table {
    let mut entries = BTreeMap::new();
    for (key, value) in table {
        let at = within(key.span(), text);
        let node = node(value, text, depth.saturating_sub(1), faults);
        entries.insert(key.into_inner().into_owned(), (at, node));
    }
    Table { span, entries }
}

fn node(value: Spanned<DeValue<'_>>, text: &str, depth: usize, faults: &mut Vec<Fault>) -> Node {
    let span = within(value.span(), text);
    if depth == 0 {
        faults.push(fault(
            span.clone(),
            format!("more than {DEEPEST} tables and lists in each other"),
            "write it flatter",
        ));
        return Node { span, value: NodeValue::Bool(false) };
    }
    let value = match value.into_inner() {
        DeValue::String(text) => NodeValue::Text(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => NodeValue::Integer(number),
            Err(_) => {
                faults.push(fault(span.clone(), "the number does not fit 64 bits", "write a smaller number"));
                NodeValue::Integer(0)
            }
        },
        DeValue::Float(number) => NodeValue::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(yes) => NodeValue::Bool(yes),
        DeValue::Datetime(time) => NodeValue::Text(time.to_string()),
        DeValue::Array(items) => {
            NodeValue::List(items.into_iter().map(|item| node(item, text, depth.saturating_sub(1), faults)).collect())
        }
        DeValue::Table(inner) => NodeValue::Table(table(inner, span.clone(), text, depth, faults)),
    };
    Node { span, value }
}

/// The parts of a file that a mistake of grammar spoils: from the table's head before it to the next one.
///
/// What stands there was read in part at most, so that faults found in it may be mere consequences.
pub(super) struct Spoilt {
    heads: Vec<usize>,
    parts: BTreeSet<usize>,
}

impl Spoilt {
    /// Finds them.
    pub(super) fn of(text: &str, faults: &[Fault]) -> Self {
        let mut heads = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if line.trim_start().starts_with('[') {
                heads.push(at);
            }
            at += line.len();
        }
        let parts = faults.iter().map(|fault| part(&heads, fault.span.start)).collect();
        Self { heads, parts }
    }

    /// Whether a place is in one of them.
    pub(super) fn holds(&self, at: usize) -> bool {
        self.parts.contains(&part(&self.heads, at))
    }
}

fn part(heads: &[usize], at: usize) -> usize {
    heads.partition_point(|head| *head <= at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at<'t>(text: &'t str, table: &Table, key: &str) -> (&'t str, &'t str) {
        let (key, node) = &table.entries[key];
        (&text[key.clone()], &text[node.span.clone()])
    }

    #[test]
    fn everything_knows_where_it_stood() {
        let text = "[roles.\"a b\"]\nabout = \"x\"\nfor = { max = \"1h\" }\nn = 0x_ff\n";
        let text = text.replace("0x_ff", "0xff");
        let (root, faults) = parse(&text);
        assert_eq!(faults, []);
        assert_eq!(at(&text, &root, "roles").0, "roles");
        let NodeValue::Table(roles) = &root.entries["roles"].1.value else { panic!("no table") };
        assert_eq!(at(&text, roles, "a b"), ("\"a b\"", "[roles.\"a b\"]"));
        let NodeValue::Table(role) = &roles.entries["a b"].1.value else { panic!("no table") };
        assert_eq!(at(&text, role, "about"), ("about", "\"x\""));
        assert_eq!(at(&text, role, "for"), ("for", "{ max = \"1h\" }"));
        assert_eq!(role.entries["n"].1.value, NodeValue::Integer(255));
        assert_eq!(&text[role.span.clone()], "[roles.\"a b\"]");
    }

    #[test]
    fn several_mistakes_of_grammar_are_found_at_once_with_what_can_be_read() {
        let text = "a = 4h\nb = \"fine\"\nc = \nc2 = \"unclosed\nd = 1\nd = 2\n";
        let (root, faults) = parse(text);
        let lines: Vec<_> = faults.iter().map(|f| text[..f.span.start].matches('\n').count() + 1).collect();
        for line in [1, 3, 4, 6] {
            assert!(lines.contains(&line), "{line} in {faults:?}");
        }
        assert_eq!(root.entries["b"].1.value, NodeValue::Text("fine".to_owned()));
    }

    #[test]
    fn what_hides_is_pointed_at() {
        let text = "# \u{202e}harmless\na = \"x\u{200b}y\"\n";
        let (_, faults) = parse(text);
        let hidden: Vec<_> = faults.iter().map(|f| &text[f.span.clone()]).collect();
        assert_eq!(hidden, ["\u{202e}", "\u{200b}"]);
        assert!(faults[0].rule.contains("U+202E"));
    }

    #[test]
    fn hostile_files_are_faults_and_nothing_worse() {
        let deep = format!("a = {}{}", "[".repeat(50_000), "]".repeat(50_000));
        let dotted = format!("{} = 1", vec!["a"; 5000].join("."));
        let inner = "{ a.a.a.a.a.a.a.a = ".repeat(70);
        let mixed = format!("x = {inner}1{}", " }".repeat(70));
        let large = "a".repeat(LARGEST + 1);
        for text in ["a = \"\0\"", "\0", "a = 99999999999999999999", "a = \"\\uD800\"", &deep, &dotted, &mixed, &large]
        {
            let (_, faults) = parse(text);
            assert!(!faults.is_empty(), "{}", &text[..text.len().min(40)]);
        }
    }

    #[test]
    fn only_the_part_around_a_mistake_is_spoilt() {
        let text = "[a]\nx = 1\n[b]\ny = 4h\nz = 2\n[c]\nx = 1\n";
        let (_, faults) = parse(text);
        let spoilt = Spoilt::of(text, &faults);
        let holds: String = text.char_indices().filter(|(at, _)| spoilt.holds(*at)).map(|(_, c)| c).collect();
        assert_eq!(holds, "[b]\ny = 4h\nz = 2\n");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = String::from_utf8_lossy(&bytes);
            let (_, faults) = parse(&text);
            for fault in faults {
                prop_assert!(text.get(fault.span).is_some());
            }
        }

        #[test]
        fn any_text_that_looks_like_toml_is_read_without_panic(text in "[\\[\\]{}=.,\"'#a-c0-9_+:TZ \\n\\\\\u{202e}-]{0,120}") {
            let (_, faults) = parse(&text);
            for fault in faults {
                prop_assert!(text.get(fault.span).is_some());
            }
        }
    }
}
