//! Effects out: leases what is due, does it, brings the outcome back as a command. At least once, one at a time in a lane,
//! retried for ever.
//!
//! There is no other scheduler: expiry, lapse and retry are effects with a due time in the one outbox. A dead target holds
//! up its own lanes and nobody else's.

mod begin;
mod ends;
mod listen;
mod note;
mod publish;
mod tell;
mod tries;

pub use begin::{begin, checkpoints, look_around, look_at_targets};
pub(crate) use begin::{note_config, publish_at_once};
pub use listen::listen;
pub(crate) use tries::Tries;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jit_life::{Command, EffectKind, Timer};
use jit_types::Span;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::BoxFuture;
use crate::error::Error;
use crate::failpoints::hit;
use crate::house::House;
use crate::service::With;
use crate::store::{Leased, StoreError, Write};

/// The most effects that are done at once. Far more than one target may have, so that one that hangs leaves places free.
const AT_ONCE: usize = 4096;
/// How many places are worth a look for what is due, and how long they are waited for.
const ROOM: u32 = 1024;
const GATHER: Duration = Duration::from_millis(50);
/// The requests of how many effects are read at once.
const TOGETHER: usize = 256;
/// How long an effect is leased for; what takes longer is begun again by the next lease, with a new fence.
const LEASE: Span = Span::from_secs(420);
/// How long a backend or adapter may take for one call: two of them, and a turn in the lane, are well within the lease.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);
/// The longest the driver sleeps: another process may have changed the clock or the store.
const LONGEST_SLEEP: Span = Span::from_secs(30);
/// After what time an effect that failed for an outside reason is tried again; a message waits longer each time.
const AGAIN: Span = Span::from_secs(10);

/// Runs effects until the future is dropped.
pub async fn run(house: Arc<House>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    // Whoever drops this future drops what is at work as well: it is leased again by the next driver.
    let mut at_work = JoinSet::new();
    let mut changes = house.store().changes();
    loop {
        changes.mark_unchanged();
        // Few places are not worth a look for what is due: more are free in a moment, unless a target hangs.
        let room = places.acquire_many(ROOM);
        drop(tokio::time::timeout(GATHER, room).await);
        let now = house.now();
        let free = places.available_permits();
        let leased = match house.store().lease(now, now.after(LEASE), free.max(1)).await {
            Ok(leased) => leased,
            Err(error) => {
                tracing::error!(%error, "effects can't be leased");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let any = !leased.is_empty();
        if any {
            hit("store.leased");
        }
        for some in leased.chunks(TOGETHER) {
            warm(&house, some).await;
            for effect in some.iter().cloned() {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                let house = Arc::clone(&house);
                at_work.spawn(async move {
                    carry_out(&house, effect).await;
                    drop(place);
                    house.wake.notify_one();
                });
            }
        }
        while at_work.try_join_next().is_some() {}
        if any {
            continue;
        }
        let due = house.store().next_due().await.ok().flatten();
        let until = due.unwrap_or(now.after(LONGEST_SLEEP)).min(now.after(LONGEST_SLEEP));
        // What is due by now was put while nobody looked, or is another driver's: soon again, but not at once.
        let until = if until > now { until } else { now.plus_millis(5) };
        tokio::select! {
            () = house.clock().sleep_until(until) => {}
            () = house.wake.notified() => {}
            _ = changes.changed() => {}
        }
    }
}

/// Has the requests of many effects read at once. Where that fails, each is read by itself.
async fn warm(house: &House, effects: &[Leased]) {
    if effects.len() > 1
        && let Err(error) = house.store().warm(effects.iter().filter_map(|effect| effect.request).collect()).await
    {
        tracing::debug!(%error, "requests can't be read together");
    }
}

/// Does one effect, and what it makes due at once: an end is not sent through the outbox's queue between its steps. It is
/// written there all the same, and whoever starts after a crash takes it up. Several that follow are done side by side, so
/// that a target that hangs holds up no other of the same grant.
fn carry_out(house: &Arc<House>, effect: Leased) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        let mut next = Some(effect);
        while let Some(effect) = next.take() {
            let mut follow = guarded(house, effect).await;
            next = follow.pop();
            if !follow.is_empty() {
                follow.extend(next.take());
                futures_util::future::join_all(follow.into_iter().map(|effect| carry_out(house, effect))).await;
            }
        }
    })
}

