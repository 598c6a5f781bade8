//! Exit codes and errors: the one place that maps the second to the first.
//!
//! The codes are part of the interface: scripts read them, so that none ever changes its meaning.

use std::process::ExitCode;

use crate::api::{ErrorKind, Failure};
use crate::client;
use crate::config::{LoadError, PlaceError};

/// What a command ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The thing asked for is done.
    Done,
    /// It failed, and none of the others says why.
    Failure,
    /// The command was not written as it must be.
    Usage,
    /// The config, or a file's owner or mode, is not as it must be.
    Config,
    /// Nobody knows who calls.
    NotAuthenticated,
    /// A rule or a person says no.
    Denied,
    /// It lapsed, expired or was cancelled.
    Over,
    /// The broker, the store or a target can't be used now.
    Unavailable,
    /// The wait has ended; the request lives on.
    Pending,
    /// The caller does not hold it.
    NotHeld,
    /// A mistake in our own code.
    Bug,
    /// What a child process ended with, or what stands for it.
    Child(u8),
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::NotAuthenticated => 4,
            Self::Denied => 5,
            Self::Over => 6,
            Self::Unavailable => 7,
            Self::Pending => 8,
            Self::NotHeld => 9,
            Self::Bug => 70,
            Self::Child(code) => code,
        }
    }

    /// The code of a failure that the broker tells.
    pub fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid => Self::Usage,
            ErrorKind::NotAuthenticated => Self::NotAuthenticated,
            ErrorKind::Denied => Self::Denied,
            ErrorKind::Lapsed => Self::Over,
            ErrorKind::Pending => Self::Pending,
            ErrorKind::Unavailable => Self::Unavailable,
            ErrorKind::Bug => Self::Bug,
            ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Unknown => Self::Failure,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command did not do what it was asked for: what is so, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The code to end with.
    pub exit: Exit,
    /// The field or the rule that it is about; may be empty.
    pub about: String,
    /// What is so, as a sentence; empty where there is nobody left to tell.
    pub message: String,
    /// The way out, as a sentence.
    pub hint: Option<String>,
}

impl Error {
    /// An error with a sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, about: String::new(), message: message.into(), hint: None }
    }

    /// A command that was not written as it must be, with the argument that it is about.
    pub fn usage(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self { about: about.into(), ..Self::new(Exit::Usage, message) }
    }

    /// An end without a word: whoever read our output has gone.
    pub fn silent() -> Self {
        Self::new(Exit::Failure, "")
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let Failure { kind, about, message, hint } = failure;
        Self { exit: Exit::of(kind), about, message, hint }
    }
}

impl From<client::Error> for Error {
    fn from(error: client::Error) -> Self {
        match error {
            client::Error::Failure(failure) | client::Error::Unreachable(failure) => failure.into(),
            client::Error::Place(place) => place.into(),
        }
    }
}

impl From<PlaceError> for Error {
    fn from(error: PlaceError) -> Self {
        Self { hint: error.hint, ..Self::new(Exit::Config, error.message) }
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Place(place) => place.into(),
            LoadError::Faults(faults) => Self::new(Exit::Config, faults.to_string()),
        }
    }
}

/// Writing our own output: a reader who has gone needs no word.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::silent(),
            std::io::ErrorKind::StorageFull => Self::new(Exit::Failure, "the disk is full"),
            _ => Self::new(Exit::Failure, "the output can't be written"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table that the manual prints; a change here breaks somebody's script.
    #[test]
    fn the_codes_are_these_for_ever() {
        let table = [
            (Exit::Done, 0),
            (Exit::Failure, 1),
            (Exit::Usage, 2),
            (Exit::Config, 3),
            (Exit::NotAuthenticated, 4),
            (Exit::Denied, 5),
            (Exit::Over, 6),
            (Exit::Unavailable, 7),
            (Exit::Pending, 8),
            (Exit::NotHeld, 9),
            (Exit::Bug, 70),
            (Exit::Child(137), 137),
        ];
        for (exit, code) in table {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
        let kinds = [
            (ErrorKind::Invalid, 2),
            (ErrorKind::NotAuthenticated, 4),
            (ErrorKind::Denied, 5),
            (ErrorKind::NotFound, 1),
            (ErrorKind::Conflict, 1),
            (ErrorKind::Lapsed, 6),
            (ErrorKind::Pending, 8),
            (ErrorKind::Unavailable, 7),
            (ErrorKind::Bug, 70),
            (ErrorKind::Unknown, 1),
        ];
        for (kind, code) in kinds {
            assert_eq!(Exit::of(kind).code(), code, "{kind:?}");
        }
    }

    #[test]
    fn an_error_keeps_its_hint_whatever_it_comes_from() {
        let from = Error::from(client::Error::unreachable("away", "start it"));
        assert_eq!((from.exit, from.hint.as_deref()), (Exit::Unavailable, Some("start it")));
        let place = PlaceError { missing: false, message: "open".to_owned(), hint: Some("chmod".to_owned()) };
        let from = Error::from(client::Error::Place(place));
        assert_eq!((from.exit, from.hint.as_deref()), (Exit::Config, Some("chmod")));
        let gone = Error::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert_eq!((gone.exit, gone.message.as_str()), (Exit::Failure, ""));
    }
}
