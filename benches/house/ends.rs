//! Many grants that end in the same second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jit_life::GrantStatus;
use jit_types::{Span, Timestamp};

use crate::clock::Stopped;
use crate::stage::Stage;
use crate::usage::Usage;

/// How long before the end the clock goes on: long enough for all that waits to be done before.
const BEFORE: i64 = -2_000;

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

/// Makes so many live grants with one and the same end, and lets it come: how late they ended, what that cost this process,
/// and after how many milliseconds all of it was in the file.
pub(crate) async fn run(role: &'static str, count: usize) -> (Ended, Usage, i64) {
    let clock = Arc::new(Stopped::default());
    let stage = Arc::new(Stage::set(clock.clone()).await);
    // While the clock stands, every window opens at the same moment, however long the claims take.
    clock.stop();
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    let mut ids = Vec::new();
    for number in 0..count {
        if tasks.len() >= 128 {
            ids.push(tasks.join_next().await.unwrap().unwrap());
        }
        let stage = Arc::clone(&stage);
        tasks.spawn(async move {
            let request = stage.file(role, number, Span::from_secs(3600)).await;
            stage.claim(&request, number).await;
            request.id
        });
    }
    while let Some(id) = tasks.join_next().await {
        ids.push(id.unwrap());
    }
    eprintln!("{count} live grants were made in {:.1} s", begun.elapsed().as_secs_f64());
    let first = stage.house().store().request(ids[0]).await.unwrap().unwrap();
    let end = first.grant.unwrap().window.unwrap().end;
    clock.go_from(end.plus_millis(BEFORE));
    until(&stage, end.plus_millis(-200)).await;
    let before = Usage::now();
    until(&stage, end).await;
    // Nothing waits any more: what has ended is in the file.
    while stage.house().store().next_due().await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let durable = stage.house().now().since_millis(end);
    let usage = Usage::now().since(&before);
    let mut late = Vec::new();
    for id in &ids {
        loop {
            let request = stage.house().store().request(*id).await.unwrap().unwrap();
            if let GrantStatus::Ended { at, .. } = request.grant.unwrap().status {
                late.push(at.since_millis(end));
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    (Ended::of(late), usage, durable)
}

async fn until(stage: &Stage, moment: Timestamp) {
    stage.house().clock().sleep_until(moment).await;
}
