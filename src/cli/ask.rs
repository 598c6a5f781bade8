//! Asking the person at the terminal. Prompts go to stderr, and only where there is a terminal.

use std::io::{self, BufRead, Write};

use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Select};

use super::exit::{Error, Exit};
use super::output::harmless;

/// The person has gone, or does not want to answer.
fn unanswered<E>(_: E) -> Error {
    Error::new(Exit::Failure, "the question was not answered; nothing was done")
}

/// Asks for one of several.
///
/// # Errors
/// When there is no answer.
pub(super) fn choose(question: &str, items: &[String]) -> Result<usize, Error> {
    let items: Vec<String> = items.iter().map(|item| harmless(item)).collect();
    Select::with_theme(&SimpleTheme)
        .with_prompt(harmless(question))
        .items(&items)
        .default(0)
        .max_length(15)
        .interact_opt()
        .map_err(unanswered)?
        .ok_or_else(|| unanswered(()))
}

/// Asks for a text until `fits` has nothing to say against it. The line is the terminal's own, so that its keys do what they do
/// everywhere: Ctrl-D on an empty line leaves, as Ctrl-C does. Blanks around what was typed are nobody's meaning.
///
/// # Errors
/// When there is no answer.
pub(super) fn text(question: &str, fits: impl Fn(&str) -> Option<String>) -> Result<String, Error> {
    line(question, fits, &mut io::stdin().lock(), &mut io::stderr().lock())
}

fn line(
    question: &str,
    fits: impl Fn(&str) -> Option<String>,
    from: &mut impl BufRead,
    to: &mut impl Write,
) -> Result<String, Error> {
    loop {
        write!(to, "{}: ", harmless(question)).and_then(|()| to.flush()).map_err(unanswered)?;
        let mut typed = String::new();
        if from.read_line(&mut typed).map_err(unanswered)? == 0 {
            // What is said next begins on a line of its own.
            drop(writeln!(to));
            return Err(unanswered(()));
        }
        match fits(typed.trim()) {
            None => return Ok(typed.trim().to_owned()),
            Some(why) => writeln!(to, "{}", harmless(&why)).map_err(unanswered)?,
        }
    }
}

/// Asks for a yes or no.
///
/// # Errors
/// When there is no answer.
pub(super) fn confirm(question: &str, default: bool) -> Result<bool, Error> {
    Confirm::with_theme(&SimpleTheme)
        .with_prompt(harmless(question))
        .default(default)
        .interact_opt()
        .map_err(unanswered)?
        .ok_or_else(|| unanswered(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(typed: &str) -> (Result<String, Error>, String) {
        let mut shown = Vec::new();
        let wrong = |text: &str| (text != "alice").then(|| "that is not the name".to_owned());
        let answer = line("Name", wrong, &mut typed.as_bytes(), &mut shown);
        (answer, String::from_utf8(shown).unwrap())
    }

    #[test]
    fn it_is_asked_again_until_it_fits() {
        let (answer, shown) = asked("bob\n\n alice \nrest");
        assert_eq!(answer.ok().as_deref(), Some("alice"));
        assert_eq!(shown, "Name: that is not the name\nName: that is not the name\nName: ");
    }

    #[test]
    fn whoever_leaves_has_not_answered() {
        for typed in ["", "bob\n"] {
            let (answer, shown) = asked(typed);
            assert_eq!(answer.err().map(|error| error.exit), Some(Exit::Failure), "{typed:?}");
            assert!(shown.ends_with("Name: \n"), "{shown:?}");
        }
    }
}
