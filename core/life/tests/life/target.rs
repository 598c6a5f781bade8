//! A target with a clock of its own: orders with deadlines, planted ends, a published list, faults.

use std::collections::{BTreeMap, BTreeSet};

use jit_life::{NotGone, NotMoved};
use jit_types::{ClaimId, Grade, Handle, Proof, Timestamp, Usable, Words};

/// An order on its way.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) claim: ClaimId,
    pub(crate) deadline: Timestamp,
    pub(crate) end: Timestamp,
    /// Whether the target holds the end itself.
    pub(crate) plants: bool,
    /// Whether only a published list ends it early.
    pub(crate) publishes: bool,
}

/// What stands in the target.
#[derive(Clone, Debug)]
struct Object {
    end: Option<Timestamp>,
    publishes: bool,
}

/// The target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    objects: BTreeMap<ClaimId, Object>,
    removed: BTreeMap<ClaimId, Object>,
    published: BTreeSet<ClaimId>,
    /// What a restored backup has brought back.
    pub(crate) restored: BTreeSet<ClaimId>,
    /// Whether it can be reached.
    pub(crate) up: bool,
    /// Whether it lets no end be moved.
    pub(crate) frozen: bool,
}

pub(crate) type Answer = Result<(Handle, Usable), Words>;

impl Target {
    /// An empty one that answers.
    pub(crate) fn well() -> Self {
        Self { up: true, ..Self::default() }
    }

    /// Carries out an order, unless its deadline has passed by the target's clock.
    pub(crate) fn carry_out(&mut self, order: &Order, now: Timestamp) -> Answer {
        if !self.up {
            return Err(Words::new("the target does not answer"));
        }
        if now > order.deadline {
            return Err(Words::new("the deadline has passed"));
        }
        let end = order.plants.then_some(order.end);
        self.objects.insert(order.claim, Object { end, publishes: order.publishes });
        let handle = Handle { version: 1, data: serde_json::json!({ "claim": order.claim }) };
        Ok((handle, Usable::Assumed { why: Words::new("nobody has looked") }))
    }

    /// Moves the end of what an order made, to exactly the order's: without its material it makes nothing.
    pub(crate) fn extend(&mut self, order: &Order, now: Timestamp) -> Result<Handle, NotMoved> {
        let not = |words: &str, for_good| NotMoved { words: Words::new(words), for_good };
        if !self.up {
            return Err(not("the target does not answer", false));
        }
        if now > order.deadline {
            return Err(not("the deadline has passed", true));
        }
        if self.frozen {
            return Err(not("the broker may not move it", true));
        }
        let Some(object) = self.objects.get_mut(&order.claim) else { return Err(not("there is nothing", true)) };
        object.end = order.plants.then_some(order.end);
        Ok(Handle { version: 1, data: serde_json::json!({ "claim": order.claim }) })
    }

    /// The end that it holds of a claim, where there is something and it holds ends.
    pub(crate) fn planted(&self, claim: ClaimId) -> Option<Timestamp> {
        self.objects.get(&claim)?.end
    }

    /// Unmakes what an order made, and looks.
    pub(crate) fn revoke(&mut self, order: &Order, now: Timestamp) -> Result<Proof, NotGone> {
        let claim = order.claim;
        if self.up
            && let Some(object) = self.objects.get(&claim)
            && !object.publishes
            && let Some(object) = self.objects.remove(&claim)
        {
            self.restored.remove(&claim);
            self.removed.insert(claim, object);
        }
        self.probe(order, now)
    }

    /// Looks. What only a list ends, and may have been made, is not gone before the list holds it.
    pub(crate) fn probe(&self, order: &Order, now: Timestamp) -> Result<Proof, NotGone> {
        let not = |words: &str, expected, usable| NotGone { words: Words::new(words), expected, usable };
        if !self.up {
            return Err(not("the target does not answer", false, false));
        }
        if order.publishes && now < order.end && !self.published.contains(&order.claim) {
            return Err(not("the list does not hold it", true, self.usable(order.claim, now)));
        }
        if self.usable(order.claim, now) {
            return Err(not("it lets in", false, true));
        }
        Ok(Proof { grade: Grade::Observed, at: now, evidence: vec![Words::new("looked")], tail: vec![] })
    }

    /// Whether a credential opens anything at this moment of the target's clock.
    pub(crate) fn usable(&self, claim: ClaimId, now: Timestamp) -> bool {
        self.objects
            .get(&claim)
            .is_some_and(|o| o.end.is_none_or(|end| now < end) && !(o.publishes && self.published.contains(&claim)))
    }

    /// Takes the list of what is refused before its end.
    pub(crate) fn publish(&mut self, claims: BTreeSet<ClaimId>) {
        self.published = claims;
    }

    /// A backup is put back: what was removed stands again.
    pub(crate) fn restore(&mut self) {
        self.restored.extend(self.removed.keys().copied());
        self.objects.append(&mut self.removed);
    }

    /// All that stands in it.
    pub(crate) fn claims(&self) -> Vec<ClaimId> {
        self.objects.keys().copied().collect()
    }
}
