//! Recording what was refused, without letting anybody fill the log with it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jit_life::policy::{self, Caller, MayAdminister};
use jit_life::{Refused, Request};
use jit_types::{Event, RoleName, Span, Subject, Timestamp};

use crate::error::Error;
use crate::house::House;

/// How many refusals of one person are recorded one by one within a minute.
pub const MOST: u32 = 20;
/// The minute.
const MINUTE: Span = Span::from_secs(60);
/// How many persons are counted before those whose minute is over are forgotten.
const MANY: usize = 4096;

/// One person's minute.
struct Minute {
    since: Timestamp,
    told: u32,
    silent: u32,
}

/// What is to be recorded of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// The refusal itself; and how many of the person's were left out since the last one that was recorded.
    It {
        /// How many.
        left_out: u32,
    },
    /// That there are too many, once.
    TooMany,
    /// Nothing.
    Nothing,
}

/// The refusals of the last minute, by person.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<HashMap<Subject, Minute>>);

impl Refusals {
    /// Counts a refusal and says what is to be recorded of it.
    pub(crate) fn count(&self, subject: Subject, now: Timestamp) -> Record {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Also when the clock has gone back: a minute that lies ahead would keep everything out for as long.
        let over = |minute: &Minute| now < minute.since || now.since_millis(minute.since) >= MINUTE.millis();
        if minutes.len() >= MANY {
            minutes.retain(|_, minute| !over(minute) || minute.silent > 0);
        }
        let minute = minutes.entry(subject).or_insert(Minute { since: now, told: 0, silent: 0 });
        if over(minute) {
            let left_out = minute.silent;
            *minute = Minute { since: now, told: 1, silent: 0 };
            return Record::It { left_out };
        }
        if minute.told < MOST {
            minute.told += 1;
            return Record::It { left_out: 0 };
        }
        minute.silent = minute.silent.saturating_add(1);
        if minute.silent == 1 { Record::TooMany } else { Record::Nothing }
    }

    /// The events of a refusal that a step has made, after counting it.
    pub(crate) fn thin_out(&self, events: Vec<Event>, now: Timestamp) -> Vec<Event> {
        let Some(actor) = events.iter().find_map(|event| event.actor) else { return events };
        events_of(self.count(actor, now), events, actor, now)
    }
}

fn events_of(record: Record, events: Vec<Event>, actor: Subject, now: Timestamp) -> Vec<Event> {
    match record {
        Record::It { left_out: 0 } => events,
        Record::It { left_out } => events.into_iter().map(|event| event.field("left_out", &left_out)).collect(),
        Record::TooMany => {
            vec![Event::new("refusals.left_out", now).actor(actor).subject(actor).refused().field("a_minute", &MOST)]
        }
        Record::Nothing => Vec::new(),
    }
}

/// What was tried, for the record of its refusal.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    /// As the event of its success is called.
    pub(crate) kind: &'static str,
    /// On which request, where there is such a one.
    pub(crate) request: Option<&'a Request>,
    /// For which role, where it is about no request.
    pub(crate) role: Option<&'a RoleName>,
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self { kind, request: None, role: None }
    }

    pub(crate) fn on(kind: &'static str, request: Option<&'a Request>) -> Self {
        Self { kind, request, role: None }
    }

    pub(crate) fn role(kind: &'static str, role: &'a RoleName) -> Self {
        Self { kind, request: None, role: Some(role) }
    }
}

impl House {
    /// Asks whether a caller administers this house, and is not locked; whoever does not and tries is in the record.
    ///
    /// # Errors
    /// When the caller is none, as if there was no such thing; when they are locked.
    pub(crate) async fn administers(
        &self,
        caller: &Caller,
        noun: &str,
        attempt: Attempt<'_>,
    ) -> Result<MayAdminister, Error> {
        match self.may_administer(caller, noun) {
            Ok(right) => Ok(right),
            Err(refused) => Err(self.refuse(caller, attempt, refused).await),
        }
    }

    /// Asks the same, for what is answered otherwise to everybody else.
    ///
    /// # Errors
    /// As [`House::administers`].
    pub fn may_administer(&self, caller: &Caller, noun: &str) -> Result<MayAdminister, Refused> {
        let right = policy::may_administer(&self.rules(), caller, noun)?;
        self.store().locks().unlocked(caller.subject)?;
        Ok(right)
    }

    /// Records that something was refused before any step was played, and gives the refusal back as it was: what the
    /// caller hears does not depend on what the record says.
    pub(crate) async fn refuse(&self, caller: &Caller, attempt: Attempt<'_>, refused: Refused) -> Error {
        let events = self.refusal(caller, attempt, &refused);
        if !events.is_empty()
            && let Err(error) = self.store().write(vec![], events, vec![]).await
        {
            tracing::error!(%error, kind = attempt.kind, "a refusal can't be recorded");
        }
        refused.into()
    }

    /// What is to be recorded of a refusal, after counting it.
    pub(crate) fn refusal(&self, caller: &Caller, attempt: Attempt<'_>, refused: &Refused) -> Vec<Event> {
        let now = self.now();
        let event = Event::new(attempt.kind, now).actor(caller.subject).refused();
        let event = match (attempt.request, attempt.role) {
            (Some(request), _) => event.request(request.id).role(request.role.clone()).subject(request.subject),
            (None, Some(role)) => event.role(role.clone()).subject(caller.subject),
            (None, None) => event.subject(caller.subject),
        };
        let event = event.field("about", &jit_types::Words::new(&refused.about)).field("why", &refused.message);
        events_of(self.refusals.count(caller.subject, now), vec![event], caller.subject, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH.after(Span::from_secs(seconds))
    }

    #[test]
    fn so_many_a_minute_then_one_word_then_silence() {
        let refusals = Refusals::default();
        let subject = Subject::from_parts(at(0), [1; 10]);
        let other = Subject::from_parts(at(0), [2; 10]);
        for _ in 0..MOST {
            assert_eq!(refusals.count(subject, at(100)), Record::It { left_out: 0 });
        }
        assert_eq!(refusals.count(subject, at(101)), Record::TooMany);
        assert_eq!(refusals.count(subject, at(102)), Record::Nothing);
        assert_eq!(refusals.count(other, at(102)), Record::It { left_out: 0 });
        assert_eq!(refusals.count(subject, at(160)), Record::It { left_out: 2 });
        assert_eq!(refusals.count(subject, at(161)), Record::It { left_out: 0 });
        // A clock that goes back keeps nobody out.
        for _ in 0..MOST {
            refusals.count(subject, at(162));
        }
        assert_eq!(refusals.count(subject, at(10)), Record::It { left_out: 2 });
    }
}