/// A mistake of an implementation that ends in a panic costs its own effect a try, and nobody else anything.
async fn guarded(house: &Arc<House>, effect: Leased) -> Vec<Leased> {
    let known = effect.clone();
    match AssertUnwindSafe(carry_out_one(house, effect)).catch_unwind().await {
        Ok(follow) => follow,
        Err(_) => {
            tracing::error!(kind = ?known.kind, "an effect has panicked; it is put off");
            put_off(house, known).await;
            Vec::new()
        }
    }
}

/// Has an effect tried again a little later.
async fn put_off(house: &House, effect: Leased) {
    let due = house.now().after(house.tries.failed(&effect)).plus_millis(i64::from(house.jitter()));
    let again = Write::Again { leased: effect, due };
    if let Err(error) = house.store().write(vec![again], vec![], vec![]).await {
        // The lease runs out by itself, and the effect is leased again.
        tracing::error!(%error, "an effect can't be put off");
    }
}

/// Does one effect. What fails for an outside reason is put off; nothing is dropped.
async fn carry_out_one(house: &Arc<House>, effect: Leased) -> Vec<Leased> {
    let Ok(_place) = house.tries.place(&effect.kind) else {
        put_off(house, effect).await;
        return Vec::new();
    };
    let _lane = match &effect.lane {
        Some(lane) => house.lanes.enter(lane).await,
        None => None,
    };
    let outcome = match (&effect.kind, effect.request) {
        (EffectKind::Lapse(ask), Some(id)) => timer(house, id, Timer::Lapse(*ask), &effect).await,
        (EffectKind::StartBy, Some(id)) => timer(house, id, Timer::StartBy, &effect).await,
        (EffectKind::End, Some(id)) => ends::expire(house, id, &effect).await,
        (EffectKind::Settle(claim), Some(id)) => timer(house, id, Timer::Settle(*claim), &effect).await,
        (EffectKind::ClaimEnd(claim), Some(id)) => timer(house, id, Timer::ClaimEnd(*claim), &effect).await,
        (EffectKind::Extend(claim), Some(id)) => ends::extend(house, id, *claim, &effect).await,
        (EffectKind::Revoke(claim), Some(id)) => ends::revoke(house, id, *claim, &effect).await,
        (EffectKind::Look(claim), Some(id)) => ends::look(house, id, *claim, &effect).await,
        (EffectKind::Publish(backend), _) => publish::publish(house, backend, &effect).await,
        (EffectKind::Announce(ask), Some(id)) => tell::announce(house, id, *ask, &effect).await,
        (EffectKind::Update(ask), Some(id)) => tell::update(house, id, *ask, &effect).await,
        (EffectKind::Tell(news), Some(id)) => tell::news(house, id, *news, &effect).await,
        (EffectKind::Alert(claim), Some(id)) => tell::alert(house, id, *claim, &effect).await,
        (EffectKind::Lock(target), _) => ends::locked(house, target, &effect).await,
        (_, None) => finish(house, &effect).await,
    };
    match outcome {
        Ok(follow) => {
            house.tries.done(&effect);
            return follow;
        }
        // Somebody else has it now.
        Err(Error::Store(StoreError::Fenced)) => {}
        Err(error) => {
            tracing::warn!(%error, kind = ?effect.kind, "an effect is put off");
            put_off(house, effect).await;
        }
    }
    Vec::new()
}

/// What came of an effect: what was made due at once and is leased to whoever did it.
type Outcome = Result<Vec<Leased>, Error>;

async fn timer(house: &House, id: jit_types::RequestId, timer: Timer, effect: &Leased) -> Outcome {
    outcome(house, id, Command::Due(timer), effect).await
}

/// Brings an outcome back; the effect is done with it.
async fn outcome(house: &House, id: jit_types::RequestId, command: Command, effect: &Leased) -> Outcome {
    let follow = Some(house.now().after(LEASE));
    let with = With { done: Some(effect.clone()), follow, ..Default::default() };
    let played = house.play(id, command, with).await?;
    if let Err(refused) = played.reply {
        tracing::debug!(%refused, kind = ?effect.kind, "an outcome changed nothing");
    }
    Ok(played.follow)
}

/// An effect that needs no command to be done.
async fn finish(house: &House, effect: &Leased) -> Outcome {
    house.store().write(vec![Write::Done(effect.clone())], vec![], vec![]).await?;
    Ok(Vec::new())
}
