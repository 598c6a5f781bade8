//! A throw-away PostgreSQL with a database to give access to and a role for the broker.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{counterparts, install};
use crate::sh::{self, Failure, Result, at, step};

/// A running server; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    bin: PathBuf,
    data: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    version: String,
    admin_password: String,
    broker_password: String,
}

/// What the broker's own role must have, and a small database to play with. One statement a line, because the server's
/// single-user mode reads lines: so no client is needed, and no password is on a command line.
fn setup(broker_password: &str) -> String {
    format!(
        "\
CREATE ROLE reader NOLOGIN;
CREATE ROLE jit LOGIN CREATEROLE PASSWORD '{broker_password}';
GRANT reader TO jit WITH ADMIN OPTION;
GRANT pg_signal_backend, pg_read_all_stats TO jit;
CREATE DATABASE shop;
REVOKE CONNECT ON DATABASE shop, template1, postgres FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO reader;
GRANT CONNECT ON DATABASE shop, postgres TO jit;
"
    )
}

const TABLES: &str = "\
CREATE TABLE orders (id int PRIMARY KEY, what text);
INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 100) n;
GRANT SELECT ON orders TO reader;
";

impl Server {
    /// Starts one below `dir`: the newest found, or the major version asked for.
    pub(crate) fn start(dir: &Path, major: Option<&str>) -> Result<Self> {
        let home = dir.join("postgres");
        fs::create_dir(&home).map_err(at(home.display()))?;
        let user = if sh::is_root() { Some(test_user(&home)?) } else { None };
        let bin = reachable(find(major)?, &home, user)?;
        let version = sh::capture(Command::new(bin.join("postgres")).arg("--version"))?.trim().to_owned();
        step(format!("{version}, from {}", bin.display()));

        let server = Self {
            data: home.join("data"),
            port: free_port()?,
            admin_password: sh::random_hex(12)?,
            broker_password: sh::random_hex(12)?,
            bin,
            user,
            version,
        };
        server.init(&home)?;
        server.feed("postgres", &setup(&server.broker_password))?;
        server.feed("shop", TABLES)?;
        let options =
            format!("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={}", server.port, home.display());
        let log = home.join("log");
        // pg_ctl puts the server into a session of its own: the terminal's Ctrl-C reaches only us.
        let mut start = server.command("pg_ctl");
        start.arg("-D").arg(&server.data).arg("-l").arg(&log).args(["-o", &options, "-w", "-s", "start"]);
        if let Err(failure) = sh::run(start.stdin(Stdio::null())) {
            let said = fs::read_to_string(&log).unwrap_or_default();
            return Err(Failure::new(format!("{failure}\n{}", said.trim_end())));
        }
        Ok(server)
    }

    /// What a person types to use it.
    pub(crate) fn how_to(&self) -> String {
        let Self { port, version, admin_password, broker_password, .. } = self;
        format!(
            "
{version} on 127.0.0.1:{port}, log {}
  as administrator   psql 'postgres://admin:{admin_password}@127.0.0.1:{port}/shop?sslmode=disable'
  as the broker      psql 'postgres://jit:{broker_password}@127.0.0.1:{port}/postgres?sslmode=disable'
  The broker's role `jit` and what it may give, `reader` on database `shop`, were made so:
{}",
            self.data.with_file_name("log").display(),
            setup("…").lines().map(|line| format!("    {line}\n")).collect::<String>()
        )
    }

