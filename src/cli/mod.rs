//! The command line: one file per command, each with its `Args` and its `run`.
//!
//! ```text
//! main ─ hot path ─▶ parse ─▶ Ctx (where, how to speak, whom to ask) ─▶ command::run ─▶ Exit, or Error ─▶ exit code
//! ```
//!
//! Results go to stdout, everything else to stderr; a prompt is only where a person can see it.

mod ask;
pub mod card;
mod child;
mod complete;
pub mod ctx;
mod embedded;
pub mod ending;
pub mod exit;
pub mod file;
pub mod form;
pub mod hot;
mod nudge;
pub mod output;
mod progress;
mod renew;
mod take;
pub mod text;
pub mod which;
pub mod wish;

mod agent;
mod approve;
mod audit;
mod backend;
mod backup;
mod cancel;
mod check;
mod config;
mod creds;
mod decide;
mod demo;
mod deny;
mod doctor;
mod env;
mod exec;
mod extend;
mod generate;
mod init;
mod list;
mod lock;
mod release;
mod request;
mod restore;
mod revoke;
mod roles;
mod serve;
mod show;
mod slack;
mod ssh;
mod status;
mod token;
mod unlock;
mod whoami;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use ctx::{Ctx, Global};
pub use exit::{Error, Exit};

/// Temporary access to production: asked for, approved, ended by itself.
#[derive(Parser)]
#[command(name = "jit", version, propagate_version = true, after_long_help = AFTER)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "\
Environment:
  JIT_BROKER      the socket of the broker to talk to
  JIT_CONFIG      the config file
  JIT_TOKEN       the token to come with
  JIT_TOKEN_FILE  a private file with that token
  NO_COLOR        no colours

Exit codes:
  0 done   1 failure   2 usage   3 config   4 not authenticated   5 denied
  6 lapsed, expired or cancelled   7 broker or target unavailable   8 still pending   9 not held   70 a bug in jit";

/// The commands; one file each.
#[derive(Subcommand)]
enum Command {
    /// Asks for a role, and waits until somebody has decided
    Request(request::Args),
    /// Lists requests and grants: yours, or those that wait for you
    List(list::Args),
    /// Shows one request with all that is known of it
    Show(show::Args),
    /// Approves a request, whole or for less time
    Approve(approve::Args),
    /// Denies a request
    Deny(deny::Args),
    /// Takes your own request back
    Cancel(cancel::Args),
    /// Asks for more time for a grant of yours, before its end
    Extend(extend::Args),
    /// Gives your own grant back before its end
    Release(release::Args),
    /// Takes somebody's grant away
    Revoke(revoke::Args),
    /// Ends what a person or a role holds, and refuses what is new
    Lock(lock::Args),
    /// Lets a person or a role in again
    Unlock(unlock::Args),
    /// Says by its exit code whether you hold a role
    Check(check::Args),
    /// Runs a command with temporary credentials
    Exec(exec::Args),
    /// Logs in with a temporary SSH certificate
    Ssh(ssh::Args),
    /// Prints a grant's credentials for a program
    Creds(creds::Args),
    /// Prints statements for a shell that set a grant's variables
    Env(env::Args),
    /// Lists the roles that you may ask for
    Roles(roles::Args),
    /// Says who you are to the broker
    Whoami(whoami::Args),
    /// Shows the broker, and what of yours is not proven ended
    Status(status::Args),
    /// Makes, lists and ends bearer tokens
    Token(token::Args),
    /// Shows or ends your own agent, which keeps credentials
    Agent(agent::Args),
    /// Reads and verifies the record
    Audit(audit::Args),
    /// Checks a config file, and says which one is meant
    Config(config::Args),
    /// Lists targets, and sets one up
    Backend(backend::Args),
    /// Writes a first config, and says what each target needs
    Init(init::Args),
    /// Looks for what is wrong, and says how to mend it
    Doctor(doctor::Args),
    /// Runs the broker for the users of this machine
    Serve(serve::Args),
    /// Copies the broker's state while it runs
    Backup(backup::Args),
    /// Puts a copy of the broker's state back
    Restore(restore::Args),
    /// Prints what a Slack app is made from
    Slack(slack::Args),
    /// Shows the main job, for real, in under a minute
    Demo(demo::Args),
    /// Writes completions, manual pages and the config's schema
    #[command(hide = true)]
    Generate(generate::Args),
}

