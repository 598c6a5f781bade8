//! `cargo xtask fuzz`: throws hostile bytes at everything that reads what others wrote, each target for a while.
//!
//! The targets are in `fuzz/`, a workspace of its own, so that `cargo test` builds none of it. They are built without a
//! sanitizer: the house has no `unsafe`, so there is little for one to find, and so the stable compiler does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::sh::{self, Failure, Result, step};

/// The version of cargo-fuzz that is brought where there is none.
const VERSION: &str = "0.13.2";
/// For how long each target runs unless told otherwise, in seconds.
const SECONDS: u32 = 30;
/// How long one input may take, in seconds: more is a hang.
const PATIENCE: u32 = 20;

const HELP: &str = "\
Throws hostile bytes at everything that reads what others wrote.

Usage: cargo xtask fuzz [TARGET]… [OPTIONS]

Options:
      --seconds N   For how long each target runs (default 30); the first build takes minutes besides
      --build       Only builds the targets
  -h, --help        Prints this

Needs Rust and a C++ compiler; brings cargo-fuzz where there is none. What was found to be worth keeping goes to
fuzz/corpus/TARGET, an input that fails to fuzz/artifacts/TARGET. To see one again:
  cargo fuzz run --sanitizer none TARGET fuzz/artifacts/TARGET/FILE

Targets (default: all):
";

/// A target: its name, and what it holds.
const TARGETS: [(&str, &str); 8] = [
    ("names", "durations, times, ids, names: what is read is written back the same"),
    ("config", "a config is read, or all its mistakes are told; nothing in it means everybody"),
    ("wire", "the API's questions and answers: what is read is written back the same"),
    ("scram", "SCRAM verifiers: what is accepted is kept to the letter and has the minima"),
    ("ssh", "certificates and revocation lists: what goes in adds no option and no line"),
    ("audit", "a good export that was changed verifies as what was signed, or not at all"),
    ("render", "hostile text forges nothing on a terminal's card or in a message of Slack"),
    ("slack", "what comes over Slack's socket says what Slack vouches for, or nothing"),
];

#[derive(Debug, PartialEq)]
struct Options {
    targets: Vec<&'static str>,
    seconds: u32,
    only_build: bool,
}

/// Runs the habit.
pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        print!("{HELP}");
        TARGETS.iter().for_each(|(name, about)| println!("  {name:8} {about}"));
        return Ok(());
    }
    let options = parse(args)?;
    let root = sh::root()?;
    let compilers = ["c++", "g++", "clang++"];
    if !compilers.iter().any(|name| sh::which(name).is_some()) && sh::env("CXX").is_none() {
        let what = "no C++ compiler is found, and libFuzzer is written in C++; install one (on Debian: g++)";
        return Err(Failure::new(what));
    }
    let program = program()?;
    step("Building the targets");
    // All at once where all are wanted: the crates that they share are compiled side by side.
    let one_by_one = options.targets.iter().map(|target| vec![*target]);
    let all = options.targets.len() == TARGETS.len();
    for names in if all { vec![Vec::new()] } else { one_by_one.collect() } {
        sh::run(fuzz(&program, &root, "build").args(names))?;
    }
    if options.only_build {
        return Ok(());
    }
    let mut failed = Vec::new();
    for target in &options.targets {
        step(format!("{target}, {} s", options.seconds));
        let begun = Instant::now();
        let artifacts = root.join("fuzz/artifacts").join(target);
        let before = files(&artifacts);
        let mut command = fuzz(&program, &root, "run");
        command.args([target, "--", "-print_final_stats=1", "-rss_limit_mb=2048", "-max_len=65536"]);
        command.args([format!("-max_total_time={}", options.seconds), format!("-timeout={PATIENCE}")]);
        match sh::run(&mut command) {
            // A target that ended at once found nothing because it did nothing.
            Ok(()) if begun.elapsed().as_secs() < u64::from(options.seconds) => {
                failed.push(format!("{target}: ended before its time"));
            }
            Ok(()) => {}
            Err(_) => {
                let new: Vec<String> = files(&artifacts).into_iter().filter(|file| !before.contains(file)).collect();
                failed.push(format!(
                    "{target}: {}",
                    if new.is_empty() { "see above".to_owned() } else { new.join(", ") }
                ));
            }
        }
    }
    if failed.is_empty() {
        println!("\n{} targets, nothing found", options.targets.len());
        return Ok(());
    }
    Err(Failure::new(format!("{} of {} targets failed\n{}", failed.len(), options.targets.len(), failed.join("\n"))))
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options { targets: Vec::new(), seconds: SECONDS, only_build: false };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--build" => options.only_build = true,
            "--seconds" => {
                let seconds = args.next().and_then(|value| value.parse().ok()).filter(|seconds| *seconds > 0);
                options.seconds = seconds.ok_or_else(|| Failure::usage("`--seconds` wants a number above 0"))?;
            }
            name => {
                let target = TARGETS.iter().find(|(target, _)| *target == name);
                let (target, _) =
                    target.ok_or_else(|| Failure::usage(format!("there is no target `{name}`; see --help")))?;
                options.targets.push(target);
            }
        }
    }
    if options.targets.is_empty() {
        options.targets = TARGETS.iter().map(|(name, _)| *name).collect();
    }
    Ok(options)
}

