//! Roles, persons and limits: what the config says, as values.

use std::collections::{BTreeMap, BTreeSet};

use jit_types::digest::Hasher;
use jit_types::{BackendName, Digest, GroupName, ParamName, PersonId, Principal, RoleName, Scope, Span, Words};
use regex::Regex;

/// All rules in force at one moment.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The roles that can be requested.
    pub roles: BTreeMap<RoleName, Role>,
    /// The persons, with their groups and principals.
    pub people: BTreeMap<PersonId, Person>,
    /// Who may revoke, lock, erase and read everybody's record.
    pub administrators: BTreeSet<PersonId>,
}

/// One person: the groups they are in, and what they act through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Their groups.
    pub groups: BTreeSet<GroupName>,
    /// Their principals; each belongs to one person only.
    pub principals: BTreeSet<Principal>,
}

/// An access profile that can be requested.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub name: RoleName,
    /// What it is for, in plain words.
    pub about: Words,
    /// How long.
    pub limits: Limits,
    /// Who may ask; never empty.
    pub requesters: Vec<Who>,
    /// Who says yes.
    pub approval: Approval,
    /// What a reason must look like.
    pub reason: ReasonRule,
    /// Typed parameters.
    pub params: BTreeMap<ParamName, Param>,
    /// What it gives; never empty.
    pub gives: Vec<Entitlement>,
}

/// How long things may take and last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The duration when none is asked for.
    pub default: Span,
    /// The longest duration, extensions included.
    pub max: Span,
    /// Within how long of the approval the window must open.
    pub start_by: Span,
    /// Within how long of filing somebody must decide.
    pub decide_by: Span,
}

/// One person, or everybody in a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// One person.
    Person(PersonId),
    /// Everybody in a group.
    Group(GroupName),
}

/// Who says yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// The rule itself: nobody is asked.
    ByRule,
    /// People: so many of these.
    ByPeople {
        /// How many different persons; at least 1.
        count: u32,
        /// Out of whom; never empty.
        from: Vec<Who>,
    },
}

/// What a reason must look like.
#[derive(Clone, Debug, Default)]
pub struct ReasonRule {
    /// The whole reason must match, where there is a pattern.
    pub pattern: Option<Regex>,
    /// What to tell a person whose reason does not match.
    pub help: Option<Words>,
}

/// The type of a parameter.
#[derive(Clone, Debug)]
pub enum ParamType {
    /// One of these texts; never empty.
    Choice(Vec<String>),
    /// Text that must match as a whole.
    Text(Regex),
    /// A whole number within bounds, both included.
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Yes or no.
    Bool,
}

/// A parameter of a role.
#[derive(Clone, Debug)]
pub struct Param {
    /// What it is for.
    pub about: Words,
    /// Its type.
    pub kind: ParamType,
}

/// One thing that a role gives: a scope on a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// The configured backend.
    pub backend: BackendName,
    /// What that backend points at, without secrets.
    pub target: String,
    /// The scope, in which parameters still stand as `{"param": "name"}`.
    pub scope: Scope,
}

impl Rules {
    /// Says whether a person is among some.
    pub fn among(&self, person: &PersonId, who: &[Who]) -> bool {
        let Some(known) = self.people.get(person) else { return false };
        who.iter().any(|w| match w {
            Who::Person(p) => p == person,
            Who::Group(g) => known.groups.contains(g),
        })
    }

    /// Everybody among some, in order.
    pub fn everybody(&self, who: &[Who]) -> BTreeSet<PersonId> {
        self.people.keys().filter(|p| self.among(p, who)).cloned().collect()
    }

    /// The person that a principal belongs to.
    pub fn person_of(&self, principal: &Principal) -> Option<&PersonId> {
        self.people.iter().find(|(_, p)| p.principals.contains(principal)).map(|(id, _)| id)
    }
}

impl Role {
    /// A digest over everything in the role that a reviewer relies on.
    pub fn revision(&self) -> Digest {
        let mut hasher = Hasher::new("jit role v1")
            .with("name", self.name.as_str())
            .with("about", self.about.as_str())
            .with("limits", format!("{:?}", self.limits))
            .with("requesters", format!("{:?}", self.requesters))
            .with("approval", format!("{:?}", self.approval))
            .with("reason", self.reason.pattern.as_ref().map_or("", Regex::as_str));
        for (name, param) in &self.params {
            hasher = param.kind.hashed(hasher.with("param", name.as_str()));
        }
        for gives in &self.gives {
            hasher = hasher
                .with("backend", gives.backend.as_str())
                .with("target", &gives.target)
                .with("scope", gives.scope.canonical());
        }
        hasher.finish()
    }
}

impl ParamType {
    /// Adds what is allowed to a digest, each choice framed by itself: words would read the same for other choices.
    fn hashed(&self, hasher: Hasher) -> Hasher {
        match self {
            Self::Choice(of) => of.iter().fold(hasher.with("type", "choice"), |hasher, one| hasher.with("one", one)),
            Self::Text(pattern) => hasher.with("type", "text").with("pattern", pattern.as_str()),
            Self::Number { min, max } => {
                hasher.with("type", "number").with("min", min.to_string()).with("max", max.to_string())
            }
            Self::Bool => hasher.with("type", "bool"),
        }
    }

    /// What is allowed, in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Choice(of) => format!("one of {}", of.join(", ")),
            Self::Text(pattern) => format!("text that matches {}", pattern.as_str()),
            Self::Number { min, max } => format!("a whole number from {min} to {max}"),
            Self::Bool => "true or false".to_owned(),
        }
    }
}
