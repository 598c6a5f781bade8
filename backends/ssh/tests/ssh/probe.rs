//! What the broker sees at a real host that it logs in to, and what a host may not make it believe.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::common::{House, from_now, make_ca, make_key, plain, printed, real_clock, real_now, write};
use crate::host::{Host, text};
use jit_backend::{Backend as _, FindingKind, Lease, Seen, Tail};
use jit_backend_ssh::certificate::Certificate;
use jit_backend_ssh::{Probe, ProbeHost, Settings, Source, Ssh};
use jit_types::{Grade, Proof, Scope, SshForm};
use serde_json::json;

/// A probe of one host, as that host is set up.
pub(crate) fn at(host: &Host) -> Probe {
    Probe {
        hosts: vec![format!("127.0.0.1:{}", host.port).parse().expect("a host")],
        account: host.probe.as_deref().expect("a probe's account").parse().expect("an account"),
        sshd_config: text(&host.dir.join("sshd_config")).parse().expect("a path"),
        source_address: vec!["127.0.0.0/8".parse().expect("a network")],
    }
}

/// A house, a host that trusts it, and the list that reaches the host only when it is brought there.
struct Pair {
    dir: tempfile::TempDir,
    house: House,
    host: Host,
}

impl Pair {
    async fn start(more: impl FnOnce(&Host) -> String) -> Option<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("a mode can be set");
        let house = House::open(dir.path(), 1, real_clock()).await;
        write(&house.ca_file.with_extension("pub"), &house.ca_line, 0o644);
        house.publish(&[]);
        std::fs::copy(&house.krl, dir.path().join("host.krl")).expect("a list can be brought");
        let host = Host::probed(&house.ca_file, &dir.path().join("host.krl"), more).await?;
        let mut pair = Self { dir, house, host };
        pair.open(|_| ()).await;
        Some(pair)
    }

    /// Opens the backend anew, with a probe of the host and what a test changes of it.
    async fn open(&mut self, change: impl FnOnce(&mut Settings)) {
        let mut settings = Settings::new(Source::File(self.house.ca_file.clone()));
        settings.krl = Some(self.house.krl.clone());
        settings.hosts = vec!["127.0.0.1".parse().expect("a pattern")];
        settings.known_hosts = vec![self.host.known.parse().expect("a line")];
        settings.user = Some(self.host.user.parse().expect("an account"));
        settings.probe = Some(at(&self.host));
        change(&mut settings);
        self.house.ssh = Ssh::open(self.house.id, settings, real_clock()).await.expect("the backend opens");
    }

    fn bring(&self) {
        write(&self.dir.path().join("host.krl"), std::fs::read(&self.house.krl).expect("the house's list"), 0o644);
    }

    /// A certificate that was ended early by the house's own list.
    async fn ended(&self) -> (Lease, PathBuf) {
        let (private, key) = make_key();
        let (lease, form) = self.house.issue(&key, plain("web"), from_now(120_000)).await;
        self.house.publish(std::slice::from_ref(&lease));
        self.house.ssh.revoke(&lease).await.expect("the list holds it");
        (lease, self.host.identity("ended", &private, &form))
    }

    async fn gone(&self, lease: &Lease) -> Proof {
        match self.house.ssh.probe(lease).await {
            Ok(Seen::Gone(proof)) => proof,
            other => panic!("it is not gone: {other:?}\n{}", self.host.log()),
        }
    }
}

fn says(proof: &Proof, what: &str) -> bool {
    proof.evidence.iter().any(|words| words.as_str().contains(what))
}

