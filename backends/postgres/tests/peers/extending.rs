//! A new end under an open session: the planted end moves, the session stays.

use jit_backend::{ErrorKind, Seen};

use crate::world::{Way, World, each, each_through, now, open, read};

async fn planted(w: &World, user: &str) -> i64 {
    w.number(&format!("SELECT (extract(epoch FROM rolvaliduntil) * 1000)::int8 FROM pg_roles WHERE rolname = '{user}'"))
        .await
}

#[tokio::test]
async fn an_open_session_lives_through_an_extension_that_knows_only_the_digest() {
    each(|w| async move {
        let login = w.issue(4).await;
        let mut session = w.connect(&login, &[]).await.expect("in");
        assert_eq!(read(&mut session).await.expect("reads"), 2);
        // Another process, as after a restart: it has the order with the digest of the verifier, and no verifier.
        let later_broker = open(w.house, &w.broker, w.server.port, &[]).await;
        let mut later = login.order.clone();
        later.window.end = later.window.end.plus_millis(600_007);
        later.deadline = now().plus_millis(5_000);
        let moved = later_broker.issue(&later, None).await.expect("the end moves");
        assert_eq!(moved, login.issued, "the same login, the same handle");
        assert_eq!(planted(&w, &login.user()).await, later.window.end.millis(), "exactly the new end");
        let again = later_broker.issue(&later, None).await.expect("the same again");
        assert_eq!(again, moved);
        while now() < login.order.window.end.plus_millis(300) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(read(&mut session).await.expect("the session lives on, past the first end"), 2);
        let mut another = w.connect(&login, &[]).await.expect("the first end is no end any more, for new logins too");
        assert_eq!(read(&mut another).await.expect("reads"), 2);
        let lease = jit_backend::Lease { order: later.clone(), handle: Some(moved.handle) };
        match w.backend.probe(&lease).await.expect("probed") {
            Seen::Usable { evidence } => {
                assert!(evidence.iter().any(|e| e.as_str().contains("planted as ordered")), "{evidence:?}");
            }
            other => panic!("{other:?}"),
        }
        // What is late, or comes after the end has begun, moves nothing.
        let mut late = later.clone();
        late.window.end = late.window.end.plus_millis(60_000);
        late.deadline = now().plus_millis(-1);
        assert_eq!(w.backend.issue(&late, None).await.expect_err("late").kind, ErrorKind::TooLate);
        assert_eq!(planted(&w, &login.user()).await, later.window.end.millis());
        w.backend.revoke(&lease).await.expect("revoked");
        assert!(read(&mut session).await.is_err() && read(&mut another).await.is_err());
        late.deadline = now().plus_millis(5_000);
        assert_eq!(w.backend.issue(&late, None).await.expect_err("gone").kind, ErrorKind::Conflict);
        w.proven(&lease).await;
    })
    .await;
}

#[tokio::test]
async fn functions_move_no_end_beyond_their_bound() {
    each_through(Way::Functions, |w| async move {
        let login = w.issue(600).await;
        let mut later = login.order.clone();
        later.window.end = later.window.start.plus_millis(25 * 3_600_000);
        let refused = w.backend.issue(&later, None).await.expect_err("more than a day");
        assert_eq!(refused.kind, ErrorKind::Refused, "{refused:?}");
        assert_eq!(planted(&w, &login.user()).await, login.order.window.end.millis());
        w.end(&login).await;
    })
    .await;
}
