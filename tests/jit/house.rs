//! A house of a test's own whose people come by token, so that most of it is tried as any OS user: a directory, a CA, a
//! config, the broker as a process.
//!
//! Only the administrator comes as an OS user, because no token makes tokens, and neither does root.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use rustix::process::Signal;
use serde_json::Value;

use crate::process::{self, Ran, run, until};
use crate::world::{By, JIT, program, users};

/// The administrator's OS user, where root runs the tests: uid 0 administers nothing.
const ADMINISTRATOR: &str = "jit-test-d";

/// What every house of these tests has. `@ROOT@` is its directory, `@ADMIN@` the administrator's OS user.
const CONFIG: &str = r#"
[roles.shell]
about = "A shell on the shop's host"
for = { default = "5m", max = "1h" }
request = ["group:engineers"]
approve = { count = 1, from = ["group:leads"] }
[[roles.shell.gives]]
backend = "hosts"
principals = ["shop"]

[roles.pair]
about = "A shell that two must approve"
for = { default = "5m", max = "1h" }
request = ["group:engineers"]
approve = { count = 2, from = ["group:leads"] }
[[roles.pair.gives]]
backend = "hosts"
principals = ["shop"]

[roles.look]
about = "A look around, which nobody must approve"
for = { default = "5m", max = "1h" }
request = ["group:engineers"]
approve = { by = "rule" }
[[roles.look.gives]]
backend = "hosts"
principals = ["viewer"]

[roles.brief]
about = "One that must be decided at once"
for = { default = "5m", max = "1h" }
decide_by = "2s"
request = ["group:engineers"]
approve = { count = 1, from = ["group:leads"] }
[[roles.brief.gives]]
backend = "hosts"
principals = ["shop"]

[roles.ticket]
about = "One that wants a reason and a parameter"
for = { default = "5m", max = "1h" }
request = ["group:engineers"]
approve = { count = 1, from = ["group:leads"] }
reason = { pattern = "[A-Z]+-[0-9]+ .+", help = "begin with the ticket, as in INC-42 slow orders" }
[roles.ticket.params.login]
type = "choice"
of = ["sales", "stock"]
[[roles.ticket.gives]]
backend = "hosts"
principals = [{ param = "login" }]

[backends.hosts]
kind = "ssh"
ca = { file = "@ROOT@/ca" }
krl = "@ROOT@/krl"

[people."alice@example.com"]
groups = ["engineers"]
[people."bob@example.com"]
groups = ["leads"]
[people."carol@example.com"]
groups = ["leads"]
[people."dave@example.com"]
groups = ["engineers", "leads"]
[people."frank@example.com"]
groups = ["leads"]
[people."eve@example.com"]
groups = ["guests"]
[people."ada@example.com"]
groups = ["admins"]
unix = "@ADMIN@"

[broker]
administrators = ["ada@example.com"]
socket_mode = "0666"
"#;

/// A house. Dropped, nothing of it is left.
pub(crate) struct House {
    /// Its directory.
    pub(crate) root: PathBuf,
    broker: Option<Child>,
    /// Those who may have an agent.
    seen: Mutex<BTreeSet<String>>,
    /// The administrator's uid, where that is not whoever runs the tests.
    administrator: Option<u32>,
    program: PathBuf,
    /// The library that gives broker and clients a clock of the test's own, and the file that it reads it from.
    clock: Option<(PathBuf, PathBuf)>,
    _dir: tempfile::TempDir,
}

impl House {
    /// A house with its broker running, and a token each for those who are named.
    pub(crate) fn with(people: &[&str]) -> Self {
        Self::changed(people, |config| config)
    }

    /// A house whose config differs.
    pub(crate) fn changed(people: &[&str], change: impl FnOnce(String) -> String) -> Self {
        let mut world = Self::bare(change);
        world.serve();
        world.hand_out(people);
        world
    }

