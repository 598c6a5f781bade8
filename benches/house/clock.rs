//! A clock that can be stopped while the stage is set.

use std::sync::Mutex;
use std::time::Duration;

use jit_engine::{BoxFuture, Clock, SystemClock};
use jit_types::Timestamp;

#[derive(Default)]
pub(crate) struct Stopped(Mutex<Option<Timestamp>>);

impl Stopped {
    pub(crate) fn stop(&self) {
        *self.0.lock().unwrap() = Some(SystemClock.now());
    }

    pub(crate) fn go(&self) {
        *self.0.lock().unwrap() = None;
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().unwrap_or_else(|| SystemClock.now())
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            while self.now() < until {
                let left = u64::try_from(until.since_millis(self.now())).unwrap();
                tokio::time::sleep(Duration::from_millis(left.clamp(1, 200))).await;
            }
        })
    }
}
