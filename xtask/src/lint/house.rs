//! The rules of the house that no tool knows. Only tracked files are looked at.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::sh::{self, Failure, Result, at};

/// No Rust file grows past this many lines: split by resource, command or concept.
const LONGEST: usize = 500;

/// Files that may be longer, each with its reason.
const MAY_BE_LONGER: [(&str, &str); 0] = [];

/// What the pure core never depends on: a runtime, a database, HTTP, TLS.
const IMPURE: [&str; 8] = ["tokio", "sqlx", "sqlx-core", "reqwest", "axum", "hyper", "rustls", "aws-lc-rs"];

/// The implementation crates, and the one file of the binary that may name them.
const IMPLEMENTATIONS: [&str; 4] =
    ["jit_backend_ssh", "jit_backend_postgres", "jit_approval_terminal", "jit_approval_slack"];
const WIRING: &str = "src/wiring.rs";

/// Marks of unfinished work, put together here so that this file does not bear them.
const MARKS: [&str; 4] =
    [concat!("to", "do!"), concat!("unimple", "mented!"), concat!("FIX", "ME"), concat!("TO", "DO")];

/// Directories of one machine.
const PLACES: [&str; 2] = [concat!("/", "work"), concat!("/", "root")];

/// Hosts of package registries: programs are named by package, so that a mirror works as well.
const HOSTS: [&str; 9] = [
    concat!("registry.npm", "js.org"),
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("static.cra", "tes.io"),
    concat!("index.cra", "tes.io"),
    concat!("deb.de", "bian.org"),
    concat!("proxy.go", "lang.org"),
    concat!("repo.maven.ap", "ache.org"),
    concat!("repo1.ma", "ven.org"),
];

/// Checks every rule and tells everything that breaks one.
pub(crate) fn check() -> Result {
    let root = sh::root()?;
    let listed = sh::capture(Command::new("git").current_dir(&root).args(["ls-files", "-z"]))?;
    let mut broken = Vec::new();
    let mut looked_at = 0;
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let file = root.join(path);
        // Removed, a link to somewhere else, or no text: nothing to read in it.
        if !file.symlink_metadata().is_ok_and(|about| about.is_file()) {
            continue;
        }
        if let Ok(text) = String::from_utf8(fs::read(&file).map_err(at(path))?) {
            looked_at += 1;
            broken.extend(in_file(path, &text));
        }
    }
    let crates = pure_crates(&root)?;
    for name in &crates {
        let mut tree = sh::cargo();
        tree.current_dir(&root).args(["tree", "--edges", "normal", "--prefix", "none", "--all-features"]);
        broken.extend(impure(name, &sh::capture(tree.args(["--target", "all", "--package", name]))?));
    }
    println!("{looked_at} files, pure crates: {}", crates.join(", "));
    if crates.is_empty() {
        broken.push("no crate found below core/".into());
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("{} broken\n{}", broken.len(), broken.join("\n"))))
    }
}

