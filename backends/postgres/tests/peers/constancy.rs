//! Logins come and go, and the server stays as it is: no ACL grows, no row is left, and the catalogs keep their size.
//!
//! A few hundred cycles at every run. `JIT_TEST_CYCLES` asks for more, as for the ten thousand of the published figures; with
//! `--nocapture` the figures are printed.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use jit_backend::Lease;

use crate::server::{Server, versions};
use crate::world::{WAYS, World, client};

/// How many cycles, where nobody asks for another number.
const CYCLES: usize = 200;
/// How many are under way at once.
const AT_ONCE: usize = 4;
/// In how many parts they are made: the size after each is compared.
const PARTS: usize = 4;

#[allow(clippy::disallowed_methods, reason = "how many is told by the environment, in tests only")]
fn cycles() -> usize {
    std::env::var("JIT_TEST_CYCLES").ok().and_then(|n| n.parse().ok()).unwrap_or(CYCLES)
}

/// Everything that must be the same after any number of logins.
async fn kept(w: &World) -> String {
    let table = "(SELECT relacl::text FROM pg_class WHERE oid = 'public.orders'::regclass)".to_owned();
    let count = |of: &str| format!("(SELECT count(*) FROM {of})::text");
    let parts = [
        table,
        "(SELECT string_agg(datacl::text, ' ' ORDER BY oid) FROM pg_database)".to_owned(),
        count("pg_roles"),
        count("pg_auth_members"),
        count("pg_shdescription"),
        // The broker's own are its sessions' temporary tables.
        count("pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid WHERE r.rolname NOT LIKE 'broker%'"),
        count("pg_db_role_setting"),
        count("pg_class WHERE relpersistence <> 't'"),
    ];
    w.words(&format!("SELECT concat_ws(' | ', {})", parts.join(", "))).await
}

/// The bytes of the catalogs that a login is in, with their indexes.
async fn bytes(w: &World) -> i64 {
    w.number(
        "SELECT sum(pg_total_relation_size(oid))::int8 FROM pg_class WHERE relname IN ('pg_authid', 'pg_auth_members', \
         'pg_shdescription', 'pg_shdepend', 'pg_shseclabel', 'pg_db_role_setting')",
    )
    .await
}

/// Dead rows of the catalogs that autovacuum has not come to.
async fn dead(w: &World) -> i64 {
    w.number(
        "SELECT sum(pg_stat_get_dead_tuples(oid))::int8 FROM pg_class WHERE relname IN ('pg_authid', 'pg_auth_members', \
         'pg_shdescription', 'pg_shdepend')",
    )
    .await
}

async fn some(w: &World, count: usize) -> (Duration, Duration) {
    let left = Arc::new(AtomicUsize::new(count));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (backend, house, scope, left) = (Arc::clone(&w.backend), w.house, w.scope(), Arc::clone(&left));
        tasks.spawn(async move {
            let (mut making, mut ending) = (Duration::ZERO, Duration::ZERO);
            let take = |n: usize| n.checked_sub(1);
            while left.fetch_update(SeqCst, SeqCst, take).is_ok() {
                let c = client();
                let order = crate::world::order(house, scope.clone(), c.material.digest(), 600);
                let begun = Instant::now();
                let issued = backend.issue(&order, Some(&c.material)).await.expect("issued");
                making += begun.elapsed();
                let begun = Instant::now();
                let lease = Lease { order, handle: Some(issued.handle) };
                assert!(!backend.revoke(&lease).await.expect("revoked").already_gone);
                ending += begun.elapsed();
            }
            (making, ending)
        });
    }
    let mut sum = (Duration::ZERO, Duration::ZERO);
    while let Some(done) = tasks.join_next().await {
        let (making, ending) = done.expect("no panic");
        sum = (sum.0 + making, sum.1 + ending);
    }
    sum
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_number_of_cycles_leaves_the_server_as_it_was() {
    let each = cycles().div_ceil(PARTS);
    for version in versions() {
        let server = Arc::new(Server::start(*version).await);
        for way in WAYS {
            let w = World::named(Arc::clone(&server), way, "").await;
            // The connections, with their temporary tables, are there from here on.
            some(&w, AT_ONCE).await;
            let before = kept(&w).await;
            let mut sizes = Vec::new();
            for part in 1..=PARTS {
                let begun = Instant::now();
                let (making, ending) = some(&w, each).await;
                let took = begun.elapsed();
                let (full, dead) = (bytes(&w).await, dead(&w).await);
                for catalog in ["pg_authid", "pg_auth_members", "pg_shdescription", "pg_shdepend", "pg_db_role_setting"]
                {
                    w.sql(&format!("VACUUM pg_catalog.{catalog}")).await;
                }
                sizes.push(bytes(&w).await);
                eprintln!(
                    "PostgreSQL {version}, {way:?}: {} cycles, the last {each} in {took:?} (issue {:?}, end {:?} each); catalogs {full} bytes \
                     with {dead} dead rows before VACUUM, {} after",
                    part * each,
                    making / u32::try_from(each).expect("few"),
                    ending / u32::try_from(each).expect("few"),
                    sizes[part - 1]
                );
                assert_eq!(kept(&w).await, before, "PostgreSQL {version}, {way:?}");
            }
            // What a part needs at once stays as room for the next; it is not to need more each time.
            let (first, last) = sizes.split_at(PARTS / 2);
            let (first, last) = (first.iter().max().expect("some"), last.iter().max().expect("some"));
            assert!(*last <= first + first / 4 + 65_536, "PostgreSQL {version}, {way:?}: the catalogs grow: {sizes:?}");
            assert_eq!(w.marked().await, Vec::<String>::new());
        }
    }
}
