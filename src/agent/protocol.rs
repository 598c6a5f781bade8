//! The agent's small local protocol, and the client's side of it without an async runtime.
//!
//! One connection, one question, one answer, over a private Unix socket whose peer must be the same user on both sides.
//! The question is one line of JSON. The answer is one line, then as many bytes as it says, which are copied as they are:
//!
//! ```text
//! ▶ {"v":2,"context":"9f86…","verb":"creds","of":"db-read","format":"json","cached":true}
//! ◀ ok 212            what was asked for follows
//! ◀ miss 0            not in the cache; ask the ordinary way
//! ◀ no 87             an `api::Failure` as JSON follows
//! ```
//!
//! Only [`Verb::Use`] keeps its connection: the agent counts those who use a grant by it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jit_types::digest::Hasher;
use jit_types::{Digest, GrantId, Secret, Timestamp};
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::api::Failure;
use crate::config::Env;

/// The protocol's version; an agent of another one is replaced.
pub const VERSION: u32 = 2;
/// The line that ends a [`Verb::Use`].
pub const DONE: &[u8] = b"done\n";
/// The longest question, in bytes.
pub const LONGEST_ASK: usize = 64 * 1024;
/// The longest answer, in bytes.
pub const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// In which format credentials are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON, an object for each entitlement.
    Json,
    /// Assignments for a POSIX shell.
    Env,
    /// Lines of a PostgreSQL password file.
    Pgpass,
    /// The certificate and the private key, as OpenSSH writes them.
    Ssh,
}

impl Format {
    /// Reads the word that stands on the command line.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "json" => Some(Self::Json),
            "env" => Some(Self::Env),
            "pgpass" => Some(Self::Pgpass),
            "ssh" => Some(Self::Ssh),
            _ => None,
        }
    }
}

/// How the broker is reached: where it is, and with which token. What is cached answers only for a way by which a broker has
/// said that the grant is the caller's.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reach {
    /// What `--broker` or `JIT_BROKER` says.
    pub broker: Option<String>,
    /// What `--config` or `JIT_CONFIG` says.
    pub config: Option<PathBuf>,
    /// What `JIT_TOKEN` says.
    #[serde(serialize_with = "exposed")]
    pub token: Option<Secret>,
    /// What `JIT_TOKEN_FILE` says.
    pub token_file: Option<PathBuf>,
}

impl Reach {
    /// Takes what the environment says.
    pub fn of(env: &Env) -> Self {
        Self {
            broker: env.broker.clone(),
            config: env.config.clone(),
            token: env.token.as_ref().map(|t| Secret::new(t.expose_secret().to_owned())),
            token_file: env.token_file.clone(),
        }
    }

    /// Stands for it where the token itself must not be kept.
    pub fn context(&self) -> Digest {
        let text = |path: &Option<PathBuf>| path.as_deref().map(|p| p.as_os_str().as_encoded_bytes().to_vec());
        let mut hasher = Hasher::new("jit agent context v1");
        let broker = self.broker.as_ref().map(|b| b.as_bytes().to_vec());
        let token = self.token.as_ref().map(|t| t.expose_secret().as_bytes().to_vec());
        for (label, value) in
            [("broker", broker), ("config", text(&self.config)), ("token", token), ("file", text(&self.token_file))]
        {
            if let Some(value) = value {
                hasher = hasher.with(label, Zeroizing::new(value).as_slice());
            }
        }
        hasher.finish()
    }
}

/// A question.
#[derive(Serialize, Deserialize)]
pub struct Ask {
    /// The protocol's version.
    pub v: u32,
    /// What is asked.
    #[serde(flatten)]
    pub verb: Verb,
}

/// What is asked.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verb")]
pub enum Verb {
    /// Credentials that are cached, in a format; a miss where they are not.
    Cached {
        /// The grant, the request or the role.
        of: String,
        /// In which format.
        format: Format,
        /// Of which [`Reach`].
        context: Digest,
    },
    /// Credentials whole, claimed where they are not cached.
    Hold {
        /// The grant, the request or the role.
        of: String,
        /// Through which broker.
        reach: Reach,
    },
    /// Credentials whole, as they are held now; a miss where they are not. Nothing is claimed for it.
    Held {
        /// The grant.
        of: String,
        /// Of which [`Reach`].
        context: Digest,
    },
    /// Says that a command uses a grant, for as long as the connection lives.
    Use {
        /// The grant.
        grant: GrantId,
        /// Whether it is to be released after the last one who uses it.
        release: bool,
    },
    /// Forgets what is held of a grant: it was released.
    Drop {
        /// The grant.
        grant: GrantId,
    },
    /// What the agent does.
    Status,
    /// Wipes everything and ends.
    Stop,
    /// Makes sure of the broker in the embedded shape, and says where it listens.
    EnsureBroker {
        /// The config file, where one was named.
        config: Option<PathBuf>,
    },
}

