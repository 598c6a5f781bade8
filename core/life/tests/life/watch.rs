//! What must be so after every step. Each rule has a name, and counts how often it had something to say.

use std::collections::{BTreeMap, BTreeSet};

use jit_life::request::lane;
use jit_life::{
    Ask, AskStatus, Claim, ClaimStatus, Command, EffectKind, Grant, GrantStatus, LockTarget, RefusedKind, Reply,
    Request, ReviewVerdict, Step, Verdict,
};
use jit_types::{ClaimId, Outcome, RequestId, Span, Subject, Timestamp};

use crate::kit::Law;
use crate::world::{Key, Row};

/// Counts what held and keeps what did not.
pub(crate) struct Watch {
    pub(crate) broken: Vec<(&'static str, String)>,
    pub(crate) seen: BTreeMap<&'static str, u64>,
    /// The latest that the broker's clock has ever shown.
    pub(crate) latest: Timestamp,
    /// Claims whose credential was handed out.
    handed: BTreeSet<ClaimId>,
    /// Who and what is locked, told without the code under test; and what of that was carried out.
    pub(crate) locked: BTreeSet<LockTarget>,
    pub(crate) carried: BTreeSet<LockTarget>,
}

fn grant(request: Option<&Request>) -> Option<&Grant> {
    request?.grant.as_ref()
}

fn claims(request: Option<&Request>) -> impl Iterator<Item = &Claim> {
    grant(request).into_iter().flat_map(|grant| &grant.claims)
}

fn settled(claim: &Claim) -> bool {
    matches!(claim.status, ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. })
}

fn ending(claim: &Claim) -> bool {
    matches!(claim.status, ClaimStatus::Ending { .. })
}

impl Watch {
    /// Nothing seen yet.
    pub(crate) fn new() -> Self {
        Self {
            broken: vec![],
            seen: BTreeMap::new(),
            latest: Timestamp::EPOCH,
            handed: BTreeSet::new(),
            locked: BTreeSet::new(),
            carried: BTreeSet::new(),
        }
    }

    /// Notes that a rule had something to say, and whether it held.
    pub(crate) fn hold(&mut self, rule: &'static str, held: bool, what: impl FnOnce() -> String) {
        *self.seen.entry(rule).or_default() += 1;
        if !held && self.broken.len() < 20 {
            self.broken.push((rule, what()));
        }
    }

