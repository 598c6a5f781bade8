//! The config: whatever stands in a file, it is read or all its mistakes are told, harmlessly; and what was read gives
//! nothing to everybody.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use jit::config::show::Style;
use jit::config::{Faults, Kinds, Loaded, read_text};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static KINDS: OnceLock<Kinds> = OnceLock::new();

/// A file that uses much of what there is.
const SOUND: &str = r##"
[roles.db-read]
about = "Read the shop database"
for = { default = "1h", max = "4h" }
start_by = "30m"
request = ["group:engineers"]
approve = { count = 1, from = ["group:dba"] }
reason = { pattern = "[A-Z]+-[0-9]+ .+", help = "begin with the ticket" }
[roles.db-read.params]
schema = { type = "choice", of = ["sales", "stock"] }
[[roles.db-read.gives]]
backend = "shop"
databases = [{ param = "schema" }]
member_of = ["reader"]
[[roles.db-read.gives]]
backend = "hosts"
principals = ["web"]
hosts = ["*.prod.example.com"]
permit = ["pty"]
[backends.shop]
kind = "postgres"
url = "postgres://jit@db.internal/postgres?sslmode=verify-full&sslrootcert=system"
password = { file = "/run/secrets/jit-shop" }
[backends.hosts]
kind = "ssh"
ca = { file = "/etc/jit/ca" }
[approvals.chat]
kind = "slack"
team = "T0123ABCD"
channel = "#access"
bot_token = { file = "/run/secrets/bot" }
app_token = { file = "/run/secrets/app" }
[people."alice@example.com"]
groups = ["engineers"]
unix = "alice"
slack = "U024BE7LH"
[people."bob@example.com"]
groups = ["dba"]
unix = "bob"
[broker]
administrators = ["bob@example.com"]
alerts = ["chat"]
"##;

/// Each role and backend alone, so that a mutation reaches the depths of one.
fn seeds() -> Vec<String> {
    let kinds = jit::wiring::offline_kinds();
    let read = read_text(SOUND, "jit.toml", Path::new("/etc/jit/jit.toml"), Path::new("/etc/jit"), &kinds);
    assert!(read.is_ok(), "the seed is no config any more: {read:?}");
    let small =
        SOUND.replace("[roles.db-read.params]\nschema = { type = \"choice\", of = [\"sales\", \"stock\"] }\n", "");
    let broken = SOUND.replace("engineers", "engineer").replace("\"1h\"", "\"5h\"").replace("reader", "*");
    vec![SOUND.to_owned(), small.replace("{ param = \"schema\" }", "\"sales\""), broken, "[roles.a]\n".to_owned()]
}

fuzz_target!(
    init: {
        jit_fuzz::seeds("config", seeds());
        let _ = KINDS.set(jit::wiring::offline_kinds());
    },
    |text: &str| {
        let kinds = KINDS.get().expect("made before");
        match read_text(text, "jit.toml", Path::new("/etc/jit/jit.toml"), Path::new("/etc/jit"), kinds) {
            Ok(loaded) => minimal(&loaded),
            Err(faults) => told(&faults, text),
        }
    }
);

/// Empty never means everything, and nothing means everybody.
fn minimal(loaded: &Loaded) {
    use jit_life::role::Approval;
    for role in loaded.rules.roles.values() {
        assert!(!role.requesters.is_empty() && !role.gives.is_empty());
        assert!(!loaded.rules.everybody(&role.requesters).is_empty(), "nobody may ask for {}", role.name);
        assert!(role.limits.default <= role.limits.max && role.limits.max.secs() > 0);
        if let Approval::ByPeople { count, from } = &role.approval {
            assert!(*count >= 1 && !from.is_empty());
            assert!(loaded.rules.everybody(from).len() >= *count as usize, "{} can't be approved", role.name);
        }
        for gives in &role.gives {
            assert!(loaded.backends.contains_key(&gives.backend));
            narrow(&gives.scope.0);
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for person in loaded.rules.people.values() {
        assert!(person.principals.iter().all(|principal| seen.insert(principal)), "a principal of two persons");
    }
    assert!(loaded.rules.administrators.iter().all(|person| loaded.rules.people.contains_key(person)));
}

/// No list in a scope is empty, and no text in it is empty or stands for everything.
fn narrow(scope: &Value) {
    match scope {
        Value::Array(list) => {
            assert!(!list.is_empty());
            list.iter().for_each(narrow);
        }
        Value::Object(map) => {
            assert!(!map.is_empty());
            map.values().for_each(narrow);
        }
        Value::String(text) => {
            assert!(!text.trim().is_empty() && !text.chars().all(|c| "*?%.".contains(c)), "{text:?} is everything");
            jit_fuzz::harmless(text, &[]);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every mistake is told, with a place in the file and a way out, and none of it steers a terminal.
fn told(faults: &Faults, text: &str) {
    let placed = faults.placed();
    assert!(!placed.is_empty() && placed.len() == faults.count());
    let lines = text.split('\n').count();
    let plain = faults.render(Style::Plain);
    for one in &placed {
        assert!((1..=lines).contains(&one.line) && one.column >= 1, "{one:?}");
        assert!(!one.rule.is_empty() && !one.remedy.is_empty(), "{one:?}");
    }
    for one in placed.iter().take(100) {
        let line = format!("jit.toml:{}:{}: ", one.line, one.column);
        assert!(plain.lines().any(|shown| shown.starts_with(&line) && shown.ends_with(&one.rule)), "{one:?}");
    }
    jit_fuzz::harmless(&plain, &['\n']);
    jit_fuzz::harmless(&faults.render(Style::Drawn { color: false, width: 80 }), &['\n']);
    jit_fuzz::harmless(&faults.render(Style::Drawn { color: true, width: 1 }), &['\n', '\u{1b}']);
}
