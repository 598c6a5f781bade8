//! Many open database sessions whose grants end in the same second: from the end to "session dead, role gone, proven".

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jit::client::material::{self, Kept};
use jit_life::GrantStatus;
use jit_types::{Form, MaterialKind, Params, Span, Timestamp};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::clock::Stopped;
use crate::ends::Ended;
use crate::stage::{Stage, people};

/// A throw-away server.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), rustix::process::Signal::QUIT);
        let _ = self.0.wait();
    }
}

/// Where the newest installed server's programs are.
fn programs() -> Option<(u32, PathBuf)> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let versions = installed.filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))));
    versions.max()
}

async fn options(root: &Path, user: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(root.join("pg")).username(user).database(database)
}

impl Server {
    async fn start(root: &Path, bin: &Path, major: u32, sessions: usize) -> Self {
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
        std::fs::write(data.join("pg_hba.conf"), "local all postgres trust\nlocal all all scram-sha-256\n").unwrap();
        let mut postgres = program("postgres");
        postgres.arg("-D").arg(&data).arg("-k").arg(&data).args(["-c", "listen_addresses="]);
        postgres.args(["-c", &format!("max_connections={}", sessions + 100)]);
        let server = Self(postgres.spawn().unwrap());
        let admin = options(root, "postgres", "postgres").await;
        let mut connection = loop {
            match admin.connect().await {
                Ok(connection) => break connection,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        sqlx::raw_sql("CREATE DATABASE shop").execute(&mut connection).await.unwrap();
        let mut shop = options(root, "postgres", "shop").await.connect().await.unwrap();
        let setup = jit::wiring::postgres_setup("jit_broker", &["reader"], &["shop"], major).unwrap();
        let all = format!(
            "CREATE ROLE reader NOLOGIN; REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC; {setup}; \
             ALTER ROLE jit_broker PASSWORD 'bench'"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(all)).execute(&mut shop).await.unwrap();
        server
    }
}

fn config(root: &str) -> String {
    format!(
        "[roles.db]\nabout = \"bench\"\nfor = {{ default = \"1h\", max = \"8h\" }}\nrequest = [\"group:many\"]\n\
         approve = {{ by = \"rule\" }}\n[[roles.db.gives]]\nbackend = \"shop\"\ndatabases = [\"shop\"]\n\
         member_of = [\"reader\"]\n{}[backends.shop]\nkind = \"postgres\"\n\
         url = \"postgres://jit_broker@/shop?host={root}/pg\"\npassword = {{ file = \"{root}/password\" }}\n",
        people()
    )
}

/// Opens so many sessions, each by its own grant, and lets all of them end at one moment; `None` without a server.
pub(crate) async fn run(count: usize) -> Option<Ended> {
    let (major, bin) = programs()?;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    let _server = Server::start(&root, &bin, major, count).await;
    std::fs::write(root.join("password"), "bench").unwrap();
    std::fs::set_permissions(root.join("password"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let clock = Arc::new(Stopped::default());
    let stage = Stage::with(clock.clone(), dir, config).await;
    clock.stop();
    let (mut ids, mut sessions) = (Vec::new(), Vec::new());
    for number in 0..count {
        let request = stage.file_with("db", number, Span::from_secs(90), Params::new()).await;
        let born = material::make(MaterialKind::ScramVerifier).unwrap();
        let claimed = stage.claim_with(&request, number, born.material).await;
        let (Form::Postgres(form), Kept::Password(password)) = (claimed.form, born.kept) else { unreachable!() };
        let login = options(&root, &form.user, "shop").await.password(password.expose_secret());
        let session: PgConnection = login.connect().await.unwrap();
        sessions.push(session);
        ids.push(request.id);
    }
    clock.go();
    let mut late = Vec::new();
    let mut end = Timestamp::EPOCH;
    for id in &ids {
        loop {
            let grant = stage.house().store().request(*id).await.unwrap().unwrap().grant.unwrap();
            end = grant.window.map_or(end, |window| window.end);
            if let GrantStatus::Ended { at, .. } = grant.status {
                late.push(at.since_millis(end));
                break;
            }
            let left = u64::try_from(end.since_millis(jit_engine::Clock::now(&*clock))).unwrap();
            tokio::time::sleep(Duration::from_millis(left + 100)).await;
        }
    }
    for session in &mut sessions {
        assert!(session.ping().await.is_err(), "a session outlived its grant");
    }
    let mut admin = options(&root, "postgres", "postgres").await.connect().await.unwrap();
    let left = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'jit\\_%' AND rolname <> 'jit_broker'";
    let (left,): (i64,) = sqlx::query_as(left).fetch_one(&mut admin).await.unwrap();
    assert_eq!(left, 0, "roles are left");
    Some(Ended::of(late))
}
