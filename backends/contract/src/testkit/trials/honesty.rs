//! What the capability says of itself, and what was never to be said.

use std::collections::BTreeSet;

use jit_types::{Grade, MaterialKind};

use super::Trial;
use crate::testkit::kit::{Go, Kit, not_applicable};
use crate::{Lane, Tail};

/// The capability does not contradict itself, nor from one call to the next.
pub(super) async fn consistent(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let cap = &kit.cap;
    let again = bench.backend.capability(&kit.facts.scope);
    t.check(again.as_ref().ok() == Some(cap), "the same scope has another capability the second time");
    t.check(!cap.gives.as_str().trim().is_empty(), "it does not say what it gives");
    t.check(cap.longest.is_none_or(|longest| cap.shortest <= longest), "the shortest life is longer than the longest");
    let unbounded = matches!(cap.unswept, Tail::NoBound(_));
    t.check(cap.plants_end || unbounded, "the target holds no end, and yet the unswept tail is bounded");
    let constructed = cap.proof == Grade::ByConstruction;
    t.check(cap.plants_end || !constructed, "the target holds no end, and yet it is proven by construction");
    for tail in [&cap.swept, &cap.unswept] {
        if let Tail::NoBound(why) = tail {
            t.check(!why.as_str().trim().is_empty(), "a tail without bound does not say why");
        }
    }
    if let Lane::Shared(key) = &cap.lane {
        t.check(!key.is_empty(), "the shared lane has no key");
    }
    t.check(cap.holding.is_none() || cap.lane != Lane::PerClaim, "a shared object is changed in no shared lane");
    t.check(kit.client().await?.material.kind() == cap.material, "the harness's client sends other material");
    Ok(())
}

/// Nothing that was said in any trial holds a canary.
pub(super) async fn secrets(kit: &Kit<'_>, t: &mut Trial) -> Go {
    if kit.cap.material == MaterialKind::None {
        return not_applicable("the client sends no material");
    }
    // A few failures on the way of the material itself.
    let bench = kit.bench().await?;
    let (client, other) = (kit.client().await?, kit.client().await?);
    let mut order = bench.long_order(&client).await;
    for material in [&other.material, &client.material] {
        order.deadline = order.window.start.before(jit_types::Span::from_secs(60));
        let _ = bench.issue(&order, Some(material)).await?;
    }
    let heard = kit.heard();
    if heard.canaries.iter().all(|canary| canary.len() < 8) {
        return not_applicable("the client's material holds no secret");
    }
    let tells = |said: &str| heard.canaries.iter().any(|canary| canary.len() >= 8 && said.contains(canary.as_str()));
    let places: BTreeSet<_> = heard.said.iter().filter(|(_, said)| tells(said)).map(|(place, _)| *place).collect();
    t.check(places.is_empty(), format!("a secret is told by {}", places.into_iter().collect::<Vec<_>>().join(", ")));
    Ok(())
}