#[tokio::test]
async fn it_is_usable_while_the_hosts_list_lags_and_seen_gone_when_it_has_come() {
    let Some(pair) = Pair::start(|_| String::new()).await else { return };
    let capability = pair.house.ssh.capability(&Scope(plain("web"))).expect("a capability");
    assert_eq!(capability.proof, Grade::Observed);
    let Tail::NoBound(tail) = &capability.swept else { panic!("a bound") };
    assert!(tail.as_str().contains(&format!("looked at on 127.0.0.1:{}, and holds by", pair.host.port)), "{tail}");

    let (private, key) = make_key();
    let (_, form) = pair.house.issue(&key, plain("web"), from_now(120_000)).await;
    let other = pair.host.identity("other", &private, &form);
    let (lease, identity) = pair.ended().await;
    let seen = pair.house.ssh.probe(&lease).await;
    let Ok(Seen::Usable { evidence }) = &seen else { panic!("{seen:?}\n{}", pair.host.log()) };
    assert!(evidence[0].as_str().contains("does not hold the serial"), "{evidence:?}");
    // It says so because it is so.
    pair.host.opens(&identity, "true");

    pair.bring();
    let proof = pair.gone(&lease).await;
    assert_eq!(proof.grade, Grade::Observed, "{proof:?}");
    assert!(says(&proof, "its revocation list holds the serial"), "{proof:?}");
    assert!(!proof.tail.is_empty());
    // sshd's own process of the login above may take a moment to go.
    let (account, began) = (&pair.host.user, Instant::now());
    while !says(&pair.gone(&lease).await, &format!("nothing runs as {account} on")) {
        assert!(began.elapsed() < Duration::from_secs(20), "something runs as {account}");
    }
    let mut live = pair.host.ssh(&other, &[]);
    let mut live = live.arg("sleep 20").spawn().expect("a session");
    let began = Instant::now();
    while !says(&pair.gone(&lease).await, &format!("as {account} on 127.0.0.1:{}; whose", pair.host.port)) {
        assert!(began.elapsed() < Duration::from_secs(15), "nothing is seen to run as {account}");
    }
    live.kill().expect("the session ends");
    live.wait().expect("the session ends");
    pair.host.refuses(&identity, "revoked by file").await;
}

#[tokio::test]
async fn only_hosts_that_were_looked_at_are_observed() {
    let Some(pair) = Pair::start(|_| String::new()).await else { return };
    pair.bring();
    for (hosts, looked) in
        [(json!(["127.0.0.*"]), true), (json!(["127.0.0.1", "web-2"]), true), (json!(["web-2"]), false)]
    {
        let scope = json!({"principals": ["web"], "hosts": hosts});
        let capability = pair.house.ssh.capability(&Scope(scope.clone())).expect("a capability");
        assert_eq!(capability.proof, Grade::ByConstruction, "{hosts}");
        let (_, key) = make_key();
        let (lease, _) = pair.house.issue(&key, scope, from_now(120_000)).await;
        pair.house.publish(std::slice::from_ref(&lease));
        pair.bring();
        let proof = pair.gone(&lease).await;
        assert_eq!(
            (proof.grade.clone(), says(&proof, "was looked at")),
            (Grade::ByConstruction, looked),
            "{hosts}: {proof:?}"
        );
    }
}

#[tokio::test]
async fn after_its_planted_end_the_hosts_clock_is_looked_at() {
    let Some(pair) = Pair::start(|_| String::new()).await else { return };
    let (_, key) = make_key();
    let (lease, form) = pair.house.issue(&key, plain("web"), from_now(2_000)).await;
    while real_now() < form.validity.end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let proof = pair.gone(&lease).await;
    assert_eq!(proof.grade, Grade::Observed, "{proof:?}");
    assert!(says(&proof, "by its clock the certificate is past"), "{proof:?}");
}

#[tokio::test]
async fn a_host_that_does_not_answer_holds_up_no_end() {
    let Some(mut pair) = Pair::start(|_| String::new()).await else { return };
    // One that refuses, and one that takes the connection and says nothing.
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    for port in [closed, silent.local_addr().expect("a port").port()] {
        pair.open(|settings| probe(settings).hosts = vec![host(port)]).await;
        let (lease, _) = pair.ended().await;
        let began = Instant::now();
        let proof = pair.gone(&lease).await;
        assert!(began.elapsed() < Duration::from_secs(14), "it took {:?}", began.elapsed());
        assert_eq!(proof.grade, Grade::ByConstruction);
        assert!(says(&proof, "could not be looked at"), "{proof:?}");
        assert!(says(&proof, "the revocation list at"), "{proof:?}");
        // The next ones don't wait for the same silence.
        let again = Instant::now();
        pair.gone(&lease).await;
        assert!(again.elapsed() < Duration::from_secs(1), "it took {:?}", again.elapsed());
    }
}

#[tokio::test]
async fn a_host_with_another_key_is_not_asked() {
    let Some(mut pair) = Pair::start(|_| String::new()).await else { return };
    let (lease, _) = pair.ended().await;
    pair.bring();
    let other = make_ca(&pair.dir.path().join("other"));
    let other = format!("[127.0.0.1]:{} {}", pair.host.port, other.trim_end_matches(" jit ca"));
    let nobody = format!("[127.0.0.1]:{} {}", 1, other.split_once(' ').expect("a key").1);
    for line in [other, nobody] {
        pair.open(|settings| settings.known_hosts = vec![line.parse().expect("a line")]).await;
        let proof = pair.gone(&lease).await;
        assert_eq!(proof.grade, Grade::ByConstruction);
        assert!(says(&proof, "its host key is not one"), "{proof:?}");
        let report = pair.house.ssh.check().await;
        assert!(report.findings.iter().any(|f| f.kind == FindingKind::Bad && f.what.as_str().contains("its host key")));
    }
    assert!(!pair.host.log().contains("Accepted publickey"), "{}", pair.host.log());
}

