//! `cargo xtask bench`: builds what is shipped and measures it. One file per bench in `bench/`, listed in [`BENCHES`].

mod house;
mod startup;

use std::path::PathBuf;

use serde_json::Value;

use crate::sh::{self, Failure, Result, at, step};

const HELP: &str = "\
Builds what is shipped (`--profile dist`) and measures it.

Usage: cargo xtask bench [NAME] [OPTIONS OF THE BENCH]

Without a name it runs every bench with its defaults.

Benches:
";

/// A bench: its name, what it measures and which options it takes, and how it runs.
struct Bench {
    name: &'static str,
    about: &'static str,
    run: fn(&Built, &[String]) -> Result,
}

const BENCHES: [Bench; 3] = [
    Bench { name: "startup", about: startup::ABOUT, run: startup::run },
    Bench { name: "house", about: house::ABOUT, run: house::run },
    Bench { name: "audit", about: house::AUDIT_ABOUT, run: house::audit },
];

/// What was built to be measured.
#[derive(Debug)]
pub(crate) struct Built {
    /// The binary as it is shipped.
    pub(crate) jit: PathBuf,
}

/// Runs the habit.
pub(crate) fn run(args: &[String]) -> Result {
    if let [inner, rest @ ..] = args
        && inner == startup::PEAK
    {
        return startup::peak(rest);
    }
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        print!("{HELP}");
        BENCHES.iter().for_each(|bench| println!("  {:10} {}", bench.name, bench.about));
        return Ok(());
    }
    let (benches, rest): (Vec<&Bench>, &[String]) = match args {
        [] => (BENCHES.iter().collect(), &[]),
        [name, rest @ ..] => {
            let bench = BENCHES.iter().find(|bench| bench.name == name);
            (vec![bench.ok_or_else(|| Failure::usage(format!("there is no bench `{name}`; see --help")))?], rest)
        }
    };
    step("Building what is shipped");
    let root = sh::root()?;
    sh::run(sh::cargo().current_dir(&root).args(["build", "--profile", "dist", "--package", "jit", "--bin", "jit"]))?;
    let metadata =
        sh::capture(sh::cargo().current_dir(&root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(at("cargo metadata"))?;
    let target = metadata.get("target_directory").and_then(Value::as_str);
    let target = target.ok_or_else(|| Failure::new("cargo metadata names no target directory"))?;
    let built = Built { jit: PathBuf::from(target).join("dist/jit") };

    for bench in benches {
        step(format!("{}: {}", bench.name, bench.about));
        (bench.run)(&built, rest)?;
    }
    Ok(())
}
