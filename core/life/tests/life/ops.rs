//! Random orders of what people, drivers, targets and clocks do.

use jit_life::policy::{Wish, may_administer, may_decide};
use jit_life::step::{Decide, File, Take};
use jit_life::{Command, GrantStatus, Refused, Reply, Request, Timer, Verdict};
use jit_types::{Digest, RequestId, Span};
use proptest::prelude::*;

use crate::kit::{PEOPLE, ROLES, caller, claim_key, id, params, person, sealed, subject, subjects};
use crate::world::{Cut, World};

/// One thing that happens. Numbers choose among what there is.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Somebody files, often Alice.
    File {
        who: usize,
        role: usize,
        schema: bool,
        span: Option<u64>,
        /// Over a channel that has no keys.
        chat: bool,
    },
    /// Somebody decides; `stale` names another hash.
    Decide {
        who: usize,
        which: usize,
        approve: bool,
        span: Option<u64>,
        stale: bool,
    },
    Cancel {
        who: usize,
        which: usize,
    },
    /// Somebody claims. `on` says how far the order gets: stays on the wire, is carried out, is answered, or neither,
    /// because the broker dies. `same` uses the newest claim's id again.
    Claim {
        who: usize,
        which: usize,
        entitlement: u16,
        patience: u64,
        on: u8,
        same: bool,
        key: bool,
    },
    Release {
        who: usize,
        which: usize,
    },
    Revoke {
        which: usize,
    },
    Report {
        which: usize,
        claim: usize,
    },
    /// All rules are brought to the asks that wait.
    Revise,
    Law {
        what: u8,
    },
    CarryOut {
        which: usize,
    },
    Answer {
        which: usize,
        keep: bool,
    },
    Drive,
    RunOne {
        cut: u8,
    },
    Begin,
    Finish {
        which: usize,
    },
    Crash,
    Advance {
        secs: u64,
    },
    /// The broker's clock is set.
    Jump {
        secs: i64,
    },
    Target {
        up: bool,
    },
    Restore,
    /// A timer fires that is not due.
    Early {
        which: usize,
        what: u8,
        claim: usize,
    },
    /// Somebody wants more time, often Alice.
    Extend {
        who: usize,
        which: usize,
        span: u64,
    },
    /// An administrator locks or unlocks; number 3 is the administrator.
    Lock {
        what: usize,
        on: bool,
    },
    /// An administrator has somebody's texts erased.
    Erase {
        who: usize,
    },
    /// Orders with a new end stay on their way, or get through.
    Stall {
        on: bool,
    },
    /// The target can't move ends any more, or can again.
    Freeze {
        on: bool,
    },
    /// An order with a new end arrives that nobody waits for.
    Move {
        which: usize,
    },
    /// The target is well, and two and a half minutes pass.
    Calm,
}

pub(crate) fn ops(most: usize) -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 15..most)
}

/// Stories in which something is in use from the beginning, and is wanted for longer: what extensions do is rare otherwise.
pub(crate) fn longer(most: usize) -> impl Strategy<Value = Vec<Op>> {
    let begun = (0..3usize, prop::bool::weighted(0.7)).prop_map(|(role, take)| {
        let decide = |who| Op::Decide { who, which: 0, approve: true, span: None, stale: false };
        let claim =
            |entitlement| Op::Claim { who: 0, which: 0, entitlement, patience: 20, on: 0, same: false, key: true };
        let mut ops = vec![Op::File { who: 0, role, schema: true, span: Some(600), chat: false }];
        ops.extend((1..3).filter(|_| role < 2).map(decide));
        ops.extend((0..2).filter(|_| take).map(claim));
        ops
    });
    let often = prop_oneof![
        3 => op(),
        2 => prop_oneof![Just(60u64), Just(600), Just(1800)].prop_map(|span| Op::Extend { who: 0, which: 0, span }),
        2 => (1..4usize, prop::option::of(Just(60u64)), 0..8u8).prop_map(|(who, span, approve)| {
            Op::Decide { who, which: 0, approve: approve > 0, span, stale: false }
        }),
        1 => prop::bool::ANY.prop_map(|on| Op::Stall { on }),
        1 => (0..2usize).prop_map(|claim| Op::Early { which: 0, what: 3, claim }),
        1 => (0..2u16, 0..6u8).prop_map(|(entitlement, on)| Op::Claim {
            who: 0, which: 0, entitlement, patience: 20, on, same: false, key: true,
        }),
        1 => (0..4u8).prop_map(|cut| Op::RunOne { cut }),
        1 => Just(Op::Drive),
        1 => (0..3usize).prop_map(|which| Op::Move { which }),
        1 => prop_oneof![0..40u64, 200..700u64].prop_map(|secs| Op::Advance { secs }),
        1 => prop_oneof![Just(Op::Restore), Just(Op::Calm)],
    ];
    (begun, prop::collection::vec(often, 10..most)).prop_map(|(mut begun, ops)| {
        begun.extend(ops);
        begun
    })
}