/// The crates below `core/`.
fn pure_crates(root: &Path) -> Result<Vec<String>> {
    let metadata = sh::capture(sh::cargo().current_dir(root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(at("cargo metadata"))?;
    let packages = metadata.get("packages").and_then(Value::as_array).cloned().unwrap_or_default();
    let core = root.join("core");
    let name = |package: &Value| {
        let manifest = package.get("manifest_path")?.as_str()?;
        let name = package.get("name")?.as_str()?;
        Path::new(manifest).starts_with(&core).then(|| name.to_owned())
    };
    Ok(packages.iter().filter_map(name).collect())
}

fn impure(package: &str, tree: &str) -> Vec<String> {
    let mut found: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    found.sort_unstable();
    found.dedup();
    let found = found.into_iter().filter(|name| IMPURE.contains(name));
    found.map(|name| format!("{package}: the pure core depends on {name}")).collect()
}

/// What is wrong with one file.
fn in_file(path: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let rust = path.ends_with(".rs");
    let lines = text.lines().count();
    if rust && lines > LONGEST && !MAY_BE_LONGER.iter().any(|(longer, _)| *longer == path) {
        broken.push(format!("{path}: {lines} lines; split it by resource, command or concept (at most {LONGEST})"));
    }
    let code = rust
        || [".py", ".sh", ".toml", ".yml", ".yaml", ".json", ".sql", ".js", ".ts", ".html", ".css"]
            .iter()
            .any(|end| path.ends_with(end))
        || path.starts_with(".ci/");
    let inside = rust && path.starts_with("src/") && path != WIRING;
    for (number, line) in (1..).zip(text.lines()) {
        let mut say = |what: String| broken.push(format!("{path}:{number}: {what}"));
        if code {
            MARKS.iter().filter(|mark| has_word(line, mark)).for_each(|mark| say(format!("unfinished: {mark}")));
        }
        if inside {
            let named = IMPLEMENTATIONS.iter().filter(|name| has_word(line, name));
            named.for_each(|name| say(format!("only {WIRING} may name {name}")));
        }
        PLACES
            .iter()
            .filter(|place| has_place(line, place))
            .for_each(|place| say(format!("a path of one machine: {place}")));
        HOSTS.iter().filter(|host| line.contains(**host)).for_each(|host| say(format!("a registry's host: {host}")));
    }
    broken
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `word` stands in the line and is not a part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    occurrences(line, word)
        .any(|(before, after)| !(before.ends_with(in_word) || word.ends_with(in_word) && after.starts_with(in_word)))
}

/// Whether the absolute path `place`, or one below it, stands in the line.
fn has_place(line: &str, place: &str) -> bool {
    let part = |c: char| in_word(c) || "-./}".contains(c);
    occurrences(line, place)
        .any(|(before, after)| !before.ends_with(part) && !after.starts_with(|c| in_word(c) || c == '-' || c == '.'))
}

fn occurrences<'a>(line: &'a str, what: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    line.match_indices(what).filter_map(move |(at, _)| Some((line.get(..at)?, line.get(at + what.len()..)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> usize {
        in_file(path, text).len()
    }

    #[test]
    fn a_long_rust_file_is_told_and_a_long_page_is_not() {
        let long = "x\n".repeat(LONGEST + 1);
        assert_eq!(broken("src/cli/list.rs", &long), 1);
        assert_eq!(broken("src/cli/list.rs", &"x\n".repeat(LONGEST)), 0);
        assert_eq!(broken("docs/guide.md", &long), 0);
    }

    #[test]
    fn only_the_wiring_names_an_implementation() {
        let text = "use jit_backend_ssh::SshKind;";
        assert_eq!(broken("src/server/claims.rs", text), 1);
        assert_eq!(broken(WIRING, text), 0);
        assert_eq!(broken("backends/ssh/tests/ssh/sshd.rs", text), 0);
        assert_eq!(broken("src/server/claims.rs", "use jit_backend::Kind;"), 0);
    }

    #[test]
    fn marks_of_unfinished_work_are_told_as_words() {
        for mark in MARKS {
            assert_eq!(broken("engine/src/lib.rs", &format!("    {mark}(later)")), 1, "{mark}");
        }
        assert_eq!(broken("Cargo.toml", "todo = \"deny\""), 0);
        // The letters of a mark inside another word mark nothing.
        let inside = format!("let MAS{}N = 1;", concat!("TO", "DO"));
        assert_eq!(broken("engine/src/lib.rs", &inside), 0);
    }

    #[test]
    fn machine_paths_and_registry_hosts_are_told() {
        for place in PLACES {
            for line in [format!("cd {place}/main"), format!("\"{place}\""), format!("({place})"), place.to_owned()] {
                assert_eq!(broken("docs/guide.md", &line), 1, "{line}");
            }
            for line in
                [format!("tree{place}"), format!("{place}er"), format!("https://h{place}/x"), format!("a{place}")]
            {
                assert_eq!(broken("docs/guide.md", &line), 0, "{line}");
            }
        }
        for host in HOSTS {
            assert_eq!(broken("README.md", &format!("see https://{host}/x")), 1);
        }
    }

    #[test]
    fn the_pure_core_stays_pure() {
        let tree =
            "jit-life v0.1.0 (/tree/core/life)\nserde v1.0.0\ntokio v1.48.0\ntokio v1.48.0 (*)\ntokio-util v0.7.0\n";
        assert_eq!(impure("jit-life", tree), ["jit-life: the pure core depends on tokio"]);
    }
}
