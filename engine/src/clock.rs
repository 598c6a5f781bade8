//! The wall clock, and waiting on it.

use std::time::Duration;

use jit_types::Timestamp;

use crate::BoxFuture;

/// The longest sleep before the wall clock is looked at again: a laptop's sleep and a set clock are noticed within it.
const LONGEST_NAP: Duration = Duration::from_millis(500);

/// Where the engine learns what time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Waits until the wall clock says so, however it is set meanwhile.
    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()>;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that everybody else must ask")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let left = until.since_millis(self.now());
                if left == 0 {
                    return;
                }
                let nap = Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(LONGEST_NAP);
                tokio::time::sleep(nap).await;
            }
        })
    }
}
