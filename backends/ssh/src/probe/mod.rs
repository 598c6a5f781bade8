//! Probe hosts: hosts that the broker may log in to in order to look whether an end has reached them.
//!
//! What a host says can only make a proof better or hold an end open; it never ends anything. The house's own list and the
//! certificate's own validity are looked at first, and a host that can't be looked at leaves the proof at what holds by
//! construction.
//!
//! | what | where |
//! | --- | --- |
//! | `probe = { … }` of the config | [`settings`] |
//! | a login that can do nothing but look | [`login`], [`command`] |
//! | what a host answers | [`answer`] |
//! | what that means for one certificate | [`verdict`] |
//! | what it means for `doctor` | [`findings`] |

pub(crate) mod answer;
pub(crate) mod command;
pub(crate) mod findings;
pub(crate) mod login;
pub mod settings;
pub(crate) mod verdict;

use std::sync::Arc;
use std::time::Duration;

use jit_types::Timestamp;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::names::HostPattern;
use answer::Answer;
use login::{Login, Trouble};
use settings::ProbeHost;

/// For how long a host that could not be looked at is not tried again by ends: many that come at once must not each wait
/// for the same silence.
const SPARED: Duration = Duration::from_secs(30);

/// What a look at one host gave.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// The host.
    pub(crate) host: ProbeHost,
    /// When the broker's own clock was read, before it asked.
    pub(crate) at: Timestamp,
    /// What the host answered.
    pub(crate) answer: Result<Arc<Answer>, Trouble>,
}

/// All probe hosts of one backend.
pub(crate) struct Prober {
    login: Arc<Login>,
    watched: Vec<Arc<Watched>>,
}

struct Watched {
    host: ProbeHost,
    last: Mutex<Option<(Instant, Look)>>,
}

impl Prober {
    /// Makes one; logs in nowhere yet.
    pub(crate) fn new(login: Login) -> Self {
        let watch = |host: &ProbeHost| Arc::new(Watched { host: host.clone(), last: Mutex::default() });
        let watched = login.probe.hosts.iter().map(watch).collect();
        Self { login: Arc::new(login), watched }
    }

    /// Looks at the hosts that these patterns mean, at all where there are none, side by side. Where `anew` is set, also at
    /// those that did not answer a moment ago.
    pub(crate) async fn look(&self, patterns: &[HostPattern], anew: bool) -> Vec<Look> {
        let asked = Instant::now();
        let mut looks = JoinSet::new();
        for (number, watched) in self.watched.iter().enumerate() {
            if watched.host.meant_by(patterns) {
                let (watched, login) = (Arc::clone(watched), Arc::clone(&self.login));
                looks.spawn(async move { (number, watched.look(&login, asked, anew).await) });
            }
        }
        let mut all: Vec<_> = looks.join_all().await;
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, look)| look).collect()
    }

    /// Whether each of these patterns is the name of one probe host: then all that the scope means was looked at.
    pub(crate) fn covers(&self, patterns: &[HostPattern]) -> bool {
        let named = |pattern: &HostPattern| self.watched.iter().any(|watched| watched.host.name() == pattern.as_str());
        !patterns.is_empty() && patterns.iter().all(named)
    }

    /// The names of the hosts that are looked at for these patterns.
    pub(crate) fn names(&self, patterns: &[HostPattern]) -> Vec<String> {
        let meant = self.watched.iter().filter(|watched| watched.host.meant_by(patterns));
        meant.map(|watched| watched.host.to_string()).collect()
    }
}

impl Watched {
    /// Looks, or takes what a look gave that began after this one was asked for: a thousand ends at once are two logins.
    async fn look(&self, login: &Login, asked: Instant, anew: bool) -> Look {
        let mut last = self.last.lock().await;
        if let Some((began, look)) = &*last {
            let spared = look.answer.is_err() && !anew && began.elapsed() < SPARED;
            if *began >= asked || spared {
                return look.clone();
            }
        }
        let (began, at) = (Instant::now(), login.now());
        let look = Look { host: self.host.clone(), at, answer: login.look(&self.host).await.map(Arc::new) };
        *last = Some((began, look.clone()));
        look
    }
}
