//! What a probe says before, during and after, and that it only looks.

use jit_types::Grade;

use super::Trial;
use crate::testkit::kit::{Go, Kit, rank, told};
use crate::{Lease, Seen};

/// Before it is issued a lease is not usable; while it is, it is not gone; afterwards it is, with no better a proof than
/// the capability promised.
pub(super) async fn life(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let life = kit.life()?;
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let mut order = bench.order(&client, life).await;
    order.deadline = order.window.end;
    let before = Lease { order: order.clone(), handle: None };
    match bench.probe(&before).await? {
        Ok(Seen::Usable { .. }) => t.check(false, "before it was issued, the probe says usable"),
        Ok(_) => {}
        Err(error) => t.check(false, format!("before it was issued, the probe failed as {}", told(&error))),
    }
    let held = bench.issued(&order, &client).await?;
    for lease in [&held.lease, &before] {
        match bench.probe(lease).await? {
            Ok(Seen::Usable { .. }) => {}
            Ok(Seen::Unknown { why }) => t.check(!why.as_str().is_empty(), "unknown, and it does not say why"),
            // One that is measured to the second may have ended by itself on a slow machine.
            Ok(Seen::Gone(_)) if kit.now().await >= order.window.end => {}
            Ok(Seen::Gone(proof)) => t.check(false, format!("while it can be used, the probe says gone: {proof:?}")),
            Err(error) => t.check(false, format!("while it can be used, the probe failed as {}", told(&error))),
        }
    }
    bench.end(&held.lease).await?;
    let opens = kit.opens(&client, &held.form).await?;
    t.check(!opens, "it opens after it was revoked");
    for lease in [&held.lease, &before] {
        // Without a handle nothing needs to be proven before the order's deadline: it might still be on its way.
        let must = kit.cap.proof == Grade::Observed && lease.handle.is_some();
        after(t, kit, bench.probe(lease).await?, must, "after it was revoked");
    }
    kit.harness.wait_until(order.window.end.after(kit.facts.leeway)).await;
    for lease in [&held.lease, &before] {
        let proven = !matches!(kit.cap.proof, Grade::None { .. });
        after(t, kit, bench.probe(lease).await?, proven, "after its end and its deadline");
    }
    Ok(())
}

fn after(t: &mut Trial, kit: &Kit<'_>, seen: Result<Seen, crate::Error>, must: bool, when: &str) {
    match seen {
        Ok(Seen::Gone(proof)) => {
            let (said, best) = (rank(&proof.grade), rank(&kit.cap.proof));
            t.check(said <= best, format!("{when}, the proof is {}, and {} is the best", proof.grade, kit.cap.proof));
            t.check(said == 0 || !proof.evidence.is_empty(), format!("{when}, the proof has no evidence"));
        }
        Ok(Seen::Unknown { why }) => {
            t.check(!must, format!("{when}, the probe can't tell ({why}), and the capability promises a proof"));
        }
        Ok(Seen::Usable { .. }) => t.check(false, format!("{when}, the probe says usable")),
        Err(error) => t.check(false, format!("{when}, the probe failed as {}", told(&error))),
    }
}

/// A probe changes nothing.
pub(super) async fn changes_nothing(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let order = bench.long_order(&client).await;
    let held = bench.issued(&order, &client).await?;
    let session = kit.open(&client, &held.form).await?;
    let names = bench.marked().await?;
    for _ in 0..3 {
        bench.probe(&held.lease).await?.map_err(|e| crate::testkit::kit::Stop::Failed(told(&e)))?;
    }
    t.check(kit.opens(&client, &held.form).await?, "after probes it opens nothing");
    if let Some(mut session) = session {
        t.check(session.alive().await, "a probe ended an open session");
    }
    t.check(names == bench.marked().await?, "a probe changed the names in the target");
    bench.end(&held.lease).await?;
    Ok(())
}
