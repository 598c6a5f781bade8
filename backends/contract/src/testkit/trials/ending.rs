//! What revoking must hold: it converges, with and without a handle.

use super::Trial;
use crate::Lease;
use crate::testkit::kit::{Go, Kit, told};

/// Revoked twice is revoked once; the credential opens nothing.
pub(super) async fn converges(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let before = bench.marked().await?;
    let order = bench.long_order(&client).await;
    let held = bench.issued(&order, &client).await?;
    t.check(kit.opens(&client, &held.form).await?, "what was issued opens nothing");
    let once = bench.end(&held.lease).await?;
    t.check(!once.already_gone, "the first revocation says that it was gone already");
    t.check(!kit.opens(&client, &held.form).await?, "it opens after it was revoked");
    t.check(before == bench.marked().await?, "the revocation left something in the target");
    for lease in [&held.lease, &Lease { order: order.clone(), handle: None }] {
        let again = bench.end(lease).await?;
        let says = again.already_gone || kit.cap.publishes;
        t.check(says, "revoking what is gone does not say that it was gone already");
    }
    t.check(!kit.opens(&client, &held.form).await?, "it opens after it was revoked again");
    Ok(())
}

/// What never was can be revoked.
pub(super) async fn before_issue(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let before = bench.marked().await?;
    let order = bench.long_order(&client).await;
    let revoked = bench.end(&Lease { order, handle: None }).await?;
    let says = revoked.already_gone || kit.cap.publishes;
    t.check(says, "revoking what never was does not say that it was gone already");
    t.check(before == bench.marked().await?, "it left something in the target");
    Ok(())
}

/// An issue whose answer was lost is found by its order alone.
pub(super) async fn lost_answer(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let before = bench.marked().await?;
    let order = bench.long_order(&client).await;
    let held = bench.issued(&order, &client).await?;
    let lost = Lease { order, handle: None };
    let revoked = bench.end(&lost).await?;
    t.check(!revoked.already_gone, "the revocation without a handle found nothing");
    t.check(!kit.opens(&client, &held.form).await?, "it opens after it was revoked without a handle");
    t.check(before == bench.marked().await?, "the revocation without a handle left something in the target");
    Ok(())
}

/// After a lost answer, the same order again gives what can be used and ended.
pub(super) async fn issued_again(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let order = bench.long_order(&client).await;
    // Given up in the middle, as by a broker that crashes: whatever had been sent is on its way.
    let cut =
        tokio::time::timeout(std::time::Duration::from_millis(1), bench.backend.issue(&order, Some(&client.material)));
    drop(cut.await);
    match bench.issue(&order, Some(&client.material)).await? {
        Ok(issued) => {
            t.check(kit.opens(&client, &issued.form).await?, "issued again after a crash, it opens nothing");
            bench.end(&Lease { order: order.clone(), handle: Some(issued.handle) }).await?;
            t.check(!kit.opens(&client, &issued.form).await?, "it opens after it was revoked");
        }
        Err(error) if error.retryable() => {
            let issued = bench.issued(&order, &client).await?;
            bench.end(&issued.lease).await?;
        }
        Err(error) => t.check(false, format!("the same order after a crash: {}", told(&error))),
    }
    Ok(())
}
