//! A socket that many may open: one of them holds all the connections that they can.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{signal, until};
use crate::world::{By, World, three};

/// Opens as many connections as it is told to and says nothing over them, prints how many were answered with a word
/// or closed at once, and holds the others until its input ends.
const HOLDER: &str = r#"
import select, socket, sys, time
poll = select.poll()
held = []
for _ in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    held.append(s)
    poll.register(s, select.POLLIN)
time.sleep(2)
print(len(poll.poll(0)), flush=True)
sys.stdin.read()
"#;

struct Holder(Child);

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Somebody who holds connections, and how many of them were refused.
fn hold(world: &World, by: &By, count: u32) -> (Holder, u32) {
    let By::User(uid) = by else { panic!("an OS user") };
    let mut command = Command::new("python3");
    command.args(["-c", HOLDER]).arg(world.socket()).arg(count.to_string()).uid(*uid).gid(*uid);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Holder(child), line.trim().parse().expect(&line))
}

#[test]
fn who_holds_all_the_connections_they_can_keeps_nobody_else_out() {
    let Some((mut world, alice, bob, carol)) = three() else { return };
    let (holder, refused) = hold(&world, &carol, 80);
    assert_eq!(refused, 80 - 64, "64 are one user's share");
    let (status, body) = world.call(&carol, "GET", "/v1/whoami", &[], "");
    assert_eq!(status, 429, "{body}");
    assert!(body.contains("your OS user holds too many connections"), "{body}");
    // The program says so in the same words, as something that passes.
    let output = world.run(&carol, &["whoami"]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("too many connections"), "{output:?}");
    let request = world.ask(&alice, "shell", "1m", "INC-1 look");
    let (id, hash) = (request["id"].as_str().unwrap(), request["hash"].as_str().unwrap());
    world.json(&bob, &["approve", id, "--hash", hash, "--yes"], 0);
    drop(holder);
    let back = || world.run(&carol, &["whoami"]).status.code() == Some(0);
    until("their places are free again", back);
    // Whoever holds connections does not hold up an end.
    let _holder = hold(&world, &carol, 64);
    let begun = Instant::now();
    signal(world.pid(), rustix::process::Signal::TERM);
    world.ended();
    assert!(begun.elapsed().as_secs() < 15, "silent connections are not waited for");
}

#[test]
fn a_broker_with_few_descriptors_keeps_what_it_needs_itself() {
    let Some((mut world, alice, bob, carol)) = three() else { return };
    world.kill();
    world.descriptors = Some(160);
    world.run_broker();
    let held = [hold(&world, &carol, 64), hold(&world, &bob, 64)];
    assert!(held.iter().map(|(_, refused)| refused).sum::<u32>() >= 128 - 80, "half of them are the broker's");
    // It reaches its store, and everything that it is told from inside; others must wait for a place.
    let output = world.run(&alice, &["whoami"]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(!world.log().contains("no connection can be taken"), "it never ran out of descriptors: {}", world.log());
    let [first, second] = held;
    drop(first);
    let request = world.ask(&alice, "quick", "1m", "INC-1 look");
    world.json(&alice, &["exec", request["id"].as_str().unwrap(), "--release", "--", "true"], 0);
    drop(second);
}

#[test]
fn a_body_that_never_comes_is_not_waited_for() {
    let Some((world, _, bob, _)) = three() else { return };
    let made = world.json(&bob, &["token", "create", "--for", "1h"], 0);
    let mut stream = std::os::unix::net::UnixStream::connect(world.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let secret = made["secret"].as_str().unwrap();
    let head = format!(
        "POST /v1/plan HTTP/1.1\r\nHost: jit\r\nAuthorization: Bearer {secret}\r\n\
         Idempotency-Key: 0123456789abcdef\r\nContent-Length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let begun = Instant::now();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 422") && answer.contains("did not come in time"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
}
