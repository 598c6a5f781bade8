//! What every store must make of effects: leases, fences, lanes, and what follows at once.

use jit_engine::store::{Leased, StoreError, Write};
use jit_life::{Effect, EffectKind, News, Step};
use jit_types::ClaimId;

use crate::story::{Opener, at, done, effect, id, job, lease, open, put, request};

pub(crate) async fn an_old_fence_is_refused(opener: &dyn Opener) {
    let store = open(opener).await;
    let kind = || EffectKind::Revoke(id(1));
    let outcome = |leased: &Leased, effects: Vec<Effect>| {
        let mut job = job(id(1), move |_, _| done(None, effects.clone()));
        job.done = Some(leased.clone());
        job
    };
    put(store.as_ref(), request(1, 1, "db"), vec![effect(kind(), 10, Some("a"))]).await;
    let old = lease(store.as_ref(), 10, 20, 9).await.remove(0);
    // The lease runs out and somebody else takes it over.
    let new = lease(store.as_ref(), 20, 40, 9).await.remove(0);
    assert_eq!((old.kind.clone(), old.due), (new.kind.clone(), new.due));
    assert_eq!(store.play(outcome(&old, vec![])).await.err(), Some(StoreError::Fenced));
    store.play(outcome(&new, vec![])).await.expect("the newest holds");
    assert_eq!(store.play(outcome(&new, vec![])).await.err(), Some(StoreError::Fenced), "it is done once");
    // Done, put anew, leased anew: whoever held the one before is a stranger to it.
    put(store.as_ref(), request(1, 1, "db"), vec![effect(kind(), 50, Some("a"))]).await;
    let fresh = lease(store.as_ref(), 50, 60, 9).await.remove(0);
    for stale in [&old, &new] {
        assert_eq!(store.play(outcome(stale, vec![])).await.err(), Some(StoreError::Fenced));
        let writes = vec![Write::Done(stale.clone()), Write::Again { leased: stale.clone(), due: at(999) }];
        store.write(writes, vec![], vec![]).await.expect("a late word is harmless");
    }
    store.play(outcome(&fresh, vec![])).await.expect("the newest holds");
    assert_eq!(store.next_due().await, Ok(None));
}

pub(crate) async fn what_was_replaced_stays(opener: &dyn Opener) {
    let store = open(opener).await;
    let kind = || EffectKind::Tell(News::Claimed);
    put(store.as_ref(), request(1, 1, "db"), vec![effect(kind(), 10, Some("a"))]).await;
    let leased = lease(store.as_ref(), 10, 100, 9).await.remove(0);
    put(store.as_ref(), request(1, 1, "db"), vec![effect(kind(), 12, Some("a"))]).await;
    assert_eq!(lease(store.as_ref(), 13, 100, 9).await, vec![], "the lane is held until the outcome");
    let mut outcome = job(id(1), |_, _| done(None, vec![]));
    outcome.done = Some(leased);
    store.play(outcome).await.expect("its fence is the newest");
    let again = lease(store.as_ref(), 13, 100, 9).await;
    assert_eq!(again.iter().map(|l| l.due).collect::<Vec<_>>(), [at(12)]);
    // The same by a write that needs no command, and an effect that is put off keeps what replaced it.
    put(store.as_ref(), request(1, 1, "db"), vec![effect(kind(), 14, Some("a"))]).await;
    store.write(vec![Write::Done(again[0].clone())], vec![], vec![]).await.expect("written");
    let again = lease(store.as_ref(), 14, 100, 9).await;
    assert_eq!(again.len(), 1);
    put(store.as_ref(), request(1, 1, "db"), vec![effect(kind(), 15, Some("a"))]).await;
    let off = Write::Again { leased: again[0].clone(), due: at(500) };
    store.write(vec![off], vec![], vec![]).await.expect("written");
    let last = lease(store.as_ref(), 15, 100, 9).await;
    assert_eq!(last.len(), 1, "what replaced it is due as it was put");
    let off = Write::Again { leased: last[0].clone(), due: at(500) };
    store.write(vec![off], vec![], vec![]).await.expect("written");
    assert_eq!(store.next_due().await, Ok(Some(at(500))));
    // A step that drops it takes it away, also in the batch in which it is put.
    let drop = job(id(1), move |_, _| Step { drop: vec![kind()], ..done(None, vec![]) });
    store.play(drop).await.expect("it is played");
    assert_eq!(store.next_due().await, Ok(None));
}

