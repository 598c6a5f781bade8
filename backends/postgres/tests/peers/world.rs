//! What each trial gets: a database, a member role, a broker and a house of its own on a shared server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jit_backend::{Backend, BoxFuture, Handle, Issued, Kind as _, Lease, Order, Scope, SecretError, Secrets, Seen};
use jit_backend_postgres::{Ident, PostgresKind, Target, functions_sql, setup_sql};
use jit_types::settings::{Node, NodeValue, Reader, SecretRef, Table};
use jit_types::{ClaimId, Digest, GrantId, HouseId, Material, Secret, Timestamp, Window, scram};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};

use crate::server::{Server, shared, versions};

static NUMBER: AtomicU32 = AtomicU32::new(1);

/// A number that nothing else in this process has.
pub(crate) fn number() -> u32 {
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

#[allow(clippy::disallowed_methods, reason = "tests run against servers that have a clock")]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Timestamp::from_millis(i64::try_from(since.as_millis()).expect("in range"))
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    use std::io::Read as _;
    std::fs::File::open("/dev/urandom").expect("random").read_exact(&mut bytes).expect("bytes");
    bytes
}

/// Reads the one secret of a trial.
struct OneSecret(&'static str);

impl Secrets for OneSecret {
    fn read<'a>(&'a self, _: &'a SecretRef) -> BoxFuture<'a, Result<Secret, SecretError>> {
        Box::pin(async { Ok(Secret::new(self.0.to_owned())) })
    }
}

pub(crate) const BROKER_PASSWORD: &str = "broker-password-canary";

/// A value for a config table.
pub(crate) fn text(t: impl Into<String>) -> Node {
    Node { span: 0..1, value: NodeValue::Text(t.into()) }
}

pub(crate) fn table(entries: Vec<(&str, Node)>) -> Table {
    let entries: BTreeMap<_, _> = entries.into_iter().map(|(k, n)| (k.to_owned(), (0..1, n))).collect();
    Table { span: 0..1, entries }
}

/// Opens a backend on a port, as a house.
pub(crate) async fn open(house: HouseId, broker: &Ident, port: u16, standbys: &[u16]) -> Arc<dyn Backend> {
    open_url(house, url(broker, port), standbys.iter().map(|p| url(broker, *p)).collect()).await
}

fn url(broker: &Ident, port: u16) -> String {
    let user: String = broker.as_str().bytes().map(|b| format!("%{b:02x}")).collect();
    format!("postgres://{user}@127.0.0.1:{port}/postgres?sslmode=disable")
}

fn entries(url: String, standbys: Vec<String>) -> Vec<(&'static str, Node)> {
    let mut entries = vec![
        ("url", text(url)),
        ("password", Node { span: 0..1, value: NodeValue::Table(table(vec![("env", text("X"))])) }),
        ("statement_timeout", text("5s")),
    ];
    if !standbys.is_empty() {
        let list = standbys.into_iter().map(text).collect();
        entries.push(("standbys", Node { span: 0..1, value: NodeValue::List(list) }));
    }
    entries
}

/// Opens a backend by its urls.
pub(crate) async fn open_url(house: HouseId, url: String, standbys: Vec<String>) -> Arc<dyn Backend> {
    open_entries(house, &table(entries(url, standbys))).await
}

async fn open_entries(house: HouseId, entries: &Table) -> Arc<dyn Backend> {
    let mut faults = Vec::new();
    let mut reader = Reader::new(entries, "backends.shop", &mut faults);
    let config = PostgresKind.config(&mut reader);
    reader.finish();
    assert_eq!(faults, []);
    config.expect("a sound config").open(house, &OneSecret(BROKER_PASSWORD)).await.expect("a backend")
}

/// How a trial's broker makes logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    CreateRole,
    Functions,
}

pub(crate) const WAYS: [Way; 2] = [Way::CreateRole, Way::Functions];

/// One trial's surroundings.
pub(crate) struct World {
    pub(crate) way: Way,
    pub(crate) server: Arc<Server>,
    pub(crate) house: HouseId,
    pub(crate) broker: Ident,
    pub(crate) reader: Ident,
    pub(crate) database: Ident,
    pub(crate) backend: Arc<dyn Backend>,
}

/// A client: its password, and what it sends.
pub(crate) struct Client {
    pub(crate) password: String,
    pub(crate) material: Material,
}

pub(crate) fn client() -> Client {
    client_with(&random::<16>())
}

pub(crate) fn client_with(salt: &[u8]) -> Client {
    let secret = scram::password(&random::<32>());
    let verifier = scram::verifier(&secret, salt, 4096).expect("a verifier");
    Client { password: secret.expose_secret().to_owned(), material: Material::ScramVerifier(verifier) }
}

