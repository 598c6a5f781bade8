//! Presses that come after something has changed.

use jit_types::Digest;

use super::Trial;
use crate::testkit::harness::Twist;
use crate::testkit::kit::{Go, Kit, Who, YES};
use crate::{Notice, Verdict};

/// An old press, delivered again to a broker that was started anew, counts no more than it did.
pub(super) async fn replayed(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    let case = bench.case(bench.draft(2)).await?;
    let event = bench.press(&case, Who::First, YES, Twist::Straight).await?;
    bench.deliver(event).await?;
    let bench = bench.restarted().await?;
    let answer = bench.deliver(event).await?;
    t.refused(&bench, &case, &answer, "a replayed press");
    let filed = bench.desk.filed(&case.ask.ask);
    t.check(filed.is_some_and(|f| f.reviews.len() == 1 && f.closed.is_none()), "a replayed press counts again");
    Ok(())
}

/// A press that comes after the end revives nothing, and the person is told why.
pub(super) async fn late(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    for verdict in [YES, Verdict::Deny] {
        let case = bench.case(bench.draft(1)).await?;
        let event = bench.press(&case, Who::First, verdict, Twist::Straight).await?;
        bench.desk.lapse(&case.ask.ask, "lapsed, for nobody decided in time");
        let answer = bench.deliver(event).await?;
        t.refused(&bench, &case, &answer, "a late press");
        t.check(answer.words.contains("lapsed"), "a late press does not say that the ask has lapsed");
    }
    Ok(())
}

/// What was shown is what a press is for: after a change of role an old control is refused, a new one works.
pub(super) async fn changed(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    let case = bench.case(bench.draft(1)).await?;
    let event = bench.press(&case, Who::First, YES, Twist::Straight).await?;
    let mut next = case.ask.clone();
    next.hash = Digest::of(b"the role gives more now");
    bench.desk.change(&next.ask, next.hash);
    bench.address(&mut next);
    // The message follows before the press arrives: the press was still made on the old one.
    let before = kit.messages().await?;
    if let Err(error) = bench.update(&case.at, &Notice::Ask(Box::new(next.clone()))).await? {
        t.check(false, format!("update failed: {error}"));
    }
    let answer = bench.deliver(event).await?;
    for heard in bench.desk.heard(&case.ask.ask) {
        t.check(
            heard.decision.hash == case.ask.hash,
            "a press on what was shown arrived with the hash of what was not",
        );
    }
    t.refused(&bench, &case, &answer, "a press on what has changed since");
    let shown = if bench.cap.edits {
        let all = kit.messages().await?;
        all.into_iter().filter(|m| case.messages.iter().any(|old| old.number == m.number)).collect()
    } else {
        kit.newer(&before).await?
    };
    let fresh = crate::testkit::kit::Case { ask: next, at: case.at.clone(), messages: shown };
    if !fresh.messages.is_empty() {
        bench.pressed(&fresh, Who::First, YES).await?;
        let done = bench.desk.heard(&fresh.ask.ask).last().is_some_and(|h| h.outcome.done);
        t.check(done, "a press on what is shown now is not done");
    }
    Ok(())
}

/// The right to decide is that of the moment of the press, not of the announcement.
pub(super) async fn removed(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    let case = bench.case(bench.draft(1)).await?;
    let event = bench.press(&case, Who::First, YES, Twist::Straight).await?;
    let [bob, _] = &kit.approvers;
    bench.desk.remove(bob);
    let answer = bench.deliver(event).await?;
    t.refused(&bench, &case, &answer, "a press of somebody who may no longer decide");
    t.check(bench.desk.filed(&case.ask.ask).is_some_and(|f| f.closed.is_none()), "it was decided");
    bench.pressed(&case, Who::Second, YES).await?;
    let by = bench.desk.filed(&case.ask.ask).and_then(|f| f.closed).map(|(_, by)| by);
    t.check(by.as_deref() == Some(&kit.approvers[1..]), "who may still decide can't");
    Ok(())
}
