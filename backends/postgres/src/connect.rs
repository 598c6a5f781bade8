//! Connections: a few per server, kept for a while, each with its session's settings and the server's identity.
//!
//! Rule of the house: an operation holds one connection at a time, so that the few can't block each other.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jit_backend::{Error, ErrorKind};
use jit_types::{Secret, Span};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error;
use crate::ident::{Ident, advised};
use crate::url::{Host, SslMode, Url};

/// How many connections one server gets at once from one broker.
const MOST: usize = 16;
/// How long a connection to a server may take to come about: eight times there and back.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept, and how long any.
const IDLE: Duration = Duration::from_secs(60);
const LIFE: Duration = Duration::from_secs(600);
/// The oldest server that is understood: `has_parameter_privilege` and `pg_parameter_acl` came with it.
const OLDEST: i32 = 150_000;

/// One server, with the connections to its databases.
pub(crate) struct Server {
    options: PgConnectOptions,
    main: Ident,
    target: String,
    statement_timeout: Duration,
    permits: Arc<Semaphore>,
    idle: Mutex<HashMap<String, Vec<Idle>>>,
}

struct Idle {
    connection: PgConnection,
    facts: Facts,
    born: Instant,
    since: Instant,
    slip: Slip,
}

/// The temporary table of a session by which verifiers travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    /// It has not been made yet.
    Missing,
    /// It is there, and what is in it is nobody's any more.
    Used,
    /// It is there, and empty.
    Empty,
}

/// What a session found out about its server when it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// `server_version_num`, as in 150018.
    pub(crate) version: i32,
    /// The cluster's system identifier (`pg_control_system`): the same on all its standbys, and on nothing else.
    pub(crate) system: String,
    /// The broker's own role.
    pub(crate) broker: i64,
    /// Its name.
    pub(crate) broker_name: String,
    /// Whether the server is a standby.
    pub(crate) standby: bool,
    /// Whether the broker may make roles by itself.
    pub(crate) createrole: bool,
}

impl Facts {
    /// 16 and later: memberships have options of their own, and CREATEROLE no longer reaches everything.
    pub(crate) fn membership_options(&self) -> bool {
        self.version >= 160_000
    }
}

impl Server {
    pub(crate) fn new(url: &Url, password: Option<&Secret>, statement_timeout: Span) -> Result<Self, Error> {
        // sqlx reads libpq's environment variables into these options. All but three are overwritten here; an
        // `options` that came from outside could switch roles, so it is refused, and an empty password is never sent.
        let options = PgConnectOptions::new_without_pgpass();
        if options.get_options().is_some() {
            return Err(Error::new(
                ErrorKind::Misconfigured,
                "PGOPTIONS is set in the broker's environment; it could change what its sessions do: unset it",
            ));
        }
        let options = options
            .port(url.port)
            .username(url.user.as_str())
            .password(password.map_or("", Secret::expose_secret))
            .application_name("jit")
            .disable_statement_logging();
        let options = match &url.host {
            Host::Tcp(host) => options.host(host),
            Host::Socket(path) => options.host("localhost").socket(path),
        };
        let options = options.ssl_mode(match url.sslmode {
            SslMode::Disable => PgSslMode::Disable,
            SslMode::Require => PgSslMode::Require,
            SslMode::VerifyCa => PgSslMode::VerifyCa,
            SslMode::VerifyFull => PgSslMode::VerifyFull,
        });
        let options = match url.root_certificate.as_deref() {
            Some("system") => options.ssl_root_cert(system_roots()?),
            Some(file) => options.ssl_root_cert(file),
            None => options.ssl_root_cert_from_pem(Vec::new()),
        };
        Ok(Self {
            options,
            main: url.database.clone(),
            target: url.target(),
            statement_timeout: statement_timeout.std(),
            permits: Arc::new(Semaphore::new(MOST)),
            idle: Mutex::new(HashMap::new()),
        })
    }

    /// Where it is, for evidence.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// The database of the url.
    pub(crate) fn main_database(&self) -> &Ident {
        &self.main
    }