    /// One step.
    pub(crate) fn step(&mut self, before: Option<&Request>, step: &Step, command: &Command, now: Timestamp, law: &Law) {
        let told = |kind: &str| step.events.iter().any(|event| event.kind == kind);
        if step.reply.is_err() {
            let bare = step.state.is_none() && step.effects.is_empty() && step.drop.is_empty();
            let one = step.events.len() == 1 && step.events[0].outcome == Outcome::Refused;
            self.hold("a_refusal_changes_nothing_and_is_recorded_once", bare && one, || format!("{step:?}"));
        }
        if let Command::Decide(decide) = command
            && let Some(request) = before
            && let Some(ask) = request.asks.iter().find(|ask| ask.id == decide.ask)
        {
            let requester = request.subject;
            if ask.status != AskStatus::Pending {
                let honest = match &step.reply {
                    Ok(Reply::Already(words)) => !words.as_str().is_empty(),
                    // Who may never decide it hears that, whatever has become of it.
                    Err(refused) if decide.right.caller().subject == requester => refused.kind == RefusedKind::Denied,
                    // So does who is locked, or decides for somebody who is.
                    Err(refused) if refused.about == "locked" => refused.kind == RefusedKind::Denied,
                    Err(refused) if ask.status == AskStatus::Lapsed => refused.kind == RefusedKind::Lapsed,
                    Err(refused) => refused.kind == RefusedKind::Conflict,
                    _ => false,
                };
                let word = "a_second_decision_is_a_no_op_with_an_honest_word";
                self.hold(word, honest && step.state.is_none(), || format!("{ask:?} {:?}", step.reply));
            }
            if now >= ask.decide_by {
                self.hold("a_late_decision_never_revives", step.state.is_none(), || format!("{ask:?}"));
            }
        }
        if let (Some(before), Some(after)) = (before, &step.state)
            && before.claim_key != after.claim_key
        {
            let first = before.claim_key.is_none() && before.claims().next().is_none();
            let key = if let Command::Claim(take) = command { Some(take.claim_key.as_str()) } else { None };
            let set = key.is_some() && key == after.claim_key.as_deref();
            let recorded = told("claim_key.set") && told("claim.intended");
            let so = first && set && recorded;
            self.hold("a_claim_key_is_set_once_and_by_the_first_claim", so, || format!("{command:?}"));
        }
        if let Command::Looked { claim, .. } = command
            && let Some(claim) = before.and_then(|request| request.claim(*claim))
            && settled(claim)
            && now < claim.end
        {
            let kinds = [EffectKind::Look(claim.id), EffectKind::Revoke(claim.id)];
            let goes_on = step.effects.iter().any(|effect| kinds.contains(&effect.kind));
            self.hold("what_ended_early_is_looked_at_again", goes_on, || format!("{claim:?} {command:?}"));
        }
        self.lock_step(before, step, command);
        let Some(after) = &step.state else { return };
        self.longer(before, after, command, now, law);
        // How often a try has failed is told at powers of two only, so that a long outage does not flood the log.
        let without = |request: &Request| {
            let mut request = request.clone();
            for claim in request.grant.iter_mut().flat_map(|grant| &mut grant.claims) {
                claim.failures = 0;
                if let Some(moved) = &mut claim.moved {
                    (moved.tries, claim.deadline) = (0, Timestamp::EPOCH);
                }
            }
            request
        };
        if before.map(without) != Some(without(after)) {
            let named = step.events.iter().all(|event| event.request == Some(after.id) && event.at == now);
            let told = !step.events.is_empty() && named;
            self.hold("every_change_of_state_carries_an_event", told, || format!("{command:?}"));
        }
        for ask in before.iter().flat_map(|request| &request.asks).filter(|ask| ask.status != AskStatus::Pending) {
            let same = after.asks.contains(ask);
            self.hold("terminal_ask_states_never_change", same, || format!("{ask:?} {:?}", after.asks));
        }
        for ask in &after.asks {
            let own = ask.reviews.iter().any(|review| review.subject == after.subject);
            self.hold("nobody_approves_their_own_request", !own, || format!("{ask:?}"));
        }
        if let (None, Some(made)) = (grant(before), &after.grant) {
            self.made(before, after, made, command, law);
        }
        if let Command::Revise { right } = command {
            self.revised(before, after, right.is_ok());
        }
        self.grant_moves(grant(before), after, step, now);
        for claim in claims(Some(after)) {
            let old = before.and_then(|request| request.claim(claim.id));
            if old.is_some_and(settled) && !settled(claim) {
                let said = ending(claim) && (told("claim.resurfaced") || told("claim.late"));
                self.hold("what_is_gone_comes_back_only_when_that_is_told", said, || format!("{claim:?}"));
            }
            if settled(claim) && !old.is_some_and(settled) {
                let proven = claim.handle.is_some() || now >= claim.deadline;
                let rule = "without_a_handle_nothing_is_gone_before_its_deadline";
                self.hold(rule, proven, || format!("{claim:?} at {now}"));
                if claim.end > now {
                    let look = step.effects.iter().any(|effect| effect.kind == EffectKind::Look(claim.id));
                    self.hold("what_ended_early_is_looked_at_again", look, || format!("{claim:?}"));
                }
            }
            let publishes = after.entitlement(claim).is_some_and(|gives| gives.capability.publishes);
            // When it begins, and again when it does not succeed: the list may have been written over since.
            let anew = old.is_none_or(|old| !ending(old) || claim.failures > old.failures.max(1));
            if publishes && ending(claim) && anew && claim.end > now {
                let put = step.effects.iter().any(|effect| matches!(effect.kind, EffectKind::Publish(_)));
                self.hold("what_a_list_ends_early_is_published", put, || format!("{claim:?}"));
            }
        }
        for effect in &step.effects {
            if let EffectKind::Revoke(id) = effect.kind {
                let over = after.claim(id).is_some_and(ending);
                self.hold("only_what_is_ending_is_revoked", over, || format!("{command:?}"));
            }
        }
        if let (Command::Issued { claim, .. }, Ok(Reply::Claimed(_))) = (command, &step.reply) {
            self.handed.insert(*claim);
        }
    }

    /// The approvals of an ask that count, told without the code under test.
    pub(crate) fn counted(&self, ask: &Ask, request: &Request, law: &Law) -> BTreeMap<Subject, Span> {
        let approvers = law.approvers();
        let standing = ask.reviews.iter().filter(|review| !review.void && approvers.contains(&review.subject));
        let standing = standing.filter(|review| !self.locked.contains(&LockTarget::Person(review.subject)));
        standing
            .filter(|review| review.subject != request.subject)
            .filter_map(|review| match review.verdict {
                ReviewVerdict::Approve { span } => Some((review.subject, span)),
                ReviewVerdict::Deny => None,
            })
            .collect()
    }

