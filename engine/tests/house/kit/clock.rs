//! A clock that a test sets. The crash test runs on it too.

use jit_engine::{BoxFuture, Clock};
use jit_types::Timestamp;
use tokio::sync::watch;

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// The clock; clones show the same time.
#[derive(Clone)]
pub(crate) struct TestClock(watch::Sender<i64>);

impl TestClock {
    pub(crate) fn at(at: Timestamp) -> Self {
        Self(watch::Sender::new(at.millis()))
    }

    pub(crate) fn set(&self, at: Timestamp) {
        self.0.send_replace(at.millis());
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(*self.0.borrow())
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut seen = self.0.subscribe();
            let _ = seen.wait_for(|now| *now >= until.millis()).await;
        })
    }
}
