//! What a caller sees does not depend on how much there is that they may not see.

use std::sync::Arc;

use jit_engine::service::seen::Scope;
use jit_life::Request;
use jit_types::RequestId;

use crate::kit::World;
use crate::story;

/// More than one list, or one page of any kind, ever holds.
const MANY: u16 = 1_050;

/// Puts open requests of a role that is no longer in the rules: nobody but an administrator may see them.
async fn crowd(world: &World) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 1..=MANY {
        let other = story::request(n, 100 + n, "gone");
        let house = Arc::clone(&world.house);
        tasks.spawn(async move { story::put(house.store(), other, vec![]).await });
    }
    while let Some(put) = tasks.join_next().await {
        put.expect("it is put");
    }
}

#[tokio::test]
async fn a_crowd_of_what_one_may_not_see_hides_nothing() {
    let world = World::new().await;
    let asked = world.file("alice", "db", "1h").await;
    crowd(&world).await;
    let (alice, bob) = (world.caller("alice").await, world.caller("bob").await);
    let ids = |found: Vec<Request>| found.into_iter().map(|request| request.id).collect::<Vec<_>>();
    for (caller, scope) in [(&bob, Scope::Waiting), (&bob, Scope::Open), (&alice, Scope::Mine), (&alice, Scope::Open)] {
        let found = world.house.list(caller, scope, 50).await.expect("a list");
        assert_eq!(ids(found), [asked.id], "{scope:?}");
    }
    // A beginning that all of them share is as good as the whole where only one may be seen.
    let beginning = &asked.id.to_string()[.."req_".len() + 6];
    assert!(world.house.find(&bob, beginning).await.is_ok_and(|found| found.id == asked.id), "{beginning}");
    // Whoever may see them gets the newest, as many as were asked for, each once, over the edges of pages.
    let all = world.house.list(&world.caller("ada").await, Scope::Open, 450).await.expect("a list");
    let all = ids(all);
    let newest: Vec<RequestId> = (0..450).map(|n| story::id(MANY - n)).collect();
    assert_eq!(all, newest);
    let stuck = world.house.list(&world.caller("ada").await, Scope::Stuck, 450).await.expect("a list");
    assert_eq!(ids(stuck), [], "nothing has failed to end");
}
