//! Listening: a socket is always open or being opened, and nothing that came over one is lost or done twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jit_approval::{Desk, Error};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::Inner;
use crate::press::text;

/// The first pause before connecting again, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));
/// The pause where Slack says no to the token or to Socket Mode: only a person can mend that.
const LONG_PAUSE: Duration = Duration::from_secs(60);
/// How long a socket may be silent before it is asked whether it lives, and how long until it is given up. Slack itself
/// pings every few seconds.
const SILENCE: Duration = Duration::from_secs(20);
/// When Slack is told at the latest that something has arrived, though the house is still at work: Slack waits three seconds
/// (docs.slack.dev/apis/events-api/using-socket-mode, "acknowledging events").
const SAID_WITHIN: Duration = Duration::from_secs(2);
/// A socket that lasted no longer than this is no good one.
const SHORT: Duration = Duration::from_secs(1);
/// How long a socket that Slack is about to close is listened to on.
const LEAVING: Duration = Duration::from_secs(30);

/// Listens until it is dropped.
pub(crate) async fn listen(inner: Arc<Inner>, desk: Arc<dyn Desk>) -> Result<(), Error> {
    let mut sockets = JoinSet::new();
    let mut pause = PAUSE.0;
    loop {
        while sockets.try_join_next().is_some() {}
        match inner.connect().await {
            Ok(socket) => {
                let (leaving, left) = oneshot::channel();
                sockets.spawn(serve(Arc::clone(&inner), Arc::clone(&desk), socket, leaving));
                // Where Slack says that it will close a socket, the next one is opened before that one goes.
                let begun = Instant::now();
                let why = left.await.unwrap_or(Why::Cut);
                // One that went at once is no sign that the next will stay.
                let lasted = begun.elapsed() > SHORT;
                match why {
                    Why::Refresh if lasted => continue,
                    Why::Disabled => {
                        tracing::error!("Socket Mode is switched off for the app; nothing can be decided in Slack");
                        tokio::time::sleep(LONG_PAUSE).await;
                        continue;
                    }
                    Why::Refresh | Why::Cut => {}
                }
                if lasted {
                    pause = PAUSE.0;
                }
            }
            Err(fault) => {
                let error = fault.error("opening the socket");
                if !error.retryable() {
                    tracing::error!("{error}");
                    tokio::time::sleep(LONG_PAUSE).await;
                    continue;
                }
                tracing::warn!("{error}");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}

/// Why a socket is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It ended.
    Cut,
    /// Slack is about to close it.
    Refresh,
    /// Socket Mode was switched off.
    Disabled,
}

/// Serves one socket until it ends, each envelope in a task of its own, so that a slow desk keeps nobody waiting.
async fn serve(
    inner: Arc<Inner>,
    desk: Arc<dyn Desk>,
    mut socket: WebSocketStream<impl AsyncRead + AsyncWrite + Unpin>,
    leaving: oneshot::Sender<Why>,
) {
    let mut tasks = JoinSet::new();
    let (say, mut said) = mpsc::unbounded_channel();
    let mut leaving = Some(leaving);
    {
        let _open = inner.sockets.open();
        let mut until = None;
        let mut asked = false;
        loop {
            while tasks.try_join_next().is_some() {}
            let patience =
                until.map_or(SILENCE, |until: Instant| until.saturating_duration_since(Instant::now()).min(SILENCE));
            let came = tokio::select! {
                came = tokio::time::timeout(patience, socket.next()) => came,
                Some(envelope) = said.recv() => {
                    let heard = Message::Text(json!({ "envelope_id": envelope }).to_string().into());
                    if socket.send(heard).await.is_err() {
                        break;
                    }
                    continue;
                }
            };
            let message = match came {
                Ok(Some(Ok(message))) => message,
                Ok(_) => break,
                // Silent since it was asked, or its time is over.
                Err(_) if asked || until.is_some_and(|until| until <= Instant::now()) => break,
                Err(_) => {
                    asked = true;
                    if socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                        break;
                    }
                    continue;
                }
            };
            asked = false;
            let Message::Text(body) = message else { continue };
            let Ok(event) = serde_json::from_str::<Value>(body.as_str()) else { continue };
            match text(&event, "/type") {
                Some("hello") => {
                    inner.sockets.greeted(event.get("num_connections").and_then(Value::as_i64).unwrap_or(0));
                }
                Some("disconnect") => {
                    let disabled = text(&event, "/reason") == Some("link_disabled");
                    let why = if disabled { Why::Disabled } else { Why::Refresh };
                    let _ = leaving.take().map(|leaving| leaving.send(why));
                    until = Some(Instant::now() + LEAVING);
                }
                Some(kind) => {
                    let Some(envelope) = text(&event, "/envelope_id") else { continue };
                    let heard = Heard::new(envelope, &say);
                    if inner.seen.first(envelope) {
                        let (inner, desk) = (Arc::clone(&inner), Arc::clone(&desk));
                        let (kind, envelope) = (kind.to_owned(), envelope.to_owned());
                        tasks.spawn(async move {
                            let dealt = deal(&inner, &kind, &envelope, &event, desk.as_ref(), &heard);
                            tokio::pin!(dealt);
                            if tokio::time::timeout(SAID_WITHIN, &mut dealt).await.is_err() {
                                heard.say();
                                dealt.await;
                            }
                        });
                    }
                }
                None => {}
            }
        }
    }
    drop(socket);
    let _ = leaving.take().map(|leaving| leaving.send(Why::Cut));
    // What was heard is dealt with, whatever became of the socket.
    while tasks.join_next().await.is_some() {}
}

/// The word to Slack that an envelope has arrived: said once what it asks for is durable, so that a broker which dies before
/// that has not said it, and the person sees that nothing happened. It is said at the latest when this is dropped.
pub(crate) struct Heard {
    envelope: String,
    say: Option<mpsc::UnboundedSender<String>>,
    said: AtomicBool,
}

impl Heard {
    fn new(envelope: &str, say: &mpsc::UnboundedSender<String>) -> Self {
        Self { envelope: envelope.to_owned(), say: Some(say.clone()), said: AtomicBool::new(false) }
    }

    /// For an envelope that came over no socket.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn by_nobody() -> Self {
        Self { envelope: String::new(), say: None, said: AtomicBool::new(false) }
    }

    /// Says it, once. Where the socket is gone it can't be said: Slack sends it again, and it is known here.
    pub(crate) fn say(&self) {
        if let Some(say) = self.say.as_ref().filter(|_| !self.said.swap(true, Ordering::SeqCst)) {
            drop(say.send(self.envelope.clone()));
        }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.say();
    }
}

