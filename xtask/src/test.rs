//! `cargo xtask test`: the one command that makes sure of the counterparts and runs every test.
//!
//! A test whose counterpart is missing prints a line that begins with `skipped` and passes, unless `JIT_TEST_REQUIRE`
//! names the counterpart. libtest hides what a passing test prints, so tests run with `--show-output`; only the
//! `skipped` lines of passing tests are let through, and repeated at the end.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::peers::counterparts::{self, Counterpart};
use crate::peers::install;
use crate::sh::{self, Failure, Result, at, step};

const HELP: &str = "\
Installs the counterparts that tests run against, then runs every test.

Usage: cargo xtask test [OPTIONS] [-- FILTERS AND OPTIONS OF THE TEST BINARIES]

Options:
      --require      A missing counterpart is a failure (the default where CI=true); else its tests say why they skip
      --no-install   Takes the counterparts as they are
      --only-peers   Makes sure of the counterparts and ends
  -p, --package P    Only this package's tests; may be given several times
      --threads N    Tests at once (default: twice the cores, at least 4: most wait for another process)
  -h, --help         Prints this

Counterparts that no package manager brings system-wide go to $JIT_PEERS_DIR (default ~/.cache/jit-peers).
Environment: JIT_TEST_REQUIRE=NAME,… names the counterparts whose absence is a failure.
";

#[derive(Debug, Default, PartialEq)]
struct Options {
    require: bool,
    no_install: bool,
    only_peers: bool,
    packages: Vec<String>,
    threads: Option<usize>,
    passed_on: Vec<String>,
}

/// Runs the habit.
pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "-h" || arg == "--help") {
        print!("{HELP}");
        return Ok(());
    }
    let options = parse(args)?;
    let all = counterparts::all()?;

    step("Counterparts");
    if options.no_install {
        println!("taken as they are (--no-install)");
    } else {
        install::ensure(&all)?;
    }
    let missing: Vec<(&Counterpart, String)> =
        all.iter().filter_map(|peer| peer.look().err().map(|why| (peer, why))).collect();
    for (peer, why) in &missing {
        println!("MISSING {}: {why}", peer.name);
    }
    if options.only_peers {
        return if missing.is_empty() { Ok(()) } else { Err(Failure::new("not every counterpart is there")) };
    }

    let strict = options.require || sh::env("CI").is_some_and(|ci| ci == "true" || ci == "1");
    let names = all.iter().map(|peer| peer.name).collect::<Vec<_>>().join(",");
    let required = sh::env("JIT_TEST_REQUIRE").or(strict.then_some(names));

    let mut tally = Tally::default();
    // `--doc` is an error where a package chosen by name has no library: then cargo's own choice does for all kinds.
    let kinds: &[(&str, &[&str])] = match options.packages.as_slice() {
        [] => &[("Tests", &["--tests", "--examples"]), ("Tests in the documentation", &["--doc"])],
        _ => &[("Tests", &[])],
    };
    let mut done = Vec::new();
    for (title, targets) in kinds {
        step(title);
        done.push(cargo_test(&options, required.as_deref(), targets, &mut tally));
    }

    step("Summary");
    for (peer, why) in &missing {
        println!("missing {}: {why}", peer.name);
    }
    for line in &tally.skips {
        println!("{line}");
    }
    println!("{}", tally.closing());
    done.into_iter().collect::<Result>()?;
    if tally.passed == 0 && options.passed_on.is_empty() {
        return Err(Failure::new("no test was run"));
    }
    Ok(())
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value =
            || args.next().cloned().ok_or_else(|| Failure::usage(format!("`{arg}` wants a value; see --help")));
        match arg.as_str() {
            "--require" => options.require = true,
            "--no-install" => options.no_install = true,
            "--only-peers" => options.only_peers = true,
            "-p" | "--package" => options.packages.push(value()?),
            "--threads" => {
                let threads = value()?.parse().ok().filter(|n| *n > 0);
                options.threads = Some(threads.ok_or_else(|| Failure::usage("`--threads` wants a number above 0"))?);
            }
            "--" => options.passed_on.extend(args.by_ref().cloned()),
            other => return Err(Failure::usage(format!("`{other}` is no option of `test`; see --help"))),
        }
    }
    Ok(options)
}

