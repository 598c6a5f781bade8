//! The config is read anew while the broker runs, as an administrator or a signal asks for it.

use std::path::Path;

use jit_types::Secret;
use rustix::process::Signal;
use serde_json::json;

use crate::house::{House, write};
use crate::process::{Ran, run, signal, until};

fn reload(house: &House) -> Ran {
    house.jit("ada", &["config", "reload"])
}

fn log(house: &House) -> String {
    std::fs::read_to_string(house.log()).unwrap()
}

/// How often another config was put in force; whoever was refused is in the record as well.
fn changes(house: &House) -> usize {
    house.verified().lines().filter(|line| line.contains("config.changed") && !line.contains("refused")).count()
}

#[test]
fn a_config_with_mistakes_changes_nothing_and_all_of_them_are_told() {
    let house = House::with(&["alice", "bob"]);
    let before = changes(&house);
    let good = std::fs::read_to_string(house.root.join("jit.toml")).unwrap();
    house.edit(|text| {
        let text = text.replace("[people.\"alice@example.com\"]\ngroups = [\"engineers\"]\n", "");
        text.replace("about = \"A shell that two must approve\"", "abuot = \"x\"")
            .replace("decide_by = \"2s\"", "decide_by = \"2 moons\"")
    });
    let told = reload(&house).code(3);
    for mistake in ["abuot", "decide_by"] {
        assert!(told.err.contains(mistake), "{mistake}: {told:?}");
    }
    // The same by a signal, whose answer is the log.
    let seen = log(&house).len();
    signal(house.pid(), Signal::HUP);
    until("the log says it", || log(&house)[seen..].contains("stays in force"));
    assert!(log(&house)[seen..].contains("abuot") && log(&house)[seen..].contains("decide_by"));
    // A file that others may write is no config, whatever stands in it.
    std::fs::write(house.root.join("jit.toml"), &good).unwrap();
    std::fs::set_permissions(house.root.join("jit.toml"), std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    reload(&house).code(3);
    house.jit("alice", &["whoami"]).ok();
    house.approve("bob", &house.file("alice", "shell", &[]), &[]).ok();
    let log = log(&house);
    assert!(log.contains("not put in force") && !log.contains('\u{1b}'), "no colours in a file: {log}");
    assert_eq!(changes(&house), before);
}

#[test]
fn people_and_roles_change_at_once_and_what_waits_is_judged_anew() {
    let house = House::with(&["alice", "bob", "carol", "dave"]);
    let before = changes(&house);
    let (hers, his) = (house.file("alice", "shell", &[]), house.file("dave", "pair", &[]));
    house.approve("bob", &his, &[]).ok();
    house.edit(|text| {
        let text = text.replace("[people.\"alice@example.com\"]\ngroups = [\"engineers\"]\n", "");
        text.replace(
            "[people.\"bob@example.com\"]\ngroups = [\"leads\"]",
            "[people.\"bob@example.com\"]\ngroups = [\"guests\"]",
        )
    });
    // Nothing holds before somebody says so, and not everybody may.
    house.jit("alice", &["whoami"]).ok();
    house.jit("bob", &["config", "reload"]).code(1);
    house.jit("alice", &["whoami"]).ok();
    reload(&house).ok();
    house.jit("alice", &["whoami"]).code(4);
    assert_eq!(house.show("carol", &hers)["standing"], "cancelled");
    // Bob decides nothing, and what he has said no longer counts.
    house.jit("bob", &["show", &his]).code(1);
    house.approve("carol", &his, &[]).ok();
    assert_eq!(house.show("dave", &his)["standing"], "pending", "two who may must say yes");
    assert_eq!(changes(&house), before + 1);
    assert!(reload(&house).ok().out.contains("the one that was in force"));
    assert_eq!(changes(&house), before + 1, "nothing changed, nothing is recorded");
}

#[test]
fn a_backend_with_something_live_is_refused_by_its_ids_and_a_new_one_is_opened() {
    let house = House::with(&["alice", "bob"]);
    let id = house.granted("alice", "shell", &["--for", "30m"]);
    house.jit("alice", &["exec", &id, "--", "true"]).ok();
    let (ca, public) = jit::wiring::ssh_ca().unwrap();
    crate::house::write(&house.root.join("ca2"), ca.expose_secret());
    crate::house::write(&house.root.join("ca2.pub"), &public);
    let good = std::fs::read_to_string(house.root.join("jit.toml")).unwrap();
    // Pointed at another CA; and taken away, with all that it gives.
    house.edit(|text| text.replace("/ca\" }", "/ca2\" }"));
    let told = reload(&house).code(1);
    assert!(told.err.contains(&id) && told.err.contains("`hosts`"), "{told:?}");
    let gone =
        good.replace("[backends.hosts]", "[backends.others]").replace("backend = \"hosts\"", "backend = \"others\"");
    std::fs::write(house.root.join("jit.toml"), gone.replace("/ca\" }", "/ca2\" }")).unwrap();
    let told = reload(&house).code(1);
    assert!(told.err.contains(&id), "{told:?}");
    // The old config is in force, and ends what it gave.
    house.jit("alice", &["release", &id]).ok();
    house.stands("alice", &id, "ended");
    // A second target, and a role on it, without a restart.
    let more = format!(
        "{good}\n[roles.second]\nabout = \"Another host\"\nfor = {{ max = \"1h\" }}\nrequest = [\"group:engineers\"]\n\
         approve = {{ by = \"rule\" }}\n[[roles.second.gives]]\nbackend = \"second\"\nprincipals = [\"shop\"]\n\
         [backends.second]\nkind = \"ssh\"\nca = {{ file = \"{root}/ca2\" }}\nkrl = \"{root}/krl2\"\n",
        root = house.root.display()
    );
    std::fs::write(house.root.join("jit.toml"), &more).unwrap();
    let told = house.jit("ada", &["config", "reload", "--output", "json"]).ok().json();
    assert_eq!(
        (&told["opened"], &told["closed"]),
        (&json!(["backends.second"]), &json!([])),
        "what stays is not opened again"
    );
    assert!(house.root.join("krl2").exists(), "what hosts demand is published");
    let certificate = "ssh-keygen -L -f \"$(sed -n 's/^ *CertificateFile *//p' \"$JIT_SSH_CONFIG\" | tr -d '\"')\"";
    let told =
        house.jit("alice", &["exec", "--role", "second", "--reason", "look", "--", "sh", "-c", certificate]).ok();
    let mut print = std::process::Command::new("ssh-keygen");
    print.args(["-l", "-f"]).arg(house.root.join("ca2.pub"));
    let print = crate::process::run(&mut print).ok();
    let print = print.out.split(' ').nth(1).unwrap();
    assert!(told.out.contains(print), "signed by the new one: {}", told.out);
    // What was given back may be let in until its planted end, so its target stays known until then. The role goes at once;
    // by a signal this time.
    std::fs::write(house.root.join("jit.toml"), &good).unwrap();
    let told = reload(&house).code(1);
    assert!(told.err.contains("`second`"), "{told:?}");
    let target = format!("{good}\n[backends.second]{}", more.split("[backends.second]").last().unwrap());
    std::fs::write(house.root.join("jit.toml"), target).unwrap();
    signal(house.pid(), Signal::HUP);
    until("the role is gone", || !house.jit("alice", &["roles"]).ok().out.contains("second"));
    house.verified();
}

fn revoked(root: &Path, certificate: &Path) -> bool {
    let mut query = std::process::Command::new("ssh-keygen");
    query.args(["-Q", "-f"]).arg(root.join("krl")).arg(certificate);
    run(&mut query).out.contains("REVOKED")
}

#[test]
fn a_renamed_target_keeps_refusing_a_certificate_that_was_given_back() {
    let mut house = House::with(&["alice", "bob"]);
    let id = house.granted("alice", "shell", &["--for", "30m"]);
    let kept = house.root.join("alice").join("kept-cert.pub");
    let keep = "cp \"$(sed -n 's/^ *CertificateFile *//p' \"$JIT_SSH_CONFIG\" | tr -d '\"')\"";
    house.jit("alice", &["exec", &id, "--", "sh", "-c", &format!("{keep} {}", kept.display())]).ok();
    house.jit("alice", &["release", &id]).ok();
    until("it is listed", || revoked(&house.root, &kept));
    house.edit(|text| {
        text.replace("[backends.hosts]", "[backends.others]").replace("backend = \"hosts\"", "backend = \"others\"")
    });
    reload(&house).ok();
    assert!(revoked(&house.root, &kept), "sshd lets the certificate in again");
    // Also where the broker comes up anew with it.
    house.stop();
    house.serve();
    assert!(revoked(&house.root, &kept), "sshd lets the certificate in again");
}

#[test]
fn a_reload_whose_asker_is_killed_is_whole() {
    let house = House::with(&["alice", "dave", "bob"]);
    let (ca, public) = jit::wiring::ssh_ca().unwrap();
    write(&house.root.join("ca2"), Secret::expose_secret(&ca));
    write(&house.root.join("ca2.pub"), &public);
    let good = std::fs::read_to_string(house.root.join("jit.toml")).unwrap();
    for name in ["alice", "dave"] {
        for role in ["shell", "pair"] {
            house.file(name, role, &[]);
        }
    }
    house.edit(|text| text.replace("/ca\" }", "/ca2\" }").replace("/krl\"", "/krl2\""));
    let mut child = house.holder("ada", &["config", "reload"]).spawn().unwrap();
    until("it has begun", || house.root.join("krl2").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    // Back to what it was: what is kept is what the config names, and nothing of the one in between.
    std::fs::write(house.root.join("jit.toml"), good).unwrap();
    reload(&house).ok();
    let show = "ssh-keygen -L -f \"$(sed -n 's/^ *CertificateFile *//p' \"$JIT_SSH_CONFIG\" | tr -d '\"')\"";
    let told = house.jit("alice", &["exec", "--role", "look", "--reason", "look", "--", "sh", "-c", show]).ok();
    let print = run(std::process::Command::new("ssh-keygen").args(["-l", "-f"]).arg(house.root.join("ca.pub"))).ok();
    let print = print.out.split(' ').nth(1).unwrap();
    assert!(told.out.contains(print), "the config names `ca`, and it is signed by another: {}", told.out);
}

#[test]
fn a_broker_is_stopped_though_it_reads_its_config() {
    let mut house = House::with(&["alice"]);
    for _ in 0..20 {
        signal(house.pid(), Signal::HUP);
    }
    house.stop();
}
