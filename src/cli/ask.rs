//! Asking the person at the terminal. Prompts go to stderr, and only where there is a terminal.

use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Input, Select};

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

/// Asks for a text until `fits` has nothing to say against it.
///
/// # Errors
/// When there is no answer.
pub(super) fn text(question: &str, fits: impl Fn(&str) -> Option<String>) -> Result<String, Error> {
    Input::<String>::with_theme(&SimpleTheme)
        .with_prompt(harmless(question))
        .validate_with(|text: &String| fits(text).map_or(Ok(()), Err))
        .interact_text()
        .map_err(unanswered)
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
