//! What must be so of extensions, locks and erasure.

use std::collections::BTreeMap;

use jit_life::{
    Ask, AskStatus, Claim, Command, EffectKind, Grant, GrantStatus, LockTarget, RefusedKind, Reply, Request, Step,
    Timer,
};
use jit_types::{Extends, Subject, Timestamp};

use crate::kit::Law;
use crate::watch::Watch;
use crate::world::{Key, Row};

/// Whether a grant can still be used, told without the code under test.
fn live(grant: &Grant, now: Timestamp) -> bool {
    match (grant.status, grant.window) {
        (GrantStatus::Ready, None) => now < grant.start_by,
        (GrantStatus::Active, Some(window)) => now < window.end,
        _ => false,
    }
}

fn changed<'a>(before: Option<&'a Request>, after: &'a Request) -> Option<(Option<&'a Ask>, &'a Ask)> {
    let old = |ask: &Ask| before.and_then(|request| request.asks.iter().find(|old| old.id == ask.id));
    let extensions = after.asks.iter().filter(|ask| ask.extends.is_some());
    extensions
        .map(|ask| (old(ask), ask))
        .find(|(old, ask)| ask.status != AskStatus::Pending && old.is_none_or(|old| old.status == AskStatus::Pending))
}

fn actor(command: &Command) -> Option<Subject> {
    match command {
        Command::File(file) => Some(file.right.caller().subject),
        Command::Extend(extend) => Some(extend.right.caller().subject),
        Command::Decide(decide) => Some(decide.right.caller().subject),
        Command::Claim(take) => Some(take.right.caller().subject),
        Command::Revoke { right, .. } => Some(right.caller().subject),
        Command::Erase { right } => Some(right.caller().subject),
        _ => None,
    }
}

impl Watch {
    /// One step of a request's: nothing is given to who is locked.
    pub(crate) fn lock_step(&mut self, before: Option<&Request>, step: &Step, command: &Command) {
        let Some(actor) = actor(command) else { return };
        let gives = !matches!(command, Command::Revoke { .. } | Command::Erase { .. });
        let file = match command {
            Command::File(file) => Some((actor, file.right.role().clone())),
            _ => None,
        };
        let of = before.map(|request| (request.subject, request.role.clone())).or(file);
        let is = |target| self.locked.contains(&target);
        let locked = is(LockTarget::Person(actor))
            || gives && of.is_some_and(|(subject, role)| is(LockTarget::Person(subject)) || is(LockTarget::Role(role)));
        if locked {
            let kinds = [RefusedKind::Denied, RefusedKind::NotFound];
            let refused = match &step.reply {
                Err(refused) => kinds.contains(&refused.kind),
                Ok(reply) => matches!(reply, Reply::Already(_)) && before.is_some(),
            };
            let nothing = step.state.is_none() && refused && !matches!(step.reply, Ok(Reply::Attached(_)));
            self.hold("who_is_locked_gets_nothing", nothing, || format!("{command:?} {:?}", step.reply));
        }
    }

    /// One step that changed something.
    pub(crate) fn longer(
        &mut self,
        before: Option<&Request>,
        after: &Request,
        command: &Command,
        now: Timestamp,
        law: &Law,
    ) {
        if after.erased.is_some() && before.is_some_and(|request| request.erased.is_none()) {
            let claims = || after.grant.iter().flat_map(|grant| &grant.claims);
            let over = !after.open() && claims().all(|claim| !claim.live() && claim.end <= now);
            self.hold("nothing_that_lives_is_erased", over, || format!("{after:?}"));
        }
        let (Some(old), Some(new)) = (before.and_then(|request| request.grant.as_ref()), &after.grant) else { return };
        match changed(before, after) {
            Some((_, ask)) if ask.status == AskStatus::Approved => self.extended(old, after, new, ask, now, law),
            decided => {
                let end = |grant: &Grant| grant.window.map(|window| window.end);
                let moved = old.window.is_some() && new.window.is_some() && end(old) != end(new);
                let same = old.span == new.span && !moved;
                self.hold("only_an_approved_extension_moves_an_end", same, || format!("{old:?} {new:?}"));
                let ends = old.status != new.status;
                if let Some((_, ask)) = decided.filter(|_| !ends) {
                    let rule = "an_extension_that_is_not_approved_changes_no_grant";
                    self.hold(rule, old == new, || format!("{ask:?} {old:?} {new:?}"));
                }
            }
        }
        for claim in &new.claims {
            let Some(was) = old.claims.iter().find(|was| was.id == claim.id) else { continue };
            self.claim_moves((old, new), (was, claim), after, command, now);
        }
    }

