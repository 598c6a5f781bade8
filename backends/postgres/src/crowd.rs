//! One look for all who wait for one: what many claims look at in the same moment is looked at once.
//!
//! As a commit is shared by those who wait for it. Whoever comes while a look is under way is not given what it finds, since
//! that may be older than their claim: they wait for the next one, and share it with all who came meanwhile. So nobody is given
//! what was seen before they asked.
//!
//! A failure gives nobody anything, so it may be older. Where a look had to be waited for and failed, its failure is that of
//! all who waited: behind a target that hangs a hundred claims wait once, not a hundred times after each other.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// A failure that took less is that of who came before its look began, and no more: who came during it may be luckier, and
/// soon knows.
const SOON: Duration = Duration::from_secs(1);

/// The looks at one thing.
pub(crate) struct Crowd<T, E> {
    /// How many looks have begun.
    begun: AtomicU64,
    /// The number of the last that came to an end.
    ended: AtomicU64,
    /// The last that came to an end; held while one is under way.
    latest: Mutex<Option<Ended<T, E>>>,
}

/// A look that came to an end.
struct Ended<T, E> {
    number: u64,
    result: Result<T, E>,
    /// Whether it failed after having been waited for.
    hung: bool,
}

impl<T, E> Default for Crowd<T, E> {
    fn default() -> Self {
        Self { begun: AtomicU64::new(0), ended: AtomicU64::new(0), latest: Mutex::new(None) }
    }
}

impl<T: Clone, E: Clone> Crowd<T, E> {
    /// Gives what a look found that began after this was called: somebody else's, or the one that is given, which is not begun
    /// otherwise. Or how one failed that came to an end after this was called, and had to be waited for.
    pub(crate) async fn see(&self, look: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let (ended, begun) = (self.ended.load(Ordering::SeqCst), self.begun.load(Ordering::SeqCst));
        let mut latest = self.latest.lock().await;
        if let Some(last) = &*latest
            && (last.number > begun || last.hung && last.number > ended)
        {
            return last.result.clone();
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        let since = Instant::now();
        let result = look.await;
        let hung = result.is_err() && since.elapsed() >= SOON;
        *latest = Some(Ended { number, result: result.clone(), hung });
        self.ended.store(number, Ordering::SeqCst);
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    use tokio::sync::Semaphore;

    use super::*;

    /// A thing that is looked at, and changes.
    #[derive(Default)]
    struct Thing {
        crowd: Crowd<u32, ()>,
        value: AtomicU32,
        looks: AtomicU32,
    }

    impl Thing {
        async fn see(&self, hold: Option<&Semaphore>) -> u32 {
            let look = async {
                self.looks.fetch_add(1, Ordering::SeqCst);
                let seen = self.value.load(Ordering::SeqCst);
                if let Some(hold) = hold {
                    hold.acquire().await.expect("open").forget();
                }
                Ok::<_, ()>(seen)
            };
            self.crowd.see(look).await.expect("seen")
        }
    }

    #[tokio::test]
    async fn who_comes_during_a_look_is_not_given_what_it_finds_and_shares_the_next() {
        let (thing, hold) = (Arc::new(Thing::default()), Arc::new(Semaphore::new(0)));
        let (first, door) = (Arc::clone(&thing), Arc::clone(&hold));
        let first = tokio::spawn(async move { first.see(Some(&door)).await });
        while thing.looks.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        thing.value.store(1, Ordering::SeqCst);
        let mut late = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let thing = Arc::clone(&thing);
            late.spawn(async move { thing.see(None).await });
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        hold.add_permits(1);
        assert_eq!(first.await.expect("no panic"), 0);
        assert_eq!(late.join_all().await, [1; 5], "what was seen before they asked is given to nobody");
        assert_eq!(thing.looks.load(Ordering::SeqCst), 2, "one look for the five");
        thing.value.store(2, Ordering::SeqCst);
        assert_eq!(thing.see(None).await, 2, "nothing is kept for who comes later");
    }

    #[tokio::test]
    async fn a_look_that_is_given_up_is_nobody_elses_and_a_failure_is_not_kept() {
        let crowd = Crowd::default();
        assert_eq!(crowd.see(async { Err::<u32, _>("away") }).await, Err("away"));
        let never = crowd.see(std::future::pending::<Result<u32, &str>>());
        tokio::time::timeout(Duration::from_millis(5), never).await.expect_err("it hangs");
        assert_eq!(crowd.see(async { Ok::<_, &str>(7) }).await, Ok(7));
    }

    /// Many who come while a look is under way that fails after some time: how each fared, when, and how many looks there were.
    async fn behind(patience: Duration) -> (Vec<Result<u32, u32>>, Duration, u32) {
        let (crowd, looks) = (Arc::new(Crowd::<u32, u32>::default()), Arc::new(AtomicU32::new(0)));
        let mut all = tokio::task::JoinSet::new();
        let since = Instant::now();
        for _ in 0..50 {
            let (crowd, looks) = (Arc::clone(&crowd), Arc::clone(&looks));
            all.spawn(async move {
                let look = async {
                    let number = looks.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(patience).await;
                    Err(number)
                };
                crowd.see(look).await
            });
            tokio::time::sleep(Duration::from_micros(1)).await;
        }
        let fared = all.join_all().await;
        let took = since.elapsed();
        // Who comes when it is over looks anew, and is believed.
        assert_eq!(crowd.see(async { Ok(7) }).await, Ok(7));
        (fared, took, looks.load(Ordering::SeqCst))
    }

    #[tokio::test(start_paused = true)]
    async fn behind_a_look_that_hangs_all_wait_once() {
        let (fared, took, looks) = behind(Duration::from_secs(10)).await;
        assert_eq!(fared, [Err(0); 50]);
        assert!(took < Duration::from_secs(11), "{took:?}");
        assert_eq!(looks, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn behind_a_look_that_fails_soon_all_share_the_next() {
        let (fared, _, looks) = behind(Duration::from_millis(500)).await;
        assert_eq!(fared.iter().filter(|fared| **fared == Err(1)).count(), 49, "{fared:?}");
        assert_eq!(looks, 2);
    }
}
