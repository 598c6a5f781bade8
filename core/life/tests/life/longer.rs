//! The rest of a grant's life as it is played: more time, locks, erasure.

use jit_life::erase::erased;
use jit_life::lock::LockCommand;
use jit_life::policy::{may_administer, may_erase, may_extend};
use jit_life::step::Extend;
use jit_life::{ClaimStatus, Command, LockTarget, NotMoved, Refused, Reply, Request};
use jit_types::{Handle, RequestId, Span, Words};

use crate::kit::{ROLES, caller, id, sealed, subject};
use crate::target::Order;
use crate::world::{Row, World};

/// Whom or what a number stands for: Alice, an approver, another, the administrator, the roles.
pub(crate) fn target(what: usize) -> LockTarget {
    match ["alice", "bob", "carol", "ada"].get(what) {
        Some(name) => LockTarget::Person(subject(name)),
        None => LockTarget::Role(ROLES[what - 4].parse().unwrap()),
    }
}

impl World {
    /// Asks for more time.
    pub(crate) fn extend(&mut self, who: &str, request: RequestId, secs: u64) -> Result<Reply, Refused> {
        let state = self.requests[&request].clone();
        let right = {
            let backends = |backend: &_, scope: &_| self.law.capability(backend, scope);
            may_extend(&self.rules, &caller(who), &state, Span::from_secs(secs), "INC-42 not done", &backends)?
        };
        let extend = Extend { ask: id(self.next()), right, reason: sealed(who, "INC-42 not done") };
        self.play(request, None, &Command::Extend(Box::new(extend)))
    }

    /// Locks or unlocks, and checks what comes of it against what must.
    pub(crate) fn lock(&mut self, who: &str, target: &LockTarget, on: bool) -> Result<Reply, Refused> {
        let (right, reason) = (may_administer(&self.rules, &caller(who), "lock")?, sealed(who, "why"));
        let target = target.clone();
        let command = if on {
            LockCommand::Lock { right, target: target.clone(), reason }
        } else {
            LockCommand::Unlock { right, target: target.clone(), reason }
        };
        let locks = self.locks.clone();
        let step = jit_life::lock::lock(&locks, &command, self.now);
        let barred = self.watch.locked.contains(&LockTarget::Person(subject(who)));
        let so = self.watch.locked.contains(&target) == on;
        let still = step.state.is_none() && step.effects.is_empty();
        let one = step.events.len() == 1 && step.events[0].actor == Some(subject(who));
        let good = match &step.reply {
            Err(refused) => barred && still && one && refused.about == "locked",
            Ok(Reply::Already(_)) => !barred && so && still && step.events.is_empty(),
            Ok(_) => !barred && !so && one && step.state.is_some() && step.effects.len() == usize::from(on),
        };
        self.watch.hold("who_is_locked_locks_and_unlocks_nothing", good, || format!("{command:?} {step:?}"));
        if let Some(state) = step.state {
            self.locks = state;
            self.watch.carried.remove(&target);
            if on {
                self.watch.locked.insert(target);
            } else {
                self.watch.locked.remove(&target);
            }
            let held: Vec<_> = self.locks.iter().map(|lock| lock.target.clone()).collect();
            let same = held.len() == self.watch.locked.len() && held.iter().all(|t| self.watch.locked.contains(t));
            self.watch.hold("who_is_locked_locks_and_unlocks_nothing", same, || format!("{held:?}"));
        }
        for effect in step.effects {
            let version = self.next();
            let key = (id(0), effect.kind.clone());
            self.outbox.insert(key, Row { effect, leased_until: None, fence: 0, version });
        }
        step.reply
    }

    /// Ada locks something, or unlocks what is locked; where it is herself, the config names another who does.
    pub(crate) fn lock_or_unlock(&mut self, what: usize, on: bool) {
        if on {
            drop(self.lock("ada", &target(what), true));
            return;
        }
        let first = self.watch.locked.first().cloned().unwrap_or_else(|| target(what));
        if self.lock("ada", &first, false).is_err() {
            self.rules.administrators.insert(crate::kit::person("eve"));
            drop(self.lock("eve", &first, false));
            self.rules = self.law.rules();
        }
    }

    /// Ends what falls under a lock: at most so many requests.
    pub(crate) fn carry_out_lock(&mut self, target: &LockTarget, most: usize) {
        let open = self.requests.values().filter(|request| target.covers(request) && request.open());
        let all: Vec<RequestId> = open.map(|request| request.id).take(most).collect();
        for request in all {
            drop(self.play(request, None, &Command::EndLocked));
        }
    }

    /// Has somebody's texts erased: all their requests, or none.
    pub(crate) fn erase(&mut self, who: &str) -> Result<Reply, Refused> {
        let admin = may_administer(&self.rules, &caller("ada"), "subject")?;
        let right = may_erase(&admin, subject(who), self.requests.values(), &self.locks, self.now)?;
        assert_eq!(erased(&right, self.now).subject, Some(subject(who)));
        let own: Vec<RequestId> =
            self.requests.values().filter(|request| request.subject == subject(who)).map(|r| r.id).collect();
        for request in own {
            self.play(request, None, &Command::Erase { right: right.clone() })?;
        }
        Ok(Reply::Noted)
    }

    /// An order with a new end goes out: it gets there, or it stays on its way and nobody waits for it.
    pub(crate) fn move_end(&mut self, order: Order) -> Result<Handle, NotMoved> {
        if self.stall {
            self.moves.push(order);
            return Err(NotMoved { words: Words::new("no answer in time"), for_good: false });
        }
        self.target.extend(&order, self.target_now())
    }

    /// An order with a new end arrives that nobody waits for.
    pub(crate) fn arrive(&mut self, which: usize) {
        if !self.moves.is_empty() {
            let order = self.moves.swap_remove(which % self.moves.len());
            drop(self.target.extend(&order, self.target_now()));
        }
    }

    /// What the target must hold while the store says that something can be used.
    pub(crate) fn watch_target(&mut self) {
        let now = self.target_now();
        let all: Vec<_> = self.requests.values().flat_map(Request::claims).cloned().collect();
        for claim in all.iter().filter(|claim| matches!(claim.status, ClaimStatus::Usable { .. })) {
            let planted = self.target.planted(claim.id);
            let moved = claim.moved.filter(|moved| moved.status != jit_life::request::MoveStatus::Moved);
            // Until the target has said that it holds a new end, the old one is all that is sure.
            let sure = moved.map_or(claim.end, |moved| moved.from);
            if now < sure || planted.is_none() {
                let usable = self.target.usable(claim.id, now);
                self.watch.hold("overlapping_grants_never_cut_each_other", usable, || format!("{claim:?}"));
                if claim.moved.is_some() {
                    self.watch.hold("an_extension_never_cuts", usable, || format!("{claim:?}"));
                }
            }
            if let Some(planted) = planted {
                let one = planted == claim.end || moved.is_some_and(|moved| planted_before(&moved, planted, claim.end));
                self.watch.hold("a_planted_end_moves_to_exactly_the_new_end", one, || format!("{claim:?} {planted}"));
            }
        }
    }
}

/// While an end is on its way through several extensions, it is one of those that were ordered.
fn planted_before(moved: &jit_life::request::Moved, planted: jit_types::Timestamp, end: jit_types::Timestamp) -> bool {
    moved.from <= planted && planted <= end
}
