//! The little target behind the fake backend: logins, sessions, a clock of its own and a switch for each fault.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jit_types::{ClaimId, Digest, Form, Tail, Timestamp, Window, Words};
use tokio::sync::watch;

use crate::testkit::harness::Fault;
use crate::{Error, ErrorKind};

/// A handle on the target's state; clones look at the same target.
#[derive(Clone)]
pub struct FakeTarget(Arc<Inner>);

struct Inner {
    identity: String,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

/// How often each method of the backend was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls of `issue`.
    pub issue: u32,
    /// Calls of `revoke`.
    pub revoke: u32,
    /// Calls of `probe`.
    pub probe: u32,
    /// Calls of `check`.
    pub check: u32,
}

/// One login in the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its name, which bears the house's mark.
    pub name: String,
    /// The target's own number for it: a login made anew under an old name has another.
    pub oid: u64,
    /// The claim it was made for.
    pub claim: ClaimId,
    /// When it lets in; the end counts only where the target holds it.
    pub window: Window,
    /// What the client must show.
    pub material: Digest,
    pub(super) plants_end: bool,
    pub(super) visible: bool,
    pub(super) swept: Tail,
    pub(super) unswept: Tail,
    pub(super) revoked: Option<Timestamp>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) logins: BTreeMap<u64, Login>,
    sessions: BTreeMap<u64, u64>,
    last: u64,
    pub(super) refused: BTreeSet<String>,
    failures: VecDeque<ErrorKind>,
    fault: Option<Fault>,
    stalled: BTreeSet<ClaimId>,
    pub(super) calls: Calls,
}

impl State {
    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The login of that name that has not been removed.
    pub(super) fn named(&mut self, name: &str) -> Option<&mut Login> {
        self.logins.values_mut().find(|l| l.name == name && l.revoked.is_none())
    }
}

impl Login {
    pub(super) fn lets_in(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.window.start <= now && (!self.plants_end || now < self.window.end)
    }

    /// Whether a session that was opened with it still runs.
    fn carries(&self, now: Timestamp) -> bool {
        let over = |since: Option<Timestamp>, tail: &Tail| match (since, tail) {
            (Some(since), Tail::AtMost(span)) => since.after(*span) <= now,
            _ => false,
        };
        !over(self.revoked, &self.swept) && !over(self.plants_end.then_some(self.window.end), &self.unswept)
    }
}

