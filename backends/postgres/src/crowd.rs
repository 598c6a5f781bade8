//! One look for all who wait for one: what many claims look at in the same moment is looked at once.
//!
//! As a commit is shared by those who wait for it. Whoever comes while a look is under way is not given what it finds, since
//! that may be older than their claim: they wait for the next one, and share it with all who came meanwhile. So nobody is given
//! what was seen before they asked.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// The looks at one thing.
pub(crate) struct Crowd<T> {
    /// How many looks have begun.
    begun: AtomicU64,
    /// The last that came to an end, with its number; held while one is under way.
    latest: Mutex<Option<(u64, T)>>,
}

impl<T> Default for Crowd<T> {
    fn default() -> Self {
        Self { begun: AtomicU64::new(0), latest: Mutex::new(None) }
    }
}

impl<T: Clone> Crowd<T> {
    /// Gives what a look found that began after this was called: somebody else's, or the one that is given, which is not begun
    /// otherwise. A failure is told to nobody else.
    pub(crate) async fn see<E>(&self, look: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let before = self.begun.load(Ordering::SeqCst);
        let mut latest = self.latest.lock().await;
        if let Some((number, seen)) = &*latest
            && *number > before
        {
            return Ok(seen.clone());
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        let seen = look.await?;
        *latest = Some((number, seen.clone()));
        Ok(seen)
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
        crowd: Crowd<u32>,
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
    async fn a_look_that_fails_or_is_given_up_is_nobody_elses() {
        let crowd = Crowd::default();
        assert_eq!(crowd.see(async { Err::<u32, _>("away") }).await, Err("away"));
        let never = crowd.see(std::future::pending::<Result<u32, &str>>());
        tokio::time::timeout(std::time::Duration::from_millis(5), never).await.expect_err("it hangs");
        assert_eq!(crowd.see(async { Ok::<_, &str>(7) }).await, Ok(7));
    }
}