fn op() -> impl Strategy<Value = Op> {
    let who = || prop_oneof![12 => Just(0usize), 1 => 1..PEOPLE.len()];
    let reviewer = || prop_oneof![1 => Just(0usize), 3 => Just(1usize), 5 => 2usize..4, 1 => Just(4usize)];
    let which = || prop_oneof![3 => Just(0usize), 2 => 0usize..4, 1 => 4usize..9];
    let few = || 0usize..4;
    let span = || prop::option::of(prop_oneof![Just(60u64), Just(600), Just(3600), Just(7200), Just(9000)]);
    prop_oneof![
        5 => (who(), prop_oneof![2 => Just(0usize), 3 => Just(1), 2 => Just(2)], any::<bool>(), span(), prop::bool::weighted(0.3))
            .prop_map(|(who, role, schema, span, chat)| Op::File { who, role, schema, span, chat }),
        9 => (reviewer(), which(), 0..10u8, span(), 0..10u8).prop_map(|(who, which, approve, span, stale)| {
            Op::Decide { who, which, approve: approve > 0, span, stale: stale == 0 }
        }),
        1 => (who(), which()).prop_map(|(who, which)| Op::Cancel { who, which }),
        18 => (who(), which(), prop_oneof![4 => Just(0u16), 4 => Just(1), 1 => Just(2)], prop_oneof![Just(5u64), Just(20), Just(90)], 0..8u8, 0..6u8, 0..12u8).prop_map(
            |(who, which, entitlement, patience, on, same, key)| Op::Claim {
                who, which, entitlement, patience, on, same: same == 0, key: key > 0,
            }
        ),
        2 => (who(), which()).prop_map(|(who, which)| Op::Release { who, which }),
        1 => which().prop_map(|which| Op::Revoke { which }),
        1 => (which(), few()).prop_map(|(which, claim)| Op::Report { which, claim }),
        3 => Just(Op::Revise),
        2 => (0..8u8).prop_map(|what| Op::Law { what }),
        3 => few().prop_map(|which| Op::CarryOut { which }),
        3 => (few(), any::<bool>()).prop_map(|(which, keep)| Op::Answer { which, keep }),
        5 => Just(Op::Drive),
        4 => (0..4u8).prop_map(|cut| Op::RunOne { cut }),
        3 => Just(Op::Begin),
        3 => few().prop_map(|which| Op::Finish { which }),
        1 => Just(Op::Crash),
        5 => prop_oneof![8 => 0..10u64, 8 => 10..100u64, 3 => 100..1000u64, 1 => 1000..8000u64]
            .prop_map(|secs| Op::Advance { secs }),
        1 => prop_oneof![-5000..5000i64, -30..30i64].prop_map(|secs| Op::Jump { secs }),
        2 => prop::bool::weighted(0.6).prop_map(|up| Op::Target { up }),
        3 => Just(Op::Restore),
        1 => (which(), 0..5u8, few()).prop_map(|(which, what, claim)| Op::Early { which, what, claim }),
        1 => Just(Op::Calm),
        8 => (who(), which(), prop_oneof![Just(60u64), Just(600), Just(1800), Just(3600)])
            .prop_map(|(who, which, span)| Op::Extend { who, which, span }),
        2 => (prop_oneof![1 => Just(0usize), 4 => 1..7usize], prop::bool::weighted(0.2))
            .prop_map(|(what, on)| Op::Lock { what, on }),
        2 => (0..2usize).prop_map(|who| Op::Erase { who }),
        2 => prop::bool::weighted(0.4).prop_map(|on| Op::Stall { on }),
        1 => prop::bool::weighted(0.3).prop_map(|on| Op::Freeze { on }),
        2 => few().prop_map(|which| Op::Move { which }),
    ]
}

