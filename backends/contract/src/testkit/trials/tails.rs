//! What may go on after the end, measured with an open session against what the capability says.

use jit_types::{Span, Timestamp};

use super::Trial;
use crate::Tail;
use crate::testkit::harness::{Client, Session};
use crate::testkit::kit::{Bench, Go, Held, Kit, Stop, not_applicable};

async fn opened(kit: &Kit<'_>, bench: &Bench<'_>, life: Option<Span>) -> Go<(Client, Held, Box<dyn Session>)> {
    let client = kit.client().await?;
    let order = match life {
        Some(life) => bench.order(&client, life).await,
        None => bench.long_order(&client).await,
    };
    let held = bench.issued(&order, &client).await?;
    match kit.open(&client, &held.form).await? {
        Some(session) => Ok((client, held, session)),
        None => Err(Stop::Failed("what was issued opens nothing".to_owned())),
    }
}

/// Waits until the session is dead or `until` has come; says whether it is dead.
async fn dies(kit: &Kit<'_>, session: &mut Box<dyn Session>, until: Timestamp) -> bool {
    loop {
        if !session.alive().await {
            return true;
        }
        let now = kit.now().await;
        if now >= until {
            return false;
        }
        kit.harness.wait_until(now.after(Span::from_secs(1)).min(until)).await;
    }
}

/// After a revocation an open session ends within the swept tail; where there is no bound, it is seen to go on.
pub(super) async fn swept(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let (wait, bounded) = match &kit.cap.swept {
        Tail::AtMost(span) if *span > kit.facts.longest_wait => {
            return not_applicable(format!("the swept tail of {span} is longer than the harness waits"));
        }
        Tail::AtMost(span) => (*span, true),
        Tail::NoBound(_) => (Span::from_secs(2), false),
    };
    let (client, held, mut session) = opened(kit, &bench, None).await?;
    bench.end(&held.lease).await?;
    let dead = dies(kit, &mut session, kit.now().await.after(wait).after(kit.facts.leeway)).await;
    if bounded {
        t.check(dead, format!("an open session lives longer than {wait} after the end"));
    } else {
        t.check(!dead, "the capability says that there is no bound, and the open session ended");
    }
    t.check(!kit.opens(&client, &held.form).await?, "it opens anew after it was revoked");
    Ok(())
}

/// With nobody sweeping, an open session ends within the unswept tail; where there is no bound, it is seen to go on.
pub(super) async fn unswept(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let life = kit.life()?;
    let (wait, bounded) = match &kit.cap.unswept {
        Tail::AtMost(span) if life.plus(*span) > kit.facts.longest_wait => {
            return not_applicable(format!("the unswept tail of {span} is longer than the harness waits"));
        }
        Tail::AtMost(span) => (*span, true),
        Tail::NoBound(_) => (Span::from_secs(2), false),
    };
    let (client, held, mut session) = opened(kit, &bench, Some(life)).await?;
    let end = held.lease.order.window.end;
    kit.harness.wait_until(end).await;
    let dead = dies(kit, &mut session, end.after(wait).after(kit.facts.leeway)).await;
    let opens = kit.opens(&client, &held.form).await?;
    if bounded {
        t.check(dead, format!("an open session lives longer than {wait} after the planted end"));
        t.check(!opens, format!("it opens anew more than {wait} after the planted end"));
    } else {
        t.check(!dead || opens, "the capability says that there is no bound, and everything ended by itself");
    }
    drop(session);
    bench.end(&held.lease).await?;
    Ok(())
}
