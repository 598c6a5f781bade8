//! One lock for each lane that several claims share. The store leases one effect of a lane at a time; a claim's own task
//! is no lease, so that two claims, or a claim and the effect that was leased before it, meet here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// What the lanes of one claim begin with: nobody else is ever in them, so that they need no lock.
const OWN: &str = "claim:";

/// The locks. There are as many as the config's backends have shared lanes.
#[derive(Default)]
pub(crate) struct Lanes(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Lanes {
    /// Waits until the lane is free, and holds it until the answer is dropped.
    pub(crate) async fn enter(&self, lane: &str) -> Option<OwnedMutexGuard<()>> {
        if lane.starts_with(OWN) {
            return None;
        }
        let lock = {
            let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(lanes.entry(lane.to_owned()).or_default())
        };
        Some(lock.lock_owned().await)
    }
}
