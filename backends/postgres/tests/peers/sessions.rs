//! Sessions that would go on: each is opened for real, ended, and then asked to read once more.

use std::time::{Duration, Instant};

use jit_backend::{Seen, Tail};
use jit_types::Span;

use crate::server::{Server, versions};
use crate::world::{WAYS, World, client, each, now, read, run, says};

#[tokio::test]
async fn an_open_session_a_set_role_session_and_an_idle_pool_are_ended() {
    each(|w| async move {
        let login = w.issue(600).await;
        let mut plain = w.connect(&login, &[]).await.expect("in");
        let mut idle = Vec::new();
        for _ in 0..4 {
            idle.push(w.connect(&login, &[]).await.expect("in"));
        }
        let role = w.reader.as_str().to_owned();
        let as_role = w.connect(&login, &[("role", &role)]).await;
        assert_eq!(as_role.is_ok(), w.server.version < 16, "since 16 nobody acts as the member role");
        let began = Instant::now();
        let evidence = w.end(&login).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(says(&evidence, "open sessions were ended"), "{evidence:?}");
        assert!(read(&mut plain).await.is_err());
        if let Ok(mut session) = as_role {
            assert!(read(&mut session).await.is_err(), "a session that had done SET ROLE");
        }
        for mut session in idle {
            assert!(read(&mut session).await.is_err());
        }
    })
    .await;
}