    /// One of the server's programs, as the user that the server runs as.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        as_user(&mut command, self.user).env("LC_ALL", "C");
        command
    }

    fn init(&self, home: &Path) -> Result {
        let password = home.join("password");
        fs::write(&password, &self.admin_password).map_err(at(password.display()))?;
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).map_err(at(password.display()))?;
        if let Some((uid, gid)) = self.user {
            chown(&password, Some(uid), Some(gid)).map_err(at(password.display()))?;
        }
        let mut init = self.command("initdb");
        init.args(["-U", "admin", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8"]);
        let done = sh::capture(init.arg("-D").arg(&self.data).arg("--pwfile").arg(&password));
        fs::remove_file(&password).map_err(at(password.display()))?;
        done.map(drop)
    }

    fn feed(&self, database: &str, statements: &str) -> Result {
        let input = self.data.with_file_name("setup.sql");
        fs::write(&input, statements).map_err(at(input.display()))?;
        fs::set_permissions(&input, fs::Permissions::from_mode(0o600)).map_err(at(input.display()))?;
        let file = fs::File::open(&input).map_err(at(input.display()))?;
        fs::remove_file(&input).map_err(at(input.display()))?;
        let mut single = self.command("postgres");
        // -j is left out: a line is a statement. Errors don't end single-user mode, hence exit_on_error.
        single.args(["--single", "-c", "exit_on_error=on", "-c", "log_min_messages=error", "-D"]).arg(&self.data);
        let out = single.arg(database).stdin(file).output().map_err(at("postgres --single"))?;
        if out.status.success() {
            return Ok(());
        }
        Err(Failure::new(format!("setting up {database}: {}", String::from_utf8_lossy(&out.stderr).trim_end())))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.data.join("postmaster.pid").exists() {
            let mut stop = self.command("pg_ctl");
            if let Err(failure) = sh::run(stop.arg("-D").arg(&self.data).args(["-m", "immediate", "-w", "-s", "stop"]))
            {
                eprintln!("warning: {failure}");
            }
        }
    }
}

fn as_user(command: &mut Command, user: Option<(u32, u32)>) -> &mut Command {
    if let Some((uid, gid)) = user {
        // From a directory that the user may enter, else its programs complain.
        command.uid(uid).gid(gid).current_dir("/");
    }
    command
}

fn test_user(home: &Path) -> Result<(u32, u32)> {
    install::test_user()?;
    let id = |flag| {
        let text = sh::capture(Command::new("id").args([flag, install::TEST_USER]))?;
        text.trim().parse::<u32>().map_err(at("id"))
    };
    let (uid, gid) = (id("-u")?, id("-g")?);
    chown(home, Some(uid), Some(gid)).map_err(at(home.display()))?;
    Ok((uid, gid))
}

fn find(major: Option<&str>) -> Result<PathBuf> {
    let peers = counterparts::peers_dir()?;
    let from_npm = counterparts::NPM_POSTGRES.iter().map(|&(major, _)| (major, counterparts::npm_bin(&peers, major)));
    let mut found: Vec<_> = from_npm
        .chain([(counterparts::DEBIAN_POSTGRES, counterparts::debian_bin())])
        .filter(|(version, bin)| major.is_none_or(|major| major == *version) && bin.join("postgres").is_file())
        .collect();
    found.sort();
    let newest = found.pop().map(|(_, bin)| bin);
    newest.ok_or_else(|| Failure::new("no PostgreSQL found; `cargo xtask test --only-peers` brings it"))
}

/// A server's programs where the user can reach them: root's cache is closed to others, so there they are copied.
fn reachable(bin: PathBuf, home: &Path, user: Option<(u32, u32)>) -> Result<PathBuf> {
    let mut probe = Command::new(bin.join("postgres"));
    if sh::works(as_user(probe.arg("--version"), user)) {
        return Ok(bin);
    }
    let tree = bin.parent().ok_or_else(|| Failure::new("the server's programs have no directory"))?;
    let copy = home.join("server");
    sh::capture(Command::new("cp").arg("-a").arg(tree).arg(&copy))?;
    let mode = fs::metadata(&copy).map_err(at(copy.display()))?.mode();
    fs::set_permissions(&copy, fs::Permissions::from_mode(mode | 0o555)).map_err(at(copy.display()))?;
    let bin = copy.join("bin");
    let mut probe = Command::new(bin.join("postgres"));
    sh::capture(as_user(probe.arg("--version"), user))?;
    Ok(bin)
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(at("127.0.0.1"))?;
    Ok(listener.local_addr().map_err(at("127.0.0.1"))?.port())
}
