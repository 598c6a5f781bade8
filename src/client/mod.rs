//! The one client of the broker's API: over its Unix socket, whoever hosts it.
//!
//! ```text
//! find ── which broker ─▶ socket ── whose it is ─▶ Client ── calls (typed) ─▶ wait
//! claims, material ── what is born here and never sent: claim keys, ssh keys, passwords
//! ```

mod calls;
pub mod claims;
pub mod error;
pub mod find;
mod locks;
pub mod material;
pub mod pins;
mod record;
pub mod socket;
pub mod token;
pub mod wait;
mod wire;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use axum::http::{Method, Request, StatusCode};
use jit_types::{HouseId, Secret};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

pub use calls::Scope;
pub use error::Error;
pub use find::Broker;
pub use record::Entries;
pub use wire::Answer;

use self::wire::{Broken, Wire};
use crate::api::{self, ErrorBody, ErrorKind, Failure};

/// How long an answer may take that needs no target.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How long a claim may take: the broker itself gives a target 30 seconds.
pub const CLAIM_PATIENCE: Duration = Duration::from_secs(45);
/// After how long a call is tried again that did not reach the broker.
const AGAIN: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(600)];
/// The longest answer that is read; an export of the log is read in pieces.
const LONGEST_ANSWER: usize = 64 << 20;

/// A client of one broker.
pub struct Client {
    wire: Wire,
    token: Option<Secret>,
    broker_version: Mutex<Option<String>>,
    house: OnceCell<HouseId>,
}

/// One call.
struct Call<'a> {
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, String)],
    body: Option<Vec<u8>>,
    key: Option<&'a str>,
    patience: Duration,
}

impl Client {
    /// Makes a client for the broker behind a socket. Connects to nothing yet.
    ///
    /// # Errors
    /// When the socket is missing or somebody else's.
    pub fn new(socket: &Path, token: Option<Secret>) -> Result<Self, Error> {
        let wire = Wire::new(socket, socket::check(socket)?);
        Ok(Self { wire, token, broker_version: Mutex::default(), house: OnceCell::new() })
    }

    /// The broker's socket.
    pub fn socket(&self) -> &Path {
        self.wire.socket()
    }

    /// The broker's version, once it has answered.
    pub fn broker_version(&self) -> Option<String> {
        self.broker_version.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for something.
    ///
    /// # Errors
    /// What the broker says; that it can't be reached.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        patience: Duration,
    ) -> Result<T, Error> {
        let call = Call { method: Method::GET, path, query, body: None, key: None, patience };
        self.read(self.send(call).await?).await
    }