impl Command {
    async fn run(self, ctx: &Ctx) -> Result<Exit, Error> {
        match self {
            Self::Request(args) => request::run(ctx, args).await,
            Self::List(args) => list::run(ctx, args).await,
            Self::Show(args) => show::run(ctx, args).await,
            Self::Approve(args) => approve::run(ctx, args).await,
            Self::Deny(args) => deny::run(ctx, args).await,
            Self::Cancel(args) => cancel::run(ctx, args).await,
            Self::Extend(args) => extend::run(ctx, args).await,
            Self::Release(args) => release::run(ctx, args).await,
            Self::Revoke(args) => revoke::run(ctx, args).await,
            Self::Lock(args) => lock::run(ctx, args).await,
            Self::Unlock(args) => unlock::run(ctx, args).await,
            Self::Check(args) => check::run(ctx, args).await,
            Self::Token(args) => token::run(ctx, args).await,
            Self::Generate(args) => generate::run(ctx, args).await,
            Self::Exec(args) => exec::run(ctx, args).await,
            Self::Ssh(args) => ssh::run(ctx, args).await,
            Self::Creds(args) => creds::run(ctx, args).await,
            Self::Env(args) => env::run(ctx, args).await,
            Self::Agent(args) => agent::run(ctx, args).await,
            Self::Backend(args) => backend::run(ctx, args).await,
            Self::Init(args) => init::run(ctx, args).await,
            Self::Doctor(args) => doctor::run(ctx, args).await,
            Self::Backup(args) => backup::run(ctx, args).await,
            Self::Restore(args) => restore::run(ctx, args).await,
            Self::Config(args) => config::run(ctx, args).await,
            Self::Audit(args) => audit::run(ctx, args).await,
            Self::Slack(args) => slack::run(ctx, args).await,
            Self::Demo(args) => demo::run(ctx, args).await,
            Self::Serve(args) => serve::run(ctx, args).await,
            Self::Roles(args) => roles::run(ctx, args).await,
            Self::Whoami(args) => whoami::run(ctx, args).await,
            Self::Status(args) => status::run(ctx, args).await,
        }
    }

    /// Whether the command is one to say by the way that something waits for the caller.
    fn nudges(&self) -> bool {
        match self {
            Self::List(args) => !args.shows_waiting(),
            Self::Request(_) | Self::Extend(_) | Self::Show(_) | Self::Roles(_) | Self::Whoami(_) | Self::Status(_) => {
                true
            }
            _ => false,
        }
    }

    /// Whether the command is a broker, which works for many at once.
    fn serves(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Demo(_)) || matches!(self, Self::Agent(args) if args.serves())
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    complete::answer().unwrap_or_else(|| guarded(parse_and_run).into())
}

/// Runs what may panic. A panic unwinds to here, so that files are removed and what is open is closed on the way.
fn guarded(run: impl FnOnce() -> Exit) -> Exit {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        eprintln_bug();
        Exit::Bug
    })
}

fn eprintln_bug() {
    let error = Error::new(Exit::Bug, "this is a mistake in jit itself").hint("please report it, with the line above");
    output::Output::look(output::Mode::Human, true, true).error(&error);
}

fn parse_and_run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // `--help` and `--version` come here too, and are no errors.
            let usage = if exec::is_meant() { exec::usage() } else { Exit::Usage };
            let code = if error.use_stderr() { usage } else { Exit::Done };
            return if error.print().is_ok() { code } else { Exit::Failure };
        }
    };
    let ctx = Ctx::new(cli.global, crate::config::Env::read());
    let serves = cli.command.serves();
    let mut runtime = if serves {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let ended = match runtime.enable_all().build() {
        Ok(runtime) => {
            let nudges = cli.command.nudges();
            let ended = runtime.block_on(async {
                let ended = cli.command.run(&ctx).await;
                if nudges && ended.is_ok() {
                    nudge::nudge(&ctx).await;
                }
                ended
            });
            // A keyring or a resolver that does not answer must not hold the program's end.
            runtime.shutdown_background();
            ended
        }
        Err(_) => Err(Error::new(Exit::Failure, "the system gives no threads")),
    };
    ended.unwrap_or_else(|error| {
        ctx.out.error(&error);
        error.exit
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_tree_of_commands_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_mistake_of_ours_has_its_own_code() {
        assert_eq!(guarded(|| Exit::Denied), Exit::Denied);
        assert_eq!(guarded(|| panic!("a test of what a panic becomes")).code(), 70);
    }

    /// Help that lacks an example or its codes is no help; what is hidden is for no person.
    #[test]
    fn every_command_shows_examples_and_its_exit_codes() {
        fn look(command: &clap::Command, path: &str) {
            for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
                let path = format!("{path} {}", sub.get_name());
                if sub.has_subcommands() {
                    look(sub, &path);
                    continue;
                }
                let after = sub.get_after_long_help().map(ToString::to_string).unwrap_or_default();
                assert!(after.contains("Examples:"), "`{path}` shows no example");
                assert!(after.contains("Exit codes:"), "`{path}` names no exit codes");
                assert!(after.contains(&path), "`{path}` shows examples of something else");
            }
        }
        look(&Cli::command(), "jit");
    }
}
