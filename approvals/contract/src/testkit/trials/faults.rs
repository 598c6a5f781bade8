//! A medium that can't be reached, that loses answers, that is slow, that cuts connections.

use std::time::Duration;

use super::Trial;
use crate::testkit::harness::{Fault, Message, Twist};
use crate::testkit::kit::{Bench, Case, Go, Kit, Who, YES, failed, not_applicable};
use crate::{AskNotice, Error, Listeners, Notice};

fn notice(ask: &AskNotice) -> Notice {
    Notice::Ask(Box::new(ask.clone()))
}

fn retryable<T>(t: &mut Trial, what: &str, came: Result<T, Error>) {
    match came {
        Ok(_) => t.check(false, format!("{what} succeeded at a medium that can't be reached")),
        Err(error) => t.check(error.retryable(), format!("{what} failed for good, as {:?}: {error}", error.kind)),
    }
}

/// How many messages each addressee got at most.
fn most(messages: &[Message]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for message in messages {
        *counts.entry(&message.to).or_insert(0) += 1;
    }
    counts.into_values().max().unwrap_or(0)
}

/// Nothing is lost and nothing doubled by a medium that was away for a while.
pub(super) async fn down(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let old = bench.case(bench.draft(2)).await?;
    let ask = bench.draft(1);
    let before = kit.messages().await?;
    kit.harness.fault(Fault::Down).await?;
    for _ in 0..2 {
        retryable(t, "announce", bench.announce(&notice(&ask)).await?);
    }
    if bench.cap.edits {
        retryable(t, "update", bench.update(&old.at, &notice(&old.ask)).await?);
    }
    kit.harness.fault(Fault::Lifted).await?;
    t.check(kit.newer(&before).await?.is_empty(), "something came of an announcement that failed");
    let at = match bench.announce(&notice(&ask)).await? {
        Ok(at) => at,
        Err(error) => return failed(format!("announced once it could be reached, it failed: {error}")),
    };
    let messages = kit.newer(&before).await?;
    t.check(most(&messages) == 1, format!("announced once it could be reached, it was told {} times", most(&messages)));
    if let Err(error) = bench.update(&at, &notice(&ask)).await? {
        t.check(false, format!("updated once it could be reached, it failed: {error}"));
    }
    if bench.cap.decides {
        press_works(&bench, t, &Case { ask, at, messages }).await?;
    }
    Ok(())
}

async fn press_works(bench: &Bench<'_>, t: &mut Trial, case: &Case) -> Go {
    bench.pressed(case, Who::First, YES).await?;
    let done = bench.desk.filed(&case.ask.ask).is_some_and(|f| f.closed.is_some());
    t.check(done, "a press after it could be reached again is not done");
    Ok(())
}

/// Where the medium knows a message that it got before, announcing again after a lost answer makes no second one.
pub(super) async fn lost_answer(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    if !bench.cap.deduplicates {
        return not_applicable("the medium does not know a message that it got before");
    }
    let ask = bench.draft(1);
    let before = kit.messages().await?;
    kit.harness.fault(Fault::LosesAnswers).await?;
    retryable(t, "announce", bench.announce(&notice(&ask)).await?);
    kit.harness.fault(Fault::Lifted).await?;
    let arrived = most(&kit.newer(&before).await?);
    t.check(arrived == 1, format!("of an announcement whose answer was lost, {arrived} arrived"));
    for again in 1..=2 {
        if let Err(error) = bench.announce(&notice(&ask)).await? {
            t.check(false, format!("announced again ({again}), it failed: {error}"));
        }
    }
    let messages = most(&kit.newer(&before).await?);
    t.check(messages == 1, format!("announced again after a lost answer, it was told {messages} times"));
    // A broker that was started anew announces what it does not remember having announced.
    let bench = bench.restarted().await?;
    let at = match bench.announce(&notice(&ask)).await? {
        Ok(at) => at,
        Err(error) => return failed(format!("announced again by another broker, it failed: {error}")),
    };
    let all = kit.newer(&before).await?;
    t.check(most(&all) == 1, format!("announced again by another broker, it was told {} times", most(&all)));
    if let Err(error) = bench.update(&at, &notice(&ask)).await? {
        t.check(false, format!("the reference that came back at last can't be updated: {error}"));
    }
    Ok(())
}

/// At a slow medium each call succeeds or can be tried again.
pub(super) async fn slow(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let ask = bench.draft(1);
    let before = kit.messages().await?;
    kit.harness.fault(Fault::Slow).await?;
    if let Err(error) = bench.announce(&notice(&ask)).await? {
        t.check(error.retryable(), format!("announce at a slow medium failed for good: {error}"));
    }
    kit.harness.fault(Fault::Lifted).await?;
    if let Err(error) = bench.announce(&notice(&ask)).await? {
        t.check(false, format!("announced again after it was slow, it failed: {error}"));
    }
    let (told, most_told) = (most(&kit.newer(&before).await?), if bench.cap.deduplicates { 1 } else { 2 });
    t.check((1..=most_told).contains(&told), format!("announced twice to a slow medium, it was told {told} times"));
    Ok(())
}

/// A connection that was cut is made again by itself, also when the medium was away for a while.
pub(super) async fn cut(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    if bench.cap.listeners == Listeners::None {
        return not_applicable("nobody listens: this medium comes to us");
    }
    for fault in [Fault::Cut, Fault::Cut, Fault::Down] {
        let case = bench.case(bench.draft(1)).await?;
        let event = bench.press(&case, Who::First, YES, Twist::Straight).await?;
        kit.harness.fault(fault).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        kit.harness.fault(Fault::Lifted).await?;
        bench.deliver(event).await?;
        let done = bench.desk.filed(&case.ask.ask).is_some_and(|f| f.closed.is_some());
        t.check(done, format!("a press after {fault:?} is not done"));
        t.check(bench.listens(), format!("listen ended after {fault:?}"));
    }
    Ok(())
}

/// `doctor` hears that all is well when it is, and that it is not when it is not.
pub(super) async fn check(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let well = kit.bounded("check", bench.adapter.check()).await?;
    t.check(!well.is_empty(), "a check finds nothing at all");
    for finding in well.iter().filter(|finding| !finding.good) {
        t.check(false, format!("all is well, and a check finds: {}", finding.what));
    }
    kit.harness.fault(Fault::Down).await?;
    let ill = kit.bounded("check", bench.adapter.check()).await?;
    t.check(ill.iter().any(|finding| !finding.good), "a check of a medium that can't be reached finds nothing bad");
    let helps = ill.iter().filter(|finding| !finding.good).all(|finding| finding.remedy.is_some());
    t.check(helps, "a bad finding names no way out");
    Ok(())
}
