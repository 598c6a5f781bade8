//! A decision arrives as it was made, once, whatever the medium does to it.

use std::time::Duration;

use super::Trial;
use crate::testkit::harness::Twist;
use crate::testkit::kit::{Bench, Case, Go, Kit, Who, YES, not_applicable};
use crate::{Decision, Verdict};

fn as_made(t: &mut Trial, bench: &Bench<'_>, case: &Case, who: Who, verdict: Verdict, came: &Decision) {
    t.check(came.ask == case.ask.ask, format!("{verdict:?} arrived for another ask"));
    t.check(came.hash == case.ask.hash, format!("{verdict:?} arrived with another hash than was shown"));
    t.check(came.verdict == verdict, format!("{verdict:?} arrived as {:?}", came.verdict));
    let expected = bench.expected(case, who);
    t.check(Some(&came.by) == expected.as_ref(), format!("{who:?}'s {verdict:?} arrived as another's"));
}

/// Everything that is offered does what it says, for the one who pressed it, and the answer is the house's.
pub(super) async fn arrives(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    let offered = bench.case(bench.draft(1)).await?;
    let mut verdicts: Vec<Verdict> = Vec::new();
    for control in offered.messages.iter().flat_map(|m| &m.controls) {
        if !verdicts.contains(&control.verdict) {
            verdicts.push(control.verdict);
        }
    }
    for verdict in verdicts {
        for who in [Who::First, Who::Second] {
            let case = bench.case(bench.draft(1)).await?;
            let answer = bench.pressed(&case, who, verdict).await?;
            let heard = bench.desk.heard(&case.ask.ask);
            t.check(heard.len() == 1, format!("one {verdict:?} arrived {} times", heard.len()));
            for heard in &heard {
                as_made(t, &bench, &case, who, verdict, &heard.decision);
                t.check(heard.outcome.done, format!("{verdict:?} was not done: {}", heard.outcome.words));
                let told = answer.words.contains(heard.outcome.words.as_str());
                t.check(told, format!("{verdict:?} was answered \u{201c}{}\u{201d}", answer.words));
            }
        }
    }
    Ok(())
}

/// The same press delivered twice, at once and again, counts once, and the second answer says so.
pub(super) async fn duplicate(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    let case = bench.case(bench.draft(2)).await?;
    let event = bench.press(&case, Who::First, YES, Twist::Straight).await?;
    let (one, two) = tokio::join!(bench.deliver(event), bench.deliver(event));
    let (one, two, three) = (one?, two?, bench.deliver(event).await?);
    let filed = bench.desk.filed(&case.ask.ask);
    let counted = filed.as_ref().map_or(0, |f| f.reviews.len());
    t.check(counted == 1, format!("one press, delivered three times, counts as {counted} approvals"));
    t.check(
        filed.is_some_and(|f| f.closed.is_none()),
        "one press, delivered three times, closed an ask that needs two",
    );
    for heard in bench.desk.heard(&case.ask.ask) {
        as_made(t, &bench, &case, Who::First, YES, &heard.decision);
    }
    let done = bench.desk.heard(&case.ask.ask).iter().filter(|heard| heard.outcome.done).count();
    t.check(done <= 1, format!("one press, delivered three times, was done {done} times"));
    for answer in [one, two, three] {
        // A medium's own repetition may be answered with nothing, never with something else than the house said.
        let said = bench.desk.heard(&case.ask.ask).iter().any(|h| answer.words.contains(h.outcome.words.as_str()));
        t.check(said || answer.words.is_empty(), format!("a repetition was answered \u{201c}{}\u{201d}", answer.words));
    }
    Ok(())
}

/// Two approvers press in the same moment: one decides, the other is told that it is decided.
pub(super) async fn at_once(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    let case = bench.case(bench.draft(1)).await?;
    bench.desk.take(Duration::from_millis(50));
    let yes = bench.press(&case, Who::First, YES, Twist::Straight).await?;
    let no = bench.press(&case, Who::Second, Verdict::Deny, Twist::Straight).await?;
    let (a, b) = tokio::join!(bench.deliver(yes), bench.deliver(no));
    let answers = [(Who::First, a?), (Who::Second, b?)];
    let heard = bench.desk.heard(&case.ask.ask);
    let done = heard.iter().filter(|h| h.outcome.done).count();
    t.check(heard.len() == 2, format!("two presses, and the desk heard {}", heard.len()));
    t.check(done == 1, format!("of two presses {done} were done"));
    for (who, answer) in answers {
        let expected = bench.expected(&case, who);
        let theirs = heard.iter().find(|h| Some(&h.decision.by) == expected.as_ref());
        let told = theirs.is_some_and(|h| answer.words.contains(h.outcome.words.as_str()));
        t.check(told, format!("{who:?} was answered \u{201c}{}\u{201d}", answer.words));
    }
    Ok(())
}

/// A house under load takes longer than the medium waits: the medium hears at once that the press has arrived, the person
/// what came of it once it is known, and nothing is handed in twice.
pub(super) async fn slow_house(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    let Some(limit) = kit.facts.heard_within else {
        return not_applicable("the medium waits for as long as it takes");
    };
    let case = bench.case(bench.draft(1)).await?;
    bench.desk.take(limit + Duration::from_secs(1));
    let answer = bench.pressed(&case, Who::First, YES).await?;
    let heard = bench.desk.heard(&case.ask.ask);
    t.check(heard.len() == 1, format!("one press at a slow house arrived {} times", heard.len()));
    let late = answer.heard_after > limit;
    t.check(!late, format!("the medium heard of a press after {:?}, where {limit:?} can be", answer.heard_after));
    let told = heard.first().is_some_and(|h| answer.words.contains(h.outcome.words.as_str()));
    t.check(told, format!("a press at a slow house was answered \u{201c}{}\u{201d}", answer.words));
    Ok(())
}

/// Presses of different asks delivered in another order decide each its own.
pub(super) async fn out_of_order(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    let (a, b) = (bench.case(bench.draft(1)).await?, bench.case(bench.draft(1)).await?);
    let yes = bench.press(&a, Who::First, YES, Twist::Straight).await?;
    let no = bench.press(&b, Who::First, Verdict::Deny, Twist::Straight).await?;
    bench.deliver(no).await?;
    bench.deliver(yes).await?;
    for (case, verdict) in [(&a, YES), (&b, Verdict::Deny)] {
        let heard = bench.desk.heard(&case.ask.ask);
        t.check(
            heard.len() == 1,
            format!("an ask that was pressed once ({verdict:?}) was decided {} times", heard.len()),
        );
        for heard in heard {
            as_made(t, &bench, case, Who::First, verdict, &heard.decision);
        }
    }
    Ok(())
}