/// Deals with one envelope to its end.
pub(crate) async fn deal(inner: &Inner, kind: &str, envelope: &str, event: &Value, desk: &dyn Desk, heard: &Heard) {
    let Some(payload) = event.get("payload") else { return };
    match kind {
        "interactive" => inner.interactive(envelope, payload, desk, heard).await,
        "slash_commands" => inner.commanded(envelope, payload, desk, heard).await,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;

    use jit_approval::testkit::ScriptedDesk;
    use jit_approval::{SecretError, Secrets};
    use jit_types::Secret;
    use jit_types::settings::SecretRef;
    use tokio::io::{DuplexStream, duplex};
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;
    use crate::{AsksIn, Settings, Slack};

    struct Tokens;

    impl Secrets for Tokens {
        fn read<'a>(
            &'a self,
            reference: &'a SecretRef,
        ) -> Pin<Box<dyn Future<Output = Result<Secret, SecretError>> + Send + 'a>> {
            let begins = if *reference == SecretRef::Env("BOT".to_owned()) { "xoxb" } else { "xapp" };
            Box::pin(async move { Ok(Secret::new(format!("{begins}-1"))) })
        }
    }

    /// A socket that is served, and Slack's end of it.
    async fn served() -> (WebSocketStream<DuplexStream>, oneshot::Receiver<Why>) {
        let settings = Settings {
            team: "T0TEAM".to_owned(),
            channel: "#access".to_owned(),
            asks: AsksIn::Channel,
            reason: true,
            by_mail: false,
            bot_token: SecretRef::Env("BOT".to_owned()),
            app_token: SecretRef::Env("APP".to_owned()),
            api: "https://127.0.0.1:1/api/".parse().unwrap(),
        };
        let slack = Slack::open(settings, &Tokens).await.unwrap();
        let (ours, theirs) = duplex(1 << 16);
        let ours = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        let (leaving, left) = oneshot::channel();
        tokio::spawn(serve(slack.0, Arc::new(ScriptedDesk::new()), ours, leaving));
        (WebSocketStream::from_raw_socket(theirs, Role::Server, None).await, left)
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_is_silent_is_asked_and_then_given_up() {
        let (mut slack, left) = served().await;
        let begun = Instant::now();
        // It is asked, and as nobody reads on, nobody answers.
        assert!(matches!(slack.next().await, Some(Ok(Message::Ping(_)))));
        assert_eq!(left.await, Ok(Why::Cut));
        assert_eq!(begun.elapsed().as_secs(), 2 * SILENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_answers_is_kept() {
        let (mut slack, mut left) = served().await;
        let begun = Instant::now();
        while begun.elapsed() < 10 * SILENCE {
            // Reading on is what answers a ping.
            assert!(matches!(slack.next().await, Some(Ok(Message::Ping(_)))));
            slack.flush().await.unwrap();
        }
        assert!(left.try_recv().is_err());
    }
}
