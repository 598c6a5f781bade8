//! The stage of the tour: a directory, a CA, targets where they are installed, a config, two people with a token each.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use jit_engine::audit::{SystemRandom, random};
use jit_life::policy::Caller;
use jit_types::{PersonId, Span};
use tokio::process::Command;

use super::postgres::{self, Postgres};
use super::sshd::Sshd;
use crate::cli::exit::{Error, Exit};
use crate::config::{self, env};
use crate::server::{self, App, socket};
use crate::wiring::{self, Open};

/// Everything that the tour stands on. What is dropped is gone: servers first, the directory last.
pub(super) struct Stage {
    server: tokio::task::JoinHandle<()>,
    _open: Open,
    pub(super) postgres: Result<Postgres, String>,
    pub(super) sshd: Result<Sshd, String>,
    pub(super) socket: PathBuf,
    pub(super) directory: tempfile::TempDir,
}

/// A person of the tour.
#[derive(Clone, Copy)]
pub(super) struct Actor {
    pub(super) name: &'static str,
}

/// Who asks.
pub(super) const ALICE: Actor = Actor { name: "alice" };
/// Who decides.
pub(super) const BOB: Actor = Actor { name: "bob" };
/// The login on the throw-away host.
pub(super) const PRINCIPAL: &str = "shop";

fn failed(what: impl Into<String>) -> Error {
    Error::new(Exit::Failure, what)
}

impl Stage {
    /// Sets the stage.
    pub(super) async fn set() -> Result<Self, Error> {
        let directory = tempfile::Builder::new().prefix("jit-demo-").tempdir();
        let directory = directory.map_err(|e| failed(format!("no temporary directory can be made: {}", e.kind())))?;
        let root = directory.path().to_owned();
        let (ca, public) = wiring::ssh_ca().map_err(failed)?;
        write(&root.join("ca"), ca.expose_secret())?;
        write(&root.join("ca.pub"), &format!("{public}\n"))?;
        let sshd = start_sshd(&root);
        let password = hex::encode(random::draw::<24>(&SystemRandom).map_err(|e| failed(e.to_string()))?);
        let postgres = start_postgres(root.clone(), password.clone()).await;
        if postgres.is_ok() {
            write(&root.join("broker-password"), &format!("{password}\n"))?;
        }
        let text = config_text(&root, postgres.as_ref().ok(), sshd.as_ref().ok());
        let file = root.join("jit.toml");
        write(&file, &text)?;
        let loaded = config::load(&file, &wiring::offline_kinds())?;
        let state = root.join("state");
        let open = wiring::open_house(&loaded, &state).await.map_err(|e| failed(e.message).hint(e.hint))?;
        // The first plan is to say what is so, not that nobody has looked yet.
        jit_engine::driver::look_at_targets(&open.house).await;
        let socket = root.join("jit.sock");
        let listener = socket::bind(&socket, 0o600, None).map_err(|e| failed(format!("no socket can be made: {e}")))?;
        let app = App::new(std::sync::Arc::clone(&open.house), "host", &state);
        let server = tokio::spawn(server::serve(listener, app, std::future::pending()));
        let stage = Self { server, _open: open, postgres, sshd, socket, directory };
        stage.hand_out_tokens().await?;
        Ok(stage)
    }

    /// Makes a token for each of the two, as the house itself: there is no administrator to ask yet.
    async fn hand_out_tokens(&self) -> Result<(), Error> {
        let house = &self._open.house;
        for actor in [ALICE, BOB] {
            let person: PersonId = actor.person().parse().map_err(|_| failed("a person of the tour has a bad name"))?;
            let subject = house.subject(&person).await.map_err(|e| failed(e.to_string()))?;
            let principal = format!("house:{}", house.id()).parse().map_err(|_| failed("the house has a bad id"))?;
            let caller = Caller { person, subject, principal, superuser: false, only_roles: None };
            let made = house.create_token(&caller, None, "the tour", None, Span::from_secs(3600), None).await;
            let made = made.map_err(|e| failed(e.to_string()))?;
            let home = self.home(actor);
            std::fs::create_dir(&home).map_err(|e| failed(format!("{}: {}", home.display(), e.kind())))?;
            write(&home.join("token"), made.secret.expose_secret())?;
        }
        Ok(())
    }

    /// The directory that is an actor's home.
    pub(super) fn home(&self, actor: Actor) -> PathBuf {
        self.directory.path().join(actor.name)
    }