/// What the agent does, without any secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Since when it runs.
    pub since: Timestamp,
    /// What it holds.
    pub held: Vec<HeldView>,
    /// Where the broker that it hosts listens.
    pub broker: Option<PathBuf>,
    /// Which config the broker was opened with.
    pub config: Option<PathBuf>,
    /// When the broker will next have something to do.
    pub due: Option<Timestamp>,
}

/// One held credential, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeldView {
    /// The grant.
    pub grant: GrantId,
    /// The role.
    pub role: String,
    /// The backend.
    pub backend: String,
    /// Which form it has.
    pub form: jit_types::FormKind,
    /// When it ends, by the broker's clock.
    pub end: Timestamp,
    /// How many commands use the grant now.
    pub users: usize,
}

/// The answer to [`Verb::EnsureBroker`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BrokerAt {
    /// Its socket.
    pub socket: PathBuf,
}

/// An answer.
pub enum Answer {
    /// What was asked for.
    Ok(Zeroizing<Vec<u8>>),
    /// It is not cached.
    Miss,
    /// It can't be had.
    No(Failure),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TalkError {
    /// Nobody listens.
    #[error("no agent is running")]
    NoAgent,
    /// What listens is another user's.
    #[error("the agent's socket belongs to another user")]
    NotOurs,
    /// It went away, or said something that is no answer.
    #[error("the agent went away before it answered")]
    Broken,
}

/// Connects to the agent, and makes sure that it is this user's.
///
/// # Errors
/// [`TalkError`] says which.
pub fn connect(socket: &Path) -> Result<UnixStream, TalkError> {
    let me = geteuid().as_raw();
    let owner = socket.symlink_metadata().map_err(|_| TalkError::NoAgent)?.uid();
    if owner != me {
        return Err(TalkError::NotOurs);
    }
    let stream = UnixStream::connect(socket).map_err(|_| TalkError::NoAgent)?;
    if peer(&stream).is_some_and(|peer| peer != me) { Err(TalkError::NotOurs) } else { Ok(stream) }
}

/// Who is at the other end, where the system says it; elsewhere the socket's owner and its directory must do.
#[cfg(target_os = "linux")]
fn peer(stream: &UnixStream) -> Option<u32> {
    // What can't be told is nobody of ours.
    Some(rustix::net::sockopt::socket_peercred(stream).map_or(u32::MAX, |peer| peer.uid.as_raw()))
}

#[cfg(not(target_os = "linux"))]
fn peer(_: &UnixStream) -> Option<u32> {
    None
}

/// Asks over a connection of its own, and waits for the answer for at most `patience`.
///
/// # Errors
/// [`TalkError`] says which.
pub fn ask(socket: &Path, verb: Verb, patience: Duration) -> Result<Answer, TalkError> {
    let stream = connect(socket)?;
    stream.set_read_timeout(Some(patience)).map_err(|_| TalkError::Broken)?;
    ask_over(&stream, verb)
}

/// Asks over a connection that stays open.
///
/// # Errors
/// [`TalkError`] says which.
pub fn ask_over(stream: &UnixStream, verb: Verb) -> Result<Answer, TalkError> {
    answer_to(stream, &line(verb).ok_or(TalkError::Broken)?)
}

/// Ends a [`Verb::Use`], and hears whether to release the grant.
///
/// # Errors
/// [`TalkError`] says which.
pub fn done_over(stream: &UnixStream) -> Result<Answer, TalkError> {
    answer_to(stream, DONE)
}

fn answer_to(mut stream: &UnixStream, line: &[u8]) -> Result<Answer, TalkError> {
    stream.write_all(line).map_err(|_| TalkError::Broken)?;
    let mut reader = BufReader::with_capacity(8192, stream);
    let mut head = Vec::with_capacity(64);
    reader.by_ref().take(64).read_until(b'\n', &mut head).map_err(|_| TalkError::Broken)?;
    let (word, length) = read_head(&head).ok_or(TalkError::Broken)?;
    let mut body = Zeroizing::new(vec![0; length]);
    reader.read_exact(&mut body).map_err(|_| TalkError::Broken)?;
    match word {
        Word::Ok => Ok(Answer::Ok(body)),
        Word::Miss => Ok(Answer::Miss),
        Word::No => serde_json::from_slice(&body).map(Answer::No).map_err(|_| TalkError::Broken),
    }
}

/// The line that asks; wiped after use, because it may hold a token.
pub fn line(verb: Verb) -> Option<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    serde_json::to_writer(&mut *line, &Ask { v: VERSION, verb }).ok()?;
    line.push(b'\n');
    Some(line)
}

