//! The HTTP server: authenticates, converts, calls the house, converts back. It decides nothing.

mod audit;
mod doctor;
mod doors;
mod error;
mod extend;
mod extract;
mod grants;
mod locks;
mod reload;
mod requests;
mod serve;
pub mod socket;
mod status;
mod tokens;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, get, post};
use jit_engine::House;
use jit_types::Timestamp;
use tokio::net::UnixListener;

use crate::identity::{Identities, Peer};

pub use doors::raise_descriptors;
pub use reload::Reloader;

/// The largest body that is read, in bytes: a reason of 32 KiB with all its escapes, and some.
const LARGEST_BODY: usize = 256 * 1024;

/// What every handler has at hand.
#[derive(Clone)]
pub struct App {
    pub(crate) house: Arc<House>,
    pub(crate) identities: Identities,
    pub(crate) shape: &'static str,
    pub(crate) since: Timestamp,
    pub(crate) state_directory: Arc<std::path::Path>,
    reloader: Option<Arc<Reloader>>,
    stopping: tokio::sync::watch::Receiver<bool>,
}

impl App {
    /// The app of a house in one of its shapes: `embedded`, `host`.
    pub fn new(house: Arc<House>, shape: &'static str, state_directory: &std::path::Path) -> Self {
        let identities = Identities::new(Arc::clone(&house));
        let since = house.now();
        let (_, stopping) = tokio::sync::watch::channel(false);
        Self { house, identities, shape, since, state_directory: Arc::from(state_directory), reloader: None, stopping }
    }

    /// Lets administrators have the config read anew.
    #[must_use]
    pub fn reloaded_by(self, reloader: Arc<Reloader>) -> Self {
        Self { reloader: Some(reloader), ..self }
    }

    /// Waits for a change, until `deadline` or until the server is told to stop: says whether there was one.
    pub(crate) async fn changed(
        &self,
        changes: &mut tokio::sync::watch::Receiver<u64>,
        deadline: tokio::time::Instant,
    ) -> bool {
        let mut stopping = self.stopping.clone();
        let stopped = async {
            // Where nobody can say it any more, nobody does.
            if stopping.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            changed = tokio::time::timeout_at(deadline, changes.changed()) => matches!(changed, Ok(Ok(()))),
            () = stopped => false,
        }
    }
}

/// Who is connected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection(pub(crate) Option<Peer>);

/// The routes. A test walks them all with foreign ids, so a new one joins by itself.
fn routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/v1/plan", post(requests::plan)),
        ("/v1/requests", get(requests::list).post(requests::file)),
        ("/v1/requests/{id}", get(requests::show)),
        ("/v1/requests/{id}/decide", post(requests::decide)),
        ("/v1/requests/{id}/cancel", post(requests::cancel)),
        ("/v1/requests/{id}/extend", post(extend::extend)),
        ("/v1/requests/{id}/extend/plan", post(extend::plan)),
        ("/v1/requests/{id}/release", post(grants::release)),
        ("/v1/requests/{id}/revoke", post(grants::revoke)),
        ("/v1/requests/{id}/claim", post(grants::claim)),
        ("/v1/requests/{id}/report", post(grants::report)),
        ("/v1/roles", get(status::roles)),
        ("/v1/whoami", get(status::whoami)),
        ("/v1/status", get(status::status)),
        ("/v1/config/reload", post(reload::reload)),
        ("/v1/doctor", get(doctor::doctor)),
        ("/v1/tokens", get(tokens::list).post(tokens::create)),
        ("/v1/tokens/{id}/revoke", post(tokens::revoke)),
        ("/v1/audit/entries", get(audit::entries)),
        ("/v1/audit/checkpoint", get(audit::checkpoint)),
        ("/v1/audit/export", get(audit::export)),
        ("/v1/audit/erase", post(locks::erase)),
        ("/v1/locks", get(locks::list).post(locks::lock)),
        ("/v1/locks/end", post(locks::unlock)),
    ]
}

/// The paths of all routes, with `{id}` where an id stands. Which methods each takes, it says when it is asked.
pub fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|(path, _)| path).collect()
}

/// The router over all routes.
pub fn router(app: App) -> Router {
    let routed = routes().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    routed
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::no_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(axum::middleware::from_fn(to_its_end))
        .layer(axum::middleware::map_response(version))
        .with_state(app)
}

/// Brings what changes something to its end though whoever asked has gone away: else their leaving, at a moment of their
/// choice, would part what belongs together, as an intent and the order that it is for.
async fn to_its_end(request: axum::extract::Request, next: axum::middleware::Next) -> axum::response::Response {
    if request.method() != axum::http::Method::POST {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        // As without the task: the connection ends, and the client asks again under the same key.
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => std::future::pending().await,
        },
    }
}

async fn version<B>(mut response: axum::http::Response<B>) -> axum::http::Response<B> {
    let value = axum::http::HeaderValue::from_static(crate::api::VERSION);
    response.headers_mut().insert(crate::api::VERSION_HEADER, value);
    response
}

/// Serves the routes on a socket until `stop` resolves; then answers what is under way.
pub async fn serve(listener: UnixListener, mut app: App, stop: impl Future<Output = ()>) {
    // Those who wait for a change are sent away at once; they ask again, and find whoever is there then.
    let (say, stopping) = tokio::sync::watch::channel(false);
    app.stopping = stopping;
    let stop = async move {
        stop.await;
        let _ = say.send(true);
    };
    serve_router(listener, router(app), stop).await;
}

/// Serves a router on a socket until `stop` resolves, with as many connections as leave the broker what it needs itself.
pub async fn serve_router(listener: UnixListener, router: Router, stop: impl Future<Output = ()>) {
    serve::serve(listener, router, doors::Limits::now(), stop).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use axum::body::Body;
    use axum::http::{Method, Request};
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn what_changes_something_comes_to_its_end_though_the_asker_leaves() {
        for (method, ended) in [(Method::POST, 1), (Method::GET, 0)] {
            let count = Arc::new(AtomicU32::new(0));
            let counted = Arc::clone(&count);
            let slowly = move || async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                counted.fetch_add(1, Ordering::SeqCst);
            };
            let router = Router::new().route("/", get(slowly.clone()).post(slowly));
            let router = router.layer(axum::middleware::from_fn(to_its_end));
            let request = Request::builder().method(method).uri("/").body(Body::empty()).expect("a request");
            let left = tokio::time::timeout(Duration::from_millis(20), router.oneshot(request)).await;
            assert!(left.is_err(), "the asker has left before the answer");
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(count.load(Ordering::SeqCst), ended);
        }
    }
}
