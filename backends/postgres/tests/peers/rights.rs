//! The broker's rights, too few and too many: each is told with the statement that mends it, and the statement does.

use jit_backend::FindingKind;

use crate::world::{Way, each, each_through};

#[tokio::test]
async fn what_the_broker_has_too_much_is_told_and_mended_by_what_is_told() {
    each(|w| async move {
        w.backend.capability(&w.scope()).expect("a scope in use");
        let (b, r) = (w.broker.quoted(), w.reader.quoted());
        // Since 16 a second grant changes only the options that it names.
        let using = if w.server.version < 16 { "" } else { " WITH INHERIT TRUE" };
        let other = format!("\"{}_friend\"", w.broker.as_str());
        w.server.sql("postgres", &format!("CREATE ROLE {other}")).await;
        for (spoil, what) in [
            (format!("ALTER ROLE {b} REPLICATION"), "has REPLICATION"),
            (format!("ALTER ROLE {b} BYPASSRLS"), "has BYPASSRLS"),
            (format!("ALTER ROLE {b} CREATEDB"), "has CREATEDB"),
            (format!("GRANT pg_read_server_files TO {b}"), "is a member of pg_read_server_files"),
            (format!("GRANT pg_execute_server_program TO {b}"), "is a member of pg_execute_server_program"),
            (format!("GRANT pg_read_all_data TO {b}"), "is a member of pg_read_all_data"),
            (format!("GRANT {b} TO {other}"), "is a member of the broker"),
            (format!("GRANT {r} TO {b}{using}"), "can itself do what role"),
            (format!("GRANT SELECT ON orders TO {b}"), "the broker itself may use"),
            ("GRANT SELECT (id) ON orders TO PUBLIC".to_owned(), "PUBLIC may use"),
        ] {
            let clean = w.backend.check().await;
            assert!(!clean.findings.iter().any(|f| f.what.as_str().contains(what)), "{what}: {clean:?}");
            w.sql(&spoil).await;
            let report = w.backend.check().await;
            let found = report.findings.iter().find(|f| f.what.as_str().contains(what));
            let found = found.unwrap_or_else(|| panic!("PostgreSQL {}: {spoil}: {report:?}", w.server.version));
            assert_ne!(found.kind, FindingKind::Good);
            w.sql(found.remedy.as_ref().expect("a remedy").as_str()).await;
            let mended = w.backend.check().await;
            assert!(
                !mended.findings.iter().any(|f| f.what.as_str().contains(what)),
                "PostgreSQL {}: {:?} did not mend: {mended:?}",
                w.server.version,
                found.remedy
            );
        }
        w.server.sql("postgres", &format!("DROP ROLE {other}")).await;
    })
    .await;
}

#[tokio::test]
async fn a_broker_with_createrole_on_15_is_shown_the_way_without() {
    each_through(Way::CreateRole, |w| async move {
        let report = w.backend.check().await;
        let found = report.findings.iter().find(|f| f.what.as_str().contains("as good as the server"));
        assert_eq!(found.is_some(), w.server.version < 16);
        if let Some(found) = found {
            assert!(found.remedy.as_ref().is_some_and(|r| r.as_str().contains("functions")), "{found:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_member_role_that_reads_everything_is_told() {
    each(|w| async move {
        w.backend.capability(&w.scope()).expect("a scope in use");
        w.sql(&format!("GRANT pg_read_all_data TO {}", w.reader.quoted())).await;
        let report = w.backend.check().await;
        assert!(report.findings.iter().any(|f| f.what.as_str().contains("reads or writes every table")), "{report:?}");
    })
    .await;
}

#[tokio::test]
async fn what_a_member_role_has_too_much_is_mended_by_what_is_told() {
    each(|w| async move {
        w.backend.capability(&w.scope()).expect("a scope in use");
        let (r, d) = (w.reader.quoted(), w.database.quoted());
        w.sql("CREATE EXTENSION IF NOT EXISTS dblink; CREATE FUNCTION odd(a double precision, b text[]) RETURNS int LANGUAGE sql AS 'SELECT 1'").await;
        w.sql("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC").await;
        for spoil in [
            format!("ALTER ROLE {r} LOGIN"),
            format!("ALTER ROLE {r} CREATEROLE"),
            format!("GRANT SELECT ON orders TO {r} WITH GRANT OPTION"),
            format!("GRANT EXECUTE ON FUNCTION odd TO {r} WITH GRANT OPTION"),
            format!("GRANT CREATE ON SCHEMA public TO {r}; GRANT CREATE ON DATABASE {d} TO {r}"),
            "GRANT CREATE ON SCHEMA public TO PUBLIC".to_owned(),
            format!("GRANT TRIGGER ON orders TO {r}"),
            format!("GRANT pg_read_server_files TO {r}; GRANT pg_write_server_files TO {r}"),
            format!("GRANT ALTER SYSTEM ON PARAMETER work_mem TO {r}"),
            format!("GRANT EXECUTE ON FUNCTION dblink_exec(text, text) TO {r}"),
            format!("REVOKE CONNECT ON DATABASE {d} FROM {r}"),
        ] {
            w.sql(&spoil).await;
            let report = w.backend.check().await;
            let bad: Vec<_> = report.findings.iter().filter(|f| f.kind == FindingKind::Bad).collect();
            assert!(!bad.is_empty(), "PostgreSQL {}: {spoil}: {report:?}", w.server.version);
            for finding in &bad {
                w.sql(finding.remedy.as_ref().expect("a remedy").as_str()).await;
            }
            let mended = w.backend.check().await;
            assert!(
                mended.findings.iter().all(|f| f.kind != FindingKind::Bad),
                "PostgreSQL {}: {spoil} is not mended by {bad:?}: {mended:?}",
                w.server.version
            );
        }
        // An object of a name that could be taken for anything else is not named.
        w.sql(&format!("CREATE TABLE \"x; DROP ROLE admin\" (i int); GRANT TRIGGER ON \"x; DROP ROLE admin\" TO {r}")).await;
        let report = w.backend.check().await;
        let said = format!("{:?}", report.findings);
        assert!(said.contains("REVOKE TRIGGER ON TABLE …") && !said.contains("DROP ROLE admin"), "{said}");
    })
    .await;
}
