//! Runs a child that uses credentials: its environment, its signals, word of the end ahead of time.
//!
//! The child stays in our process group, so that what is typed (Ctrl-C, Ctrl-\, Ctrl-Z, a changed window) reaches it from
//! the terminal itself. What is sent to us alone is handed on.

use std::ffi::OsString;
use std::process::ExitStatus;
use std::time::Duration;

use jit_types::Timestamp;
use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::exit::{Error, Exit};
use super::form::{self, Variable};
use super::renew::{self, Renew};
use super::{Ctx, text};
use crate::agent::held::Held;

/// How often the clock is looked at, which may be set meanwhile, or have slept.
const TICK: Duration = Duration::from_millis(500);
/// How many seconds before the end a word is said.
const WARN_AT: [u64; 2] = [300, 60];

/// Signals that are handed on, whoever sends them.
const HAND_ON: [(SignalKind, Signal); 4] = [
    (SignalKind::terminate(), Signal::TERM),
    (SignalKind::hangup(), Signal::HUP),
    (SignalKind::user_defined1(), Signal::USR1),
    (SignalKind::user_defined2(), Signal::USR2),
];
/// Signals that a terminal sends to the whole group: handed on only where we are not in its foreground.
const TYPED: [(SignalKind, Signal); 2] = [(SignalKind::interrupt(), Signal::INT), (SignalKind::quit(), Signal::QUIT)];

/// Signals on their way to the child. While this lives, none of them ends us, so that private files are removed.
pub(super) struct Signals(tokio::sync::mpsc::UnboundedReceiver<Signal>);

impl Signals {
    /// Takes them.
    ///
    /// # Errors
    /// When the system gives none.
    pub(super) fn take() -> Result<Self, Error> {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let all = HAND_ON.iter().map(|both| (both, false)).chain(TYPED.iter().map(|both| (both, true)));
        for ((kind, on), typed) in all {
            let mut stream = signal(*kind)?;
            let sender = sender.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    // The terminal has told the child already.
                    if !(typed && in_foreground()) && sender.send(*on).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self(receiver))
    }
}

/// Whether our group is the one that a terminal's keys reach.
fn in_foreground() -> bool {
    let group = rustix::process::getpgrp();
    let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|foreground| foreground == group)
}

/// What is run.
pub(super) struct Run<'a> {
    /// The program and its arguments; never a secret.
    pub(super) command: &'a [OsString],
    /// What it gets in its environment.
    pub(super) variables: Vec<Variable>,
    /// The credentials that it uses.
    pub(super) held: &'a [Held],
    /// What an extension brings while it runs.
    pub(super) renew: Renew<'a>,
}

/// Runs the child to its end, and gives the code to end with: its own, or 128 and the number of the signal.
///
/// # Errors
/// When the program can't be started.
pub(super) async fn run(ctx: &Ctx, mut run: Run<'_>, mut signals: Signals) -> Result<u8, Error> {
    let mut child = start(&run)?;
    let reported = report(ctx, run.held);
    tokio::pin!(reported);
    let mut is_reported = false;
    let mut tick = tokio::time::interval(TICK);
    let mut watch = Watch::new(run.held);
    let mut again = tokio::time::interval(renew::EVERY);
    loop {
        tokio::select! {
            ended = child.wait() => return Ok(code(ended?)),
            Some(signal) = signals.0.recv() => hand_on(&child, signal),
            () = &mut reported, if !is_reported => is_reported = true,
            _ = again.tick() => {
                if let Some(held) = run.renew.look().await {
                    watch.learn(&held);
                }
            }
            _ = tick.tick() => {
                if let Some(word) = watch.word(ctx.now()) {
                    ctx.out.warn(word);
                }
            }
        }
    }
}

