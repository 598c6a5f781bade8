//! A standby: a session there outlives everything that is done on the primary.

use std::sync::Arc;
use std::time::Duration;

use jit_backend::{ErrorKind, Seen};

use crate::server::{Server, versions};
use crate::world::{WAYS, World, open, read, says};

#[tokio::test]
async fn sessions_on_a_standby_are_ended_before_the_role_is_dropped() {
    for (version, way) in versions().iter().flat_map(|v| WAYS.map(|way| (v, way))) {
        let (primary, standby) = Server::standby_of(Server::start(*version).await).await;
        let w = World::named(Arc::new(primary), way, "").await;
        if *version >= 18 {
            w.server.sql("postgres", &format!("GRANT pg_read_all_stats TO {}", w.broker.quoted())).await;
        }
        let backend = open(w.house, &w.broker, w.server.port, &[standby.port]).await;
        let w = World { backend, ..w };
        let login = w.issue(600).await;
        let role = w.reader.as_str().to_owned();
        let options: &[(&str, &str)] = if *version < 16 { &[("role", &role)] } else { &[] };
        let mut there = None;
        for _ in 0..50 {
            match standby.try_connect(&login.user(), &login.client.password, w.database.as_str(), options).await {
                Ok(session) => {
                    there = Some(session);
                    break;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        let mut there = there.expect("the login reaches the standby");
        assert_eq!(read(&mut there).await.expect("reads"), 2);
        let evidence = w.end(&login).await;
        assert!(says(&evidence, "open sessions were ended on a standby"), "{evidence:?}");
        assert!(read(&mut there).await.is_err(), "PostgreSQL {version}");
        let report = w.backend.check().await;
        assert!(
            report
                .findings
                .iter()
                .any(|f| f.what.as_str().contains("is reachable") && f.what.as_str().starts_with("standby")),
            "{report:?}"
        );

        // A standby that can't be reached: closed and cleared at the primary, but not proven, and not dropped.
        let login = w.issue(600).await;
        drop(standby);
        let failed = w.backend.revoke(&login.lease()).await.expect_err("it may have sessions");
        assert_eq!(failed.kind, ErrorKind::Unreachable);
        assert!(failed.retryable());
        assert!(w.connect(&login, &[]).await.is_err(), "closed all the same");
        assert!(matches!(w.backend.probe(&login.lease()).await, Ok(Seen::Unknown { .. })));
        let report = w.backend.check().await;
        assert!(report.findings.iter().any(|f| f.what.as_str().contains("an end waits for it")), "{report:?}");
        // Taken out of the config, it is not waited for.
        let backend = open(w.house, &w.broker, w.server.port, &[]).await;
        let w = World { backend, ..w };
        w.end(&login).await;
    }
}