    /// A house without a broker.
    pub(crate) fn bare(change: impl FnOnce(String) -> String) -> Self {
        let dir = tempfile::Builder::new().prefix("jit-test-").tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        // Other OS users of a test pass through; what is theirs lies below.
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o711)).unwrap();
        let (ca, public) = jit::wiring::ssh_ca().unwrap();
        write(&root.join("ca"), ca.expose_secret());
        write(&root.join("ca.pub"), &public);
        // Whoever is not root administers as themselves.
        let made = if nix::unistd::geteuid().is_root() { users(&[ADMINISTRATOR]) } else { None };
        let administrator = made.and_then(|users| match users.into_iter().next() {
            Some(By::User(uid)) => Some(uid),
            _ => None,
        });
        let me = || nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
        let name = administrator.map_or_else(me, |_| ADMINISTRATOR.to_owned());
        let config = change(CONFIG.to_owned()).replace("@ROOT@", root.to_str().unwrap()).replace("@ADMIN@", &name);
        write(&root.join("jit.toml"), &config);
        let program = program(&root);
        Self { root, broker: None, seen: Mutex::default(), administrator, program, clock: None, _dir: dir }
    }

    /// Changes the config; the broker sees it when it is started again.
    pub(crate) fn edit(&self, change: impl FnOnce(String) -> String) {
        let path = self.root.join("jit.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let new = change(text.clone());
        assert_ne!(text, new, "nothing was changed");
        std::fs::write(path, new).unwrap();
    }

    /// Where the broker listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.root.join("jit.sock")
    }

    /// The command that is the broker.
    pub(crate) fn broker_command(&self) -> Command {
        let mut command = Command::new(JIT);
        command.arg("serve").arg("-vv").arg("--config").arg(self.root.join("jit.toml"));
        command.arg("--socket").arg(self.socket()).arg("--state").arg(self.root.join("state"));
        // As an operator starts it: colours or none are its own to know.
        bare(&mut command).env("HOME", &self.root).env_remove("NO_COLOR");
        self.clocked(&mut command);
        command
    }

    /// From now on broker and clients go by a clock of the test's own.
    pub(crate) fn clock_by(&mut self, library: &Path) {
        self.clock = Some((library.to_owned(), self.root.join("clock")));
    }

    /// Sets that clock; it runs on from there. Milliseconds since 1970.
    pub(crate) fn set_clock(&self, to: i64) {
        let Some((_, file)) = &self.clock else { panic!("the house goes by the machine's clock") };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let ahead = to - i64::try_from(now).unwrap();
        let sign = if ahead < 0 { '-' } else { '+' };
        // In one piece: the library may read it at any time.
        let half = file.with_extension("half");
        std::fs::write(&half, format!("{sign}{}.{:03}", ahead.abs() / 1000, ahead.abs() % 1000)).unwrap();
        std::fs::set_permissions(&half, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::rename(half, file).unwrap();
    }

    fn clocked(&self, command: &mut Command) {
        if let Some((library, file)) = &self.clock {
            command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", file);
            command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
    }

    /// Starts the broker, and waits until it answers.
    #[track_caller]
    pub(crate) fn serve(&mut self) {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut command = self.broker_command();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let socket = self.socket();
        until("the broker listens", || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "the broker has ended: {}", std::fs::read_to_string(self.log()).unwrap());
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        });
        self.broker = Some(child);
    }

    /// The broker's log.
    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("broker.log")
    }

    /// The broker's process.
    pub(crate) fn pid(&self) -> u32 {
        self.broker.as_ref().expect("the broker runs").id()
    }

    /// Kills the broker as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut broker) = self.broker.take() {
            broker.kill().unwrap();
            broker.wait().unwrap();
        }
    }

    /// Stops the broker as one should.
    pub(crate) fn stop(&mut self) {
        if let Some(mut broker) = self.broker.take() {
            process::signal(broker.id(), Signal::TERM);
            until("the broker has stopped", || broker.try_wait().unwrap().is_some());
        }
    }

    /// Makes a token each.
    pub(crate) fn hand_out(&self, people: &[&str]) {
        for name in people {
            self.home(name);
            self.token_to(name, Path::new(&self.token_file(name)), &[]);
        }
    }

    /// Makes another token for somebody: its id.
    #[track_caller]
    pub(crate) fn token_to(&self, name: &str, file: &Path, more: &[&str]) -> String {
        let person = format!("{name}@example.com");
        let mut args = vec!["token", "create", "--person", &person, "--output", "json"];
        args.extend(more);
        let made = self.jit("ada", &args).ok().json();
        write(file, made["secret"].as_str().unwrap());
        made["token"]["id"].as_str().unwrap().to_owned()
    }

    /// The file with somebody's token.
    pub(crate) fn token_file(&self, name: &str) -> String {
        self.root.join(name).join("token").to_str().unwrap().to_owned()
    }

    /// Somebody's token.
    pub(crate) fn token(&self, name: &str) -> String {
        std::fs::read_to_string(self.token_file(name)).unwrap().trim().to_owned()
    }

    /// Somebody's home, made where it is not there.
    pub(crate) fn home(&self, name: &str) -> PathBuf {
        let home = self.root.join(name);
        if !home.exists() {
            let owner = self.administrator.filter(|_| name == "ada");
            for directory in [home.clone(), home.join("run")] {
                std::fs::DirBuilder::new().mode(0o700).create(&directory).unwrap();
                std::os::unix::fs::chown(directory, owner, owner).unwrap();
            }
        }
        home
    }

    /// The program in somebody's home, without anything that says who they are, but for the administrator: the OS user
    /// does.
    pub(crate) fn command(&self, name: &str, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let home = self.home(name);
        self.seen.lock().unwrap().insert(name.to_owned());
        bare(&mut command).env("HOME", &home).env("XDG_RUNTIME_DIR", home.join("run")).current_dir("/");
        command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
        command.env("JIT_BROKER", self.socket()).args(args);
        self.clocked(&mut command);
        if let (Some(uid), "ada") = (self.administrator, name) {
            command.uid(uid).gid(uid);
        }
        command
    }

    /// The program as somebody would run it: with their token, where they have one.
    pub(crate) fn holder(&self, name: &str, args: &[&str]) -> Command {
        let mut command = self.command(name, args);
        if Path::new(&self.token_file(name)).exists() {
            command.env("JIT_TOKEN_FILE", self.token_file(name));
        }
        command
    }

    /// Runs the program as somebody.
    #[track_caller]
    pub(crate) fn jit(&self, name: &str, args: &[&str]) -> Ran {
        run(&mut self.holder(name, args))
    }

    /// Files a request and does not wait: its id.
    #[track_caller]
    pub(crate) fn file(&self, name: &str, role: &str, more: &[&str]) -> String {
        let mut args = vec!["request", role, "--reason", "INC-42 slow orders", "--no-wait"];
        args.extend(more);
        self.jit(name, &args).ok().line().to_owned()
    }

    /// What somebody sees of a request.
    #[track_caller]
    pub(crate) fn show(&self, name: &str, id: &str) -> Value {
        self.jit(name, &["show", id, "--output", "json"]).ok().json()
    }

    /// The command that approves a request as it stands.
    #[track_caller]
    pub(crate) fn approve(&self, name: &str, id: &str, more: &[&str]) -> Ran {
        let view = self.show(name, id);
        let mut args = vec!["approve", id, "--hash", view["hash"].as_str().unwrap()];
        args.extend(more);
        self.jit(name, &args)
    }

    /// Files and has approved.
    #[track_caller]
    pub(crate) fn granted(&self, name: &str, role: &str, more: &[&str]) -> String {
        let id = self.file(name, role, more);
        self.approve("bob", &id, &[]).ok();
        id
    }

    /// Waits until a request stands so.
    #[track_caller]
    pub(crate) fn stands(&self, name: &str, id: &str, standing: &str) -> Value {
        let mut view = Value::Null;
        until(standing, || {
            view = self.show(name, id);
            view["standing"] == standing
        });
        view
    }

    /// Exports the log, and has both verifiers say that it holds.
    #[track_caller]
    pub(crate) fn verified(&self) -> String {
        let text = self.jit("ada", &["audit", "export"]).ok().out;
        let file = self.root.join("export.jsonl");
        std::fs::write(&file, &text).unwrap();
        let path = file.to_str().unwrap();
        self.jit("bob", &["audit", "verify", path]).ok();
        run(Command::new("python3").arg("-B").arg(python_verifier()).arg(path)).ok();
        text
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for name in seen {
            let mut stop = self.command(&name, &["agent", "stop"]);
            let _ = stop.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        if let Some(mut broker) = self.broker.take() {
            let _ = broker.kill();
            let _ = broker.wait();
        }
    }
}

/// The second verifier.
pub(crate) fn python_verifier() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify_audit.py")
}

/// A command with nothing in its environment but what makes it the same everywhere.
pub(crate) fn bare(command: &mut Command) -> &mut Command {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    command.env_clear().env("PATH", path).env("TZ", "UTC").env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1")
}

/// A new private file.
pub(crate) fn write(path: &Path, text: &str) {
    use std::io::Write as _;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
