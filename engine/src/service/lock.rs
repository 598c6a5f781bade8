//! Locking people and roles out, and letting them in again.

use std::sync::Arc;

use jit_life::lock::{LockCommand, lock};
use jit_life::policy::{self, Caller};
use jit_life::{LockTarget, Locks, Refused, RefusedKind, Reply};
use jit_types::{Free, PersonId, RoleName, Timestamp, Words};

use super::refusals::Attempt;
use super::texts;
use crate::error::Error;
use crate::house::House;
use crate::store::{AnswerKey, LockJob, Query};

/// Who or what is meant, as people name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A person.
    Person(PersonId),
    /// A role.
    Role(RoleName),
    /// Either, by a name that only one of them has.
    Either(String),
}

/// A lock, as far as somebody may see it.
#[derive(Clone, Debug)]
pub struct Locked {
    /// The person, where it is one and their name is known.
    pub person: Option<PersonId>,
    /// The role, where it is one.
    pub role: Option<RoleName>,
    /// Since when.
    pub since: Timestamp,
    /// By whom; for administrators.
    pub by: Option<PersonId>,
    /// Why; for administrators.
    pub reason: Option<Free>,
}

impl House {
    /// Ends all that a person or a role holds and refuses what is new, until it is unlocked. Administrators only. Says what
    /// was done, and who or what was meant.
    ///
    /// # Errors
    /// When the caller is none, or is locked; when nobody is called so.
    pub async fn lock(
        &self,
        caller: &Caller,
        whom: &Whom,
        reason: &str,
        answer: Option<AnswerKey>,
    ) -> Result<(Words, LockTarget), Error> {
        self.set_lock(caller, whom, reason, answer, true).await
    }

    /// Lets a person or a role in again. What was ended stays so.
    ///
    /// # Errors
    /// As [`House::lock`].
    pub async fn unlock(
        &self,
        caller: &Caller,
        whom: &Whom,
        reason: &str,
        answer: Option<AnswerKey>,
    ) -> Result<(Words, LockTarget), Error> {
        self.set_lock(caller, whom, reason, answer, false).await
    }

    async fn set_lock(
        &self,
        caller: &Caller,
        whom: &Whom,
        reason: &str,
        answer: Option<AnswerKey>,
        on: bool,
    ) -> Result<(Words, LockTarget), Error> {
        let kind = match (whom, on) {
            (Whom::Role(_), true) => "role.locked",
            (Whom::Role(_), false) => "role.unlocked",
            (_, true) => "person.locked",
            (_, false) => "person.unlocked",
        };
        let _gate = self.gate.read().await;
        // Nobody else learns from the answer who is known here.
        let right = self.administers(caller, "person or role", Attempt::new(kind)).await?;
        if reason.trim().is_empty() {
            let refused = Refused::new(RefusedKind::Invalid, "reason", "a lock, and its end, say why");
            return Err(refused.hint("--reason \"…\"").into());
        }
        if reason.len() > policy::LONGEST_REASON {
            return Err(Refused::new(RefusedKind::Invalid, "reason", "a reason has at most 32 KiB").into());
        }
        let target = self.lock_target(whom).await?;
        let meant = target.clone();
        let (reason, opening) = texts::seal(self, caller.subject, "reason", reason)?;
        let command = if on {
            LockCommand::Lock { right, target, reason }
        } else {
            LockCommand::Unlock { right, target, reason }
        };
        let (now, refusals) = (self.now(), Arc::clone(&self.refusals));
        let play = move |locks: &Locks| {
            let mut step = lock(locks, &command, now);
            if step.reply.is_err() {
                step.events = refusals.thin_out(step.events, now);
            }
            step
        };
        let job = LockJob { target: meant.clone(), at: now, play: Box::new(play), openings: vec![opening], answer };
        let played = self.store().play_locks(job).await?;
        self.wake.notify_one();
        let words = match played.reply? {
            Reply::Already(words) => words,
            _ => Words::new(if on { "locked" } else { "unlocked" }),
        };
        Ok((words, meant))
    }

