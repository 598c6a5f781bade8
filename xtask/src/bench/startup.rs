//! How long a command takes that does nothing, beside `true`: what every prompt, script and credential helper pays.
//!
//! Absolute times differ between machines and even between runs; so all commands take turns in one run, and the ratio is
//! what counts.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

use super::Built;
use crate::sh::{self, Failure, Result, at};

/// What `--help` says.
pub(crate) const ABOUT: &str =
    "start-up time and peak memory beside `true`  [--runs N] [--creds \"ARGS OF jit creds\"]";

/// The inner command that measures one peak.
pub(crate) const PEAK: &str = "__peak";

struct Row {
    name: String,
    program: PathBuf,
    args: Vec<String>,
    times: Vec<Duration>,
}

/// Runs the bench.
pub(crate) fn run(built: &Built, args: &[String]) -> Result {
    let (mut runs, mut creds) = (300usize, String::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| Failure::usage(format!("`{arg}` wants a value")));
        match arg.as_str() {
            "--runs" => {
                let number = value()?.parse().ok().filter(|n| *n > 0);
                runs = number.ok_or_else(|| Failure::usage("`--runs` wants a number above 0"))?;
            }
            "--creds" => creds = value()?.clone(),
            other => return Err(Failure::usage(format!("`{other}` is no option of `startup`"))),
        }
    }
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let row = |name: &str, program: PathBuf, args| Row { name: name.into(), program, args, times: Vec::new() };
    let truth = sh::which("true").ok_or_else(|| Failure::new("no `true` in PATH"))?;
    let candidates = [
        row("true", truth, Vec::new()),
        row("jit --version", built.jit.clone(), words("--version")),
        row(format!("jit creds {creds}").trim_end(), built.jit.clone(), words(&format!("creds {creds}"))),
    ];

    // A command that fails, or says nothing, would win: so only what answers is measured.
    let mut rows = Vec::new();
    for row in candidates {
        let said = sh::capture(Command::new(&row.program).args(&row.args));
        match said {
            Err(failure) => println!("not measured: {failure}"),
            Ok(said) if said.is_empty() && row.name != "true" => println!("not measured: `{}` says nothing", row.name),
            Ok(_) => rows.push(row),
        }
    }
    for _ in 0..runs {
        for row in &mut rows {
            once(row)?;
        }
    }
    table(&rows)
}

fn once(row: &mut Row) -> Result {
    let mut command = Command::new(&row.program);
    command.args(&row.args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begin = Instant::now();
    let status = command.status().map_err(at(row.program.display()))?;
    row.times.push(begin.elapsed());
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` ended with {status}", row.name))) }
}

fn table(rows: &[Row]) -> Result {
    println!("{:32} {:>10} {:>10} {:>8} {:>12}", "command", "median", "p95", "ratio", "peak memory");
    let base = rows.first().map_or(Duration::ZERO, |row| quantile(&row.times, 0.5)).as_secs_f64();
    for row in rows {
        let (median, p95) = (quantile(&row.times, 0.5).as_secs_f64(), quantile(&row.times, 0.95).as_secs_f64());
        let ratio = if base > 0.0 { median / base } else { 0.0 };
        println!("{:32} {:>7.2} ms {:>7.2} ms {ratio:>7.2}x {:>12}", row.name, median * 1e3, p95 * 1e3, peak_of(row)?);
    }
    println!("{} runs each, taking turns", rows.first().map_or(0, |row| row.times.len()));
    Ok(())
}

/// The value below which `part` of the times lie.
fn quantile(times: &[Duration], part: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * part).round() as usize).copied().unwrap_or_default()
}

/// A command's peak memory. Measured in a process of its own, because the kernel tells only the largest of all children.
fn peak_of(row: &Row) -> Result<String> {
    let me = std::env::current_exe().map_err(at("this program"))?;
    let mut command = Command::new(me);
    let told = sh::capture(command.args(["bench", PEAK]).arg(&row.program).args(&row.args))?;
    let kib: u64 = told.trim().parse().map_err(at("peak memory"))?;
    // A child begins as its parent's copy, whose memory counts too: below that nothing can be told.
    let mut floor = Command::new(std::env::current_exe().map_err(at("this program"))?);
    let truth = sh::which("true").ok_or_else(|| Failure::new("no `true` in PATH"))?;
    let floor: u64 = sh::capture(floor.args(["bench", PEAK]).arg(truth))?.trim().parse().map_err(at("peak memory"))?;
    let mib = kib as f64 / 1024.0;
    Ok(if kib <= floor + floor / 8 { format!("< {mib:.1} MiB") } else { format!("{mib:.1} MiB") })
}

/// Runs one command and prints the peak memory of the children of this process, in KiB.
pub(crate) fn peak(args: &[String]) -> Result {
    let [program, args @ ..] = args else { return Err(Failure::usage("which program?")) };
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().map_err(at(program))?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(at("getrusage"))?;
    // getrusage(2): kilobytes on Linux, bytes on macOS.
    let unit = if cfg!(target_os = "macos") { 1024 } else { 1 };
    println!("{}", usage.max_rss() / unit);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_times() {
        let times: Vec<Duration> = [9, 1, 5, 3, 7].map(Duration::from_millis).into();
        assert_eq!(quantile(&times, 0.5), Duration::from_millis(5));
        assert_eq!(quantile(&times, 0.95), Duration::from_millis(9));
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
