//! Serving a socket: lets connections in, answers them, and drains them at the end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

use super::doors::{Doors, Full, Limits};
use super::{Connection, error};
use crate::identity::Peer;

/// How many of those who don't come in are told so at a time; more are cut off without a word.
const TOLD_AT_ONCE: usize = 16;
/// How long one of them may take to hear it.
const HEARING: Duration = Duration::from_secs(1);
/// How long what is under way may go on after the broker was told to stop: longer than a claim may take.
const DRAIN: Duration = Duration::from_secs(60);
/// How long it is waited where the system gives no connection: others close theirs meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` until `stop` resolves; then answers what is under way.
pub(super) async fn serve(listener: UnixListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let doors = Doors::new(limits);
    let told = Arc::new(Semaphore::new(TOLD_AT_ONCE));
    let (say, stopping) = watch::channel(false);
    let mut open = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = open.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let peer = Peer::of(&stream);
                match doors.enter(peer) {
                    Ok(pass) => {
                        let (router, stopping) = (router.clone(), stopping.clone());
                        open.spawn(async move {
                            answer(stream, peer, router, limits, stopping).await;
                            drop(pass);
                        });
                    }
                    Err(full) => {
                        tracing::warn!(uid = ?peer.map(|peer| peer.uid), ?full, "too many connections");
                        if let Ok(place) = Arc::clone(&told).try_acquire_owned() {
                            open.spawn(async move {
                                let _ = tokio::time::timeout(HEARING, turn_away(stream, full)).await;
                                drop(place);
                            });
                        }
                    }
                }
            }
            Err(error) => {
                tracing::error!(kind = ?error.kind(), "no connection can be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let _ = say.send(true);
    let drained = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!("some did not come to an end and are cut off");
    }
}

/// Answers one connection's requests, one after the other.
async fn answer(
    stream: UnixStream,
    peer: Option<Peer>,
    router: Router,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(Connection(peer)));
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    // Who doesn't read holds a place and what was to be read; what waits for its answer is not what is meant.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.unread));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut connection = pin!(connection);
    tokio::select! {
        // A client that went away, or said nothing in time, is nobody's fault here.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Says why there is no place, once there is a question, and hears it out, so that the answer is not lost with it.
async fn turn_away(mut stream: UnixStream, full: Full) -> std::io::Result<()> {
    stream.readable().await?;
    stream.write_all(error::crowded(full).as_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;

    struct Served {
        _directory: tempfile::TempDir,
        socket: std::path::PathBuf,
        stop: tokio::sync::oneshot::Sender<()>,
        task: tokio::task::JoinHandle<()>,
    }

    fn served(limits: Limits) -> Served {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("s");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "slow"
        };
        let router = Router::new().route("/", get(|| async { "here" })).route("/slow", get(slow));
        let router = router.route("/much", get(|| async { vec![b'x'; 64 << 20] }));
        let (stop, told) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(serve(listener, router, limits, async { drop(told.await) }));
        Served { _directory: directory, socket, stop, task }
    }

    const UNREAD: Duration = Duration::from_millis(300);
    const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: jit\r\n\r\n";

    async fn rest(stream: &mut UnixStream) -> String {
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    #[tokio::test]
    async fn who_says_nothing_is_sent_away_in_time_and_who_waits_for_an_answer_is_not() {
        let limits = Limits { of_one: 9, all: 9, head: Duration::from_millis(100), unread: UNREAD };
        let served = served(limits);
        let mut silent = UnixStream::connect(&served.socket).await.expect("a connection");
        let mut half = UnixStream::connect(&served.socket).await.expect("a connection");
        half.write_all(b"GET / HTTP/1.1\r\nhost: j").await.expect("written");
        let mut idle = UnixStream::connect(&served.socket).await.expect("a connection");
        idle.write_all(ASK).await.expect("written");
        let mut slow = UnixStream::connect(&served.socket).await.expect("a connection");
        slow.write_all(b"GET /slow HTTP/1.1\r\nhost: jit\r\n\r\n").await.expect("written");
        let ends = async {
            assert!(!rest(&mut silent).await.contains("200"));
            assert!(!rest(&mut half).await.contains("200"));
            assert!(rest(&mut idle).await.ends_with("here"), "it is answered, and then closed");
            assert!(rest(&mut slow).await.ends_with("slow"), "an answer may take longer than a question");
        };
        tokio::time::timeout(Duration::from_secs(10), ends).await.expect("they are closed in time");
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_holds_neither_place_nor_stop() {
        let served = served(Limits { of_one: 9, all: 9, head: Duration::from_secs(60), unread: UNREAD });
        let mut deaf = UnixStream::connect(&served.socket).await.expect("a connection");
        deaf.write_all(b"GET /much HTTP/1.1\r\nhost: jit\r\n\r\n").await.expect("written");
        deaf.readable().await.expect("the answer has begun");
        served.stop.send(()).expect("it runs");
        tokio::time::timeout(Duration::from_secs(10), served.task)
            .await
            .expect("well before what may be drained")
            .expect("it ends");
        let mut slow = Vec::new();
        let _ = deaf.read_to_end(&mut slow).await;
        assert!(slow.len() < 64 << 20, "it was cut off");
    }

    #[tokio::test]
    async fn who_finds_no_place_is_told_so() {
        // The one who runs this is apart, and so comes in until even that is full.
        let served = served(Limits { of_one: 1, all: 1, head: Duration::from_secs(60), unread: UNREAD });
        let mut held = Vec::new();
        let told = loop {
            let mut stream = UnixStream::connect(&served.socket).await.expect("a connection");
            stream.write_all(ASK).await.expect("written");
            let mut first = [0; 12];
            stream.read_exact(&mut first).await.expect("an answer");
            if first.ends_with(b"429") {
                break rest(&mut stream).await;
            }
            held.push(stream);
            assert!(held.len() < 100, "it never says no");
        };
        let (head, body) = told.split_once("\r\n\r\n").expect("a whole answer");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        let body: crate::api::ErrorBody = serde_json::from_str(body).expect("an error of this API");
        assert_eq!(body.error.kind, crate::api::ErrorKind::Unavailable);
        drop(held);
        // The places are free again.
        let again = async {
            loop {
                let mut stream = UnixStream::connect(&served.socket).await.expect("a connection");
                stream.write_all(ASK).await.expect("written");
                let mut first = [0; 12];
                stream.read_exact(&mut first).await.expect("an answer");
                if first.ends_with(b"200") {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), again).await.expect("a place");
    }

    #[tokio::test]
    async fn a_stop_answers_what_is_under_way_and_waits_for_nobody_else() {
        let served = served(Limits { of_one: 9, all: 9, head: Duration::from_secs(60), unread: UNREAD });
        let _silent = UnixStream::connect(&served.socket).await.expect("a connection");
        let mut idle = UnixStream::connect(&served.socket).await.expect("a connection");
        idle.write_all(ASK).await.expect("written");
        let mut first = [0; 12];
        idle.read_exact(&mut first).await.expect("an answer");
        let mut slow = UnixStream::connect(&served.socket).await.expect("a connection");
        slow.write_all(b"GET /slow HTTP/1.1\r\nhost: jit\r\n\r\n").await.expect("written");
        tokio::time::sleep(Duration::from_millis(100)).await;
        served.stop.send(()).expect("told");
        let ends = async {
            assert!(rest(&mut slow).await.ends_with("slow"));
            served.task.await.expect("it ended");
        };
        tokio::time::timeout(Duration::from_secs(10), ends).await.expect("in time");
    }
}
