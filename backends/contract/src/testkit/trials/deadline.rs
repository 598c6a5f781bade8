//! The order's deadline: what comes late is never carried out.

use jit_types::Span;

use super::Trial;
use crate::testkit::harness::Fault;
use crate::testkit::kit::{Go, Kit, told};
use crate::{ErrorKind, Lease, Seen};

/// An order past its deadline is too late and makes nothing.
pub(super) async fn past(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let before = bench.marked().await?;
    let mut order = bench.long_order(&client).await;
    order.deadline = kit.now().await.before(kit.facts.leeway.plus(Span::from_secs(1)));
    match bench.issue(&order, Some(&client.material)).await? {
        Err(error) => t.check(error.kind == ErrorKind::TooLate, format!("refused as {}", told(&error))),
        Ok(issued) => {
            t.check(false, "an order past its deadline was carried out");
            t.check(!kit.opens(&client, &issued.form).await?, "and what it made opens");
        }
    }
    t.check(before == bench.marked().await?, "it left something in the target");
    bench.end(&Lease { order, handle: None }).await?;
    Ok(())
}

/// What was held back past its deadline is not carried out when it arrives, also when the sender has given up.
pub(super) async fn stalled(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let before = bench.marked().await?;
    let mut order = bench.long_order(&client).await;
    order.deadline = kit.now().await.after(kit.facts.life);
    kit.harness.fault(Fault::Stalled).await?;
    let lift = async {
        // The order leaves the broker before time moves.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        kit.harness.wait_until(order.deadline.after(kit.facts.leeway)).await;
        kit.harness.fault(Fault::Lifted).await
    };
    let (came, lifted) = tokio::join!(bench.issue(&order, Some(&client.material)), lift);
    lifted?;
    match came? {
        Err(error) => {
            let good = matches!(error.kind, ErrorKind::TooLate | ErrorKind::Unreachable | ErrorKind::Unfinished);
            t.check(good, format!("refused as {}", told(&error)));
        }
        Ok(issued) => {
            t.check(false, "an order that was held back past its deadline was carried out");
            t.check(!kit.opens(&client, &issued.form).await?, "and what it made opens");
        }
    }
    // What was on its way has time to arrive.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let lease = Lease { order, handle: None };
    let usable = matches!(bench.probe(&lease).await?, Ok(Seen::Usable { .. }));
    t.check(!usable, "the probe sees it usable after its deadline");
    t.check(before == bench.marked().await?, "what arrived after its deadline left something in the target");
    bench.end(&lease).await?;
    t.check(before == bench.marked().await?, "its end left something in the target");
    Ok(())
}
