//! What `doctor` sees.

use jit_backend::FindingKind;

use crate::world::{Way, World, each, each_through};

fn found(report: &jit_backend::Report, what: &str) -> Option<FindingKind> {
    report.findings.iter().find(|f| f.what.as_str().contains(what)).map(|f| f.kind)
}

#[tokio::test]
async fn what_the_setup_made_is_good_and_every_flaw_has_a_remedy() {
    each_through(Way::CreateRole, |w| async move {
        w.backend.capability(&w.scope()).expect("a scope in use");
        let report = w.backend.check().await;
        let bad: Vec<_> = report.findings.iter().filter(|f| f.kind == FindingKind::Bad).collect();
        assert!(bad.is_empty(), "PostgreSQL {}: {bad:?}", w.server.version);
        assert_eq!(found(&report, "log_statement writes"), Some(FindingKind::Notice));
        assert_eq!(found(&report, "clock agrees"), Some(FindingKind::Good));
        assert_eq!(found(&report, "CREATEROLE is as good as the server").is_some(), w.server.version < 16);

        let (b, r, d) = (w.broker.quoted(), w.reader.quoted(), w.database.quoted());
        w.server.sql("postgres", &format!("ALTER ROLE {b} SUPERUSER")).await;
        w.sql(&format!(
            "ALTER ROLE {r} LOGIN; GRANT CREATE ON SCHEMA public TO {r}; REVOKE CONNECT ON DATABASE {d} FROM {r}"
        ))
        .await;
        let report = w.backend.check().await;
        for what in
            ["the broker is a superuser", "can log in by itself", "may create objects", "may connect to the database"]
        {
            assert_eq!(
                found(&report, what),
                Some(FindingKind::Bad),
                "PostgreSQL {}: {what}: {report:?}",
                w.server.version
            );
        }
        assert!(
            report.findings.iter().filter(|f| f.kind == FindingKind::Bad).all(|f| f.remedy.is_some()),
            "{report:?}"
        );
        assert_eq!(report.findings[0].kind, FindingKind::Bad, "worst first");
        w.server.sql("postgres", &format!("ALTER ROLE {b} NOSUPERUSER NOCREATEROLE")).await;
        let report = w.backend.check().await;
        assert_eq!(found(&report, "may not make logins"), Some(FindingKind::Bad));
        if w.server.version >= 16 {
            w.server.sql("postgres", &format!("ALTER ROLE {b} CREATEROLE; REVOKE {r} FROM {b}")).await;
            let report = w.backend.check().await;
            assert_eq!(found(&report, "the broker may not give role"), Some(FindingKind::Bad));
        }
    })
    .await;
}

#[tokio::test]
async fn what_the_check_found_is_in_what_the_approver_reads() {
    each(|w| async move {
        let says = |w: &World, what: &str| {
            let capability = w.backend.capability(&w.scope()).expect("a capability");
            capability.warnings.iter().any(|x| x.as_str().contains(what))
        };
        assert!(says(&w, "not been looked at yet"));
        w.backend.check().await;
        assert!(!says(&w, "not been looked at yet"));
        assert!(says(&w, "PUBLIC may connect to"), "template1 and postgres are open by default");
        assert_eq!(says(&w, "PostgreSQL 15"), w.server.version < 16);
        let capability = w.backend.capability(&w.scope()).expect("a capability");
        assert!(capability.gives.as_str().contains(w.database.as_str()));
        assert!(capability.gives.as_str().contains(w.reader.as_str()));
    })
    .await;
}