/// The request that a number stands for, the newest first: a low number among those that fit, where any does.
fn pick(world: &World, which: usize, fits: impl Fn(&Request) -> bool) -> Option<Request> {
    let all: Vec<_> = world.requests.values().collect();
    let fitting: Vec<_> = all.iter().copied().filter(|request| which < 4 && fits(request)).collect();
    let among = if fitting.is_empty() { all } else { fitting };
    (!among.is_empty()).then(|| among[among.len() - 1 - which % among.len()].clone())
}

fn granted(request: &Request) -> bool {
    let grant = request.grant.as_ref();
    grant.is_some_and(|grant| matches!(grant.status, GrantStatus::Ready | GrantStatus::Active))
}

impl World {
    /// Makes one thing happen.
    pub(crate) fn happen(&mut self, op: &Op) {
        match op {
            Op::File { who, role, schema, span, chat } => {
                self.chat = *chat;
                drop(self.file(PEOPLE[*who], ROLES[*role], *schema, *span));
                self.chat = false;
            }
            Op::Decide { who, which, approve, span, stale } => {
                let Some(request) = pick(self, *which, |request| request.pending().is_some()) else { return };
                let span = span.map(Span::from_secs);
                let verdict = if *approve { Verdict::Approve { span } } else { Verdict::Deny };
                drop(self.decide(PEOPLE[*who], request.id, verdict, *stale));
            }
            Op::Cancel { who, which } => self.on(*which, |_| Some(Command::Cancel { by: subject(PEOPLE[*who]) })),
            Op::Claim { who, which, entitlement, patience, on, same, key } => {
                let Some(request) = pick(self, *which, granted) else { return };
                let newest = request.grant.as_ref().and_then(|grant| grant.claims.last()).filter(|_| *same);
                let claim = newest.map_or_else(|| id(self.next()), |claim| claim.id);
                let key = claim_key(if *key { PEOPLE[*who] } else { "somebody else" });
                drop(self.claim(PEOPLE[*who], request.id, claim, *entitlement, *patience, &key, *on));
            }
            Op::Release { who, which } => self.on(*which, |_| Some(Command::Release { by: subject(PEOPLE[*who]) })),
            Op::Revoke { which } => {
                let right = may_administer(&self.rules, &caller("ada"), "grant").unwrap();
                self.on(*which, |_| Some(Command::Revoke { right, reason: sealed("ada", "why") }));
            }
            Op::Report { which, claim } => self.on(*which, |request| {
                let grant = request.grant.as_ref()?;
                let claim = grant.claims.get(*claim)?.id;
                Some(Command::Report { by: request.subject, claim })
            }),
            Op::Revise => self.revise(),
            Op::Law { what } => self.change_law(|law| match what {
                0 | 1 => law.bob_approves = !law.bob_approves,
                2 => law.alice_asks = !law.alice_asks,
                3 => law.count = 3 - law.count,
                4 => law.one_by_rule = !law.one_by_rule,
                5 => law.database = 1 - law.database,
                6 => law.hours = 3 - law.hours,
                _ => law.tail = 60 - law.tail,
            }),
            Op::CarryOut { which } => self.carry_out(*which),
            Op::Answer { which, keep } => self.answer(*which, *keep),
            Op::Drive => drop(self.drive()),
            Op::RunOne { cut } => {
                let cut = [Cut::Never, Cut::BeforeCall, Cut::AfterCall, Cut::Twice][usize::from(*cut)];
                self.run_one(cut, &mut [].into());
            }
            Op::Begin => self.begin(),
            Op::Finish { which } => self.finish(*which),
            Op::Crash => self.crash(),
            Op::Advance { secs } => self.now = self.now.after(Span::from_secs(*secs)),
            // A target that can't hold an end has the broker's clock only, so a wrong one can't be borne.
            Op::Jump { secs } if self.law.plants => {
                self.jumped = true;
                self.now = self.now.plus_millis(secs * 1000);
                self.ahead += secs * 1000;
            }
            Op::Target { up } => self.target.up = *up,
            Op::Restore if self.law.plants => self.target.restore(),
            Op::Jump { .. } | Op::Restore => {}
            Op::Early { which, what, claim } => self.on(*which, |request| {
                let claim = request.grant.as_ref().and_then(|grant| grant.claims.get(*claim)).map(|claim| claim.id);
                Some(Command::Due(match what {
                    0 => Timer::StartBy,
                    1 => Timer::End,
                    2 => Timer::Settle(claim?),
                    3 => Timer::ClaimEnd(claim?),
                    _ => Timer::Lapse(request.newest()?.id),
                }))
            }),
            Op::Calm => self.calm(),
            Op::Extend { who, which, span } => {
                let Some(request) = pick(self, *which, granted) else { return };
                drop(self.extend(PEOPLE[*who], request.id, *span));
            }
            Op::Lock { what, on } => self.lock_or_unlock(*what, *on),
            Op::Erase { who } => drop(self.erase(PEOPLE[*who])),
            Op::Stall { on } => self.stall = *on,
            Op::Freeze { on } => self.target.frozen = *on,
            Op::Move { which } => self.arrive(*which),
        }
    }

