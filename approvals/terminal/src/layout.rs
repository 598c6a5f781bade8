//! Lines of a card: a label, a column, and text that never leaves its column.
//!
//! A line that is wider than the terminal goes on in the first column of the next, where text could pass for a label. So
//! the text is broken here, and every line after the first begins in the text's own column.

use std::fmt::Write as _;

/// The width of a card in columns, one less than the narrowest terminal in use, because some wrap at the last one.
const WIDTH: usize = 79;
/// The column in which texts begin.
const COLUMN: usize = 12;

/// A card as it grows.
#[derive(Debug, Default)]
pub(crate) struct Card(String);

impl Card {
    /// Begins a card with its title.
    pub(crate) fn new(title: &str) -> Self {
        Self(format!("\njit: {title}\n"))
    }

    /// Adds a line that begins with a label.
    pub(crate) fn field(&mut self, label: &str, text: &str) {
        let mut lines = broken(text, WIDTH - COLUMN).into_iter();
        let first = lines.next().unwrap_or_default();
        let _ = writeln!(self.0, "  {label:<width$} {first}", width = COLUMN - 3);
        for line in lines {
            let _ = writeln!(self.0, "{:COLUMN$}{line}", "");
        }
    }

    /// The card.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// Breaks text into lines of at most `width` columns, at blanks where there are any.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split(' ') {
        let wide = columns(word);
        if used > 0 && used + 1 + wide <= width {
            line.push(' ');
            line.push_str(word);
            used += 1 + wide;
            continue;
        }
        if used > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for c in word.chars() {
            let w = column(c);
            if used + w > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += w;
        }
    }
    lines.push(line);
    lines
}

fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// How many columns a character takes at most: wide ones begin at U+1100 (UAX #11), and a guess too high only breaks a line
/// early.
fn column(c: char) -> usize {
    if c < '\u{1100}' { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_in_its_column() {
        let mut card = Card::new("title");
        card.field("reason", &format!("{}role      admin {}", "x".repeat(67), "字".repeat(100)));
        let text = card.finish();
        for line in text.lines().skip(3) {
            assert!(line.starts_with(&" ".repeat(COLUMN)), "{line:?}");
            assert!(columns(line) <= WIDTH, "{line:?}");
        }
        assert!(text.contains(&format!("\n{:COLUMN$}role", "")));
    }

    #[test]
    fn blanks_are_where_lines_break() {
        assert_eq!(broken("one two three", 7), ["one two", "three"]);
        assert_eq!(broken("", 7), [""]);
        assert_eq!(broken("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    }
}
