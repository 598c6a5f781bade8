//! `doctor` on servers of its own: what the broker can't do without, what the log is told, and who may connect. Each flaw is
//! told with a statement, and the statement mends it.

use std::sync::Arc;

use jit_backend::{FindingKind, Report, Scope};
use serde_json::json;

use crate::server::{Server, versions};
use crate::world::{WAYS, Way, World};

/// A world on a server that nothing else is on: what is changed here counts for all of it.
async fn alone(version: u32, way: Way) -> World {
    let w = World::named(Arc::new(Server::start(version).await), way, "").await;
    w.backend.capability(&w.scope()).expect("a scope in use");
    w
}

/// Looks with connections of its own: what may be done is found out when a session begins.
async fn look(w: &World) -> Report {
    w.server
        .sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jit'")
        .await;
    w.backend.check().await
}

fn remedy(report: &Report, what: &str) -> Option<(FindingKind, String)> {
    let found = report.findings.iter().find(|f| f.what.as_str().contains(what))?;
    Some((found.kind, found.remedy.as_ref().map_or(String::new(), |r| r.as_str().to_owned())))
}

#[tokio::test]
async fn each_right_that_is_missing_is_told_and_mended_by_what_is_told() {
    for (version, way) in versions().iter().flat_map(|v| WAYS.map(|way| (*v, way))) {
        let w = alone(version, way).await;
        let (b, d) = (w.broker.quoted(), w.database.quoted());
        let schema = format!("jit_{}", w.house.digits());
        let mut spoils = vec![
            (
                "postgres",
                format!("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC, {b}"),
                "may not make temporary tables",
            ),
            ("postgres", "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC".to_owned(), "may not use plpgsql"),
            (
                "postgres",
                format!("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC, {b}"),
                "may not read the target's identity",
            ),
            (
                "postgres",
                format!("REVOKE CONNECT ON DATABASE {d} FROM PUBLIC, {b}"),
                "the broker can't get into database",
            ),
        ];
        match way {
            Way::CreateRole => {
                spoils.push(("postgres", format!("ALTER ROLE {b} NOCREATEROLE"), "may not make logins"));
                if version < 16 {
                    spoils.push(("postgres", format!("ALTER ROLE {b} NOINHERIT"), "does not inherit"));
                }
            }
            Way::Functions => {
                spoils.push((
                    "postgres",
                    format!("REVOKE USAGE ON SCHEMA {schema} FROM {b}"),
                    "does not reach the functions",
                ));
                let one = format!("REVOKE EXECUTE ON FUNCTION {schema}.drop FROM {b}");
                spoils.push(("postgres", one, "may not call all of the functions"));
            }
        }
        // The config says which way, so that what is missing is not taken for the other one.
        let w = World { backend: w.written().await, ..w };
        w.backend.capability(&w.scope()).expect("a scope in use");
        for (database, spoil, what) in spoils {
            w.server.sql(database, &spoil).await;
            let report = look(&w).await;
            let (kind, mend) =
                remedy(&report, what).unwrap_or_else(|| panic!("PostgreSQL {version}: {spoil}: {report:?}"));
            assert_eq!(kind, FindingKind::Bad, "{what}");
            if version < 16 && what == "may not make logins" {
                // The way out of CREATEROLE is another setup, on 15.
                assert!(mend.contains("functions"), "{mend}");
                w.server.sql(database, &format!("ALTER ROLE {b} CREATEROLE")).await;
            } else {
                w.server.sql(database, &mend).await;
            }
            let report = look(&w).await;
            assert!(remedy(&report, what).is_none(), "PostgreSQL {version}: {mend} does not mend it: {report:?}");
            let bad: Vec<_> = report.findings.iter().filter(|f| f.kind == FindingKind::Bad).collect();
            assert!(bad.is_empty(), "PostgreSQL {version}, {way:?}, after {spoil}: {bad:?}");
        }
        let login = w.issue(600).await;
        w.end(&login).await;
    }
}

