//! `cargo xtask …`: the habits of the project, so that nobody has to remember a command line.
//!
//! One file per habit; `sh.rs` has what they share. No habit needs anything installed beforehand but Rust.

mod bench;
mod fuzz;
mod r#gen;
mod lint;
mod peers;
mod sh;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
The habits of the project.

Usage: cargo xtask <COMMAND> [OPTIONS]

Commands:
  test   Installs the counterparts that tests run against, then runs every test
  lint   Formatting, clippy, the supply chain, and the rules of the house
  peers  Starts a throw-away PostgreSQL and sshd for hand work, until Ctrl-C
  gen    Writes completions, man pages and schemas from the built binary
  bench  Measures the release build
  fuzz   Throws hostile bytes at everything that reads what others wrote

`cargo xtask <COMMAND> --help` says more.
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let done = match command.as_str() {
        "test" => test::run(&rest),
        "lint" => lint::run(&rest),
        "peers" => peers::run(&rest),
        "gen" => r#gen::run(&rest),
        "bench" => bench::run(&rest),
        "fuzz" => fuzz::run(&rest),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            return if command.is_empty() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
        other => Err(sh::Failure::usage(format!("there is no command `{other}`; `cargo xtask --help` lists them"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nerror: {failure}");
            failure.code()
        }
    }
}
