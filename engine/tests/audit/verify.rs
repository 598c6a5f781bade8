//! The verifier, and beside it the second one that was written from the format's page alone: on sound and on tampered
//! exports both must give the same verdict, the same kind of fault and the same entries.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cases::{Case, cases, sound, tampered};
use crate::support::{Export, Plan};
use jit_engine::audit::{Pins, Report, verify};
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
    let found = Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    let demanded = std::env::var("JIT_TEST_REQUIRE").is_ok_and(|names| names.split(',').any(|n| n.trim() == "python"));
    assert!(found || !demanded, "JIT_TEST_REQUIRE names python, but python3 does not run");
    if !found {
        println!("skipped: the second verifier needs python3, which does not run here");
    }
    found
}

fn script() -> String {
    format!("{}/../docs/verify_audit.py", env!("CARGO_MANIFEST_DIR"))
}

fn run_python(directory: &Path, case: &Case) -> (i32, Value) {
    let export = directory.join("export");
    std::fs::write(&export, &case.bytes).expect("written");
    let mut command = Command::new("python3");
    command.arg("-B").arg(script()).arg(&export);
    for (i, note) in case.notes.iter().enumerate() {
        let path = directory.join(format!("note{i}"));
        std::fs::write(&path, note).expect("written");
        command.arg("--checkpoint").arg(path);
    }
    if let Some(key) = &case.key {
        command.args(["--vkey", key]);
    }
    let output = command.output().expect("python runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let verdict = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{}: {text}{}", case.name, String::from_utf8_lossy(&output.stderr)));
    (output.status.code().expect("an exit code"), verdict)
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
    for case in cases() {
        let report = case.verify();
        let (code, theirs) = run_python(directory.path(), &case);
        assert_eq!(code, i32::from(!report.holds()), "{}", case.name);
        assert_eq!(theirs, verdict(&report), "{}", case.name);
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
    let header = good.iter().position(|b| *b == b'\n').expect("a line");
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = |below: usize| {
        // Knuth's linear congruential generator: good enough to spread damage.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut script_input = String::new();
    let mut ours = Vec::new();
    for i in 0..400 {
        let mut bytes = good.clone();
        for _ in 0..=next(3) {
            let at = header + 1 + next(bytes.len() - header - 1);
            match next(5) {
                0 => bytes[at] = b"0123456789abcdef\"{}[],:\\ \n"[next(26)],
                1 => drop(bytes.remove(at)),
                2 => bytes[at] ^= 1 << next(7),
                3 => bytes[at] = bytes[at].wrapping_add(1),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        let path = directory.path().join(i.to_string());
        std::fs::write(&path, &bytes).expect("written");
        script_input.push_str(&format!("{}\n", path.display()));
        ours.push(verdict(&verify(bytes.as_slice(), &Pins::default()).expect("memory can be read")));
    }
    let driver = "import sys, json\nsys.path.insert(0, sys.argv[1])\nimport verify_audit\n\
        for path in sys.stdin.read().split():\n    print(json.dumps(verify_audit.verify(open(path, 'rb'))))";
    let docs = script().replace("/verify_audit.py", "");
    let mut child = Command::new("python3")
        .args(["-B", "-c", driver, &docs])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    child.stdin.take().expect("a pipe").write_all(script_input.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("python ends");
    assert!(output.status.success());
    let theirs: Vec<Value> =
        String::from_utf8_lossy(&output.stdout).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(theirs.len(), ours.len());
    for (i, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(theirs, ours, "file {i}");
    }
}
