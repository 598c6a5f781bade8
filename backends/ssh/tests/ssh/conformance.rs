//! The conformance suite of the contract, on real sshds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::common::{make_ca, make_key, printed, real_clock, real_now, write};
use crate::host::Host;
use jit_backend::testkit::{self, Client, Facts, Harness, Hostile, Must, Place, Session, Target, Trouble, Used};
use jit_backend::{Backend, BoxFuture, Document};
use jit_backend_ssh::krl::Krl;
use jit_backend_ssh::{Settings, Source, Ssh};
use jit_types::{Form, Grade, Material, Scope, Span, Timestamp, Words};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};

/// A host, and the houses that it trusts: each has a CA and a revocation list of its own. sshd reads one list, so the
/// host joins those of its houses, as an administrator would have to.
struct OneTarget {
    host: Host,
    joined: PathBuf,
    houses: Mutex<BTreeMap<String, (Settings, String)>>,
}

/// A directory that hosts' other users may read, as they may /etc/ssh.
fn open_directory() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("a mode can be set");
    dir
}

struct SshHarness {
    dir: tempfile::TempDir,
    first: OneTarget,
    second: OneTarget,
    last: AtomicU64,
    keys: Mutex<BTreeMap<u64, String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OneTarget {
    async fn start(dir: &Path, name: &str, probed: bool) -> Option<Self> {
        let trusted = dir.join(format!("{name}-nobody"));
        write(&trusted.with_extension("pub"), make_ca(&trusted), 0o644);
        let joined = dir.join(format!("{name}-krl"));
        write(&joined, Krl::default().encode(), 0o644);
        let host = match probed {
            true => Host::probed(&trusted, &joined, |_| String::new()).await?,
            false => Host::start(&trusted, Some(&joined)).await?,
        };
        Some(Self { host, joined, houses: Mutex::default() })
    }

    /// The settings of a house on this host, made at the first call.
    fn settings(&self, dir: &Path, place: Place) -> Settings {
        let mut houses = lock(&self.houses);
        let name = format!("{}-{:?}", place.house, place.target);
        let (settings, _) = houses.entry(name.clone()).or_insert_with(|| {
            let file = dir.join(format!("ca-{name}"));
            let line = make_ca(&file);
            let mut settings = Settings::new(Source::File(file));
            settings.krl = Some(dir.join(format!("krl-{name}")));
            settings.hosts = vec!["127.0.0.1".parse().expect("a pattern")];
            if self.host.probe.is_some() {
                settings.known_hosts = vec![self.host.known.parse().expect("a line")];
                settings.probe = Some(crate::probe::at(&self.host));
            }
            (settings, line)
        });
        let settings = settings.clone();
        let lines: Vec<_> = houses.values().map(|(_, line)| line.as_str()).collect();
        write(&self.host.dir.join("ca.pub"), lines.join("\n"), 0o644);
        settings
    }

    /// Brings the houses' lists to the host.
    fn join(&self) {
        let mut joined = Krl::default();
        for (settings, _) in lock(&self.houses).values() {
            let path = settings.krl.as_ref().expect("a list");
            if let Ok(bytes) = std::fs::read(path) {
                joined.revoked.extend(Krl::parse(&bytes).expect("our own list").revoked);
            }
        }
        write(&self.joined, joined.encode(), 0o644);
    }
}

impl SshHarness {
    async fn start(probed: bool) -> Option<Self> {
        let dir = open_directory();
        let first = OneTarget::start(dir.path(), "first", probed).await?;
        let second = OneTarget::start(dir.path(), "second", probed).await?;
        Some(Self { dir, first, second, last: AtomicU64::new(0), keys: Mutex::default() })
    }

    fn target(&self, target: Target) -> &OneTarget {
        match target {
            Target::First => &self.first,
            Target::Second => &self.second,
        }
    }

    /// The host whose CAs signed a certificate: a client goes where its certificate belongs.
    fn belongs(&self, form: &jit_types::SshForm) -> &Host {
        let body = jit_backend_ssh::certificate::Certificate::parse_line(&form.certificate).expect("our own").body;
        let line = format!("{} jit ca", body.ca.line());
        if lock(&self.second.houses).values().any(|(_, ca)| *ca == line) { &self.second.host } else { &self.first.host }
    }
}

impl Harness for SshHarness {
    fn facts(&self) -> Facts {
        let scope = json!({
            "principals": ["web"], "hosts": ["127.0.0.1"], "user": self.first.host.user,
            "source_address": ["127.0.0.0/8"], "permit": ["pty"],
        });
        let hostile =
            |what: &str, scope: serde_json::Value, must| Hostile { what: what.to_owned(), scope: Scope(scope), must };
        let mut facts = Facts::new("ssh", Scope(scope));
        facts.hostile = vec![
            hostile("a list of principals in one", json!({"principals": ["web,root"]}), Must::BeRefusedOffline),
            hostile("every principal", json!({"principals": ["*"]}), Must::BeRefusedOffline),
            hostile("every host", json!({"principals": ["web"], "hosts": ["*"]}), Must::BeRefusedOffline),
            hostile("everywhere", json!({"principals": ["web"], "source_address": ["::/0"]}), Must::BeRefusedOffline),
            hostile("two commands", json!({"principals": ["web"], "force_command": "a\nb"}), Must::BeRefusedOffline),
            hostile("another account's name", json!({"principals": ["root"]}), Must::DoNoHarm),
        ];
        facts.life = Span::from_secs(5);
        facts
    }

