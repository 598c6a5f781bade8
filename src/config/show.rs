//! Shows what is wrong with a config: with the line underlined for people, a line a fault for pipes, JSON for programs.

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use jit_types::proof::is_unsafe;
use jit_types::settings::{Fault, FromNode, SecretRef};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use regex::Regex;

/// How many are shown: a file that is no config at all has thousands.
const MOST: usize = 100;
/// The longest line that is shown as it stands, in bytes.
const LONGEST_LINE: usize = 400;

/// All mistakes of one file, in the order of the file.
pub struct Faults {
    file: String,
    text: String,
    faults: Vec<Fault>,
}

/// How to show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A line a mistake and one with its remedy, as editors and `grep` read them.
    Plain,
    /// The line underlined.
    Drawn {
        /// Whether in colour.
        color: bool,
        /// How many columns there are.
        width: usize,
    },
}

impl Style {
    /// The style for a stream: drawn for a terminal, with colour unless `NO_COLOR` is set, plain for everything else.
    pub fn of(terminal: bool, no_color: bool, width: usize) -> Self {
        if terminal { Self::Drawn { color: !no_color, width } } else { Self::Plain }
    }
}

/// One mistake with its place as people count it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Placed {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key; empty where the mistake is one of grammar.
    pub key: String,
    /// The rule that is broken.
    pub rule: String,
    /// The way out.
    pub remedy: String,
}

impl Faults {
    /// Takes the mistakes of one file.
    pub(super) fn new(file: String, text: String, mut faults: Vec<Fault>) -> Self {
        faults.sort_by(|a, b| (a.span.start, &a.key, &a.rule).cmp(&(b.span.start, &b.key, &b.rule)));
        faults.dedup();
        Self { file, text, faults }
    }

    /// How many there are; at least one.
    pub fn count(&self) -> usize {
        self.faults.len()
    }

    /// All mistakes with their places, safe to print.
    pub fn placed(&self) -> Vec<Placed> {
        let mut cursor = Cursor::default();
        let place = |fault: &Fault| {
            let (line, column) = cursor.upto(&self.text, fault.span.start);
            Placed {
                file: line_of(&self.file),
                line,
                column,
                key: line_of(fault.key.trim_end_matches('.')),
                rule: line_of(&fault.rule),
                remedy: line_of(&fault.remedy),
            }
        };
        self.faults.iter().map(place).collect()
    }

    /// All mistakes for a program: an object with `faults`, each with file, line, column, key, rule and remedy.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "faults": self.placed() })
    }

    /// All mistakes for people.
    pub fn render(&self, style: Style) -> String {
        let mut out = String::new();
        let shown = shown(&self.text, &self.faults);
        for (fault, placed) in self.faults.iter().zip(self.placed()).take(MOST) {
            let drawn = match style {
                Style::Drawn { color, width } if short(&self.text, &fault.span) => {
                    draw(&placed, &shown, fault.span.clone(), color, width)
                }
                _ => None,
            };
            match drawn {
                Some(drawn) => out.push_str(&drawn),
                None => out.push_str(&plain(&placed)),
            }
        }
        if self.count() > MOST {
            out.push_str(&format!("and {} more\n", self.count() - MOST));
        }
        out.push_str(&match self.count() {
            1 => format!("1 mistake in {}\n", line_of(&self.file)),
            n => format!("{n} mistakes in {}\n", line_of(&self.file)),
        });
        out
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Style::Plain).trim_end())
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn plain(placed: &Placed) -> String {
    let Placed { file, line, column, key, rule, remedy } = placed;
    let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
    format!("{file}:{line}:{column}: {key}{rule}\n  help: {remedy}\n")
}

fn draw(placed: &Placed, shown: &str, span: Range<usize>, color: bool, width: usize) -> Option<String> {
    let mut diagnostic = MietteDiagnostic::new(placed.rule.clone())
        .with_help(placed.remedy.clone())
        .with_label(LabeledSpan::new(None, span.start, span.len()));
    if !placed.key.is_empty() {
        diagnostic = diagnostic.with_code(placed.key.clone());
    }
    let source = NamedSource::new(placed.file.clone(), shown.to_owned());
    let report = Report::new(diagnostic).with_source_code(source);
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width.max(40)).with_context_lines(1);
    let mut out = String::new();
    handler.render_report(&mut out, report.as_ref()).ok()?;
    out.push('\n');
    Some(out)
}

