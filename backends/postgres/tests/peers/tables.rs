//! Named tables and columns: narrow in the server, prepared once, compared at every claim.

use jit_backend::{ErrorKind, FindingKind, Scope};
use serde_json::json;

use crate::world::{Login, World, each, read, run};

fn scope(w: &World, tables: serde_json::Value) -> Scope {
    Scope(json!({"databases": [w.database.as_str()], "tables": tables}))
}

fn narrow(w: &World) -> Scope {
    scope(w, json!([{"schema": "public", "table": "orders", "columns": ["id"], "may": ["select"]}]))
}

async fn prepared(w: &World) -> String {
    let mut admin = w.server.admin("postgres").await;
    sqlx::query_scalar("SELECT rolname::text FROM pg_roles WHERE rolname LIKE $1 ORDER BY oid LIMIT 1")
        .bind(format!("jit\\_{}\\_for\\_%", w.house.digits()))
        .fetch_one(&mut admin)
        .await
        .expect("a prepared role")
}

async fn may(w: &World, login: &Login, sql: &str) -> bool {
    let mut session = w.connect(login, &[]).await.expect("in");
    run(&mut session, sql).await.is_ok()
}

#[tokio::test]
async fn a_login_uses_the_columns_that_are_named_and_no_others() {
    each(|w| async move {
        let scope = narrow(&w);
        let capability = w.backend.capability(&scope).expect("a capability");
        assert!(capability.gives.as_str().contains("select id of public.orders"), "{}", capability.gives);
        // Not prepared yet: nothing is given, and the check says so.
        let missing = w.issue_scope(scope.clone()).await.map(|_| ()).expect_err("not prepared");
        assert_eq!(missing.kind, ErrorKind::Misconfigured, "{missing:?}");
        assert!(missing.public.as_str().contains("is missing"), "{missing:?}");
        let report = w.backend.check().await;
        assert!(report.findings.iter().any(|f| f.kind == FindingKind::Bad && f.what.as_str().contains("prepared for its tables is missing")), "{report:?}");

        w.sql("CREATE TABLE secrets (id int, what text); INSERT INTO secrets VALUES (1, 'x')").await;
        let done = w.set_up(std::slice::from_ref(&scope)).await.expect("set up");
        assert!(done.iter().any(|why| why.contains("may select id of public.orders")), "{done:?}");
        w.set_up(std::slice::from_ref(&scope)).await.expect("again, with the same outcome");
        let login = w.issue_scope(scope.clone()).await.expect("issued");
        assert!(may(&w, &login, "SELECT id FROM public.orders").await);
        for refused in [
            "SELECT what FROM public.orders",
            "SELECT * FROM public.orders",
            "SELECT count(*) FROM public.orders WHERE what = 'tea'",
            "SELECT id FROM public.secrets",
            "UPDATE public.orders SET id = 3",
            "INSERT INTO public.orders (id) VALUES (9)",
            "DELETE FROM public.orders",
            "COPY public.orders TO STDOUT",
        ] {
            assert!(!may(&w, &login, refused).await, "PostgreSQL {}: {refused}", w.server.version);
        }
        let report = w.backend.check().await;
        assert!(report.findings.iter().all(|f| f.kind != FindingKind::Bad), "PostgreSQL {}: {report:?}", w.server.version);
        let role = prepared(&w).await;
        let acl = "SELECT coalesce(length(attacl::text), 0)::int8 FROM pg_attribute WHERE attrelid = 'public.orders'::regclass AND attname = 'id'";
        let before = w.number(acl).await;
        w.end(&login).await;
        for _ in 0..3 {
            let login = w.issue_scope(scope.clone()).await.expect("issued");
            w.end(&login).await;
        }
        assert_eq!(w.number(acl).await, before, "no login is ever in a table's ACL");
        assert_eq!(prepared(&w).await, role);
        assert_eq!(w.marked().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn every_word_does_what_it_says_and_odd_names_are_names() {
    each(|w| async move {
        w.sql("CREATE SCHEMA \"s'x\"; CREATE TABLE \"s'x\".\"t\"\"; DROP ROLE admin; --\" (\"a b\" int, rest int)")
            .await;
        let scope = scope(
            &w,
            json!([
                {"schema": "public", "table": "orders", "columns": ["id", "what"], "may": ["select", "insert"]},
                {"schema": "public", "table": "orders", "columns": ["what"], "may": ["update"]},
                {"schema": "public", "table": "orders", "columns": "all", "may": ["delete"]},
                {"schema": "s'x", "table": "t\"; DROP ROLE admin; --", "columns": ["a b"], "may": ["select"]},
            ]),
        );
        w.set_up(std::slice::from_ref(&scope)).await.expect("set up");
        let login = w.issue_scope(scope).await.expect("issued");
        for fine in [
            "INSERT INTO public.orders VALUES (7, 'x')",
            "UPDATE public.orders SET what = 'y' WHERE id = 7",
            "DELETE FROM public.orders WHERE id = 7",
            "SELECT \"a b\" FROM \"s'x\".\"t\"\"; DROP ROLE admin; --\"",
        ] {
            assert!(may(&w, &login, fine).await, "PostgreSQL {}: {fine}", w.server.version);
        }
        for refused in [
            "UPDATE public.orders SET id = 8",
            "TRUNCATE public.orders",
            "SELECT rest FROM \"s'x\".\"t\"\"; DROP ROLE admin; --\"",
        ] {
            assert!(!may(&w, &login, refused).await, "PostgreSQL {}: {refused}", w.server.version);
        }
        w.end(&login).await;
    })
    .await;
}

#[tokio::test]
async fn more_or_less_than_written_is_told_with_what_mends_it_and_nothing_is_given_meanwhile() {
    each(|w| async move {
        let scope = narrow(&w);
        w.backend.capability(&scope).expect("a scope in use");
        w.set_up(std::slice::from_ref(&scope)).await.expect("set up");
        let role = format!("\"{}\"", prepared(&w).await);
        let (reader, database) = (w.reader.quoted(), w.database.quoted());
        for (spoil, kind) in [
            (format!("GRANT SELECT (what) ON orders TO {role}"), ErrorKind::Refused),
            (format!("GRANT SELECT ON orders TO {role}"), ErrorKind::Refused),
            (format!("GRANT UPDATE (id) ON orders TO {role}"), ErrorKind::Refused),
            (format!("GRANT CREATE ON DATABASE {database} TO {role}"), ErrorKind::Refused),
            (format!("GRANT {reader} TO {role}"), ErrorKind::Refused),
            (format!("GRANT {role} TO {reader}"), ErrorKind::Refused),
            (format!("GRANT SELECT (id) ON orders TO {role} WITH GRANT OPTION"), ErrorKind::Refused),
            (format!("REVOKE SELECT (id) ON orders FROM {role}"), ErrorKind::Misconfigured),
            (format!("REVOKE USAGE ON SCHEMA public FROM {role}"), ErrorKind::Misconfigured),
            (format!("REVOKE CONNECT ON DATABASE {database} FROM {role}"), ErrorKind::Misconfigured),
        ] {
            w.sql(&spoil).await;
            let refused = w.issue_scope(scope.clone()).await.map(|_| ()).expect_err(&spoil);
            assert_eq!(refused.kind, kind, "PostgreSQL {}: {spoil}: {refused:?}", w.server.version);
            let report = w.backend.check().await;
            let found: Vec<_> = report
                .findings
                .iter()
                .filter(|f| f.kind == FindingKind::Bad && f.what.as_str().contains("prepared role"))
                .collect();
            assert!(!found.is_empty(), "PostgreSQL {}: {spoil}: {report:?}", w.server.version);
            // The remedy is a statement, and it mends.
            let remedy = found[0].remedy.as_ref().expect("a remedy").as_str().to_owned();
            w.sql(&remedy).await;
            let login = w.issue_scope(scope.clone()).await.unwrap_or_else(|e| panic!("after {remedy}: {e:?}"));
            w.end(&login).await;
        }
        // The setup itself mends everything at once.
        w.sql(&format!("GRANT ALL ON orders TO {role}; REVOKE USAGE ON SCHEMA public FROM {role}")).await;
        w.set_up(std::slice::from_ref(&scope)).await.expect("set up");
        let login = w.issue_scope(scope.clone()).await.expect("as written");
        w.end(&login).await;
        // It drops nothing that the role owns: it stops, and has changed nothing.
        w.sql(&format!("CREATE TABLE precious (x int); ALTER TABLE precious OWNER TO {role}")).await;
        let stopped = w.set_up(std::slice::from_ref(&scope)).await.expect_err("it owns a table");
        assert_eq!(stopped.kind, ErrorKind::Unfinished, "{stopped:?}");
        assert_eq!(w.number("SELECT count(*) FROM precious").await, 0, "it is there");
        assert_eq!(w.issue_scope(scope).await.map(|_| ()).expect_err("it owns a table").kind, ErrorKind::Refused);
        w.sql("DROP TABLE precious").await;
    })
    .await;
}

#[tokio::test]
async fn another_entitlement_is_another_role_and_roles_and_tables_go_together() {
    each(|w| async move {
        let mut both = narrow(&w);
        both.0["member_of"] = json!([w.reader.as_str()]);
        let other = scope(&w, json!([{"schema": "public", "table": "orders", "columns": ["what"], "may": ["select"]}]));
        w.set_up(&[both.clone(), other.clone(), narrow(&w)]).await.expect("set up");
        let count = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'jit\\_{}\\_for\\_%'", w.house.digits());
        assert_eq!(w.number(&count).await, 2, "the same tables are the same role");
        let login = w.issue_scope(both.clone()).await.expect("issued");
        let mut session = w.connect(&login, &[]).await.expect("in");
        assert_eq!(read(&mut session).await.expect("as the named role may"), 2);
        w.end(&login).await;
        // The entitlement that is no more is told.
        w.backend.capability(&other).expect("in use");
        let report = w.backend.check().await;
        assert!(
            report.findings.iter().any(|f| f.what.as_str().contains("no role of the config names any more")),
            "{report:?}"
        );
    })
    .await;
}
