//! The contract, without a host: deadlines, convergence, pins, documents, the config and its mistakes.

use std::collections::BTreeMap;

use crate::common::{HandClock, House, from_now, make_key, order, plain, real_clock, real_now, write};
use jit_backend::{Backend as _, Config, ErrorKind, Extends, FindingKind, Kind as _, Lease, Seen, Tail};
use jit_backend_ssh::certificate::Certificate;
use jit_backend_ssh::krl::Krl;
use jit_backend_ssh::{Settings, Source, Ssh, SshKind};
use jit_types::settings::{Fault, Node, NodeValue, Reader, Table};
use jit_types::{Form, Material, Scope, Timestamp, Window};
use serde_json::{Value, json};

fn node(value: &Value) -> Node {
    let value = match value {
        Value::String(text) => NodeValue::Text(text.clone()),
        Value::Number(n) => NodeValue::Integer(n.as_i64().expect("a whole number")),
        Value::Bool(b) => NodeValue::Bool(*b),
        Value::Array(items) => NodeValue::List(items.iter().map(node).collect()),
        Value::Object(_) => NodeValue::Table(table(value)),
        Value::Null => panic!("a config has no null"),
    };
    Node { span: 0..1, value }
}

fn table(value: &Value) -> Table {
    let entries: BTreeMap<_, _> =
        value.as_object().expect("a table").iter().map(|(key, v)| (key.clone(), (0..1, node(v)))).collect();
    Table { span: 0..1, entries }
}

fn config(value: &Value) -> Result<Box<dyn Config>, Vec<Fault>> {
    let (table, mut faults) = (table(value), Vec::new());
    let mut reader = Reader::new(&table, "backends.x", &mut faults);
    let config = SshKind::new(real_clock()).config(&mut reader);
    reader.finish();
    if faults.is_empty() { Ok(config.expect("no fault, so a config")) } else { Err(faults) }
}

fn scope(value: &Value) -> Result<Scope, Vec<Fault>> {
    let config = config(&json!({"ca": {"file": "/etc/jit/ca"}})).expect("a good config");
    let (table, mut faults) = (table(value), Vec::new());
    let mut reader = Reader::new(&table, "roles.x", &mut faults);
    let scope = config.scope(&mut reader);
    reader.finish();
    assert_eq!(scope.is_none(), !faults.is_empty(), "a mistake must be told, and only a mistake");
    scope.ok_or(faults)
}

fn keys(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.key.rsplit_once("x.").map_or("", |(_, key)| key)).collect()
}

#[test]
fn a_config_tells_all_its_mistakes_at_once() {
    let (_, key) = make_key();
    for good in [
        json!({"ca": {"file": "/etc/jit/ca"}}),
        json!({"ca": {"agent": key.as_str(), "socket": "/run/agent"}, "krl": "/srv/krl", "clock_skew": "0s"}),
        json!({"ca": {"file": "/etc/jit/ca"}, "hosts": ["*.example.com"], "user": "deploy",
               "known_hosts": [format!("@cert-authority *.example.com {}", key.as_str())]}),
    ] {
        let config = config(&good).unwrap_or_else(|faults| panic!("{good}: {faults:?}"));
        assert!(config.target().starts_with("ssh ca "));
    }
    let bad = json!({"ca": {"file": "ca"}, "krl": "krl", "hosts": ["*", "a b", "ok.example.com"], "user": "-x",
                     "known_hosts": [], "clock_skew": "1h", "hots": 1});
    let faults = config(&bad).err().expect("mistakes");
    assert_eq!(keys(&faults), ["ca.file", "krl", "hosts", "hosts", "known_hosts", "user", "clock_skew", "hots"]);
    for bad in [
        json!({}),
        json!({"ca": "/etc/jit/ca"}),
        json!({"ca": {}}),
        json!({"ca": {"file": "/a", "socket": "/b"}}),
        json!({"ca": {"agent": key.as_str()}}),
        json!({"ca": {"agent": "ssh-rsa AAAA", "socket": "/b"}}),
        json!({"ca": {"file": "/a"}, "clock_skew": 30}),
        json!({"ca": {"file": "/a"}, "krl": 7}),
        json!({"ca": {"file": "/a"}, "krl": "/"}),
    ] {
        assert!(!config(&bad).err().unwrap_or_else(|| panic!("{bad}")).is_empty());
    }
}

