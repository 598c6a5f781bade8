//! What every adapter does first with text that a person typed: one harmless line of bounded length.
//!
//! It does not know any medium's markup: each adapter escapes that itself, after this, for parameters, reasons and
//! [`Words`](jit_types::Words) alike, because a backend's words may repeat a parameter.

use jit_types::RequestId;
use jit_types::proof::is_unsafe;

/// How a line break that somebody typed is shown.
pub const BREAK: char = '⏎';
/// How a character is shown that could move, hide or reorder what is around it.
pub const HIDDEN: char = '\u{fffd}';
/// How many marks may be stacked on one letter; more than any written language needs, too few to paint over other lines.
const STACK: usize = 4;

/// A line that was made harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The text: no control characters, no line break, nothing that reorders or hides.
    pub text: String,
    /// Whether there was more of it.
    pub cut: bool,
}

/// Makes one harmless line of at most `most` characters: line breaks become `⏎`, tabs become blanks, and what could move,
/// hide or reorder text becomes `�`, so that a reader sees that something was there.
pub fn line(text: &str, most: usize) -> Line {
    let mut out = String::new();
    let (mut count, mut stacked, mut before) = (0, 0, ' ');
    for c in text.chars() {
        stacked = if is_mark(c) { stacked + 1 } else { 0 };
        let pair = before == '\r' && c == '\n';
        before = c;
        if stacked > STACK || pair {
            continue;
        }
        if count == most {
            return Line { text: out, cut: true };
        }
        count += 1;
        out.push(shown(c));
    }
    Line { text: out, cut: false }
}

/// Says where the rest of a text is that was cut.
pub fn rest(request: &RequestId) -> String {
    format!("… `jit show {request}` has the rest")
}

fn shown(c: char) -> char {
    match c {
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => BREAK,
        '\t' => ' ',
        c if is_unsafe(c) => HIDDEN,
        c => c,
    }
}

/// Marks that are drawn over the letter before them (Unicode blocks of combining diacritical marks).
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}')
        || matches!(c, '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_forge_a_line_is_shown_as_such() {
        let line = line("a\r\nb\nc\u{1b}[2Jd\u{202e}e\u{61c}f\tg\u{2028}h\0", 100);
        assert_eq!(line.text, "a⏎b⏎c�[2Jd�e�f g⏎h�");
        assert!(!line.cut);
    }

    #[test]
    fn a_long_text_is_cut_at_characters() {
        assert_eq!(line("äöü", 2), Line { text: "äö".to_owned(), cut: true });
        assert_eq!(line("äö", 2), Line { text: "äö".to_owned(), cut: false });
        assert_eq!(line("", 0), Line { text: String::new(), cut: false });
    }

    #[test]
    fn stacked_marks_are_bounded() {
        let tower = format!("a{}b", "\u{301}".repeat(500));
        let line = line(&tower, 100);
        assert_eq!(line.text.chars().count(), 2 + STACK);
        assert!(line.text.ends_with('b'));
    }
}
