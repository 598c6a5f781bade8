//! What issuing must hold: convergence, material, ends.

use jit_types::{Form, Material, MaterialKind, Span, Window};

use super::Trial;
use crate::testkit::kit::{Go, Kit, not_applicable, told};
use crate::{ErrorKind, Extends, Lease};

/// The same order twice gives the same result, once in the target, and it works.
pub(super) async fn converges(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let order = bench.long_order(&client).await;
    let once = bench.issued(&order, &client).await?;
    let names = bench.marked().await?;
    let works = kit.opens(&client, &once.form).await?;
    t.check(works, "what was issued opens nothing");
    t.check(once.form.kind() == kit.cap.form, "the form is not of the kind that the capability promises");
    if let Form::Ssh(form) = &once.form {
        let inside = form.validity.end <= order.window.end;
        t.check(inside, format!("the form promises more than the order: until {}", form.validity.end));
    }
    let twice = bench.issued(&order, &client).await?;
    t.check(once.lease.handle == twice.lease.handle, "the same order gave another handle");
    t.check(once.form == twice.form, "the same order gave another form");
    t.check(names == bench.marked().await?, "the same order made something new in the target");
    t.check(kit.opens(&client, &twice.form).await?, "after the same order again it opens nothing");
    bench.end(&twice.lease).await?;
    t.check(!kit.opens(&client, &twice.form).await?, "what was issued twice and ended once still opens");
    Ok(())
}

/// Material that is not what the order's digest says is refused, and makes nothing.
pub(super) async fn material(kit: &Kit<'_>, t: &mut Trial) -> Go {
    if kit.cap.material == MaterialKind::None {
        return not_applicable("the backend wants no material");
    }
    let bench = kit.bench().await?;
    let (client, other) = (kit.client().await?, kit.client().await?);
    let before = bench.marked().await?;
    let order = bench.long_order(&client).await;
    for (what, material) in [("another client's material", &other.material), ("no kind of material", &Material::None)] {
        match bench.issue(&order, Some(material)).await? {
            Err(error) => {
                let good = matches!(error.kind, ErrorKind::Conflict | ErrorKind::Misconfigured | ErrorKind::Refused);
                t.check(good, format!("{what} was refused as {}, not as conflict", told(&error)));
            }
            Ok(issued) => {
                t.check(false, format!("{what} was taken for an order of this client's"));
                bench.end(&Lease { order: order.clone(), handle: Some(issued.handle) }).await?;
            }
        }
    }
    t.check(before == bench.marked().await?, "what was refused left something in the target");
    Ok(())
}

/// Without its material, an order that was never carried out is a conflict.
pub(super) async fn without_material(kit: &Kit<'_>, t: &mut Trial) -> Go {
    if kit.cap.material == MaterialKind::None {
        return not_applicable("the backend wants no material");
    }
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let before = bench.marked().await?;
    let order = bench.long_order(&client).await;
    match bench.issue(&order, None).await? {
        Err(error) => t.check(error.kind == ErrorKind::Conflict, format!("refused as {}", told(&error))),
        Ok(issued) => {
            t.check(false, "an order without material was carried out");
            bench.end(&Lease { order, handle: Some(issued.handle) }).await?;
        }
    }
    t.check(before == bench.marked().await?, "it left something in the target");
    Ok(())
}

