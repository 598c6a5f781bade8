//! Several grants, several houses, one target.

use super::Trial;
use crate::testkit::kit::{Go, Held, Kit, Stop, not_applicable, told};
use crate::{Lane, Lease};

/// Grants of one role side by side: ending one never cuts another, nor its open session.
pub(super) async fn grants(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let clients = [kit.client().await?, kit.client().await?, kit.client().await?];
    let [a, b, c] = &clients;
    let (first, second) = (bench.long_order(a).await, bench.long_order(b).await);
    // The third is another claim of the first's grant, as when a client claims again.
    let third = crate::Order { grant: first.grant, ..bench.long_order(c).await };
    let (one, two, three): (Held, Held, Held) = if kit.cap.lane == Lane::PerClaim {
        let all = tokio::join!(bench.issued(&first, a), bench.issued(&second, b), bench.issued(&third, c));
        (all.0?, all.1?, all.2?)
    } else {
        (bench.issued(&first, a).await?, bench.issued(&second, b).await?, bench.issued(&third, c).await?)
    };
    let mut session = kit.open(b, &two.form).await?;
    for (client, held) in clients.iter().zip([&one, &two, &three]) {
        t.check(kit.opens(client, &held.form).await?, "issued side by side, one opens nothing");
    }
    t.check(one.lease.handle != two.lease.handle || kit.cap.holding.is_some(), "two grants have one handle");
    bench.end(&one.lease).await?;
    t.check(!kit.opens(a, &one.form).await?, "the ended one opens");
    t.check(kit.opens(b, &two.form).await?, "ending one grant cut another");
    t.check(kit.opens(c, &three.form).await?, "ending one claim cut another of the same grant");
    if let Some(session) = &mut session {
        t.check(session.alive().await, "ending one grant ended another's open session");
    }
    bench.end(&two.lease).await?;
    bench.end(&three.lease).await?;
    Ok(())
}

/// Two houses: each lists and ends only its own.
pub(super) async fn houses(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let (ours, theirs) = (kit.bench().await?, kit.other_house().await?);
    let (a, b) = (kit.client().await?, kit.client().await?);
    let (first, second) = (ours.long_order(&a).await, theirs.long_order(&b).await);
    let (mine, foreign) = (ours.issued(&first, &a).await?, theirs.issued(&second, &b).await?);
    let (here, there) = (ours.check().await?.marked, theirs.check().await?.marked);
    t.check(!here.iter().any(|name| there.contains(name)), "two houses list the same names as their own");
    if let Some(names) = theirs.marked().await? {
        let taken = here.iter().any(|name| names.iter().any(|n| n == name.as_str()));
        t.check(!taken, "one house lists as its own what bears the other's mark");
    }
    let touched = ours.revoke(&foreign.lease).await?;
    t.check(touched.is_err(), "one house revoked a lease of the other's");
    let without = Lease { handle: None, ..foreign.lease.clone() };
    t.check(ours.revoke(&without).await?.is_err(), "one house revoked a lease of the other's by its order alone");
    t.check(kit.opens(&b, &foreign.form).await?, "one house's revocation cut the other's credential");
    ours.end(&mine.lease).await?;
    t.check(!kit.opens(&a, &mine.form).await?, "the ended one opens");
    t.check(kit.opens(&b, &foreign.form).await?, "ending one house's grant cut the other's");
    match ours.issue(&second, Some(&b.material)).await? {
        Ok(_) => t.check(false, "one house carried out the other's order"),
        Err(error) => t.check(!error.retryable(), format!("the other's order is refused as {}", told(&error))),
    }
    theirs.end(&foreign.lease).await?;
    Ok(())
}

/// `check` lists all that bears the house's mark, and nothing once it is gone.
pub(super) async fn listed(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let order = bench.long_order(&client).await;
    let before = bench.marked().await?;
    let held = bench.issued(&order, &client).await?;
    let report = bench.check().await?;
    let names = bench.marked().await?;
    bench.end(&held.lease).await?;
    let afterwards = bench.check().await?.marked;
    t.check(!report.findings.is_empty(), "the check of a good target found nothing at all, not even that it is good");
    let (Some(before), Some(names)) = (before, names) else {
        return not_applicable("this harness does not look into the target by itself");
    };
    if before == names {
        return if kit.cap.publishes {
            not_applicable("nothing of a claim can be seen in the target")
        } else {
            Err(Stop::Failed("nothing that was issued bears the house's mark".to_owned()))
        };
    }
    for name in names {
        let seen = report.marked.iter().any(|m| m.as_str() == name);
        t.check(seen, format!("`{name}` bears the house's mark and the check does not list it"));
        let ended = !before.contains(&name);
        let still = afterwards.iter().any(|m| m.as_str() == name);
        t.check(!(ended && still), format!("the check lists `{name}` after it was ended"));
    }
    Ok(())
}
