//! The agent at work: answers its private socket until there is nothing left to keep.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jit_engine::{Clock, SystemClock};
use jit_types::{GrantId, Timestamp};
use rustix::process::geteuid;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::host::Host;
use super::keep::{Keeper, Source};
use super::protocol::{Answer, Ask, BrokerAt, DONE, LONGEST_ASK, Reach, Status, VERSION, Verb, Word, head};
use super::source::{Broker, failure};
use super::users::Users;
use super::{harden, held};
use crate::api::{ErrorKind, Failure};
use crate::cli::form;
use crate::client::claims::ClaimKeys;
use crate::client::pins::{Look, Pins};
use crate::client::{self, Client};
use crate::config::{Env, PlaceError, Places, paths};

/// How often an agent with nothing to do looks whether that is still so, at most.
const LOOK: Duration = Duration::from_secs(5);
/// How long a connection may take to ask.
const ASKING: Duration = Duration::from_secs(10);

struct Agent {
    places: Places,
    keeper: Arc<Keeper>,
    users: Users,
    host: Host,
    since: Timestamp,
    connections: AtomicUsize,
    stop: Notify,
}

/// Runs the agent until it is told to stop, or has had nothing to do for `idle`. Calls `ready` once it answers. Says
/// `false` where another agent of this user runs already.
///
/// # Errors
/// When the private directory is not this user's alone, or the socket can't be made.
pub async fn run(places: Places, idle: Duration, ready: impl FnOnce()) -> Result<bool, PlaceError> {
    harden::against_dumps();
    let runtime = paths::private_directory(&places.runtime)?;
    paths::private_directory(&places.state)?;
    // Held for as long as this process lives.
    let Some(_only) = only_one(&runtime).await? else { return Ok(false) };
    let socket = places.agent_socket();
    let listener = bind(&socket)?;
    let clock = Arc::new(SystemClock);
    let agent = Arc::new(Agent {
        host: Host::new(places.clone()),
        places,
        keeper: Keeper::new(Arc::clone(&clock) as _),
        users: Users::default(),
        since: clock.now(),
        connections: AtomicUsize::new(0),
        stop: Notify::new(),
    });
    ready();
    tokio::select! {
        () = accept(&agent, &listener) => {}
        () = agent.idle(idle) => {}
        () = agent.stop.notified() => {}
        () = told() => {}
    }
    // Nobody may connect to one who goes: the next command starts another.
    drop(std::fs::remove_file(&socket));
    agent.keeper.clear();
    agent.host.close().await;
    Ok(true)
}

async fn told() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
}

/// Takes the lock that one agent holds, where nobody else has it: one that is just ending is waited for.
async fn only_one(runtime: &Path) -> Result<Option<std::fs::File>, PlaceError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = runtime.join("agent.lock");
    let opened = std::fs::File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = opened.map_err(|_| unusable(&path))?;
    for _ in 0..100 {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(std::fs::TryLockError::Error(_)) => return Err(unusable(&path)),
        }
    }
    Ok(None)
}

/// Binds beside the socket's place and moves it there with its mode set, over what a killed agent left.
fn bind(socket: &Path) -> Result<UnixListener, PlaceError> {
    let beside = socket.with_extension("new");
    drop(std::fs::remove_file(&beside));
    let bound = UnixListener::bind(&beside).and_then(|listener| {
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&beside, socket)?;
        Ok(listener)
    });
    bound.map_err(|_| unusable(socket))
}

fn unusable(path: &Path) -> PlaceError {
    let message = format!("{} can't be made", path.display());
    PlaceError {
        missing: false,
        message,
        hint: Some("look at its directory, and whether the path is too long".to_owned()),
    }
}

async fn accept(agent: &Arc<Agent>, listener: &UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let agent = Arc::clone(agent);
                tokio::spawn(async move { agent.answer(stream).await });
            }
            // Out of files, most likely: others close theirs meanwhile.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

