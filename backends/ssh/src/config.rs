//! The static half: `[backends.NAME]` with `kind = "ssh"`.

use std::path::PathBuf;
use std::sync::Arc;

use jit_backend::{Backend, BoxFuture, Config, Error, ErrorKind, Kind, Schemas, Scope, Secrets};
use jit_types::settings::Reader;
use jit_types::{HouseId, Span, Timestamp};
use serde_json::Map;

use crate::backend::Ssh;
use crate::ca::{Ca, Source};
use crate::key::PublicKey;
use crate::names::{Account, HostPattern, KnownHost};
use crate::probe::settings::Probe;
use crate::schema;
use crate::scope::{SshScope, items};

/// What tells the time: the house's clock as a function.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The kind `ssh`.
#[derive(Clone)]
pub struct SshKind {
    now: Now,
}

impl SshKind {
    /// Makes the kind. What it opens signs by itself, so it asks this clock whether an order's deadline has passed.
    pub fn new(now: Now) -> Self {
        Self { now }
    }
}

/// What stands in the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the CA's key is.
    pub ca: Source,
    /// Where the revocation list is published.
    pub krl: Option<PathBuf>,
    /// The hosts that a scope means that names none.
    pub hosts: Vec<HostPattern>,
    /// What vouches for the hosts at the client.
    pub known_hosts: Vec<KnownHost>,
    /// The account of scopes that name none.
    pub user: Option<Account>,
    /// By how much a certificate begins earlier than its window, for hosts whose clock is late.
    pub clock_skew: Span,
    /// The hosts that the broker may log in to in order to look.
    pub probe: Option<Probe>,
}

impl Settings {
    /// Settings with this CA and nothing else.
    pub fn new(ca: Source) -> Self {
        Self {
            ca,
            krl: None,
            hosts: Vec::new(),
            known_hosts: Vec::new(),
            user: None,
            clock_skew: Self::CLOCK_SKEW,
            probe: None,
        }
    }

    /// How far a certificate is dated back unless the config says otherwise.
    pub const CLOCK_SKEW: Span = Span::from_secs(30);
    /// How far it may be dated back at most.
    const MOST_SKEW: Span = Span::from_secs(600);

    /// Reads `[backends.NAME]`.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let ca = if reader.node("ca").is_some() {
            reader.table("ca", source).flatten()
        } else {
            reader.required::<String>("ca");
            None
        };
        let krl = path(reader, "krl");
        let mut sound = krl.is_ok();
        let mut map = Map::new();
        sound &= items::<HostPattern>(reader, "hosts", 256, &mut map);
        sound &= items::<KnownHost>(reader, "known_hosts", 256, &mut map);
        let user = reader.optional("user");
        sound &= user.is_some() || reader.node("user").is_none();
        let skew = reader.optional::<Span>("clock_skew");
        sound &= skew.is_some() || reader.node("clock_skew").is_none();
        let clock_skew = skew.unwrap_or(Self::CLOCK_SKEW);
        if clock_skew > Self::MOST_SKEW {
            let span = reader.span("clock_skew");
            reader.fault("clock_skew", span, "`clock_skew` is at most 10m", "set the hosts' clocks by NTP instead");
            sound = false;
        }
        let probe = reader.table("probe", Probe::read);
        sound &= probe.is_none() == reader.node("probe").is_none() && !matches!(probe, Some(None));
        // A host's key is never taken on trust, and without a list there is nothing to look for.
        for (key, remedy) in [
            ("krl", "add `krl = \"/path\"`: what is looked for on the hosts is this list"),
            ("known_hosts", "add `known_hosts = [\"…\"]` with a line for each probe host: no key is taken on trust"),
        ] {
            if reader.node("probe").is_some() && reader.node(key).is_none() {
                let span = reader.span("probe");
                reader.fault("probe", span, format!("`probe` needs `{key}`"), remedy);
                sound = false;
            }
        }
        let names = |key: &str| map.get(key).cloned().unwrap_or(serde_json::Value::Array(Vec::new()));
        let hosts = serde_json::from_value(names("hosts")).ok()?;
        let known_hosts = serde_json::from_value(names("known_hosts")).ok()?;
        let ca = ca?;
        sound.then_some(Self {
            ca,
            krl: krl.ok().flatten(),
            hosts,
            known_hosts,
            user,
            clock_skew,
            probe: probe.flatten(),
        })
    }
}

