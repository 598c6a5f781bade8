//! A store with an outbox, lanes, leases and fences; a driver that plays what is due at least once; and a crash.

use std::collections::{BTreeMap, BTreeSet};

use jit_life::request::lane;
use jit_life::{
    ClaimStatus, Command, Effect, EffectKind, Facts, Locks, Refused, Reply, Request, Rules, Step, Timer, policy,
    transition,
};
use jit_types::{ClaimId, Digest, Proof, RequestId, Subject, Timestamp};

use crate::kit::{Law, START, caller};
use crate::target::{Answer, Order, Target};
use crate::watch::Watch;

/// How long the driver leases an effect for.
const LEASE: i64 = 30_000;

/// A fault in the pure step.
pub(crate) type Twist = fn(&mut Step);

/// An effect's key.
pub(crate) type Key = (RequestId, EffectKind);

/// An effect in the outbox.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) effect: Effect,
    pub(crate) leased_until: Option<Timestamp>,
    pub(crate) fence: u64,
    pub(crate) version: u64,
}

/// What a driver holds while it is at work on an effect.
#[derive(Clone, Debug)]
pub(crate) struct Leased {
    key: Key,
    fence: u64,
    version: u64,
}

/// Where a driver's work is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Not at all.
    Never,
    /// After the lease, before the target was called.
    BeforeCall,
    /// After the target was called, before the outcome was written.
    AfterCall,
    /// After the outcome was written: told twice.
    Twice,
}

/// All there is.
pub(crate) struct World {
    pub(crate) now: Timestamp,
    /// How far the broker's clock is ahead of true time, and the target's clock.
    pub(crate) ahead: i64,
    pub(crate) skew: i64,
    pub(crate) jumped: bool,
    pub(crate) law: Law,
    pub(crate) rules: Rules,
    pub(crate) requests: BTreeMap<RequestId, Request>,
    pub(crate) outbox: BTreeMap<Key, Row>,
    pub(crate) target: Target,
    /// Orders on their way to the target: a crash of the broker does not stop them.
    pub(crate) wire: Vec<(RequestId, Order)>,
    /// The tasks that wait for an answer, lost in a crash; an answer, once it is there.
    pub(crate) tasks: Vec<(RequestId, ClaimId, Option<Answer>)>,
    /// Outcomes that a driver has not written yet, lost in a crash.
    pub(crate) parked: Vec<(Leased, Option<Command>)>,
    pub(crate) watch: Watch,
    /// A fault in the pure step, for the tests of the watch itself.
    pub(crate) twist: Option<Twist>,
    /// How often people were alerted.
    pub(crate) alerts: u32,
    pub(crate) locks: Locks,
    /// Orders with a new end on their way, which nobody waits for any more.
    pub(crate) moves: Vec<Order>,
    /// Whether such orders stay on their way.
    pub(crate) stall: bool,
    /// Whether what is filed comes over a channel that has no keys.
    pub(crate) chat: bool,
    count: u64,
}

impl World {
    pub(crate) fn new(plants: bool, skew: i64) -> Self {
        let law = Law::new(plants);
        let rules = law.rules();
        Self {
            now: START,
            ahead: 0,
            jumped: false,
            skew,
            law,
            rules,
            requests: BTreeMap::new(),
            outbox: BTreeMap::new(),
            target: Target::well(),
            wire: vec![],
            tasks: vec![],
            parked: vec![],
            watch: Watch::new(),
            twist: None,
            alerts: 0,
            locks: Locks::default(),
            moves: vec![],
            stall: false,
            chat: false,
            count: 100,
        }
    }

    /// A number that was never used before.
    pub(crate) fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// The target's clock.
    pub(crate) fn target_now(&self) -> Timestamp {
        self.now.plus_millis(self.skew - self.ahead)
    }

    pub(crate) fn change_law(&mut self, change: impl FnOnce(&mut Law)) {
        change(&mut self.law);
        self.rules = self.law.rules();
    }

