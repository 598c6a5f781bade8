//! The medium: messages, connections, a key to sign with, and what is wrong with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jit_types::digest::Hasher;
use serde_json::json;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use super::{Shape, read};
use crate::testkit::harness::{Answer, Fault, Message, Wanted};
use crate::{Identity, Verdict};

/// The key that medium and adapter share.
const KEY: &str = "known to the medium and the broker";
/// What the medium's clock says, in seconds; it stands still.
pub(super) const NOW: i64 = 1_900_000_000;
/// How soon a listener must say that it got an event; later, the event is delivered again.
pub(super) const HEARD_WITHIN: Duration = Duration::from_secs(3);

/// A medium in memory; clones are the same one.
#[derive(Clone)]
pub struct FakeMedium {
    shape: Shape,
    state: Arc<Mutex<State>>,
    connected: Arc<Notify>,
}

#[derive(Default)]
struct State {
    posts: Vec<Post>,
    connections: Vec<mpsc::UnboundedSender<Envelope>>,
    away: bool,
    slow: bool,
    loses_answers: bool,
    turn: usize,
}

struct Post {
    key: String,
    to: Vec<String>,
    shown: Message,
}

/// An event on its way to a listener; dropping it unanswered lets the medium deliver it again.
pub(super) struct Envelope {
    pub body: String,
    pub heard: oneshot::Sender<()>,
    pub reply: oneshot::Sender<String>,
}

/// Why the medium did not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediumError {
    /// It can't be reached, or its answer was lost.
    Away,
    /// The text is longer than it takes, or is no message.
    NotTaken,
    /// There is no such message, or it can't be edited.
    NoSuch,
}

impl FakeMedium {
    /// A medium of this shape, empty.
    pub fn new(shape: Shape) -> Self {
        Self { shape, state: Arc::default(), connected: Arc::default() }
    }

    /// What it can do.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reach(&self) -> Result<(), MediumError> {
        let (away, slow) = {
            let state = self.state();
            (state.away, state.slow)
        };
        if slow {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if away { Err(MediumError::Away) } else { Ok(()) }
    }

    fn answered<T>(&self, answer: T) -> Result<T, MediumError> {
        if self.state().loses_answers { Err(MediumError::Away) } else { Ok(answer) }
    }

    /// Reads a message as all readers will; it is no longer than can be.
    fn taken(&self, to: &[String], body: &str) -> Result<Message, MediumError> {
        let read = read::message(0, to, body).filter(|message| message.text.chars().count() <= self.shape.longest);
        read.ok_or(MediumError::NotTaken)
    }

    /// Answers, if it can be reached.
    pub async fn ping(&self) -> Result<(), MediumError> {
        self.reach().await
    }

    /// Takes a message for these people, or for all where nobody is named, and returns its number.
    pub async fn post(&self, key: &str, to: &[String], body: &str) -> Result<u64, MediumError> {
        self.reach().await?;
        let mut shown = self.taken(to, body)?;
        let number = {
            let mut state = self.state();
            let known = state.posts.iter().find(|post| self.shape.deduplicates && post.key == key);
            if let Some(known) = known {
                known.shown.number
            } else {
                shown.number = state.posts.len() as u64;
                state.posts.push(Post { key: key.to_owned(), to: to.to_vec(), shown });
                state.posts.len() as u64 - 1
            }
        };
        self.answered(number)
    }

    /// Changes a message.
    pub async fn edit(&self, number: u64, body: &str) -> Result<(), MediumError> {
        self.reach().await?;
        {
            let mut state = self.state();
            let post = state.posts.iter_mut().find(|post| post.shown.number == number && self.shape.edits);
            let post = post.ok_or(MediumError::NoSuch)?;
            let notes = std::mem::take(&mut post.shown.notes);
            post.shown = Message { number, notes, ..self.taken(&post.to, body)? };
        }
        self.answered(())
    }

    /// Takes a line that stands beneath a message.
    pub async fn note(&self, number: u64, line: &str) -> Result<(), MediumError> {
        self.reach().await?;
        {
            let mut state = self.state();
            let post = state.posts.iter_mut().find(|post| post.shown.number == number).ok_or(MediumError::NoSuch)?;
            post.shown.notes.push(line.to_owned());
        }
        self.answered(())
    }

