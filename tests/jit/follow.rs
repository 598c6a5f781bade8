//! An approver's terminal hears of a new ask at once, and asks for nothing meanwhile.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::house::{House, bare};
use crate::http::get;
use crate::process::{pause, start};
use crate::world::JIT;

#[test]
fn a_list_can_be_waited_for() {
    let mut house = House::with(&["alice", "bob"]);
    let (socket, bob) = (house.socket(), house.token("bob"));
    let ask = move |query: &str| get(&socket, Some(&bob), &format!("/v1/requests?scope=waiting{query}")).json();
    let before = ask("");
    let version = |list: &Value| list["version"].as_str().unwrap().to_owned();
    let seen = format!("&seen={}", version(&before));
    let begun = Instant::now();
    assert_eq!(version(&ask(&format!("{seen}&wait=1"))), version(&before));
    assert!(begun.elapsed() >= Duration::from_secs(1), "nothing was new");
    let waiting = std::thread::spawn({
        let (ask, query) = (ask.clone(), format!("{seen}&wait=50"));
        move || ask(&query)
    });
    let begun = Instant::now();
    let id = house.file("alice", "shell", &[]);
    let heard = waiting.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "it was told long before the wait was over");
    assert_eq!(heard["requests"][0]["id"], id.as_str());
    assert_ne!(version(&heard), version(&before));
    // A stop sends those who wait away at once.
    let query = format!("&seen={}&wait=50", version(&heard));
    let waiting = std::thread::spawn(move || ask(&query));
    pause(300);
    let begun = Instant::now();
    house.stop();
    waiting.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn who_follows_waits_at_the_broker() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    let mut jit = std::process::Command::new(JIT);
    // Where nothing can be kept, nothing is remembered of a broker, and so nothing else is asked of it.
    bare(&mut jit)
        .env("HOME", "/dev/null/none")
        .args(["list", "--follow", "--output", "json", "--broker"])
        .arg(&socket);
    let mut child = start(jit.stdin(Stdio::null()));
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut question = || {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(reader.read_line(&mut line).unwrap() > 0, "one connection is enough");
            if line == "\r\n" {
                return lines.remove(0);
            }
            lines.push(line);
        }
    };
    let first: String = question();
    assert!(first.starts_with("GET /v1/requests?scope=waiting") && !first.contains("wait="), "{first}");
    let version = "ab".repeat(32);
    let body = format!("{{\"requests\":[],\"waiting_for_you\":0,\"version\":\"{version}\"}}");
    let head = format!("HTTP/1.1 200 OK\r\njit-version: 0\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let second = question();
    assert!(second.contains(&format!("seen={version}")) && second.contains("wait="), "{second}");
    // Whoever waits there asks for nothing more.
    stream.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    let more = stream.read(&mut [0]);
    assert!(more.is_err(), "{more:?}");
    let _ = child.kill();
    let _ = child.wait();
}