    /// The right to ask, or to ask on, for what a request asks for.
    pub(crate) fn may_request(&self, who: &str, wish: &policy::Wish) -> Result<policy::MayRequest, Refused> {
        policy::may_request(&self.rules, &caller(who), wish, &|backend, scope| self.law.capability(backend, scope))
    }

    /// The right to use what a request asks for.
    pub(crate) fn may_use(&self, who: &str, request: &Request) -> Result<policy::MayUse, Refused> {
        let ask = |backend: &_, scope: &_| self.law.capability(backend, scope);
        policy::may_use(&self.rules, &caller(who), &request.role, &request.params, &ask)
    }

    /// Loads, plays, checks and saves one step.
    pub(crate) fn play(&mut self, id: RequestId, key: Option<(Subject, Digest)>, command: &Command) -> Reply0 {
        self.play_done(id, key, command, None)
    }

    fn play_done(
        &mut self,
        id: RequestId,
        key: Option<(Subject, Digest)>,
        command: &Command,
        done: Option<&Leased>,
    ) -> Reply0 {
        let before = self.requests.get(&id).cloned();
        let facts = self.facts(key);
        let mut step = transition(before.as_ref(), &facts, command, self.now);
        if let Some(twist) = self.twist {
            twist(&mut step);
        }
        self.watch.step(before.as_ref(), &step, command, self.now, &self.law);
        self.save(id, &step, done);
        if !matches!(step.reply, Err(_) | Ok(Reply::Attached(_))) {
            let again = transition(self.requests.get(&id), &self.facts(key), command, self.now);
            self.watch.again(command, &again);
        }
        self.watch.state(self.now, &self.requests, &self.outbox);
        self.watch_target();
        step.reply
    }

    fn facts(&self, key: Option<(Subject, Digest)>) -> Facts {
        let locks = self.locks.clone();
        let Some((subject, key)) = key else { return Facts::new(locks) };
        let mut open = self.requests.values().filter(|request| request.open());
        Facts {
            same: open.clone().find(|request| request.own_key() == key).map(|request| request.id),
            open_of_person: open.by_ref().filter(|request| request.subject == subject).count() as u32,
            locks,
        }
    }

    fn save(&mut self, id: RequestId, step: &Step, done: Option<&Leased>) {
        if let Some(state) = &step.state {
            self.requests.insert(id, state.clone());
        }
        for kind in &step.drop {
            self.outbox.remove(&(id, kind.clone()));
        }
        for effect in &step.effects {
            let version = self.next();
            let key = (id, effect.kind.clone());
            // Replacing what somebody is at work on keeps the lease, so that the lane stays taken.
            let (fence, lease) = self.outbox.get(&key).map_or((0, None), |row| (row.fence, row.leased_until));
            let leased_until = effect.leased_until.or(lease);
            self.outbox.insert(key, Row { effect: effect.clone(), leased_until, fence, version });
        }
        if let Some(done) = done
            && let Some(row) = self.outbox.get_mut(&done.key)
        {
            if row.version == done.version {
                self.outbox.remove(&done.key);
            } else {
                row.leased_until = None;
            }
        }
    }

    /// Whether somebody is at work in a lane.
    pub(crate) fn busy(&self, lane: &str) -> bool {
        let taken = |row: &Row| row.leased_until.is_some_and(|until| until > self.now);
        self.outbox.values().any(|row| row.effect.lane.as_deref() == Some(lane) && taken(row))
    }