    /// A grant was made: by whom, and for how long?
    fn made(&mut self, before: Option<&Request>, after: &Request, made: &Grant, command: &Command, law: &Law) {
        let Some(ask) = after.newest() else { return };
        let asked = before.and_then(Request::newest).map_or(ask.span, |ask| ask.span);
        self.hold("a_grant_is_never_longer_than_asked", made.span <= asked && made.span.secs() > 0, || {
            format!("{made:?} {ask:?}")
        });
        let Command::Decide(decide) = command else {
            let by_rule = matches!(command, Command::File(_)) && ask.need == 0 && ask.status == AskStatus::Approved;
            self.hold("no_grant_without_an_approved_ask", by_rule, || format!("{command:?}"));
            return;
        };
        let counted = self.counted(ask, after, law);
        let enough = counted.len() as u32 >= law.needs(&after.role) && ask.status == AskStatus::Approved;
        self.hold("no_grant_without_an_approved_ask", enough, || format!("{ask:?}"));
        self.hold("approvals_of_those_who_lost_the_right_do_not_count", enough, || format!("{ask:?} {law:?}"));
        let shortest = counted.values().min().copied();
        self.hold("a_grant_is_never_longer_than_any_approval", Some(made.span) == shortest, || {
            format!("{made:?} {ask:?}")
        });
        if let Verdict::Approve { span: Some(span) } = decide.verdict {
            self.hold("who_says_less_time_is_heard", made.span <= span, || format!("{made:?} {:?}", decide.verdict));
        }
    }

    fn revised(&mut self, before: Option<&Request>, after: &Request, may: bool) {
        let Some(old) = before.and_then(Request::pending) else { return };
        let Some(new) = after.asks.iter().find(|ask| ask.id == old.id) else { return };
        let status = if may { AskStatus::Pending } else { AskStatus::Cancelled };
        // An extension for which there is nothing left, or which would give anything else, is cancelled too.
        let extension = new.extends.is_some() && new.status == AskStatus::Cancelled;
        let still = (new.status == status || extension) && after.grant.as_ref() == grant(before);
        self.hold("a_change_of_rules_never_approves", still, || format!("{new:?}"));
        if new.status == AskStatus::Pending {
            let void = new.reviews.iter().all(|review| review.void) && new.need > 0 && new.span <= old.span;
            self.hold("a_change_of_role_voids_reviews", void, || format!("{new:?}"));
        }
    }

    fn grant_moves(&mut self, old: Option<&Grant>, after: &Request, step: &Step, now: Timestamp) {
        let Some(new) = &after.grant else { return };
        if let Some(old) = old {
            let stays = match old.status {
                GrantStatus::Ended { .. } => new.status == old.status,
                GrantStatus::Ending { why, .. } => {
                    new.status == old.status || matches!(new.status, GrantStatus::Ended { why: now, .. } if now == why)
                }
                GrantStatus::Ready | GrantStatus::Active => true,
            };
            let kept = old.id == new.id && old.start_by == new.start_by;
            self.hold("ended_grants_never_come_back", stays && kept, || format!("{old:?} {new:?}"));
            if old.status == GrantStatus::Active && new.status == GrantStatus::Ready {
                let unused = new.claims.iter().all(|claim| !self.handed.contains(&claim.id) && settled(claim));
                self.hold("only_an_unused_window_is_given_back", unused, || format!("{new:?}"));
            }
        }
        let ended = |grant: &Grant| matches!(grant.status, GrantStatus::Ended { .. });
        if ended(new) && !old.is_some_and(ended) {
            let clear = new.claims.iter().all(settled);
            self.hold("a_grant_has_ended_when_nothing_of_it_lives", clear, || format!("{new:?}"));
        }
        let failed = |claim: &Claim| matches!(claim.status, ClaimStatus::Failed { .. });
        let last = |claim: &&Claim| old.and_then(|g| g.claims.iter().find(|c| c.id == claim.id)).is_some_and(failed);
        let all = !new.claims.is_empty() && new.claims.iter().all(failed) && !new.claims.iter().all(|c| last(&c));
        if all && old.is_some_and(|old| old.status == GrantStatus::Active) && now < new.start_by {
            let back = new.status == GrantStatus::Ready && step.events.iter().any(|e| e.kind == "grant.given_back");
            self.hold("an_unused_window_is_given_back", back, || format!("{new:?}"));
        }
    }

    /// The same command, played a second time at once.
    pub(crate) fn again(&mut self, command: &Command, step: &Step) {
        // Each failed try is one more failed try.
        if !matches!(command, Command::Ended { outcome: Err(_), .. } | Command::Extended { outcome: Err(_), .. }) {
            let quiet = step.state.is_none() && (step.reply.is_err() || step.events.is_empty());
            self.hold("the_same_command_again_changes_nothing", quiet, || format!("{command:?} {step:?}"));
        }
    }

