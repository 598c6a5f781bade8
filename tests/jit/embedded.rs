//! The embedded shape: nothing is set up but a config; the agent is the broker.

use std::process::Command;

use serde_json::Value;

use crate::house::House;
use crate::process::{alive, processes_of, run, signal, until};
use crate::world::{By, users};

/// A house without a broker of its own, and whoever runs the tests as its one person.
fn house() -> House {
    let me = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
    House::bare(|config| {
        let config = config.lines().filter(|line| !line.starts_with("unix = ")).collect::<Vec<_>>().join("\n");
        let person = "[people.\"alice@example.com\"]\n";
        config.replace(person, &format!("{person}unix = \"{me}\"\n"))
    })
}

fn command(house: &House, args: &[&str]) -> Command {
    let mut command = house.command("alice", args);
    command.env_remove("JIT_BROKER").env("JIT_CONFIG", house.root.join("jit.toml"));
    command
}

fn agent(house: &House) -> Value {
    run(&mut command(house, &["agent", "status", "--output", "json"])).ok().json()
}

fn pid(house: &House) -> u32 {
    u32::try_from(agent(house)["pid"].as_u64().unwrap()).unwrap()
}

const USE: [&str; 8] = ["exec", "--role", "look", "--reason", "x", "--", "sh", "-c"];

#[test]
fn the_first_command_starts_the_agent_and_a_killed_one_is_started_again() {
    let house = house();
    run(&mut command(&house, &["agent", "status"])).code(7);
    let script = "test -f \"$JIT_SSH_CONFIG\" && grep -q CertificateFile \"$JIT_SSH_CONFIG\"";
    run(&mut command(&house, &[&USE[..], &[script]].concat())).ok();
    let first = agent(&house);
    assert!(first["broker"].is_string(), "the agent is the broker: {first}");
    let status = run(&mut command(&house, &["status", "--output", "json"])).ok().json();
    assert_eq!(status["shape"], "embedded");
    // Something is live, and the agent is killed.
    let keep = ["exec", "--role", "look", "--for", "3s", "--reason", "x", "--keep", "--", "true"];
    run(&mut command(&house, &keep)).ok();
    let killed = pid(&house);
    signal(killed, rustix::process::Signal::KILL);
    until("it is dead", || !alive(killed));
    let list = run(&mut command(&house, &["list", "--output", "json"])).ok().json();
    assert_ne!(pid(&house), killed);
    // What was live ends in time, though nobody asks for it.
    let id = list["requests"][0]["id"].as_str().unwrap().to_owned();
    let show = || run(&mut command(&house, &["show", &id, "--output", "json"])).ok().json();
    until("it has ended", || show()["standing"] == "ended");
    assert_eq!(show()["grant"]["why"], "expired");
    run(&mut command(&house, &[&USE[..], &["exit 12"]].concat())).code(12);
    run(&mut command(&house, &["audit", "verify"])).ok();
    // Somebody who must be asked is not in this shape: the request waits, and says for whom.
    let waits = run(&mut command(&house, &["request", "shell", "--reason", "x", "--timeout", "1s"])).code(8);
    assert!(waits.err.contains("bob@example.com"), "{}", waits.err);
}

#[test]
fn twenty_first_commands_at_once_start_one_agent() {
    let house = house();
    let all: Vec<_> = (0..20).map(|_| crate::process::start(&mut command(&house, &["roles"]))).collect();
    for one in all {
        crate::process::finish(one).ok();
    }
    let brokers = processes_of(&house.root).into_iter().filter(|pid| {
        std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("agent\0run"))
    });
    assert_eq!(brokers.collect::<Vec<_>>(), [pid(&house)]);
}

#[test]
fn an_agent_with_nothing_to_do_ends_itself() {
    let house = house();
    let mut agent = crate::process::start(&mut command(&house, &["agent", "run", "--idle", "1s"]));
    until("it answers", || run(&mut command(&house, &["agent", "status"])).code == 0);
    run(&mut command(&house, &["roles"])).ok();
    until("it has ended by itself", || agent.try_wait().unwrap().is_some());
    let ran = crate::process::finish(agent).ok();
    assert!(!ran.err.contains("panic"), "{ran:?}");
    run(&mut command(&house, &["agent", "status"])).code(7);
    // One that holds something stays.
    let mut agent = crate::process::start(&mut command(&house, &["agent", "run", "--idle", "1s"]));
    until("it answers", || run(&mut command(&house, &["agent", "status"])).code == 0);
    run(&mut command(&house, &["exec", "--role", "look", "--reason", "x", "--keep", "--", "true"])).ok();
    crate::process::pause(2500);
    assert!(agent.try_wait().unwrap().is_none(), "what is live needs somebody who ends it");
    run(&mut command(&house, &["release", "look"])).ok();
    run(&mut command(&house, &["agent", "stop"])).ok();
    crate::process::finish(agent).ok();
}

#[test]
fn the_sockets_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = house();
    run(&mut command(&house, &["roles"])).ok();
    let broker = agent(&house)["broker"].as_str().unwrap().to_owned();
    let directory = std::path::Path::new(&broker).parent().unwrap();
    assert_eq!(std::fs::metadata(directory).unwrap().permissions().mode() & 0o777, 0o700);
    for socket in std::fs::read_dir(directory).unwrap().flatten() {
        let mode = socket.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", socket.path().display());
    }
    let Some(other) = users(&["jit-test-c"]) else { return };
    let By::User(uid) = other[0] else { return };
    use std::os::unix::process::CommandExt as _;
    // Even were its directory open, the socket is its owner's.
    for way in [directory.to_owned(), house.root.join("alice/run"), house.root.join("alice")] {
        std::fs::set_permissions(way, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for socket in std::fs::read_dir(directory)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "sock"))
    {
        let mut reach = Command::new("python3");
        let script = "import socket,sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])";
        let tried = run(reach.args(["-c", script]).arg(socket.path()).uid(uid).gid(uid));
        assert!(tried.err.contains("PermissionError"), "{}: {tried:?}", socket.path().display());
    }
}