/// One harmless line: what came out of the file must not steer the terminal.
fn line_of(text: &str) -> String {
    text.chars().take(1000).map(|c| if is_unsafe(c) { '\u{fffd}' } else { c }).collect()
}

/// Whether the lines that a span touches, and the one before and after them, can be shown.
fn short(text: &str, span: &Range<usize>) -> bool {
    let before = text.get(..span.start).unwrap_or_default();
    let start = before.rmatch_indices('\n').nth(1).map_or(0, |(at, _)| at + 1);
    let after = text.get(span.end..).unwrap_or_default();
    let end = after.match_indices('\n').nth(1).map_or(text.len(), |(at, _)| span.end + at);
    text.get(start..end).unwrap_or_default().lines().all(|line| line.len() <= LONGEST_LINE)
        && end - start <= 8 * LONGEST_LINE
}

/// Counts lines and columns once through the text: mistakes come in its order.
#[derive(Default)]
struct Cursor {
    at: usize,
    line: usize,
    column: usize,
}

impl Cursor {
    fn upto(&mut self, text: &str, at: usize) -> (usize, usize) {
        for c in text.get(self.at..at).unwrap_or_default().chars() {
            self.column += 1;
            if c == '\n' {
                self.line += 1;
                self.column = 0;
            }
        }
        self.at = at.max(self.at);
        (self.line + 1, self.column + 1)
    }
}