#[tokio::test]
async fn what_a_hostile_host_says_is_neither_believed_nor_repeated() {
    const MARK: &str = "evilmark";
    let forced = |host: &Host| format!("ForceCommand /bin/sh {}/evil\n", host.dir.display());
    let Some(mut pair) = Pair::start(forced).await else { return };
    let (lease, _) = pair.ended().await;
    let answer = |rest: &str| format!("printf 'jit-look 1\\nnow 4102444800\\nconfig read\\n{rest}'");
    for script in [
        "yes evilmark".to_owned(),
        "yes evilmark >&2".to_owned(),
        "printf 'evilmark\\033[2J\\007\\r\\n'".to_owned(),
        "echo 'Host key verification failed evilmark' >&2; exit 255".to_owned(),
        "exit 7".to_owned(),
        answer("list 1 evilmark!\\ntrust 1\\nself no yes\\nend\\n"),
        answer("list unreadable\\ntrust 1\\nself no yes\\nevilmark\\nend\\n"),
        // In the right form: it says that it can't tell, and that it is in another year.
        answer("list unreadable\\ntrust 1\\nself no yes\\nend\\n"),
    ] {
        write(&pair.host.dir.join("evil"), &script, 0o755);
        pair.open(|_| ()).await;
        let proof = pair.gone(&lease).await;
        assert_eq!(proof.grade, Grade::ByConstruction, "{script}");
        let report = pair.house.ssh.check().await;
        assert!(report.findings.iter().any(|f| f.kind == FindingKind::Bad), "{script}: {report:?}");
        assert!(!format!("{proof:?}{report:?}").contains(MARK), "{script}: {proof:?}{report:?}");
    }
}

/// The files of a login that is under way, as a thief on the broker's machine would take them.
async fn stolen(port: u16) -> PathBuf {
    for _ in 0..300 {
        for entry in std::fs::read_dir(std::env::temp_dir()).expect("a directory").flatten() {
            let known = std::fs::read_to_string(entry.path().join("known_hosts")).unwrap_or_default();
            if known.contains(&format!("[127.0.0.1]:{port} ")) {
                return entry.path();
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no login is under way");
}

#[tokio::test]
async fn the_probes_certificate_can_do_nothing_but_look() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(mut pair) = Pair::start(|_| String::new()).await else { return };
    let account = pair.host.probe.clone().expect("an account");
    // A host that keeps the login waiting, so that its files can be taken.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("a port").port();
    let line = pair.host.known.replace(&pair.host.port.to_string(), &port.to_string());
    for (source, opens) in [("127.0.0.0/8", true), ("192.0.2.0/24", false)] {
        pair.open(|settings| {
            settings.known_hosts = vec![line.parse().expect("a line")];
            probe(settings).hosts = vec![host(port)];
            probe(settings).source_address = vec![source.parse().expect("a network")];
        })
        .await;
        let (lease, _) = pair.ended().await;
        let (_, taken) = tokio::join!(pair.gone(&lease), async {
            let dir = stolen(port).await;
            let mode = |path: &Path| std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
            assert_eq!((mode(&dir), mode(&dir.join("key"))), (0o700, 0o600));
            let read = |name: &str| std::fs::read_to_string(dir.join(name)).expect("a file");
            (read("key"), read("key-cert.pub"), dir)
        });
        let (private, certificate, dir) = taken;
        assert!(!dir.exists(), "the login's files are left");
        let body = Certificate::parse_line(&certificate).expect("a certificate").body;
        let names: Vec<_> = body.critical.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names, body.extensions.len()), (vec!["force-command", "source-address"], 0));
        assert_eq!(body.principals, [account.as_str()]);
        assert!(body.valid_before - body.valid_after <= 60 + 30);

        let form = SshForm {
            certificate,
            validity: from_now(60_000),
            principals: Vec::new(),
            hosts: Vec::new(),
            user: None,
            known_hosts: Vec::new(),
        };
        let identity = pair.host.identity("stolen", &private, &form);
        let as_account = |options: &[&str], command: &str| {
            pair.host.ssh_as(&account, &identity, options).arg(command).output().expect("ssh runs")
        };
        let output = as_account(&[], "echo anything else");
        if !opens {
            assert_eq!(output.status.code(), Some(255), "{}", printed(&output));
            continue;
        }
        assert!(printed(&output).starts_with("jit-look 1\n"), "{}", printed(&output));
        assert!(!printed(&output).contains("anything else"));
        let output = as_account(&["-tt", "-o", "LogLevel=INFO"], "sh");
        assert!(printed(&output).contains("PTY allocation request failed"), "{}", printed(&output));
        let forward = ["-o", "ExitOnForwardFailure=yes", "-R", "127.0.0.1:0:127.0.0.1:9"];
        assert!(!as_account(&forward, "true").status.success());
        // To no other account.
        assert_eq!(pair.host.login(&identity, &[], "true").status.code(), Some(255));
    }
}

