//! What the desk does with commands: grants and requests with their owners, wishes with their keys.

use std::collections::{BTreeMap, BTreeSet};

use jit_types::{GrantId, PersonId, RequestId, Span, Tail, Timestamp, Words};

use super::desk::refused;
use crate::{Act, Action, Outcome, Planned, Wish};

/// What somebody is told who commands what is not theirs, whether it exists or not.
pub const NOTHING_YOURS: &str = "there is no such thing of yours";

/// A command that came, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commanded {
    /// An action.
    Acted(Action, Outcome),
    /// A wish.
    Wished(Wish, Outcome),
}

impl Commanded {
    /// What was answered.
    pub fn outcome(&self) -> &Outcome {
        match self {
            Self::Acted(_, outcome) | Self::Wished(_, outcome) => outcome,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Commands {
    /// Who has what, and whether it is still open.
    grants: BTreeMap<GrantId, (PersonId, bool)>,
    requests: BTreeMap<RequestId, (PersonId, bool)>,
    keys: BTreeSet<(PersonId, String)>,
    administrators: BTreeSet<PersonId>,
    locked: BTreeSet<String>,
    pub(super) planned: Vec<Wish>,
    pub(super) heard: Vec<Commanded>,
}

impl Commands {
    pub(super) fn grant(&mut self, grant: GrantId, to: &PersonId) {
        self.grants.insert(grant, (to.clone(), true));
    }

    pub(super) fn request(&mut self, request: RequestId, of: &PersonId) {
        self.requests.insert(request, (of.clone(), true));
    }

    pub(super) fn administrator(&mut self, person: &PersonId) {
        self.administrators.insert(person.clone());
    }

    pub(super) fn act(&mut self, action: &Action, person: Option<&PersonId>) -> Outcome {
        let outcome = match &action.what {
            Act::Release(grant) => ended(self.grants.get_mut(grant), person, "given back"),
            Act::Cancel(request) => ended(self.requests.get_mut(request), person, "cancelled"),
            Act::Extend { grant, .. } => self.extend(*grant, person, &action.key),
            Act::Lock { whom, .. } => self.lock(whom, person, true),
            Act::Unlock { whom, .. } => self.lock(whom, person, false),
        };
        self.heard.push(Commanded::Acted(action.clone(), outcome.clone()));
        outcome
    }

    fn extend(&mut self, grant: GrantId, person: Option<&PersonId>, key: &str) -> Outcome {
        let own = self.grants.get(&grant).zip(person).filter(|((owner, _), person)| owner == *person);
        match own {
            Some((_, person)) if self.keys.insert((person.clone(), key.to_owned())) => done("more is asked for"),
            Some(_) => refused("nothing has changed: more is asked for already", None),
            None => refused(NOTHING_YOURS, None),
        }
    }

    fn lock(&mut self, whom: &str, person: Option<&PersonId>, on: bool) -> Outcome {
        if !person.is_some_and(|person| self.administrators.contains(person)) {
            return refused(NOTHING_YOURS, None);
        }
        let changed = if on { self.locked.insert(whom.to_owned()) } else { self.locked.remove(whom) };
        let word = if on { "locked" } else { "unlocked" };
        if changed { done(word) } else { refused(&format!("nothing has changed: it is {word} already"), None) }
    }

    pub(super) fn plan(&mut self, wish: &Wish, person: Option<&PersonId>) -> Result<Planned, Outcome> {
        if person.is_none() {
            return Err(refused(NOTHING_YOURS, None));
        }
        self.planned.push(wish.clone());
        Ok(Planned {
            role: wish.role.clone(),
            about: Words::new("read the shop database"),
            gives: vec![Words::new("read in database shop")],
            warnings: vec![Words::new("everybody may connect to database stock")],
            params: wish.params.clone(),
            span: wish.span.unwrap_or_default(),
            asked: Words::new("1 of group dba: bob@example.com, carol@example.com"),
            decide_by: Span::from_secs(86_400),
            start_by: Span::from_secs(1800),
            worst_end: Timestamp::from_millis(2_245_916_000_000),
            swept: Tail::AtMost(Span::from_secs(5)),
            unswept: Tail::NoBound(Words::new("an open session goes on")),
            covered_by: None,
        })
    }

    pub(super) fn file(&mut self, wish: &Wish, person: Option<&PersonId>) -> Outcome {
        let outcome = match person {
            None => refused(NOTHING_YOURS, None),
            Some(person) if self.keys.insert((person.clone(), wish.key.clone())) => done("filed"),
            Some(_) => refused("nothing has changed: it is filed already", None),
        };
        self.heard.push(Commanded::Wished(wish.clone(), outcome.clone()));
        outcome
    }
}

fn ended(there: Option<&mut (PersonId, bool)>, person: Option<&PersonId>, word: &str) -> Outcome {
    match there.filter(|(owner, _)| person.is_some_and(|person| person == owner)) {
        None => refused(NOTHING_YOURS, None),
        Some((_, open)) if *open => {
            *open = false;
            done(word)
        }
        Some(_) => refused(&format!("nothing has changed: it is {word} already"), None),
    }
}

fn done(words: &str) -> Outcome {
    Outcome { done: true, words: Words::new(words), standing: None }
}