#[tokio::test]
async fn what_the_log_is_told_is_told_and_mended_by_what_is_told() {
    for version in versions() {
        let w = alone(*version, Way::CreateRole).await;
        for (setting, value) in [
            ("log_min_duration_statement", "'10ms'"),
            ("log_min_duration_sample", "'10ms'"),
            ("log_transaction_sample_rate", "0.5"),
            ("log_parser_stats", "on"),
            ("password_encryption", "'md5'"),
        ] {
            let what = if setting == "password_encryption" { "is kept as MD5" } else { setting };
            let w = &w;
            let set = |text: String| async move {
                w.server.sql("postgres", &text).await;
                w.server.sql("postgres", "SELECT pg_reload_conf()").await;
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                look(w).await
            };
            assert!(remedy(&look(w).await, what).is_none(), "PostgreSQL {version}: {setting} is as it comes");
            let report = set(format!("ALTER SYSTEM SET {setting} = {value}")).await;
            let (kind, mend) =
                remedy(&report, what).unwrap_or_else(|| panic!("PostgreSQL {version}: {setting}: {report:?}"));
            let grave = setting == "log_parser_stats";
            assert_eq!(kind, if grave { FindingKind::Bad } else { FindingKind::Notice }, "{setting}");
            let (statement, _) = mend.split_once(", or").unwrap_or((&mend, ""));
            let report = set(statement.to_owned()).await;
            assert!(remedy(&report, what).is_none(), "PostgreSQL {version}: {statement} does not mend it: {report:?}");
        }
    }
}

/// A server that prints what it parses would print what sets the verifier.
#[tokio::test]
async fn no_verifier_is_in_the_log_of_a_server_that_prints_what_it_parses() {
    for (version, way) in versions().iter().flat_map(|v| WAYS.map(|way| (*v, way))) {
        let w = alone(version, way).await;
        for setting in ["debug_print_parse", "debug_print_rewritten", "debug_print_plan"] {
            w.server.sql("postgres", &format!("ALTER SYSTEM SET {setting} = on")).await;
        }
        w.server.sql("postgres", "SELECT pg_reload_conf()").await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        look(&w).await;
        let login = w.issue(600).await;
        assert!(
            w.server.log().contains("parse tree"),
            "PostgreSQL {version}: the administrator's own statements are printed"
        );
        let jit_types::Material::ScramVerifier(verifier) = &login.client.material else { panic!("a verifier") };
        let log = w.server.log();
        for part in verifier.expose_verifier().split(['$', ':']).filter(|part| part.len() > 20) {
            assert!(!log.contains(part), "PostgreSQL {version}, {way:?}: a part of the verifier is in the log");
        }
        w.end(&login).await;
    }
}

#[tokio::test]
async fn every_database_that_public_may_connect_to_is_told_and_closed_by_what_is_told() {
    for version in versions() {
        let w = alone(*version, Way::CreateRole).await;
        let what = "PUBLIC may connect to";
        w.server.sql("postgres", "CREATE DATABASE other").await;
        // One that a role gives and another does not is no less open to the other's logins.
        w.sql(&format!("GRANT CONNECT ON DATABASE {} TO PUBLIC", w.database.quoted())).await;
        let open = remedy(&look(&w).await, what).expect("template1, postgres and other").1;
        assert!(open.contains("\"other\"") && !open.contains(w.database.as_str()), "{open}");
        let second = Scope(json!({"databases": ["other"], "member_of": [w.reader.as_str()]}));
        w.backend.capability(&second).expect("a scope in use");
        let (kind, mend) = remedy(&look(&w).await, what).expect("it is told");
        assert_eq!(kind, FindingKind::Notice);
        assert!(mend.contains(w.database.as_str()) && mend.contains("\"other\""), "{mend}");
        w.server.sql("postgres", &mend).await;
        w.server.sql("postgres", &format!("GRANT CONNECT ON DATABASE postgres, other TO {}", w.broker.quoted())).await;
        let report = look(&w).await;
        assert_eq!(remedy(&report, "every login:"), None, "PostgreSQL {version}: {report:?}");
        assert!(remedy(&report, "to no database that is not given").is_some(), "{report:?}");
    }
}
