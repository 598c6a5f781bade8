//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jit_types::{Span, Timestamp};

/// A clock that a test moves by hand; clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `at`.
    pub fn at(at: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(at.millis())))
    }

    /// What it says.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// Moves it forward.
    pub fn advance(&self, span: Span) {
        self.0.fetch_add(span.millis(), Ordering::SeqCst);
    }

    /// Moves it to `at`, unless it is later already, and says what it says then.
    pub fn reach(&self, at: Timestamp) -> Timestamp {
        let before = self.0.fetch_max(at.millis(), Ordering::SeqCst);
        Timestamp::from_millis(before.max(at.millis()))
    }
}
