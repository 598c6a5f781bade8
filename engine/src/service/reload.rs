//! Another config, put in force while the house is open: all of it, or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jit_life::policy::{self, Caller};
use jit_life::{Refused, RefusedKind, Rules};
use jit_types::{BackendName, Digest, RequestId, Subject};

use super::refusals::Attempt;
use crate::driver;
use crate::error::Error;
use crate::house::{House, Outfit};
use crate::store::Query;

/// What a config says, opened and not yet in force.
pub struct NewConfig {
    /// The rules.
    pub rules: Rules,
    /// Backends, channels, alerts.
    pub outfit: Outfit,
    /// What each backend points at.
    pub targets: BTreeMap<BackendName, String>,
    /// A digest of the file's exact bytes.
    pub revision: Digest,
    /// Who put it in force; `None` for the machine's own administrator, by a signal.
    pub by: Option<Subject>,
}

/// The most ids that a refusal names.
const NAMED: usize = 20;

impl House {
    /// Whether a caller may have the config read anew; whoever may not and tries is in the record.
    ///
    /// # Errors
    /// When the caller is no administrator.
    pub async fn may_reconfigure(&self, caller: &Caller) -> Result<(), Error> {
        match policy::may_administer(&self.rules(), caller, "route") {
            Ok(_) => Ok(()),
            Err(refused) => Err(self.refuse(caller, Attempt::new("config.changed"), refused).await),
        }
    }

    /// Puts another config in force, and brings open asks in line with it. The record has it before it holds.
    ///
    /// # Errors
    /// When a backend with something live would go, or point elsewhere: what lives there could no longer be ended. When
    /// the store can't be used. Nothing has changed then.
    pub async fn reconfigure(self: &Arc<Self>, new: NewConfig) -> Result<(), Error> {
        // Nobody is in the middle of a step that was judged by the old config and lands under the new one.
        let gate = self.gate.write().await;
        self.nothing_lost(&new.targets).await?;
        driver::note_config(self, new.revision, new.by).await?;
        let before = self.backends();
        self.put_in_force(new.rules, new.outfit);
        drop(gate);
        let opened = |name: &&BackendName, now: &Arc<dyn jit_backend::Backend>| {
            !before.get(*name).is_some_and(|old| Arc::ptr_eq(old, now))
        };
        for (name, _) in self.backends().iter().filter(|(name, now)| opened(name, now)) {
            driver::publish_at_once(self, name).await?;
        }
        self.wake.notify_one();
        self.revise_open_asks().await
    }

    /// Refuses a config in which a backend with something live is missing or points elsewhere.
    async fn nothing_lost(&self, targets: &BTreeMap<BackendName, String>) -> Result<(), Error> {
        let unended = Query { unended: true, most: u32::MAX, ..Default::default() };
        let mut lost: BTreeMap<BackendName, BTreeSet<RequestId>> = BTreeMap::new();
        for request in self.store().requests(unended).await? {
            for claim in request.grant.iter().flat_map(|grant| &grant.claims).filter(|claim| claim.live()) {
                let Some(gives) = request.entitlement(claim) else { continue };
                if targets.get(&gives.backend) != Some(&gives.target) {
                    lost.entry(gives.backend.clone()).or_default().insert(request.id);
                }
            }
        }
        if lost.is_empty() {
            return Ok(());
        }
        let named = |(name, ids): (&BackendName, &BTreeSet<RequestId>)| {
            let shown: Vec<String> = ids.iter().take(NAMED).map(ToString::to_string).collect();
            let more = ids.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("`{name}` ({}{more})", shown.join(", "))
        };
        let all: Vec<String> = lost.iter().map(named).collect();
        let message = format!(
            "something lives on a backend that would be taken away or point elsewhere, and could not be ended any more: {}",
            all.join("; ")
        );
        Err(Refused::new(RefusedKind::Conflict, "backends", message)
            .hint("end it with `jit revoke`, or name the new target as another backend")
            .into())
    }
}
