//! One socket of Socket Mode, from Slack's side.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::Shared;

/// Something to be sent over a socket; for an envelope, with who waits until it is heard of.
pub(super) struct Frame {
    pub(super) text: String,
    pub(super) envelope: Option<(String, oneshot::Sender<()>)>,
}

/// Serves one socket until it is closed or cut.
pub(super) async fn serve(shared: Arc<Shared>, io: impl AsyncRead + AsyncWrite + Unpin) {
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
    let mut cut = shared.cut_sockets.subscribe();
    cut.mark_unchanged();
    let (to, mut from) = mpsc::unbounded_channel();
    let (number, all) = {
        let mut state = shared.state();
        let number = state.next();
        state.sockets.insert(number, to);
        (number, state.sockets.len())
    };
    let hello = json!({
        "type": "hello",
        "num_connections": all,
        "connection_info": { "app_id": "A0DOUBLE" },
        "debug_info": { "host": "double", "build_number": 1, "approximate_connection_time": 18_060 }
    });
    let greeted = socket.send(Message::Text(hello.to_string().into())).await.is_ok()
        && socket.send(Message::Ping("Ping from double".into())).await.is_ok();
    shared.changed.notify_waiters();
    let mut waiting: BTreeMap<String, Vec<oneshot::Sender<()>>> = BTreeMap::new();
    loop {
        if !greeted {
            break;
        }
        tokio::select! {
            // What was said before a cut is sent before it.
            biased;
            send = from.recv() => {
                let Some(Frame { text, envelope }) = send else { break };
                if let Some((envelope, heard)) = envelope {
                    waiting.entry(envelope).or_default().push(heard);
                }
                if socket.send(Message::Text(text.into())).await.is_err() {
                    break;
                }
            }
            came = socket.next() => match came {
                Some(Ok(Message::Text(text))) => {
                    let said: Value = serde_json::from_str(text.as_str()).unwrap_or_default();
                    let Some(envelope) = said.get("envelope_id").and_then(Value::as_str) else { continue };
                    shared.state().heard.entry(envelope.to_owned()).or_default().insert(number);
                    for heard in waiting.remove(envelope).unwrap_or_default() {
                        let _ = heard.send(());
                    }
                    shared.changed.notify_waiters();
                }
                Some(Ok(_)) => {}
                _ => break,
            },
            _ = cut.changed() => break,
        }
    }
    // Whoever waits for a word over it learns that none comes, by the end of `waiting`.
    shared.state().sockets.remove(&number);
    shared.changed.notify_waiters();
}
