//! Another config, put in force while the house is open: all of it, or nothing.
//!
//! ```text
//! gate shut ─▶ nothing would be lost? ─▶ in the record ─▶ in force ─▶ gate open ─▶ targets and open asks brought in line
//! ```
//!
//! It comes to its end though whoever asked has gone away. Once it is in force nothing fails any more: what can't be brought
//! in line at once is tried on, here and at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jit_life::policy::Caller;
use jit_life::{ClaimStatus, Refused, RefusedKind, Rules};
use jit_types::{BackendName, Digest, RequestId, Subject, Timestamp};

use super::refusals::Attempt;
use super::to_its_end;
use crate::driver;
use crate::error::Error;
use crate::house::{Backends, House, Outfit, Targets};
use crate::store::Query;

/// What a config says, opened and not yet in force.
pub struct NewConfig {
    /// The rules.
    pub rules: Rules,
    /// Backends, channels, alerts.
    pub outfit: Outfit,
    /// A digest of the file's exact bytes.
    pub revision: Digest,
    /// Who put it in force; `None` for the machine's own administrator, by a signal.
    pub by: Option<Subject>,
}

/// The most ids that a refusal names.
const NAMED: usize = 20;
/// The pauses between two tries to bring in line what a config has changed.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What of one backend would be lost: whose requests, and until when the targets may let them in.
#[derive(Default)]
struct Lost {
    requests: BTreeSet<RequestId>,
    until: Option<Timestamp>,
}

impl House {
    /// Whether a caller may have the config read anew; whoever may not and tries is in the record.
    ///
    /// # Errors
    /// When the caller is no administrator, or is locked.
    pub async fn may_reconfigure(&self, caller: &Caller) -> Result<(), Error> {
        self.administers(caller, "route", Attempt::new("config.changed")).await.map(|_| ())
    }

    /// Puts another config in force, and brings open asks in line with it. The record has it before it holds.
    ///
    /// # Errors
    /// When a backend with something that may live would go, or point elsewhere: it could no longer be ended, or refused.
    /// When the store can't be used. Nothing has changed then.
    pub async fn reconfigure(self: &Arc<Self>, new: NewConfig) -> Result<(), Error> {
        let house = Arc::clone(self);
        to_its_end(async move { house.put_new_in_force(new).await }).await
    }

    async fn put_new_in_force(self: &Arc<Self>, new: NewConfig) -> Result<(), Error> {
        // Nobody is in the middle of a step that was judged by the old config and lands under the new one.
        let gate = self.gate.write().await;
        let lost = self.lost(&new.outfit.targets, &self.targets()).await?;
        if !lost.is_empty() {
            return Err(told(&lost).into());
        }
        driver::note_config(self, new.revision, new.by).await?;
        let before = self.backends();
        self.put_in_force(new.rules, new.outfit);
        drop(gate);
        self.wake.notify_one();
        if let Err(error) = self.bring_in_line(&before).await {
            tracing::error!(%error, "not everything is in line with the new config yet; it is tried on");
            let house = Arc::clone(self);
            drop(tokio::spawn(async move {
                let (mut pause, longest) = PAUSE;
                while let Err(error) = house.bring_in_line(&before).await {
                    tracing::error!(%error, "not everything is in line with the new config yet; it is tried on");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(longest);
                }
            }));
        }
        Ok(())
    }

    /// Publishes what the backends that are new demand, and holds what is asked to the rules in force.
    async fn bring_in_line(self: &Arc<Self>, before: &Backends) -> Result<(), Error> {
        for (name, now) in self.backends().iter() {
            if !before.get(name).is_some_and(|old| Arc::ptr_eq(old, now)) {
                driver::publish_at_once(self, name).await?;
            }
        }
        self.revise_open_asks().await
    }

    /// What could be ended, or refused, by no backend that points as these do; by the backends that gave it. What ended
    /// before its planted end counts as well: until then it is looked at, and refused where the target needs a list for
    /// that. A backend that points as it did `before` loses nothing.
    async fn lost(&self, targets: &Targets, before: &Targets) -> Result<BTreeMap<BackendName, Lost>, Error> {
        let now = self.now();
        let unended = Query { unended: true, most: u32::MAX, ..Default::default() };
        let mut requests = self.store().requests(unended).await?;
        requests.extend(self.store().ended_early(now).await?);
        let mut lost: BTreeMap<BackendName, Lost> = BTreeMap::new();
        for request in requests {
            for claim in request.grant.iter().flat_map(|grant| &grant.claims) {
                let over = matches!(claim.status, ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. });
                let matters = claim.live() || (over && claim.end > now);
                let Some(gives) = request.entitlement(claim).filter(|_| matters) else { continue };
                let kept = || before.get(&gives.backend).is_some_and(|old| targets.get(&gives.backend) == Some(old));
                if !targets.values().any(|target| *target == gives.target) && !kept() {
                    let lost = lost.entry(gives.backend.clone()).or_default();
                    lost.requests.insert(request.id);
                    lost.until = lost.until.max(Some(claim.end));
                }
            }
        }
        Ok(lost)
    }

    /// What the config in force can neither end nor refuse: it was changed while the house was closed. In words, a backend
    /// each.
    ///
    /// # Errors
    /// When the store can't be used.
    pub async fn out_of_reach(&self) -> Result<Vec<String>, Error> {
        Ok(self.lost(&self.targets(), &Targets::new()).await?.iter().map(in_words).collect())
    }
}

fn told(lost: &BTreeMap<BackendName, Lost>) -> Refused {
    let all: Vec<String> = lost.iter().map(in_words).collect();
    let message = format!(
        "a backend would be taken away or point elsewhere while its target may still let something in, which could not be \
         ended or refused any more: {}",
        all.join("; ")
    );
    Refused::new(RefusedKind::Conflict, "backends", message)
        .hint("wait for that, or name the new target as another backend beside it; `jit revoke` ends what lives")
}

fn in_words((name, lost): (&BackendName, &Lost)) -> String {
    let shown: Vec<String> = lost.requests.iter().take(NAMED).map(ToString::to_string).collect();
    let more = lost.requests.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let until = lost.until.map(|until| format!(", until {until}")).unwrap_or_default();
    format!("`{name}` ({}{more}{until})", shown.join(", "))
}
