//! Keeps claimed credentials in memory until their end, and makes one claim of however many callers.
//!
//! One claim matters for more than speed: each new claim of an entitlement unmakes the one before, so that two callers who
//! claimed side by side would take each other's credential away.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jit_engine::{BoxFuture, Clock};
use jit_types::{ClaimId, Digest, GrantId, RequestId, RoleName, Timestamp, Window};
use tokio::sync::watch;

use super::held::Held;
use super::protocol::HeldView;
use crate::api::requests::GivesView;
use crate::api::{ErrorKind, Failure};

/// Where a grant stands, as far as keeping its credentials goes.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The request.
    pub request: RequestId,
    /// Whether it has no claim key yet: the first claim sets one.
    pub keyless: bool,
    /// Its grant.
    pub grant: GrantId,
    /// The role.
    pub role: RoleName,
    /// Changes when anything of it does.
    pub version: Digest,
    /// The window, once it is open.
    pub window: Option<Window>,
    /// What it gives.
    pub gives: Vec<GivesView>,
    /// When each claim ends by itself, as far as the broker says it.
    pub ends: HashMap<ClaimId, Timestamp>,
    /// The claims that are unmade, or being unmade. What is not listed may just be too new to be.
    pub dead: Vec<ClaimId>,
    /// Whether the grant is over.
    pub over: bool,
}

/// Where credentials come from: a broker, through one [`Reach`](super::protocol::Reach).
pub trait Source: Send + Sync {
    /// Finds the grant that an id or a role's name means.
    fn resolve<'a>(&'a self, of: &'a str) -> BoxFuture<'a, Result<Standing, Failure>>;

    /// Claims one entitlement.
    fn claim<'a>(&'a self, of: &'a Standing, entitlement: u16) -> BoxFuture<'a, Result<Held, Failure>>;

    /// Waits until the request is no longer as it was seen, or a while; `None` where nothing is known to have changed.
    fn changed(&self, request: RequestId, seen: Digest) -> BoxFuture<'_, Result<Option<Standing>, Failure>>;

    /// Hears that the grant is over, and what was kept for its claims is of no use any more.
    fn over(&self, request: RequestId);
}

type Landed = Option<Result<Arc<Held>, Failure>>;
type Key = RequestId;

/// One entitlement: what is held of it, and the claim that is under way.
#[derive(Default)]
struct Slot {
    held: Option<Arc<Held>>,
    flight: Option<watch::Receiver<Landed>>,
}

/// One grant. Its credentials are kept once, whichever way they are asked for: two that were claimed side by side, with a
/// token and without, would unmake each other.
struct Entry {
    standing: Standing,
    /// Through which [`Reach`](super::protocol::Reach)es a broker has said that the grant is the caller's.
    contexts: HashSet<Digest>,
    source: Arc<dyn Source>,
    slots: BTreeMap<u16, Slot>,
}

/// What the agent holds.
pub struct Keeper {
    clock: Arc<dyn Clock>,
    entries: Mutex<HashMap<Key, Entry>>,
}

impl Keeper {
    /// Holds nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, entries: Mutex::default() })
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credentials of a grant, where all of them are held and none is over. A role's name means its one grant; where
    /// there are several, none.
    pub fn cached(&self, context: Digest, of: &str) -> Option<Vec<Arc<Held>>> {
        let now = self.clock.now();
        let entries = self.entries();
        let mut found = entries.values().filter(|entry| entry.contexts.contains(&context) && entry.is(of));
        let entry = found.next()?;
        if found.next().is_some() {
            return None;
        }
        let all: Vec<Arc<Held>> = entry.slots.values().filter_map(|slot| slot.fresh(now)).collect();
        (!all.is_empty() && all.len() == entry.standing.gives.len()).then_some(all)
    }

