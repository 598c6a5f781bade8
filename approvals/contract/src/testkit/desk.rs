//! A small honest desk: people, asks with compare-and-set, links that work once.
//!
//! It refuses what the house would refuse, at the moment of the call and in the same order, so that an adapter which is
//! wrong can be told from a house which is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jit_types::{AskId, Digest, GrantId, PersonId, RequestId, Span, Words};

use super::commands::{Commanded, Commands};
use crate::{Action, BoxFuture, Decision, Desk, Identity, Link, Outcome, Planned, Standing, Verdict, Wish};

/// What an outsider is told, whether the ask exists or not.
pub const NOT_FOUND: &str = "there is no such ask for you";

/// A desk that a test scripts and that remembers all that it heard.
#[derive(Debug, Default)]
pub struct ScriptedDesk(Mutex<House>);

#[derive(Debug, Default)]
struct House {
    people: BTreeMap<(String, String), PersonId>,
    entitled: BTreeSet<PersonId>,
    asks: BTreeMap<AskId, Filed>,
    links: BTreeMap<String, Sent>,
    heard: Vec<Heard>,
    commands: Commands,
    takes: Duration,
}

/// An ask as the desk keeps it.
#[derive(Clone, Debug)]
pub struct Filed {
    /// What a decision must name now.
    pub hash: Digest,
    /// Who asked.
    pub requester: PersonId,
    /// How many approvals it needs.
    pub need: u32,
    /// For how long they asked.
    pub span: Span,
    /// Who has approved, and for how long.
    pub reviews: BTreeMap<PersonId, Span>,
    /// What became of it, and by whom; `None` while it is pending.
    pub closed: Option<(Words, Vec<PersonId>)>,
}

#[derive(Debug)]
struct Sent {
    ask: AskId,
    hash: Digest,
    to: PersonId,
    used: bool,
}

/// Something that came to the desk, and what it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What came.
    pub decision: Decision,
    /// The answer.
    pub outcome: Outcome,
}

impl ScriptedDesk {
    /// A desk that knows nobody.
    pub fn new() -> Self {
        Self::default()
    }

    fn house(&self) -> MutexGuard<'_, House> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Maps a channel's identity to a person.
    pub fn know(&self, identity: &Identity, person: &PersonId) {
        self.house().people.insert((identity.channel.clone(), identity.name.clone()), person.clone());
    }

    /// Gives a person the right to decide.
    pub fn entitle(&self, person: &PersonId) {
        self.house().entitled.insert(person.clone());
    }

    /// Takes the right to decide from a person.
    pub fn remove(&self, person: &PersonId) {
        self.house().entitled.remove(person);
    }

    /// Files an ask.
    pub fn file(&self, ask: AskId, filed: Filed) {
        self.house().asks.insert(ask, filed);
    }

    /// Makes it known that a link was made for one person.
    pub fn sent(&self, link: &Link, ask: AskId, hash: Digest, to: &PersonId) {
        self.house().links.insert(link.token().to_owned(), Sent { ask, hash, to: to.clone(), used: false });
    }

    /// Changes what is asked for: earlier reviews are void, and a decision must name the new hash.
    pub fn change(&self, ask: &AskId, hash: Digest) {
        if let Some(filed) = self.house().asks.get_mut(ask) {
            filed.hash = hash;
            filed.reviews.clear();
        }
    }

    /// Closes a pending ask without anybody's decision.
    pub fn lapse(&self, ask: &AskId, outcome: &str) {
        if let Some(filed) = self.house().asks.get_mut(ask)
            && filed.closed.is_none()
        {
            filed.closed = Some((Words::new(outcome), Vec::new()));
        }
    }

    /// Lets every call take this long, as a house under load does.
    pub fn take(&self, long: Duration) {
        self.house().takes = long;
    }

    /// Gives a person a grant.
    pub fn grant(&self, grant: GrantId, to: &PersonId) {
        self.house().commands.grant(grant, to);
    }

    /// Lets a person have a request that is open.
    pub fn request(&self, request: RequestId, of: &PersonId) {
        self.house().commands.request(request, of);
    }

    /// Makes a person an administrator.
    pub fn administrator(&self, person: &PersonId) {
        self.house().commands.administrator(person);
    }

    /// All wishes whose plan was looked at, oldest first.
    pub fn planned(&self) -> Vec<Wish> {
        self.house().commands.planned.clone()
    }

    /// All commands that came, and what was answered, oldest first.
    pub fn commanded(&self) -> Vec<Commanded> {
        self.house().commands.heard.clone()
    }

