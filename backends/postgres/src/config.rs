//! The static half: reads `[backends.NAME]` and `[[roles.NAME.gives]]`, offline and with all mistakes at once.

use std::sync::Arc;

use jit_backend::{Backend, BoxFuture, Config, Error, Kind, Schemas, Scope, Secrets, Setup};
use jit_types::settings::{FromNode, List, Node, Reader, SecretRef};
use jit_types::{HouseId, Span};

use crate::Postgres;
use crate::schema;
use crate::url::{Host, SslMode, Url};

/// How long one statement may take, where the config does not say.
const STATEMENT_TIMEOUT: Span = Span::from_secs(15);
/// The longest life that functions in the target allow a login, where the config does not say.
pub(crate) const LONGEST: Span = Span::from_secs(24 * 3600);
/// What may be written as `longest`.
const SHORTEST_BOUND: Span = Span::from_secs(60);
const LONGEST_BOUND: Span = Span::from_secs(30 * 24 * 3600);

/// The kind `postgres`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PostgresKind;

impl Kind for PostgresKind {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn schemas(&self) -> Schemas {
        schema::schemas()
    }

    fn config(&self, reader: &mut Reader<'_>) -> Option<Box<dyn Config>> {
        Settings::read(reader).map(|s| Box::new(Read(Arc::new(s))) as Box<dyn Config>)
    }
}

/// One target's config.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) url: Url,
    pub(crate) password: Option<SecretRef>,
    pub(crate) clients: Clients,
    pub(crate) standbys: Vec<Url>,
    pub(crate) statement_timeout: Span,
    /// How logins are made; `None` where the config leaves it to what stands in the target.
    pub(crate) through: Option<Through>,
    /// The longest life of a login; through functions always bounded.
    pub(crate) longest: Option<Span>,
}

/// How the broker makes and ends logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Through {
    /// By itself, with CREATEROLE.
    CreateRole,
    /// Through functions that the setup made; without CREATEROLE.
    Functions,
}

impl FromNode for Through {
    const EXPECTED: &'static str = "\"functions\" or \"createrole\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        match String::from_node(node)?.as_str() {
            "functions" => Ok(Self::Functions),
            "createrole" => Ok(Self::CreateRole),
            _ => Err(String::new()),
        }
    }
}

/// What the client is told.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) sslmode: SslMode,
    pub(crate) root_certificate: Option<String>,
}

impl Clients {
    fn of(url: &Url) -> Self {
        Self {
            host: url.host.text(),
            port: url.port,
            sslmode: url.sslmode,
            root_certificate: url.root_certificate.clone(),
        }
    }

    /// libpq's `channel_binding`: over TLS it is required, so that a server which has only the verifier can't pass
    /// itself off as the real one; without TLS there is nothing to bind to.
    pub(crate) fn channel_binding(&self) -> &'static str {
        if self.sslmode == SslMode::Disable { "disable" } else { "require" }
    }
}

impl FromNode for Url {
    const EXPECTED: &'static str =
        "a url, as in \"postgres://jit@db.internal/postgres?sslrootcert=/etc/jit/db-ca.pem\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        Self::parse(&String::from_node(node)?)
    }
}

impl FromNode for SslMode {
    const EXPECTED: &'static str = "\"verify-full\", \"verify-ca\", \"require\" or \"disable\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        Self::parse(&String::from_node(node)?)
    }
}

impl Settings {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let url = reader.required::<Url>("url");
        let password = reader.optional::<SecretRef>("password");
        let standbys = reader.optional::<List<Url>>("standbys").map_or_else(Vec::new, |l| l.0);
        let statement_timeout = statement_timeout(reader);
        let through = reader.optional::<Through>("through");
        let longest = longest(reader, through);
        let clients = clients(reader, url.as_ref());
        Some(Self {
            url: url?,
            password,
            clients: clients?,
            standbys,
            statement_timeout: statement_timeout?,
            through,
            longest: longest?,
        })
    }
}

fn statement_timeout(reader: &mut Reader<'_>) -> Option<Span> {
    let span = reader.optional::<Span>("statement_timeout").unwrap_or(STATEMENT_TIMEOUT);
    if !(1..=300).contains(&span.secs()) {
        let at = reader.span("statement_timeout");
        reader.fault(
            "statement_timeout",
            at,
            "not between 1s and 5m",
            "write how long one statement may take, as in \"15s\"",
        );
        return None;
    }
    Some(span)
}

fn longest(reader: &mut Reader<'_>, through: Option<Through>) -> Option<Option<Span>> {
    let written = reader.optional::<Span>("longest");
    if written.is_some_and(|span| span < SHORTEST_BOUND || span > LONGEST_BOUND) {
        let at = reader.span("longest");
        reader.fault("longest", at, "not between 1m and 30d", "write the longest life of a login, as in \"24h\"");
        return None;
    }
    Some(written.or((through == Some(Through::Functions)).then_some(LONGEST)))
}