    /// Everything that is in it, as its readers see it.
    pub fn messages(&self) -> Vec<Message> {
        self.state().posts.iter().map(|post| post.shown.clone()).collect()
    }

    /// Makes a connection over which events come.
    pub(super) async fn connect(&self) -> Result<mpsc::UnboundedReceiver<Envelope>, MediumError> {
        self.reach().await?;
        let (to, from) = mpsc::unbounded_channel();
        self.state().connections.push(to);
        self.connected.notify_waiters();
        Ok(from)
    }

    /// Puts a fault in, or takes all away.
    pub fn fault(&self, fault: Fault) {
        let mut state = self.state();
        match fault {
            Fault::Lifted => (state.away, state.slow, state.loses_answers) = (false, false, false),
            Fault::Down => {
                state.away = true;
                state.connections.clear();
            }
            Fault::Slow => state.slow = true,
            Fault::LosesAnswers => state.loses_answers = true,
            Fault::Cut => state.connections.clear(),
        }
    }

    /// One of the open connections: each event goes to one of them.
    fn connection(&self) -> Option<mpsc::UnboundedSender<Envelope>> {
        let mut state = self.state();
        state.connections.retain(|connection| !connection.is_closed());
        state.turn = state.turn.wrapping_add(1);
        let turn = state.turn.checked_rem(state.connections.len())?;
        state.connections.get(turn).cloned()
    }

    /// Delivers an event over a connection, waits for one if there is none, and delivers again what was not answered or
    /// not heard of in time.
    pub(super) async fn deliver(&self, body: &str) -> Answer {
        let begun = Instant::now();
        loop {
            let next = self.connected.notified();
            let Some(connection) = self.connection() else {
                next.await;
                continue;
            };
            let ((heard, ear), (reply, answer)) = (oneshot::channel(), oneshot::channel());
            let _ = connection.send(Envelope { body: body.to_owned(), heard, reply });
            drop(connection);
            if let Ok(Ok(())) = tokio::time::timeout(HEARD_WITHIN, ear).await {
                let heard_after = begun.elapsed();
                if let Ok(words) = answer.await {
                    return Answer { words, heard_after };
                }
            }
            tokio::task::yield_now().await;
        }
    }

    /// Somebody presses a button of a message, over a connection; `None` where the message has no such button.
    pub async fn click(&self, message: u64, by: &Identity, verdict: Verdict) -> Option<Answer> {
        let messages = self.messages();
        let found = messages.iter().find(|m| m.number == message)?;
        let control = found.controls.iter().find(|control| control.verdict == verdict)?;
        Some(self.deliver(&event(&control.data, &by.name, None)).await)
    }

    /// What its clock says, in seconds.
    pub fn now(&self) -> i64 {
        NOW
    }

    /// Signs a body at a time, as the medium does.
    pub fn sign(&self, time: i64, body: &[u8]) -> String {
        signature(KEY, time, body)
    }

    /// Signs a body with a key that is not the medium's.
    pub(super) fn sign_wrongly(&self, time: i64, body: &[u8]) -> String {
        signature("known to nobody", time, body)
    }
}

fn signature(key: &str, time: i64, body: &[u8]) -> String {
    Hasher::new("signature").with("key", key).with("time", time.to_be_bytes()).with("body", body).finish().to_string()
}

/// What the medium sends when a button is pressed. `claimed` stands where a sender can write what they like.
pub(super) fn event(value: &str, user: &str, claimed: Option<&Identity>) -> String {
    let claimed = claimed.map(|identity| identity.name.as_str());
    json!({ "user": user, "value": value, "state": { "user": claimed } }).to_string()
}

/// What the medium sends when a command is given: a key of its own, and what was typed, field by field.
pub(super) fn command(what: &Wanted, user: &str, key: u64) -> String {
    let typed = match what {
        Wanted::Release(grant) => json!({ "release": grant }),
        Wanted::Cancel(request) => json!({ "cancel": request }),
        Wanted::Extend { grant, span, reason } => {
            json!({ "extend": { "grant": grant, "span": span, "reason": reason } })
        }
        Wanted::Lock { whom, reason, on } => json!({ "lock": { "whom": whom, "reason": reason, "on": on } }),
        Wanted::Request { role, params, span, reason } => {
            json!({ "request": { "role": role, "params": params, "span": span, "reason": reason } })
        }
    };
    json!({ "user": user, "key": format!("command {key}"), "command": typed }).to_string()
}
