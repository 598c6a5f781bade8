//! The house: everything that the service and the driver share.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use jit_approval::Adapter;
use jit_backend::Backend;
use jit_life::policy::{Caller, Resolved};
use jit_life::{Request, Rules};
use jit_types::{BackendName, Capability, ChannelName, Free, HouseId, Id, PersonId, Scope, Subject, Timestamp, Words};
use tokio::sync::{Notify, Semaphore, watch};

use crate::audit::{Openings, Random, Sealer, Signer, SubjectKeys, random};
use crate::driver::Tries;
use crate::error::Error;
use crate::lanes::Lanes;
use crate::service::refusals::Refusals;
use crate::store::Store;
use crate::{Clock, service};

/// How many effects are at work on one target at once: ends of hundreds of grants in one second are ends of a few at a time.
const AT_ONE_TARGET: usize = 64;

/// The parts that a house is made of. Built by the binary's composition root.
pub struct Parts {
    /// The installation.
    pub id: HouseId,
    /// What it remembers.
    pub store: Arc<dyn Store>,
    /// Who its subjects are.
    pub keys: Arc<dyn SubjectKeys>,
    /// The texts behind the log's commitments.
    pub openings: Arc<dyn Openings>,
    /// Seals texts and events.
    pub sealer: Sealer,
    /// Signs the log's checkpoints.
    pub signer: Signer,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub random: Arc<dyn Random>,
    /// The rules in force.
    pub rules: Rules,
    /// Backends, channels, alerts.
    pub outfit: Outfit,
}

/// The opened backends, by their names.
pub type Backends = BTreeMap<BackendName, Arc<dyn Backend>>;
/// What backends point at, by their names.
pub type Targets = BTreeMap<BackendName, String>;
/// The opened channels, by their names.
pub type Channels = BTreeMap<ChannelName, Arc<dyn Adapter>>;

/// What the house works with, as the config has it at one moment.
#[derive(Default)]
pub struct Outfit {
    /// The opened backends.
    pub backends: Backends,
    /// What each backend points at.
    pub targets: Targets,
    /// The opened channels.
    pub channels: Channels,
    /// The channels that alerts go to.
    pub alerts: Vec<ChannelName>,
}

/// What is in force: rules and outfit change together.
#[derive(Clone)]
pub(crate) struct InForce {
    rules: Arc<Rules>,
    pub(crate) backends: Arc<Backends>,
    targets: Arc<Targets>,
    channels: Arc<Channels>,
    alerts: Arc<[ChannelName]>,
    places: Arc<BTreeMap<BackendName, Arc<Semaphore>>>,
}

impl InForce {
    /// A backend that stays keeps the places of those who are at work on it.
    fn of(rules: Rules, outfit: Outfit, before: Option<&Self>) -> Self {
        let place = |name: &BackendName| {
            let kept = before.and_then(|before| before.places.get(name)).map(Arc::clone);
            (name.clone(), kept.unwrap_or_else(|| Arc::new(Semaphore::new(AT_ONE_TARGET))))
        };
        let places = outfit.backends.keys().map(place).collect();
        Self {
            rules: Arc::new(rules),
            backends: Arc::new(outfit.backends),
            targets: Arc::new(outfit.targets),
            channels: Arc::new(outfit.channels),
            alerts: outfit.alerts.into(),
            places: Arc::new(places),
        }
    }

    pub(crate) fn backend(&self, name: &BackendName) -> Result<Arc<dyn Backend>, Words> {
        self.backends.get(name).cloned().ok_or_else(|| Words::new(format!("the backend `{name}` is not configured")))
    }

    /// The name of the backend that points where an entitlement was given.
    pub(crate) fn serving<'a>(&'a self, gives: &'a Resolved) -> Option<&'a BackendName> {
        let there = |name: &&BackendName| self.targets.get(*name).is_some_and(|target| *target == gives.target);
        [&gives.backend].into_iter().chain(self.targets.keys()).find(there)
    }
}

/// One running installation.
pub struct House {
    pub(crate) parts: Parts,
    in_force: RwLock<InForce>,
    /// Held by a step from its judgement until it is in the store; whoever puts another config in force waits for those.
    pub(crate) gate: tokio::sync::RwLock<()>,
    /// Tells those who listen that other channels are in force.
    rewired: watch::Sender<()>,
    /// Wakes the driver: something may be due sooner than it thinks.
    pub(crate) wake: Notify,
    /// What was refused lately, so that nobody fills the log.
    pub(crate) refusals: Arc<Refusals>,
    /// Held while something is done in a lane that several claims share.
    pub(crate) lanes: Lanes,
    /// How often what could not be told has failed.
    pub(crate) tries: Tries,
    nowhere: Arc<Semaphore>,
}

impl House {
    /// Puts the parts together.
    pub fn new(mut parts: Parts) -> Arc<Self> {
        let rules = std::mem::take(&mut parts.rules);
        let outfit = std::mem::take(&mut parts.outfit);
        Arc::new(Self {
            parts,
            in_force: RwLock::new(InForce::of(rules, outfit, None)),
            gate: tokio::sync::RwLock::new(()),
            rewired: watch::Sender::new(()),
            wake: Notify::new(),
            refusals: Arc::default(),
            lanes: Lanes::default(),
            tries: Tries::default(),
            nowhere: Arc::new(Semaphore::new(AT_ONE_TARGET)),
        })
    }

    /// Its id.
    pub fn id(&self) -> HouseId {
        self.parts.id
    }

