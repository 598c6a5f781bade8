//! A broker process on a private directory, and people who run the binary against it.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The program under test.
pub(crate) const JIT: &str = env!("CARGO_BIN_EXE_jit");

/// How a person comes to the broker.
#[derive(Clone)]
pub(crate) enum By {
    /// As an OS user.
    User(u32),
    /// With a token, as whoever runs the tests.
    Token(String),
}

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    program: PathBuf,
    broker: Option<Child>,
    /// How many descriptors the broker may have; as many as whoever runs the tests where it is not said.
    pub(crate) descriptors: Option<u64>,
}

impl World {
    /// Writes a config with these people mapped to these OS users, and starts the broker.
    pub(crate) fn start(people: &[(&str, &str, &str)]) -> Self {
        let dir = tempfile::Builder::new().prefix("jit-test-").tempdir().unwrap();
        open(dir.path(), 0o755);
        let root = dir.path().display();
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(dir.path().join("ca"));
        assert!(keygen.status().expect("ssh-keygen").success());
        let mut text = format!(
            r#"
[roles.shell]
about = "A shell"
for = {{ default = "1m", max = "1h" }}
decide_by = "1h"
request = ["group:engineers"]
approve = {{ count = 1, from = ["group:leads"] }}
[[roles.shell.gives]]
backend = "hosts"
principals = ["shop"]

[roles.quick]
about = "A short look"
for = {{ default = "30s", max = "1h" }}
request = ["group:engineers"]
approve = {{ by = "rule" }}
[[roles.quick.gives]]
backend = "hosts"
principals = ["shop"]

[backends.hosts]
kind = "ssh"
ca = {{ file = "{root}/ca" }}
krl = "{root}/krl"

[broker]
administrators = ["bob@example.com"]
socket = "{root}/run/jit.sock"
socket_mode = "0666"
state = "{root}/state"
"#
        );
        for (name, user, groups) in people {
            let groups: Vec<String> = groups.split(' ').map(|g| format!("\"{g}\"")).collect();
            text.push_str(&format!(
                "\n[people.\"{name}@example.com\"]\nunix = \"{user}\"\ngroups = [{}]\n",
                groups.join(", ")
            ));
        }
        std::fs::write(dir.path().join("jit.toml"), text).unwrap();
        open(&dir.path().join("jit.toml"), 0o600);
        let program = program(dir.path());
        let mut world = Self { dir, program, broker: None, descriptors: None };
        world.run_broker();
        world
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("run/jit.sock")
    }

