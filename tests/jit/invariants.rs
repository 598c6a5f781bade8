//! The page that lists each promise with its tests names only tests that are there, and leaves no promise without one.

use std::collections::BTreeSet;
use std::path::Path;

/// How many promises there are.
const PROMISES: usize = 16;

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/invariants.md")).unwrap();
    let mut known = BTreeSet::new();
    for folder in ["core", "engine", "backends", "approvals", "src", "tests"] {
        read(&root.join(folder), &mut known);
    }
    let (mut promises, mut failures) = (Vec::new(), 0);
    for row in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let tests: Vec<&str> = cells.last().unwrap().split('`').skip(1).step_by(2).collect();
        if tests.is_empty() {
            assert_eq!(cells.last(), Some(&"tests"), "no test keeps this: {row}");
            continue;
        }
        for name in tests {
            assert!(known.contains(name), "docs/invariants.md names `{name}`, and there is no such test");
        }
        match cells[0].parse::<usize>() {
            Ok(number) => promises.push(number),
            Err(_) => failures += 1,
        }
    }
    assert_eq!(promises, (1..=PROMISES).collect::<Vec<_>>(), "each promise has its row");
    assert!(failures >= 15, "only {failures} failures have a row");
}

/// The names of all functions that a test attribute or a macro of properties stands before. A name that is only called
/// somewhere, or is a helper's without an attribute, is no test.
fn read(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (n, line) in lines.iter().enumerate() {
                let Some((before, rest)) = line.split_once("fn ") else { continue };
                let Some((name, _)) = rest.split_once('(') else { continue };
                let attributes =
                    lines[..n].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
                let is_test = attributes.clone().any(|line| line.starts_with("#[") && line.contains("test"));
                if is_test && matches!(before.trim(), "" | "async") {
                    into.insert(name.to_owned());
                }
            }
        }
    }
}