impl Agent {
    /// Returns once there has been nothing to do for so long.
    async fn idle(&self, long: Duration) {
        let pause = LOOK.min(long / 4).max(Duration::from_millis(50));
        let mut since = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(pause).await;
            let busy = self.connections.load(Ordering::SeqCst) > 0
                || !self.keeper.is_empty()
                || !self.users.is_empty()
                || !self.host.is_idle().await;
            if busy {
                since = tokio::time::Instant::now();
            } else if since.elapsed() >= long {
                return;
            }
        }
    }

    /// Answers one connection.
    async fn answer(&self, stream: UnixStream) {
        // What can't be told is nobody of ours.
        if !stream.peer_cred().is_ok_and(|peer| peer.uid() == geteuid().as_raw()) {
            return;
        }
        self.connections.fetch_add(1, Ordering::SeqCst);
        let mut stream = BufReader::with_capacity(4096, stream);
        // Whoever goes away in the middle needs no answer.
        drop(self.talk(&mut stream).await);
        self.connections.fetch_sub(1, Ordering::SeqCst);
    }

    async fn talk(&self, stream: &mut BufReader<UnixStream>) -> std::io::Result<()> {
        let line = tokio::time::timeout(ASKING, read_line(stream)).await??;
        let ask: Ask = match serde_json::from_slice(&line) {
            Ok(ask) => ask,
            Err(_) => return say(stream, Answer::No(other_version())).await,
        };
        drop(line);
        if ask.v != VERSION {
            return say(stream, Answer::No(other_version())).await;
        }
        if let Verb::Use { grant, release } = ask.verb {
            return self.used(stream, grant, release).await;
        }
        let stops = matches!(ask.verb, Verb::Stop);
        let answer = self.carry_out(ask.verb).await.unwrap_or_else(Answer::No);
        say(stream, answer).await?;
        if stops {
            self.stop.notify_one();
        }
        Ok(())
    }

    async fn carry_out(&self, verb: Verb) -> Result<Answer, Failure> {
        match verb {
            Verb::Cached { of, format, context } => {
                let Some(all) = self.keeper.cached(context, &of) else { return Ok(Answer::Miss) };
                // What can't be written so is told by the ordinary way, with its reason.
                Ok(form::render(format, &all).map_or(Answer::Miss, Answer::Ok))
            }
            Verb::Held { of, context } => match self.keeper.cached(context, &of) {
                Some(all) => held::write(&all).map(Answer::Ok).map_err(|_| unwritten()),
                None => Ok(Answer::Miss),
            },
            Verb::Hold { of, reach } => {
                let context = reach.context();
                let all = match self.keeper.cached(context, &of) {
                    Some(all) => all,
                    None => self.keeper.hold(context, self.source(reach).await?, &of).await?,
                };
                held::write(&all).map(Answer::Ok).map_err(|_| unwritten())
            }
            Verb::Drop { grant } => {
                self.keeper.drop_grant(grant);
                Ok(Answer::Ok(Zeroizing::default()))
            }
            Verb::EnsureBroker { config } => json(&BrokerAt { socket: self.host.ensure(config.as_deref()).await? }),
            Verb::Status | Verb::Stop => {
                let broker = self.host.view().await;
                json(&Status {
                    version: crate::api::VERSION.to_owned(),
                    pid: std::process::id(),
                    since: self.since,
                    held: self.keeper.views(|grant| self.users.of(grant)),
                    due: broker.as_ref().and_then(|view| view.due),
                    config: broker.as_ref().map(|view| view.config.clone()),
                    broker: broker.map(|view| view.socket),
                })
            }
            // It keeps its connection, and was taken before.
            Verb::Use { .. } => Ok(Answer::Miss),
        }
    }

    /// Counts a user of a grant for as long as the connection lives. Whoever says that they are done hears whether to
    /// release it; whoever is killed hears nothing, and the wish stays for the last of the others.
    async fn used(&self, stream: &mut BufReader<UnixStream>, grant: GrantId, release: bool) -> std::io::Result<()> {
        self.users.begin(grant, release);
        let mut done = say(stream, Answer::Ok(Zeroizing::default())).await.map(|()| false);
        if done.is_ok() {
            done = read_line(stream).await.map(|line| line.as_slice() == DONE);
        }
        let last = self.users.end(grant);
        if done? { say(stream, json(&last).unwrap_or_else(Answer::No)).await } else { Ok(()) }
    }

    /// The broker that a command means, as that command's environment says it, not as ours does.
    async fn source(&self, reach: Reach) -> Result<Arc<dyn Source>, Failure> {
        let Reach { broker, config, token, token_file } = reach;
        let env = Env { broker, config, token, token_file, ..Env::read() };
        let found = client::find::find(&env, None, None).map_err(|error| failure(error.into()))?;
        let (socket, look): (PathBuf, Look) = match found {
            client::Broker::Socket(socket) => (socket, Look::Same),
            client::Broker::Embedded => (self.host.ensure(env.config.as_deref()).await?, Look::Any),
        };
        let places = self.places.clone();
        // A keyring may take its ten seconds.
        let token = tokio::task::spawn_blocking(move || client::token::find(env, &places)).await;
        let token = token.map_err(|_| unwritten())?.map_err(failure)?;
        let client = Client::new(&socket, token).map_err(failure)?;
        Pins::of(&self.places.state).agree(&client, SystemClock.now(), look).await.map_err(failure)?;
        let keys = ClaimKeys::open(&self.places.state).map_err(failure)?;
        Ok(Arc::new(Broker::new(Arc::new(client), keys)))
    }
}

fn other_version() -> Failure {
    Failure::new(ErrorKind::Invalid, "the agent is of another version of jit")
        .hint("`jit agent stop` ends it; it starts by itself")
}

fn unwritten() -> Failure {
    Failure::new(ErrorKind::Bug, "the agent's answer can't be written")
}

fn json(value: &impl serde::Serialize) -> Result<Answer, Failure> {
    serde_json::to_vec(value).map(|bytes| Answer::Ok(Zeroizing::new(bytes))).map_err(|_| unwritten())
}

async fn read_line(stream: &mut BufReader<UnixStream>) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    stream.take(LONGEST_ASK as u64).read_until(b'\n', &mut line).await?;
    Ok(line)
}

async fn say(stream: &mut BufReader<UnixStream>, answer: Answer) -> std::io::Result<()> {
    let (word, bytes) = match answer {
        Answer::Ok(bytes) => (Word::Ok, bytes),
        Answer::Miss => (Word::Miss, Zeroizing::default()),
        Answer::No(failure) => (Word::No, Zeroizing::new(serde_json::to_vec(&failure).unwrap_or_default())),
    };
    // In one piece, so that whoever waits is woken once.
    let head = head(word, bytes.len());
    let mut whole = Zeroizing::new(Vec::with_capacity(head.len() + bytes.len()));
    whole.extend_from_slice(head.as_bytes());
    whole.extend_from_slice(&bytes);
    let stream = stream.get_mut();
    stream.write_all(&whole).await?;
    stream.flush().await
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
