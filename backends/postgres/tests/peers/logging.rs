//! Servers that write down more than statements: pgaudit, pg_stat_statements and pg_cron, as Debian brings them.

use std::sync::Arc;

use jit_backend::{FindingKind, Report};
use jit_types::Material;

use crate::server::{Server, has_library};
use crate::world::{BROKER_PASSWORD, Client, WAYS, Way, World, client};

const VERSION: u32 = 15;

/// A world on a server that loads all three, with settings that write down as much as they can.
async fn audited(way: Way) -> Option<World> {
    if !["pgaudit", "pg_cron", "pg_stat_statements"].iter().all(|library| has_library(VERSION, library)) {
        return None;
    }
    let settings = [
        "shared_preload_libraries=pgaudit,pg_cron,pg_stat_statements",
        "pgaudit.log=all",
        "pgaudit.log_parameter=on",
        "pgaudit.log_relation=on",
        "pgaudit.log_rows=on",
        "pgaudit.log_statement=on",
        "log_duration=on",
        "log_error_verbosity=verbose",
        "log_min_duration_statement=0",
        "log_parameter_max_length=-1",
        "log_parameter_max_length_on_error=-1",
    ];
    let server = Server::start_with(VERSION, &settings).await;
    server
        .sql("postgres", "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pg_cron; CREATE EXTENSION pgaudit")
        .await;
    let w = World::named(Arc::new(server), way, "").await;
    w.backend.capability(&w.scope()).expect("a scope in use");
    Some(w)
}

/// The parts of what must be nowhere: the client's password, the broker's, and the verifier's salt and keys.
fn secrets(client: &Client) -> Vec<String> {
    let Material::ScramVerifier(verifier) = &client.material else { panic!("a verifier") };
    let parts = verifier.expose_verifier().split(['$', ':']).filter(|part| part.len() > 20).map(str::to_owned);
    let secrets: Vec<String> = parts.chain([client.password.clone()]).collect();
    assert!(secrets.len() >= 4, "a salt, two keys and a password");
    secrets
}

fn told(report: &Report, what: &str) -> Option<FindingKind> {
    report.findings.iter().find(|f| f.what.as_str().contains(what)).map(|f| f.kind)
}

/// All that pg_stat_statements keeps, as the administrator reads it.
async fn kept(w: &World) -> String {
    let mut admin = w.server.admin("postgres").await;
    sqlx::query_scalar("SELECT string_agg(query, chr(10)) FROM public.pg_stat_statements")
        .fetch_one(&mut admin)
        .await
        .expect("statements")
}

#[tokio::test]
async fn neither_verifier_nor_password_is_written_down_where_everything_is() {
    for way in WAYS {
        // What the preparation itself sends stands in the log: the trial's own password is set as no administrator should.
        let Some(w) = audited(way).await else { return };
        let prepared = w.server.log().matches(BROKER_PASSWORD).count();
        let login = w.issue(600).await;
        let second = w.issue(600).await;
        let again = w.backend.issue(&login.order, None).await.expect("the same again");
        assert_eq!(again.handle, login.handle());
        let report = w.backend.check().await;
        w.end(&second).await;
        let revoked = w.backend.revoke(&login.lease()).await.expect("revoked");
        assert!(!revoked.evidence.is_empty());
        // A claim that fails when the verifier is already there: its statement is logged as one that failed.
        let late = client();
        let mut order = w.order(&late, 600);
        order.deadline = crate::world::now().plus_millis(-1_000);
        w.backend.issue(&order, Some(&late.material)).await.map(|_| ()).expect_err("too late");
        let (log, kept) = (w.server.log(), kept(&w).await);
        assert!(log.contains("AUDIT: SESSION") && log.contains("COPY pg_temp.jit_slip"), "it is written down");
        assert!(kept.contains("jit_slip"), "it is kept: {kept}");
        for client in [&login.client, &second.client, &late] {
            for secret in secrets(client) {
                assert!(!log.contains(&secret), "{way:?}: the log has a part of a secret");
                assert!(!kept.contains(&secret), "{way:?}: pg_stat_statements has a part of a secret");
            }
        }
        assert_eq!(log.matches(BROKER_PASSWORD).count(), prepared, "{way:?}: the broker's password is sent to no log");
        for what in [
            "pgaudit writes statements",
            "pgaudit writes the values",
            "pg_stat_statements keeps ALTER ROLE",
            "pg_cron is in database postgres",
            "log_min_duration_statement writes",
            "log_statement writes",
        ] {
            assert_eq!(told(&report, what), Some(FindingKind::Notice), "{way:?}: {what}: {report:?}");
        }
        assert_eq!(told(&report, "statements that run inside others"), None, "{report:?}");
    }
}

/// One that keeps the statements inside others keeps the verifier: that is bad, it is told, and what is told mends it.
#[tokio::test]
async fn what_keeps_the_statements_inside_others_is_told_and_mended_by_what_is_told() {
    for way in WAYS {
        let Some(w) = audited(way).await else { return };
        let what = "statements that run inside others";
        assert_eq!(told(&w.backend.check().await, what), None);
        w.server.sql("postgres", "ALTER SYSTEM SET pg_stat_statements.track = 'all'").await;
        let report = reloaded(&w).await;
        let found = report.findings.iter().find(|f| f.what.as_str().contains(what)).expect("it is told");
        assert_eq!(found.kind, FindingKind::Bad, "{report:?}");
        // It is true.
        let login = w.issue(600).await;
        let kept = kept(&w).await;
        assert!(secrets(&login.client).iter().any(|secret| kept.contains(secret)), "{way:?}: it keeps no verifier");
        w.end(&login).await;
        let mend = found.remedy.as_ref().expect("a statement").as_str().to_owned();
        w.server.sql("postgres", &mend).await;
        assert_eq!(told(&reloaded(&w).await, what), None, "{mend}");
    }
}

/// Has the server read its settings again, and looks with connections of its own.
async fn reloaded(w: &World) -> Report {
    w.server.sql("postgres", "SELECT pg_reload_conf()").await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jit'";
    w.server.sql("postgres", all).await;
    w.backend.check().await
}