    /// A connection to the url's own database.
    pub(crate) async fn main(&self) -> Result<Link<'_>, Error> {
        self.link(self.main.as_str()).await
    }

    /// A connection to one database.
    pub(crate) async fn link(&self, database: &str) -> Result<Link<'_>, Error> {
        let doing = "connect to the target";
        let permit = tokio::time::timeout(self.statement_timeout, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| error::timed_out("get one of the broker's connections"))?
            .map_err(|_| Error::new(ErrorKind::Bug, "the broker's connections are closed"))?;
        while let Some(mut idle) = self.take_idle(database) {
            // A look before use: the server may have restarted, or the network cut the connection, meanwhile.
            let alive = tokio::time::timeout(Duration::from_secs(2), idle.connection.ping()).await;
            match alive {
                Ok(Ok(())) => return Ok(Link { server: self, database: database.to_owned(), idle, permit }),
                Ok(Err(_)) => {}
                // One that does not answer is not alone: the others would only take as long each.
                Err(_) => self.forget_idle(),
            }
        }
        let opened = tokio::time::timeout(CONNECT, self.open(database)).await;
        let (connection, facts) = opened.map_err(|_| error::timed_out(doing))??;
        let now = Instant::now();
        let idle = Idle { connection, facts, born: now, since: now, slip: Slip::Missing };
        Ok(Link { server: self, database: database.to_owned(), idle, permit })
    }

    fn take_idle(&self, database: &str) -> Option<Idle> {
        let mut all = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, list| {
            list.retain(|i| i.since.elapsed() < IDLE && i.born.elapsed() < LIFE);
            !list.is_empty()
        });
        all.get_mut(database).and_then(Vec::pop)
    }

    fn forget_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn open(&self, database: &str) -> Result<(PgConnection, Facts), Error> {
        let doing = "connect to the target";
        let options = self.options.clone().database(database);
        let mut connection = options.connect().await.map_err(|e| error::of(&e, doing))?;
        // One message, before anything else runs, with one answer. `search_path` is empty, so that nothing that others
        // made is called by an unqualified name; the server's own messages are not wanted. With `debug_print_parse` the log
        // would get the parse tree of what sets the verifier.
        let settings = format!(
            "SET search_path = ''; SET client_min_messages = error; SET standard_conforming_strings = on; \
             SET lock_timeout = '3s'; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = '60s'; \
             SET default_transaction_isolation = 'read committed'; SET row_security = on; \
             SET jit = off; SET plan_cache_mode = force_generic_plan; \
             SET debug_print_parse = off; SET debug_print_rewritten = off; SET debug_print_plan = off; \
             SELECT current_setting('server_version_num')::int4, (SELECT system_identifier::text FROM pg_control_system()), \
             r.oid::int8, r.rolname::text, pg_is_in_recovery(), \
             r.rolcreaterole OR r.rolsuper FROM pg_roles r WHERE r.rolname = current_user",
            self.statement_timeout.as_millis()
        );
        let row =
            sqlx::raw_sql(AssertSqlSafe(settings)).fetch_one(&mut connection).await.map_err(
                |e| match error::sqlstate(&e).as_deref() {
                    // 42501: pg_control_system is not everybody's.
                    Some("42501") => no_identity(self.options.get_username()),
                    _ => error::of(&e, "read the target's identity"),
                },
            )?;
        let read = || -> Result<Facts, sqlx::Error> {
            Ok(Facts {
                version: row.try_get(0)?,
                system: row.try_get(1)?,
                broker: row.try_get(2)?,
                broker_name: row.try_get(3)?,
                standby: row.try_get(4)?,
                createrole: row.try_get(5)?,
            })
        };
        let facts = read().map_err(|e| error::of(&e, "read the target's identity"))?;
        if facts.version < OLDEST {
            return Err(Error::new(ErrorKind::Misconfigured, "the target is older than PostgreSQL 15"));
        }
        Ok((connection, facts))
    }
}

/// One connection in use. Dropped, it is closed; [`Link::finish`] keeps it for the next.
pub(crate) struct Link<'a> {
    server: &'a Server,
    database: String,
    idle: Idle,
    permit: OwnedSemaphorePermit,
}

impl Link<'_> {
    pub(crate) fn facts(&self) -> &Facts {
        &self.idle.facts
    }

    /// The connection itself.
    pub(crate) fn raw(&mut self) -> &mut PgConnection {
        &mut self.idle.connection
    }

    /// The state of the temporary table that verifiers travel by.
    pub(crate) fn slip(&mut self) -> &mut Slip {
        &mut self.idle.slip
    }

    /// Keeps the connection for the next one who needs it.
    pub(crate) fn finish(mut self) {
        self.idle.since = Instant::now();
        let mut all = self.server.idle.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(self.database).or_default().push(self.idle);
        drop(all);
        drop(self.permit);
    }

    /// Waits for a statement, somewhat longer than the server itself lets it run.
    pub(crate) fn limit(&self) -> Duration {
        self.server.statement_timeout + Duration::from_secs(2)
    }

    /// Runs statements of our own as one simple query: one message, which the server carries out from its arrival to
    /// its commit without another word from here.
    pub(crate) async fn run(&mut self, sql: String, doing: &'static str) -> Result<(), Error> {
        self.try_run(sql, doing).await?.map_err(|e| error::of(&e, doing))
    }

    /// As [`Link::run`], but hands a refusal of the server back to be looked at.
    pub(crate) async fn try_run(&mut self, sql: String, doing: &'static str) -> Result<Result<(), sqlx::Error>, Error> {
        let limit = self.limit();
        let run = sqlx::raw_sql(AssertSqlSafe(sql)).execute(self.raw());
        match tokio::time::timeout(limit, run).await {
            Err(_) => Err(error::timed_out(doing)),
            Ok(Ok(_)) => Ok(Ok(())),
            Ok(Err(e @ sqlx::Error::Database(_))) => Ok(Err(e)),
            Ok(Err(e)) => Err(error::of(&e, doing)),
        }
    }

    /// As [`Link::run`], with the rows that the last statement gives. All of them are waited for, and what comes after: a
    /// commit that fails is told only then.
    pub(crate) async fn rows(&mut self, sql: String, doing: &'static str) -> Result<Vec<PgRow>, Error> {
        let limit = self.limit();
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(self.raw());
        Self::within(limit, doing, rows).await
    }

    /// Waits for a query, and maps what goes wrong.
    pub(crate) async fn within<T>(
        limit: Duration,
        doing: &'static str,
        query: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(limit, query).await {
            Err(_) => Err(error::timed_out(doing)),
            Ok(result) => result.map_err(|e| error::of(&e, doing)),
        }
    }
}

/// That the broker may not read the identity that every handle pins, with the statement that mends it.
fn no_identity(broker: &str) -> Error {
    let public = "the broker's login may not read the target's identity, which every handle pins";
    let remedy = format!("GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO {}", advised(broker));
    Error::new(ErrorKind::Refused, public).with_internal(remedy)
}

/// Where the system's own list of authorities is (the usual places of Debian, Red Hat, Alpine and macOS).
fn system_roots() -> Result<&'static str, Error> {
    const PLACES: [&str; 4] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    PLACES.into_iter().find(|p| std::path::Path::new(p).exists()).ok_or_else(|| {
        Error::new(ErrorKind::Misconfigured, "sslrootcert = system, but the system has no list of authorities")
    })
}
