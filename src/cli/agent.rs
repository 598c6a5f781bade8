//! `jit agent`: what the user's agent holds, and its end.

use std::io::Write as _;
use std::time::Duration;

use jit_types::Span;

use super::output::Tone;
use super::{Ctx, Error, Exit, text};
use crate::agent::protocol::{self, Answer, Status, TalkError, Verb};
use crate::agent::{self, Greeting};
use crate::api::{ErrorKind, Failure};
use crate::config::Places;

/// How long an agent may take to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Options of `jit agent`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Shows what your agent holds, without any secret
    #[command(after_long_help = STATUS)]
    Status,
    /// Ends your agent: what it holds is wiped, and claimed anew when it is needed
    #[command(after_long_help = STOP)]
    Stop,
    /// Runs the agent; every command that needs it starts it by itself
    #[command(hide = true)]
    Run {
        /// Ends when it has had nothing to do for so long
        #[arg(long, value_name = "TIME", default_value = "60s")]
        idle: Span,
    },
}

const STATUS: &str = "\
Examples:
  jit agent status
  jit agent status --output json

Exit codes:
  0 done   7 no agent runs";

const STOP: &str = "\
Where the agent is also the broker, what becomes due is only ended once a command has started it again.

Examples:
  jit agent stop

Exit codes:
  0 it does not run   1 it does not end";

impl Args {
    /// Whether this is the agent itself, which works for many at once.
    pub(super) fn serves(&self) -> bool {
        matches!(self.command, Command::Run { .. })
    }
}

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    let places = ctx.places()?;
    match args.command {
        Command::Status => status(ctx, &places),
        Command::Stop => stop(ctx, &places),
        Command::Run { idle } => serve(ctx, places, idle).await,
    }
}

fn status(ctx: &Ctx, places: &Places) -> Result<Exit, Error> {
    let status = match protocol::ask(&places.agent_socket(), Verb::Status, PATIENCE) {
        Err(TalkError::NoAgent) => {
            return Err(Error::new(Exit::Unavailable, "no agent runs")
                .hint("nothing is wrong: the first command that needs it starts it"));
        }
        answer => read(&agent::expect(answer)?)?,
    };
    if ctx.out.json() {
        ctx.out.object(&status)?;
        return Ok(Exit::Done);
    }
    let now = ctx.now();
    let (pid, since) = (status.pid, text::about(now.since(status.since)));
    ctx.out.line(format!("jit {} runs as process {pid} since {since}", status.version))?;
    if let (Some(socket), Some(config)) = (&status.broker, &status.config) {
        ctx.out.line(format!("is the broker on {}, for {}", socket.display(), config.display()))?;
    }
    for held in &status.held {
        let left = ctx.out.paint(Tone::Faint, format!("ends in {}", text::about(held.end.since(now))));
        let users = if held.users == 0 { String::new() } else { format!(", in use by {}", held.users) };
        ctx.out.line(format!("{}  {}  {}  {left}{users}", held.grant, held.role, held.backend))?;
    }
    if status.held.is_empty() {
        ctx.out.line("holds no credential")?;
    }
    Ok(Exit::Done)
}

fn read(bytes: &[u8]) -> Result<Status, Error> {
    serde_json::from_slice(bytes).map_err(|_| {
        Error::new(Exit::Failure, "the agent is of another version of jit").hint("`jit agent stop` ends it")
    })
}

fn stop(ctx: &Ctx, places: &Places) -> Result<Exit, Error> {
    let socket = places.agent_socket();
    let due = match protocol::ask(&socket, Verb::Stop, PATIENCE) {
        Err(TalkError::NoAgent) => return Ok(Exit::Done),
        Ok(Answer::Ok(bytes)) => read(&bytes).ok().and_then(|status| status.due),
        other => {
            agent::expect(other)?;
            None
        }
    };
    if !agent::gone(&socket, PATIENCE) {
        return Err(Error::new(Exit::Failure, "the agent does not end").hint("look at its process, and end it by hand"));
    }
    if let Some(due) = due {
        let when = text::about(due.since(ctx.now()));
        ctx.out.warn(format!("it was the broker too, with something due in {when}: any jit command starts it again"));
    }
    Ok(Exit::Done)
}

async fn serve(ctx: &Ctx, places: Places, idle: Span) -> Result<Exit, Error> {
    super::serve::log(ctx.global.verbose);
    // Whoever started us ends, and its terminal with it. Who leads a group already was started by hand, and stays.
    let _ = rustix::process::setsid();
    let ready = || say(&Greeting::Ready);
    match agent::run(places, idle.std(), ready).await {
        Ok(true) => {}
        // Another one answers: that is as good.
        Ok(false) => say(&Greeting::Ready),
        Err(error) => {
            let failure = Failure::new(ErrorKind::Invalid, error.message.clone());
            say(&Greeting::Failed(match &error.hint {
                Some(hint) => failure.hint(hint.clone()),
                None => failure,
            }));
            return Err(error.into());
        }
    }
    Ok(Exit::Done)
}

/// Tells whoever started us; one who has gone needs no word.
fn say(greeting: &Greeting) {
    let line = serde_json::to_string(greeting).unwrap_or_default();
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