/// The first word of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// What was asked for follows.
    Ok,
    /// It is not cached.
    Miss,
    /// An error follows.
    No,
}

/// Writes an answer's first line.
pub fn head(word: Word, length: usize) -> String {
    let word = match word {
        Word::Ok => "ok",
        Word::Miss => "miss",
        Word::No => "no",
    };
    format!("{word} {length}\n")
}

fn read_head(line: &[u8]) -> Option<(Word, usize)> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (word, length) = line.split_once(' ')?;
    let word = match word {
        "ok" => Word::Ok,
        "miss" => Word::Miss,
        "no" => Word::No,
        _ => return None,
    };
    let length = length.parse().ok().filter(|length| *length <= LONGEST_ANSWER)?;
    Some((word, length))
}

/// The token crosses this one socket, to the agent that will use it.
fn exposed<S: serde::Serializer>(secret: &Option<Secret>, s: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => s.serialize_some(secret.expose_secret()),
        None => s.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn heads_read_back_and_nothing_else_does() {
        for (word, length) in [(Word::Ok, 0), (Word::Miss, 0), (Word::No, 4096)] {
            assert_eq!(read_head(head(word, length).as_bytes()), Some((word, length)));
        }
        for bad in ["", "ok\n", "ok 1", "yes 1\n", "ok -1\n", "ok 99999999999\n", "HTTP/1.1 400 Bad\n"] {
            assert_eq!(read_head(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn a_question_reads_back() {
        let reach = Reach { broker: Some("/run/jit/jit.sock".to_owned()), ..Reach::default() };
        let context = reach.context();
        let line = line(Verb::Hold { of: "db-read".to_owned(), reach }).expect("a line");
        assert_eq!(line.iter().filter(|b| **b == b'\n').count(), 1);
        let back: Ask = serde_json::from_slice(&line).expect("a question");
        assert!(matches!(back.verb, Verb::Hold { of, reach } if of == "db-read" && reach.context() == context));
    }

    #[test]
    fn another_token_or_broker_is_another_context() {
        let with = |token: Option<&str>, broker: Option<&str>| {
            let token = token.map(|t| Secret::new(t.to_owned()));
            Reach { token, broker: broker.map(str::to_owned), ..Reach::default() }.context()
        };
        let all = [with(None, None), with(Some("a"), None), with(Some("b"), None), with(None, Some("a"))];
        for (i, a) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|b| a != b));
        }
    }

    #[test]
    fn an_answer_that_is_cut_is_no_answer() {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = dir.path().join("s");
        assert_eq!(connect(&socket).err(), Some(TalkError::NoAgent));
        let listener = UnixListener::bind(&socket).expect("a socket");
        for (sent, whole) in [(&b"ok 5\nab"[..], false), (b"ok 2\nab", true), (b"miss 0\n", true), (b"", false)] {
            let serve = std::thread::spawn({
                let listener = listener.try_clone().expect("a listener");
                move || {
                    let (mut stream, _) = listener.accept().expect("a connection");
                    let mut line = String::new();
                    BufReader::new(stream.try_clone().expect("a stream")).read_line(&mut line).expect("a line");
                    stream.write_all(sent).expect("sent");
                }
            });
            let answer = ask(&socket, Verb::Status, Duration::from_secs(5));
            assert_eq!(answer.is_ok(), whole, "{sent:?}");
            serve.join().expect("served");
        }
    }
}