fn probe(settings: &mut Settings) -> &mut Probe {
    settings.probe.as_mut().expect("a probe")
}

fn host(port: u16) -> ProbeHost {
    format!("127.0.0.1:{port}").parse().expect("a host")
}

#[tokio::test]
async fn doctor_sees_keys_lists_and_clocks_at_the_host() {
    let keys = |host: &Host| format!("Match User {}\nAuthorizedKeysFile .ssh/authorized_keys\n", host.user);
    let Some(pair) = Pair::start(keys).await else { return };
    let bad = async || -> Vec<(String, String)> {
        let report = pair.house.ssh.check().await;
        let bad = report.findings.iter().filter(|f| f.kind == FindingKind::Bad);
        bad.map(|f| (f.what.to_string(), f.remedy.as_ref().expect("a way out").to_string())).collect()
    };
    let found = bad().await;
    let user = &pair.host.user;
    assert!(
        found.iter().any(|(what, mend)| what.contains("planted opens for ever")
            && what.ends_with(&format!(": {user}"))
            && mend.starts_with("AuthorizedKeysFile none")),
        "{found:?}"
    );
    assert!(!found.iter().any(|(what, _)| what.contains("lacks")), "{found:?}");
    let (_lease, _) = pair.ended().await;
    let found = bad().await;
    assert!(found.iter().any(|(what, _)| what.contains("lacks 1 of 1 certificates")), "{found:?}");
    pair.bring();
    assert!(!bad().await.iter().any(|(what, _)| what.contains("lacks")));
    let report = pair.house.ssh.check().await;
    let clock = report.findings.iter().find(|f| f.what.as_str().contains("the clock of"));
    assert_eq!(clock.expect("a word on the clock").kind, FindingKind::Good);
    // Where the probe may not read what sshd was told, it says so.
    write(&pair.host.dir.join("sshd_config"), std::fs::read(pair.host.dir.join("sshd_config")).expect("it"), 0o600);
    assert!(bad().await.iter().any(|(what, _)| what.contains("may not read")));
}

#[tokio::test]
async fn no_role_gives_the_probes_own_name() {
    let Some(pair) = Pair::start(|_| String::new()).await else { return };
    let account = pair.host.probe.clone().expect("an account");
    for scope in [json!({"principals": ["web", account]}), json!({"principals": ["web"], "user": account})] {
        assert!(pair.house.ssh.capability(&Scope(scope.clone())).is_err(), "{scope}");
        let (_, key) = make_key();
        let order = crate::common::order(pair.house.id, &key, scope, from_now(60_000));
        let material = jit_types::Material::SshPublicKey(key);
        assert!(pair.house.ssh.issue(&order, Some(&material)).await.is_err());
    }
}

#[tokio::test]
async fn many_ends_at_once_are_few_logins() {
    let Some(pair) = Pair::start(|_| String::new()).await else { return };
    let (lease, _) = pair.ended().await;
    pair.bring();
    let looks: Vec<_> = (0..20).map(|_| pair.gone(&lease)).collect();
    let mut proofs = Vec::new();
    for look in join(looks).await {
        proofs.push(look.grade);
    }
    assert!(proofs.iter().all(|grade| *grade == Grade::Observed), "{proofs:?}");
    let account = pair.host.probe.as_deref().expect("an account");
    let logins = pair.host.log().matches(&format!("Accepted publickey for {account}")).count();
    assert!((1..=2).contains(&logins), "{logins} logins");
}

/// Runs all at the same time.
async fn join<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(move |cx| {
        waiting.retain_mut(|future| match future.as_mut().poll(cx) {
            std::task::Poll::Ready(value) => {
                done.push(value);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(std::mem::take(&mut done)) } else { std::task::Poll::Pending }
    })
    .await
}
