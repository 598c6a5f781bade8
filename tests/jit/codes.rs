//! Exit codes are part of the interface.

use crate::world::three;

#[test]
fn exit_codes_are_as_documented() {
    let Some((mut world, alice, bob, carol)) = three() else { return };
    let code = |by: &_, args: &[&str]| world.run(by, args).status.code().unwrap();
    assert_eq!(code(&alice, &["whoami"]), 0);
    assert_eq!(code(&alice, &["show", "req_zzzzzzzz"]), 1);
    assert_eq!(code(&alice, &["frobnicate"]), 2);
    assert_eq!(code(&alice, &["request", "shell"]), 2, "a reason is missing, and nobody can be asked");
    assert_eq!(code(&alice, &["config", "check", "/nowhere/jit.toml"]), 3);
    assert_eq!(code(&crate::world::By::Token("jit_0123456789abcdef".into()), &["whoami"]), 4);
    assert_eq!(code(&alice, &["request", "shell", "--reason", "INC-1 x", "--timeout", "1s"]), 8);
    assert_eq!(code(&alice, &["check", "shell"]), 9);
    let request = world.newest(&alice);
    let (id, hash) = (request["id"].as_str().unwrap(), request["hash"].as_str().unwrap());
    // Nobody decides their own, also not an approver of the role.
    assert_eq!(code(&alice, &["approve", id, "--hash", hash, "--yes"]), 5);
    assert_eq!(code(&carol, &["approve", id, "--hash", hash, "--yes"]), 1, "a stranger hears of no such request");
    let mut waiter = world.command(&alice, &["request", "shell", "--reason", "INC-1 x"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(800));
    assert_eq!(code(&bob, &["deny", id, "--hash", hash, "--reason", "not now", "--yes"]), 0);
    assert_eq!(waiter.wait().unwrap().code(), Some(5));
    let mut waiter = world.command(&alice, &["request", "shell", "--reason", "INC-2 x"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(800));
    let id = world.newest(&alice)["id"].as_str().unwrap().to_owned();
    assert_eq!(code(&alice, &["cancel", &id]), 0);
    assert_eq!(waiter.wait().unwrap().code(), Some(6));
    assert_eq!(code(&alice, &["exec", &id, "--", "true"]), 106);
    let quick = ["exec", "--role", "quick", "--reason", "INC-1 x", "--", "sh", "-c"];
    let with = |script| [&quick[..], &[script]].concat();
    assert_eq!(code(&alice, &with("exit 42")), 42);
    assert_eq!(code(&alice, &with("kill -TERM $$")), 128 + 15);
    world.kill();
    assert_eq!(world.run(&alice, &["whoami"]).status.code(), Some(7));
}

#[test]
fn a_pipe_gets_no_colours_and_no_prompts() {
    let Some((world, alice, _, _)) = three() else { return };
    let shown = world.run(&alice, &["roles"]);
    assert!(!shown.stdout.contains(&0x1b) && shown.stderr.is_empty());
    let asked = world.run(&alice, &["request"]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&asked.stderr).contains("hint"), "an error names the way out");
}
