//! Whole cycles: file, approve, claim, each durable before it is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jit_engine::SystemClock;
use jit_types::Span;

use crate::stage::Stage;

/// Cycles a second, and commits a cycle, with so many clients at once.
pub(crate) async fn run(clients: usize) -> (f64, f64) {
    let stage = Arc::new(Stage::set(Arc::new(SystemClock)).await);
    let next = Arc::new(AtomicUsize::new(0));
    let commits = stage.house().store().changes();
    let before = *commits.borrow();
    let begun = Instant::now();
    let until = begun + Duration::from_secs(5);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (stage, next) = (Arc::clone(&stage), Arc::clone(&next));
        tasks.spawn(async move {
            let mut done = 0u32;
            while Instant::now() < until {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let request = stage.file("asked", number, Span::from_secs(3600)).await;
                stage.approve(&request).await;
                stage.claim(&request, number).await;
                stage.release(&request, number).await;
                done += 1;
            }
            done
        });
    }
    let mut done = 0;
    while let Some(count) = tasks.join_next().await {
        done += count.unwrap();
    }
    let took = begun.elapsed().as_secs_f64();
    let made = *commits.borrow() - before;
    (f64::from(done) / took, made as f64 / f64::from(done))
}
