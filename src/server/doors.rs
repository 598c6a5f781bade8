//! The doors: who may hold how many connections. A socket that many may open must not cost the broker the descriptors
//! with which it reaches its targets and its store to end something there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};

use crate::identity::Peer;

/// How many connections one OS user may hold. Root and the broker's own user are apart: they can do worse without.
const MOST_OF_ONE: usize = 64;
/// How many connections are held at most, however many descriptors there are.
const MOST: usize = 4096;
/// How many descriptors are kept for the store, the targets and the channels.
const RESERVE: usize = 256;
/// How many of those root and the broker's own user may still use, so that a full house can be looked at.
const APART: usize = 32;
/// How long a connection may take for a request's head, and how long it may lie idle.
const HEAD: Duration = Duration::from_secs(20);
/// How long an answer may go unread: long enough for somebody who pages through an export.
const UNREAD: Duration = Duration::from_secs(600);

/// How many connections are held, and for how long without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// By one OS user.
    pub(super) of_one: usize,
    /// In all.
    pub(super) all: usize,
    /// Without a request.
    pub(super) head: Duration,
    /// With an answer that nobody reads.
    pub(super) unread: Duration,
}

impl Limits {
    /// The limits that leave the broker its reserve, as many descriptors as this process may have now.
    pub(super) fn now() -> Self {
        Self::of(getrlimit(Resource::Nofile).current)
    }

    /// A limit of nothing is none. Where there are few, the reserve is half of them.
    fn of(descriptors: Option<u64>) -> Self {
        let descriptors = descriptors.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let all = descriptors.saturating_sub(RESERVE.max(descriptors / 4).min(descriptors / 2)).clamp(1, MOST);
        Self { of_one: MOST_OF_ONE, all, head: HEAD, unread: UNREAD }
    }
}

/// Has the system give this process as many descriptors as it may have. A system that doesn't leaves it as it was, and the
/// limits follow from that.
pub fn raise_descriptors() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        tracing::debug!("the limit of descriptors can't be raised");
    }
}

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// They hold as many as one may.
    Theirs,
    /// All together do.
    Everybody,
}

/// Counts those who are in.
pub(super) struct Doors {
    limits: Limits,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    all: usize,
    by: HashMap<Option<u32>, usize>,
}

/// One connection, counted while it lives.
#[derive(Debug)]
pub(super) struct Pass {
    user: Option<u32>,
    held: Arc<Mutex<Held>>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} held", self.all)
    }
}

impl Doors {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, held: Arc::default() }
    }

    /// Lets one in, or says what is full. Whoever the kernel does not name is one user like another.
    pub(super) fn enter(&self, peer: Option<Peer>) -> Result<Pass, Full> {
        let user = peer.map(|peer| peer.uid);
        let apart = user.is_some_and(|uid| uid == 0 || uid == geteuid().as_raw());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = held.by.get(&user).copied().unwrap_or(0);
        if !apart && theirs >= self.limits.of_one {
            return Err(Full::Theirs);
        }
        if held.all >= self.limits.all + if apart { APART } else { 0 } {
            return Err(Full::Everybody);
        }
        held.all += 1;
        held.by.insert(user, theirs + 1);
        Ok(Pass { user, held: Arc::clone(&self.held) })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(1);
        match held.by.get(&self.user).copied() {
            Some(theirs) if theirs > 1 => drop(held.by.insert(self.user, theirs - 1)),
            _ => drop(held.by.remove(&self.user)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(uid: u32) -> Option<Peer> {
        Some(Peer { uid })
    }

    #[test]
    fn one_user_fills_their_own_share_and_nobody_elses() {
        let doors = Doors::new(Limits { of_one: 2, all: 5, head: HEAD, unread: UNREAD });
        let mut passes: Vec<Pass> = (0..2).map(|_| doors.enter(user(4001)).expect("a place")).collect();
        assert_eq!(doors.enter(user(4001)).expect_err("full"), Full::Theirs);
        passes.extend((0..2).map(|_| doors.enter(user(4002)).expect("a place")));
        passes.push(doors.enter(None).expect("a place"));
        assert_eq!(doors.enter(user(4003)).expect_err("full"), Full::Everybody);
        // Whoever has to look at it comes in all the same, but not without end.
        passes.extend((0..APART).map(|_| doors.enter(user(0)).expect("a place")));
        assert_eq!(doors.enter(user(0)).expect_err("full"), Full::Everybody);
        passes.clear();
        assert_eq!(doors.held.lock().expect("a lock").by.len(), 0, "nobody is remembered");
        assert!(doors.enter(user(4001)).is_ok());
    }

    #[test]
    fn the_limit_leaves_a_reserve() {
        let table = [(64, 32), (256, 128), (1024, 768), (4096, 3072), (1 << 20, MOST)];
        for (descriptors, all) in table {
            assert_eq!(Limits::of(Some(descriptors)).all, all, "{descriptors}");
        }
        assert_eq!(Limits::of(None).all, MOST);
        assert_eq!(Limits::of(Some(0)).all, 1);
    }
}
