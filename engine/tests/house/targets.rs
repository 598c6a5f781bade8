//! A backend's name says nothing: what was given somewhere is made, ended, refused and proven there and nowhere else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use jit_engine::failpoints;
use jit_engine::service::NewConfig;
use jit_life::{Claim, ClaimStatus};

use super::kit::config::{as_it_is, backend};
use super::kit::{World, apart, span, until};

/// A config in which a backend has another name, and its name is another target's.
async fn swapped(world: &World, from: &str, to: &str) -> NewConfig {
    let mut new = as_it_is(world, "swapped").await;
    let opened = new.outfit.backends.remove(&backend(from)).expect("it is there");
    let other = Arc::clone(&new.outfit.backends[&backend("other")]);
    new.outfit.backends.insert(backend(to), opened);
    new.outfit.backends.insert(backend(from), other);
    new.outfit.targets.insert(backend(to), format!("fake://{from}"));
    new.outfit.targets.insert(backend(from), "fake://new".to_owned());
    new
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_under_a_name_that_is_another_targets_now_is_refused_as_ever() {
    let world = World::new().await;
    let live = world.granted("listed", "1h").await;
    world.house.reconfigure(swapped(&world, "list", "hosts").await).await.expect("in force");
    world.release("alice", live.request.id).await.expect("released");
    until("its list refuses it", || async {
        std::fs::read_to_string(world.list_path()).is_ok_and(|listed| listed.contains('"'))
    })
    .await;
}

/// Two names that change places again and again, while somebody asks who serves what was given under one of them.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_while_names_change_places_is_never_sent_to_the_other_target() {
    let world = Arc::new(World::new().await);
    let given = world.file("alice", "quick", "1h").await.gives.remove(0);
    let at_shop = world.house.backend(&given.backend).expect("it is there");
    let stop = Arc::new(AtomicBool::new(false));
    let (asked, stopped, at) = (Arc::clone(&world), Arc::clone(&stop), Arc::clone(&at_shop));
    let asking = tokio::task::spawn_blocking(move || {
        let mut wrong = 0u32;
        while !stopped.load(Ordering::SeqCst) {
            let found = asked.house.pointing(&given, false).expect("it is always somebody's");
            wrong += u32::from(!Arc::ptr_eq(&found, &at));
        }
        wrong
    });
    for turn in 0..300 {
        let mut new = as_it_is(&world, &format!("turn {turn}")).await;
        let (mut a, mut b) = (backend("shop"), backend("other"));
        if turn % 2 == 0 {
            std::mem::swap(&mut a, &mut b);
        }
        new.outfit.backends.insert(a.clone(), Arc::clone(&at_shop));
        new.outfit.targets.insert(a, "fake://shop".to_owned());
        new.outfit.backends.insert(b.clone(), Arc::clone(&world.house.backends()[&backend("list")]));
        new.outfit.targets.insert(b, "fake://other".to_owned());
        world.house.reconfigure(new).await.expect("in force");
    }
    stop.store(true, Ordering::SeqCst);
    assert_eq!(asking.await.expect("a task"), 0);
}

/// Where a claim is held up, and what it waits for there: for nobody, it dies.
static AT: Mutex<Option<(&str, Receiver<()>)>> = Mutex::new(None);

/// Holds up whoever comes by a place first. The hook is the process's, so that such a test has one of its own.
fn stop_at(place: &'static str) -> Sender<()> {
    let (go, may) = mpsc::channel();
    *AT.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, may));
    failpoints::hook(|name| {
        let mut at = AT.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, may)) = at.take_if(|(place, _)| *place == name) else { return };
        drop(at);
        assert!(may.recv().is_ok(), "it dies here");
    });
    go
}

fn held() -> bool {
    AT.lock().unwrap_or_else(PoisonError::into_inner).is_none()
}

#[test]
fn what_was_approved_for_one_target_is_not_issued_at_another() {
    apart("targets::what_was_approved_for_one_target_is_not_issued_at_another", async {
        let world = Arc::new(World::new().await);
        let request = world.file("alice", "quick", "1h").await;
        let go = stop_at("claim.intended");
        let claiming = Arc::clone(&world);
        let claim = tokio::spawn(async move { claiming.claim("alice", request.id, "n").await.map(|done| done.claim) });
        until("it is intended", || async { held() }).await;
        world.house.reconfigure(swapped(&world, "shop", "old").await).await.expect("in force");
        go.send(()).expect("it waits");
        claim.await.expect("a task").expect("it is issued where it was approved");
        assert_eq!((world.other.live().len(), world.shop.live().len()), (0, 1));
    });
}

/// Carried out at the target, and never answered; then the config points elsewhere.
#[test]
fn what_has_no_handle_is_not_proven_gone_at_another_target() {
    apart("targets::what_has_no_handle_is_not_proven_gone_at_another_target", async {
        let world = World::new().await;
        let old = world.shop.clone();
        let request = world.file("alice", "quick", "1h").await;
        drop(stop_at("claim.issued"));
        assert!(world.claim("alice", request.id, "n").await.is_err(), "it has died");
        assert_eq!(old.live().len(), 1, "it stands in the target");
        let world = world.restart_at("fake://another").await;
        passed(&world, 20).await;
        let over = |claim: &Claim| matches!(claim.status, ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. });
        let after = world.request(request.id).await;
        assert!(!after.claims().any(over), "it lives, and the record says {:?}", after.claims().collect::<Vec<_>>());
        assert!(!world.house.out_of_reach().await.expect("read").is_empty(), "doctor tells it");
        // Named again, it is ended there.
        let world = world.restart_at("fake://shop").await;
        passed(&world, 40).await;
        until("it is ended where it was made", || async { old.live().is_empty() }).await;
    });
}

/// Lets time pass in steps, with something to do at each.
async fn passed(world: &World, steps: u32) {
    for _ in 0..steps {
        world.clock.advance(span("30s"));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
