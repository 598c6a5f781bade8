//! Commands arrive as they were given, from whom they were given, once.

use std::collections::BTreeMap;

use jit_types::{GrantId, ParamValue, RequestId, Span, Timestamp};

use super::{Trial, hostile};
use crate::testkit::commands::Commanded;
use crate::testkit::harness::{Answer, Wanted};
use crate::testkit::kit::{Bench, Go, Kit, PARAM, REASON, Who, not_applicable};
use crate::{Act, Identity};

/// A bench on which somebody can give commands, and the requester.
async fn commanding<'a>(kit: &'a Kit<'_>) -> Go<(Bench<'a>, Identity)> {
    let bench = kit.vouched().await?;
    let Some(alice) = kit.identity(Who::Requester(0)).cloned() else {
        return not_applicable("the requester has no identity in this medium");
    };
    Ok((bench, alice))
}

fn request(kit: &Kit<'_>, reason: &str, param: &str) -> Wanted {
    Wanted::Request {
        role: kit.role.clone(),
        params: BTreeMap::from([(kit.param.clone(), param.to_owned())]),
        span: Span::from_secs(5400),
        reason: reason.to_owned(),
    }
}

/// A grant and a request of the requester's.
fn theirs(kit: &Kit<'_>, bench: &Bench<'_>) -> [Wanted; 3] {
    let born = Timestamp::from_millis(1_900_000_000_000);
    let (grant, request) = (GrantId::from_parts(born, kit.fresh()), RequestId::from_parts(born, kit.fresh()));
    bench.desk.grant(grant, &kit.alice);
    bench.desk.request(request, &kit.alice);
    let extend = Wanted::Extend { grant, span: Span::from_secs(5400), reason: REASON.to_owned() };
    [extend, Wanted::Release(grant), Wanted::Cancel(request)]
}

/// What an administrator wants.
fn locks() -> [Wanted; 2] {
    [true, false].map(|on| Wanted::Lock { whom: "eve@example.com".to_owned(), reason: REASON.to_owned(), on })
}

/// What the desk heard since so many commands were heard.
fn since(bench: &Bench<'_>, before: usize) -> Vec<Commanded> {
    bench.desk.commanded().into_iter().skip(before).collect()
}

fn is(heard: &Commanded, by: &Identity, what: &Wanted) -> bool {
    match (heard, what) {
        (Commanded::Acted(action, _), Wanted::Release(grant)) => {
            action.by == *by && action.what == Act::Release(*grant)
        }
        (Commanded::Acted(action, _), Wanted::Cancel(request)) => {
            action.by == *by && action.what == Act::Cancel(*request)
        }
        (Commanded::Acted(action, _), Wanted::Extend { grant, span, reason }) => {
            action.by == *by && action.what == Act::Extend { grant: *grant, span: *span, reason: reason.clone() }
        }
        (Commanded::Acted(action, _), Wanted::Lock { whom, reason, on }) => {
            let (whom, reason) = (whom.clone(), reason.clone());
            let wanted = if *on { Act::Lock { whom, reason } } else { Act::Unlock { whom, reason } };
            action.by == *by && action.what == wanted
        }
        (Commanded::Wished(wish, _), Wanted::Request { role, params, span, reason }) => {
            let typed = params.iter().map(|(name, value)| (name.clone(), ParamValue::Text(value.clone())));
            let same = (wish.role == *role, wish.span == Some(*span), wish.reason == *reason);
            wish.by == *by && same == (true, true, true) && wish.params == typed.collect()
        }
        _ => false,
    }
}

fn told(t: &mut Trial, heard: &Commanded, answer: &Answer, what: &str) {
    let words = heard.outcome().words.as_str();
    t.check(answer.words.contains(words), format!("{what} was answered \u{201c}{}\u{201d}", answer.words));
}

/// Each command arrives as it was given, as its giver's, and is answered in the house's words.
pub(super) async fn arrives(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let (bench, alice) = commanding(kit).await?;
    let Some(bob) = kit.identity(Who::First).cloned() else {
        return not_applicable("the administrator has no identity in this medium");
    };
    bench.desk.administrator(&kit.approvers[0]);
    let hers = theirs(kit, &bench).into_iter().chain([request(kit, REASON, PARAM)]).map(|wanted| (&alice, wanted));
    for (by, wanted) in hers.chain(locks().into_iter().map(|wanted| (&bob, wanted))) {
        let before = bench.desk.commanded().len();
        let event = bench.command(by, wanted.clone()).await?;
        let answer = bench.deliver(event).await?;
        let heard = since(&bench, before);
        t.check(heard.len() == 1, format!("{wanted:?} arrived {} times", heard.len()));
        for heard in &heard {
            t.check(is(heard, by, &wanted), format!("{wanted:?} arrived as {heard:?}"));
            t.check(heard.outcome().done, format!("{wanted:?} was not done: {}", heard.outcome().words));
            told(t, heard, &answer, &format!("{wanted:?}"));
        }
    }
    Ok(())
}