pub(crate) async fn one_effect_of_a_lane(opener: &dyn Opener) {
    let store = open(opener).await;
    let effects = |n: u16| {
        let crowd = (0..40).map(move |i| effect(EffectKind::Revoke(id(100 * n + i)), i64::from(i), Some("shared")));
        let own = effect(EffectKind::Look(id::<jit_types::id::ClaimKind>(n)), 45, Some(["x", "y"][usize::from(n) - 1]));
        crowd.chain([own]).collect::<Vec<_>>()
    };
    put(store.as_ref(), request(1, 1, "db"), effects(1)).await;
    put(store.as_ref(), request(2, 2, "db"), effects(2)).await;
    let mut held = lease(store.as_ref(), 50, 100, 4).await;
    // A crowded lane that was due first does not keep the others out for long.
    held.extend(lease(store.as_ref(), 50, 100, 4).await);
    let mut lanes: Vec<_> = held.iter().filter_map(|l| l.lane.clone()).collect();
    lanes.sort();
    assert_eq!(lanes, ["shared", "x", "y"]);
    assert_eq!(lease(store.as_ref(), 60, 100, 99).await, vec![]);
    assert_eq!(store.next_due().await, Ok(Some(at(100))), "nothing can be leased before a lease runs out");
    // Several who lease at once get one between them; a lease that ran out frees the lane.
    let (a, b, c) = tokio::join!(
        store.lease(at(100), at(200), 99),
        store.lease(at(100), at(200), 99),
        store.lease(at(100), at(200), 99)
    );
    let all: Vec<Leased> = [a, b, c].into_iter().flat_map(|leased| leased.expect("leases")).collect();
    let shared = all.iter().filter(|l| l.lane.as_deref() == Some("shared")).count();
    assert_eq!((shared, all.len()), (1, 3));
    // An intent that is written as leased holds its lane from the start.
    let intent =
        |claim: ClaimId| Effect { leased_until: Some(at(350)), ..effect(EffectKind::Settle(claim), 350, Some("mine")) };
    let settle = vec![intent(id(1)), effect(EffectKind::Revoke(id::<jit_types::id::ClaimKind>(9)), 300, Some("mine"))];
    put(store.as_ref(), request(3, 3, "db"), settle).await;
    let mine = |leased: Vec<Leased>| leased.into_iter().filter(|l| l.lane.as_deref() == Some("mine")).count();
    assert_eq!(mine(lease(store.as_ref(), 349, 400, 99).await), 0);
    assert_eq!(mine(lease(store.as_ref(), 350, 400, 99).await), 1);
}

pub(crate) async fn what_is_due_at_once_follows(opener: &dyn Opener) {
    let store = open(opener).await;
    let revoke = |n: u16, due: i64, lane: &str| effect(EffectKind::Revoke(id(n)), due, Some(lane));
    let follow = |effects: Vec<Effect>, done_with: Option<Leased>| {
        let mut job = job(id(1), move |_, _| done(Some(request(1, 1, "db")), effects.clone()));
        (job.at, job.follow, job.done) = (at(10), Some(at(100)), done_with);
        job
    };
    // What is due and free comes along; what is due later, or in the lane of another, waits in the outbox.
    let effects = vec![revoke(1, 10, "a"), revoke(2, 11, "b"), revoke(3, 9, "a"), revoke(4, 8, "c")];
    let first = store.play(follow(effects, None)).await.expect("it is played").follow;
    let kinds: Vec<_> = first.iter().map(|leased| leased.kind.clone()).collect();
    assert_eq!(kinds, [EffectKind::Revoke(id(1)), EffectKind::Revoke(id(4))]);
    // Nobody else gets what came along, nor what stands in its lane.
    let others: Vec<_> = lease(store.as_ref(), 11, 100, 9).await.into_iter().map(|leased| leased.kind).collect();
    assert_eq!(others, [EffectKind::Revoke(id(2))]);
    // Its outcome is taken, once, and what follows that may stand in the same lane.
    let next = vec![revoke(5, 10, "a")];
    let second =
        store.play(follow(next.clone(), Some(first[0].clone()))).await.expect("its fence is the newest").follow;
    assert_eq!(second.len(), 1, "the lane was its own");
    assert_eq!(store.play(follow(next, Some(first[0].clone()))).await.err(), Some(StoreError::Fenced));
    // Replaced while somebody is at work on it: it does not come along, and is not done with the first.
    let again = store.play(follow(vec![revoke(5, 10, "a")], None)).await.expect("it is played").follow;
    assert_eq!(again, vec![]);
    store.write(vec![Write::Done(second[0].clone())], vec![], vec![]).await.expect("written");
    let waiting: Vec<_> = lease(store.as_ref(), 11, 100, 9).await.into_iter().map(|leased| leased.kind).collect();
    assert_eq!(waiting, [EffectKind::Revoke(id(3))], "due first, in the same lane");
    // A process that starts anew takes up what came along.
    drop(store);
    let store = open(opener).await;
    let mut kinds: Vec<_> = lease(store.as_ref(), 11, 100, 9).await.into_iter().map(|leased| leased.kind).collect();
    kinds.sort();
    assert_eq!(kinds, [2, 3, 4].map(|n| EffectKind::Revoke(id(n))));
}

