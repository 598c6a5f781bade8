//! The config, read anew while the broker runs: a good one holds at once, a bad one leaves the old in force.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use jit_engine::service::NewConfig;
use jit_engine::{House, Outfit};
use jit_types::{Digest, Subject};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::App;
use super::error::Problem;
use super::extract::Post;
use crate::api::config::Reloaded;
use crate::api::{ErrorKind, Failure};
use crate::config::{self, Broker, HouseSecrets, Kinds, LoadError, Loaded};

/// How long the first look at targets that are new may take: what is found there is in the next plan.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// Reads the config of a house anew.
pub struct Reloader {
    house: Arc<House>,
    kinds: Kinds,
    file: PathBuf,
    now: Mutex<Now>,
}

/// What of the config in force the next one is compared with.
struct Now {
    revision: Digest,
    parts: BTreeMap<String, Digest>,
    broker: Broker,
}

impl Now {
    fn of(loaded: &Loaded) -> Self {
        Self { revision: loaded.revision, parts: loaded.parts.clone(), broker: loaded.broker.clone() }
    }
}

impl Reloader {
    /// For a house that was opened with this config, read from this file.
    pub fn new(house: Arc<House>, kinds: Kinds, file: &Path, loaded: &Loaded) -> Self {
        Self { house, kinds, file: file.to_owned(), now: Mutex::new(Now::of(loaded)) }
    }

    /// Reads the file, and puts it in force if all of it is good.
    ///
    /// # Errors
    /// All mistakes in it; what can't be opened; a backend with something live that would go or point elsewhere. The old
    /// config is in force then, whole.
    pub async fn reload(self: &Arc<Self>, by: Option<Subject>) -> Result<Reloaded, Failure> {
        let reloader = Arc::clone(self);
        // To its end, though whoever asked goes away: what is in force and what the next one is compared with are one.
        let failed =
            |_| Failure::new(ErrorKind::Unavailable, "reading the config anew has failed: a mistake of this program");
        tokio::spawn(async move { reloader.read_anew(by).await }).await.map_err(failed)?
    }

    async fn read_anew(&self, by: Option<Subject>) -> Result<Reloaded, Failure> {
        let mut now = self.now.lock().await;
        let loaded = config::load(&self.file, &self.kinds).map_err(mistakes)?;
        let secrets = HouseSecrets::new(loaded.base.clone());
        // What is written as it was is kept as it is, with its connections and what it has seen.
        let same = |part: &str| now.parts.contains_key(part) && now.parts.get(part) == loaded.parts.get(part);
        let (mut outfit, mut opened) =
            (Outfit { alerts: loaded.broker.alerts.clone(), ..Outfit::default() }, Vec::new());
        let (backends, channels) = (self.house.backends(), self.house.channels());
        let mut looks = JoinSet::new();
        for (name, config) in &loaded.backends {
            let part = format!("backends.{name}");
            let backend = match backends.get(name).filter(|_| same(&part)) {
                Some(kept) => Arc::clone(kept),
                None => {
                    let fresh = config.open(self.house.id(), &secrets).await;
                    let fresh = fresh.map_err(|error| closed(&part, error.public.as_str()))?;
                    let looked = Arc::clone(&fresh);
                    looks.spawn(async move { drop(looked.check().await) });
                    opened.push(part);
                    fresh
                }
            };
            outfit.backends.insert(name.clone(), backend);
            outfit.targets.insert(name.clone(), config.target());
        }
        for (name, config) in &loaded.approvals {
            let part = format!("approvals.{name}");
            let channel = match channels.get(name).filter(|_| same(&part)) {
                Some(kept) => Arc::clone(kept),
                None => {
                    let fresh = config.open(&secrets).await;
                    let fresh = fresh.map_err(|error| closed(&part, &error.to_string()))?;
                    opened.push(part);
                    fresh
                }
            };
            outfit.channels.insert(name.clone(), channel);
        }
        let looked = async { while looks.join_next().await.is_some() {} };
        drop(tokio::time::timeout(FIRST_LOOK, looked).await);
        let answer = Reloaded {
            revision: loaded.revision,
            changed: loaded.revision != now.revision,
            opened,
            closed: now.parts.keys().filter(|part| !loaded.parts.contains_key(*part)).cloned().collect(),
            restart: restart(&now.broker, &loaded.broker),
        };
        let next = Now::of(&loaded);
        let new = NewConfig { rules: loaded.rules, outfit, revision: loaded.revision, by };
        self.house.reconfigure(new).await.map_err(|error| Problem::from(error).0)?;
        *now = next;
        Ok(answer)
    }
}

fn mistakes(error: LoadError) -> Failure {
    let hint = "the config from before is in force; `jit config check` shows the same offline";
    let message = match error {
        LoadError::Place(place) => place.message,
        LoadError::Faults(faults) => faults.to_string(),
    };
    Failure { about: "config".to_owned(), ..Failure::new(ErrorKind::Invalid, message).hint(hint) }
}

fn closed(part: &str, why: &str) -> Failure {
    Failure {
        about: "config".to_owned(),
        ..Failure::new(ErrorKind::Invalid, format!("[{part}] can't be opened: {why}"))
            .hint("the config from before is in force")
    }
}

/// What of `[broker]` a running broker can't change: where it listens, and where its state is.
fn restart(before: &Broker, after: &Broker) -> Vec<String> {
    let differs = [
        ("socket", before.socket != after.socket),
        ("socket_mode", before.socket_mode != after.socket_mode),
        ("socket_group", before.socket_group != after.socket_group),
        ("state", before.state != after.state),
    ];
    let keys: BTreeSet<&str> = differs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect();
    keys.into_iter().map(str::to_owned).collect()
}

pub(super) async fn reload(State(app): State<App>, post: Post<()>) -> Result<Json<Reloaded>, Problem> {
    app.house.may_reconfigure(&post.caller).await?;
    let Some(reloader) = &app.reloader else {
        return Err(Failure::new(ErrorKind::Unavailable, "this broker reads its config only when it starts").into());
    };
    let reloaded = reloader.reload(Some(post.caller.subject)).await.inspect_err(|failure| {
        tracing::error!(about = %failure.about, "the config was not put in force: {failure}");
    })?;
    Ok(Json(reloaded))
}
