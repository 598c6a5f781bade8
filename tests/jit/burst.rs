//! Many asks in Slack at once, again and again: each told and reduced, and the broker's memory is bounded.
//!
//! A hundred a round at every run; `JIT_TEST_CYCLES` asks for more, as for the thousand of the published figures. With a thousand
//! the rounds go on until the store's caches are full: then nothing more may come to it.

use std::path::Path;
use std::time::{Duration, Instant};

use jit_approval_slack::double::{Double, Post, ROOM, Shown};
use serde_json::json;

use crate::http::post;
use crate::process::pause;
use crate::slack::Chat;

/// How many asks a round has where nothing else is said.
const CYCLES: usize = 100;
/// From how many on the rounds fill the caches.
const FILLS: usize = 1000;
/// How many rounds there are before the caches are full, and how many more.
const ROUNDS: (usize, usize) = (6, 2);
/// Who asks: a person may have a hundred requests open.
const PEOPLE: usize = 10;
/// What the rounds on full caches may add together, in kB: what the allocator moves about by itself.
const BOUND: usize = 8192;
/// What a request may leave in caches that are not full yet, in kB: its state (4,096 are kept) and pages of the store (32 MiB).
const CACHED: usize = 24;
/// What a request may take while it is open, in kB, and what all rounds may.
const OPEN: (usize, usize) = (32, 8192);

fn cycles() -> usize {
    std::env::var("JIT_TEST_CYCLES").ok().and_then(|n| n.parse().ok()).unwrap_or(CYCLES).clamp(PEOPLE, 100 * PEOPLE)
}

/// What a process has in memory of its own, in kB: pages of files that are mapped count with whoever has them.
fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn asks(double: &Double) -> Vec<Post> {
    double.posts().into_iter().filter(|post| post.channel == ROOM && post.thread.is_none()).collect()
}

/// Waits for the medium, which has a pace of its own, as long as something still comes.
#[track_caller]
fn comes(what: &str, most: usize, mut so_far: impl FnMut() -> usize) {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let now = so_far();
        if now >= most {
            return;
        }
        if now != last {
            (last, since) = (now, Instant::now());
        }
        assert!(since.elapsed() < Duration::from_secs(90), "{what}: {now} of {most}, and no more come");
        pause(500);
    }
}

#[test]
fn many_asks_at_once_leave_no_memory_behind() {
    let (many, names): (usize, Vec<String>) = (cycles(), (0..PEOPLE).map(|n| format!("crew{n}")).collect());
    let chat = Chat::changed(|config| {
        let role = r#"
[roles.many]
about = "One of many"
for = { default = "5m", max = "1h" }
request = ["group:engineers"]
approve = { count = 1, from = ["group:leads"] }
[roles.many.params.host]
type = "text"
pattern = "host-[0-9]+"
[[roles.many.gives]]
backend = "hosts"
principals = [{ param = "host" }]
"#;
        let crew = names.iter().enumerate().map(|(n, name)| {
            format!("[people.\"{name}@example.com\"]\ngroups = [\"engineers\"]\nslack = \"U0CREW{n}\"\n")
        });
        config.replace("\n[broker]\n", &format!("{role}{}\n[broker]\n", crew.collect::<String>()))
    });
    for n in 0..PEOPLE {
        chat.double.user(&format!("U0CREW{n}"), json!({}));
    }
    chat.house.hand_out(&names.iter().map(String::as_str).collect::<Vec<_>>());
    // A hundred times as fast as Slack, and as strict.
    chat.double.pace_at(Some((100.0, 100.0)));
    let (socket, bob) = (chat.house.socket(), chat.house.token("bob"));
    let tokens: Vec<String> = names.iter().map(|name| chat.house.token(name)).collect();
    let pid = chat.house.pid();
    let mut after = vec![resident(pid)];
    let rounds = if many >= FILLS { ROUNDS.0 + ROUNDS.1 } else { 4 };
    for round in 0..rounds {
        let begun = Instant::now();
        let before = asks(&chat.double).len();
        let mut filed = Vec::new();
        for n in 0..many {
            let wish = json!({ "role": "many", "reason": format!("INC-{n} slow orders"),
                "params": { "host": format!("host-{}", round * many + n) } });
            let body = json!({ "wish": wish, "claim_key": "ab".repeat(32) });
            let view = post(&socket, Some(&tokens[n % PEOPLE]), "/v1/requests", &body).json();
            filed.push(view["request"].clone());
        }
        comes("asks", before + many, || asks(&chat.double).len());
        let open = resident(pid);
        for request in &filed {
            let id = request["id"].as_str().unwrap();
            let body = json!({ "hash": request["hash"], "approve": false, "comment": "not now" });
            let answer = post(&socket, Some(&bob), &format!("/v1/requests/{id}/decide"), &body);
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        // Each is reduced, has its line beneath, and its requester hears of it.
        let reduced = |post: &Post| post.edits > 0 && Shown::read(&post.body).controls.is_empty();
        comes("reduced", before + many, || asks(&chat.double).iter().filter(|post| reduced(post)).count());
        comes("told", 3 * (before + many), || chat.double.posts().len());
        let posts = asks(&chat.double);
        assert_eq!(posts.len(), before + many, "each is told once");
        assert!(posts.iter().all(|post| !Shown::read(&post.body).text.contains("slow orders")), "a reason was left");
        settle(pid);
        after.push(resident(pid));
        let (took, closed) = (begun.elapsed(), resident(pid));
        println!("round {round}: {many} asks in {took:?}: {open} kB while they are open, {closed} kB after");
        let (each, all) = OPEN;
        assert!(open < after[round] + all + each * many, "{many} open asks took {} kB", open - after[round]);
    }
    println!("memory of the broker's own, before and after each round, in kB: {after:?}");
    // The first round fills what is filled once: pools, statements, the allocator's arenas.
    let asked = (rounds - 1) * many;
    assert!(after[rounds] <= after[1] + BOUND + CACHED * asked, "more stays than what is cached: {after:?}");
    if many >= FILLS {
        assert!(after[rounds] <= after[ROUNDS.0] + BOUND, "it grows though the caches are full: {after:?}");
    }
}

/// Waits until nothing is at work any more: the same twice in a row.
fn settle(pid: u32) {
    let mut last = 0;
    for _ in 0..20 {
        let now = resident(pid);
        if now == last {
            return;
        }
        last = now;
        pause(500);
    }
}