    /// The credentials of a grant, claimed where they are not held.
    ///
    /// # Errors
    /// What the broker says. Credentials that were claimed before one that failed are kept.
    pub async fn hold(
        self: &Arc<Self>,
        context: Digest,
        source: Arc<dyn Source>,
        of: &str,
    ) -> Result<Vec<Arc<Held>>, Failure> {
        if let Some(all) = self.cached(context, of) {
            return Ok(all);
        }
        let standing = source.resolve(of).await?;
        let count = u16::try_from(standing.gives.len()).unwrap_or(u16::MAX);
        // All are begun before the first is waited for.
        let flights: Vec<_> = (0..count).map(|n| self.begin(context, &source, &standing, n)).collect();
        let mut all = Vec::with_capacity(flights.len());
        for flight in flights {
            all.push(match flight {
                Flight::Landed(held) => held,
                Flight::Under(receiver) => land(receiver).await?,
            });
        }
        Ok(all)
    }

    /// Takes what is held, joins the claim that is under way, or begins one.
    fn begin(self: &Arc<Self>, context: Digest, source: &Arc<dyn Source>, standing: &Standing, n: u16) -> Flight {
        let key = standing.request;
        let mut entries = self.entries();
        let known = entries.contains_key(&key);
        let entry = entries.entry(key).or_insert_with(|| Entry {
            standing: standing.clone(),
            contexts: HashSet::new(),
            source: Arc::clone(source),
            slots: BTreeMap::new(),
        });
        if !known {
            tokio::spawn(Arc::clone(self).follow(key, Arc::clone(source), standing.version));
        }
        entry.contexts.insert(context);
        let slot = entry.slots.entry(n).or_default();
        if let Some(held) = slot.fresh(self.clock.now()) {
            return Flight::Landed(held);
        }
        if let Some(flight) = &slot.flight {
            return Flight::Under(flight.clone());
        }
        Flight::Under(self.fly(slot, key, source, standing, n))
    }

    /// Claims in a task of its own, so that a caller who goes away takes nobody else's answer along.
    fn fly(
        self: &Arc<Self>,
        slot: &mut Slot,
        key: Key,
        source: &Arc<dyn Source>,
        standing: &Standing,
        n: u16,
    ) -> watch::Receiver<Landed> {
        let (sender, receiver) = watch::channel(None);
        slot.flight = Some(receiver.clone());
        let (keeper, source, standing) = (Arc::clone(self), Arc::clone(source), standing.clone());
        tokio::spawn(async move {
            let landed = source.claim(&standing, n).await.map(Arc::new);
            if let Some(slot) = keeper.entries().get_mut(&key).and_then(|entry| entry.slots.get_mut(&n)) {
                slot.flight = None;
                if let Ok(held) = &landed {
                    slot.held = Some(Arc::clone(held));
                }
            }
            let failed = landed.is_err();
            sender.send_replace(Some(landed));
            if failed {
                keeper.tidy(key);
            }
        });
        receiver
    }

    /// Forgets a grant of which nothing is held and nothing under way.
    fn tidy(&self, key: Key) {
        let mut entries = self.entries();
        let empty = entries
            .get(&key)
            .is_some_and(|entry| entry.slots.values().all(|slot| slot.held.is_none() && slot.flight.is_none()));
        if empty {
            entries.remove(&key);
        }
    }

