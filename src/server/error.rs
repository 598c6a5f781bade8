//! From an engine's error to an HTTP answer: the one place where a status is chosen.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jit_engine::Error;
use jit_engine::store::StoreError;
use jit_life::{Refused, RefusedKind};

use super::doors::Full;
use crate::api::{self, ErrorBody, ErrorKind, Failure};

/// An answer that is no success.
pub(crate) struct Problem(pub(crate) Failure);

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let kind = match refused.kind {
            RefusedKind::NotFound => ErrorKind::NotFound,
            RefusedKind::Invalid => ErrorKind::Invalid,
            RefusedKind::Denied => ErrorKind::Denied,
            RefusedKind::Conflict => ErrorKind::Conflict,
            RefusedKind::Lapsed => ErrorKind::Lapsed,
            RefusedKind::Pending => ErrorKind::Pending,
        };
        Self(Failure {
            kind,
            about: refused.about,
            message: refused.message.to_string(),
            hint: refused.hint.map(|hint| hint.to_string()),
        })
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refused) => refused.into(),
            Error::Backend(error) => {
                tracing::warn!(kind = %error.kind, internal = %error.internal, "a backend failed");
                let kind = match error.kind {
                    jit_backend::ErrorKind::TooLate => ErrorKind::Lapsed,
                    jit_backend::ErrorKind::Conflict => ErrorKind::Conflict,
                    jit_backend::ErrorKind::Bug => ErrorKind::Bug,
                    _ => ErrorKind::Unavailable,
                };
                Self(Failure::new(kind, error.public.to_string()).hint("`jit doctor` looks at every target"))
            }
            Error::Store(StoreError::KeyReused) => {
                Self(Failure::new(ErrorKind::Invalid, StoreError::KeyReused.to_string()).hint("use a new key"))
            }
            Error::Store(error) => {
                tracing::error!(%error, "the store failed");
                Self(
                    Failure::new(ErrorKind::Unavailable, "the store can't be used just now; nothing was changed")
                        .hint("try again; the broker's log says more"),
                )
            }
            Error::Unavailable(why) => {
                tracing::error!(%why, "something that is needed does not work");
                Self(
                    Failure::new(ErrorKind::Unavailable, "the broker can't do this just now; nothing was changed")
                        .hint("try again; the broker's log says more"),
                )
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = match self.0.kind {
            ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::NotAuthenticated => StatusCode::UNAUTHORIZED,
            ErrorKind::Denied => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict | ErrorKind::Pending => StatusCode::CONFLICT,
            ErrorKind::Lapsed => StatusCode::GONE,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Bug | ErrorKind::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, axum::Json(ErrorBody { error: self.0 })).into_response()
    }
}

/// The whole answer to a connection that finds no place, as bytes: whoever writes it waits for no question.
pub(super) fn crowded(full: Full) -> String {
    let failure = match full {
        Full::Theirs => Failure::new(ErrorKind::Unavailable, "your OS user holds too many connections to the broker")
            .hint("end some of the commands that wait, and try again"),
        Full::Everybody => Failure::new(ErrorKind::Unavailable, "the broker has too many connections")
            .hint("try again in a moment; the broker's log names who holds them"),
    };
    let body = serde_json::to_string(&ErrorBody { error: failure }).unwrap_or_default();
    let status = StatusCode::TOO_MANY_REQUESTS;
    format!(
        "HTTP/1.1 {status}\r\n{}: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 1\r\n\
         connection: close\r\n\r\n{body}",
        api::VERSION_HEADER,
        api::VERSION,
        body.len(),
    )
}

pub(super) async fn no_route() -> Problem {
    let message = format!("this broker ({}) has no such route", crate::api::VERSION);
    Problem(
        Failure::new(ErrorKind::NotFound, message).hint("client and broker may be of different versions: `jit status`"),
    )
}

pub(super) async fn no_method() -> Problem {
    Problem(Failure::new(ErrorKind::Invalid, "this route does not take this method"))
}
