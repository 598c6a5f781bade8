//! A clock that can be stopped while the stage is set, and goes on from another moment.

use std::sync::Mutex;
use std::time::Duration;

use jit_engine::{BoxFuture, Clock, SystemClock};
use jit_types::Timestamp;

/// How it goes.
#[derive(Clone, Copy)]
enum Goes {
    /// By so many milliseconds ahead of the system's.
    Ahead(i64),
    /// Not at all.
    Stopped(Timestamp),
}

pub(crate) struct Stopped(Mutex<Goes>);

impl Default for Stopped {
    fn default() -> Self {
        Self(Mutex::new(Goes::Ahead(0)))
    }
}

impl Stopped {
    pub(crate) fn stop(&self) {
        let now = self.now();
        *self.0.lock().unwrap() = Goes::Stopped(now);
    }

    /// Goes on as the system's does.
    pub(crate) fn go(&self) {
        *self.0.lock().unwrap() = Goes::Ahead(0);
    }

    /// Goes on from a moment.
    pub(crate) fn go_from(&self, from: Timestamp) {
        *self.0.lock().unwrap() = Goes::Ahead(from.since_millis(SystemClock.now()));
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        match *self.0.lock().unwrap() {
            Goes::Ahead(millis) => SystemClock.now().plus_millis(millis),
            Goes::Stopped(at) => at,
        }
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            while self.now() < until {
                let left = u64::try_from(until.since_millis(self.now())).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(left.clamp(1, 200))).await;
            }
        })
    }
}