fn start(run: &Run<'_>) -> Result<Child, Error> {
    let (program, args) = run.command.split_first().ok_or_else(|| {
        Error::usage("COMMAND", "no command is named").hint("write it after two dashes: jit exec … -- psql")
    })?;
    let mut command = Command::new(program);
    command.args(args);
    // What runs gets the credential, not the means to ask for more in its user's name.
    command.env_remove("JIT_TOKEN").env_remove("JIT_TOKEN_FILE");
    for name in form::postgres::UNSET {
        if run.held.iter().any(|held| matches!(held.form, jit_types::Form::Postgres(_))) {
            command.env_remove(name);
        }
    }
    for variable in &run.variables {
        command.env(variable.name, variable.value.expose_secret());
    }
    command.spawn().map_err(|error| {
        let shown = super::output::harmless(&program.to_string_lossy());
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such program",
            std::io::ErrorKind::PermissionDenied => "it may not be run",
            _ => "the system refuses",
        };
        Error::new(Exit::Failure, format!("`{shown}` can't be started: {why}"))
    })
}

fn hand_on(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // One that has just ended needs no signal.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// The code that shells give: the child's own, or 128 and the signal's number.
fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Tells the broker that the credentials are in use, once the child has been started with them. That it is not told
/// changes nothing for the child.
async fn report(ctx: &Ctx, held: &[Held]) {
    let Ok(client) = ctx.any_client().await else { return };
    for held in held {
        if let Err(error) = client.report(held.request, held.claim).await {
            tracing::debug!(%error, "the first use is not reported");
        }
    }
}

/// Watches the end come.
struct Watch {
    end: Option<Timestamp>,
    said: u64,
}

impl Watch {
    fn new(held: &[Held]) -> Self {
        Self { end: held.iter().map(Held::local_end).min(), said: u64::MAX }
    }

    /// Learns of another end: of a later one, a word is said anew.
    fn learn(&mut self, held: &[Held]) {
        let end = held.iter().map(Held::local_end).min();
        if end > self.end {
            self.said = u64::MAX;
        }
        self.end = end;
    }

    /// What is to be said now: once for each mark that was passed, and nothing of those before the command began.
    fn word(&mut self, now: Timestamp) -> Option<String> {
        let left = self.end?.since(now);
        let mark = if left.secs() == 0 { 0 } else { *WARN_AT.iter().rev().find(|at| left.secs() <= **at)? };
        if mark >= self.said {
            return None;
        }
        self.said = mark;
        Some(match mark {
            0 => "the grant has ended; what the command opened with it ends now".to_owned(),
            _ => format!("the grant ends in {}", text::about(left)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::held::tests::postgres;
    use std::os::unix::process::ExitStatusExt as _;

    #[test]
    fn the_end_is_told_once_at_each_mark() {
        let mut watch = Watch::new(&[postgres(0, 600_000)]);
        let mut said = Vec::new();
        for second in 0..=610 {
            said.extend(watch.word(Timestamp::from_millis(second * 1000)).map(|_| second));
        }
        assert_eq!(said, [300, 540, 600]);
        // Extended in time, the new end is told, and the old one is not.
        let mut watch = Watch::new(&[postgres(0, 600_000)]);
        let mut said = Vec::new();
        for second in 0..=1210 {
            if second == 400 {
                watch.learn(&[postgres(0, 1_200_000)]);
            }
            said.extend(watch.word(Timestamp::from_millis(second * 1000)).map(|_| second));
        }
        assert_eq!(said, [300, 900, 1140, 1200]);
        // A command that begins late hears of what is still ahead, at once.
        let mut late = Watch::new(&[postgres(0, 600_000)]);
        assert!(late.word(Timestamp::from_millis(580_000)).is_some());
        assert!(late.word(Timestamp::from_millis(581_000)).is_none());
    }

    #[test]
    fn the_code_is_the_childs_or_the_signals() {
        assert_eq!(code(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(code(ExitStatus::from_raw(0)), 0);
        assert_eq!(code(ExitStatus::from_raw(9)), 137);
        assert_eq!(code(ExitStatus::from_raw(15)), 143);
    }
}
