//! What only tells, and can't be told: tried again ever more rarely, and never in the way of what ends.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jit_life::EffectKind;
use jit_types::{RequestId, Span};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::AGAIN;
use crate::store::Leased;

/// The longest pause between two tries to tell something.
const LONGEST_PAUSE: Span = Span::from_secs(600);
/// How many messages are on their way at once, of the driver's places; the rest are for what ends.
const AT_ONCE: usize = 256;

type Key = (Option<RequestId>, EffectKind);

/// How often in a row each message has failed, since this process began.
pub(crate) struct Tries {
    failed: Mutex<HashMap<Key, u32>>,
    places: Semaphore,
}

impl Default for Tries {
    fn default() -> Self {
        Self { failed: Mutex::default(), places: Semaphore::new(AT_ONCE) }
    }
}

impl Tries {
    /// A place for a message, where one is free. An alarm needs none.
    pub(super) fn place(&self, kind: &EffectKind) -> Result<Option<SemaphorePermit<'_>>, tokio::sync::TryAcquireError> {
        match kind {
            EffectKind::Announce(_) | EffectKind::Update(_) | EffectKind::Tell(_) => {
                self.places.try_acquire().map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Counts a failure; says how long to wait. What ends something is not counted: it is tried again soon, for ever.
    pub(super) fn failed(&self, effect: &Leased) -> Span {
        if !effect.kind.tells() {
            return AGAIN;
        }
        let mut counts = self.counts();
        let tries = counts.entry((effect.request, effect.kind.clone())).or_default();
        let doubled = AGAIN.secs().saturating_mul(1 << (*tries).min(10));
        *tries = tries.saturating_add(1);
        Span::from_secs(doubled).min(LONGEST_PAUSE)
    }

    /// It was told.
    pub(super) fn done(&self, effect: &Leased) {
        if effect.kind.tells() {
            self.counts().remove(&(effect.request, effect.kind.clone()));
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Key, u32>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jit_life::News;
    use jit_types::Timestamp;

    use super::*;

    fn effect(kind: EffectKind) -> Leased {
        Leased { request: None, kind, lane: None, due: Timestamp::EPOCH, fence: 1, version: 1 }
    }

    #[test]
    fn a_message_is_tried_ever_more_rarely_and_an_end_is_not() {
        let tries = Tries::default();
        let (message, end) = (effect(EffectKind::Tell(News::Ended)), effect(EffectKind::End));
        let pauses: Vec<u64> = (0..8).map(|_| tries.failed(&message).secs()).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!((0..8).map(|_| tries.failed(&end).secs()).collect::<Vec<_>>(), [10; 8]);
        tries.done(&message);
        assert_eq!(tries.failed(&message).secs(), 10, "what was told begins anew");
    }

    #[test]
    fn messages_leave_places_to_what_ends_and_to_alarms() {
        let tries = Tries::default();
        let tell = EffectKind::Tell(News::Ended);
        let held: Vec<_> = (0..AT_ONCE).map(|_| tries.place(&tell).expect("a place")).collect();
        assert!(tries.place(&tell).is_err());
        let alarm = EffectKind::Alert(jit_types::ClaimId::from_parts(Timestamp::EPOCH, [0; 10]));
        assert!(tries.place(&alarm).is_ok() && tries.place(&EffectKind::End).is_ok());
        drop(held);
        assert!(tries.place(&tell).is_ok());
    }
}