/// The same order with a new end moves the planted end to exactly that end, later and sooner; sessions live on.
pub(super) async fn new_end(kit: &Kit<'_>, t: &mut Trial) -> Go {
    if kit.cap.extends != Extends::InPlace {
        return not_applicable("an extension is a new claim");
    }
    let life = kit.life()?;
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let order = bench.order(&client, life).await;
    let held = bench.issued(&order, &client).await?;
    let session = kit.open(&client, &held.form).await?;
    let mut later = order.clone();
    later.window.end = order.window.end.after(life);
    // The house no longer has the material when it extends.
    let moved = bench.issue(&later, None).await?;
    t.check(moved.is_ok(), "the same order with a later end, without its material, was refused");
    kit.harness.wait_until(order.window.end.after(kit.facts.leeway)).await;
    t.check(kit.opens(&client, &held.form).await?, "after the first end, before the new one, it opens nothing");
    if let Some(mut session) = session {
        t.check(session.alive().await, "the extension did not keep the open session");
    }
    if kit.cap.plants_end {
        kit.harness.wait_until(later.window.end.after(kit.facts.leeway)).await;
        t.check(!kit.opens(&client, &held.form).await?, "after the new end it still opens");
    }
    bench.end(&held.lease).await?;
    if kit.cap.plants_end {
        let client = kit.client().await?;
        let long = bench.long_order(&client).await;
        let held = bench.issued(&long, &client).await?;
        let mut sooner = long.clone();
        sooner.window.end = kit.now().await.after(life);
        match bench.issue(&sooner, None).await? {
            Ok(_) => {
                kit.harness.wait_until(sooner.window.end.after(kit.facts.leeway)).await;
                t.check(!kit.opens(&client, &held.form).await?, "a sooner end was not planted");
            }
            Err(error) => t.check(false, format!("the same order with a sooner end: {}", told(&error))),
        }
        bench.end(&held.lease).await?;
    }
    Ok(())
}

/// A window that is over already gives nothing.
pub(super) async fn window_over(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let mut order = bench.long_order(&client).await;
    let now = kit.now().await;
    order.window = Window { start: now.before(Span::from_secs(120)), end: now.before(Span::from_secs(60)) };
    match bench.issue(&order, Some(&client.material)).await? {
        Err(error) => {
            let good = !matches!(error.kind, ErrorKind::Bug | ErrorKind::Unreachable | ErrorKind::Unfinished);
            t.check(good, format!("refused as {}", told(&error)));
        }
        Ok(issued) => {
            t.check(!kit.opens(&client, &issued.form).await?, "a window that was over opens");
            bench.end(&Lease { order, handle: Some(issued.handle) }).await?;
        }
    }
    Ok(())
}

/// A window longer than the longest life is refused, or ends with the longest life.
pub(super) async fn too_long(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let Some(longest) = kit.cap.longest else { return not_applicable("the target has no longest life") };
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let order = bench.order(&client, longest.plus(longest).plus(Span::from_secs(60))).await;
    let latest = order.window.start.after(longest).after(kit.facts.leeway);
    match bench.issue(&order, Some(&client.material)).await? {
        Err(error) => t.check(error.kind == ErrorKind::Misconfigured, format!("refused as {}", told(&error))),
        Ok(issued) => {
            match &issued.form {
                Form::Ssh(form) => t.check(form.validity.end <= latest, "the form lives longer than the longest life"),
                Form::Postgres(_) if longest <= kit.facts.longest_wait => {
                    kit.harness.wait_until(latest).await;
                    t.check(!kit.opens(&client, &issued.form).await?, "it lives longer than the longest life");
                }
                Form::Postgres(_) => t.check(false, "a window longer than the longest life was not refused"),
            }
            bench.end(&Lease { order, handle: Some(issued.handle) }).await?;
        }
    }
    Ok(())
}

/// The target by itself ends what nobody ended.
pub(super) async fn planted_end(kit: &Kit<'_>, t: &mut Trial) -> Go {
    if !kit.cap.plants_end {
        return not_applicable("the target holds no end");
    }
    let life = kit.life()?;
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let order = bench.order(&client, life).await;
    let held = bench.issued(&order, &client).await?;
    t.check(kit.opens(&client, &held.form).await?, "before its end it opens nothing");
    kit.harness.wait_until(order.window.end.after(kit.facts.leeway)).await;
    t.check(!kit.opens(&client, &held.form).await?, "it still opens after its end, without anybody's help");
    bench.end(&held.lease).await?;
    Ok(())
}
