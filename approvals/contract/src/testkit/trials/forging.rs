//! Presses that are not what they seem.

use super::Trial;
use crate::testkit::desk::NOT_FOUND;
use crate::testkit::harness::Twist;
use crate::testkit::kit::{Go, Kit, PARAM, REASON, Who, YES, not_applicable};

/// Nobody approves their own request over any of their principals: each arrives as exactly the one it is.
pub(super) async fn self_approval(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.vouched().await?;
    let count = kit.facts.requester.identities.len();
    if count < 2 {
        return not_applicable("the requester has no second identity in this medium");
    }
    for filed in 0..count {
        // What the ask was filed over is the house's to know; the notice names the person, and every pair is tried.
        let case = bench.case(bench.draft(1)).await?;
        for pressed in 0..count {
            let who = Who::Requester(pressed);
            let answer = bench.pressed(&case, who, YES).await?;
            t.refused(&bench, &case, &answer, &format!("filed over {filed}, pressed over {pressed}"));
            let came = bench.desk.heard(&case.ask.ask).last().map(|h| h.decision.by.clone());
            t.check(came.as_ref() == kit.identity(who), format!("identity {pressed} arrived as {came:?}"));
        }
        t.check(bench.desk.filed(&case.ask.ask).is_some_and(|f| f.closed.is_none()), "somebody approved their own");
    }
    Ok(())
}

/// Somebody whom the house does not know is told the same as for an ask that does not exist.
pub(super) async fn stranger(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.vouched().await?;
    let case = bench.case(bench.draft(1)).await?;
    let answer = bench.pressed(&case, Who::Stranger, YES).await?;
    let done = bench.desk.heard(&case.ask.ask).iter().any(|h| h.outcome.done);
    t.check(!done, "a stranger decided");
    // An adapter may know by itself who is a stranger to it; then it says no more than the desk would.
    if let Some(heard) = bench.desk.heard(&case.ask.ask).last() {
        t.check(Some(&heard.decision.by) == kit.identity(Who::Stranger), "a stranger arrived as somebody else");
        t.check(answer.words.contains(NOT_FOUND), format!("a stranger was told \u{201c}{}\u{201d}", answer.words));
    }
    for (text, what) in [(REASON, "the reason"), (PARAM, "a parameter"), (case.ask.role.as_str(), "the role")] {
        t.check(!answer.words.contains(text), format!("a stranger was told {what}"));
    }
    Ok(())
}

/// Who pressed is what the medium vouches for, whatever else stands in what it sent.
pub(super) async fn claimed(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    let case = bench.case(bench.draft(1)).await?;
    let other = if kit.facts.by_link { bench.expected(&case, Who::Second) } else { kit.identity(Who::First).cloned() };
    let Some(other) = other else { return not_applicable("there is nobody to pretend to be") };
    let who = if kit.facts.by_link { Who::First } else { Who::Stranger };
    let event = bench.press(&case, who, YES, Twist::Claims(other)).await?;
    bench.deliver(event).await?;
    let expected = bench.expected(&case, who);
    for heard in bench.desk.heard(&case.ask.ask) {
        let so = Some(&heard.decision.by) == expected.as_ref();
        t.check(so, "who pressed was taken from where the sender writes what they like");
    }
    if !kit.facts.by_link {
        let open = bench.desk.filed(&case.ask.ask).is_some_and(|f| f.closed.is_none());
        t.check(open, "somebody decided under another's name");
    }
    Ok(())
}

/// A control of one ask that was given another's hash decides neither.
pub(super) async fn spliced(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.deciding().await?;
    let (a, b) = (bench.case(bench.draft(1)).await?, bench.case(bench.draft(1)).await?);
    let event = bench.press(&a, Who::First, YES, Twist::Spliced(b.ask.hash)).await?;
    bench.deliver(event).await?;
    for case in [&a, &b] {
        let open = bench.desk.filed(&case.ask.ask).is_some_and(|f| f.closed.is_none() && f.reviews.is_empty());
        t.check(open, "a control of one ask with the hash of another decided one of them");
    }
    Ok(())
}

/// What the medium did not sign never gets to the desk.
pub(super) async fn unsigned(kit: &Kit<'_>, t: &mut Trial) -> Go {
    unheard(kit, t, Twist::Unsigned, "what the medium did not sign").await
}

/// What the medium signed long ago never gets to the desk: somebody kept it.
pub(super) async fn old(kit: &Kit<'_>, t: &mut Trial) -> Go {
    unheard(kit, t, Twist::Stale, "what the medium signed an hour ago").await
}

/// Looking at where a control leads decides nothing.
pub(super) async fn looked(kit: &Kit<'_>, t: &mut Trial) -> Go {
    unheard(kit, t, Twist::Looked, "a look").await
}

async fn unheard(kit: &Kit<'_>, t: &mut Trial, twist: Twist, what: &str) -> Go {
    let bench = kit.deciding().await?;
    let case = bench.case(bench.draft(1)).await?;
    let event = bench.press(&case, Who::First, YES, twist).await?;
    bench.deliver(event).await?;
    t.check(bench.desk.heard(&case.ask.ask).is_empty(), format!("{what} was handed to the desk"));
    // The same control, pressed as it should be, still works.
    bench.pressed(&case, Who::First, YES).await?;
    t.check(bench.desk.filed(&case.ask.ask).is_some_and(|f| f.closed.is_some()), format!("{what} used the control up"));
    Ok(())
}
