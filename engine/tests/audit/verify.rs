//! The verifier, and beside it the second one that was written from the format's page alone: on sound and on tampered
//! exports both must give the same verdict, the same kind of fault and the same entries.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cases::{Case, cases, sound, tampered};
use crate::support::{Export, Plan};
use jit_engine::audit::Report;
use serde_json::{Value, json};

#[test]
fn every_tampering_is_found_and_named() {
    for case in cases() {
        let report = case.verify();
        let found = report.fault.as_ref().map(|fault| (fault.kind, fault.entries));
        assert_eq!(found, case.expected, "{}: {report:?}", case.name);
        assert_eq!(report.holds(), case.expected.is_none());
    }
}

#[test]
fn a_report_says_what_was_seen() {
    let good = Export::make(&Plan::default());
    let report = sound("", &good).key(&good.key).notes(&[&good.notes[&10]]).verify();
    assert_eq!((report.entries, report.size, report.checkpoints, report.pins), (23, 23, 5, 1));
    assert!(report.key_pinned && report.root.is_some());
    assert!(report.opened > 0 && report.sealed > 0 && report.erased > 0, "{report:?}");
    let all: usize = good.lines.iter().filter_map(|line| line["openings"].as_array()).map(Vec::len).sum();
    assert_eq!(report.opened + report.sealed + report.erased, all as u64);
    let odd = tampered(&Plan::default(), |e| e.entry(7)["nodes"][1] = json!("0".repeat(64)));
    assert_eq!(sound("", &odd).verify().strange_nodes, 1);
}

/// Whether the second verifier can run. Where it can't, the test says why, and fails if it is demanded.
#[allow(clippy::disallowed_methods, reason = "a test asks what the run demands")]
fn python() -> bool {
    let mut asked = Command::new("python3");
    asked.args(["-c", "import cryptography"]).stdout(Stdio::null()).stderr(Stdio::null());
    let found = asked.status().is_ok_and(|s| s.success());
    let demanded = std::env::var("JIT_TEST_REQUIRE").is_ok_and(|names| names.split(',').any(|n| n.trim() == "python"));
    assert!(found || !demanded, "JIT_TEST_REQUIRE names python, but python3 with cryptography does not run");
    if !found {
        println!("skipped: the second verifier needs python3 with cryptography, which does not run here");
    }
    found
}

fn docs() -> String {
    format!("{}/../docs", env!("CARGO_MANIFEST_DIR"))
}

/// What the second verifier says as people call it: its exit code.
fn holds(directory: &Path, case: &Case) -> i32 {
    let export = directory.join("export");
    std::fs::write(&export, &case.bytes).expect("written");
    let mut command = Command::new("python3");
    command.arg("-B").arg(format!("{}/verify_audit.py", docs())).arg(&export);
    for (i, note) in case.notes.iter().enumerate() {
        let path = directory.join(format!("note{i}"));
        std::fs::write(&path, note).expect("written");
        command.arg("--checkpoint").arg(path);
    }
    if let Some(key) = &case.key {
        command.args(["--vkey", key]);
    }
    let output = command.output().expect("python runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!told.contains("Traceback"), "{}: {told}", case.name);
    output.status.code().expect("an exit code")
}

/// What the second verifier says of many files, in one process.
const SHORTLY: &str = "import json, sys, verify_audit
for path, vkey, notes in map(json.loads, sys.stdin):
    try:
        print(json.dumps(verify_audit.verify(open(path, 'rb'), vkey, notes) >= 0))
    except verify_audit.BROKEN:
        print('false')
";

/// Which fault and which entries the page's rules name, in a program of its own beside the second verifier.
const LOCATE: &str = include_str!("locate.py");

/// Has a program look at all cases.
fn all(program: &str, directory: &Path, cases: &[Case]) -> Vec<Value> {
    let mut asked = String::new();
    for (i, case) in cases.iter().enumerate() {
        let path = directory.join(i.to_string());
        std::fs::write(&path, &case.bytes).expect("written");
        asked.push_str(&format!("{}\n", json!([path, case.key, case.notes])));
    }
    let said = python_says(program, &asked);
    assert_eq!(said.len(), cases.len());
    said
}

/// What a Python program answers, an answer a line.
fn python_says(program: &str, asked: &str) -> Vec<Value> {
    let mut child = Command::new("python3")
        .args(["-B", "-c", program])
        .env("PYTHONPATH", docs())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    std::thread::scope(|scope| {
        scope.spawn(move || pipe.write_all(asked.as_bytes()).expect("written"));
        let output = child.wait_with_output().expect("python ends");
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
    })
}

/// The report in the words of the second verifier.
fn verdict(report: &Report) -> Value {
    let entries = report.fault.as_ref().and_then(|fault| fault.entries);
    json!({
        "holds": report.holds(),
        "fault": report.fault.as_ref().map(|fault| fault.kind.as_str()),
        "first": entries.map(|(first, _)| first),
        "last": entries.map(|(_, last)| last),
        "entries": report.entries,
    })
}

#[test]
fn the_second_verifier_agrees() {
    if !python() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let cases = cases();
    let shortly = all(SHORTLY, directory.path(), &cases);
    let located = all(LOCATE, directory.path(), &cases);
    for (i, (case, (shortly, located))) in cases.iter().zip(shortly.into_iter().zip(located)).enumerate() {
        let report = case.verify();
        assert_eq!(shortly, json!(report.holds()), "{}", case.name);
        assert_eq!(located, verdict(&report), "{}", case.name);
        // Started as people start it: a few, and each that has something beside the file.
        if i < 10 || case.key.is_some() || !case.notes.is_empty() {
            assert_eq!(holds(directory.path(), case), i32::from(!report.holds()), "{}", case.name);
        }
    }
}

/// Changes single bytes and whole lines of an export at random, always the same ones, and asks both verifiers.
#[test]
fn both_agree_on_random_damage() {
    if !python() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let good = Export::make(&Plan::default()).bytes();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = |below: usize| {
        // Knuth's linear congruential generator: good enough to spread damage.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let damaged = |bytes| Case { name: "damaged", bytes, key: None, notes: Vec::new(), expected: None };
    let mut cases = Vec::new();
    for _ in 0..600 {
        let mut bytes = good.clone();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            match next(5) {
                0 => bytes[at] = b"0123456789abcdef\"{}[],:\\ \n"[next(26)],
                1 => drop(bytes.remove(at)),
                2 => bytes[at] ^= 1 << next(7),
                3 => bytes[at] = bytes[at].wrapping_add(1),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        cases.push(damaged(bytes));
    }
    let ours: Vec<Value> = cases.iter().map(|case| verdict(&case.verify())).collect();
    let sound = ours.iter().filter(|verdict| verdict["holds"] == json!(true)).count();
    assert!((1..cases.len() / 2).contains(&sound), "the damage shows both verdicts: {sound} of {}", cases.len());
    let shortly = all(SHORTLY, directory.path(), &cases);
    for (i, (located, shortly)) in all(LOCATE, directory.path(), &cases).into_iter().zip(shortly).enumerate() {
        assert_eq!(shortly, ours[i]["holds"], "file {i}");
        assert_eq!(located, ours[i], "file {i}");
    }
}