/// Whoever asks over a channel sees what it would do before it is filed: just what is filed then.
pub(super) async fn planned(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let (bench, alice) = commanding(kit).await?;
    let event = bench.command(&alice, request(kit, REASON, PARAM)).await?;
    bench.deliver(event).await?;
    let (planned, heard) = (bench.desk.planned(), bench.desk.commanded());
    t.check(!heard.is_empty(), "nothing was filed");
    for heard in heard {
        let Commanded::Wished(wish, _) = heard else { continue };
        t.check(planned.contains(&wish), "a request was filed whose plan nobody was shown");
    }
    Ok(())
}

/// What is somebody else's is not given back or cancelled, and whom the house does not know files nothing.
pub(super) async fn foreign(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let (bench, _) = commanding(kit).await?;
    let theirs = theirs(kit, &bench);
    for who in [Who::First, Who::Stranger] {
        let Some(by) = kit.identity(who).cloned() else { continue };
        let mut all = theirs.to_vec();
        all.extend(locks());
        if who == Who::Stranger {
            all.push(request(kit, REASON, PARAM));
        }
        for wanted in all {
            let before = bench.desk.commanded().len();
            let event = bench.command(&by, wanted.clone()).await?;
            let answer = bench.deliver(event).await?;
            // An adapter may know by itself who is a stranger to it.
            for heard in since(&bench, before) {
                t.check(is(&heard, &by, &wanted), format!("{who:?}'s {wanted:?} arrived as {heard:?}"));
                t.check(!heard.outcome().done, format!("{who:?}'s {wanted:?} was done"));
                told(t, &heard, &answer, &format!("{who:?}'s {wanted:?}"));
            }
            t.check(!answer.words.is_empty(), format!("{who:?}'s {wanted:?} was not answered"));
            t.check(!answer.words.contains(REASON), format!("{who:?} was told a reason"));
        }
    }
    let left = bench.desk.commanded().iter().filter(|heard| heard.outcome().done).count();
    t.check(left == 0, format!("{left} foreign commands were done"));
    Ok(())
}

/// The same command delivered twice, at once and again, and to a broker that was started anew, counts once.
pub(super) async fn twice(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let (mut bench, alice) = commanding(kit).await?;
    for wanted in theirs(kit, &bench).into_iter().chain([request(kit, REASON, PARAM)]) {
        let before = bench.desk.commanded().len();
        let event = bench.command(&alice, wanted.clone()).await?;
        let (one, two) = tokio::join!(bench.deliver(event), bench.deliver(event));
        let (one, two, three) = (one?, two?, bench.deliver(event).await?);
        bench = bench.restarted().await?;
        let four = bench.deliver(event).await?;
        let heard = since(&bench, before);
        let done = heard.iter().filter(|heard| heard.outcome().done).count();
        t.check(done == 1, format!("{wanted:?}, delivered four times, was done {done} times"));
        for heard in &heard {
            t.check(is(heard, &alice, &wanted), format!("{wanted:?} arrived as {heard:?}"));
        }
        for answer in [one, two, three, four] {
            let said = heard.iter().any(|heard| answer.words.contains(heard.outcome().words.as_str()));
            t.check(
                said || answer.words.is_empty(),
                format!("a repetition was answered \u{201c}{}\u{201d}", answer.words),
            );
        }
    }
    Ok(())
}

/// Whatever is typed as a reason or a parameter arrives as it was typed, or not at all and the person is told; it becomes no
/// other option, and nothing of it is posted.
pub(super) async fn hostile(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let (bench, alice) = commanding(kit).await?;
    let posted = kit.messages().await?;
    for (what, text) in hostile::texts(kit) {
        let before = bench.desk.commanded().len();
        let wanted = request(kit, &text, &text);
        let event = bench.command(&alice, wanted.clone()).await?;
        let answer = bench.deliver(event).await?;
        let heard = since(&bench, before);
        t.check(heard.len() <= 1, format!("a request with {what} arrived {} times", heard.len()));
        for heard in &heard {
            t.check(is(heard, &alice, &wanted), format!("a request with {what} arrived otherwise than it was typed"));
            told(t, heard, &answer, &format!("a request with {what}"));
        }
        t.check(!answer.words.is_empty(), format!("a request with {what} was not answered"));
    }
    t.check(kit.newer(&posted).await?.is_empty(), "a command's text was posted");
    Ok(())
}
