//! The good adapter of the medium.

use std::sync::Arc;
use std::time::Duration;

use jit_types::{AskId, Digest, Words};
use serde_json::Value;
use tokio::task::JoinSet;

use super::medium::{Envelope, FakeMedium, MediumError, NOW};
use super::render::{self, Escape};
use super::{Way, command, read};
use crate::text::line;
use crate::{
    Adapter, Addressee, BoxFuture, Capability, Check, Decision, Desk, Error, ErrorKind, Identity, Link, Listeners,
    MessageRef, Note, Notice, Raw, Reply, Standing, Verdict,
};

/// How old, or how far ahead, a signature may be.
const LEEWAY: i64 = 300;
/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_millis(100);

/// Changes a message before it is sent: for adapters that are wrong on purpose.
pub type Touch = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// The adapter; clones speak for the same medium.
#[derive(Clone)]
pub struct Fake {
    medium: FakeMedium,
    escape: Escape,
    touch: Option<Touch>,
    hears_late: bool,
}

impl Fake {
    /// An adapter for a medium.
    pub fn new(medium: FakeMedium) -> Self {
        Self { medium, escape: render::escape, touch: None, hears_late: false }
    }

    /// With another escape.
    #[must_use]
    pub fn with_escape(mut self, escape: Escape) -> Self {
        self.escape = escape;
        self
    }

    /// With a change to every message.
    #[must_use]
    pub fn with_touch(mut self, touch: Touch) -> Self {
        self.touch = Some(touch);
        self
    }

    /// That says that it got an event only once it has dealt with it: for adapters that are wrong on purpose.
    #[must_use]
    pub fn hearing_late(mut self) -> Self {
        self.hears_late = true;
        self
    }

    /// The medium.
    pub fn medium(&self) -> &FakeMedium {
        &self.medium
    }

    fn body(&self, notice: &Notice, to: Option<&Addressee>) -> String {
        let mut body = render::message(notice, to, self.medium.shape(), self.escape);
        if let Some(touch) = &self.touch {
            touch(&mut body);
        }
        body.to_string()
    }

    async fn post(&self, notice: &Notice) -> Result<MessageRef, MediumError> {
        let key = &notice.key().0;
        let to: Vec<&Addressee> = match notice {
            Notice::Ask(ask) => ask.to.iter().collect(),
            Notice::News(news) => vec![&news.to],
            Notice::Alert(_) | Notice::Note(_) => Vec::new(),
        };
        if let Notice::Note(note) = notice {
            return self.beneath(note).await;
        }
        if to.is_empty() && matches!(notice, Notice::Ask(_)) {
            // Nobody can decide it here: nobody is told.
            return Ok(MessageRef(String::new()));
        }
        if to.is_empty() || !self.medium.shape().direct {
            let number = self.medium.post(key, &[], &self.body(notice, None)).await?;
            return Ok(MessageRef(number.to_string()));
        }
        let mut numbers = Vec::new();
        for addressee in to {
            let Some(name) = addressee.names.first() else { continue };
            let body = self.body(notice, Some(addressee));
            let number = self.medium.post(&format!("{key}/{name}"), std::slice::from_ref(name), &body).await?;
            numbers.push(format!("{number}={name}"));
        }
        Ok(MessageRef(numbers.join(",")))
    }

    async fn beneath(&self, note: &Note) -> Result<MessageRef, MediumError> {
        let message = note.under.0.split(['=', ',', ' ']).next().and_then(|number| number.parse().ok());
        if let Some(number) = message.filter(|_| self.threads()) {
            match self.medium.note(number, line(note.words.as_str(), 300).text.as_str()).await {
                // What it would stand beneath is gone: it is dropped, or it would be tried for ever.
                Ok(()) | Err(MediumError::NoSuch) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(MessageRef(String::new()))
    }

    /// A chat has threads.
    fn threads(&self) -> bool {
        self.medium.shape().way == Way::Socket
    }

    async fn edit(&self, message: &MessageRef, notice: &Notice) -> Result<(), MediumError> {
        for part in message.0.split(',').filter(|part| !part.is_empty()) {
            let (number, name) = part.split_once('=').map_or((part, None), |(number, name)| (number, Some(name)));
            let number = number.parse().map_err(|_| MediumError::NoSuch)?;
            let to = match notice {
                Notice::Ask(ask) => ask.to.iter().find(|to| to.names.iter().any(|n| Some(n.as_str()) == name)),
                Notice::News(news) => name.map(|_| &news.to),
                Notice::Alert(_) | Notice::Note(_) => None,
            };
            self.medium.edit(number, &self.body(notice, to)).await?;
        }
        Ok(())
    }

    /// Hands in what a button's or a command's event says.
    async fn pressed(&self, body: &str, desk: &dyn Desk) -> String {
        if let Some(decision) = decision(body) {
            return desk.decide(&decision).await.words.to_string();
        }
        match command::read(body) {
            Some(command::Read::Act(action)) => desk.act(&action).await.words.to_string(),
            // Whoever is shown the plan here says yes to it.
            Some(command::Read::Wish(wish)) => match desk.plan(&wish).await {
                Ok(_) => desk.file(&wish).await.words.to_string(),
                Err(refused) => refused.words.to_string(),
            },
            None => "this can't be understood".to_owned(),
        }
    }

    /// Serves one connection until it is cut, each event in a task of its own, so that a slow desk keeps nobody waiting.
    pub async fn listen_once(&self, desk: &Arc<dyn Desk>) -> Result<(), MediumError> {
        let mut events = self.medium.connect().await?;
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => {
                        let (this, desk) = (self.clone(), desk.clone());
                        tasks.spawn(async move {
                            let Envelope { body, heard, reply } = event;
                            let mut heard = Some(heard);
                            if !this.hears_late {
                                let _ = heard.take().map(|heard| heard.send(()));
                            }
                            let words = this.pressed(&body, desk.as_ref()).await;
                            let _ = heard.take().map(|heard| heard.send(()));
                            let _ = reply.send(words);
                        });
                    }
                    None => break,
                },
                Some(_) = tasks.join_next() => {}
            }
        }
        while tasks.join_next().await.is_some() {}
        Ok(())
    }

    async fn followed(&self, raw: Raw<'_>, desk: &dyn Desk) -> Reply {
        let part = |name: &str| {
            let mut parts = raw.query.split('&').filter_map(|part| part.split_once('='));
            parts.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let said = serde_json::from_slice::<Value>(raw.body).unwrap_or_default();
        let verdict = match said.get("verdict").and_then(Value::as_str) {
            Some("approve") => Some(Verdict::Approve { span: None }),
            Some("deny") => Some(Verdict::Deny),
            _ => None,
        };
        if raw.method != "POST" {
            return reply(200, "look, then press approve or deny");
        }
        let ids = (part("ask").and_then(|ask| ask.parse().ok()), part("hash").and_then(|hash| hash.parse().ok()));
        let (Some(token), (Some(ask), Some(hash)), Some(verdict)) = (part("t"), ids, verdict) else {
            return reply(400, "this can't be understood");
        };
        let by = Identity::new(Link::CHANNEL.to_owned(), token);
        let evidence = vec![("by".to_owned(), "a link".to_owned())];
        let outcome = desk.decide(&Decision { ask, hash, by, verdict, comment: None, evidence }).await;
        reply(200, outcome.words.as_str())
    }
}

