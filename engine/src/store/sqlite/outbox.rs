//! The outbox of a batch: what is put, leased, replaced, done. Memory and file are changed alike.

use jit_life::{Effect, EffectKind};
use jit_types::{RequestId, Timestamp};

use super::super::{Leased, Write};
use super::batch::{Batch, EffectChange, next_number};
use super::leases::{Lease, Leases};
use super::rows::{EffectRow, key, kind_text};

impl Batch {
    /// What concerns the outbox is done with the other effects of the batch, so that each sees what the one before did.
    pub(super) fn write_one(&mut self, write: Write, leases: &mut Leases) {
        match write {
            Write::Done(leased) => {
                if held(leases, &leased) {
                    self.finish(&leased, leases);
                }
            }
            Write::Again { leased, .. } if !held(leases, &leased) => {}
            Write::Again { leased, due } => {
                let key = key(leased.request, &leased.kind);
                let replaced = leases.of(&key).is_some_and(|(_, version)| version != leased.version);
                self.finish(&leased, leases);
                if !replaced {
                    let request = leased.request.map(|id| id.to_string());
                    let row = self.row(key, request, leased.kind, due, leased.lane);
                    self.put(row, None, leases);
                }
            }
            Write::Publish { backend, due } => {
                let kind = EffectKind::Publish(backend);
                let row = self.row(key(None, &kind), None, kind, due, None);
                self.put(row, None, leases);
            }
            Write::LookNow { request, claim, lane, due } => {
                let kind = EffectKind::Look(claim);
                let row = self.row(key(Some(request), &kind), Some(request.to_string()), kind, due, Some(lane));
                self.put(row, None, leases);
            }
            other => self.other.push(other),
        }
    }

    /// An effect whose outcome has come: gone, unless it was replaced meanwhile; then the new one is set free.
    pub(super) fn finish(&mut self, done: &Leased, leases: &mut Leases) {
        let key = key(done.request, &done.kind);
        let replaced = leases.of(&key).is_some_and(|(_, version)| version != done.version);
        leases.give_back(&key);
        let change = self.effects.entry(key).or_default();
        // What replaced it stays as it was put, and is free.
        if !replaced {
            *change = EffectChange { delete: true, put: None };
        }
    }

    /// Puts an effect of a step, and leases it to whoever plays the step, where that is asked for and nobody is in the way.
    pub(super) fn put_effect(
        &mut self,
        request: Option<RequestId>,
        effect: Effect,
        follow: Option<Timestamp>,
        now: Timestamp,
        leases: &mut Leases,
    ) -> Option<Leased> {
        let key = key(request, &effect.kind);
        // What belongs to a backend or a lock is nobody's request.
        let about = request.filter(|_| !matches!(effect.kind, EffectKind::Publish(_) | EffectKind::Lock(_)));
        let row = self.row(key, about.map(|id| id.to_string()), effect.kind.clone(), effect.due, effect.lane.clone());
        let clear = leases.of(&row.key).is_none() && effect.lane.as_ref().is_none_or(|lane| leases.free(lane, now));
        let follow = follow.filter(|_| clear);
        let fence = if follow.is_some() { next_number() } else { 0 };
        let version = row.version;
        self.put(row, effect.leased_until.or(follow).map(|until| (fence, until)), leases);
        let Effect { kind, due, lane, .. } = effect;
        follow.map(|_| Leased { request: about, kind, lane, due, fence, version })
    }

    fn row(
        &self,
        key: String,
        request: Option<String>,
        kind: EffectKind,
        due: Timestamp,
        lane: Option<String>,
    ) -> EffectRow {
        EffectRow { key, request, kind: kind_text(&kind), due: due.millis(), lane, version: next_number() }
    }

    /// Puts a row, leased as `held` says: its fence, and until when.
    fn put(&mut self, row: EffectRow, held: Option<(i64, Timestamp)>, leases: &mut Leases) {
        let due = Timestamp::from_millis(row.due);
        if leases.of(&row.key).is_some() {
            // Who is at work on it keeps the lease; the lane stays taken until the outcome.
            leases.replaced(&row.key, row.version, due);
        } else if let Some((fence, until)) = held {
            leases.take(row.key.clone(), Lease { fence, version: row.version, lane: row.lane.clone(), due, until });
        }
        let change = self.effects.entry(row.key.clone()).or_default();
        change.put = Some(row);
    }
}

/// Whether a lease is still the newest of its effect.
pub(super) fn held(leases: &Leases, leased: &Leased) -> bool {
    leases.of(&key(leased.request, &leased.kind)).is_some_and(|(fence, _)| fence == leased.fence)
}
