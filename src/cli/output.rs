//! What is printed, and where: results on stdout, everything else on stderr.

use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::exit::Error;

/// For whom results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// For people.
    #[default]
    Human,
    /// For programs: JSON, one object a line where there are several.
    Json,
}

/// What of our output goes to a terminal, and whether in colour.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// For whom.
    pub mode: Mode,
    /// Whether results go to a terminal.
    pub stdout_tty: bool,
    /// Whether people can be asked: both stdin and stderr are terminals.
    pub asks: bool,
    /// Whether progress goes to a terminal.
    pub stderr_tty: bool,
    stdout_color: bool,
    stderr_color: bool,
}

/// What a word means, and thereby its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good news.
    Good,
    /// Needs attention.
    Warn,
    /// Bad news.
    Bad,
    /// Less important.
    Faint,
    /// More important.
    Strong,
}

impl Output {
    /// Looks at where the output goes. Colours are for terminals only, and not where `NO_COLOR` is set (no-color.org).
    pub fn look(mode: Mode, no_color: bool, dumb: bool) -> Self {
        let (stdin_tty, stdout_tty, stderr_tty) =
            (io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal());
        let color = !no_color && !dumb;
        Self {
            mode,
            stdout_tty,
            stderr_tty,
            asks: stdin_tty && stderr_tty && mode == Mode::Human,
            stdout_color: color && stdout_tty && mode == Mode::Human,
            stderr_color: color && stderr_tty,
        }
    }

    /// Whether results are for programs.
    pub fn json(&self) -> bool {
        self.mode == Mode::Json
    }

    /// Colours a part of a result.
    pub fn paint(&self, tone: Tone, text: impl AsRef<str>) -> String {
        painted(self.stdout_color, tone, text.as_ref())
    }

    /// Colours a part of progress.
    pub fn paint_note(&self, tone: Tone, text: impl AsRef<str>) -> String {
        painted(self.stderr_color, tone, text.as_ref())
    }

    /// Prints a line of the result for people.
    ///
    /// # Errors
    /// When nobody reads it any more.
    pub fn line(&self, text: impl AsRef<str>) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", text.as_ref())?;
        Ok(out.flush()?)
    }

    /// Prints bytes as they are.
    ///
    /// # Errors
    /// When nobody reads them any more.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Prints a result for programs: one object, one line, at once.
    ///
    /// # Errors
    /// When nobody reads it any more.
    pub fn object(&self, value: &impl Serialize) -> Result<(), Error> {
        let text =
            serde_json::to_string(value).map_err(|_| Error::new(super::Exit::Bug, "the result can't be written"))?;
        self.line(inert(&text))
    }

    /// Says something on stderr. Where nobody listens, nothing is lost: results go elsewhere.
    pub fn note(&self, text: impl AsRef<str>) {
        drop(writeln!(io::stderr().lock(), "{}", text.as_ref()));
    }

    /// Warns on stderr.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.note(format!("{} {}", self.paint_note(Tone::Warn, "warning:"), text.as_ref()));
    }

    /// Tells an error on stderr: what is so, then the way out.
    pub fn error(&self, error: &Error) {
        if error.message.is_empty() {
            return;
        }
        if self.json() {
            let body = serde_json::json!({ "error": {
                "exit": error.exit.code(),
                "about": error.about,
                "message": error.message,
                "hint": error.hint,
            }});
            return self.note(body.to_string());
        }
        let about = match error.about.as_str() {
            "" => String::new(),
            about if error.message.contains(about) => String::new(),
            about => format!("{}: ", harmless(about)),
        };
        let lines: Vec<String> = error.message.lines().map(harmless).collect();
        self.note(format!("{} {about}{}", self.paint_note(Tone::Bad, "error:"), lines.join("\n")));
        if let Some(hint) = &error.hint {
            self.note(format!("{} {}", self.paint_note(Tone::Good, " hint:"), harmless(hint)));
        }
    }
}

fn painted(color: bool, tone: Tone, text: &str) -> String {
    if !color {
        return text.to_owned();
    }
    let style = match tone {
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Warn => AnsiColor::Yellow.on_default(),
        Tone::Bad => AnsiColor::Red.on_default().bold(),
        Tone::Faint => Style::new().dimmed(),
        Tone::Strong => Style::new().bold(),
    };
    format!("{style}{text}{style:#}")
}

/// JSON in which no character does anything to a terminal: what JSON itself leaves raw is written as an escape, which
/// reads back as the same text.
fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && jit_types::proof::is_unsafe(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Makes one harmless line of text that came from elsewhere: it can't move the cursor, hide or reorder what is around it.
pub fn harmless(text: &str) -> String {
    let line = jit_approval::text::line(text, 2000);
    if line.cut { format!("{}…", line.text) } else { line.text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_does_nothing_to_a_terminal_and_reads_back_the_same() {
        let hostile = "a\u{9b}2J\u{202e}b\u{200b}\u{1b}[31m\u{e0041}";
        let written = inert(&serde_json::to_string(hostile).unwrap());
        assert!(!written.chars().any(jit_types::proof::is_unsafe), "{written:?}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), hostile);
    }

    #[test]
    fn text_from_elsewhere_can_not_forge_output() {
        let forged = "INC-1\n\u{1b}[32mapproved\u{1b}[0m by bob\r\u{202e}";
        let shown = harmless(forged);
        assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{shown:?}");
        assert!(shown.contains("INC-1⏎"), "{shown:?}");
    }

    #[test]
    fn colours_are_only_where_they_were_asked_for() {
        assert_eq!(painted(false, Tone::Bad, "no"), "no");
        assert!(painted(true, Tone::Bad, "no").starts_with('\u{1b}'));
    }
}