    /// An extension was approved: by whom, and to which end?
    fn extended(&mut self, old: &Grant, after: &Request, new: &Grant, ask: &Ask, now: Timestamp, law: &Law) {
        let what = || format!("{ask:?} {old:?} {new:?}");
        self.hold("a_late_approval_extends_nothing", live(old, now) && now < ask.decide_by, what);
        let shortest = if ask.need == 0 {
            Some(ask.span)
        } else {
            let counted = self.counted(ask, after, law);
            let enough = counted.len() as u32 >= law.needs(&after.role);
            self.hold("no_extension_without_its_own_approvals", enough, what);
            counted.values().min().copied()
        };
        let Some(more) = shortest else { return };
        let moved = match (old.window, new.window) {
            (Some(was), Some(is)) => is.end == was.end.after(more) && is.start == was.start,
            (None, None) => true,
            _ => false,
        };
        let exact = moved && new.span == old.span.plus(more) && new.status == old.status;
        self.hold("only_an_approved_extension_moves_an_end", exact, what);
        let bound = new.window.map_or(new.start_by.after(new.span), |window| window.end);
        let shown = ask.extends.map(|extends| extends.end.after(ask.span));
        let within = more <= ask.span && shown.is_some_and(|shown| bound <= shown);
        self.hold("an_extension_stays_within_what_was_shown", within, what);
        let most = new.span.secs() <= law.hours * 3600;
        self.hold("with_extensions_a_grant_stays_within_the_roles_most", most, what);
    }

    fn claim_moves(
        &mut self,
        (old, new): (&Grant, &Grant),
        (was, is): (&Claim, &Claim),
        after: &Request,
        command: &Command,
        now: Timestamp,
    ) {
        let what = || format!("{was:?} {is:?} {command:?}");
        if was.end != is.end {
            let in_place = after.entitlement(is).is_some_and(|gives| gives.capability.extends == Extends::InPlace);
            let exact = in_place && is.moving() && new.window.is_some_and(|window| window.end == is.end);
            self.hold("only_an_approved_extension_moves_an_end", exact, what);
        }
        let cut = was.held() && !is.held();
        let extends = match command {
            Command::Extend(_) | Command::Extended { .. } => true,
            Command::Decide(_) => old.span != new.span,
            _ => false,
        };
        if extends {
            self.hold("an_extension_never_cuts", !cut, what);
        }
        if cut && matches!(command, Command::Due(Timer::ClaimEnd(_))) {
            self.hold("what_ends_sooner_than_its_grant_is_not_cut_before", was.ends() <= now, what);
        }
        let ends = old.status != new.status;
        if let (true, false, Command::Claim(take)) = (cut, ends, command) {
            // A claim takes the place of the one before, but not of what an extension has left to its own end.
            let place = is.entitlement == take.entitlement && old.window.is_none_or(|w| was.ends() >= w.end);
            self.hold("a_claim_after_an_extension_cuts_no_claim_before_it", place, what);
        }
        if cut && was.moving() && !ends {
            let taken = matches!(command, Command::Claim(_));
            self.hold("nothing_is_cut_before_the_outcome_of_an_extension_is_known", taken, what);
        }
        if was.moving() && matches!(command, Command::Due(Timer::ClaimEnd(id)) if *id == is.id) {
            self.hold("nothing_is_cut_before_the_outcome_of_an_extension_is_known", !cut, what);
        }
    }

    /// One request and the outbox, after a step.
    pub(crate) fn longer_state(&mut self, request: &Request, outbox: &BTreeMap<Key, Row>) {
        let due = |kind| outbox.get(&(request.id, kind)).map(|row| row.effect.due);
        let waiting = request.asks.iter().filter(|ask| ask.status == AskStatus::Pending).count();
        self.hold("one_ask_waits_at_a_time", waiting <= 1, || format!("{:?}", request.asks));
        let mut hashes: Vec<_> = request.asks.iter().map(|ask| ask.hash).collect();
        hashes.sort();
        hashes.dedup();
        if request.asks.len() > 1 {
            let own = hashes.len() == request.asks.len();
            self.hold("each_extension_has_a_hash_of_its_own", own, || format!("{:?}", request.asks));
        }
        if waiting > 0
            && let Some(grant) = &request.grant
        {
            let open = matches!(grant.status, GrantStatus::Ready | GrantStatus::Active);
            self.hold("an_extension_waits_only_while_its_grant_lives", open, || format!("{request:?}"));
        }
        if self.carried.iter().any(|target| target.covers(request)) {
            let held = request.grant.as_ref().is_some_and(|grant| {
                matches!(grant.status, GrantStatus::Ready | GrantStatus::Active) || grant.claims.iter().any(Claim::held)
            });
            let nothing = waiting == 0 && !held;
            self.hold("what_is_locked_holds_nothing_once_that_is_carried_out", nothing, || format!("{request:?}"));
        }
        let Some(grant) = &request.grant else { return };
        for claim in grant.claims.iter().filter(|claim| claim.held()) {
            let sooner = grant.window.is_some_and(|window| claim.ends() < window.end);
            if claim.moving() {
                let row = outbox.get(&(request.id, EffectKind::Extend(claim.id)));
                let soon = self.latest.max(claim.deadline).plus_millis(65_000);
                let waits = row.is_some_and(|row| row.effect.due <= soon && row.effect.lane.is_some());
                self.hold("every_end_that_moves_has_its_order_waiting", waits, || format!("{claim:?} {row:?}"));
            } else if sooner {
                let waits = due(EffectKind::ClaimEnd(claim.id)) == Some(claim.ends());
                self.hold("every_claim_that_ends_sooner_has_its_end_waiting", waits, || format!("{claim:?}"));
            }
        }
    }
}
