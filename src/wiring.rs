//! The composition root: the only place that names implementations, and with it the only `cfg(feature)`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jit_approval_terminal::{Out, TerminalKind};
use jit_engine::audit::{Random, Sealer, Signer, SqliteKeys, SqliteOpenings, SystemRandom};
use jit_engine::store::sqlite::SqliteStore;
use jit_engine::{Clock, House, Outfit, Parts, SystemClock, driver};
use jit_types::HouseId;

use crate::config::{HouseSecrets, Kinds, Loaded};
use crate::state;

/// Every kind of backend and channel that this binary was built with.
pub fn kinds(out: Out) -> Kinds {
    kinds_at(out, Arc::new(SystemClock))
}

/// The same, where another clock tells the time.
#[allow(clippy::vec_init_then_push, reason = "each is there only with its feature")]
pub fn kinds_at(out: Out, clock: Arc<dyn Clock>) -> Kinds {
    let mut backends: Vec<Box<dyn jit_backend::Kind>> = Vec::new();
    #[cfg(feature = "ssh")]
    backends.push(Box::new(jit_backend_ssh::SshKind::new(Arc::new(move || clock.now()))));
    #[cfg(feature = "postgres")]
    backends.push(Box::new(jit_backend_postgres::PostgresKind));
    let mut approvals: Vec<Box<dyn jit_approval::Kind>> = vec![Box::new(TerminalKind::new(out))];
    #[cfg(feature = "slack")]
    approvals.push(Box::new(jit_approval_slack::SlackKind));
    Kinds { backends, approvals }
}

/// The kinds for commands that only read a config: nothing is written anywhere.
pub fn offline_kinds() -> Kinds {
    kinds(Out::nowhere())
}

/// Where cards for approvers are written when the broker runs in a terminal.
pub fn terminal_out() -> Out {
    use std::io::IsTerminal as _;
    if !std::io::stderr().is_terminal() {
        return Out::nowhere();
    }
    Out::new(std::io::stderr()).unwrap_or_else(|_| Out::nowhere())
}

/// A house that is open: while this lives, no other process has its state.
pub struct Open {
    /// The house.
    pub house: Arc<House>,
    /// Where its state is.
    pub state: PathBuf,
    lock: state::Held,
    driver: Driver,
}

/// The driver, which ends with the house that it drives.
struct Driver(tokio::task::JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How often it is looked whether the last who was at work in a house has left.
const LOOK: Duration = Duration::from_millis(20);

impl Open {
    /// Closes the house: nothing new is begun, and what is under way (a claim, an end that a target is slow to make) may
    /// come to its end within `patience`. What takes longer keeps the state locked until it is over, so that nobody else
    /// opens it meanwhile.
    pub async fn close(self, patience: Duration) {
        let Self { house, lock, driver, .. } = self;
        drop(driver);
        let left = Arc::downgrade(&house);
        drop(house);
        let mut over = Box::pin(async move {
            while left.strong_count() > 0 {
                tokio::time::sleep(LOOK).await;
            }
            drop(lock);
        });
        if tokio::time::timeout(patience, &mut over).await.is_err() {
            tracing::warn!("something of the house that was closed is still under way; its state stays locked");
            tokio::spawn(over);
        }
    }
}

/// Why a house can't be opened: what is so, and the way out.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct OpenError {
    /// What is so.
    pub message: String,
    /// The way out.
    pub hint: String,
}