    /// The next moment at which something is due, and not leased beyond it.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.outbox.values().map(|row| row.leased_until.map_or(row.effect.due, |until| until.max(row.effect.due))).min()
    }

    /// Leases one due effect whose lane is free.
    fn lease(&mut self, skip: &BTreeSet<Key>) -> Option<Leased> {
        let free = |row: &Row| row.effect.due <= self.now && row.leased_until.is_none_or(|until| until <= self.now);
        let mut due: Vec<(Timestamp, Key)> = self
            .outbox
            .iter()
            .filter(|(key, row)| free(row) && !skip.contains(*key))
            .filter(|(_, row)| row.effect.lane.as_ref().is_none_or(|lane| !self.busy(lane)))
            .map(|(key, row)| (row.effect.due, key.clone()))
            .collect();
        due.sort();
        let (_, key) = due.into_iter().next()?;
        let row = self.outbox.get_mut(&key)?;
        row.leased_until = Some(self.now.plus_millis(LEASE));
        row.fence += 1;
        Some(Leased { key, fence: row.fence, version: row.version })
    }

    /// The order that a claim stands for.
    pub(crate) fn order(&self, id: RequestId, claim: ClaimId) -> Option<Order> {
        let request = self.requests.get(&id)?;
        let claim = request.claim(claim)?;
        let gives = &request.entitlement(claim)?.capability;
        let (plants, publishes) = (gives.plants_end, gives.publishes);
        Some(Order { claim: claim.id, deadline: claim.deadline, end: claim.end, plants, publishes })
    }

    /// What is seen to be gone of what can be used, without touching it.
    pub(crate) fn seen_gone(&self, id: RequestId) -> Vec<(ClaimId, Proof)> {
        let claims = self.requests.get(&id).into_iter().flat_map(Request::claims);
        let usable = claims.filter(|claim| matches!(claim.status, ClaimStatus::Usable { .. }));
        let look = |claim: ClaimId| self.target.probe(&self.order(id, claim)?, self.target_now()).ok();
        usable.filter_map(|claim| Some((claim.id, look(claim.id)?))).collect()
    }

    /// Does what an effect says and gives back the outcome.
    fn call(&mut self, (id, kind): &Key) -> Option<Command> {
        let now = self.target_now();
        let jitter = (self.next() * 37 % 1000) as u16;
        match kind {
            EffectKind::Lapse(ask) => Some(Command::Due(Timer::Lapse(*ask))),
            EffectKind::StartBy => Some(Command::Due(Timer::StartBy)),
            // A driver may look first at what the target's clock ends, or not.
            EffectKind::End if jitter < 500 => Some(Command::Due(Timer::End)),
            EffectKind::End => Some(Command::Expired { gone: self.seen_gone(*id) }),
            EffectKind::Settle(claim) => Some(Command::Due(Timer::Settle(*claim))),
            EffectKind::ClaimEnd(claim) => Some(Command::Due(Timer::ClaimEnd(*claim))),
            EffectKind::Extend(claim) => {
                let order = self.order(*id, *claim)?;
                Some(Command::Extended { claim: *claim, end: order.end, outcome: self.move_end(order), jitter })
            }
            EffectKind::Lock(target) => {
                self.carry_out_lock(target, usize::MAX);
                None
            }
            EffectKind::Revoke(claim) => {
                let outcome = self.target.revoke(&self.order(*id, *claim)?, now);
                Some(Command::Ended { claim: *claim, outcome, jitter })
            }
            EffectKind::Look(claim) => {
                let outcome = self.target.probe(&self.order(*id, *claim)?, now);
                Some(Command::Looked { claim: *claim, outcome, jitter })
            }
            EffectKind::Publish(backend) => {
                let claims = self.requests.values().filter_map(|request| Some((request, request.grant.as_ref()?)));
                let ended = claims.flat_map(|(request, grant)| {
                    let of = |entitlement| request.gives.get(usize::from(entitlement)).map(|gives| &gives.backend);
                    let ended = grant.claims.iter().filter(|claim| !claim.held());
                    ended.filter(move |claim| of(claim.entitlement) == Some(backend)).map(|claim| claim.id)
                });
                self.target.publish(ended.collect());
                None
            }
            EffectKind::Alert(_) => {
                self.alerts += 1;
                None
            }
            EffectKind::Announce(_) | EffectKind::Update(_) | EffectKind::Tell(_) => None,
        }
    }

    /// Writes an outcome; one whose fence is no longer the newest is refused.
    fn write(&mut self, leased: &Leased, outcome: Option<&Command>) {
        if self.outbox.get(&leased.key).is_none_or(|row| row.fence != leased.fence) {
            return;
        }
        match outcome {
            Some(command) => drop(self.play_done(leased.key.0, None, command, Some(leased))),
            None => {
                if self.outbox.get(&leased.key).is_some_and(|row| row.version == leased.version) {
                    self.outbox.remove(&leased.key);
                    if let EffectKind::Lock(target) = &leased.key.1
                        && self.watch.locked.contains(target)
                    {
                        self.watch.carried.insert(target.clone());
                        self.watch.state(self.now, &self.requests, &self.outbox);
                    }
                }
            }
        }
    }

    /// Runs one due effect; `false` when there is none.
    pub(crate) fn run_one(&mut self, cut: Cut, skip: &mut BTreeSet<Key>) -> bool {
        let Some(leased) = self.lease(skip) else { return false };
        skip.insert(leased.key.clone());
        if cut == Cut::BeforeCall {
            // Of what is many steps, one may have been taken.
            if let EffectKind::Lock(target) = &leased.key.1 {
                self.carry_out_lock(target, 1);
            }
            self.crash();
            return true;
        }
        let outcome = self.call(&leased.key);
        if cut == Cut::AfterCall {
            self.crash();
            return true;
        }
        self.write(&leased, outcome.as_ref());
        if cut == Cut::Twice
            && let Some(command) = &outcome
        {
            drop(self.play(leased.key.0, None, command));
        }
        true
    }

    /// Runs what is due now, each once; says whether there was anything.
    pub(crate) fn drive(&mut self) -> bool {
        let mut skip = BTreeSet::new();
        while self.run_one(Cut::Never, &mut skip) {}
        !skip.is_empty()
    }

    /// Begins one due effect, whose outcome comes later.
    pub(crate) fn begin(&mut self) {
        let Some(leased) = self.lease(&BTreeSet::new()) else { return };
        let outcome = self.call(&leased.key);
        self.parked.push((leased, outcome));
    }

    /// Writes an outcome that came late.
    pub(crate) fn finish(&mut self, which: usize) {
        if !self.parked.is_empty() {
            let (leased, outcome) = self.parked.swap_remove(which % self.parked.len());
            self.write(&leased, outcome.as_ref());
        }
    }

    /// The broker dies: work in memory is lost, the store is kept, what is on the wire goes on.
    pub(crate) fn crash(&mut self) {
        self.tasks.clear();
        self.parked.clear();
    }

    /// The target gets an order from the wire.
    pub(crate) fn carry_out(&mut self, which: usize) {
        if self.wire.is_empty() {
            return;
        }
        let (request, order) = self.wire.swap_remove(which % self.wire.len());
        let answer = self.target.carry_out(&order, self.target_now());
        if answer.is_ok() {
            self.watch.issued(&self.requests, request, order.claim);
        }
        if let Some(task) = self.tasks.iter_mut().find(|task| task.1 == order.claim) {
            task.2 = Some(answer);
        }
    }

    /// A task tells what it has heard; or, where nothing was heard yet, that nothing was.
    pub(crate) fn answer(&mut self, which: usize, keep: bool) {
        if self.tasks.is_empty() {
            return;
        }
        let at = which % self.tasks.len();
        let (request, claim, answer) = self.tasks[at].clone();
        if !keep {
            self.tasks.swap_remove(at);
        }
        let outcome = answer.unwrap_or_else(|| Err(jit_types::Words::new("no answer in time")));
        drop(self.play(request, None, &Command::Issued { claim, outcome }));
    }

    /// The lane that a claim of this request would take.
    pub(crate) fn lane(&self, request: &Request, entitlement: u16, claim: ClaimId) -> Option<String> {
        request.gives.get(usize::from(entitlement)).map(|gives| lane(gives, claim))
    }
}

type Reply0 = Result<Reply, Refused>;