    /// Asks for something that is no JSON, or too long for one answer: the body is read by the caller, in pieces.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn stream(&self, path: &str, query: &[(&str, String)], patience: Duration) -> Result<Answer, Error> {
        self.send(Call { method: Method::GET, path, query, body: None, key: None, patience }).await
    }

    /// Has something done, under an idempotency key of its own: however often it must be sent, it is done once.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        patience: Duration,
    ) -> Result<T, Error> {
        self.post_keyed(path, body, &idempotency_key()?, patience).await
    }

    /// Has something done, under a key that the caller drew.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post_keyed<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        key: &str,
        patience: Duration,
    ) -> Result<T, Error> {
        let body =
            serde_json::to_vec(body).map_err(|_| Error::failure(ErrorKind::Bug, "the question can't be written"))?;
        let call = Call { method: Method::POST, path, query: &[], body: Some(body), key: Some(key), patience };
        self.read(self.send(call).await?).await
    }

    /// Sends a call until somebody answers. Asking again is safe: a GET changes nothing, and a POST carries its key.
    async fn send(&self, call: Call<'_>) -> Result<Answer, Error> {
        let mut pauses = AGAIN.iter();
        loop {
            match self.wire.ask(self.build(&call)?, call.patience).await {
                Ok(answer) => return self.judge(answer).await,
                Err(Broken::Stranger(uid)) => return Err(socket::stranger(self.socket(), uid)),
                Err(Broken::Late) => {
                    return Err(Error::unreachable(
                        format!("the broker at {} did not answer in time", self.socket().display()),
                        "look at its log; the same command again takes up where this one ended",
                    ));
                }
                Err(Broken::Lost) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => {
                        return Err(Error::unreachable(
                            format!("the broker at {} can't be reached", self.socket().display()),
                            "is it running? `jit serve` starts one, `jit doctor` looks at it",
                        ));
                    }
                },
            }
        }
    }

    fn build(&self, call: &Call<'_>) -> Result<Request<Body>, Error> {
        let request = Request::builder().method(call.method.clone()).uri(wire::target(call.path, call.query));
        let mut request = request.header(HOST, "jit").header(api::VERSION_HEADER, api::VERSION);
        request = request.header(USER_AGENT, concat!("jit/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = &self.token {
            let line = zeroize::Zeroizing::new(format!("Bearer {}", token.expose_secret()));
            let bad = || Failure::new(ErrorKind::NotAuthenticated, "the token holds characters that no token has");
            let mut value = HeaderValue::from_str(&line).map_err(|_| bad().hint("was it copied as a whole?"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(key) = call.key {
            request = request.header(api::IDEMPOTENCY_HEADER, key);
        }
        let request = match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(Body::from(body.clone())),
            None => request.body(Body::empty()),
        };
        request.map_err(|_| Error::failure(ErrorKind::Bug, "the question can't be put"))
    }

    /// Tells an answer from an error.
    async fn judge(&self, answer: Answer) -> Result<Answer, Error> {
        if let Some(version) = answer.headers().get(api::VERSION_HEADER).and_then(|v| v.to_str().ok()) {
            let plain =
                version.len() <= 40 && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b));
            *self.broker_version.lock().unwrap_or_else(PoisonError::into_inner) = plain.then(|| version.to_owned());
        }
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = self.bytes(answer).await?;
        match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(body) => Err(self.with_versions(body.error).into()),
            Err(_) => Err(self.strange(status)),
        }
    }

    async fn read<T: DeserializeOwned>(&self, answer: Answer) -> Result<T, Error> {
        let status = answer.status();
        let body = zeroize::Zeroizing::new(self.bytes(answer).await?);
        let text: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(text).map_err(|_| self.strange(status))
    }

    async fn bytes(&self, mut answer: Answer) -> Result<Vec<u8>, Error> {
        let lost = |_| Error::unreachable("the broker's answer broke off", "the same command again asks for it anew");
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(lost)? {
            if bytes.len() + piece.len() > LONGEST_ANSWER {
                return Err(Error::failure(ErrorKind::Invalid, "the broker's answer is too long"));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// An answer that is not of this API, or of another version of it.
    fn strange(&self, status: StatusCode) -> Error {
        let message = match self.broker_version() {
            None => format!("what listens at {} is no jit broker (HTTP {})", self.socket().display(), status.as_u16()),
            Some(_) => format!("the broker's answer is not one that this jit understands (HTTP {})", status.as_u16()),
        };
        Error::Failure(self.with_versions(Failure::new(ErrorKind::Unknown, message)))
    }

    /// Says which side is the older one, where that may be why.
    fn with_versions(&self, mut failure: Failure) -> Failure {
        let Some(broker) = self.broker_version().filter(|broker| broker != api::VERSION) else { return failure };
        let versions = format!("this jit is {} and the broker is {broker}: update the older one", api::VERSION);
        if matches!(failure.kind, ErrorKind::Unknown) {
            failure.hint = Some(versions);
        } else if failure.hint.is_none() && failure.kind == ErrorKind::Invalid {
            failure.hint = Some(format!("{versions}, if the question is one that it should know"));
        }
        failure
    }
}

/// Draws an idempotency key.
///
/// # Errors
/// When the system gives no random numbers.
pub fn idempotency_key() -> Result<String, Error> {
    Ok(hex::encode(material::draw::<16>()?.as_ref()))
}
