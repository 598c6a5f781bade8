//! Many grants that end in the same second.

use std::sync::Arc;
use std::time::Duration;

use jit_life::GrantStatus;
use jit_types::{Span, Timestamp};

use crate::clock::Stopped;
use crate::stage::Stage;

/// What came of it.
pub(crate) struct Ended {
    /// How many ended.
    pub(crate) count: usize,
    late: Vec<i64>,
}

impl Ended {
    pub(crate) fn of(mut late: Vec<i64>) -> Self {
        late.sort_unstable();
        Self { count: late.len(), late }
    }

    /// Milliseconds after the end, at a quantile.
    pub(crate) fn late(&self, quantile: f64) -> i64 {
        let index = ((self.late.len() - 1) as f64 * quantile).round() as usize;
        self.late[index]
    }
}

/// Makes so many live grants with one and the same end, and lets it come.
pub(crate) async fn run(count: usize) -> Ended {
    let clock = Arc::new(Stopped::default());
    let stage = Arc::new(Stage::set(clock.clone()).await);
    // While the clock stands, every window opens at the same moment, however long the claims take.
    clock.stop();
    let mut tasks = tokio::task::JoinSet::new();
    let mut ids = Vec::new();
    let span = Span::from_secs(90);
    for number in 0..count {
        if tasks.len() >= 128 {
            ids.push(tasks.join_next().await.unwrap().unwrap());
        }
        let stage = Arc::clone(&stage);
        tasks.spawn(async move {
            let request = stage.file("ruled", number, span).await;
            stage.claim(&request, number).await;
            request.id
        });
    }
    while let Some(id) = tasks.join_next().await {
        ids.push(id.unwrap());
    }
    clock.go();
    let mut late = Vec::new();
    let mut end = Timestamp::EPOCH;
    for id in &ids {
        loop {
            let request = stage.house().store().request(*id).await.unwrap().unwrap();
            let grant = request.grant.unwrap();
            end = grant.window.map_or(end, |window| window.end);
            if let GrantStatus::Ended { at, .. } = grant.status {
                late.push(at.since_millis(end));
                break;
            }
            let left = u64::try_from(end.since_millis(stage.house().now())).unwrap();
            tokio::time::sleep(Duration::from_millis(left + 100)).await;
        }
    }
    Ended::of(late)
}