    /// What it remembers.
    pub fn store(&self) -> &dyn Store {
        self.parts.store.as_ref()
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Its clock.
    pub fn clock(&self) -> &dyn Clock {
        self.parts.clock.as_ref()
    }

    /// The rules in force.
    pub fn rules(&self) -> Arc<Rules> {
        self.now_in_force().rules
    }

    /// Puts other rules in force. Open asks are then brought in line with [`House::revise_open_asks`].
    pub fn set_rules(&self, rules: Rules) {
        self.in_force.write().unwrap_or_else(PoisonError::into_inner).rules = Arc::new(rules);
    }

    /// Puts other rules and another outfit in force, together.
    pub(crate) fn put_in_force(&self, rules: Rules, outfit: Outfit) {
        let mut in_force = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
        *in_force = InForce::of(rules, outfit, Some(&in_force));
        drop(in_force);
        self.rewired.send_replace(());
    }

    /// What is in force now. Whoever looks up two things looks both up in here: between two looks it may change.
    pub(crate) fn now_in_force(&self) -> InForce {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hears of each time that another outfit is put in force.
    pub(crate) fn rewired(&self) -> watch::Receiver<()> {
        self.rewired.subscribe()
    }

    /// The verifier key of the log's checkpoints, in its text form.
    pub fn verifier_key(&self) -> String {
        self.parts.signer.verifier_key().to_string()
    }

    /// The opened backends.
    pub fn backends(&self) -> Arc<Backends> {
        self.now_in_force().backends
    }

    /// The opened channels.
    pub fn channels(&self) -> Arc<Channels> {
        self.now_in_force().channels
    }

    /// The channels that alerts go to.
    pub fn alerts(&self) -> Arc<[ChannelName]> {
        self.now_in_force().alerts
    }

    /// A backend by its name.
    ///
    /// # Errors
    /// When the config no longer names it; live leases on it stay to be ended.
    pub fn backend(&self, name: &BackendName) -> Result<Arc<dyn Backend>, Words> {
        self.now_in_force().backend(name)
    }

    /// What the backends point at.
    pub(crate) fn targets(&self) -> Arc<Targets> {
        self.now_in_force().targets
    }

    /// The name of the backend that points where an entitlement was given: under the same name or, since, another. A name may
    /// have become another target's, so it alone says nothing.
    pub fn serving(&self, gives: &Resolved) -> Option<BackendName> {
        self.now_in_force().serving(gives).cloned()
    }

    /// The backend that points where an entitlement was given. Where none does, one of its name is asked only about what has a
    /// handle: that pins the target, so that it finds by itself that it is wrong.
    ///
    /// # Errors
    /// When there is none: nothing may be made, or proven, at another target.
    pub fn pointing(&self, gives: &Resolved, pinned: bool) -> Result<Arc<dyn Backend>, Words> {
        // Looked up at one moment: a name that is found now may be another target's a moment later.
        let in_force = self.now_in_force();
        match in_force.serving(gives) {
            Some(name) => in_force.backend(name),
            None if pinned => in_force.backend(&gives.backend),
            None => Err(Words::new(format!("no backend of the config points where `{}` did", gives.backend))),
        }
    }

    /// The places of those who are at work on one target; what is no longer configured has some too, to be told so.
    pub(crate) fn places(&self, name: &BackendName) -> Arc<Semaphore> {
        Arc::clone(self.now_in_force().places.get(name).unwrap_or(&self.nowhere))
    }

    /// What a backend promises of a scope.
    pub(crate) fn promise(&self, name: &BackendName, scope: &Scope) -> Result<Capability, Words> {
        self.backend(name)?.capability(scope).map_err(|error| error.public)
    }

    /// The pseudonym of a person; a new one for somebody new.
    ///
    /// # Errors
    /// When the store of keys can't be used.
    pub async fn subject(&self, person: &PersonId) -> Result<Subject, Error> {
        self.parts.keys.mint(person, self.now()).await.map_err(|e| Error::Unavailable(e.to_string()))
    }

    /// Who a subject is; `None` once erased.
    pub fn person(&self, subject: Subject) -> Option<PersonId> {
        self.parts.keys.person(subject)
    }

    /// Draws an id.
    ///
    /// # Errors
    /// When the system gives no random numbers: then nothing is done at all.
    pub fn draw_id<K: jit_types::IdKind>(&self) -> Result<Id<K>, Error> {
        let bytes = random::draw(self.parts.random.as_ref()).map_err(|e| Error::Unavailable(e.to_string()))?;
        Ok(Id::from_parts(self.now(), bytes))
    }

    /// Draws a number below a thousand, to spread retries; zero when there is none to be had.
    pub(crate) fn jitter(&self) -> u16 {
        random::draw::<2>(self.parts.random.as_ref()).map_or(0, |b| u16::from_be_bytes(b) % 1000)
    }

    /// Reads a sealed text; `None` where it was erased or is not there.
    ///
    /// # Errors
    /// When the store of openings can't be used.
    pub async fn open_text(&self, commitment: &jit_types::Commitment) -> Result<Option<Free>, Error> {
        service::texts::open(self, commitment).await
    }

    /// Whether a caller may know of a request: its own, one they may decide, or everybody's for an administrator.
    pub fn may_see(&self, caller: &Caller, request: &Request) -> bool {
        let reaches = caller.only_roles.as_ref().is_none_or(|only| only.contains(&request.role));
        if request.subject == caller.subject {
            return reaches;
        }
        let rules = self.rules();
        let decides = rules.roles.get(&request.role).is_some_and(|role| match &role.approval {
            jit_life::Approval::ByRule => false,
            jit_life::Approval::ByPeople { from, .. } => rules.among(&caller.person, from),
        });
        reaches && (decides || self.may_administer(caller, "request").is_ok())
    }
}
