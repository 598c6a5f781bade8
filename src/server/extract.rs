//! What comes in: who calls, the body, the idempotency key.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use jit_engine::store::AnswerKey;
use jit_life::policy::Caller;
use jit_types::digest::Hasher;
use jit_types::{Digest, Secret};
use serde::de::DeserializeOwned;

use super::error::Problem;
use super::{App, Connection};
use crate::api::{ErrorKind, Failure, IDEMPOTENCY_HEADER};

/// How long a body may take: whoever sends a byte a minute would hold a connection for ever.
const BODY: Duration = Duration::from_secs(10);

/// The caller, authenticated.
pub(crate) struct Who(pub(crate) Caller);

impl FromRequestParts<App> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<Connection>>().and_then(|info| info.0.0);
        let token = bearer(&parts.headers)?;
        Ok(Self(app.identities.caller(peer, token.as_ref()).await?))
    }
}

/// A token that is shown must hold: a bad one never falls back to who the peer is.
fn bearer(headers: &HeaderMap) -> Result<Option<Secret>, Problem> {
    let Some(value) = headers.get(axum::http::header::AUTHORIZATION) else { return Ok(None) };
    let bad = || Failure::new(ErrorKind::NotAuthenticated, "the authorization header is not `Bearer TOKEN`");
    let text = value.to_str().map_err(|_| bad())?;
    let token = text.strip_prefix("Bearer ").filter(|token| !token.is_empty() && token.len() <= 200).ok_or_else(bad)?;
    Ok(Some(Secret::new(token.to_owned())))
}

/// A POST: its caller, its body, and the key under which its answer is kept.
pub(crate) struct Post<T> {
    pub(crate) caller: Caller,
    pub(crate) body: T,
    pub(crate) answer: AnswerKey,
    /// The idempotency key as the client sent it.
    pub(crate) key: String,
}

impl<T: DeserializeOwned> FromRequest<App> for Post<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        Who::from_request_parts(&mut parts, app).await?;
        let key = idempotency_key(&parts.headers)?;
        let route = parts.uri.path().to_owned();
        let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), app);
        let whole = tokio::time::timeout(BODY, whole).await;
        let bytes = whole
            .map_err(|_| Failure::new(ErrorKind::Invalid, "the body did not come in time"))?
            .map_err(|_| Failure::new(ErrorKind::Invalid, "the body could not be read, or is larger than 256 KiB"))?;
        // Who may call is asked when the question is whole: a body that dawdles outlives no token.
        let Who(caller) = Who::from_request_parts(&mut parts, app).await?;
        let answer = AnswerKey {
            key: Hasher::new("jit idempotency key v1")
                .with("principal", caller.principal.as_str())
                .with("route", &route)
                .with("key", &key)
                .finish(),
            body: Digest::of(&bytes),
        };
        let text: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        let body = serde_json::from_slice(text).map_err(|error| bad_body(&error))?;
        // A list would be read as the fields in their order, and so past the names that tell what is meant.
        let trimmed = text.trim_ascii();
        if !trimmed.starts_with(b"{") && trimmed != b"null" {
            return Err(Failure::new(ErrorKind::Invalid, "the body is not a JSON object").into());
        }
        Ok(Self { caller, body, answer, key })
    }
}

/// What is wrong with a body, without repeating what is in it: it may hold a secret.
fn bad_body(error: &serde_json::Error) -> Problem {
    let what = match error.classify() {
        serde_json::error::Category::Data => "has a field that is missing, unknown or not as it must be",
        _ => "is not JSON",
    };
    let message = format!("the body {what}, at line {} column {}", error.line(), error.column());
    Problem(
        Failure::new(ErrorKind::Invalid, message).hint("client and broker may be of different versions: `jit status`"),
    )
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let value = headers.get(IDEMPOTENCY_HEADER).and_then(|value| value.to_str().ok());
    let fits = |key: &&str| (16..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    value.filter(fits).map(str::to_owned).ok_or_else(|| {
        let message = "every POST carries an `Idempotency-Key` header of 16 to 128 letters without blanks";
        Problem(Failure::new(ErrorKind::Invalid, message).hint("send a random one, and the same one when you repeat"))
    })
}