#[test]
fn a_probe_names_single_hosts_and_what_vouches_for_them() {
    let (_, key) = make_key();
    let with = |probe: Value| {
        json!({"ca": {"file": "/etc/jit/ca"}, "krl": "/srv/krl", "probe": probe,
               "known_hosts": [format!("web-1.internal {}", key.as_str())]})
    };
    let good = json!({"hosts": ["web-1.internal", "web-2.internal:2222"], "account": "jit-probe",
                      "sshd_config": "/usr/local/etc/sshd_config", "source_address": ["10.0.0.7"]});
    assert!(config(&with(good)).is_ok());
    let bad = json!({"hosts": ["*.internal", "-oProxyCommand=id", "web-1:0"], "account": "a b",
                     "sshd_config": "/etc/$(id)", "source_address": ["10.0.0.1/8"], "port": 22});
    let faults = config(&with(bad)).err().expect("mistakes");
    let p = |key: &str| format!("probe.{key}");
    let expected = [p("hosts"), p("hosts"), p("hosts"), p("account"), p("sshd_config"), p("source_address"), p("port")];
    assert_eq!(keys(&faults), expected);
    for bad in [
        json!({}),
        json!({"hosts": [], "account": "p"}),
        json!({"hosts": ["web-1"]}),
        json!({"account": "p"}),
        json!({"hosts": ["web-1", "web-1:22"], "account": "p"}),
        json!({"hosts": ["web-1"], "account": "p", "sshd_config": "sshd_config"}),
        json!("web-1"),
    ] {
        assert!(config(&with(bad.clone())).is_err(), "{bad}");
    }
    // No host's key is taken on trust, and without a list there is nothing to look for.
    let alone = json!({"ca": {"file": "/etc/jit/ca"}, "probe": {"hosts": ["web-1"], "account": "p"}});
    let faults = config(&alone).err().expect("mistakes");
    assert_eq!(
        faults.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(),
        ["`probe` needs `krl`", "`probe` needs `known_hosts`"]
    );
    // A role that gives the probe's own name is a mistake before anything is asked for.
    let config = config(&with(json!({"hosts": ["web-1"], "account": "jit-probe"}))).expect("a config");
    for (scope, sound) in [
        (json!({"principals": ["web"]}), true),
        (json!({"principals": ["jit-probe"]}), false),
        (json!({"principals": ["web"], "user": "jit-probe"}), false),
    ] {
        let (table, mut faults) = (table(&scope), Vec::new());
        let read = config.scope(&mut Reader::new(&table, "roles.x", &mut faults));
        assert_eq!((read.is_some(), faults.is_empty()), (sound, sound), "{scope}");
    }
}

#[test]
fn a_scope_tells_all_its_mistakes_at_once_and_keeps_parameters_open() {
    let good = json!({"principals": ["web", {"param": "team"}], "user": {"param": "account"}, "permit": ["pty"],
                      "source_address": ["10.0.0.0/8"], "hosts": [{"param": "host"}], "force_command": "uptime"});
    assert_eq!(scope(&good).map(|s| s.0), Ok(good));
    let bad = json!({"principals": ["a,b", "*"], "hosts": [], "permit": ["all"], "source_address": ["10.0.0.1/8"],
                     "user": "a b", "force_command": {"param": "command"}, "principles": ["x"]});
    let faults = scope(&bad).expect_err("mistakes");
    let mut found = keys(&faults);
    found.sort_unstable();
    let expected =
        ["force_command", "hosts", "permit", "principals", "principals", "principles", "source_address", "user"];
    assert_eq!(found, expected);
    for bad in [json!({}), json!({"principals": []}), json!({"principals": "web"})] {
        assert_eq!(keys(&scope(&bad).expect_err("mistakes")), ["principals"], "{bad}");
    }
}

