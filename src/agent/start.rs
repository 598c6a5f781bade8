//! The commands' side: starts the agent where none runs, and asks it for what needs more than the cache.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::CONFIG;
use super::held::{self, Held};
use super::protocol::{self, Answer, BrokerAt, Reach, Status, TalkError, Verb};
use crate::api::{ErrorKind, Failure};
use crate::client;
use crate::config::{Env, PlaceError, Places, paths};

/// How long an agent may take to answer at all.
const READY: Duration = Duration::from_secs(10);
/// How long an agent may take to answer what it knows by itself.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long opening the broker may take: it brings a killed one's state in order first.
const OPENING: Duration = Duration::from_secs(60);
/// How long claiming may take: every entitlement at once, and each target has 30 seconds.
const CLAIMING: Duration = Duration::from_secs(120);
/// The longest log that is kept on.
const LONGEST_LOG: u64 = 1 << 20;

/// What a new agent says on its standard output, in one line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Greeting {
    /// It answers.
    Ready,
    /// It can't run.
    Failed(Failure),
}

/// Makes sure that an agent runs, and says where it listens. One of another version is replaced when nobody uses it.
///
/// # Errors
/// When it can't be started, or its socket is somebody else's.
pub fn ensure(places: &Places) -> Result<PathBuf, client::Error> {
    let socket = places.agent_socket();
    if answers(&socket)? {
        return Ok(socket);
    }
    let runtime = paths::private_directory(&places.runtime)?;
    let _turn = turn(&runtime)?;
    // Somebody else may have started it while we waited for our turn.
    if !answers(&socket)? {
        start(&runtime)?;
    }
    Ok(socket)
}

/// Whether an agent answers that can be gone on with.
fn answers(socket: &Path) -> Result<bool, Failure> {
    let status = match protocol::ask(socket, Verb::Status, AT_ONCE) {
        Ok(Answer::Ok(bytes)) => serde_json::from_slice::<Status>(&bytes).ok(),
        Err(TalkError::NoAgent) => return Ok(false),
        Err(error @ TalkError::NotOurs) => return Err(talk(error)),
        // One that speaks otherwise, or hangs, is of another version.
        Ok(_) | Err(TalkError::Broken) => None,
    };
    let fits = |status: &Status| status.version == crate::api::VERSION || status.held.iter().any(|held| held.users > 0);
    if status.as_ref().is_some_and(fits) {
        return Ok(true);
    }
    drop(protocol::ask(socket, Verb::Stop, AT_ONCE));
    gone(socket, AT_ONCE);
    Ok(false)
}

/// Waits until nobody listens any more, or for so long.
pub fn gone(socket: &Path, patience: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if protocol::connect(socket).is_err() {
            return true;
        }
        pause();
    }
    false
}

#[allow(clippy::disallowed_methods, reason = "a command that waits for another process has no runtime to sleep in")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

/// Waits for our turn to start it: of a hundred commands that find no agent, one starts it.
fn turn(runtime: &Path) -> Result<File, Failure> {
    let path = runtime.join("start.lock");
    let opened = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = opened.map_err(|_| cannot("its lock can't be made"))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) if begun.elapsed() < READY * 2 => pause(),
            Err(_) => return Err(cannot("another command is starting it, and does not come to an end")),
        }
    }
}

/// Starts it and waits until it answers. It leaves our session by itself, so that it outlives the terminal.
fn start(runtime: &Path) -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(|_| cannot("this program can't find itself"))?;
    let path = runtime.join("agent.log");
    let long = path.metadata().is_ok_and(|meta| meta.len() > LONGEST_LOG);
    let mut options = File::options();
    let options = if long { options.write(true).truncate(true) } else { options.append(true) };
    let log = options.create(true).mode(0o600).open(&path).map_err(|_| cannot("its log can't be written"))?;
    let mut child = Command::new(program)
        .args(["agent", "run"])
        // Each command brings its own; one that stays would be a secret kept for nothing.
        .env_remove("JIT_TOKEN")
        .env_remove("JIT_TOKEN_FILE")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(|_| cannot("the system starts no process"))?;
    let out = child.stdout.take().ok_or_else(|| cannot("it has no output"))?;
    let (sender, receiver) = mpsc::channel();
    // A pipe can't be read with a time-out; the thread ends with the agent's output at the latest.
    std::thread::spawn(move || {
        let mut line = String::new();
        drop(BufReader::new(out).read_line(&mut line));
        drop(sender.send(line));
    });
    let line = receiver.recv_timeout(READY).map_err(|_| cannot("it does not answer in time"))?;
    match serde_json::from_str(&line) {
        Ok(Greeting::Ready) => Ok(()),
        Ok(Greeting::Failed(failure)) => Err(failure),
        Err(_) => Err(cannot("it ended at once").hint(format!("{} may say why", path.display()))),
    }
}

/// The socket of the broker in the embedded shape; agent and broker are started where they don't run.
///
/// # Errors
/// When there is no config for it, or it can't be opened.
pub fn broker_socket(places: &Places, config: Option<&Path>) -> Result<PathBuf, client::Error> {
    let socket = ensure(places)?;
    // Which config is meant is this command's environment to say, not the agent's.
    let config = paths::find(&Env::read(), config)?;
    let bytes = expect(protocol::ask(&socket, Verb::EnsureBroker { config }, OPENING)).map_err(told)?;
    let at: BrokerAt = serde_json::from_slice(&bytes).map_err(|_| talk(TalkError::Broken))?;
    Ok(at.socket)
}

/// The credentials of a grant, from the agent, which claims them where it does not hold them.
///
/// # Errors
/// What the broker says; that the agent can't be started.
pub fn hold(places: &Places, of: &str, reach: Reach) -> Result<Vec<Held>, client::Error> {
    let socket = ensure(places)?;
    let bytes = expect(protocol::ask(&socket, Verb::Hold { of: of.to_owned(), reach }, CLAIMING)).map_err(told)?;
    held::read(&bytes).map_err(|_| talk(TalkError::Broken).into())
}

/// The bytes of an answer that must be one.
pub fn expect(answer: Result<Answer, TalkError>) -> Result<zeroize::Zeroizing<Vec<u8>>, Failure> {
    match answer.map_err(talk)? {
        Answer::Ok(bytes) => Ok(bytes),
        Answer::No(failure) => Err(failure),
        Answer::Miss => Err(talk(TalkError::Broken)),
    }
}

fn talk(error: TalkError) -> Failure {
    let failure = Failure::new(ErrorKind::Unavailable, error.to_string());
    match error {
        TalkError::NotOurs => failure.hint("name a private directory of your own in XDG_RUNTIME_DIR"),
        TalkError::NoAgent | TalkError::Broken => failure.hint("try again; the next command starts it anew"),
    }
}

fn cannot(why: &str) -> Failure {
    Failure::new(ErrorKind::Unavailable, format!("the agent can't be started: {why}")).hint("`jit doctor` looks at it")
}

/// What the agent says of this machine's own settings stays of that kind, so that it ends with the code for it.
fn told(failure: Failure) -> client::Error {
    if failure.about != CONFIG {
        return failure.into();
    }
    client::Error::Place(PlaceError { missing: false, message: failure.message, hint: failure.hint })
}
