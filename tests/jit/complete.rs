//! Words for the shell's TAB: what the broker knows, for whoever asks, and nothing where nobody answers at once.

use std::process::Command;
use std::time::Instant;

use crate::house::{House, bare};
use crate::process::run;

/// The words that a shell is offered for the last of these.
fn words(house: &House, name: &str, line: &[&str]) -> Vec<String> {
    let mut command = house.holder(name, &["--", "jit"]);
    command.args(line).env("COMPLETE", "bash").env("_CLAP_IFS", "\n");
    command.env("_CLAP_COMPLETE_INDEX", line.len().to_string());
    let ran = run(&mut command).ok();
    assert_eq!(ran.err, "");
    ran.out.lines().map(str::to_owned).collect()
}

#[test]
fn roles_parameters_and_ids_are_those_that_fit_the_command_and_the_caller() {
    let house = House::with(&["alice", "bob"]);
    let roles = words(&house, "alice", &["request", ""]);
    for role in ["shell", "pair", "look", "ticket"] {
        assert!(roles.contains(&role.to_owned()), "{roles:?}");
    }
    assert_eq!(words(&house, "alice", &["request", "tick"]), ["ticket"]);
    assert!(!words(&house, "bob", &["request", ""]).contains(&"ticket".to_owned()), "what he may not ask for");
    assert_eq!(words(&house, "alice", &["request", "ticket", "--param", ""]), ["login="]);
    assert_eq!(words(&house, "alice", &["request", "ticket", "--param", "login=s"]), ["login=sales", "login=stock"]);
    assert_eq!(words(&house, "alice", &["exec", "--role", "ticket", "--param", "login=st"]), ["login=stock"]);
    house.edit(|text| {
        text.replace(
            "of = [\"sales\", \"stock\"]",
            "of = [\"sales\", \"stock\", \"x;touch${IFS}/tmp/p\", \"/et*\", \"a b\", \"`id`\"]",
        )
    });
    house.jit("ada", &["config", "reload"]).ok();
    assert_eq!(
        words(&house, "alice", &["request", "ticket", "--param", "login="]),
        ["login=sales", "login=stock"],
        "what a shell would read otherwise is not put on its line"
    );
    let waits = house.file("alice", "shell", &[]);
    assert_eq!(words(&house, "bob", &["approve", "req"]).join(" "), waits);
    assert_eq!(words(&house, "alice", &["approve", "req"]), Vec::<String>::new(), "her own");
    assert_eq!(words(&house, "alice", &["cancel", ""])[..2], ["shell".to_owned(), waits.clone()]);
    assert_eq!(words(&house, "alice", &["release", "req"]), Vec::<String>::new(), "nothing is held yet");
    house.approve("bob", &waits, &[]).ok();
    assert_eq!(words(&house, "bob", &["approve", "req"]), Vec::<String>::new());
    for command in ["exec", "creds", "env", "release", "extend"] {
        assert_eq!(words(&house, "alice", &[command, "s"]), ["shell"], "{command}");
        assert_eq!(words(&house, "alice", &[command, "req"]).join(" "), waits, "{command}");
    }
    assert!(words(&house, "ada", &["lock", "alice"]).contains(&"alice@example.com".to_owned()));
    assert_eq!(words(&house, "ada", &["revoke", "req"]), [waits]);
}

#[test]
fn where_nobody_answers_only_the_command_line_itself_is_offered_and_nothing_is_started() {
    let mut house = House::with(&["alice"]);
    house.stop();
    let begun = Instant::now();
    let options = words(&house, "alice", &["request", "--"]);
    assert!(options.contains(&"--reason".to_owned()), "{options:?}");
    assert!(!words(&house, "alice", &["request", ""]).contains(&"shell".to_owned()));
    assert!(begun.elapsed().as_secs() < 20, "a shell does not wait for it");
    // Somebody with a config of their own and no agent that runs.
    let home = house.home("carol");
    std::fs::create_dir_all(home.join("config/jit")).unwrap();
    std::fs::copy(house.root.join("jit.toml"), home.join("config/jit/jit.toml")).unwrap();
    let mut command = house.command("carol", &["--", "jit", "request", ""]);
    command.env_remove("JIT_BROKER").env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "2");
    run(&mut command).ok();
    assert!(!home.join("state/jit/house.db").exists() && !home.join("run/jit/agent.sock").exists());
}

#[test]
fn bash_asks_with_the_script_that_is_handed_out() {
    let house = House::with(&["alice"]);
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/jit.bash");
    let held = house.holder("alice", &[]);
    let program = std::path::Path::new(held.get_program());
    let mut command = Command::new("bash");
    bare(&mut command).envs(held.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    command.env("PATH", path).args(["--norc", "-c"]).arg(format!(
        "source {}; COMP_WORDS=(jit request tick); COMP_CWORD=2; _jit jit tick request; \
         printf '%s ' \"${{COMPREPLY[@]}}\"; \
         COMP_WORDS=(jit request ticket --param login = s); COMP_CWORD=6; _jit jit s =; \
         printf '%s ' \"${{COMPREPLY[@]}}\"; \
         COMP_WORDS=(jit request ticket --param login =); COMP_CWORD=5; _jit jit '' login; \
         printf '%s ' \"${{COMPREPLY[@]}}\"",
        script.display()
    ));
    assert_eq!(run(&mut command).ok().out.trim(), "ticket sales stock sales stock");
}