    pub(crate) fn run_broker(&mut self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.dir.path().join("log")).unwrap();
        let mut command = match self.descriptors {
            None => Command::new(JIT),
            Some(most) => {
                let mut limited = Command::new("prlimit");
                limited.arg(format!("--nofile={most}:{most}")).arg(JIT);
                limited
            }
        };
        command.arg("serve").arg("-vv").arg("--config").arg(self.dir.path().join("jit.toml"));
        self.clean(&mut command, "broker");
        self.broker = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let until = Instant::now() + Duration::from_secs(30);
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            assert!(Instant::now() < until, "the broker did not come up: {}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// The broker's process.
    pub(crate) fn pid(&self) -> u32 {
        self.broker.as_ref().expect("the broker runs").id()
    }

    /// Waits until the broker has ended by itself.
    pub(crate) fn ended(&mut self) {
        let mut broker = self.broker.take().expect("the broker runs");
        let until = Instant::now() + Duration::from_secs(90);
        while broker.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "the broker does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// As the power does it.
    pub(crate) fn kill(&mut self) {
        let mut broker = self.broker.take().unwrap();
        broker.kill().unwrap();
        broker.wait().unwrap();
    }

    fn clean(&self, command: &mut Command, home: &str) {
        let home = self.dir.path().join("homes").join(home);
        std::fs::create_dir_all(&home).unwrap();
        command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin").env("HOME", &home).env("TZ", "UTC").current_dir("/");
    }

    /// The program, run by somebody.
    pub(crate) fn command(&self, by: &By, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let home = match by {
            By::User(uid) => format!("u{uid}"),
            By::Token(token) => format!("t{}", &token[4..12]),
        };
        self.clean(&mut command, &home);
        command.args(args).env("JIT_BROKER", self.socket()).stdin(Stdio::null());
        match by {
            By::Token(token) => {
                command.env("JIT_TOKEN", token);
            }
            By::User(uid) => {
                let path = self.dir.path().join("homes").join(&home);
                std::os::unix::fs::chown(&path, Some(*uid), Some(*uid)).unwrap();
                command.uid(*uid).gid(*uid);
            }
        }
        command
    }

    pub(crate) fn run(&self, by: &By, args: &[&str]) -> Output {
        self.command(by, args).output().unwrap()
    }

    /// Runs it, demands the exit code, and reads the last JSON object of its output.
    pub(crate) fn json(&self, by: &By, args: &[&str], code: i32) -> Value {
        let mut all = args.to_vec();
        all.extend(["--output", "json"]);
        let output = self.run(by, &all);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "jit {args:?}\n{out}\n{err}");
        let last = out.trim().lines().last().unwrap_or("null");
        serde_json::from_str(last).or_else(|_| serde_json::from_str(&out)).unwrap_or(Value::Null)
    }

    /// Files a request without waiting, and gives it as the list shows it.
    pub(crate) fn ask(&self, by: &By, role: &str, span: &str, reason: &str) -> Value {
        self.json(by, &["request", role, "--for", span, "--reason", reason, "--no-wait"], 0);
        self.newest(by)
    }

    pub(crate) fn newest(&self, by: &By) -> Value {
        self.json(by, &["list"], 0)["requests"][0].clone()
    }

    pub(crate) fn show(&self, by: &By, id: &str) -> Value {
        self.json(by, &["show", id], 0)
    }

    /// Waits until a request stands so.
    pub(crate) fn until(&self, by: &By, id: &str, standing: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let view = self.show(by, id);
            if view["standing"] == standing {
                return view;
            }
            assert!(Instant::now() < until, "it does not become {standing}: {view}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// A raw call of the API: status and body.
    pub(crate) fn call(&self, by: &By, method: &str, path: &str, headers: &[&str], body: &str) -> (u16, String) {
        let mut command = Command::new("curl");
        command.args(["-s", "-w", "\n%{http_code}", "-X", method, "--unix-socket"]).arg(self.socket());
        for header in headers {
            command.args(["-H", header]);
        }
        if !body.is_empty() {
            command.args(["--data-binary", "@-"]);
        }
        match by {
            By::Token(token) => {
                command.args(["-H", &format!("Authorization: Bearer {token}")]);
            }
            By::User(uid) => {
                command.uid(*uid).gid(*uid);
            }
        }
        command.arg(format!("http://jit{path}")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut curl = command.spawn().expect("curl");
        let sent = curl.stdin.take().unwrap().write_all(body.as_bytes());
        let output = curl.wait_with_output().expect("curl");
        // A server that has read enough need not read the rest.
        let _ = sent;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, code) = text.rsplit_once('\n').expect("a status");
        (code.parse().expect("a number"), body.to_owned())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(broker) = &mut self.broker {
            let _ = broker.kill();
            let _ = broker.wait();
        }
        // The agents of everybody who ran here.
        for entry in std::fs::read_dir(self.dir.path().join("homes")).into_iter().flatten().flatten() {
            let mut command = Command::new(&self.program);
            command
                .args(["agent", "stop"])
                .env_clear()
                .env("HOME", entry.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            if rustix::process::geteuid().is_root() {
                use std::os::unix::fs::MetadataExt as _;
                let owner = entry.metadata().unwrap().uid();
                command.uid(owner);
            }
            let _ = command.status();
        }
    }
}

pub(crate) fn open(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The program where every OS user of a test can run it: what is built in root's home is out of their reach.
pub(crate) fn program(root: &Path) -> PathBuf {
    let here = root.join("jit");
    if std::fs::hard_link(JIT, &here).is_err() {
        std::fs::copy(JIT, &here).unwrap();
    }
    here
}

/// Makes OS users for a test; `None`, out loud, where that can't be done.
pub(crate) fn users(names: &[&str]) -> Option<Vec<By>> {
    if !rustix::process::geteuid().is_root() {
        let wanted = std::env::var("JIT_TEST_REQUIRE").unwrap_or_default();
        assert!(!wanted.split(',').any(|one| one == "users"), "only root can make OS users");
        println!("skipped: real OS users, because only root can make them");
        return None;
    }
    // Two at once could be given one number.
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let made = names.iter().map(|name| {
        if nix::unistd::User::from_name(name).unwrap().is_none() {
            let _ = Command::new("useradd").args(["-r", "-M", "-s", "/usr/sbin/nologin", name]).status();
        }
        By::User(nix::unistd::User::from_name(name).unwrap().expect(name).uid.as_raw())
    });
    Some(made.collect())
}

/// The three of most tests: who asks, who decides and administers, and a stranger to both.
pub(crate) fn three() -> Option<(World, By, By, By)> {
    let mut users = users(&["jit-test-a", "jit-test-b", "jit-test-c"])?.into_iter();
    let world = World::start(&[
        ("alice", "jit-test-a", "engineers leads"),
        ("bob", "jit-test-b", "leads"),
        ("carol", "jit-test-c", "others"),
    ]);
    Some((world, users.next()?, users.next()?, users.next()?))
}