    fn backend(&self, place: Place) -> BoxFuture<'_, Result<Arc<dyn Backend>, Trouble>> {
        Box::pin(async move {
            let target = self.target(place.target);
            let settings = target.settings(self.dir.path(), place);
            let ssh = Ssh::open(place.house, settings.clone(), real_clock()).await;
            let ssh = ssh.map_err(|e| Trouble::failed(e.to_string()))?;
            // As a house does when it starts: a missing list would refuse every login.
            let path = settings.krl.expect("a list");
            if !path.exists() {
                let documents = ssh.documents(&[]).map_err(|e| Trouble::failed(e.to_string()))?;
                self.publish(&documents).await?;
            }
            Ok(Arc::new(ssh) as Arc<dyn Backend>)
        })
    }

    fn client(&self) -> BoxFuture<'_, Result<Client, Trouble>> {
        Box::pin(async move {
            let (private, public) = make_key();
            let number = self.last.fetch_add(1, Ordering::SeqCst);
            let canaries = private.lines().filter(|line| !line.starts_with("---")).map(str::to_owned).collect();
            lock(&self.keys).insert(number, private);
            Ok(Client { number, material: Material::SshPublicKey(public), canaries })
        })
    }

    fn open<'a>(&'a self, client: &'a Client, form: &'a Form) -> BoxFuture<'a, Result<Used, Trouble>> {
        Box::pin(async move {
            let Form::Ssh(form) = form else { return Err(Trouble::failed("another form")) };
            let host = self.belongs(form);
            let private = lock(&self.keys).get(&client.number).cloned().ok_or(Trouble::failed("no such client"))?;
            let name = format!("c{}", self.last.fetch_add(1, Ordering::SeqCst));
            let identity = host.identity(&name, &private, form);
            let mut command = tokio::process::Command::from(host.ssh(&identity, &[]));
            command.arg("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
            let mut child = command.spawn().map_err(|e| Trouble::failed(e.to_string()))?;
            let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
                return Err(Trouble::failed("ssh has no streams"));
            };
            let mut session = Shell { to, from: BufReader::new(from).lines(), said: 0, child };
            if session.alive().await {
                return Ok(Used::Opened(Box::new(session)));
            }
            match session.child.wait().await {
                Ok(status) if status.code() == Some(255) => Ok(Used::Refused(Words::new("ssh was refused"))),
                other => Err(Trouble::failed(format!("ssh ended with {other:?}: {}", host.log()))),
            }
        })
    }

    fn wait_until(&self, at: Timestamp) -> BoxFuture<'_, Timestamp> {
        Box::pin(async move {
            while real_now() < at {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            real_now()
        })
    }

    fn publish<'a>(&'a self, documents: &'a [Document]) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            for document in documents {
                write(&document.path, &document.bytes, document.mode);
                let path = document.path.to_str().expect("a path");
                let output = crate::common::run("ssh-keygen", &["-Q", "-l", "-f", path]);
                if !output.status.success() || !printed(&output).contains("# KRL version") {
                    return Err(Trouble::failed(printed(&output)));
                }
            }
            self.first.join();
            self.second.join();
            Ok(())
        })
    }
}

/// A session that repeats what it is told.
struct Shell {
    to: tokio::process::ChildStdin,
    from: Lines<BufReader<tokio::process::ChildStdout>>,
    said: u64,
    child: tokio::process::Child,
}

impl Session for Shell {
    fn alive(&mut self) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            self.said += 1;
            let text = format!("still here {}", self.said);
            if self.to.write_all(format!("{text}\n").as_bytes()).await.is_err() {
                return false;
            }
            let line = tokio::time::timeout(Duration::from_secs(10), self.from.next_line()).await;
            matches!(line, Ok(Ok(Some(line))) if line == text)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_keeps_the_contract() {
    let Some(harness) = SshHarness::start(false).await else { return };
    keeps(&harness, Grade::ByConstruction).await;
}

/// With a probe host the best proof is an observation, and every trial measures it as one.
#[tokio::test(flavor = "multi_thread")]
async fn ssh_keeps_the_contract_where_hosts_are_looked_at() {
    let Some(harness) = SshHarness::start(true).await else { return };
    keeps(&harness, Grade::Observed).await;
    let log = harness.first.host.log();
    let account = harness.first.host.probe.as_deref().expect("an account");
    assert!(log.contains(&format!("Accepted publickey for {account}")), "nobody looked: {log}");
}

async fn keeps(harness: &SshHarness, grade: Grade) {
    let place = Place { house: crate::common::house(9), target: Target::First };
    let backend = harness.backend(place).await.expect("a backend");
    assert_eq!(backend.capability(&harness.facts().scope).expect("a capability").proof, grade);
    let outcome = testkit::run(harness).await;
    eprintln!("{outcome}");
    outcome.assert(&[
        // An extension is a new claim.
        "new_end_moves_the_planted_end",
        // A certificate has no longest life.
        "window_longer_than_the_longest",
        // Certificates leave nothing in a target that could be listed.
        "check_lists_what_is_there",
        // Nothing stands between a broker that signs by itself and the target.
        "stalled_issuer",
        "unreachable_target",
        "slow_target",
    ]);
}
