//! A double of Slack: Web API and Socket Mode on this machine, by Slack's own rules.
//!
//! There is no emulator of Slack. This one checks tokens, scopes, ids, content types, the shape and the limits of blocks,
//! triggers and answers' addresses; it paces, delivers again what was not heard of, cuts sockets, loses answers. The
//! official clients are run against it, so that it is no more lenient and no stranger than they allow.

mod act;
mod api;
mod chat;
mod facts;
mod http;
mod kit;
mod read;
mod socket;
mod views;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

pub use act::{Delivered, Push};
pub use facts::{Channel, Post, Whisper};
pub use read::{Control, Shown};

use facts::Workspace;

/// The bot token that it knows.
pub const BOT_TOKEN: &str = "xoxb-000000000000-double-of-slack";
/// The app-level token that it knows.
pub const APP_TOKEN: &str = "xapp-1-A0DOUBLE-000000000000-double";
/// Its team.
pub const TEAM: &str = "T0DOUBLE";
/// The user that the app itself is.
pub const BOT_USER: &str = "U0JIT";
/// A channel that the app is in, called `access`.
pub const ROOM: &str = "C0ACCESS";

/// What is wrong between the world and it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Nothing.
    Fair,
    /// It can't be reached; open connections are cut.
    Down,
    /// Every answer takes a second longer.
    Slow,
    /// What is asked is done, and the answer is lost.
    LosesAnswers,
}

/// A running double; the last clone stops it.
#[derive(Clone)]
pub struct Double {
    shared: Arc<Shared>,
    _running: Arc<Running>,
}

struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What its tasks share.
struct Shared {
    address: SocketAddr,
    state: Mutex<Workspace>,
    /// Changes whenever somebody who waits should look again.
    changed: Notify,
    weather: watch::Sender<Weather>,
    /// Counts up when all open connections are to be cut, and when all sockets are.
    cut: watch::Sender<u64>,
    cut_sockets: watch::Sender<u64>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Workspace> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is reached from outside.
    fn base(&self, state: &Workspace) -> String {
        state.base.clone().unwrap_or_else(|| format!("http://{}", self.address))
    }
}

impl Double {
    /// Starts one on a free port of 127.0.0.1, with an empty workspace: no members but the app.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            state: Mutex::new(Workspace::new()),
            changed: Notify::new(),
            weather: watch::Sender::new(Weather::Fair),
            cut: watch::Sender::new(0),
            cut_sockets: watch::Sender::new(0),
        });
        let running = Arc::new(Running(tokio::spawn(http::serve(listener, Arc::clone(&shared)))));
        Ok(Self { shared, _running: running })
    }

    /// The address of its Web API, as `api = "…"` takes it.
    pub fn api(&self) -> String {
        format!("{}/api/", self.shared.base(&self.shared.state()))
    }

    /// Lets it stand behind something that speaks TLS for it: what it hands out leads there, as in `https://localhost:8443`.
    pub fn behind(&self, base: &str) {
        self.shared.state().base = Some(base.trim_end_matches('/').to_owned());
    }

    /// Adds a full member of the team, or changes what is said of a user.
    pub fn user(&self, id: &str, changes: Value) {
        self.shared.state().user(id, &changes);
    }

    /// Adds a channel, or changes one.
    pub fn channel(&self, id: &str, change: impl FnOnce(&mut Channel)) {
        change(self.shared.state().channels.entry(id.to_owned()).or_default());
    }

    /// The scopes of the bot token from now on.
    pub fn scopes(&self, scopes: &[&str]) {
        self.shared.state().scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    }

    /// Says no to the next calls of a method: 429 with these seconds to wait.
    pub fn limit(&self, method: &str, times: usize, seconds: u64) {
        self.shared.state().limited.insert(method.to_owned(), (times, seconds));
    }

    /// Paces posts as Slack does: one a second in a channel, after a short burst.
    pub fn pace(&self, on: bool) {
        self.pace_at(on.then_some((1.0, 5.0)));
    }

    /// Paces posts at another rate: so many a second in a channel, and so many at once after a rest. What waits is told to come
    /// back in a second, as ever.
    pub fn pace_at(&self, rate_and_burst: Option<(f64, f64)>) {
        self.shared.state().paced = rate_and_burst;
    }

    /// Makes the weather.
    pub fn weather(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
        if weather == Weather::Down {
            self.shared.cut.send_modify(|count| *count += 1);
            self.shared.cut_sockets.send_modify(|count| *count += 1);
        }
    }

    /// Cuts all sockets, without a word.
    pub fn cut(&self) {
        self.shared.cut_sockets.send_modify(|count| *count += 1);
    }

    /// Tells all sockets that they will be closed: `warning`, `refresh_requested` or `link_disabled`.
    pub fn disconnect(&self, reason: &str) {
        self.shared.state().disconnect(reason);
    }

    /// How many sockets are open.
    pub fn sockets(&self) -> usize {
        self.shared.state().sockets.len()
    }

    /// Waits until so many sockets are open.
    pub async fn connected(&self, sockets: usize) {
        self.until(|state| (state.sockets.len() == sockets).then_some(())).await;
    }

    /// All posts that are there, oldest first, those in threads included.
    pub fn posts(&self) -> Vec<Post> {
        self.shared.state().posts.clone()
    }

    /// All that was shown to one person alone, oldest first.
    pub fn whispers(&self) -> Vec<Whisper> {
        self.shared.state().whispers.clone()
    }

    /// All calls that were taken, oldest first: the method and what it was told.
    pub fn calls(&self) -> Vec<(String, Value)> {
        self.shared.state().calls.clone()
    }

    /// How often calls of a method were refused for coming too soon.
    pub fn refused_for_pace(&self, method: &str) -> usize {
        self.shared.state().too_soon.get(method).copied().unwrap_or(0)
    }

    /// Waits until something is so, for as long as it takes.
    async fn until<T>(&self, mut so: impl FnMut(&mut Workspace) -> Option<T>) -> T {
        loop {
            let changed = self.shared.changed.notified();
            if let Some(found) = so(&mut self.shared.state()) {
                return found;
            }
            // What changes by time alone is looked at as well.
            let _ = tokio::time::timeout(Duration::from_millis(50), changed).await;
        }
    }
}
