//! The API without our client: one request over the broker's socket, exactly as it is written here.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e} in {self:?}"))
    }

    /// The kind of the error.
    #[track_caller]
    pub(crate) fn kind(&self) -> String {
        self.json()["error"]["kind"].as_str().unwrap_or_else(|| panic!("no error: {self:?}")).to_owned()
    }
}

/// A key that was not used before.
pub(crate) fn key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("key-of-a-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Reads a route as whoever the token says, or else as the peer.
#[track_caller]
pub(crate) fn get(socket: &Path, token: Option<&str>, path: &str) -> Answer {
    send(socket, "GET", path, &bearer(token), b"")
}

/// Posts JSON under a new key.
#[track_caller]
pub(crate) fn post(socket: &Path, token: Option<&str>, path: &str, body: &Value) -> Answer {
    let mut headers = bearer(token);
    headers.push(("Idempotency-Key", key()));
    send(socket, "POST", path, &headers, body.to_string().as_bytes())
}

/// The header of a token.
pub(crate) fn bearer(token: Option<&str>) -> Vec<(&'static str, String)> {
    token.map(|token| ("Authorization", format!("Bearer {token}"))).into_iter().collect()
}

/// Sends exactly this.
#[track_caller]
pub(crate) fn send(socket: &Path, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> Answer {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: jit\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    } else if method != "GET" {
        head.push_str("Content-Length: 0\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // Whoever sends too much may be cut off before the end, and is answered all the same.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {method} {path}: {text}"));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Answer { status: status.unwrap_or_else(|| panic!("no status in {head}")), body: body.to_owned() }
}
