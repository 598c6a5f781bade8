//! A throw-away PostgreSQL server, with the broker's role in it.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// Its port: nothing else of a bench listens.
pub(crate) const PORT: u16 = 45_432;

/// A throw-away server.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), rustix::process::Signal::QUIT);
        let _ = self.0.wait();
    }
}

/// Where the newest installed server's programs are.
pub(crate) fn programs() -> Option<(u32, PathBuf)> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let versions = installed.filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))));
    versions.max()
}

pub(crate) fn options(root: &Path, user: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(root.join("pg")).port(PORT).username(user).database(database)
}

impl Server {
    pub(crate) async fn start(root: &Path, bin: &Path, major: u32, sessions: usize) -> Self {
        let user = nix::unistd::geteuid().is_root().then(|| nix::unistd::User::from_name("postgres").unwrap().unwrap());
        let data = root.join("pg");
        std::fs::create_dir(&data).unwrap();
        std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o711)).unwrap();
        if let Some(user) = &user {
            std::os::unix::fs::chown(&data, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
        }
        let program = |name: &str| {
            let mut command = Command::new(bin.join(name));
            command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
            if let Some(user) = &user {
                command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
            }
            command
        };
        let made = program("initdb").args(["-U", "postgres", "--auth=trust", "--no-sync", "-D"]).arg(&data).status();
        assert!(made.unwrap().success(), "initdb");
        std::fs::write(
            data.join("pg_hba.conf"),
            "local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n",
        )
        .unwrap();
        let mut postgres = program("postgres");
        postgres.arg("-D").arg(&data).arg("-k").arg(&data).args(["-c", "listen_addresses=127.0.0.1"]);
        postgres.args(["-c", &format!("port={PORT}"), "-c", &format!("max_connections={}", sessions + 100)]);
        let server = Self(postgres.spawn().unwrap());
        let admin = options(root, "postgres", "postgres");
        let mut connection = loop {
            match admin.connect().await {
                Ok(connection) => break connection,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        sqlx::raw_sql("CREATE DATABASE shop").execute(&mut connection).await.unwrap();
        let mut shop = options(root, "postgres", "shop").connect().await.unwrap();
        let setup = jit::wiring::postgres_setup("jit_broker", &["reader"], &["shop"], major).unwrap();
        let all = format!(
            "CREATE ROLE reader NOLOGIN; REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC; {setup}; \
             ALTER ROLE jit_broker PASSWORD 'bench'"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(all)).execute(&mut shop).await.unwrap();
        // Where a config finds the broker's password.
        std::fs::write(root.join("password"), "bench").unwrap();
        std::fs::set_permissions(root.join("password"), std::fs::Permissions::from_mode(0o600)).unwrap();
        server
    }
}
