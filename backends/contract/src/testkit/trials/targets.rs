//! The wrong target: what a handle pins.

use super::Trial;
use crate::testkit::kit::{Go, Kit, told};
use crate::{ErrorKind, Seen};

/// A lease of one target at another, which holds the same names, is a mismatch, and neither target is touched.
pub(super) async fn wrong(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let (here, there) = (kit.bench().await?, kit.other_target().await?);
    let client = kit.client().await?;
    let order = here.long_order(&client).await;
    let held = here.issued(&order, &client).await?;
    // The same order there: as in a copy of the target that was restored elsewhere.
    let copy = there.issued(&order, &client).await?;
    t.check(kit.opens(&client, &copy.form).await?, "what was issued at the second target opens nothing");
    let names = there.marked().await?;
    match there.revoke(&held.lease).await? {
        Err(error) => t.check(error.kind == ErrorKind::Mismatch, format!("the revocation failed as {}", told(&error))),
        Ok(_) => t.check(false, "a lease of the first target was revoked at the second"),
    }
    match there.probe(&held.lease).await? {
        Err(error) => t.check(error.kind == ErrorKind::Mismatch, format!("the probe failed as {}", told(&error))),
        Ok(Seen::Unknown { .. }) => {}
        Ok(seen) => t.check(false, format!("the probe at the second target says {seen:?}")),
    }
    t.check(kit.opens(&client, &copy.form).await?, "the second target was touched: what it holds opens nothing");
    t.check(names == there.marked().await?, "the second target was touched: it holds other names");
    t.check(kit.opens(&client, &held.form).await?, "the first target was touched: what it holds opens nothing");
    there.end(&copy.lease).await?;
    t.check(kit.opens(&client, &held.form).await?, "the end at the second target ended it at the first");
    here.end(&held.lease).await?;
    Ok(())
}