    fn on(&mut self, which: usize, command: impl FnOnce(&Request) -> Option<Command>) {
        if let Some(request) = pick(self, which, granted)
            && let Some(command) = command(&request)
        {
            drop(self.play(request.id, None, &command));
        }
    }

    pub(crate) fn wish(&self, role: &str, schema: bool, span: Option<u64>) -> Wish {
        let reason = "INC-42 slow orders".to_owned();
        Wish { role: role.parse().unwrap(), params: params(role, schema), span: span.map(Span::from_secs), reason }
    }

    pub(crate) fn file(
        &mut self,
        who: &str,
        role: &str,
        schema: bool,
        span: Option<u64>,
    ) -> Result<(RequestId, Reply), Refused> {
        let right = self.may_request(who, &self.wish(role, schema, span))?;
        let (request, ask, grant) = (id(self.next()), id(self.next()), id(self.next()));
        let key = Request::key(subject(who), right.role(), right.params());
        let reason = sealed(who, "INC-42 slow orders");
        let file = File { id: request, ask, grant, right, claim_key: (!self.chat).then(|| claim_key(who)), reason };
        let reply = self.play(request, Some((subject(who), key)), &Command::File(Box::new(file)))?;
        Ok((request, reply))
    }

    pub(crate) fn decide(
        &mut self,
        who: &str,
        request: RequestId,
        verdict: Verdict,
        stale: bool,
    ) -> Result<Reply, Refused> {
        let (role, ask) = {
            let request = &self.requests[&request];
            (request.role.clone(), request.newest().unwrap().clone())
        };
        let right = may_decide(&self.rules, &caller(who), &role, &subjects())?;
        let hash = if stale { Digest::of(b"what was asked before") } else { ask.hash };
        let (grant, channel) = (id(self.next()), "terminal".to_owned());
        let decide = Decide { ask: ask.id, hash, grant, right, verdict, comment: None, channel, evidence: None };
        self.play(request, None, &Command::Decide(Box::new(decide)))
    }

    #[allow(clippy::too_many_arguments, reason = "each is one thing that may be wrong with a claim")]
    pub(crate) fn claim(
        &mut self,
        who: &str,
        request: RequestId,
        claim: jit_types::ClaimId,
        entitlement: u16,
        patience: u64,
        key: &str,
        on: u8,
    ) -> Result<Reply, Refused> {
        let state = self.requests[&request].clone();
        let right = self.may_use(who, &state)?;
        if self.lane(&state, entitlement, claim).is_some_and(|lane| self.busy(&lane)) {
            return Ok(Reply::Noted);
        }
        let (patience, material) = (Span::from_secs(patience), Digest::of(b"material"));
        let take = Take { claim, entitlement, right, claim_key: key.to_owned(), material, patience };
        let reply = self.play(request, None, &Command::Claim(Box::new(take)))?;
        if reply != Reply::Claimed(claim) {
            return Ok(reply);
        }
        let order = self.order(request, claim).unwrap();
        if on != 7 {
            self.wire.push((request, order));
            self.tasks.push((request, claim, None));
        }
        if on < 5 {
            self.carry_out(self.wire.len() - 1);
        }
        if on < 4 {
            self.answer(self.tasks.len() - 1, false);
        }
        if on >= 6 {
            self.crash();
        }
        Ok(reply)
    }