/// what was replaced meanwhile, and is put again by the step that brings its outcome, is leased to one only.
pub(crate) async fn what_follows_is_leased_to_one(opener: &dyn Opener) {
    let store = open(opener).await;
    let publish = |due| effect(EffectKind::Publish("list".parse().expect("a backend")), due, None);
    put(store.as_ref(), request(1, 1, "db"), vec![publish(8)]).await;
    let first = lease(store.as_ref(), 10, 100, 9).await.remove(0);
    // Somebody else's step wants it done again, while the first is at work.
    put(store.as_ref(), request(2, 2, "db"), vec![publish(9)]).await;
    let mut step = job(id(1), move |_, _| done(Some(request(1, 1, "db")), vec![publish(10)]));
    (step.at, step.follow, step.done) = (at(10), Some(at(100)), Some(first));
    let follow = store.play(step).await.expect("it is played").follow;
    assert_eq!(follow.len(), 1, "it is leased to the one who played the step");
    assert_eq!(lease(store.as_ref(), 11, 100, 9).await, vec![], "and so to nobody else");
}

/// the same by two who share a commit, as two drivers' tasks do: one brings the outcome of what was replaced, the
/// other's step puts it anew.
pub(crate) async fn what_follows_is_leased_to_one_of_two(opener: &dyn Opener) {
    let mut twice = 0;
    for n in 0..40 {
        let store = open(opener).await;
        let kind = move || EffectKind::Publish(format!("list{n}").parse().expect("a backend"));
        let publish = move |due| effect(kind(), due, None);
        put(store.as_ref(), request(1, 1, "db"), vec![publish(8)]).await;
        let first = lease(store.as_ref(), 10, 100, 9).await.remove(0);
        put(store.as_ref(), request(2, 2, "db"), vec![publish(9)]).await;
        let mut step = job(id(1), move |_, _| done(Some(request(1, 1, "db")), vec![publish(10)]));
        (step.at, step.follow) = (at(10), Some(at(100)));
        // Something that keeps the writer busy while the two come in.
        let busy = store.write(vec![Write::Meta { name: "busy", value: "x".repeat(1 << 20) }], vec![], vec![]);
        let (busy, outcome, played) =
            tokio::join!(busy, store.write(vec![Write::Done(first)], vec![], vec![]), store.play(step));
        busy.expect("written");
        outcome.expect("written");
        let follow = played.expect("it is played").follow;
        let others = lease(store.as_ref(), 11, 100, 9).await;
        let both =
            follow.iter().filter(|l| l.kind == kind()).count() + others.iter().filter(|l| l.kind == kind()).count();
        twice += usize::from(both > 1);
    }
    assert_eq!(twice, 0, "so often out of 40 it was leased twice at once");
}

/// a lease that nobody hears of is nobody's.
pub(crate) async fn a_lease_that_nobody_heard_of_is_free(opener: &dyn Opener) {
    let store = open(opener).await;
    put(store.as_ref(), request(1, 1, "db"), vec![effect(EffectKind::Revoke(id(1)), 10, None)]).await;
    {
        let mut asked = store.lease(at(10), at(430), 9);
        let waker = std::task::Waker::noop();
        let polled = std::future::Future::poll(asked.as_mut(), &mut std::task::Context::from_waker(waker));
        assert!(polled.is_pending());
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(lease(store.as_ref(), 11, 430, 9).await.len(), 1, "it would wait for seven minutes");
}