/// An editor that goes by the schemas knows exactly the keys that the readers know.
#[test]
fn the_schemas_name_the_keys_that_are_read() {
    let schemas = SshKind::new(real_clock()).schemas();
    let keys = |schema: &Value| -> Vec<String> {
        schema["properties"].as_object().expect("properties").keys().cloned().collect()
    };
    // A value of no type that is wanted: known keys are faulted for it, unknown ones for being unknown.
    let nonsense = |keys: &[String]| -> Value {
        let known = keys.iter().cloned().chain(["zzzzzzzzzzzz".to_owned()]);
        Value::Object(known.map(|key| (key, json!(true))).collect())
    };
    let unknown = |faults: &[Fault]| faults.iter().filter(|f| f.rule.contains("not a known key")).count();
    let config_keys = keys(&schemas.config);
    let faults = config(&nonsense(&config_keys)).err().expect("mistakes");
    assert_eq!(unknown(&faults), 1, "{faults:?}");
    let told = faults.iter().find(|f| f.rule.contains("not a known key")).expect("the unknown one");
    for key in ["ca", "krl", "hosts", "known_hosts", "user", "clock_skew", "probe"] {
        assert!(config_keys.iter().any(|k| k == key) && told.remedy.contains(key), "{key}: {}", told.remedy);
    }
    assert_eq!(config_keys.len(), told.remedy.split(", ").count());
    let scope_keys = keys(&schemas.scope);
    let faults = scope(&nonsense(&scope_keys)).expect_err("mistakes");
    assert_eq!(unknown(&faults), 1, "{faults:?}");
    let expected = ["force_command", "hosts", "permit", "principals", "source_address", "user"];
    assert_eq!(scope_keys, expected);
}

#[tokio::test]
async fn the_same_order_gives_the_same_certificate() {
    let dir = tempfile::tempdir().expect("a directory");
    let house = House::open(dir.path(), 1, real_clock()).await;
    let (_, key) = make_key();
    let material = Material::SshPublicKey(key.clone());
    let order = order(house.id, &key, plain("web"), from_now(60_000));
    let first = house.ssh.issue(&order, Some(&material)).await.expect("a certificate");
    assert_eq!(house.ssh.issue(&order, Some(&material)).await.expect("a certificate"), first);
    let Form::Ssh(form) = &first.form else { panic!("another form") };
    let body = Certificate::parse_line(&form.certificate).expect("a certificate").body;
    assert_eq!(i64::try_from(body.valid_before).ok(), Some(order.window.end.seconds()));
    assert_eq!(i64::try_from(body.valid_after).ok(), Some(order.window.start.plus_millis(-30_000).seconds()));
    assert_eq!((form.hosts.as_slice(), form.user.as_deref()), (&["*.prod.example.com".to_owned()][..], None));

    // Another claim, another nonce; another key, another material than ordered.
    let mut other = order.clone();
    other.claim = crate::common::new_claim();
    let second = house.ssh.issue(&other, Some(&material)).await.expect("a certificate");
    let Form::Ssh(second) = &second.form else { panic!("another form") };
    assert_ne!(Certificate::parse_line(&second.certificate).expect("a certificate").body.nonce, body.nonce);
    let (_, stranger) = make_key();
    for material in [None, Some(Material::None), Some(Material::SshPublicKey(stranger))] {
        let error = house.ssh.issue(&order, material.as_ref()).await.expect_err("no material");
        assert_eq!(error.kind, ErrorKind::Conflict);
    }
}

#[tokio::test]
async fn nothing_is_signed_after_the_deadline_or_the_window() {
    let dir = tempfile::tempdir().expect("a directory");
    let start: Timestamp = "2030-01-01T00:00:00Z".parse().expect("a time");
    let clock = HandClock::at(start);
    let house = House::open(dir.path(), 1, clock.now()).await;
    let (_, key) = make_key();
    let material = Material::SshPublicKey(key.clone());
    let mut order = order(house.id, &key, plain("web"), Window { start, end: start.plus_millis(60_500) });
    order.deadline = start.plus_millis(30_000);
    clock.set(order.deadline.plus_millis(-1));
    house.ssh.issue(&order, Some(&material)).await.expect("it is in time");
    clock.set(order.deadline);
    let error = house.ssh.issue(&order, Some(&material)).await.expect_err("it is too late");
    assert_eq!(error.kind, ErrorKind::TooLate);
    order.deadline = start.plus_millis(90_000);
    clock.set(start.plus_millis(60_000));
    let error = house.ssh.issue(&order, Some(&material)).await.expect_err("the last whole second is over");
    assert_eq!(error.kind, ErrorKind::TooLate);
}