    /// Brings the rules of now to every ask that waits, as the house does when its config has changed.
    pub(crate) fn revise(&mut self) {
        for request in self.requests.clone().into_values() {
            let Some(pending) = request.pending() else { continue };
            let name = PEOPLE.iter().find(|name| subject(name) == request.subject).unwrap();
            assert_eq!(person(name), caller(name).person);
            let longest = Span::from_secs(self.law.hours * 3600);
            let (role, params, reason) = (request.role.clone(), request.params.clone(), "INC-42".to_owned());
            let wish = Wish { role, params, span: Some(pending.total().min(longest)), reason };
            let right = self.may_request(name, &wish).map(Box::new);
            drop(self.play(request.id, None, &Command::Revise { right }));
        }
    }

    /// The target is well and two and a half minutes pass: what was ending has ended, what has ended opens nothing.
    pub(crate) fn calm(&mut self) {
        self.target.up = true;
        // What is due by a clock that was ahead waits until the clock is there again.
        self.now = self.now.max(self.watch.latest);
        let over: Vec<_> = self
            .requests
            .values()
            .flat_map(|request| request.grant.iter().flat_map(|grant| &grant.claims).map(|claim| (request.id, claim)))
            .filter(|(_, claim)| claim.ends() <= self.now || !claim.held())
            .filter(|(_, claim)| {
                let answered = claim.handle.is_some() && !claim.unsettled();
                answered || claim.deadline.plus_millis(5_000) <= self.now
            })
            .map(|(request, claim)| (request, claim.id))
            .collect();
        let stall = std::mem::take(&mut self.stall);
        for _ in 0..75 {
            self.now = self.now.plus_millis(2_000);
            self.drive();
        }
        self.stall = stall;
        for (request, claim) in over {
            let state = self.requests[&request].claim(claim).unwrap().clone();
            let back = self.target.restored.contains(&claim);
            // A list is only needed before the end: of one whose clock is behind the broker's, its own clock has to come.
            let behind = self.jumped && self.order(request, claim).is_some_and(|order| order.publishes);
            let gone = !state.live() || back || behind && self.target_now() < state.end;
            self.watch.hold("what_is_over_is_proven_gone_once_the_target_answers", gone, || format!("{state:?}"));
            // Where clocks were set or a backup was put back, the planted end is what holds.
            if !self.jumped && !back {
                let usable = self.target.usable(claim, self.target_now());
                let rule = "nothing_is_usable_after_its_end_and_the_bound";
                self.watch.hold(rule, !usable, || format!("{state:?}"));
            }
        }
    }

    /// All that can still happen by itself happens; then nothing waits, and nothing opens anything.
    pub(crate) fn run_out(&mut self) {
        self.target.up = true;
        self.crash();
        self.stall = false;
        while !self.wire.is_empty() {
            self.carry_out(0);
        }
        while !self.moves.is_empty() {
            self.arrive(0);
        }
        for _ in 0..5_000 {
            let Some(due) = self.next_due() else { break };
            self.now = self.now.max(due);
            if !self.drive() {
                // What is due waits for its lane.
                self.now = self.now.plus_millis(1_000);
            }
        }
        let left: Vec<_> = self.outbox.keys().collect();
        let clear = left.is_empty();
        let left = format!("{left:?}");
        self.watch.hold("everything_comes_to_an_end_by_itself", clear, || left);
        for request in self.requests.values() {
            let closed = !request.open() && request.grant.iter().flat_map(|g| &g.claims).all(|claim| !claim.live());
            self.watch.hold("everything_comes_to_an_end_by_itself", closed, || format!("{request:?}"));
        }
        // By the target's own clock, however far it is behind, all planted ends have come.
        let ends = self.requests.values().flat_map(|r| r.grant.iter().flat_map(|g| &g.claims)).map(|claim| claim.end);
        let late = ends.max().unwrap_or(self.now).max(self.target_now());
        for claim in self.target.claims() {
            let usable = self.target.usable(claim, late);
            self.watch.hold("nothing_is_usable_after_its_end_and_the_bound", !usable, || format!("{claim}"));
        }
    }
}