    /// An ask as it is now.
    pub fn filed(&self, ask: &AskId) -> Option<Filed> {
        self.house().asks.get(ask).cloned()
    }

    /// All that came about one ask, oldest first.
    pub fn heard(&self, ask: &AskId) -> Vec<Heard> {
        self.house().heard.iter().filter(|heard| heard.decision.ask == *ask).cloned().collect()
    }

    /// All that came.
    pub fn all(&self) -> Vec<Heard> {
        self.house().heard.clone()
    }
}

impl Desk for ScriptedDesk {
    fn decide<'a>(&'a self, decision: &'a Decision) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let takes = self.house().takes;
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            let mut house = self.house();
            let outcome = house.decide(decision);
            house.heard.push(Heard { decision: decision.clone(), outcome: outcome.clone() });
            outcome
        })
    }

    fn act<'a>(&'a self, action: &'a Action) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let mut house = self.house();
            let person = house.person(&action.by);
            house.commands.act(action, person.as_ref())
        })
    }

    fn plan<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Result<Planned, Outcome>> {
        Box::pin(async move {
            let mut house = self.house();
            let person = house.person(&wish.by);
            house.commands.plan(wish, person.as_ref())
        })
    }

    fn file<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let mut house = self.house();
            let person = house.person(&wish.by);
            house.commands.file(wish, person.as_ref())
        })
    }
}

impl House {
    fn person(&self, identity: &Identity) -> Option<PersonId> {
        self.people.get(&(identity.channel.clone(), identity.name.clone())).cloned()
    }

    fn decide(&mut self, decision: &Decision) -> Outcome {
        let sent = if decision.by.channel == Link::CHANNEL { self.links.get(&decision.by.name) } else { None };
        let known = self.people.get(&(decision.by.channel.clone(), decision.by.name.clone()));
        let person = match (sent, known) {
            (Some(sent), _) if sent.ask == decision.ask && sent.hash == decision.hash => sent.to.clone(),
            (None, Some(person)) => person.clone(),
            _ => return refused(NOT_FOUND, None),
        };
        let used = sent.is_some_and(|sent| sent.used);
        let entitled = self.entitled.contains(&person);
        let Some(filed) = self.asks.get_mut(&decision.ask) else { return refused(NOT_FOUND, None) };
        if person == filed.requester {
            return refused("nobody decides what they asked for themselves", None);
        }
        if !entitled {
            return refused(NOT_FOUND, None);
        }
        let outcome = filed.decide(decision, &person, used);
        if outcome.done
            && let Some(sent) = self.links.get_mut(&decision.by.name)
        {
            sent.used = true;
        }
        outcome
    }
}

impl Filed {
    fn decide(&mut self, decision: &Decision, person: &PersonId, used: bool) -> Outcome {
        if let Some((outcome, _)) = &self.closed {
            let words = format!("nothing has changed: the ask is closed already, {outcome}");
            return refused(&words, Some(self.standing()));
        }
        if decision.hash != self.hash {
            return refused("the ask has changed since you saw it: look at it again", Some(self.standing()));
        }
        if used || self.reviews.contains_key(person) {
            return refused("nothing has changed: you have decided already", Some(self.standing()));
        }
        let words = match decision.verdict {
            Verdict::Deny => {
                self.closed = Some((Words::new("denied"), vec![person.clone()]));
                "denied".to_owned()
            }
            Verdict::Approve { span } => {
                let span = span.unwrap_or(self.span).min(self.span);
                self.reviews.insert(person.clone(), span);
                let shortest = self.reviews.values().min().copied().unwrap_or(span);
                if self.reviews.len() as u64 >= u64::from(self.need) {
                    let outcome = format!("approved for {shortest}");
                    self.closed = Some((Words::new(&outcome), self.reviews.keys().cloned().collect()));
                    outcome
                } else {
                    format!("your approval is noted: {} of {}", self.reviews.len(), self.need)
                }
            }
        };
        Outcome { done: true, words: Words::new(words), standing: Some(self.standing()) }
    }

    /// Where it stands, for a message to follow.
    pub fn standing(&self) -> Standing {
        match &self.closed {
            Some((outcome, by)) => Standing::Closed { outcome: outcome.clone(), by: by.clone() },
            None => Standing::Pending { have: u32::try_from(self.reviews.len()).unwrap_or(u32::MAX), need: self.need },
        }
    }
}

pub(super) fn refused(words: &str, standing: Option<Standing>) -> Outcome {
    Outcome { done: false, words: Words::new(words), standing }
}
