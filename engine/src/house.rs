//! The house: everything that the service and the driver share.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use jit_approval::Adapter;
use jit_backend::Backend;
use jit_life::policy::Caller;
use jit_life::{Request, Rules};
use jit_types::{BackendName, Capability, ChannelName, Free, HouseId, Id, PersonId, Scope, Subject, Timestamp, Words};
use tokio::sync::{Notify, Semaphore};

use crate::audit::{Openings, Random, Sealer, Signer, SubjectKeys, random};
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
    /// The opened backends.
    pub backends: BTreeMap<BackendName, Arc<dyn Backend>>,
    /// The opened channels.
    pub channels: BTreeMap<ChannelName, Arc<dyn Adapter>>,
    /// The channels that alerts go to.
    pub alerts: Vec<ChannelName>,
}

/// One running installation.
pub struct House {
    pub(crate) parts: Parts,
    rules: RwLock<Arc<Rules>>,
    /// Wakes the driver: something may be due sooner than it thinks.
    pub(crate) wake: Notify,
    /// What was refused lately, so that nobody fills the log.
    pub(crate) refusals: Arc<Refusals>,
    /// Held while something is done in a lane that several claims share.
    pub(crate) lanes: Lanes,
    places: BTreeMap<BackendName, Arc<Semaphore>>,
    nowhere: Arc<Semaphore>,
}

impl House {
    /// Puts the parts together.
    pub fn new(mut parts: Parts) -> Arc<Self> {
        let rules = Arc::new(std::mem::take(&mut parts.rules));
        let places = || Arc::new(Semaphore::new(AT_ONE_TARGET));
        let each = parts.backends.keys().map(|name| (name.clone(), places())).collect();
        Arc::new(Self {
            parts,
            rules: RwLock::new(rules),
            wake: Notify::new(),
            refusals: Arc::default(),
            lanes: Lanes::default(),
            places: each,
            nowhere: places(),
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
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other rules in force. Open asks are then brought in line with [`House::revise_open_asks`].
    pub fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// The verifier key of the log's checkpoints, in its text form.
    pub fn verifier_key(&self) -> String {
        self.parts.signer.verifier_key().to_string()
    }

    /// The opened backends.
    pub fn backends(&self) -> &BTreeMap<BackendName, Arc<dyn Backend>> {
        &self.parts.backends
    }

    /// The opened channels.
    pub fn channels(&self) -> &BTreeMap<ChannelName, Arc<dyn Adapter>> {
        &self.parts.channels
    }

    /// A backend by its name.
    ///
    /// # Errors
    /// When the config no longer names it; live leases on it stay to be ended.
    pub fn backend(&self, name: &BackendName) -> Result<&Arc<dyn Backend>, Words> {
        self.parts.backends.get(name).ok_or_else(|| Words::new(format!("the backend `{name}` is not configured")))
    }

    /// The places of those who are at work on one target; what is no longer configured has some too, to be told so.
    pub(crate) fn places(&self, name: &BackendName) -> Arc<Semaphore> {
        Arc::clone(self.places.get(name).unwrap_or(&self.nowhere))
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
        reaches && (decides || jit_life::policy::may_administer(&rules, caller, "request").is_ok())
    }
}