/// A value whose key sounds like a secret, closed or not.
static SECRET: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)[\w-]*(?:passw|secret|token|passphrase|credential|api[_-]?key|private[_-]?key)[\w-]*["']?[ \t]*=[ \t]*("""(?s:.*?)(?:"""|$)|'''(?s:.*?)(?:'''|$)|"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[^\s{\["'][^\n]*)"#,
    )
});

/// The password in a URL.
static USERINFO: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| Regex::new(r#"://[^/\s:@"']*:([^\s"'/]*)@"#));

/// The text as it may be shown, each byte in its place: without characters that steer a terminal, and without secrets
/// that somebody wrote into the file against the rule.
fn shown(text: &str, faults: &[Fault]) -> String {
    let (Ok(secret), Ok(userinfo)) = (&*SECRET, &*USERINFO) else { return String::new() };
    let mut hide: Vec<Range<usize>> = Vec::new();
    for pattern in [secret, userinfo] {
        hide.extend(pattern.captures_iter(text).filter_map(|found| found.get(1)).map(|found| found.range()));
    }
    hide.extend(faults.iter().filter(|fault| points_at_secret(fault)).map(|fault| fault.span.clone()));
    hide.sort_by_key(|range| range.start);
    let mut hide = hide.into_iter().peekable();
    let mut until = 0;
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        while let Some(range) = hide.next_if(|range| range.start <= at) {
            until = until.max(range.end);
        }
        match c {
            '\n' | '\t' => out.push(c),
            // Alone it would lead the cursor back over what is shown; before a line break nobody misses it.
            '\r' => out.push(' '),
            '"' | '\'' if at < until => out.push(c),
            _ if at < until => out.extend(std::iter::repeat_n('*', c.len_utf8())),
            c if is_unsafe(c) => out.push_str(match c.len_utf8() {
                1 => "?",
                2 => "\u{bf}",
                3 => "\u{fffd}",
                _ => "\u{fffd}?",
            }),
            c => out.push(c),
        }
    }
    out
}

fn points_at_secret(fault: &Fault) -> bool {
    let about = fault.rule == SecretRef::WRITTEN || fault.remedy.contains(SecretRef::EXPECTED);
    about && !fault.rule.ends_with("is missing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(span: Range<usize>, rule: &str) -> Fault {
        Fault { span, key: "a.b".to_owned(), rule: rule.to_owned(), remedy: "mend it".to_owned() }
    }

    #[test]
    fn places_are_counted_as_people_count_them() {
        let text = "ä = 1\nöö = 2\n";
        let faults = Faults::new("f.toml".to_owned(), text.to_owned(), vec![fault(14..15, "two"), fault(0..2, "one")]);
        let placed: Vec<_> = faults.placed().iter().map(|p| (p.line, p.column, p.rule.clone())).collect();
        assert_eq!(placed, [(1, 1, "one".to_owned()), (2, 6, "two".to_owned())]);
        assert_eq!(
            faults.render(Style::Plain),
            "f.toml:1:1: a.b: one\n  help: mend it\nf.toml:2:6: a.b: two\n  help: mend it\n2 mistakes in f.toml\n"
        );
        assert_eq!(faults.json()["faults"][1]["column"], 6);
    }

    #[test]
    fn a_mistake_is_drawn_with_its_line() {
        let text = "[roles.x]\nmax = \"4 hours\"\nnext = 1\nlast = 1\n";
        let faults = Faults::new("f.toml".to_owned(), text.to_owned(), vec![fault(16..25, "no length")]);
        let plain = faults.render(Style::Drawn { color: false, width: 80 });
        assert!(plain.contains("max = \"4 hours\"") && plain.contains("f.toml:2:7") && plain.contains("mend it"));
        assert!(!plain.contains("last") && !plain.contains('\u{1b}'), "{plain}");
        assert!(faults.render(Style::Drawn { color: true, width: 80 }).contains('\u{1b}'));
    }

    #[test]
    fn a_secret_in_the_file_is_never_shown() {
        let text = concat!(
            "password = \"hunter2\"\nbot_token = 'hunter2\nSECRET = hunter2\nurl = \"postgres://jit:hunter2@db/x\"\n",
            "odd = \"hunter2\"\nfile = { keyring = \"shown\" }\napi-key = \"\"\"\nhunter2\n\"\"\"\nx = { hash = \"hunter2\" }\n"
        );
        let odd = text.find("odd = ").unwrap() + 6;
        let table = text.find("{ hash").unwrap();
        let mut faults = vec![fault(odd..odd + 9, SecretRef::WRITTEN)];
        let wrong = Fault { remedy: format!("write {}", SecretRef::EXPECTED), ..fault(table..text.len() - 1, "no") };
        faults.push(wrong);
        faults.extend((0..text.len()).step_by(7).map(|at| fault(at..at + 1, "x")));
        let faults = Faults::new("f.toml".to_owned(), text.to_owned(), faults);
        for style in [Style::Plain, Style::Drawn { color: false, width: 80 }] {
            let out = faults.render(style);
            assert!(!out.contains("hunter2"), "{out}");
        }
        assert!(!format!("{faults:?} {}", faults.json()).contains("hunter2"));
        assert!(faults.render(Style::Drawn { color: false, width: 80 }).contains("{ keyring = \"shown\" }"));
    }

    #[test]
    fn what_comes_from_the_file_can_not_steer_the_terminal() {
        let text = "a = \"\u{1b}[2J\u{9b}x\u{202e}\"\n";
        let evil = Fault { key: "a\u{1b}[2J".to_owned(), ..fault(4..6, "\u{202e}rule\n") };
        let faults = Faults::new("f\u{1b}.toml".to_owned(), text.to_owned(), vec![evil]);
        for style in [Style::Plain, Style::Drawn { color: false, width: 80 }] {
            let out = faults.render(style);
            assert!(!out.chars().any(|c| c != '\n' && is_unsafe(c)), "{out:?}");
        }
    }

    proptest! {
        #[test]
        fn any_fault_in_any_text_is_shown(text in "\\PC{0,60}|[a-z\n\t=\"'\u{1b}]{0,60}", a in 0usize..80, b in 0usize..80) {
            let (start, end) = (a.min(b).min(text.len()), a.max(b).min(text.len()));
            prop_assume!(text.is_char_boundary(start) && text.is_char_boundary(end));
            let cleaned = shown(&text, &[]);
            prop_assert_eq!(cleaned.len(), text.len(), "{:?} {:?}", cleaned, text);
            let faults = Faults::new("f".to_owned(), text, vec![fault(start..end, "r")]);
            let drawn = faults.render(Style::Drawn { color: false, width: 80 });
            prop_assert!(drawn.contains("mend it"), "{}", drawn);
        }
    }
}