    /// Who or what is meant. Whoever has left the config may still hold something, and a role as well.
    async fn lock_target(&self, whom: &Whom) -> Result<LockTarget, Error> {
        match whom {
            Whom::Person(person) => {
                Ok(self.locked_person(person).await?.ok_or_else(|| Refused::not_found("person"))?)
            }
            Whom::Role(role) => Ok(self.locked_role(role).await?.ok_or_else(|| Refused::not_found("role"))?),
            Whom::Either(name) => {
                let person = match name.parse() {
                    Ok(person) => self.locked_person(&person).await?,
                    Err(_) => None,
                };
                let role = match name.parse() {
                    Ok(role) => self.locked_role(&role).await?,
                    Err(_) => None,
                };
                match (person, role) {
                    (Some(target), None) | (None, Some(target)) => Ok(target),
                    (None, None) => Err(Refused::not_found("person or role").into()),
                    (Some(_), Some(_)) => {
                        let message = format!("`{name}` is both a person and a role");
                        let refused = Refused::new(RefusedKind::Invalid, "name", message);
                        Err(refused.hint("say which: --person or --role").into())
                    }
                }
            }
        }
    }

    async fn locked_person(&self, person: &PersonId) -> Result<Option<LockTarget>, Error> {
        if let Some(subject) = self.known_subject(person) {
            return Ok(Some(LockTarget::Person(subject)));
        }
        // Somebody who has not come yet can be locked before they do.
        if self.rules().people.contains_key(person) {
            return Ok(Some(LockTarget::Person(self.subject(person).await?)));
        }
        Ok(None)
    }

    async fn locked_role(&self, role: &RoleName) -> Result<Option<LockTarget>, Error> {
        let target = LockTarget::Role(role.clone());
        if self.rules().roles.contains_key(role) || self.store().locks().holds(&target) {
            return Ok(Some(target));
        }
        let open = Query { open: true, most: u32::MAX, ..Default::default() };
        let held = self.store().requests(open).await?.iter().any(|request| request.role == *role);
        Ok(held.then_some(target))
    }

    /// The locks that concern a caller: all for an administrator; else those of the caller and of the roles that the caller
    /// may ask for or decide about, without who and why.
    ///
    /// # Errors
    /// When the store can't be used.
    pub async fn locks(&self, caller: &Caller) -> Result<Vec<Locked>, Error> {
        let all = self.may_administer(caller, "lock").is_ok();
        let mut seen = Vec::new();
        for lock in self.store().locks().iter() {
            let concerns = match &lock.target {
                LockTarget::Person(subject) => *subject == caller.subject,
                LockTarget::Role(name) => self.concerns(caller, name),
            };
            if !all && !concerns {
                continue;
            }
            let (person, role) = match &lock.target {
                LockTarget::Person(subject) => (self.person(*subject), None),
                LockTarget::Role(role) => (None, Some(role.clone())),
            };
            let by = if all { self.person(lock.by) } else { None };
            let reason = if all { self.open_text(&lock.reason).await? } else { None };
            seen.push(Locked { person, role, since: lock.at, by, reason });
        }
        Ok(seen)
    }

    /// Whether a caller has to do with a role: may ask for it, or decide about it.
    fn concerns(&self, caller: &Caller, name: &RoleName) -> bool {
        let rules = self.rules();
        let reaches = caller.only_roles.as_ref().is_none_or(|only| only.contains(name));
        let Some(role) = rules.roles.get(name).filter(|_| reaches) else { return false };
        let decides = match &role.approval {
            jit_life::Approval::ByRule => false,
            jit_life::Approval::ByPeople { from, .. } => rules.among(&caller.person, from),
        };
        decides || rules.among(&caller.person, &role.requesters)
    }
}