impl OpenError {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// Opens a house on its state directory and starts its driver.
///
/// # Errors
/// What can't be opened, and the way out.
pub async fn open_house(loaded: &Loaded, directory: &Path) -> Result<Open, OpenError> {
    open_house_at(loaded, directory, Arc::new(SystemClock)).await
}

/// Opens a house whose time another clock tells.
///
/// # Errors
/// As [`open_house`].
pub async fn open_house_at(loaded: &Loaded, directory: &Path, clock: Arc<dyn Clock>) -> Result<Open, OpenError> {
    let lock = state::lock(directory)?;
    let id = state::house_id(directory)?;
    let seed = state::checkpoint_seed(directory)?;
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let broken = |what: &str, error: String| {
        OpenError::new(format!("{what} can't be opened: {error}"), "see `jit doctor`, or restore with `jit restore`")
    };
    let keys = SqliteKeys::open(&directory.join(state::KEYS), Arc::clone(&random)).await;
    let keys = Arc::new(keys.map_err(|e| broken("the store of keys", e.to_string()))?);
    let openings = SqliteOpenings::open(&directory.join(state::OPENINGS)).await;
    let openings = Arc::new(openings.map_err(|e| broken("the store of openings", e.to_string()))?);
    let sealer = || Sealer::new(Arc::clone(&keys) as _, Arc::clone(&random));
    let store = SqliteStore::open(&directory.join(state::STORE), sealer(), Arc::clone(&openings) as _).await;
    let store = store.map_err(|e| broken("the store", e.to_string()))?;
    let signer = Signer::from_seed(id, &seed).map_err(|e| broken("the checkpoint key", e.to_string()))?;
    let secrets = HouseSecrets::new(loaded.base.clone());
    let parts = Parts {
        id,
        store: Arc::new(store),
        keys: Arc::clone(&keys) as _,
        openings,
        sealer: sealer(),
        signer,
        clock,
        random: Arc::clone(&random),
        rules: loaded.rules.clone(),
        outfit: Outfit {
            backends: open_backends(loaded, id, &secrets).await?,
            targets: loaded.backends.iter().map(|(name, config)| (name.clone(), config.target())).collect(),
            channels: open_channels(loaded, &secrets).await?,
            alerts: loaded.broker.alerts.clone(),
        },
    };
    let house = House::new(parts);
    let seen = state::high_water(directory);
    let begun = driver::begin(&house, loaded.revision, seen).await;
    begun.map_err(|e| broken("the house", e.to_string()))?;
    let driver = Driver(tokio::spawn(run(Arc::clone(&house), directory.to_owned())));
    Ok(Open { house, state: directory.to_owned(), lock, driver })
}

/// The driver, those who listen to the channels, and the one who signs checkpoints and remembers how far the log had come.
async fn run(house: Arc<House>, directory: PathBuf) {
    let remember = driver::checkpoints(Arc::clone(&house), move |size| state::remember(&directory, size));
    let identify = Arc::new(crate::identity::Identities::new(Arc::clone(&house)));
    let listen = driver::listen(Arc::clone(&house), identify);
    tokio::join!(driver::run(Arc::clone(&house)), driver::look_around(house), remember, listen);
}

async fn open_backends(
    loaded: &Loaded,
    house: HouseId,
    secrets: &HouseSecrets,
) -> Result<BTreeMap<jit_types::BackendName, Arc<dyn jit_backend::Backend>>, OpenError> {
    let mut opened = BTreeMap::new();
    for (name, config) in &loaded.backends {
        let backend = config.open(house, secrets).await.map_err(|error| {
            OpenError::new(
                format!("the backend `{name}` can't be opened: {error}"),
                format!("mend `[backends.{name}]`"),
            )
        })?;
        opened.insert(name.clone(), backend);
    }
    Ok(opened)
}

async fn open_channels(
    loaded: &Loaded,
    secrets: &HouseSecrets,
) -> Result<BTreeMap<jit_types::ChannelName, Arc<dyn jit_approval::Adapter>>, OpenError> {
    let mut opened = BTreeMap::new();
    for (name, config) in &loaded.approvals {
        let channel = config.open(secrets).await.map_err(|error| {
            OpenError::new(
                format!("the channel `{name}` can't be opened: {error}"),
                format!("mend `[approvals.{name}]`"),
            )
        })?;
        opened.insert(name.clone(), channel);
    }
    Ok(opened)
}

/// The manifest that a Slack app is made from, as JSON; with the right to see e-mail addresses, where people are known by them.
///
/// # Errors
/// Why there is none, as a sentence.
pub fn slack_manifest(by_mail: bool) -> Result<String, String> {
    #[cfg(feature = "slack")]
    let manifest = Ok(format!("{:#}", jit_approval_slack::manifest(by_mail)));
    #[cfg(not(feature = "slack"))]
    let manifest = Err(format!("this jit was built without slack ({by_mail})"));
    manifest
}

/// A new CA for SSH certificates: the private key in OpenSSH's format, and its public line.
///
/// # Errors
/// Why there is none, as a sentence.
pub fn ssh_ca() -> Result<(jit_types::Secret, String), String> {
    #[cfg(feature = "ssh")]
    let made = jit_backend_ssh::generate_ca().map_err(|error| error.to_string());
    #[cfg(not(feature = "ssh"))]
    let made = Err("this jit was built without ssh".to_owned());
    made
}

/// The lines that every host's sshd_config gets.
///
/// # Errors
/// Why there are none, as a sentence.
pub fn sshd_lines(ca: &Path, principals: &Path, krl: Option<&Path>) -> Result<String, String> {
    #[cfg(feature = "ssh")]
    let lines = {
        let krl = krl.map(Path::to_string_lossy);
        Ok(jit_backend_ssh::sshd_lines(&jit_backend_ssh::HostFiles {
            trusted_ca: &ca.to_string_lossy(),
            principals: &principals.to_string_lossy(),
            krl: krl.as_deref(),
        }))
    };
    #[cfg(not(feature = "ssh"))]
    let lines = Err(format!("this jit was built without ssh ({ca:?}, {principals:?}, {krl:?})"));
    lines
}

/// What makes a host one that the broker may look at: two commands, and the lines for the end of its sshd_config.
///
/// # Errors
/// Why there are none, as a sentence.
pub fn ssh_probe_lines(account: &str, principals: &Path) -> Result<[String; 3], String> {
    #[cfg(feature = "ssh")]
    let lines = Ok(jit_backend_ssh::probe_lines(
        account,
        &jit_backend_ssh::HostFiles {
            principals: &principals.to_string_lossy(),
            ..jit_backend_ssh::HostFiles::default()
        },
    ));
    #[cfg(not(feature = "ssh"))]
    let lines = Err(format!("this jit was built without ssh ({account}, {principals:?})"));
    lines
}

/// The SQL that makes the broker's login in a PostgreSQL of this major version.
///
/// # Errors
/// When a name is none, as a sentence.
pub fn postgres_setup(broker: &str, members: &[&str], databases: &[&str], major: u32) -> Result<String, String> {
    #[cfg(feature = "postgres")]
    let sql = {
        let ident = |name: &str| name.parse().map_err(|_| format!("`{name}` is no PostgreSQL name"));
        let list = |names: &[&str]| names.iter().map(|name| ident(name)).collect::<Result<Vec<_>, _>>();
        Ok(jit_backend_postgres::setup_sql(&ident(broker)?, &list(members)?, &list(databases)?, major))
    };
    #[cfg(not(feature = "postgres"))]
    let sql = Err(format!("this jit was built without postgres ({broker}, {members:?}, {databases:?}, {major})"));
    sql
}

/// The SQL that makes the broker's login, which has no CREATEROLE, and the functions that it makes logins through.
///
/// # Errors
/// When a name is none, as a sentence.
pub fn postgres_functions(
    house: HouseId,
    broker: &str,
    members: &[&str],
    databases: &[&str],
    major: u32,
) -> Result<String, String> {
    #[cfg(feature = "postgres")]
    let sql = {
        let ident = |name: &str| name.parse().map_err(|_| format!("`{name}` is no PostgreSQL name"));
        let list = |names: &[&str]| names.iter().map(|name| ident(name)).collect::<Result<Vec<_>, _>>();
        let (members, databases) = (list(members)?, list(databases)?);
        Ok(jit_backend_postgres::functions_sql(house, &ident(broker)?, &members, &databases, None, major))
    };
    #[cfg(not(feature = "postgres"))]
    let sql =
        Err(format!("this jit was built without postgres ({house}, {broker}, {members:?}, {databases:?}, {major})"));
    sql
}

/// Copies one of the house's files while a broker may be writing to it.
///
/// # Errors
/// Why there is no copy, as a sentence.
pub async fn copy_store(from: &Path, to: &Path) -> Result<(), String> {
    jit_engine::store::sqlite::backup::copy(from, to).await.map_err(|error| error.to_string())
}

/// Whether a copy of one of the house's files is sound.
///
/// # Errors
/// Why it is not, as a sentence.
pub async fn sound_store(path: &Path) -> Result<(), String> {
    jit_engine::store::sqlite::backup::sound(path).await.map_err(|error| error.to_string())
}

/// What a copy of the store holds: how many entries its log has, and its newest signed checkpoint.
///
/// # Errors
/// When it is no sound store, as a sentence.
pub async fn look_at_store(path: &Path) -> Result<(u64, Option<String>), String> {
    let looked = jit_engine::store::sqlite::backup::look(path).await.map_err(|error| error.to_string())?;
    Ok((looked.log_size, looked.checkpoint))
}
