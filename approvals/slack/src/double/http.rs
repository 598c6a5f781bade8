//! The double's HTTP: connections that can be cut, requests in any form that the official clients send them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{Shared, Weather, api, socket, views};

/// The largest body that is read.
const LARGEST: usize = 1 << 20;

/// What was sent, taken apart.
pub(super) struct Call {
    pub(super) method: String,
    pub(super) token: Option<String>,
    pub(super) arguments: Map<String, Value>,
    /// Whether it came as JSON.
    pub(super) json: bool,
}

/// What goes back.
pub(super) enum Back {
    /// JSON, with the scopes of the token where one was known.
    Json(Value, Option<String>),
    /// Too soon: come back in so many seconds.
    Later(u64),
    /// A status without more.
    Status(StatusCode),
}

/// Takes connections for ever.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        if *shared.weather.borrow() == Weather::Down {
            // Cut before a word: what a client sees of a host that is not there.
            continue;
        }
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let mut cut = shared.cut.subscribe();
            cut.mark_unchanged();
            let service = service_fn(|request| answered(Arc::clone(&shared), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
            tokio::select! {
                _ = connection => {}
                _ = cut.changed() => {}
            }
        });
    }
}

/// An answer that is lost: the connection is cut instead.
#[derive(Debug)]
struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer is lost")
    }
}

impl std::error::Error for Lost {}

async fn answered(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
    let weather = *shared.weather.borrow();
    if weather == Weather::Slow {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let path = request.uri().path().to_owned();
    let response = if path == "/link" {
        link(&shared, request)
    } else if let Some(address) = path.strip_prefix("/answer/") {
        let body = Limited::new(request.into_body(), LARGEST).collect().await.map(|body| body.to_bytes());
        let said = body.ok().and_then(|body| serde_json::from_slice::<Value>(&body).ok());
        written(views::answer(&shared, address, said))
    } else if let Some(method) = path.strip_prefix("/api/") {
        match call(method.to_owned(), request).await {
            Some(call) => written(api::call(&shared, &call)),
            None => written(Back::Status(StatusCode::BAD_REQUEST)),
        }
    } else {
        written(Back::Status(StatusCode::NOT_FOUND))
    };
    shared.changed.notify_waiters();
    if *shared.weather.borrow() == Weather::LosesAnswers { Err(Lost) } else { Ok(response) }
}

fn written(back: Back) -> Response<Full<Bytes>> {
    let (status, body, scopes, wait) = match back {
        Back::Json(body, scopes) => (StatusCode::OK, body, scopes, None),
        Back::Later(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, json!({ "ok": false, "error": "ratelimited" }), None, Some(seconds))
        }
        Back::Status(status) => (status, json!({ "ok": false, "error": "unknown" }), None, None),
    };
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json; charset=utf-8"));
    if let Some(scopes) = scopes.and_then(|scopes| scopes.parse().ok()) {
        headers.insert("x-oauth-scopes", scopes);
    }
    if let Some(seconds) = wait {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// Takes a call apart: a query, a form or JSON; the token in a header, or in a form.
async fn call(method: String, request: Request<Incoming>) -> Option<Call> {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST && parts.method != Method::GET {
        return None;
    }
    let body = Limited::new(body, LARGEST).collect().await.ok()?.to_bytes();
    let header = |name| parts.headers.get(name).and_then(|value: &hyper::header::HeaderValue| value.to_str().ok());
    let json = header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json"));
    let mut arguments = Map::new();
    arguments.extend(form(parts.uri.query().unwrap_or_default()));
    if json && !body.is_empty() {
        arguments.extend(serde_json::from_slice::<Map<String, Value>>(&body).ok()?);
    } else {
        arguments.extend(form(std::str::from_utf8(&body).ok()?));
    }
    let bearer = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let posted = arguments.remove("token").and_then(|token| token.as_str().map(str::to_owned));
    Some(Call { method, token: bearer.or(posted), arguments, json })
}

/// Reads a form; what is JSON in it, as blocks are, is read as such by the methods.
fn form(text: &str) -> BTreeMap<String, Value> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), Value::String(decoded(value)))
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                let digits = std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
                out.push(digits.unwrap_or(b'?'));
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Makes a socket of a connection that comes with a ticket, which is good once.
fn link(shared: &Arc<Shared>, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let ticket = form(request.uri().query().unwrap_or_default()).remove("ticket");
    let ticket = ticket.as_ref().and_then(Value::as_str).unwrap_or_default();
    let known = shared.state().tickets.remove(ticket);
    let key = request.headers().get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let (true, Some(accept)) = (known, key) else { return written(Back::Status(StatusCode::FORBIDDEN)) };
    let upgraded = hyper::upgrade::on(&mut request);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            socket::serve(shared, TokioIo::new(upgraded)).await;
        }
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    for (name, value) in [(UPGRADE, "websocket".to_owned()), (CONNECTION, "Upgrade".to_owned())] {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    if let Ok(accept) = accept.parse() {
        response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}
