//! Telling: each notice to where it belongs, and its message's way to the end.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use jit_approval::{Addressee, Error, MessageRef, Note, Notice, NoticeKey};
use jit_types::PersonId;
use serde_json::Value;
use tokio::time::Instant;

use crate::Inner;
use crate::fault::Fault;
use crate::render::{self, Message};
use crate::settings::is_id;
use crate::web::{As, Said};

/// How many notices are remembered that were sent in part.
const IN_PART: usize = 1000;
/// How long it is believed whose address it is, for being told; for deciding, it is asked anew each time.
const LOOKED_UP: Duration = Duration::from_secs(300);
/// How many lookups are remembered.
const MOST_LOOKED_UP: usize = 4096;

/// What was sent of notices that could not be sent whole, so that a second try does not tell anybody twice, and the
/// conversations that were opened with one person each.
#[derive(Default)]
pub(crate) struct Sent {
    parts: BTreeMap<NoticeKey, BTreeMap<Place, String>>,
    with: BTreeMap<String, String>,
    /// Who was looked up by their address, and when.
    by_mail: BTreeMap<PersonId, (Option<String>, Instant)>,
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Room,
    Person(String),
}

impl Inner {
    /// The user behind an addressee: `T…/U…`, or `U…` of the pinned team.
    fn user<'a>(&self, to: &'a Addressee) -> Option<&'a str> {
        to.names.iter().find_map(|name| {
            let (team, user) = name.split_once('/').unwrap_or((self.settings.team.as_str(), name));
            (team == self.settings.team && is_id(user, &['U', 'W'])).then_some(user)
        })
    }

    fn places(&self, notice: &Notice) -> Vec<Place> {
        let person = |to| self.user(to).map(|user| Place::Person(user.to_owned()));
        match notice {
            Notice::News(news) => person(&news.to).into_iter().collect(),
            Notice::Alert(_) => vec![Place::Room],
            Notice::Note(_) => Vec::new(),
            Notice::Ask(ask) => {
                let people: Vec<Place> = ask.to.iter().filter_map(person).collect();
                // Nobody can decide it here: nobody is told.
                if people.is_empty() {
                    return people;
                }
                let asks = self.settings.asks;
                let room = asks.channel().then_some(Place::Room);
                room.into_iter().chain(people.into_iter().filter(|_| asks.direct())).collect()
            }
        }
    }

    fn message(&self, notice: &Notice, room: bool) -> Message {
        let calls: Vec<&str> = match notice {
            Notice::Ask(ask) if room => ask.to.iter().filter_map(|to| self.user(to)).collect(),
            _ => Vec::new(),
        };
        render::message(notice, &calls, self.settings.reason)
    }

    /// Tells those whom a notice is for, each once as far as this process knows.
    pub(crate) async fn announce(&self, notice: &Notice) -> Result<MessageRef, Error> {
        if let Notice::Note(note) = notice {
            return self.beneath(note).await;
        }
        let notice = &self.named(notice).await?;
        let (key, places) = (notice.key(), self.places(notice));
        let mut refused = None;
        for place in &places {
            if self.sent.lock().await.parts.get(key).is_some_and(|sent| sent.contains_key(place)) {
                continue;
            }
            match self.told(place, notice).await {
                Ok(at) => {
                    let mut sent = self.sent.lock().await;
                    if sent.parts.len() >= IN_PART && !sent.parts.contains_key(key) {
                        sent.parts.pop_first();
                    }
                    sent.parts.entry(key.clone()).or_default().insert(place.clone(), at);
                }
                Err(error) if error.retryable() => return Err(error),
                // Somebody who can't be told keeps nothing from the others.
                Err(error) => refused = Some(error),
            }
        }
        let sent = self.sent.lock().await.parts.remove(key).unwrap_or_default();
        match refused {
            Some(error) if sent.is_empty() => return Err(error),
            Some(error) => tracing::warn!("a notice reached not everybody: {error}"),
            None => {}
        }
        Ok(MessageRef(sent.into_values().collect::<Vec<_>>().join(" ")))
    }

    /// A notice whose addressees have names here: where people are known by their address, those whom the config does not name
    /// are looked up by it.
    async fn named<'a>(&self, notice: &'a Notice) -> Result<Cow<'a, Notice>, Error> {
        let mut notice = Cow::Borrowed(notice);
        if !self.settings.by_mail {
            return Ok(notice);
        }
        let to: Vec<&mut Addressee> = match notice.to_mut() {
            Notice::Ask(ask) => ask.to.iter_mut().collect(),
            Notice::News(news) => vec![&mut news.to],
            Notice::Alert(_) | Notice::Note(_) => Vec::new(),
        };
        for addressee in to.into_iter().filter(|addressee| addressee.names.is_empty()) {
            let name = self.known_by_mail(&addressee.person).await?;
            // Whoever has the address now and is another than was seen with it first would be refused: they hear nothing.
            addressee.names.extend(name.filter(|name| addressee.seen.believes(name)));
        }
        Ok(notice)
    }

    async fn known_by_mail(&self, person: &PersonId) -> Result<Option<String>, Error> {
        let known = self.sent.lock().await.by_mail.get(person).cloned();
        if let Some((name, at)) = known
            && at.elapsed() < LOOKED_UP
        {
            return Ok(name);
        }
        let name = match self.by_mail(person).await {
            Ok(name) => name,
            Err(fault) => {
                let error = fault.error("looking somebody up by their address");
                if error.retryable() {
                    return Err(error);
                }
                // Who can't be looked up keeps nothing from the others.
                tracing::warn!("{error}");
                None
            }
        };
        let mut sent = self.sent.lock().await;
        if sent.by_mail.len() >= MOST_LOOKED_UP {
            sent.by_mail.clear();
        }
        sent.by_mail.insert(person.clone(), (name.clone(), Instant::now()));
        Ok(name)
    }

    /// Puts a line in the thread of a message in the channel. One person alone hears news, and needs no thread.
    async fn beneath(&self, note: &Note) -> Result<MessageRef, Error> {
        let message = render::message(&Notice::Note(note.clone()), &[], false);
        for (channel, ts) in places_of(&note.under).filter(|(channel, _)| !channel.starts_with('D')) {
            match self.post(channel, Some(ts), &message).await {
                Ok(_) => {}
                // Somebody took the message away.
                Err(fault) if fault.is("thread_not_found") || fault.is("message_not_found") => {}
                Err(fault) => return Err(fault.error("posting in a thread")),
            }
        }
        Ok(MessageRef(String::new()))
    }

    async fn told(&self, place: &Place, notice: &Notice) -> Result<String, Error> {
        let channel = match place {
            Place::Room => self.room().await?,
            Place::Person(user) => {
                self.right_team().await?;
                self.with(user).await.map_err(|fault| fault.error("opening a conversation"))?
            }
        };
        let message = self.message(notice, *place == Place::Room);
        let at = self.post(&channel, None, &message).await;
        at.map_err(|fault| fault.error("posting"))
    }

    /// The conversation with one person alone.
    pub(crate) async fn with(&self, user: &str) -> Result<String, Fault> {
        if let Some(known) = self.sent.lock().await.with.get(user) {
            return Ok(known.clone());
        }
        let body = serde_json::json!({ "users": user });
        let answer = self.web.call("conversations.open", As::Bot, Said::Json(&body)).await?;
        let id = answer.text("/channel/id").filter(|id| is_id(id, &['D'])).ok_or(Fault::Away)?.to_owned();
        self.sent.lock().await.with.insert(user.to_owned(), id.clone());
        Ok(id)
    }

    /// Posts a message, in a thread where one is named; says where it is.
    pub(crate) async fn post(&self, channel: &str, thread: Option<&str>, message: &Message) -> Result<String, Fault> {
        let mut body = message.post();
        if let Some(object) = body.as_object_mut() {
            object.insert("channel".to_owned(), Value::from(channel));
            if let Some(thread) = thread {
                object.insert("thread_ts".to_owned(), Value::from(thread));
            }
        }
        let answer = self.web.call("chat.postMessage", As::Bot, Said::Json(&body)).await?;
        let (Some(channel), Some(ts)) = (answer.text("/channel"), answer.text("/ts")) else { return Err(Fault::Away) };
        Ok(format!("{channel}:{ts}"))
    }

    /// Brings the messages of a notice up to date.
    pub(crate) async fn update(&self, message: &MessageRef, notice: &Notice) -> Result<(), Error> {
        let notice = &self.named(notice).await?;
        let mut came = Ok(());
        for (channel, ts) in places_of(message) {
            let mut body = self.message(notice, !channel.starts_with('D')).edit();
            if let Some(object) = body.as_object_mut() {
                object.insert("channel".to_owned(), Value::from(channel));
                object.insert("ts".to_owned(), Value::from(ts));
            }
            match self.web.call("chat.update", As::Bot, Said::Json(&body)).await {
                Ok(_) => {}
                // Somebody took it away: nothing of it is left to be brought up to date.
                Err(fault) if fault.is("message_not_found") => {}
                Err(fault) => came = came.and(Err(fault.error("bringing a message up to date"))),
            }
        }
        came
    }
}

/// The channels and times that a reference holds.
fn places_of(message: &MessageRef) -> impl Iterator<Item = (&str, &str)> {
    message.0.split(' ').filter_map(|at| at.split_once(':'))
}
