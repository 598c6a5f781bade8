//! The house's own benches, and the audit log's: programs of the workspace that print their figures themselves.

use super::Built;
use crate::sh::{self, Result, step};

pub(crate) const ABOUT: &str = "raw commits, whole cycles, 10,000 ends in one second [commits|cycles|ends …]";
pub(crate) const AUDIT_ABOUT: &str = "sealing, appending and verifying the audit log [entries]";

pub(crate) fn run(_: &Built, args: &[String]) -> Result {
    step("Measuring the house");
    let root = sh::root()?;
    sh::run(
        sh::cargo()
            .current_dir(&root)
            .args(["bench", "--quiet", "--package", "jit", "--bench", "house", "--"])
            .args(args),
    )
}

pub(crate) fn audit(_: &Built, args: &[String]) -> Result {
    step("Measuring the audit log");
    let root = sh::root()?;
    let run = ["run", "--quiet", "--release", "--package", "jit-engine", "--example", "audit_speed", "--"];
    sh::run(sh::cargo().current_dir(&root).args(run).args(args))
}
