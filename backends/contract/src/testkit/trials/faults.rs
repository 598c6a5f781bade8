//! A target that can't be reached, and one that is slow.

use super::Trial;
use crate::testkit::harness::Fault;
use crate::testkit::kit::{Go, Kit, told};
use crate::{Error, ErrorKind, FindingKind, Lease};

fn unreachable_as<T>(t: &mut Trial, what: &str, came: Result<T, Error>) {
    match came {
        Err(error) => {
            t.check(error.kind == ErrorKind::Unreachable, format!("{what} failed as {}", told(&error)));
            t.check(error.retryable(), format!("{what} failed for good: {}", told(&error)));
        }
        Ok(_) => t.check(false, format!("{what} succeeded at a target that can't be reached")),
    }
}

/// A target that can't be reached is said to be so, within a bound, and all goes on once it can be.
pub(super) async fn unreachable(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let (a, b) = (kit.client().await?, kit.client().await?);
    let order = bench.long_order(&a).await;
    let held = bench.issued(&order, &a).await?;
    let second = bench.long_order(&b).await;
    kit.harness.fault(Fault::Unreachable).await?;
    unreachable_as(t, "issue", bench.issue(&second, Some(&b.material)).await?);
    unreachable_as(t, "revoke", bench.revoke(&held.lease).await?);
    unreachable_as(t, "probe", bench.probe(&held.lease).await?);
    let report = bench.check().await?;
    let said = report.findings.iter().any(|f| f.kind == FindingKind::Bad);
    t.check(said, "the check of a target that can't be reached finds nothing bad");
    t.check(kit.opens(&a, &held.form).await?, "a revocation that failed as unreachable cut the credential");
    kit.harness.fault(Fault::Lifted).await?;
    let again = bench.issued(&second, &b).await?;
    t.check(kit.opens(&b, &again.form).await?, "issued once it could be reached, it opens nothing");
    bench.end(&held.lease).await?;
    t.check(!kit.opens(&a, &held.form).await?, "revoked once it could be reached, it opens");
    bench.end(&again.lease).await?;
    Ok(())
}

/// At a slow target each call succeeds or says that it is unreachable, and asking again converges.
pub(super) async fn slow(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let order = bench.long_order(&client).await;
    kit.harness.fault(Fault::Slow).await?;
    let slowly = bench.issue(&order, Some(&client.material)).await?;
    if let Err(error) = &slowly {
        t.check(error.retryable(), format!("issue at a slow target failed as {}", told(error)));
    }
    let lease = Lease { order: order.clone(), handle: slowly.ok().map(|issued| issued.handle) };
    if let Err(error) = bench.probe(&lease).await? {
        t.check(error.retryable(), format!("probe at a slow target failed as {}", told(&error)));
    }
    kit.harness.fault(Fault::Lifted).await?;
    let held = bench.issued(&order, &client).await?;
    t.check(kit.opens(&client, &held.form).await?, "issued again after it was slow, it opens nothing");
    kit.harness.fault(Fault::Slow).await?;
    if let Err(error) = bench.revoke(&held.lease).await? {
        t.check(error.retryable(), format!("revoke at a slow target failed as {}", told(&error)));
    }
    kit.harness.fault(Fault::Lifted).await?;
    bench.end(&held.lease).await?;
    t.check(!kit.opens(&client, &held.form).await?, "it opens after it was revoked");
    Ok(())
}