#[tokio::test]
async fn a_long_transaction_and_a_running_statement_are_ended() {
    each(|w| async move {
        let login = w.issue(600).await;
        let mut holder = w.connect(&login, &[]).await.expect("in");
        run(&mut holder, "BEGIN ISOLATION LEVEL REPEATABLE READ").await.expect("begun");
        assert_eq!(read(&mut holder).await.expect("reads"), 2);
        let mut sleeper = w.connect(&login, &[]).await.expect("in");
        let sleeping = tokio::spawn(async move { run(&mut sleeper, "SELECT pg_sleep(30)").await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        w.end(&login).await;
        assert!(read(&mut holder).await.is_err(), "its snapshot still had the rows");
        let slept = tokio::time::timeout(Duration::from_secs(5), sleeping).await.expect("at once").expect("no panic");
        assert!(slept.is_err());
    })
    .await;
}

/// On a server of its own: who hides while logging in delays the proofs of others.
#[tokio::test]
async fn a_session_that_hides_while_logging_in_is_ended_and_a_stranger_that_does_so_is_not() {
    for (version, way) in versions().iter().flat_map(|v| WAYS.map(|way| (v, way))) {
        let server = std::sync::Arc::new(Server::start(*version).await);
        let w = World::named(std::sync::Arc::clone(&server), way, "").await;
        let login = w.issue(600).await;
        let stranger = w.issue(600).await;
        let connect = |user: String, password: String, seconds: &'static str, role: String| {
            let (server, database) = (std::sync::Arc::clone(&server), w.database.as_str().to_owned());
            tokio::spawn(async move {
                let mut options = vec![("post_auth_delay", seconds)];
                if version < &16 && !role.is_empty() {
                    options.push(("role", role.as_str()));
                }
                let mut session = server.try_connect(&user, &password, &database, &options).await?;
                read(&mut session).await
            })
        };
        let reader = w.reader.as_str().to_owned();
        let hidden = connect(login.user(), login.client.password.clone(), "25", reader);
        let other = connect(stranger.user(), stranger.client.password.clone(), "6", String::new());
        tokio::time::sleep(Duration::from_millis(700)).await;
        let visible = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'", login.user());
        assert_eq!(server.number("postgres", &visible).await, 0, "it is not to be seen");
        let began = Instant::now();
        let revoked = w.backend.revoke(&login.lease()).await.expect("revoked");
        let took = began.elapsed();
        eprintln!("PostgreSQL {version}: ended a hidden session in {took:?}");
        let evidence: Vec<String> = revoked.evidence.iter().map(|e| e.as_str().to_owned()).collect();
        assert!(says(&evidence, "sessions that hid while logging in were ended"), "{evidence:?}");
        let swept = w.backend.capability(&w.scope()).expect("a capability").swept;
        assert_eq!(swept, Tail::AtMost(Span::from_secs(15)));
        assert!(took < Duration::from_secs(15));
        let woke = tokio::time::timeout(Duration::from_secs(5), hidden).await.expect("it is dead").expect("no panic");
        assert!(woke.is_err(), "PostgreSQL {version}: it woke and read");
        let theirs = other.await.expect("no panic");
        assert_eq!(theirs.expect("a stranger is left alone"), 2);
        w.proven(&login.lease()).await;
        w.end(&stranger).await;
    }
}

#[tokio::test]
async fn without_a_sweep_new_logins_end_by_themselves_and_open_sessions_do_not() {
    each(|w| async move {
        let capability = w.backend.capability(&w.scope()).expect("a capability");
        assert!(capability.plants_end && matches!(capability.unswept, Tail::NoBound(_)));
        let login = w.issue(2).await;
        let mut session = w.connect(&login, &[]).await.expect("in");
        while now() < login.order.window.end.plus_millis(300) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(w.connect(&login, &[]).await.is_err(), "VALID UNTIL");
        assert_eq!(read(&mut session).await.expect("the tail that was told"), 2);
        match w.backend.probe(&login.lease()).await.expect("probed") {
            Seen::Gone(proof) => {
                assert_eq!(proof.grade, jit_types::Grade::ByConstruction);
                assert!(proof.tail.iter().any(|t| t.as_str().contains("1 session is open")), "{proof:?}");
            }
            other => panic!("{other:?}"),
        }
        w.end(&login).await;
        assert!(read(&mut session).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_holder_who_changed_their_password_is_ended_all_the_same() {
    each(|w| async move {
        let login = w.issue(600).await;
        let mut session = w.connect(&login, &[]).await.expect("in");
        run(&mut session, "ALTER ROLE CURRENT_USER PASSWORD 'my own'").await.expect("the holder may");
        assert!(w.server.try_connect(&login.user(), "my own", w.database.as_str(), &[]).await.is_ok());
        w.end(&login).await;
        for password in ["my own", login.client.password.as_str()] {
            assert!(w.server.try_connect(&login.user(), password, w.database.as_str(), &[]).await.is_err());
        }
    })
    .await;
}

#[tokio::test]
async fn a_login_that_keeps_coming_back_while_it_is_ended_stays_out() {
    each(|w| async move {
        let login = w.issue(600).await;
        let (user, password, database) = (login.user(), login.client.password.clone(), w.database.as_str().to_owned());
        let server = std::sync::Arc::clone(&w.server);
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopped = std::sync::Arc::clone(&stop);
        let first = std::sync::Arc::new(tokio::sync::Notify::new());
        let is_in = std::sync::Arc::clone(&first);
        let storm = tokio::spawn(async move {
            let (mut kept, mut in_) = (Vec::new(), 0);
            while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
                if let Ok(session) = server.try_connect(&user, &password, &database, &[]).await {
                    in_ += 1;
                    is_in.notify_one();
                    kept.push(session);
                    kept.truncate(5);
                }
            }
            let mut alive = 0;
            for mut session in kept {
                alive += i32::from(read(&mut session).await.is_ok());
            }
            (in_, alive)
        });
        // On a busy machine a login takes its time.
        tokio::time::timeout(Duration::from_secs(30), first.notified()).await.expect("it gets in");
        tokio::time::sleep(Duration::from_millis(300)).await;
        w.end(&login).await;
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let (in_, alive) = storm.await.expect("no panic");
        assert!(in_ > 0, "it had been in");
        assert_eq!(alive, 0, "PostgreSQL {}", w.server.version);
    })
    .await;
}

#[tokio::test]
async fn sessions_that_outlived_a_role_dropped_by_hand_are_told_not_hidden() {
    each(|w| async move {
        let login = w.issue(600).await;
        let _session = w.connect(&login, &[]).await.expect("in");
        w.sql(&format!("DROP OWNED BY \"{0}\"; DROP ROLE \"{0}\"", login.user())).await;
        assert!(matches!(w.backend.probe(&login.lease()).await, Ok(Seen::Unknown { .. })));
        let refused = w.backend.revoke(&login.lease()).await.expect_err("the broker may not end it");
        assert_eq!(refused.kind, jit_backend::ErrorKind::Refused);
        // With the right to end sessions it can.
        w.sql(&format!("GRANT pg_signal_backend TO {}", w.broker.quoted())).await;
        w.end(&login).await;
        let c = client();
        assert!(w.backend.issue(&w.order(&c, 600), Some(&c.material)).await.is_ok());
    })
    .await;
}