pub(crate) fn house() -> HouseId {
    HouseId::from_parts(now(), random())
}

impl World {
    pub(crate) async fn new(version: u32, way: Way) -> Self {
        Self::named(shared(version).await, way, "").await
    }

    /// With names that end in something.
    pub(crate) async fn named(server: Arc<Server>, way: Way, tail: &str) -> Self {
        let n = number();
        let ident = |what: &str| format!("{what}{n}{tail}").parse::<Ident>().expect("a name");
        let (broker, reader, database) = (ident("broker"), ident("reader"), ident("shop"));
        let house = house();
        prepare(&server, house, way, &broker, &reader, &database).await;
        let backend = open(house, &broker, server.port, &[]).await;
        Self { way, server, house, broker, reader, database, backend }
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope(serde_json::json!({"databases": [self.database.as_str()], "member_of": [self.reader.as_str()]}))
    }

    /// The same target, as the setup reads it.
    pub(crate) fn target(&self) -> Target {
        self.target_by("postgres")
    }

    /// The same target, by another of the server's databases.
    pub(crate) fn target_by(&self, database: &str) -> Target {
        let url = url(&self.broker, self.server.port).replace("/postgres?", &format!("/{database}?"));
        let mut entries = entries(url, Vec::new());
        if self.way == Way::Functions {
            entries.push(("through", text("functions")));
        }
        let entries = table(entries);
        let mut faults = Vec::new();
        let mut reader = Reader::new(&entries, "backends.shop", &mut faults);
        let target = Target::read(&mut reader);
        reader.finish();
        assert_eq!(faults, []);
        target.expect("a sound config")
    }

    /// A backend whose config says how it makes logins.
    pub(crate) async fn written(&self) -> Arc<dyn Backend> {
        let mut entries = entries(url(&self.broker, self.server.port), Vec::new());
        entries.push(("through", text(if self.way == Way::Functions { "functions" } else { "createrole" })));
        open_entries(self.house, &table(entries)).await
    }

    /// Runs the setup for these scopes as an administrator.
    pub(crate) async fn set_up(&self, scopes: &[Scope]) -> Result<Vec<String>, jit_backend::Error> {
        self.set_up_as("admin", scopes).await
    }

    /// The same as another administrator, whose password is the administrator's.
    pub(crate) async fn set_up_as(&self, who: &str, scopes: &[Scope]) -> Result<Vec<String>, jit_backend::Error> {
        let plans = self.target().plans(self.house, self.server.version, scopes).expect("plans");
        let password = Secret::new("admin-password".to_owned());
        self.target().carry_out(&who.parse().expect("a name"), Some(&password), &plans).await
    }

    /// Issues a login with another scope than the trial's.
    pub(crate) async fn issue_scope(&self, scope: Scope) -> Result<Login, jit_backend::Error> {
        let client = client();
        let order = order(self.house, scope, client.material.digest(), 600);
        let issued = self.backend.issue(&order, Some(&client.material)).await?;
        Ok(Login { client, order, issued })
    }

    /// An order that lives some seconds, and may be carried out for ten.
    pub(crate) fn order(&self, client: &Client, seconds: i64) -> Order {
        order(self.house, self.scope(), client.material.digest(), seconds)
    }

    pub(crate) async fn issue(&self, seconds: i64) -> Login {
        let client = client();
        let order = self.order(&client, seconds);
        let issued = self.backend.issue(&order, Some(&client.material)).await.expect("issued");
        Login { client, order, issued }
    }

    pub(crate) async fn connect(&self, login: &Login, options: &[(&str, &str)]) -> Result<PgConnection, sqlx::Error> {
        self.server.try_connect(&login.user(), &login.client.password, self.database.as_str(), options).await
    }

    /// Runs statements in the trial's database as superuser.
    pub(crate) async fn sql(&self, sql: &str) {
        self.server.sql(self.database.as_str(), sql).await;
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.server.number(self.database.as_str(), sql).await
    }