#[tokio::test]
async fn probe_and_revoke_tell_what_is_known() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = HandClock::at(real_now());
    let house = House::open(dir.path(), 1, clock.now()).await;
    let (_, key) = make_key();
    let (lease, _) = house.issue(&key, plain("web"), from_now(60_000)).await;
    let lost = Lease { handle: None, ..lease.clone() };
    house.publish(&[]);
    assert!(matches!(house.ssh.probe(&lease).await, Ok(Seen::Usable { .. })));
    assert!(matches!(house.ssh.probe(&lost).await, Ok(Seen::Unknown { .. })));
    // By its order alone it is listed, found and ended.
    house.publish(std::slice::from_ref(&lost));
    for lease in [&lease, &lost] {
        house.ssh.revoke(lease).await.expect("it is listed");
        assert!(matches!(house.ssh.probe(lease).await, Ok(Seen::Gone(_))));
    }
    // A broken list proves nothing.
    write(&house.krl, b"not a list", 0o644);
    assert!(matches!(house.ssh.probe(&lease).await, Ok(Seen::Unknown { .. })));
    assert_eq!(house.ssh.revoke(&lease).await.expect_err("no proof").kind, ErrorKind::Unfinished);
    // Past its end it needs no list.
    clock.set(Timestamp::from_millis(lease.order.window.end.seconds() * 1000 - 1));
    assert!(!matches!(house.ssh.probe(&lease).await, Ok(Seen::Gone(_))));
    clock.set(Timestamp::from_millis(lease.order.window.end.seconds() * 1000));
    assert!(house.ssh.revoke(&lease).await.expect("it is past").already_gone);
    assert!(matches!(house.ssh.probe(&lease).await, Ok(Seen::Gone(_))));
}

#[tokio::test]
async fn without_a_list_an_early_end_is_not_claimed() {
    let dir = tempfile::tempdir().expect("a directory");
    let ca = dir.path().join("ca");
    crate::common::make_ca(&ca);
    let ssh =
        Ssh::open(crate::common::house(1), Settings::new(Source::File(ca)), real_clock()).await.expect("it opens");
    let (_, key) = make_key();
    let order = order(crate::common::house(1), &key, plain("web"), from_now(60_000));
    let issued = ssh.issue(&order, Some(&Material::SshPublicKey(key))).await.expect("a certificate");
    let lease = Lease { order, handle: Some(issued.handle) };
    assert_eq!(ssh.documents(std::slice::from_ref(&lease)).expect("no documents"), []);
    let capability = ssh.capability(&lease.order.scope).expect("a capability");
    assert!(!capability.publishes && capability.plants_end && capability.extends == Extends::NewClaim);
    assert!(matches!(capability.swept, Tail::NoBound(_)) && !capability.warnings.is_empty());
    let revoked = ssh.revoke(&lease).await.expect("nothing more can be done");
    assert!(!revoked.already_gone);
    assert!(revoked.evidence.iter().any(|e| e.as_str().contains("can be used until")), "{revoked:?}");
    assert!(matches!(ssh.probe(&lease).await, Ok(Seen::Usable { .. })));
}

#[tokio::test]
async fn another_ca_is_another_target_but_its_certificates_stay_listed() {
    let dir = tempfile::tempdir().expect("a directory");
    let before = House::open(dir.path(), 1, real_clock()).await;
    let (_, key) = make_key();
    let (lease, _) = before.issue(&key, plain("web"), from_now(60_000)).await;
    let old = before.ssh.ca();
    let after = House::open(dir.path(), 1, real_clock()).await;
    assert_ne!(after.ssh.ca(), old);
    after.publish(std::slice::from_ref(&lease));
    assert_eq!(after.ssh.revoke(&lease).await.expect_err("another CA").kind, ErrorKind::Mismatch);
    assert_eq!(after.ssh.probe(&lease).await.expect_err("another CA").kind, ErrorKind::Mismatch);
    let krl = Krl::parse(&std::fs::read(&after.krl).expect("a list")).expect("our list");
    assert!(krl.holds(old, lease.order.claim.low64()) && !krl.holds(after.ssh.ca(), lease.order.claim.low64()));
    // Another house's lease, and another claim's handle.
    let foreign = House::open(dir.path(), 2, real_clock()).await;
    assert_eq!(foreign.ssh.revoke(&lease).await.expect_err("another house").kind, ErrorKind::Mismatch);
    assert!(foreign.ssh.documents(std::slice::from_ref(&lease)).is_err());
    let mut mixed = lease;
    mixed.order.claim = crate::common::new_claim();
    assert_eq!(before.ssh.probe(&mixed).await.expect_err("another claim's handle").kind, ErrorKind::Mismatch);
}

