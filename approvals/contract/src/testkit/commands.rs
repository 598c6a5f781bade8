//! What the desk does with commands: grants and requests with their owners, wishes with their keys.

use std::collections::{BTreeMap, BTreeSet};

use jit_types::{GrantId, PersonId, RequestId, Words};

use super::desk::refused;
use crate::{Act, Action, Outcome, Wish};

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
    pub(super) heard: Vec<Commanded>,
}

impl Commands {
    pub(super) fn grant(&mut self, grant: GrantId, to: &PersonId) {
        self.grants.insert(grant, (to.clone(), true));
    }

    pub(super) fn request(&mut self, request: RequestId, of: &PersonId) {
        self.requests.insert(request, (of.clone(), true));
    }

    pub(super) fn act(&mut self, action: &Action, person: Option<&PersonId>) -> Outcome {
        let (there, word) = match action.what {
            Act::Release(grant) => (self.grants.get_mut(&grant), "given back"),
            Act::Cancel(request) => (self.requests.get_mut(&request), "cancelled"),
        };
        let outcome = match there.filter(|(owner, _)| person.is_some_and(|person| person == owner)) {
            None => refused(NOTHING_YOURS, None),
            Some((_, open)) if *open => {
                *open = false;
                done(word)
            }
            Some(_) => refused(&format!("nothing has changed: it is {word} already"), None),
        };
        self.heard.push(Commanded::Acted(action.clone(), outcome.clone()));
        outcome
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

fn done(words: &str) -> Outcome {
    Outcome { done: true, words: Words::new(words), standing: None }
}
