//! The network, crashes, and the wrong server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jit_backend::{ErrorKind, Lease, Seen};

use crate::proxy::{Mode, Proxy};
use crate::server::{Server, versions};
use crate::world::{Login, Way, World, client, each, house, now, open, prepare, read};

/// A world whose broker goes through a proxy.
async fn behind(w: World) -> (World, Proxy) {
    let proxy = Proxy::to(w.server.port).await;
    let backend = open(w.house, &w.broker, proxy.port, &[]).await;
    (World { backend, ..w }, proxy)
}

#[tokio::test]
async fn a_statement_that_is_held_past_the_deadline_makes_nothing() {
    each(|w| async move {
        let (w, proxy) = behind(w).await;
        let c = client();
        let mut order = w.order(&c, 600);
        order.deadline = now().plus_millis(2000);
        proxy.set(Mode::HoldAt(b"pg_try_advisory_xact_lock"));
        let failed = w.backend.issue(&order, Some(&c.material)).await.expect_err("no answer");
        assert_eq!(failed.kind, ErrorKind::Unreachable, "{failed:?}");
        while now() < order.deadline {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Only now the statement reaches the server, whole.
        proxy.set(Mode::Pass);
        tokio::time::sleep(Duration::from_millis(700)).await;
        let log = w.server.log();
        let claim = order.claim.digits();
        let mine: Vec<&str> = log.split("statement: DO ").filter(|s| s.contains(&claim)).collect();
        assert!(mine.iter().any(|s| s.contains("jit: refused")), "it did arrive, and was refused");
        assert_eq!(w.marked().await, Vec::<String>::new());
        let lease = Lease { order, handle: None };
        w.proven(&lease).await;
        // The same held for a moment only is carried out.
        let c = client();
        let order = w.order(&c, 600);
        proxy.set(Mode::HoldAt(b"pg_try_advisory_xact_lock"));
        let (backend, material) = (Arc::clone(&w.backend), c.material);
        let held = order.clone();
        let issuing = tokio::spawn(async move { backend.issue(&held, Some(&material)).await });
        tokio::time::sleep(Duration::from_millis(500)).await;
        proxy.set(Mode::Pass);
        let issued = issuing.await.expect("no panic").expect("in time");
        w.backend.revoke(&Lease { order, handle: Some(issued.handle) }).await.expect("revoked");
    })
    .await;
}

#[tokio::test]
async fn an_issue_that_waits_in_the_server_is_not_proven_gone() {
    each(|w| async move {
        let c = client();
        let mut order = w.order(&c, 600);
        order.deadline = now().plus_millis(1000);
        // An issue whose commit is stuck, as behind a synchronous standby: its lock is held by the broker's own session.
        let key = i64::from_be_bytes(order.claim.low64().to_be_bytes());
        let broker = w.broker.as_str().to_owned();
        let mut stuck =
            w.server.try_connect(&broker, crate::world::BROKER_PASSWORD, "postgres", &[]).await.expect("the broker");
        crate::world::run(&mut stuck, &format!("SELECT pg_advisory_lock({key})")).await.expect("held");
        // Anybody may take a lock of that number: only the broker's counts.
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let lease = Lease { order, handle: None };
        match w.backend.probe(&lease).await.expect("probed") {
            Seen::Unknown { why } => assert!(why.as_str().contains("under way"), "{why}"),
            other => panic!("{other:?}"),
        }
        drop(stuck);
        let mut admin = w.server.admin("postgres").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        crate::world::run(&mut admin, &format!("SELECT pg_advisory_lock({key})")).await.expect("held by another");
        w.proven(&lease).await;
    })
    .await;
}

#[tokio::test]
async fn a_crash_between_intent_and_answer_leaves_what_can_be_ended() {
    each(|w| async move {
        // Before the statement: nothing stands, and nothing is proven until the deadline.
        let c = client();
        let mut order = w.order(&c, 600);
        order.deadline = now().plus_millis(1500);
        let lease = Lease { order, handle: None };
        assert!(matches!(w.backend.probe(&lease).await, Ok(Seen::Unknown { .. })));
        assert!(w.backend.revoke(&lease).await.expect("nothing to do").already_gone);
        assert!(matches!(w.backend.probe(&lease).await, Ok(Seen::Unknown { .. })));
        tokio::time::sleep(Duration::from_millis(1700)).await;
        w.proven(&lease).await;
        // After it: the handle was lost, the name is enough.
        let login = w.issue(600).await;
        let mut session = w.connect(&login, &[]).await.expect("in");
        let lost = login.lease_without_handle();
        assert!(matches!(w.backend.probe(&lost).await, Ok(Seen::Usable { .. })));
        let revoked = w.backend.revoke(&lost).await.expect("revoked");
        assert!(!revoked.already_gone);
        assert!(read(&mut session).await.is_err());
        assert!(w.backend.revoke(&lost).await.expect("again").already_gone);
        assert!(w.backend.revoke(&login.lease()).await.expect("again").already_gone);
        w.proven(&login.lease()).await;
    })
    .await;
}

#[tokio::test]
async fn the_wrong_server_is_not_touched() {
    let [first, second, ..] = versions() else {
        eprintln!("skipped: two servers are needed, and there is one version here");
        return;
    };
    let w = World::new(*first, Way::CreateRole).await;
    let login = w.issue(600).await;
    let other = crate::server::shared(*second).await;
    prepare(&other, w.house, w.way, &w.broker, &w.reader, &w.database).await;
    let elsewhere = open(w.house, &w.broker, other.port, &[]).await;
    for error in [
        elsewhere.revoke(&login.lease()).await.err().map(|e| e.kind),
        elsewhere.probe(&login.lease()).await.err().map(|e| e.kind),
    ] {
        assert_eq!(error, Some(ErrorKind::Mismatch));
    }
    // A role of the same name that is not the one that was made: after a restore, or by hand.
    w.sql(&format!("DROP OWNED BY \"{0}\"; DROP ROLE \"{0}\"; CREATE ROLE \"{0}\" LOGIN", login.user())).await;
    let error = w.backend.revoke(&login.lease()).await.err().map(|e| e.kind);
    assert_eq!(error, Some(ErrorKind::Mismatch));
    assert_eq!(w.marked().await, [login.user()], "it was not touched");
}

#[tokio::test]
async fn an_unreachable_target_is_said_at_once_and_a_slow_one_still_works() {
    each(|w| async move {
        let (w, proxy) = behind(w).await;
        let login = w.issue(600).await;
        proxy.set(Mode::Cut);
        let began = Instant::now();
        let failed = w.backend.revoke(&login.lease()).await.expect_err("cut");
        assert_eq!(failed.kind, ErrorKind::Unreachable);
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        let report = w.backend.check().await;
        assert!(report.findings.iter().any(|f| f.kind == jit_backend::FindingKind::Bad), "{report:?}");
        proxy.set(Mode::Slow);
        assert!(matches!(w.backend.probe(&login.lease()).await, Ok(Seen::Usable { .. })));
        proxy.set(Mode::Pass);
        w.end(&login).await;
    })
    .await;
}

#[tokio::test]
async fn nobody_listens_is_unreachable_at_once() {
    let broker = "jit".parse().expect("a name");
    let backend = open(house(), &broker, 1, &[]).await;
    let began = Instant::now();
    let report = backend.check().await;
    assert!(report.findings.iter().any(|f| f.what.as_str().contains("can't be reached")), "{report:?}");
    assert!(began.elapsed() < Duration::from_secs(1));
}

/// A restored backup brings ended logins back: the check finds them, and the lease ends them again.
#[tokio::test]
async fn survivors_are_found_by_the_houses_mark() {
    each(|w| async move {
        let login = w.issue(600).await;
        let fresh = open(w.house, &w.broker, w.server.port, &[]).await;
        let marked: Vec<String> = fresh.check().await.marked.iter().map(|m| m.as_str().to_owned()).collect();
        assert_eq!(marked, [login.user()]);
        w.end(&login).await;
        assert_eq!(fresh.check().await.marked, []);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again() {
    let Some(version) = versions().first() else { return };
    let server = Server::start(*version).await;
    let w = World::named(Arc::new(server), Way::CreateRole, "").await;
    let login = w.issue(600).await;
    w.server
        .sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jit'")
        .await;
    assert!(
        matches!(w.backend.probe(&login.lease()).await, Ok(Seen::Usable { .. })),
        "idle connections are looked at first"
    );
    w.end(&login).await;
}

/// Claims that come one after another behind a target that hangs all fail as soon as the first has waited long enough.
#[tokio::test]
async fn behind_a_target_that_hangs_all_claims_wait_once() {
    // Each waits for twelve seconds: one server tells.
    if let Some(version) = versions().first() {
        let w = World::new(*version, Way::CreateRole).await;
        let proxy = Proxy::to(w.server.port).await;
        let backend = open(w.house, &w.broker, proxy.port, &[]).await;
        let client = client();
        let order = w.order(&client, 600);
        let issued = backend.issue(&order, Some(&client.material)).await.expect("issued");
        proxy.set(Mode::Hold);
        let began = Instant::now();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let (backend, client) = (Arc::clone(&backend), crate::world::client());
            let order = w.order(&client, 600);
            all.spawn(async move { backend.issue(&order, Some(&client.material)).await.map(|_| ()) });
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for done in all.join_all().await {
            assert_eq!(done.expect_err("it hangs").kind, ErrorKind::Unreachable);
        }
        // The idle connection is looked at for 2 s, a new one is waited for for 10 s.
        assert!(began.elapsed() < Duration::from_secs(16), "PostgreSQL {}: {:?}", w.server.version, began.elapsed());
        proxy.set(Mode::Pass);
        w.end(&Login { client, order, issued }).await;
    }
}