    /// The variables that make this very program an actor's.
    pub(super) fn variables(&self, actor: Actor) -> Vec<(&'static str, PathBuf)> {
        let home = self.home(actor);
        vec![
            ("JIT_BROKER", self.socket.clone()),
            ("JIT_TOKEN_FILE", home.join("token")),
            ("XDG_STATE_HOME", home.join("state")),
            ("XDG_CONFIG_HOME", home.join("config")),
            ("XDG_RUNTIME_DIR", home.join("run")),
            ("HOME", home),
        ]
    }

    /// This very program, run by an actor.
    pub(super) fn jit(&self, actor: Actor, args: &[&str]) -> Result<Command, Error> {
        let program =
            std::env::current_exe().map_err(|e| failed(format!("this program can't be found: {}", e.kind())))?;
        let run = self.home(actor).join("run");
        if !run.exists() {
            use std::os::unix::fs::DirBuilderExt as _;
            let made = std::fs::DirBuilder::new().mode(0o700).create(&run);
            made.map_err(|e| failed(format!("{}: {}", run.display(), e.kind())))?;
        }
        let mut command = Command::new(program);
        command.args(args).env_clear().kill_on_drop(true);
        for name in ["PATH", "TERM", "LANG", "LC_ALL", "NO_COLOR", "TZ", "USER", "TMPDIR"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        Ok({
            command.envs(self.variables(actor));
            command
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for actor in [ALICE, BOB] {
            // Only an agent that runs can be stopped; one that does not is no failure.
            if let Ok(command) = self.jit(actor, &["agent", "stop"]) {
                let mut command = command.into_std();
                let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
            }
        }
        self.server.abort();
    }
}

impl Actor {
    /// The person.
    pub(super) fn person(self) -> String {
        format!("{}@example.com", self.name)
    }
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write as _;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| failed(format!("{}: {}", path.display(), e.kind())))
}

fn start_sshd(root: &Path) -> Result<Sshd, String> {
    let principals = root.join("principals");
    std::fs::write(&principals, format!("{PRINCIPAL}\n")).map_err(|e| format!("principals: {}", e.kind()))?;
    let krl = root.join("krl");
    let lines = wiring::sshd_lines(&root.join("ca.pub"), &principals, Some(&krl))?;
    Sshd::start(root, &lines)
}

async fn start_postgres(root: PathBuf, password: String) -> Result<Postgres, String> {
    let started = tokio::task::spawn_blocking(move || Postgres::start(&root, &password)).await;
    started.unwrap_or_else(|_| Err("it could not be started".to_owned()))
}

/// The config that `jit config check` would accept: it is read by the same code.
fn config_text(root: &Path, postgres: Option<&Postgres>, sshd: Option<&Sshd>) -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|user| user.name);
    let user = user.unwrap_or_else(|| "root".to_owned());
    let root = root.display();
    let host = sshd.map_or(String::new(), |sshd| {
        format!("hosts = [\"127.0.0.1\"]\nuser = \"{user}\"\nknown_hosts = [\"{}\"]\n", sshd.known_host)
    });
    let mut text = format!(
        r#"[roles.shell]
about = "A shell on the shop's host"
for = {{ default = "1m", max = "10m" }}
request = ["group:engineers"]
approve = {{ count = 1, from = ["group:leads"] }}

[[roles.shell.gives]]
backend = "hosts"
principals = ["{PRINCIPAL}"]

[backends.hosts]
kind = "ssh"
ca = {{ file = "{root}/ca" }}
krl = "{root}/krl"
{host}
[people."alice@example.com"]
groups = ["engineers"]

[people."bob@example.com"]
groups = ["leads"]

[broker]
administrators = ["bob@example.com"]
"#
    );
    if let Some(server) = postgres {
        let socket = server.socket.display();
        text.push_str(&format!(
            r#"
[roles.db-read]
about = "Read the shop's database"
for = {{ default = "1m", max = "10m" }}
request = ["group:engineers"]
approve = {{ count = 1, from = ["group:leads"] }}
reason = {{ pattern = "[A-Z]+-[0-9]+ .+", help = "begin with the ticket, as in INC-42 slow orders" }}

[[roles.db-read.gives]]
backend = "shop"
databases = ["shop"]
member_of = ["reader"]

[backends.shop]
kind = "postgres"
url = "postgres://{broker}@/shop?host={socket}"
password = {{ file = "{root}/broker-password" }}
"#,
            broker = postgres::BROKER,
        ));
    }
    text
}