#[tokio::test]
async fn the_list_is_the_same_for_the_same_leases_and_its_number_grows_with_newer_claims() {
    let dir = tempfile::tempdir().expect("a directory");
    let house = House::open(dir.path(), 1, real_clock()).await;
    let (_, key) = make_key();
    let (a, _) = house.issue(&key, plain("web"), from_now(60_000)).await;
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    let (b, _) = house.issue(&key, plain("web"), from_now(60_000)).await;
    let list = |leases: &[Lease]| house.ssh.documents(leases).expect("documents").remove(0).bytes;
    let version = |leases: &[Lease]| Krl::parse(&list(leases)).expect("our list").version;
    assert_eq!(list(&[a.clone(), b.clone()]), list(&[b.clone(), a.clone(), a.clone()]));
    assert!(version(&[]) < version(std::slice::from_ref(&a)));
    assert!(version(std::slice::from_ref(&a)) < version(&[a.clone(), b]));
    assert!(Krl::parse(&list(&[])).expect("our list").is_empty());
}

#[tokio::test]
async fn a_key_file_that_others_could_read_is_refused_with_the_way_out() {
    let dir = tempfile::tempdir().expect("a directory");
    let ca = dir.path().join("ca");
    crate::common::make_ca(&ca);
    let open = || async {
        Ssh::open(crate::common::house(1), Settings::new(Source::File(ca.clone())), real_clock())
            .await
            .map(|ssh| ssh.ca())
    };
    let text = std::fs::read(&ca).expect("a key");
    for mode in [0o600, 0o400] {
        write(&ca, &text, mode);
        open().await.expect("a safe file");
    }
    for mode in [0o640, 0o604, 0o666, 0o620] {
        write(&ca, &text, mode);
        let error = open().await.expect_err("an open file");
        assert_eq!(error.kind, ErrorKind::Misconfigured);
        assert!(error.public.as_str().contains("chmod 600"), "{error}");
    }
    for (bad, way) in [("", "OpenSSH"), ("-----BEGIN OPENSSH PRIVATE KEY-----\ncanary", "OpenSSH")] {
        write(&ca, bad, 0o600);
        let error = open().await.expect_err("no key");
        assert!(error.public.as_str().contains(way) && !format!("{error:?}").contains("canary"), "{error}");
    }
    std::fs::remove_file(&ca).expect("it can be removed");
    if let Some(mkfifo) = crate::common::which("mkfifo") {
        let made = std::process::Command::new(mkfifo).args(["-m", "600"]).arg(&ca).status().expect("mkfifo runs");
        assert!(made.success());
        assert!(open().await.expect_err("a pipe").public.as_str().contains("not a file"));
        std::fs::remove_file(&ca).expect("it can be removed");
    }
    assert!(open().await.expect_err("no file").public.as_str().contains("ssh-keygen"));
    if crate::common::has("ssh-keygen", "sshd") {
        for (kind, pass, way) in [("ed25519", "a passphrase", "ssh-agent"), ("ecdsa", "", "not an ed25519 key")] {
            let file = ca.to_str().expect("a path");
            let made = crate::common::run("ssh-keygen", &["-q", "-t", kind, "-N", pass, "-f", file]);
            assert!(made.status.success(), "{}", crate::common::printed(&made));
            assert!(open().await.expect_err(way).public.as_str().contains(way));
            std::fs::remove_file(&ca).expect("it can be removed");
        }
    }
}

#[tokio::test]
async fn doctor_sees_what_is_not_as_it_should_be() {
    let dir = tempfile::tempdir().expect("a directory");
    let house = House::open(dir.path(), 1, real_clock()).await;
    let bad = || async {
        let report = house.ssh.check().await;
        assert!(report.marked.is_empty(), "certificates leave nothing in a target");
        let bad = report.findings.into_iter().filter(|f| f.kind == FindingKind::Bad);
        bad.map(|f| f.what.to_string()).collect::<Vec<_>>().join("\n")
    };
    assert!(bad().await.contains("is missing"));
    house.publish(&[]);
    assert_eq!(bad().await, "");
    write(&house.krl, std::fs::read(&house.krl).expect("a list"), 0o666);
    assert!(bad().await.contains("lift every revocation"));
    write(&house.krl, b"junk", 0o644);
    assert!(bad().await.contains("not one that the house wrote"));
    house.publish(&[]);
    crate::common::make_ca(&house.ca_file);
    assert!(bad().await.contains("another key"));
    write(&house.ca_file, b"junk", 0o644);
    assert!(bad().await.contains("open to others"));
}