    /// One text, asked as superuser.
    pub(crate) async fn words(&self, sql: &str) -> String {
        let mut admin = self.server.admin(self.database.as_str()).await;
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut admin).await.expect("a text")
    }

    /// The roles that bear the house's mark.
    pub(crate) async fn marked(&self) -> Vec<String> {
        let mut admin = self.server.admin("postgres").await;
        let pattern = format!("^jit_{}_[0-9a-z]{{26}}$", self.house.digits());
        sqlx::query("SELECT rolname::text FROM pg_roles WHERE rolname ~ $1 ORDER BY 1")
            .bind(pattern)
            .fetch_all(&mut admin)
            .await
            .expect("roles")
            .iter()
            .map(|r| r.get(0))
            .collect()
    }

    /// Ends a login and proves it.
    pub(crate) async fn end(&self, login: &Login) -> Vec<String> {
        let revoked = self.backend.revoke(&login.lease()).await.expect("revoked");
        self.proven(&login.lease()).await;
        revoked.evidence.iter().map(|w| w.as_str().to_owned()).collect()
    }

    /// Probes until it is proven gone; who hides while logging in elsewhere on the server may delay the proof.
    pub(crate) async fn proven(&self, lease: &Lease) {
        let mut last = None;
        for _ in 0..20 {
            match self.backend.probe(lease).await.expect("probed") {
                Seen::Gone(proof) => {
                    assert_eq!(proof.grade, jit_types::Grade::Observed, "{proof:?}");
                    return;
                }
                other => last = Some(other),
            }
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        panic!("PostgreSQL {}: not gone: {last:?}", self.server.version);
    }
}

pub(crate) fn order(house: HouseId, scope: Scope, material: Digest, seconds: i64) -> Order {
    let now = now();
    Order {
        house,
        grant: GrantId::from_parts(now, random()),
        claim: ClaimId::from_parts(now, random()),
        entitlement: 0,
        person: "alice@example.com".parse().expect("a person"),
        window: Window { start: now, end: now.plus_millis(seconds * 1000) },
        deadline: now.plus_millis(10_000),
        scope,
        material,
    }
}

/// Sets a database, a member role and a broker up, by the statements that an administrator is told to run.
pub(crate) async fn prepare(
    server: &Server,
    house: HouseId,
    way: Way,
    broker: &Ident,
    reader: &Ident,
    database: &Ident,
) {
    server.sql("postgres", &format!("CREATE DATABASE {}", database.quoted())).await;
    set_up(server, house, way, broker, reader, database).await;
    server.sql("postgres", &format!("ALTER ROLE {} PASSWORD '{BROKER_PASSWORD}'", broker.quoted())).await;
    let (r, d) = (reader.quoted(), database.as_str());
    server
        .sql(
            d,
            &format!(
                "CREATE TABLE orders (id int PRIMARY KEY, what text); INSERT INTO orders VALUES (1, 'tea'), (2, 'salt'); \
                 GRANT SELECT ON orders TO {r}"
            ),
        )
        .await;
}

/// Runs the statements that an administrator is told to run.
pub(crate) async fn set_up(
    server: &Server,
    house: HouseId,
    way: Way,
    broker: &Ident,
    reader: &Ident,
    database: &Ident,
) {
    // GRANT on a database is a read, a change and a write of one row.
    static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _one = ONE.lock().await;
    let (members, databases) = (std::slice::from_ref(reader), std::slice::from_ref(database));
    let sql = match way {
        Way::CreateRole => setup_sql(broker, members, databases, server.version),
        Way::Functions => functions_sql(house, broker, members, databases, None, server.version),
    };
    server.sql("postgres", &sql).await;
}

/// An issued login.
pub(crate) struct Login {
    pub(crate) client: Client,
    pub(crate) order: Order,
    pub(crate) issued: Issued,
}

impl Login {
    pub(crate) fn user(&self) -> String {
        match &self.issued.form {
            jit_types::Form::Postgres(form) => form.user.clone(),
            jit_types::Form::Ssh(_) => unreachable!("a PostgreSQL login"),
        }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.issued.handle.clone()
    }

    pub(crate) fn lease(&self) -> Lease {
        Lease { order: self.order.clone(), handle: Some(self.handle()) }
    }

    pub(crate) fn lease_without_handle(&self) -> Lease {
        Lease { order: self.order.clone(), handle: None }
    }
}

/// Reads the orders, as the member role may.
pub(crate) async fn read(session: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM public.orders").fetch_one(session).await
}

/// Runs statements in a session.
pub(crate) async fn run(session: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(session).await.map(|_| ())
}

/// Runs a trial on every version that is here, both ways.
pub(crate) async fn each<F, Fut>(trial: F)
where
    F: Fn(World) -> Fut,
    Fut: Future<Output = ()>,
{
    for way in WAYS {
        each_through(way, &trial).await;
    }
}

/// Runs a trial on every version that is here.
pub(crate) async fn each_through<F, Fut>(way: Way, trial: F)
where
    F: Fn(World) -> Fut,
    Fut: Future<Output = ()>,
{
    for version in versions() {
        eprintln!("on PostgreSQL {version}, {way:?}");
        trial(World::new(*version, way).await).await;
    }
}

/// Whether evidence says something.
pub(crate) fn says(evidence: &[String], what: &str) -> bool {
    evidence.iter().any(|e| e.contains(what))
}