fn decision(body: &str) -> Option<Decision> {
    let event: Value = serde_json::from_str(body).ok()?;
    // What the medium vouches for, never what else stands in the event.
    let user = event.get("user")?.as_str()?;
    let value = event.get("value")?.as_str()?;
    let mut words = value.split(' ').skip(1);
    let (ask, hash): (AskId, Digest) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Decision {
        ask,
        hash,
        by: Identity::new("fake", user.to_owned()),
        verdict: read::verdict(value)?,
        comment: None,
        evidence: vec![("user".to_owned(), user.to_owned())],
    })
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, content_type: "text/plain; charset=utf-8", body: body.to_owned() }
}

fn failure(error: MediumError) -> Error {
    match error {
        MediumError::Away => Error::new(ErrorKind::Unreachable, "the channel can't be reached"),
        MediumError::NotTaken => Error::new(ErrorKind::Bug, "the channel did not take the message"),
        MediumError::NoSuch => Error::new(ErrorKind::Refused, "the channel has no such message"),
    }
}

impl Adapter for Fake {
    fn capability(&self) -> Capability {
        let shape = self.medium.shape();
        Capability {
            kind: "fake",
            decides: shape.way != Way::None,
            edits: shape.edits,
            threads: self.threads(),
            direct: shape.direct,
            longest: shape.longest,
            deduplicates: shape.deduplicates,
            listeners: if shape.way == Way::Socket { Listeners::One } else { Listeners::None },
        }
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(async {
            vec![match self.medium.ping().await {
                Ok(()) => Check { good: true, what: Words::new("the channel answers"), remedy: None },
                Err(_) => Check {
                    good: false,
                    what: Words::new("the channel can't be reached"),
                    remedy: Some(Words::new("lift the fault")),
                },
            }]
        })
    }

    fn announce<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<MessageRef, Error>> {
        Box::pin(async { self.post(notice).await.map_err(failure) })
    }

    fn update<'a>(&'a self, message: &'a MessageRef, notice: &'a Notice) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if self.medium.shape().edits {
                return self.edit(message, notice).await.map_err(failure);
            }
            // What was sent can't be taken back: its end is told in a message of its own.
            if let Notice::Ask(ask) = notice
                && matches!(ask.standing, Standing::Closed { .. })
            {
                let mut end = ask.clone();
                end.key.0.push_str("/end");
                self.post(&Notice::Ask(end)).await.map_err(failure)?;
            }
            Ok(())
        })
    }

    fn listen(&self, desk: Arc<dyn Desk>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            if self.medium.shape().way != Way::Socket {
                return Ok(());
            }
            loop {
                // Cut or not reached: both are made good by trying again.
                let _ = self.listen_once(&desk).await;
                tokio::time::sleep(PAUSE).await;
            }
        })
    }

    fn receive<'a>(&'a self, raw: Raw<'a>, desk: &'a dyn Desk) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            match self.medium.shape().way {
                Way::Links => self.followed(raw, desk).await,
                Way::Signed => {
                    let time: i64 = raw.headers.get("x-time").and_then(|time| time.parse().ok()).unwrap_or(0);
                    let signed = raw.headers.get("x-signature") == Some(&self.medium.sign(time, raw.body));
                    if !signed || (time - NOW).abs() > LEEWAY {
                        return reply(401, "");
                    }
                    match std::str::from_utf8(raw.body) {
                        Ok(body) => reply(200, &self.pressed(body, desk).await),
                        Err(_) => reply(400, ""),
                    }
                }
                Way::Socket | Way::None => reply(404, ""),
            }
        })
    }
}
