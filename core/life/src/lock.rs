//! Locks: what ends all that a person or a role holds and refuses new, until it is unlocked.
//!
//! The set is an aggregate of its own. Steps of requests see it as a fact, read in the same transaction, so that nothing
//! slips in between a lock and what it ends.

use jit_types::{Commitment, Event, RoleName, Subject, Timestamp, Words};
use serde::{Deserialize, Serialize};

use crate::policy::MayAdminister;
use crate::refused::{Refused, RefusedKind};
use crate::request::Request;
use crate::step::{Effect, EffectKind, Reply};

/// Who or what is locked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockTarget {
    /// One person, through whatever they act.
    Person(Subject),
    /// One role, whoever holds it.
    Role(RoleName),
}

impl LockTarget {
    /// Whether a request falls under it.
    pub fn covers(&self, request: &Request) -> bool {
        match self {
            Self::Person(subject) => *subject == request.subject,
            Self::Role(role) => *role == request.role,
        }
    }
}

/// One lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Who or what is locked.
    pub target: LockTarget,
    /// By whom.
    pub by: Subject,
    /// Why; sealed apart.
    pub reason: Commitment,
    /// Since when.
    pub at: Timestamp,
}

/// All locks in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Locks(Vec<Lock>);

impl Locks {
    /// The locks, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Lock> {
        self.0.iter()
    }

    /// Whether this is locked.
    pub fn holds(&self, target: &LockTarget) -> bool {
        self.0.iter().any(|lock| lock.target == *target)
    }

    /// Whether a request falls under a lock.
    pub fn cover(&self, request: &Request) -> bool {
        self.0.iter().any(|lock| lock.target.covers(request))
    }

    /// Refuses a person who is locked.
    ///
    /// # Errors
    /// That they are, and who can change it.
    pub fn unlocked(&self, actor: Subject) -> Result<(), Refused> {
        if self.holds(&LockTarget::Person(actor)) {
            return Err(refused("you are locked").hint("an administrator who is not locked can end that"));
        }
        Ok(())
    }

    /// Refuses whatever would give a role to a person while one of them is locked.
    ///
    /// # Errors
    /// Which of them is, and who can change it.
    pub fn open(&self, actor: Subject, subject: Subject, role: &RoleName) -> Result<(), Refused> {
        self.unlocked(actor)?;
        let hint = "an administrator can end that with `jit unlock`";
        if self.holds(&LockTarget::Person(subject)) {
            return Err(refused("its requester is locked").hint(hint));
        }
        if self.holds(&LockTarget::Role(role.clone())) {
            return Err(refused(format!("`{role}` is locked")).hint(hint));
        }
        Ok(())
    }
}

fn refused(message: impl AsRef<str>) -> Refused {
    Refused::new(RefusedKind::Denied, "locked", message)
}

/// What is asked of the locks.
#[derive(Clone, Debug)]
pub enum LockCommand {
    /// To lock.
    Lock {
        /// By which right.
        right: MayAdminister,
        /// Whom or what.
        target: LockTarget,
        /// Why; sealed apart.
        reason: Commitment,
    },
    /// To unlock.
    Unlock {
        /// By which right.
        right: MayAdminister,
        /// Whom or what.
        target: LockTarget,
        /// Why; sealed apart.
        reason: Commitment,
    },
}

/// What a step of the locks does.
#[derive(Clone, Debug)]
pub struct LockStep {
    /// The locks afterwards; `None` when they are unchanged.
    pub state: Option<Locks>,
    /// What is told to the audit log.
    pub events: Vec<Event>,
    /// What is to be done.
    pub effects: Vec<Effect>,
    /// The answer.
    pub reply: Result<Reply, Refused>,
}

/// Plays one command on the locks. Locking what is locked is a harmless no-op, and so is unlocking what is not; who is
/// locked does neither.
pub fn lock(locks: &Locks, command: &LockCommand, now: Timestamp) -> LockStep {
    let (right, target, reason, on) = match command {
        LockCommand::Lock { right, target, reason } => (right, target, reason, true),
        LockCommand::Unlock { right, target, reason } => (right, target, reason, false),
    };
    let by = right.caller();
    let event = event(target, on, now).actor(by.subject).field_of(by.subject, "by", &by.person);
    if let Err(refused) = locks.unlocked(by.subject) {
        let event = event.refused().field("why", &refused.message);
        return LockStep { state: None, events: vec![event], effects: vec![], reply: Err(refused) };
    }
    if locks.holds(target) == on {
        let words = if on { "it was locked before" } else { "it is not locked" };
        let reply = Ok(Reply::Already(Words::new(words)));
        return LockStep { state: None, events: vec![], effects: vec![], reply };
    }
    let mut state = locks.clone();
    let mut effects = Vec::new();
    if on {
        state.0.push(Lock { target: target.clone(), by: by.subject, reason: *reason, at: now });
        // What they hold is ended by as many steps as there are requests: the effect outlives a crash between any two.
        effects.push(Effect { kind: EffectKind::Lock(target.clone()), due: now, lane: None, leased_until: None });
    } else {
        state.0.retain(|lock| lock.target != *target);
    }
    LockStep { state: Some(state), events: vec![event.field("reason", reason)], effects, reply: Ok(Reply::Noted) }
}

fn event(target: &LockTarget, on: bool, now: Timestamp) -> Event {
    match target {
        LockTarget::Person(subject) => {
            Event::new(if on { "person.locked" } else { "person.unlocked" }, now).subject(*subject)
        }
        LockTarget::Role(role) => Event::new(if on { "role.locked" } else { "role.unlocked" }, now).role(role.clone()),
    }
}