/// Reads an optional absolute path.
fn path(reader: &mut Reader<'_>, key: &'static str) -> Result<Option<PathBuf>, ()> {
    let Some(text) = reader.optional::<String>(key) else {
        return if reader.node(key).is_none() { Ok(None) } else { Err(()) };
    };
    let path = PathBuf::from(&text);
    let plain = path.file_name().is_some() && !text.chars().any(jit_types::proof::is_unsafe);
    if !path.is_absolute() || !plain {
        let span = reader.span(key);
        reader.fault(
            key,
            span,
            format!("`{key}` is not the absolute path of a file"),
            "write it as in \"/etc/jit/name\"",
        );
        return Err(());
    }
    Ok(Some(path))
}

/// Reads `ca = { file = … }` or `ca = { agent = …, socket = … }`.
fn source(reader: &mut Reader<'_>) -> Option<Source> {
    let file = path(reader, "file");
    let agent = reader.optional::<String>("agent");
    let socket = path(reader, "socket");
    let has = |reader: &mut Reader<'_>, key| reader.node(key).is_some();
    match (has(reader, "file"), has(reader, "agent"), has(reader, "socket")) {
        (true, false, false) => file.ok().flatten().map(Source::File),
        (false, true, true) => {
            let key = agent.as_deref().map(PublicKey::parse_line);
            if let Some(Err(_)) = key {
                let span = reader.span("agent");
                let rule = "`agent` is not the public line of an ed25519 key";
                reader.fault(
                    "agent",
                    span,
                    rule,
                    "write the CA's line as `ssh-add -L` prints it: \"ssh-ed25519 AAAA…\"",
                );
            }
            Some(Source::Agent { key: key?.ok()?, socket: socket.ok().flatten()? })
        }
        _ => {
            let span = reader.span("");
            let rule = "`ca` must say either where the key's file is, or which key of which agent it is";
            let remedy = "write { file = \"/path\" }, or { agent = \"ssh-ed25519 AAAA…\", socket = \"/path\" }";
            reader.fault("file", span, rule, remedy);
            None
        }
    }
}

impl Kind for SshKind {
    fn name(&self) -> &'static str {
        "ssh"
    }

    fn schemas(&self) -> Schemas {
        Schemas { config: schema::config(), scope: schema::scope() }
    }

    fn config(&self, reader: &mut Reader<'_>) -> Option<Box<dyn Config>> {
        let settings = Settings::read(reader)?;
        Some(Box::new(SshConfig { settings, now: Arc::clone(&self.now) }))
    }
}

struct SshConfig {
    settings: Settings,
    now: Now,
}

impl Config for SshConfig {
    fn target(&self) -> String {
        let ca = match &self.settings.ca {
            Source::File(path) => format!("file {}", path.display()),
            Source::Agent { key, .. } => format!("key {}", key.fingerprint()),
        };
        match &self.settings.krl {
            Some(krl) => format!("ssh ca {ca}, krl {}", krl.display()),
            None => format!("ssh ca {ca}, no krl"),
        }
    }

    fn publishes(&self) -> Vec<PathBuf> {
        self.settings.krl.iter().cloned().collect()
    }

    fn scope(&self, reader: &mut Reader<'_>) -> Option<Scope> {
        let scope = SshScope::template(reader)?;
        if let Some(probe) = &self.settings.probe
            && let Err(error) = unlike_probe(probe, &scope)
        {
            let span = reader.span("principals");
            reader.fault("principals", span, error.public.as_str(), "give the probe an account that no role names");
            return None;
        }
        Some(scope)
    }

    fn open<'a>(&'a self, house: HouseId, _secrets: &'a dyn Secrets) -> BoxFuture<'a, Result<Arc<dyn Backend>, Error>> {
        Box::pin(async move {
            let backend = Ssh::open(house, self.settings.clone(), Arc::clone(&self.now)).await?;
            Ok(Arc::new(backend) as Arc<dyn Backend>)
        })
    }
}

/// Refuses a scope that names the probe's own principal or account: the account is for looking, and what a role gives there
/// would count as the broker's own doing.
pub(crate) fn unlike_probe(probe: &Probe, scope: &Scope) -> Result<(), Error> {
    let own = |value: &serde_json::Value| value.as_str() == Some(probe.account.as_str());
    let principals = scope.0.get("principals").and_then(serde_json::Value::as_array);
    if principals.into_iter().flatten().any(own) || scope.0.get("user").is_some_and(own) {
        let what = format!("{} is the probe's own name, and no role may give it", probe.account);
        return Err(Error::new(ErrorKind::Misconfigured, what));
    }
    Ok(())
}

/// Opens the CA where files may be read.
pub(crate) async fn open_ca(source: &Source) -> Result<Ca, Error> {
    let source = source.clone();
    tokio::task::spawn_blocking(move || Ca::open(&source))
        .await
        .map_err(|_| Error::new(ErrorKind::Bug, "the CA's key could not be opened"))?
}
