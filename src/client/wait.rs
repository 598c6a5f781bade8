//! Waiting for a request, through restarts of the broker.

use std::time::Duration;

use jit_types::{RequestId, Span};

use super::{Client, Error};
use crate::api::requests::RequestView;

/// For how long one question waits at the broker.
const AT_ONCE: Span = Span::from_secs(25);
/// The pauses before a broker that is away is asked again; the last one is kept to.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

/// What a waiting client learns.
pub enum News {
    /// The request has changed.
    Changed(Box<RequestView>),
    /// The broker is away; it is asked again.
    Away(Error),
    /// Nothing has changed for a while, but the broker is there.
    Still,
}

/// Waits for a request.
pub struct Waiter<'c> {
    client: &'c Client,
    id: RequestId,
    seen: jit_types::Digest,
    failures: usize,
}

impl<'c> Waiter<'c> {
    /// Begins to wait for anything that is not as in `view`.
    pub fn new(client: &'c Client, view: &RequestView) -> Self {
        Self { client, id: view.id, seen: view.version, failures: 0 }
    }

    /// Waits for news. A broker that is away is news once each time it is asked in vain, and is waited for.
    ///
    /// # Errors
    /// What the broker says that asking again won't change.
    pub async fn next(&mut self) -> Result<News, Error> {
        if let Some(last) = self.failures.checked_sub(1) {
            let pause = PAUSES.get(last).or(PAUSES.last()).copied().unwrap_or_default();
            tokio::time::sleep(pause).await;
        }
        match self.client.changed(self.id, self.seen, AT_ONCE).await {
            Ok(view) => {
                self.failures = 0;
                if view.version == self.seen {
                    return Ok(News::Still);
                }
                self.seen = view.version;
                Ok(News::Changed(Box::new(view)))
            }
            Err(error) if error.retryable() => {
                self.failures = self.failures.saturating_add(1);
                Ok(News::Away(error))
            }
            Err(error) => Err(error),
        }
    }
}
