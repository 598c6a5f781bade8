//! One socket of Socket Mode (docs.slack.dev/apis/events-api/using-socket-mode).

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::header::{CONNECTION, HeaderMap, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use reqwest::{StatusCode, Upgraded};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::Inner;
use crate::fault::Fault;
use crate::web::{As, Said};

/// How long making a connection may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest message that is read; a payload holds the message that was pressed.
const LONGEST: usize = 1 << 20;

/// An open socket.
pub(crate) type Socket = WebSocketStream<Upgraded>;

/// How many sockets are open: ours, and by Slack's last word those of the app in all.
#[derive(Default)]
pub(crate) struct Count {
    ours: AtomicUsize,
    all: AtomicI64,
}

impl Count {
    /// One more is open, until what is returned is dropped.
    pub(crate) fn open(&self) -> Held<'_> {
        self.ours.fetch_add(1, Ordering::SeqCst);
        Held(self)
    }

    /// What Slack's greeting says, which counts the socket that it came over.
    pub(crate) fn greeted(&self, all: i64) {
        self.all.store(all, Ordering::SeqCst);
    }

    /// Whether a socket of ours is open.
    pub(crate) fn listening(&self) -> bool {
        self.ours.load(Ordering::SeqCst) > 0
    }

    /// How many sockets somebody else holds; `None` where we hold none and so don't know.
    pub(crate) fn others(&self) -> Option<i64> {
        let ours = i64::try_from(self.ours.load(Ordering::SeqCst)).unwrap_or(i64::MAX);
        let all = self.all.load(Ordering::SeqCst);
        (ours > 0 && all > 0).then(|| (all - ours).max(0))
    }
}

/// A socket that is counted.
pub(crate) struct Held<'a>(&'a Count);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.ours.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Inner {
    /// Opens a socket: asks for its address, which is good once, and takes it up over the same HTTP and TLS as all else.
    pub(crate) async fn connect(&self) -> Result<Socket, Fault> {
        let made = tokio::time::timeout(PATIENCE, async {
            let answer = self.web.call("apps.connections.open", As::App, Said::Form(&[])).await?;
            let address = answer.text("/url").ok_or(Fault::Away)?;
            let mut url = self.web.trusted(address, true).ok_or(Fault::Away)?;
            let scheme = if url.scheme() == "wss" { "https" } else { "http" };
            // From a WebSocket's scheme to HTTP's own, both of which the URL standard calls special: never refused.
            url.set_scheme(scheme).map_err(|()| Fault::Away)?;
            let key = generate_key();
            let request = self.web.lasting().get(url).header(CONNECTION, "Upgrade").header(UPGRADE, "websocket");
            let request = request.header(SEC_WEBSOCKET_VERSION, "13").header(SEC_WEBSOCKET_KEY, &key);
            let response = request.send().await.map_err(|_| Fault::Away)?;
            if response.status() != StatusCode::SWITCHING_PROTOCOLS || !is_accepted(response.headers(), &key) {
                return Err(Fault::Away);
            }
            response.upgrade().await.map_err(|_| Fault::Away)
        });
        let upgraded = made.await.map_err(|_| Fault::Away)??;
        let config = WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
        Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await)
    }
}

/// Whether the other side has understood that it is to be a WebSocket (RFC 6455 §4.1).
fn is_accepted(headers: &HeaderMap, key: &str) -> bool {
    let is = |name, wanted: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    let accept = headers.get(SEC_WEBSOCKET_ACCEPT).and_then(|value| value.to_str().ok());
    is(UPGRADE, "websocket") && is(CONNECTION, "upgrade") && accept == Some(derive_accept_key(key.as_bytes()).as_str())
}
