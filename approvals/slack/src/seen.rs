//! What came already: Slack delivers an envelope again where it missed our word that it had arrived.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many envelopes are remembered; Slack repeats one within minutes.
const REMEMBERED: usize = 4096;

/// The envelopes that came last. The ask's own compare-and-set is what makes a second press harmless: this spares people a
/// second answer, and is gone with the broker.
#[derive(Default)]
pub(crate) struct Seen(Mutex<(BTreeSet<String>, VecDeque<String>)>);

impl Seen {
    /// Notes an envelope; says whether it is the first time.
    pub(crate) fn first(&self, envelope: &str) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *seen;
        if !known.insert(envelope.to_owned()) {
            return false;
        }
        order.push_back(envelope.to_owned());
        if order.len() > REMEMBERED
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_time_is_noticed_and_memory_is_bounded() {
        let seen = Seen::default();
        assert!(seen.first("a"));
        assert!(!seen.first("a"));
        for i in 0..=REMEMBERED {
            assert!(seen.first(&i.to_string()));
        }
        assert_eq!(seen.0.lock().unwrap().0.len(), REMEMBERED);
        assert!(seen.first("a"), "the oldest is forgotten");
    }
}
