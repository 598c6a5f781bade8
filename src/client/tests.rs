//! The client against a real HTTP server on a real socket, made to fail as brokers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use tokio::net::UnixListener;

use super::*;
use std::path::PathBuf;

struct Broker {
    _directory: tempfile::TempDir,
    socket: PathBuf,
}

fn broker(router: Router) -> Broker {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("s");
    let listener = UnixListener::bind(&socket).expect("a socket");
    tokio::spawn(async move { axum::serve(listener, router).await });
    Broker { _directory: directory, socket }
}

fn client(broker: &Broker) -> Client {
    Client::new(&broker.socket, Some(Secret::new("jit_token".to_owned()))).expect("a client")
}

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_question_says_who_asks_and_in_which_version() {
    let broker = broker(Router::new().route(
        "/v1/x",
        get(|headers: HeaderMap| async move {
            let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
            axum::Json([header("authorization"), header(api::VERSION_HEADER), header(api::IDEMPOTENCY_HEADER)])
        }),
    ));
    let said: [String; 3] = client(&broker).get("/v1/x", &[], SOON).await.expect("an answer");
    assert_eq!(said, ["Bearer jit_token", api::VERSION, ""]);
}

/// A broker that dies after it has heard: the client asks again under the same key, so that it is done once.
#[tokio::test]
async fn a_post_that_broke_off_is_sent_again_under_its_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("s");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let heard = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut keys = Vec::new();
        for n in 0..2 {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut bytes = vec![0; 4096];
            let read = stream.read(&mut bytes).await.expect("a question");
            let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
            let key = text.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).expect("a key").to_owned();
            keys.push(key);
            if n == 1 {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue").await.expect("written");
            }
        }
        keys
    });
    let client = Client::new(&socket, None).expect("a client");
    assert!(client.post::<bool>("/v1/x", &(), SOON).await.expect("an answer"));
    let keys = heard.await.expect("two questions");
    assert_eq!(keys[0], keys[1]);
    assert!(keys[0].len() >= 16);
}

#[tokio::test]
async fn what_the_broker_says_is_what_the_caller_hears() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let broker = broker(Router::new().route(
        "/v1/x",
        post(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let error = Failure::new(ErrorKind::Denied, "no").hint("ask bob");
            async { (StatusCode::FORBIDDEN, axum::Json(ErrorBody { error })) }
        }),
    ));
    let Err(Error::Failure(failure)) = client(&broker).post::<()>("/v1/x", &(), SOON).await else { panic!("denied") };
    assert_eq!((failure.kind, failure.hint.as_deref()), (ErrorKind::Denied, Some("ask bob")));
    assert_eq!(calls.load(Ordering::SeqCst), 1, "an answer is an answer");
}

#[tokio::test]
async fn an_answer_of_another_version_says_which_side_to_update() {
    let newer = || async { ([(api::VERSION_HEADER, "9.9.9")], axum::Json(serde_json::json!({ "new": "shape" }))) };
    let broker = broker(Router::new().route("/v1/x", get(newer)).route("/v1/none", get(|| async { "<html>" })));
    let Err(Error::Failure(failure)) = client(&broker).get::<Vec<u8>>("/v1/x", &[], SOON).await else { panic!() };
    let hint = failure.hint.expect("a hint");
    assert!(hint.contains("9.9.9") && hint.contains(api::VERSION), "{hint}");
    let Err(Error::Failure(failure)) = client(&broker).get::<Vec<u8>>("/v1/none", &[], SOON).await else { panic!() };
    assert!(failure.message.contains("no jit broker"), "{failure}");
}

#[tokio::test]
async fn a_broker_that_is_slow_or_gone_is_unreachable() {
    let slow = broker(Router::new().route("/v1/x", get(std::future::pending::<&'static str>)));
    let short = Duration::from_millis(100);
    assert!(matches!(client(&slow).get::<()>("/v1/x", &[], short).await, Err(Error::Unreachable(_))));
    let gone = broker(Router::new());
    let client = client(&gone);
    std::fs::remove_file(&gone.socket).expect("removed");
    let error = client.get::<()>("/v1/x", &[], SOON).await.expect_err("gone");
    assert!(error.retryable() && !format!("{error:?}").contains("jit_token"), "{error:?}");
}
