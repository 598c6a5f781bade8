//! `cargo xtask lint`: formatting, clippy, the supply chain, and the rules of the house that no tool knows.

mod deny;
mod house;

use crate::sh::{self, Failure, Result, step};

const HELP: &str = "\
Checks formatting, clippy, the supply chain and the rules of the house; says everything that is wrong, not only the
first.

Usage: cargo xtask lint [CHECK]…

Checks (default: all):
  fmt      cargo fmt --all --check
  clippy   cargo clippy --workspace --all-targets --all-features -- -D warnings
  deny     cargo deny check bans licenses sources (installs cargo-deny into the cache)
  house    file sizes, the pure core's dependencies, who names an implementation, marks of unfinished work,
           paths and hosts that don't belong in the tree
";

type Check = (&'static str, fn() -> Result);

const CHECKS: [Check; 4] = [("fmt", fmt), ("house", house::check), ("deny", deny::check), ("clippy", clippy)];

/// Runs the habit.
pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        print!("{HELP}");
        return Ok(());
    }
    if let Some(stranger) = args.iter().find(|arg| !CHECKS.iter().any(|(name, _)| name == arg)) {
        return Err(Failure::usage(format!("`{stranger}` is no check of `lint`; see --help")));
    }
    let mut failed = Vec::new();
    for (name, check) in CHECKS.iter().filter(|(name, _)| args.is_empty() || args.iter().any(|arg| arg == name)) {
        step(name);
        match check() {
            Ok(()) => println!("{name}: good"),
            Err(failure) => {
                println!("{name}: {failure}");
                failed.push(*name);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("lint failed: {}", failed.join(", ")))) }
}

fn fmt() -> Result {
    sh::run(sh::cargo().current_dir(sh::root()?).args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result {
    let mut command = sh::cargo();
    command.current_dir(sh::root()?).args(["clippy", "--workspace", "--all-targets", "--all-features"]);
    sh::run(command.args(["--", "-D", "warnings"]))
}
