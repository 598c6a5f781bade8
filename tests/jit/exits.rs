//! The exit codes over real commands: scripts read them, so that a change here breaks somebody's script.

use rustix::process::Signal;

use crate::house::House;
use crate::process::{finish, pause, run, signal, start};

#[test]
fn every_exit_code_is_what_the_manual_says() {
    let house = House::with(&["alice", "bob", "dave"]);
    let ready = house.granted("alice", "shell", &[]);
    let denied = house.file("alice", "pair", &[]);
    let hash = house.show("bob", &denied)["hash"].as_str().unwrap().to_owned();
    house.jit("bob", &["deny", &denied, "--hash", &hash, "--reason", "not today"]).ok();
    let cancelled = house.file("dave", "pair", &[]);
    house.jit("dave", &["cancel", &cancelled]).ok();
    let lapsed = house.file("alice", "brief", &[]);
    house.stands("alice", &lapsed, "lapsed");
    let own = house.file("dave", "shell", &[]);
    let own_hash = house.show("dave", &own)["hash"].as_str().unwrap().to_owned();
    let nobody = "req_01jb2k0000e00a000000000000";

    let reason = ["--reason", "INC-42 slow orders"];
    let with = |args: &[&'static str]| -> Vec<String> { args.iter().chain(&reason).map(|s| (*s).to_owned()).collect() };
    let plain = |args: &[&str]| -> Vec<String> { args.iter().map(|s| (*s).to_owned()).collect() };
    let table: Vec<(i32, Vec<String>)> = vec![
        (0, plain(&["whoami"])),
        (0, plain(&["--help"])),
        (0, with(&["request", "ticket", "--param", "login=sales", "--dry-run"])),
        (0, with(&["request", "shell"])),
        (0, plain(&["check", "shell"])),
        (1, plain(&["show", nobody])),
        (1, plain(&["release", nobody])),
        (1, plain(&["revoke", &ready, "--reason", "not an administrator"])),
        (2, plain(&["no-such-command"])),
        (2, plain(&["request", "shell"])),
        (2, with(&["request", "shell", "--for", "soon"])),
        (2, with(&["request", "shell", "--for", "2h"])),
        (2, plain(&["approve", &ready])),
        (0, plain(&["extend", &ready, "--for", "5m", "--reason", "x", "--dry-run"])),
        (1, plain(&["extend", nobody, "--for", "5m", "--reason", "x"])),
        (2, plain(&["extend", &ready, "--for", "5m"])),
        (2, plain(&["extend", &ready, "--for", "1h", "--reason", "x"])),
        (6, plain(&["extend", &lapsed, "--for", "5m", "--reason", "x"])),
        (8, plain(&["extend", &ready, "--for", "5m", "--reason", "x", "--timeout", "1s"])),
        (3, plain(&["config", "check", "--config", "/nowhere/jit.toml"])),
        (5, plain(&["show", &denied, "--wait"])),
        (6, plain(&["show", &lapsed, "--wait"])),
        (7, plain(&["whoami", "--broker", "/nowhere/jit.sock"])),
        (8, with(&["request", "pair", "--timeout", "1s"])),
        (9, plain(&["check", "look"])),
        (9, plain(&["check", "shell", "--min-left", "30m"])),
        (0, plain(&["exec", &ready, "--", "true"])),
        (7, plain(&["exec", &ready, "--", "sh", "-c", "exit 7"])),
        (137, plain(&["exec", &ready, "--", "sh", "-c", "kill -9 $$"])),
        (101, plain(&["exec", &ready, "--", "/nowhere/program"])),
        (102, plain(&["exec", &ready])),
        (102, plain(&["exec", "--role", "shell", "--", "true"])),
        (106, plain(&["exec", &lapsed, "--", "true"])),
        (107, plain(&["exec", &ready, "--broker", "/nowhere/jit.sock", "--", "true"])),
        (108, plain(&["exec", "--role", "pair", "--reason", "x", "--timeout", "1s", "--", "true"])),
    ];
    for (code, args) in table {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ran = house.jit("alice", &args);
        assert_eq!(ran.code, code, "jit {}\n{}\n{}", args.join(" "), ran.out, ran.err);
        assert!(code == 0 || code == 7 || code == 9 || !ran.err.is_empty() || code == 137, "no word: {args:?}");
    }

    // Those that are somebody else's, or nobody's.
    house.jit("dave", &["show", &cancelled, "--wait"]).code(6);
    house.jit("dave", &["approve", &own, "--hash", &own_hash]).code(5);
    house.jit("bob", &["approve", &lapsed, "--hash", &"0".repeat(64)]).code(6);
    run(house.command("alice", &["whoami"]).env("JIT_TOKEN", "jit_nobody-has-this")).code(4);
    run(house.command("alice", &["exec", &ready, "--", "true"]).env("JIT_TOKEN", "jit_nobody-has-this")).code(104);
    // Somebody without a config or a broker.
    let lost = |args: &[&str]| run(house.command("lost", args).env_remove("JIT_BROKER"));
    lost(&["serve"]).code(3);
    lost(&["whoami", "--config", "/nowhere/jit.toml"]).code(3);
    lost(&["exec", "x", "--config", "/nowhere/jit.toml", "--", "true"]).code(103);
    // What was denied is denied for the command that asked for it, too.
    let asked =
        start(&mut house.holder(
            "dave",
            &["exec", "--role", "ticket", "--param", "login=stock", "--reason", "INC-1 x", "--", "true"],
        ));
    let waiting = || house.jit("bob", &["list", "--waiting", "--output", "json"]).ok().json();
    crate::process::until("the request of exec waits", || waiting()["requests"].to_string().contains("\"ticket\""));
    let list = waiting();
    let view = list["requests"].as_array().unwrap().iter().find(|view| view["role"] == "ticket").unwrap();
    let (id, hash) = (view["id"].as_str().unwrap(), view["hash"].as_str().unwrap());
    house.jit("bob", &["deny", id, "--hash", hash, "--reason", "no"]).ok();
    finish(asked).code(105);
}

#[test]
fn a_signal_reaches_the_child_and_the_files_go_with_it() {
    let house = House::with(&["alice"]);
    let mark = house.root.join("mark");
    let script = format!(
        "echo \"$JIT_SSH_CONFIG\" > {0}.new; mv {0}.new {0}; trap 'exit 43' TERM; while :; do sleep 0.05; done",
        mark.display()
    );
    let child =
        start(&mut house.holder("alice", &["exec", "--role", "look", "--reason", "x", "--", "sh", "-c", &script]));
    crate::process::until("the child runs", || mark.exists());
    let config = std::fs::read_to_string(&mark).unwrap();
    assert!(std::path::Path::new(config.trim()).exists(), "the child has its files: {config}");
    pause(100);
    signal(child.id(), Signal::TERM);
    finish(child).code(43);
    assert!(!std::path::Path::new(config.trim()).exists(), "nothing is left on the disk");
    // A grant that was asked for just for this is given back.
    let list = house.jit("alice", &["list", "--output", "json"]).ok().json();
    assert_eq!(list["requests"][0]["standing"], "ended");
    assert_eq!(list["requests"][0]["grant"]["why"], "released");
}
