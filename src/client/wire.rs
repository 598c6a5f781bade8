//! The wire to the broker: HTTP/1.1 over its socket, and who is at the other end of it.
//!
//! Whose the socket's file is was looked at before; what a path leads to may change between that look and `connect`. So
//! the kernel is asked who listens, over the connection itself, before anything is said: the token goes with it.

use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::response::Parts;
use axum::http::{HeaderMap, Request, StatusCode};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustix::process::geteuid;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout, timeout_at};

/// How long a connection that was used before may take to be ready for the next question; a new one costs less.
const READY: Duration = Duration::from_millis(20);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Broken {
    /// It did not come in time.
    Late,
    /// Nobody is there, or who was there has gone.
    Lost,
    /// Somebody else is there.
    Stranger(u32),
}

/// The wire.
pub(super) struct Wire {
    socket: PathBuf,
    /// Whose the socket is, and so who may be at its other end.
    owner: u32,
    idle: Mutex<Option<SendRequest<Body>>>,
}

/// An answer, whose body is read in pieces.
pub struct Answer {
    head: Parts,
    body: Incoming,
    until: Instant,
}

impl Wire {
    /// Connects to nothing yet.
    pub(super) fn new(socket: &Path, owner: u32) -> Self {
        Self { socket: socket.to_owned(), owner, idle: Mutex::default() }
    }

    /// The broker's socket.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Asks once. The whole answer must come within `patience`.
    pub(super) async fn ask(&self, request: Request<Body>, patience: Duration) -> Result<Answer, Broken> {
        let until = Instant::now() + patience;
        let asked = async {
            let mut sender = match self.used_before().await {
                Some(sender) => sender,
                None => self.connect().await?,
            };
            let answer = sender.send_request(request).await.map_err(|_| Broken::Lost)?;
            *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
            Ok(answer)
        };
        let answer = timeout_at(until, asked).await.map_err(|_| Broken::Late)??;
        let (head, body) = answer.into_parts();
        Ok(Answer { head, body, until })
    }

    /// A connection that is still there, and whose last answer was read to its end.
    async fn used_before(&self) -> Option<SendRequest<Body>> {
        let taken = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut sender = taken.filter(|sender| !sender.is_closed())?;
        let ready = timeout(READY, sender.ready()).await;
        matches!(ready, Ok(Ok(()))).then_some(sender)
    }

    async fn connect(&self) -> Result<SendRequest<Body>, Broken> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|_| Broken::Lost)?;
        let peer = stream.peer_cred().map_err(|_| Broken::Lost)?.uid();
        if peer != 0 && peer != self.owner && peer != geteuid().as_raw() {
            return Err(Broken::Stranger(peer));
        }
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| Broken::Lost)?;
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}

impl Answer {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The next piece of the body.
    ///
    /// # Errors
    /// When it broke off, or does not come in time.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, std::io::Error> {
        let broken = |_| std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        loop {
            let frame = timeout_at(self.until, poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)));
            match frame.await? {
                None => return Ok(None),
                Some(frame) => match frame.map_err(broken)?.into_data() {
                    Ok(data) => return Ok(Some(data)),
                    // What comes after the body says nothing that is wanted here.
                    Err(_) => continue,
                },
            }
        }
    }
}

/// A path with its query. All but what RFC 3986 §2.3 calls unreserved is written as its bytes.
pub(super) fn target(path: &str, query: &[(&str, String)]) -> String {
    let mut target = path.to_owned();
    for (number, (name, value)) in query.iter().enumerate() {
        target.push(if number == 0 { '?' } else { '&' });
        escape(&mut target, name);
        target.push('=');
        escape(&mut target, value);
    }
    target
}

fn escape(into: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_can_not_become_another() {
        let query = [("person", "a&b=c d@é".to_owned()), ("from", "1".to_owned())];
        assert_eq!(target("/v1/x", &query), "/v1/x?person=a%26b%3Dc%20d%40%C3%A9&from=1");
        assert_eq!(target("/v1/x", &[]), "/v1/x");
    }
}