    /// Follows one grant until it is over: drops what ended, learns of a moved end, claims ahead what ends before its
    /// window.
    async fn follow(self: Arc<Self>, key: Key, source: Arc<dyn Source>, mut seen: Digest) {
        loop {
            let Some(next) = self.next_deadline(key) else { return };
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                news = source.changed(key, seen) => match news {
                    Ok(Some(standing)) => {
                        seen = standing.version;
                        if standing.over {
                            self.forget(key);
                            source.over(key);
                            return;
                        }
                        self.learn(key, standing);
                    }
                    Ok(None) => {}
                    // No such grant, or no longer ours to see: what is held of it is of no use. The claim key stays: the
                    // next one to ask may be let in again.
                    Err(_) => {
                        self.forget(key);
                        return;
                    }
                }
            }
            self.look(key);
        }
    }

    /// When something is to be done about a grant; `None` once it is forgotten.
    fn next_deadline(&self, key: Key) -> Option<Timestamp> {
        let now = self.clock.now();
        let entries = self.entries();
        let held = entries.get(&key)?.slots.values().filter_map(|slot| slot.held.as_ref());
        let due =
            held.flat_map(|held| [Some(held.local_end()), held.refresh_at().filter(|at| *at > now)]).flatten().min();
        // A claim that is under way, or has failed, leaves nothing to wait for but news.
        Some(due.unwrap_or(now.plus_millis(30_000)))
    }

    /// Takes news of a grant: an end that was moved in place, a claim that was unmade by another client's.
    fn learn(&self, key: Key, standing: Standing) {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(&key) else { return };
        for slot in entry.slots.values_mut() {
            let Some(held) = &slot.held else { continue };
            if standing.dead.contains(&held.claim) {
                slot.held = None;
                continue;
            }
            let (window, ends) = (standing.window.unwrap_or(held.window), standing.ends.get(&held.claim).copied());
            if (window, ends) != (held.window, held.ends) {
                slot.held = Some(Arc::new(held.moved_to(window, ends)));
            }
        }
        entry.standing = standing;
    }

    /// Drops what is over by the clock, and begins the claims that are due ahead.
    fn look(self: &Arc<Self>, key: Key) {
        let now = self.clock.now();
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(&key) else { return };
        let (source, standing) = (Arc::clone(&entry.source), entry.standing.clone());
        for (n, slot) in &mut entry.slots {
            let Some(held) = slot.held.clone() else { continue };
            let due = held.refresh_at().is_some_and(|at| at <= now);
            if held.local_end() <= now {
                slot.held = None;
            }
            if due && slot.flight.is_none() {
                drop(self.fly(slot, key, &source, &standing, *n));
            }
        }
        drop(entries);
        self.tidy(key);
    }

    fn forget(&self, key: Key) {
        self.entries().remove(&key);
    }

    /// Forgets a grant, whoever claimed it.
    pub fn drop_grant(&self, grant: GrantId) {
        self.entries().retain(|_, entry| entry.standing.grant != grant);
    }

    /// Wipes everything.
    pub fn clear(&self) {
        self.entries().clear();
    }

    /// Whether nothing is held and nothing under way.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// What is held, without secrets, the earliest end first.
    pub fn views(&self, users: impl Fn(GrantId) -> usize) -> Vec<HeldView> {
        let entries = self.entries();
        let held = entries.values().flat_map(|entry| entry.slots.values()).filter_map(|slot| slot.held.as_ref());
        let view = |held: &Arc<Held>| HeldView {
            grant: held.grant,
            role: held.role.to_string(),
            backend: held.backend.to_string(),
            form: held.form.kind(),
            end: held.end(),
            users: users(held.grant),
        };
        let mut views: Vec<HeldView> = held.map(view).collect();
        views.sort_by_key(|view| view.end);
        views
    }
}

enum Flight {
    Landed(Arc<Held>),
    Under(watch::Receiver<Landed>),
}

async fn land(mut flight: watch::Receiver<Landed>) -> Result<Arc<Held>, Failure> {
    let lost = || Failure::new(ErrorKind::Bug, "the claim's task has failed");
    let landed = flight.wait_for(Option::is_some).await.map_err(|_| lost())?;
    landed.clone().unwrap_or_else(|| Err(lost()))
}

impl Slot {
    /// What is held, where it is not over.
    fn fresh(&self, now: Timestamp) -> Option<Arc<Held>> {
        self.held.as_ref().filter(|held| now < held.local_end()).cloned()
    }
}

impl Entry {
    fn is(&self, of: &str) -> bool {
        self.standing.role.as_str() == of
            || self.standing.grant.to_string() == of
            || self.standing.request.to_string() == of
    }
}

#[cfg(test)]
#[path = "keep_tests.rs"]
mod tests;