fn clients(reader: &mut Reader<'_>, url: Option<&Url>) -> Option<Clients> {
    let default = url.map(Clients::of);
    let written = reader.table("clients", |r| {
        let host = r.optional::<String>("host");
        if host.as_deref() == Some("") {
            let at = r.span("host");
            r.fault("host", at, "`host` is empty", "write the host that clients connect to, or remove the key");
        }
        let port = r.optional::<i64>("port").and_then(|n| {
            let port = u16::try_from(n).ok().filter(|p| *p > 0);
            if port.is_none() {
                let at = r.span("port");
                r.fault("port", at, "not a port", "write a number from 1 to 65535");
            }
            port
        });
        let sslmode = r.optional::<SslMode>("sslmode");
        let root = r.optional::<String>("root_certificate");
        let mut clients = default.clone()?;
        if let Some(host) = host {
            let was_socket = clients.host.starts_with('/');
            clients.host = host;
            // A client that comes over TCP where the broker has a socket: TLS, unless the config says otherwise.
            if was_socket && !clients.host.starts_with('/') {
                clients.sslmode = SslMode::VerifyFull;
            }
        }
        if let Some(port) = port {
            clients.port = port;
        }
        if let Some(root) = root {
            clients.root_certificate = Some(root);
        }
        if let Some(mode) = sslmode {
            clients.sslmode = mode;
        }
        if clients.host.starts_with('/') {
            clients.sslmode = SslMode::Disable;
        }
        if matches!(clients.sslmode, SslMode::VerifyCa | SslMode::VerifyFull) && clients.root_certificate.is_none() {
            let at = r.span("root_certificate");
            r.fault(
                "root_certificate",
                at,
                "`root_certificate` is missing: the client has nothing to check the server's certificate with",
                "write a file at the client, or \"system\"",
            );
            return None;
        }
        Some(clients)
    });
    written.unwrap_or(default)
}

/// A config that was read and found sound.
struct Read(Arc<Settings>);

impl Config for Read {
    fn target(&self) -> String {
        let standbys: Vec<String> = self.0.standbys.iter().map(Url::target).collect();
        let c = &self.0.clients;
        format!(
            "{}; standbys {}; clients {}:{} {}",
            self.0.url.target(),
            standbys.join(" "),
            c.host,
            c.port,
            c.sslmode.as_str()
        )
    }

    fn scope(&self, reader: &mut Reader<'_>) -> Option<Scope> {
        crate::scope::read(reader)
    }

    fn setup(&self) -> Option<Box<dyn Setup>> {
        Some(Box::new(crate::admin::Admin::new(Settings::clone(&self.0))))
    }

    fn open<'a>(&'a self, house: HouseId, secrets: &'a dyn Secrets) -> BoxFuture<'a, Result<Arc<dyn Backend>, Error>> {
        Box::pin(async move {
            let password = match &self.0.password {
                Some(reference) => Some(secrets.read(reference).await?),
                None => None,
            };
            Ok(Arc::new(Postgres::new(house, Arc::clone(&self.0), password.as_ref())?) as Arc<dyn Backend>)
        })
    }
}

impl Host {
    /// Whether connections to it can be read by others on the way.
    pub(crate) fn is_tcp(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_types::settings::{Fault, NodeValue, Table};

    fn text(t: &str) -> Node {
        Node { span: 0..1, value: NodeValue::Text(t.to_owned()) }
    }

    fn table(entries: Vec<(&str, Node)>) -> Table {
        Table { span: 0..1, entries: entries.into_iter().map(|(k, n)| (k.to_owned(), (0..1, n))).collect() }
    }

    fn read(table: &Table) -> (Option<Box<dyn Config>>, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut reader = Reader::new(table, "backends.shop", &mut faults);
        let config = PostgresKind.config(&mut reader);
        reader.finish();
        (config, faults)
    }

    #[test]
    fn all_mistakes_come_at_once() {
        let inner = table(vec![("port", Node { span: 0..1, value: NodeValue::Integer(0) })]);
        let (config, faults) = read(&table(vec![
            ("url", text("postgres://jit@db/x?sslmode=prefer")),
            ("password", text("hunter2")),
            ("statement_timeout", text("9h")),
            ("clients", Node { span: 0..1, value: NodeValue::Table(inner) }),
            ("standby", text("x")),
        ]));
        assert!(config.is_none());
        let keys: Vec<_> = faults.iter().map(|f| f.key.as_str()).collect();
        for key in ["url", "password", "statement_timeout", "clients.port", "standby"] {
            assert!(keys.contains(&format!("backends.shop.{key}").as_str()), "{keys:?} lacks {key}");
        }
        assert!(!format!("{faults:?}").contains("hunter2"));
    }

    #[test]
    fn clients_over_tcp_get_tls_and_channel_binding() {
        let (config, faults) = read(&table(vec![("url", text("postgres://jit@db/x?sslrootcert=/ca.pem"))]));
        assert_eq!(faults, []);
        assert!(config.expect("a config").target().ends_with("clients db:5432 verify-full"));
        let socket = Url::parse("postgres://jit@/x?host=/run").expect("a url");
        assert_eq!(Clients::of(&socket).channel_binding(), "disable");
        let tcp = Url::parse("postgres://jit@db/x?sslrootcert=system").expect("a url");
        assert_eq!(Clients::of(&tcp).channel_binding(), "require");
        assert!(tcp.host.is_tcp() && !socket.host.is_tcp());
    }
}