impl FakeTarget {
    /// A target with this identity and this clock.
    pub fn new(identity: &str, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            identity: identity.to_owned(),
            now: Box::new(now),
            state: Mutex::default(),
            changed: watch::Sender::new(0),
        }))
    }

    /// What tells this target from all others.
    pub fn identity(&self) -> &str {
        &self.0.identity
    }

    /// Where the target of that identity reads its list of refused names.
    pub fn list_path(identity: &str) -> std::path::PathBuf {
        std::path::Path::new("/fake").join(identity).join("refused.json")
    }

    /// What its clock says.
    pub fn now(&self) -> Timestamp {
        (self.0.now)()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The logins that let somebody in now.
    pub fn live(&self) -> Vec<Login> {
        let now = self.now();
        self.state().logins.values().filter(|l| l.lets_in(now)).cloned().collect()
    }

    /// The login of a claim that lets somebody in now.
    pub fn live_of(&self, claim: ClaimId) -> Option<Login> {
        self.live().into_iter().find(|l| l.claim == claim)
    }

    /// The names of all that can be seen in the target and begins with `mark`, expired or not.
    pub fn names(&self, mark: &str) -> Vec<String> {
        let state = self.state();
        let here = state.logins.values().filter(|l| l.visible && l.revoked.is_none() && l.name.starts_with(mark));
        here.map(|l| l.name.clone()).collect()
    }

    /// How often the backend's methods were called.
    pub fn calls(&self) -> Calls {
        self.state().calls
    }

    /// Lets the next `n` calls of `issue`, `revoke` or `probe` fail.
    pub fn fail_next(&self, n: usize, kind: ErrorKind) {
        self.state().failures.extend(std::iter::repeat_n(kind, n));
    }

    /// Holds back what is sent for this claim until [`FakeTarget::unstall`].
    pub fn stall(&self, claim: ClaimId) {
        self.state().stalled.insert(claim);
    }

    /// Lets through what was held back for this claim.
    pub fn unstall(&self, claim: ClaimId) {
        self.state().stalled.remove(&claim);
        self.0.changed.send_modify(|n| *n += 1);
    }

    /// Puts a fault between the broker and the target, or lifts it.
    pub fn fault(&self, fault: Fault) {
        self.state().fault = Some(fault).filter(|f| *f != Fault::Lifted);
        self.0.changed.send_modify(|n| *n += 1);
    }

    /// Removes a login behind the house's back, as an administrator of the target might.
    pub fn remove(&self, claim: ClaimId) {
        let now = self.now();
        for login in self.state().logins.values_mut().filter(|l| l.claim == claim && l.revoked.is_none()) {
            login.revoked = Some(now);
        }
    }

    /// Takes a published list of refused names: a JSON array of texts.
    ///
    /// # Errors
    /// When the bytes are no such list; then the target lets nobody in that it knows by a list.
    pub fn take_list(&self, bytes: &[u8]) -> Result<(), serde_json::Error> {
        let names: BTreeSet<String> = serde_json::from_slice(bytes)?;
        let now = self.now();
        let mut state = self.state();
        for login in state.logins.values_mut() {
            // A name that is no longer in the list is let in again, as with an SSH key revocation list.
            match (names.contains(&login.name), login.visible) {
                (true, false) => login.revoked = login.revoked.or(Some(now)),
                (false, false) => login.revoked = None,
                (_, true) => {}
            }
        }
        state.refused = names;
        Ok(())
    }

    /// What every call goes through: the planned failures, the fault, the stall.
    pub(super) async fn arrive(&self, claim: Option<ClaimId>) -> Result<(), Error> {
        let mut changed = self.0.changed.subscribe();
        loop {
            let (fault, held) = {
                let mut state = self.state();
                if let Some(kind) = claim.and_then(|_| state.failures.pop_front()) {
                    return Err(Error::new(kind, "the target failed as it was told to"));
                }
                (state.fault, claim.is_some_and(|c| state.stalled.contains(&c)))
            };
            match fault {
                Some(Fault::Unreachable) => {
                    return Err(Error::new(ErrorKind::Unreachable, "the target can't be reached"));
                }
                Some(Fault::Slow) => {
                    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
                    return Ok(());
                }
                Some(Fault::Stalled) => {}
                _ if held => {}
                _ => return Ok(()),
            }
            if changed.changed().await.is_err() {
                return Err(Error::new(ErrorKind::Unreachable, "the target is gone"));
            }
        }
    }

    /// Logs in with a credential.
    ///
    /// # Errors
    /// Why the target lets nobody in.
    pub fn log_in(&self, form: &Form, material: Digest) -> Result<FakeSession, Words> {
        let (host, name) = match form {
            Form::Postgres(form) => (Some(&form.host), &form.user),
            Form::Ssh(form) => (form.hosts.first(), &form.certificate),
        };
        if host.map(String::as_str) != Some(self.identity()) {
            return Err(Words::new("that credential is for another target"));
        }
        let now = self.now();
        let mut state = self.state();
        let number = state.number();
        let oid = match state.named(name) {
            Some(login) if login.lets_in(now) && login.material == material => login.oid,
            _ => return Err(Words::new("login refused")),
        };
        state.sessions.insert(number, oid);
        Ok(FakeSession { target: self.clone(), number })
    }
}

/// An open session at the fake target; dropping it closes it.
pub struct FakeSession {
    target: FakeTarget,
    number: u64,
}

impl FakeSession {
    /// Says whether it still runs.
    pub fn runs(&self) -> bool {
        let now = self.target.now();
        let state = self.target.state();
        let login = state.sessions.get(&self.number).and_then(|oid| state.logins.get(oid));
        login.is_some_and(|login| login.carries(now))
    }
}

impl Drop for FakeSession {
    fn drop(&mut self) {
        self.target.state().sessions.remove(&self.number);
    }
}
