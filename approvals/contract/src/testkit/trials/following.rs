//! The message follows the ask, and is reduced at its end.

use jit_types::Words;

use super::Trial;
use crate::testkit::harness::Message;
use crate::testkit::kit::{Case, Go, Kit, PARAM, REASON, failed, not_applicable};
use crate::{AskNotice, Notice, Standing};

async fn now(kit: &Kit<'_>, case: &Case) -> Go<Vec<Message>> {
    let all = kit.messages().await?;
    Ok(all.into_iter().filter(|m| case.messages.iter().any(|old| old.number == m.number)).collect())
}

/// A first approval of two is seen in the message that was there, which can still be decided by.
pub(super) async fn follows(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    if !bench.cap.edits {
        return not_applicable("messages can't be edited in this medium");
    }
    let case = bench.case(bench.draft(2)).await?;
    let before = kit.messages().await?;
    let mut next = case.ask.clone();
    next.standing = Standing::Pending { have: 1, need: 2 };
    for again in [false, true] {
        if let Err(error) = bench.update(&case.at, &Notice::Ask(Box::new(next.clone()))).await? {
            return failed(format!("update failed (again: {again}): {error}"));
        }
    }
    t.check(kit.newer(&before).await?.is_empty(), "an update made a new message");
    for (old, new) in case.messages.iter().zip(now(kit, &case).await?) {
        t.check(old.text != new.text, format!("message {} does not show the first approval", new.number));
        t.check(old.structure == new.structure, format!("message {} lost or won a part", new.number));
        t.check(!bench.cap.decides || !new.controls.is_empty(), format!("message {} can't be decided by", new.number));
    }
    Ok(())
}

fn is_reduced(t: &mut Trial, ask: &AskNotice, message: &Message, what: &str) {
    let text = message.text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (gone, name) in [(REASON, "the reason"), (PARAM, "a parameter")] {
        t.check(!text.contains(gone), format!("{what}: {name} is still there"));
    }
    t.check(message.controls.is_empty(), format!("{what}: there is still something to press"));
    for wanted in [ask.requester.as_str(), ask.role.as_str(), "approved for 30m", "bob@example.com"] {
        t.check(text.contains(wanted), format!("{what}: `{wanted}` is not there"));
    }
}

/// Once decided, a message says what, who and outcome, and nothing else that was in it.
pub(super) async fn reduced(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    // Once it is closed there may be nobody left who could decide it: what was told is reduced all the same.
    for addressed in [true, false] {
        let case = bench.case(bench.draft(1)).await?;
        let end = ended(kit, &case.ask, addressed);
        let before = kit.messages().await?;
        if let Err(error) = bench.update(&case.at, &Notice::Ask(Box::new(end.clone()))).await? {
            return failed(format!("the last update failed: {error}"));
        }
        let added = kit.newer(&before).await?;
        if bench.cap.edits {
            t.check(added.is_empty(), "the last update made a new message");
            for message in now(kit, &case).await? {
                is_reduced(t, &end, &message, "the message");
            }
        }
        for message in &added {
            is_reduced(t, &end, message, "the message that follows");
        }
    }
    // A broker that stopped before the first announcement makes it after the end.
    let end = ended(kit, &bench.draft(1), true);
    let (_, late) = bench.told(&Notice::Ask(Box::new(end.clone()))).await?;
    for message in &late {
        is_reduced(t, &end, message, "an announcement after the end");
    }
    Ok(())
}

/// The end of an ask, with reason and parameters still in the notice: an adapter leaves them out by itself.
fn ended(kit: &Kit<'_>, ask: &AskNotice, addressed: bool) -> AskNotice {
    let [bob, _] = &kit.approvers;
    let mut end = ask.clone();
    end.standing = Standing::Closed { outcome: Words::new("approved for 30m"), by: vec![bob.clone()] };
    if !addressed {
        end.to.clear();
    }
    end
}
