//! A real backend in memory: it passes the suite, and the engine's tests use it as their backend.

mod backend;
mod harness;
mod target;

use jit_types::{FormKind, Grade, HouseId, MaterialKind, Span, Timestamp, Words};

use crate::{Capability, Extends, Lane, Scope, Tail};

pub use harness::{FakeClient, FakeHarness};
pub use target::{Calls, FakeSession, FakeTarget, Login};

/// A backend on a [`FakeTarget`]. What it promises can be set, and the target then keeps to it.
///
/// As made by [`Fake::new`]: no material, a planted end, extended in place, an object for each claim, an end that cuts
/// open sessions at once when swept and never when not, proof by observation.
#[derive(Clone)]
pub struct Fake {
    house: HouseId,
    target: FakeTarget,
    promise: Capability,
}

impl Fake {
    /// A backend of this house on a new target with this clock.
    pub fn new(house: HouseId, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self::on(house, FakeTarget::new("fake-target", now))
    }

    /// A backend of this house on a target that is there already.
    pub fn on(house: HouseId, target: FakeTarget) -> Self {
        let promise = Capability {
            gives: Words::new("the fake resources"),
            warnings: Vec::new(),
            plants_end: true,
            shortest: Span::from_secs(1),
            longest: None,
            swept: Tail::AtMost(Span::ZERO),
            unswept: Tail::NoBound(Words::new("an open session outlives its login")),
            material: MaterialKind::None,
            form: FormKind::Postgres,
            extends: Extends::InPlace,
            lane: Lane::PerClaim,
            holding: None,
            proof: Grade::Observed,
            publishes: false,
        };
        Self { house, target, promise }
    }

    /// The same promises for another house, on another target.
    #[must_use]
    pub fn moved(&self, house: HouseId, target: FakeTarget) -> Self {
        Self { house, target, promise: self.promise.clone() }
    }

    /// The target, to look at and to break.
    pub fn target(&self) -> FakeTarget {
        self.target.clone()
    }

    /// What it promises, with the general words for what it gives.
    pub fn promise(&self) -> &Capability {
        &self.promise
    }

    /// Sets how an extension is made.
    #[must_use]
    pub fn with_extends(mut self, extends: Extends) -> Self {
        self.promise.extends = extends;
        self
    }

    /// Sets the lane.
    #[must_use]
    pub fn with_lane(mut self, lane: Lane) -> Self {
        self.promise.lane = lane;
        self
    }

    /// Sets the holding.
    #[must_use]
    pub fn with_holding(mut self, holding: &str) -> Self {
        self.promise.holding = Some(holding.to_owned());
        self
    }

    /// Sets the material; the form goes with it.
    #[must_use]
    pub fn with_material(mut self, material: MaterialKind) -> Self {
        self.promise.material = material;
        self.promise.form = if material == MaterialKind::SshPublicKey { FormKind::Ssh } else { FormKind::Postgres };
        self
    }

    /// Sets the shortest and the longest life.
    #[must_use]
    pub fn with_life(mut self, shortest: Span, longest: Option<Span>) -> Self {
        self.promise.shortest = shortest;
        self.promise.longest = longest;
        self
    }

    /// Sets both tails.
    #[must_use]
    pub fn with_tails(mut self, swept: Tail, unswept: Tail) -> Self {
        self.promise.swept = swept;
        self.promise.unswept = unswept;
        self
    }

    /// Sets the best proof.
    #[must_use]
    pub fn with_proof(mut self, proof: Grade) -> Self {
        self.promise.proof = proof;
        self
    }

    /// Takes the planted end away: only a revocation ends it.
    #[must_use]
    pub fn without_planted_end(mut self) -> Self {
        self.promise.plants_end = false;
        self.promise.unswept = Tail::NoBound(Words::new("the target holds no end"));
        self
    }

    /// Lets an early end need a published list, as with certificates: nothing of a claim can be seen in the target, and
    /// the best proof is by construction.
    #[must_use]
    pub fn publishing(mut self) -> Self {
        self.promise.publishes = true;
        self.promise.lane = Lane::Shared("list".to_owned());
        self.promise.extends = Extends::NewClaim;
        self.promise.proof = Grade::ByConstruction;
        self
    }

    /// Adds what an approver should know besides.
    #[must_use]
    pub fn with_warning(mut self, warning: &str) -> Self {
        self.promise.warnings.push(Words::new(warning));
        self
    }

    /// A scope that it can give: `{"resources": ["orders"]}`.
    pub fn scope() -> Scope {
        Scope(serde_json::json!({ "resources": ["orders"] }))
    }

    /// What all names that this house makes begin with.
    pub fn mark(house: HouseId) -> String {
        format!("jit_{}_", house.digits())
    }
}