    /// The target has carried out an order.
    pub(crate) fn issued(&mut self, requests: &BTreeMap<RequestId, Request>, id: RequestId, claim: ClaimId) {
        let intent = requests.get(&id).filter(|request| request.claim(claim).is_some());
        let approved = intent.is_some_and(|r| r.asks.iter().any(|ask| ask.status == AskStatus::Approved));
        self.hold("nothing_is_issued_without_an_approved_ask", approved, || format!("{intent:?}"));
    }

    /// All requests and the outbox, after a step.
    pub(crate) fn state(
        &mut self,
        now: Timestamp,
        requests: &BTreeMap<RequestId, Request>,
        outbox: &BTreeMap<Key, Row>,
    ) {
        self.latest = self.latest.max(now);
        let mut keys = BTreeSet::new();
        for request in requests.values() {
            let due = |kind| outbox.get(&(request.id, kind)).map(|row| row.effect.due);
            if request.open() {
                let new = keys.insert(request.own_key());
                self.hold("one_open_request_per_key", new, || format!("{}", request.id));
            }
            for ask in request.asks.iter().filter(|ask| ask.status == AskStatus::Pending) {
                let waits = due(EffectKind::Lapse(ask.id)) == Some(ask.decide_by);
                self.hold("every_pending_ask_has_its_lapse_waiting", waits, || format!("{ask:?}"));
                let hash = request.hash_of(ask);
                self.hold("the_hash_is_over_what_is_asked_now", hash == ask.hash, || format!("{ask:?}"));
            }
            self.longer_state(request, outbox);
            let Some(grant) = &request.grant else { continue };
            self.window(request, grant);
            match grant.status {
                GrantStatus::Ready => {
                    let waits = due(EffectKind::StartBy) == Some(grant.start_by) && grant.window.is_none();
                    self.hold("every_ready_grant_has_its_start_by_waiting", waits, || format!("{grant:?}"));
                }
                GrantStatus::Active => {
                    let waits = grant.window.is_some() && due(EffectKind::End) == grant.window.map(|w| w.end);
                    self.hold("every_active_grant_has_its_end_waiting", waits, || format!("{grant:?}"));
                }
                GrantStatus::Ending { .. } => {
                    let live = grant.claims.iter().any(Claim::live);
                    self.hold("a_grant_is_ending_while_a_claim_lives", live, || format!("{grant:?}"));
                }
                GrantStatus::Ended { .. } => {}
            }
            let mut held = BTreeSet::new();
            for claim in &grant.claims {
                if ending(claim) {
                    let revoke = due(EffectKind::Revoke(claim.id));
                    // Without a handle it waits for the deadline; with one, at most a minute, by the clock of that moment.
                    let soon = self.latest.max(claim.deadline).plus_millis(65_000);
                    let waits = revoke.is_some_and(|due| due <= soon || due <= claim.end);
                    self.hold("ending_is_never_given_up", waits, || format!("{claim:?} {revoke:?}"));
                }
                if claim.status == ClaimStatus::Issuing {
                    let waits = due(EffectKind::Settle(claim.id)).is_some_and(|due| due >= claim.deadline);
                    self.hold("every_order_on_its_way_has_its_settling_waiting", waits, || format!("{claim:?}"));
                    let settle = outbox.get(&(request.id, EffectKind::Settle(claim.id)));
                    let lane = request.entitlement(claim).map(|gives| lane(gives, claim.id));
                    let held = settle.is_some_and(|row| {
                        row.effect.lane == lane && row.leased_until.is_some_and(|until| until >= claim.deadline)
                    });
                    self.hold("an_order_on_its_way_has_its_lane_to_itself", held, || format!("{claim:?} {settle:?}"));
                }
                if claim.held() {
                    // What was claimed before an extension ends by itself, soon.
                    let only = held.insert((claim.entitlement, claim.ends())) && grant.status == GrantStatus::Active;
                    self.hold("one_live_credential_for_one_entitlement", only, || format!("{grant:?}"));
                }
            }
        }
    }

    /// The worst-case end that an approver was shown bounds everything.
    fn window(&mut self, request: &Request, grant: &Grant) {
        let Some(ask) = request.asks.iter().rev().find(|ask| ask.status == AskStatus::Approved) else { return };
        let worst = match ask.extends {
            None => ask.decide_by.after(ask.start_by).after(ask.span),
            Some(extends) => extends.end.after(ask.span),
        };
        for claim in &grant.claims {
            let bounded = claim.end <= worst && claim.deadline <= claim.end;
            self.hold("no_order_outlives_the_worst_case_end", bounded, || format!("{claim:?} {ask:?}"));
        }
        if let Some(window) = grant.window {
            let exact = window.end == window.start.after(grant.span) && window.start < grant.start_by;
            self.hold("a_window_is_as_long_as_approved", exact, || format!("{grant:?}"));
        }
    }
}