fn cargo_test(options: &Options, required: Option<&str>, targets: &[&str], tally: &mut Tally) -> Result {
    let mut command = sh::cargo();
    command.current_dir(sh::root()?).args(["test", "--all-features", "--no-fail-fast"]).args(targets);
    match options.packages.as_slice() {
        [] => command.arg("--workspace"),
        packages => command.args(packages.iter().flat_map(|package| ["--package", package.as_str()])),
    };
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let threads = options.threads.unwrap_or_else(|| (2 * cores).max(4));
    command.args(["--", "--show-output", "--test-threads", &threads.to_string()]).args(&options.passed_on);
    if let Some(required) = required {
        println!("JIT_TEST_REQUIRE={required}");
        command.env("JIT_TEST_REQUIRE", required);
    }
    command.env("JIT_PEERS_DIR", counterparts::peers_dir()?);
    stream(&mut command, tally)
}

/// Runs a command, reads its lines as they come and shows those that a person should see.
fn stream(command: &mut Command, tally: &mut Tally) -> Result {
    println!("$ {}", sh::shown(command));
    let shown = sh::shown(command);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(at(&shown))?;
    let out = child.stdout.take().ok_or_else(|| Failure::new("the tests have no output"))?;
    let mut terminal = std::io::stdout().lock();
    tally.hiding = false;
    for line in BufReader::new(out).split(b'\n') {
        let line = line.map_err(at(&shown))?;
        let line = String::from_utf8_lossy(&line);
        if tally.line(&line) {
            // A closed pipe must not stop the tests halfway: servers would be left behind.
            let _ = writeln!(terminal, "{line}");
        }
    }
    let status = child.wait().map_err(at(&shown))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{shown}` ended with {status}"))) }
}

/// Counts what libtest says.
#[derive(Debug, Default)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    skips: BTreeSet<String>,
    hiding: bool,
}

impl Tally {
    /// Takes in a line and says whether to show it.
    fn line(&mut self, line: &str) -> bool {
        let text = line.trim();
        if text.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("skipped")) {
            self.skips.insert(text.to_owned());
            return true;
        }
        match text {
            "successes:" => self.hiding = true,
            "failures:" => self.hiding = false,
            _ => {}
        }
        if let Some(result) = text.strip_prefix("test result: ") {
            self.hiding = false;
            let result = result.split_once(". ").map_or(result, |(_, counts)| counts);
            for count in result.split("; ") {
                let (number, what) = count.split_once(' ').unwrap_or_default();
                let number: u64 = number.parse().unwrap_or_default();
                match what {
                    "passed" => self.passed += number,
                    "failed" => self.failed += number,
                    "ignored" => self.ignored += number,
                    _ => {}
                }
            }
        }
        !self.hiding
    }

    /// The last line: machines read it too.
    fn closing(&self) -> String {
        let skipped = self.ignored + self.skips.len() as u64;
        format!("tests: {} passed, {} failed, {skipped} skipped", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn options_are_read_and_strangers_refused() {
        let options = parse(&args("--require -p jit-life --threads 3 -- some_test --ignored")).unwrap();
        assert_eq!(options.packages, ["jit-life"]);
        assert_eq!(options.threads, Some(3));
        assert_eq!(options.passed_on, ["some_test", "--ignored"]);
        assert!(options.require && !options.no_install);
        for bad in ["--reqire", "--threads", "--threads 0", "--threads x", "life"] {
            assert!(parse(&args(bad)).is_err(), "{bad}");
        }
    }

    const OUTPUT: &str = "\
running 3 tests
test a ... ok
test b ... FAILED
test c ... ok

successes:

---- a stdout ----
a lot of chatter
skipped: sshd: no such program

successes:
    a
    c

failures:

---- b stdout ----
it went wrong

failures:
    b

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

    #[test]
    fn a_passing_test_shows_only_why_it_skipped() {
        let mut tally = Tally::default();
        let seen: Vec<&str> = OUTPUT.lines().filter(|line| tally.line(line)).collect();
        assert!(!seen.contains(&"a lot of chatter"));
        assert!(seen.contains(&"skipped: sshd: no such program"));
        assert!(seen.contains(&"it went wrong"), "a failing test's output is never hidden");
        assert_eq!(tally.closing(), "tests: 2 passed, 1 failed, 2 skipped");
        let line = "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s";
        assert!(tally.line(line));
        assert_eq!(tally.closing(), "tests: 7 passed, 1 failed, 2 skipped");
    }
}
