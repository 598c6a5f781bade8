//! A throw-away PostgreSQL for the tour: on a Unix socket in the tour's directory, gone with it.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::find;

/// A running server.
pub(super) struct Postgres {
    server: Child,
    /// The directory of its socket.
    pub(super) socket: PathBuf,
    /// The psql that fits it.
    pub(super) psql: PathBuf,
    /// Which version it is, as it says itself.
    pub(super) version: String,
}

/// The broker's login in the throw-away server.
pub(super) const BROKER: &str = "jit_broker";
/// The port in the socket's name.
pub(super) const PORT: u16 = 5432;

impl Postgres {
    /// Starts a server, where its programs are installed.
    ///
    /// # Errors
    /// Why this part of the tour is left out, as a sentence.
    pub(super) fn start(directory: &Path, broker_password: &str) -> Result<Self, String> {
        let bin = programs().ok_or("no PostgreSQL server is installed here")?;
        let psql = find(&bin, "psql").ok_or("psql is not installed here")?;
        let runner = Runner::of(directory)?;
        let data = directory.join("pg");
        let socket = directory.join("pg-socket");
        for made in [&data, &socket] {
            std::fs::create_dir(made).map_err(|e| format!("{}: {}", made.display(), e.kind()))?;
            runner.own(made)?;
        }
        // Clients that are another OS user than the server must be able to pass.
        let passable = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(&socket, passable).map_err(|e| format!("the socket's directory: {}", e.kind()))?;
        let init = runner
            .command(&bin.join("initdb"))
            .args(["-U", "postgres", "--auth-local=trust", "--auth-host=reject", "--no-sync", "--no-instructions"])
            .args(["--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !init.is_ok_and(|status| status.success()) {
            return Err("initdb has failed".to_owned());
        }
        // The administrator's local login sets the stage; everybody else shows a password.
        let hba = format!("local all postgres trust\nlocal all {BROKER} scram-sha-256\nlocal all all scram-sha-256\n");
        let hba_file = data.join("pg_hba.conf");
        std::fs::write(&hba_file, hba).map_err(|e| format!("pg_hba.conf: {}", e.kind()))?;
        let server = runner
            .command(&bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&socket)
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40"])
            .args(["-c", "unix_socket_permissions=0777"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("postgres can't be started: {}", e.kind()))?;
        let mut running = Self { server, socket, psql, version: String::new() };
        running.wait()?;
        running.set_up(broker_password)?;
        Ok(running)
    }

    fn wait(&mut self) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(15);
        loop {
            if let Ok(version) = self.admin("postgres", "SHOW server_version") {
                self.version = version.trim().to_owned();
                return Ok(());
            }
            if Instant::now() > until || self.server.try_wait().is_ok_and(|ended| ended.is_some()) {
                return Err("the server did not come up".to_owned());
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// A shop with three orders, a role that may read them, and the broker's login, as `jit init` prints it.
    fn set_up(&self, broker_password: &str) -> Result<(), String> {
        self.admin("postgres", "CREATE DATABASE shop")?;
        self.admin(
            "shop",
            "CREATE TABLE orders (id int, item text, days_late int);
             INSERT INTO orders VALUES (1, 'kettle', 0), (2, 'lamp', 9), (3, 'chair', 14);
             CREATE ROLE reader NOLOGIN; GRANT SELECT ON orders TO reader;
             REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC",
        )?;
        let major = self.version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(15);
        let sql = crate::wiring::postgres_setup(BROKER, &["reader"], &["shop"], major)?;
        // Random digits, made a moment ago: nothing in them needs quoting.
        self.admin("shop", &format!("{sql}\nALTER ROLE {BROKER} PASSWORD '{broker_password}'")).map(|_| ())
    }

    /// Runs SQL as the server's administrator; the answer as plain text.
    pub(super) fn admin(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Command::new(&self.psql)
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-h"])
            .arg(&self.socket)
            .args(["-p", &PORT.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("psql can't be started: {}", e.kind()))?;
        if let Some(mut input) = psql.stdin.take() {
            input.write_all(sql.as_bytes()).map_err(|e| format!("psql: {}", e.kind()))?;
        }
        let done = psql.wait_with_output().map_err(|e| format!("psql: {}", e.kind()))?;
        if !done.status.success() {
            return Err("the stage could not be set in the server".to_owned());
        }
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT: PostgreSQL's immediate shutdown; its data goes with the directory.
        if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(self.server.id()).unwrap_or(0)) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        }
        let _ = self.server.wait();
    }
}

/// The newest server's programs, where distributions put them, or on the path.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    versions.sort();
    let on_path =
        || find(Path::new("/nowhere"), "initdb").and_then(|p| Some(p.canonicalize().ok()?.parent()?.to_owned()));
    versions.pop().map(|(_, bin)| bin).or_else(on_path).filter(|bin| bin.join("postgres").exists())
}

/// Runs the server's programs as a user that PostgreSQL accepts: not root.
struct Runner {
    user: Option<nix::unistd::User>,
}

impl Runner {
    fn of(directory: &Path) -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { user: None });
        }
        // The tour runs as root and PostgreSQL does not: it becomes somebody who owns nothing else.
        let known = ["postgres", "nobody"].iter().find_map(|name| nix::unistd::User::from_name(name).ok().flatten());
        let user = known.ok_or("PostgreSQL does not run as root, and there is no other user to run it as")?;
        let passable = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(directory, passable).map_err(|e| format!("{}: {}", directory.display(), e.kind()))?;
        Ok(Self { user: Some(user) })
    }

    fn own(&self, path: &Path) -> Result<(), String> {
        let Some(user) = &self.user else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
            .map_err(|e| format!("{}: {}", path.display(), e.kind()))
    }

    fn command(&self, program: &Path) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(program);
        command.current_dir("/").env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        // Its own process group: Ctrl-C is for the tour, which then ends it in order.
        command.process_group(0);
        command
    }
}