fn fuzz(program: &Path, root: &Path, what: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root).args([what, "--sanitizer", "none"]);
    command
}

fn files(dir: &Path) -> Vec<String> {
    let all = fs::read_dir(dir).into_iter().flatten().flatten();
    all.map(|file| file.path().display().to_string()).collect()
}

/// Finds cargo-fuzz, or brings it.
fn program() -> Result<PathBuf> {
    let works = |program: &Path| sh::works(Command::new(program).arg("--version"));
    if let Some(found) = sh::which("cargo-fuzz").filter(|found| works(found)) {
        return Ok(found);
    }
    let cache = sh::cache("jit-tools")?.join(format!("cargo-fuzz-{VERSION}"));
    let program = cache.join("bin/cargo-fuzz");
    if !works(&program) {
        println!("bringing cargo-fuzz {VERSION} into {}", cache.display());
        let mut install = sh::cargo();
        install.args(["install", "cargo-fuzz", "--locked", "--force", "--version", VERSION, "--root"]);
        sh::run(install.arg(&cache))?;
    }
    if works(&program) { Ok(program) } else { Err(Failure::new(format!("{} does not run", program.display()))) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn args(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn read(path: &str) -> String {
        fs::read_to_string(sh::root().unwrap().join(path)).unwrap()
    }

    #[test]
    fn options_are_read_and_strangers_refused() {
        let options = parse(&args("ssh --seconds 7 audit")).unwrap();
        assert_eq!(
            (options.targets.as_slice(), options.seconds, options.only_build),
            (&["ssh", "audit"][..], 7, false)
        );
        assert_eq!(parse(&[]).unwrap().targets.len(), TARGETS.len());
        for bad in ["sssh", "--seconds", "--seconds 0", "--seconds x", "--secnds 1"] {
            assert!(parse(&args(bad)).is_err(), "{bad}");
        }
    }

    /// The list here, the files, the manifest and the page name the same targets.
    #[test]
    fn every_target_is_listed_everywhere() {
        let listed: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed.len(), TARGETS.len());

        let dir = sh::root().unwrap().join("fuzz/fuzz_targets");
        let there: BTreeSet<String> = fs::read_dir(dir)
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(there, listed);

        let manifest = read("fuzz/Cargo.toml");
        let paths =
            manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""));
        assert_eq!(paths.map(str::to_owned).collect::<BTreeSet<_>>(), listed);

        let page = read("docs/fuzzing.md");
        let rows = page.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()));
        assert_eq!(rows.collect::<BTreeSet<_>>(), listed);
    }

    /// Each has the form in which cargo-fuzz builds it, and makes its own seeds under its own name.
    #[test]
    fn every_target_has_the_form_of_one() {
        for (name, _) in TARGETS {
            let text = read(&format!("fuzz/fuzz_targets/{name}.rs"));
            assert!(text.starts_with("//! "), "{name} does not say what it holds");
            assert!(text.contains("\n#![no_main]\n") && text.contains("\nfuzz_target!("), "{name}");
            assert!(text.contains(&format!("jit_fuzz::seeds(\"{name}\"")), "{name} makes no seeds of its own");
        }
    }

    /// `cargo test` of the house builds none of it.
    #[test]
    fn the_targets_are_a_workspace_of_their_own() {
        assert!(read("fuzz/Cargo.toml").contains("\n[workspace]\n"));
        let root = sh::root().unwrap();
        let metadata =
            sh::capture(sh::cargo().current_dir(root).args(["metadata", "--no-deps", "--format-version", "1"]));
        let metadata: serde_json::Value = serde_json::from_str(&metadata.unwrap()).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        assert!(packages.iter().any(|package| package["name"] == "jit"));
        assert!(packages.iter().all(|package| package["name"] != "jit-fuzz"));
    }
}
