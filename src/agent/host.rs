//! The broker inside the agent, for those who run no server: opened by the first command that needs it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{self, Next};
use jit_engine::driver;
use jit_types::Timestamp;
use tokio::sync::Mutex;

use super::place;
use crate::api::{ErrorKind, Failure};
use crate::config::{self, Env, LoadError, Places, paths};
use crate::server::{self, App, Reloader, socket};
use crate::wiring;

/// How long the targets may take to be looked at before the broker answers.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// How long what is under way may take to come to its end when the broker is closed.
const CLOSING: Duration = Duration::from_secs(3);

/// The broker, where it runs.
pub(super) struct Host {
    places: Places,
    running: Mutex<Option<Running>>,
    calls: Arc<AtomicUsize>,
}

struct Running {
    open: wiring::Open,
    socket: PathBuf,
    config: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

/// Where the broker is, and when it will next have something to do.
pub(super) struct View {
    pub(super) socket: PathBuf,
    pub(super) config: PathBuf,
    pub(super) due: Option<Timestamp>,
}

impl Host {
    /// Hosts nothing yet.
    pub(super) fn new(places: Places) -> Self {
        Self { places, running: Mutex::new(None), calls: Arc::default() }
    }

    /// Makes sure that the broker runs on the config that is meant, and says where it listens.
    ///
    /// # Errors
    /// When there is no config, it has mistakes, or the agent's broker runs on another one.
    pub(super) async fn ensure(&self, config: Option<&Path>) -> Result<PathBuf, Failure> {
        let mut running = self.running.lock().await;
        let path = self.config(config)?;
        if let Some(run) = running.as_ref().filter(|run| !run.task.is_finished()) {
            if run.config == path {
                return Ok(run.socket.clone());
            }
            let message = format!("your agent's broker runs on another config, {}", run.config.display());
            return Err(
                Failure::new(ErrorKind::Conflict, message).hint("`jit agent stop` ends it; it starts by itself")
            );
        }
        // What failed is closed before it is opened again: one process at a time has the state.
        if let Some(failed) = running.take() {
            failed.open.close(CLOSING).await;
        }
        let run = self.open(path).await?;
        let socket = run.socket.clone();
        *running = Some(run);
        Ok(socket)
    }

    fn config(&self, named: Option<&Path>) -> Result<PathBuf, Failure> {
        let found = paths::find(&Env::read(), named).map_err(place)?;
        let found = found.ok_or_else(|| {
            let hint = "`jit init` writes one; --broker or JIT_BROKER names a broker's socket";
            refused("there is no config file, and no broker is named", hint)
        })?;
        Ok(found.canonicalize().unwrap_or(found))
    }

    async fn open(&self, path: PathBuf) -> Result<Running, Failure> {
        let kinds = wiring::offline_kinds();
        let loaded = config::load(&path, &kinds).map_err(|error| match error {
            LoadError::Place(error) => place(error),
            LoadError::Faults(_) => {
                refused(&format!("{} has mistakes", path.display()), "`jit config check` says where")
            }
        })?;
        let state = loaded.broker.state.clone().unwrap_or_else(|| self.places.state.clone());
        let open = wiring::open_house(&loaded, &state).await;
        let open = open.map_err(|error| Failure::new(ErrorKind::Unavailable, error.message).hint(error.hint))?;
        // What a target's look finds enters what is promised of it: a plan before the first look would be another than the
        // claim after it, which is then refused. One that does not answer holds up nobody for long.
        let look = driver::look_at_targets(&open.house);
        drop(tokio::time::timeout(FIRST_LOOK, look).await);
        server::raise_descriptors();
        let at = self.places.runtime.join("broker.sock");
        let listener = socket::bind(&at, 0o600, None).map_err(|error| {
            let message = format!("the broker can't listen on {} ({})", at.display(), error.kind());
            Failure::new(ErrorKind::Unavailable, message).hint("`jit doctor` looks at it")
        })?;
        let reloader = Reloader::new(Arc::clone(&open.house), kinds, &path, &loaded);
        let app = App::new(Arc::clone(&open.house), "embedded", &state).reloaded_by(Arc::new(reloader));
        let calls = Arc::clone(&self.calls);
        let counted = move |request: Request, next: Next| {
            let call = Call::begin(Arc::clone(&calls));
            async move {
                let response = next.run(request).await;
                drop(call);
                response
            }
        };
        let router = server::router(app).layer(middleware::from_fn(counted));
        let task = tokio::spawn(server::serve_router(listener, router, std::future::pending()));
        Ok(Running { open, socket: at, config: path, task })
    }

    /// Where the broker is, where it runs.
    pub(super) async fn view(&self) -> Option<View> {
        let running = self.running.lock().await;
        let run = running.as_ref().filter(|run| !run.task.is_finished())?;
        // A store that can't say is one that may have something due.
        let due = run.open.house.store().next_due().await.unwrap_or(Some(Timestamp::EPOCH));
        Some(View { socket: run.socket.clone(), config: run.config.clone(), due })
    }

    /// Whether there is no broker, or one that nobody calls and that has nothing to do.
    pub(super) async fn is_idle(&self) -> bool {
        self.calls.load(Ordering::SeqCst) == 0 && self.view().await.is_none_or(|view| view.due.is_none())
    }

    /// Ends the broker, where it runs. What is due is done when it is opened again.
    pub(super) async fn close(&self) {
        if let Some(run) = self.running.lock().await.take() {
            run.task.abort();
            drop(std::fs::remove_file(&run.socket));
            // Whoever is answered just now is cut off: they ask the next one. What was begun in a target is not.
            drop(run.task.await);
            run.open.close(CLOSING).await;
        }
    }
}

fn refused(message: &str, hint: &str) -> Failure {
    place(config::PlaceError { missing: false, message: message.to_owned(), hint: Some(hint.to_owned()) })
}

/// One call that the broker answers, counted while it lives.
struct Call(Arc<AtomicUsize>);

impl Call {
    fn begin(calls: Arc<AtomicUsize>) -> Self {
        calls.fetch_add(1, Ordering::SeqCst);
        Self(calls)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
