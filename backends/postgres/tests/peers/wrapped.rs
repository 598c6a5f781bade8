//! The functions for a broker without CREATEROLE, against a broker that was taken over: it calls them as it likes.

use jit_backend::{ErrorKind, FindingKind};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use crate::world::{BROKER_PASSWORD, Way, World, client, each_through, read, run, set_up};

async fn broker(w: &World) -> PgConnection {
    w.server.try_connect(w.broker.as_str(), BROKER_PASSWORD, "postgres", &[]).await.expect("the broker logs in")
}

/// The SQLSTATE of a statement that must fail.
async fn state(session: &mut PgConnection, sql: &str) -> String {
    match sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(session).await {
        Ok(_) => panic!("this went through: {sql}"),
        Err(sqlx::Error::Database(e)) => e.code().expect("a state").into_owned(),
        Err(e) => panic!("{sql}: {e}"),
    }
}

const CLAIM: &str = "0123456789abcdefghjkmnpqrs";

/// A call of `issue` in which one argument is another.
fn call(w: &World, change: &[(usize, &str)]) -> String {
    let client = client();
    let jit_types::Material::ScramVerifier(verifier) = &client.material else { panic!("a verifier") };
    let mut arguments = [
        format!("'{CLAIM}'"),
        format!("ARRAY['{}']", w.reader.as_str()),
        "5".to_owned(),
        "clock_timestamp() + interval '10 s'".to_owned(),
        "clock_timestamp() + interval '1 h'".to_owned(),
        format!("'jit1 {} '", "0".repeat(64)),
        format!("'{} {{}}'", "1".repeat(64)),
        format!("'{}'", verifier.expose_verifier()),
    ];
    for (i, other) in change {
        arguments[*i] = (*other).to_owned();
    }
    format!("SELECT jit_{}.issue({})", w.house.digits(), arguments.join(", "))
}

#[tokio::test]
async fn a_broker_that_was_taken_over_gets_no_further_than_the_functions_let_it() {
    each_through(Way::Functions, |w| async move {
        let mut b = broker(&w).await;
        let boss = format!("{}_boss", w.reader.as_str());
        w.sql(&format!("CREATE ROLE {boss} NOLOGIN; GRANT ALL ON orders TO {boss}")).await;
        let boss_array = format!("ARRAY['{boss}']");
        let with_boss = format!("ARRAY['{}', '{boss}']", w.reader.as_str());
        for (i, other, must) in [
            (0, "'admin'", "JT007"),
            (0, "NULL", "JT007"),
            (0, "'0123456789abcdefghjkmnpqrs''; DROP ROLE admin; --'", "JT007"),
            (1, boss_array.as_str(), "JT009"),
            (1, with_boss.as_str(), "JT009"),
            (1, "ARRAY['admin']", "JT009"),
            (1, "ARRAY['pg_execute_server_program']", "JT009"),
            (1, "ARRAY[NULL]::text[]", "JT009"),
            (1, "'{}'::text[]", "JT007"),
            (1, "NULL", "JT007"),
            (2, "-1", "JT007"),
            (2, "NULL", "JT007"),
            (3, "clock_timestamp() - interval '1 s'", "JT001"),
            (3, "NULL", "JT007"),
            (3, "'infinity'", "JT007"),
            (4, "NULL", "JT007"),
            (4, "'infinity'", "JT007"),
            (4, "clock_timestamp() - interval '1 s'", "JT001"),
            (4, "clock_timestamp() + interval '25 h'", "JT008"),
            (5, "NULL", "JT007"),
            (5, "''", "JT007"),
            (7, "NULL", "JT005"),
            (7, "'a plain password'", "JT007"),
            (7, "''", "JT007"),
        ] {
            let got = state(&mut b, &call(&w, &[(i, other)])).await;
            assert_eq!(got, must, "PostgreSQL {}: argument {i} as {other}", w.server.version);
        }
        assert_eq!(w.marked().await, Vec::<String>::new());
        // A member role that became more than one.
        let r = w.reader.quoted();
        for (spoil, mend) in [
            (format!("ALTER ROLE {r} CREATEROLE"), format!("ALTER ROLE {r} NOCREATEROLE")),
            (format!("ALTER ROLE {r} BYPASSRLS"), format!("ALTER ROLE {r} NOBYPASSRLS")),
            (format!("ALTER ROLE {r} LOGIN"), format!("ALTER ROLE {r} NOLOGIN")),
            (format!("GRANT pg_read_server_files TO {r}"), format!("REVOKE pg_read_server_files FROM {r}")),
        ] {
            w.sql(&spoil).await;
            assert_eq!(state(&mut b, &call(&w, &[])).await, "JT009", "{spoil}");
            // What the caller puts before the catalogs is not looked at.
            run(
                &mut b,
                "CREATE TEMP TABLE pg_roles AS SELECT * FROM pg_catalog.pg_roles WHERE false; \
                 CREATE TEMP TABLE pg_auth_members AS SELECT * FROM pg_catalog.pg_auth_members WHERE false; \
                 CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT timestamptz ''2000-01-01'''; \
                 SET search_path = pg_temp, pg_catalog",
            )
            .await
            .expect("its own temporary schema");
            assert_eq!(state(&mut b, &call(&w, &[])).await, "JT009", "{spoil}, with tables of its own");
            assert_eq!(state(&mut b, &call(&w, &[(4, "pg_catalog.clock_timestamp() + interval '25 h'")])).await, "JT008");
            run(&mut b, "RESET search_path; DISCARD TEMP").await.expect("gone");
            run(&mut b, "DROP FUNCTION IF EXISTS pg_temp.clock_timestamp()").await.expect("gone");
            w.sql(&mend).await;
        }
        // By itself it can do nothing.
        let house = w.house.digits();
        for sql in [
            "CREATE ROLE another".to_owned(),
            format!("ALTER ROLE {r} LOGIN"),
            format!("GRANT {r} TO {}", w.broker.quoted()),
            format!("GRANT jit_{house}_own TO {}", w.broker.quoted()),
            format!("SET ROLE jit_{house}_own"),
            format!("CREATE FUNCTION jit_{house}.more() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
            format!("ALTER FUNCTION jit_{house}.drop(text, int8) RESET ALL"),
            format!("ALTER ROLE jit_{house}_own LOGIN"),
        ] {
            assert_eq!(state(&mut b, &sql).await, "42501", "{sql}");
        }
        // A login that it makes is like all others, and others' logins and roles are none of its.
        run(&mut b, &call(&w, &[])).await.expect("within the bounds");
        let login = format!("jit_{house}_{CLAIM}");
        let flaws = format!(
            "SELECT count(*) FROM pg_roles r WHERE r.rolname = '{login}' AND (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb \
             OR r.rolreplication OR r.rolbypassrls OR r.rolvaliduntil IS NULL OR r.rolvaliduntil > now() + interval '1 h')"
        );
        assert_eq!(w.number(&flaws).await, 0);
        let oid = w.number(&format!("SELECT oid::int8 FROM pg_roles WHERE rolname = '{login}'")).await;
        let admin = w.number("SELECT oid::int8 FROM pg_roles WHERE rolname = 'admin'").await;
        for (sql, must) in [
            (format!("close('{CLAIM}', {admin})"), "JT010"),
            (format!("close('admin', {admin})"), "JT010"),
            (format!("close(NULL, {oid})"), "JT010"),
            (format!("drop('{CLAIM}', {admin})"), "42704"),
            (format!("drop('{CLAIM}', {oid})"), "JT010"),
            (format!("keep('{CLAIM}', NULL, ARRAY['{}'], true)", w.reader.as_str()), "JT010"),
        ] {
            assert_eq!(state(&mut b, &format!("SELECT jit_{house}.{sql}")).await, must, "{sql}");
        }
        run(&mut b, &format!("SELECT jit_{house}.close('{CLAIM}', {oid})")).await.expect("closed");
        for (sql, must) in [
            (format!("keep('{CLAIM}', '{boss}', ARRAY['{}'], true)", w.reader.as_str()), "JT010"),
            (format!("keep('{CLAIM}', NULL, ARRAY['{boss}'], true)"), "JT009"),
        ] {
            assert_eq!(state(&mut b, &format!("SELECT jit_{house}.{sql}")).await, must, "{sql}");
        }
        assert_eq!(state(&mut b, &call(&w, &[])).await, "JT003", "what is closed stays closed");
        // What was lent is an empty role: as it, the broker reads nothing.
        let mut there = w.server.try_connect(w.broker.as_str(), BROKER_PASSWORD, w.database.as_str(), &[]).await.expect("in");
        run(&mut there, &format!("SET ROLE \"{login}\"")).await.expect("it was lent");
        assert!(read(&mut there).await.is_err());
        run(&mut b, &format!("SELECT jit_{house}.drop('{CLAIM}', {oid})")).await.expect("dropped");
        // Nobody else may call them.
        let other = format!("{}_other", w.broker.as_str());
        w.sql(&format!("CREATE ROLE {other} LOGIN PASSWORD 'x'")).await;
        let mut o = w.server.try_connect(&other, "x", "postgres", &[]).await.expect("in");
        assert_eq!(state(&mut o, &call(&w, &[])).await, "42501");
        w.sql(&format!("GRANT USAGE ON SCHEMA public TO {other}")).await;
        w.server.sql("postgres", &format!("GRANT USAGE ON SCHEMA jit_{house} TO {other}")).await;
        assert_eq!(state(&mut o, &call(&w, &[])).await, "42501", "PUBLIC has no EXECUTE either");
        drop(o);
        w.server.sql("postgres", &format!("REVOKE USAGE ON SCHEMA jit_{house} FROM {other}; DROP ROLE IF EXISTS nobody")).await;
    })
    .await;
}

/// A role that somebody gave to a login by hand is not lent to the broker with it.
#[tokio::test]
async fn what_others_gave_a_login_is_not_lent_to_the_broker() {
    each_through(Way::Functions, |w| async move {
        let boss = format!("{}_boss", w.reader.as_str());
        w.sql(&format!("CREATE ROLE {boss} NOLOGIN SUPERUSER")).await;
        let login = w.issue(600).await;
        let mut session = w.connect(&login, &[]).await.expect("in");
        w.sql(&format!("GRANT {boss} TO \"{}\"", login.user())).await;
        let refused = w.backend.revoke(&login.lease()).await.expect_err("an administrator must");
        assert_eq!(refused.kind, ErrorKind::Refused, "{refused:?}");
        let lent = format!(
            "SELECT count(*) FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles u ON u.oid = a.member \
             WHERE g.rolname = '{}' AND u.rolname = '{}'",
            login.user(),
            w.broker.as_str()
        );
        assert_eq!(w.number(&lent).await, 0);
        assert!(w.connect(&login, &[]).await.is_err(), "closed all the same");
        w.sql(&format!("REVOKE {boss} FROM \"{}\"", login.user())).await;
        w.end(&login).await;
        assert!(read(&mut session).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn functions_that_were_changed_are_told_and_the_setup_mends_them() {
    each_through(Way::Functions, |w| async move {
        w.backend.capability(&w.scope()).expect("a scope in use");
        let report = w.backend.check().await;
        assert!(report.findings.iter().all(|f| f.kind != FindingKind::Bad), "{report:?}");
        assert!(report.findings.iter().any(|f| f.what.as_str().contains("are as the setup writes them")), "{report:?}");
        let login = w.issue(600).await;
        let friend = format!("{}_friend", w.reader.as_str());
        w.sql(&format!("CREATE ROLE {friend}")).await;
        let (schema, b) = (format!("jit_{}", w.house.digits()), w.broker.quoted());
        for (spoil, what, remedy) in [
            (format!("GRANT EXECUTE ON FUNCTION {schema}.drop TO PUBLIC"), "PUBLIC may call the function drop", "REVOKE"),
            (format!("ALTER FUNCTION {schema}.issue SECURITY INVOKER"), "issue in the target is not as", "again"),
            (format!("ALTER FUNCTION {schema}.issue RESET search_path"), "issue in the target is not as", "again"),
            (format!("CREATE OR REPLACE FUNCTION {schema}.drop(p_claim text, p_role int8) RETURNS void SECURITY DEFINER SET search_path = pg_catalog, pg_temp LANGUAGE plpgsql AS 'BEGIN END'"),
                "drop in the target is not as", "again"),
            (format!("CREATE FUNCTION {schema}.extra() RETURNS int LANGUAGE sql AS 'SELECT 1'"), "not the setup's", "again"),
            (format!("GRANT {schema}_own TO {friend}"), "is a member of the role that owns", "REVOKE"),
            (format!("ALTER ROLE {schema}_own LOGIN"), "is more than NOLOGIN CREATEROLE", "ALTER ROLE"),
            (format!("ALTER ROLE {b} CREATEROLE"), "has CREATEROLE, which it does not need", "NOCREATEROLE"),
        ] {
            w.server.sql("postgres", &spoil).await;
            // With CREATEROLE, and nothing in the config, it would not go through functions at all: so it is written.
            let backend = w.written().await;
            backend.capability(&w.scope()).expect("a scope in use");
            let report = backend.check().await;
            let found = report.findings.iter().find(|f| f.what.as_str().contains(what));
            let found = found.unwrap_or_else(|| panic!("PostgreSQL {}: {spoil}: {report:?}", w.server.version));
            assert_eq!(found.kind, FindingKind::Bad);
            assert!(found.remedy.as_ref().is_some_and(|r| r.as_str().contains(remedy)), "{found:?}");
            w.server.sql("postgres", &format!("REVOKE {schema}_own FROM {friend}")).await;
            set_up(&w.server, w.house, w.way, &w.broker, &w.reader, &w.database).await;
        }
        let report = w.backend.check().await;
        assert!(report.findings.iter().all(|f| f.kind != FindingKind::Bad), "{report:?}");
        // A login that was made before is ended through the functions that were made since.
        w.end(&login).await;
        w.server.sql("postgres", &format!("DROP SCHEMA {schema} CASCADE")).await;
        let backend = w.written().await;
        let report = backend.check().await;
        assert!(report.findings.iter().any(|f| f.kind == FindingKind::Bad && f.what.as_str().contains("there are none")), "{report:?}");
        let c = client();
        let refused = backend.issue(&w.order(&c, 600), Some(&c.material)).await.expect_err("no functions");
        assert_eq!(refused.kind, ErrorKind::Misconfigured, "{refused:?}");
    })
    .await;
}

/// From one way to the other while a login stands: on 15 the functions end what the broker made; since 16 only who made it.
#[tokio::test]
async fn a_login_that_was_made_the_other_way_is_ended_or_told() {
    each_through(Way::CreateRole, |w| async move {
        let login = w.issue(600).await;
        let mut session = w.connect(&login, &[]).await.expect("in");
        set_up(&w.server, w.house, Way::Functions, &w.broker, &w.reader, &w.database).await;
        let after = crate::world::open(w.house, &w.broker, w.server.port, &[]).await;
        let new = client();
        let order = w.order(&new, 600);
        let issued = after.issue(&order, Some(&new.material)).await.expect("through functions now");
        let lease = jit_backend::Lease { order, handle: Some(issued.handle) };
        after.revoke(&lease).await.expect("revoked");
        w.proven(&lease).await;
        let ended = after.revoke(&login.lease()).await;
        if w.server.version < 16 {
            ended.expect("CREATEROLE reaches it");
        } else {
            assert_eq!(ended.expect_err("not its own").kind, ErrorKind::Refused);
            assert!(read(&mut session).await.is_ok(), "nothing was touched");
            set_up(&w.server, w.house, Way::CreateRole, &w.broker, &w.reader, &w.database).await;
            let back = crate::world::open(w.house, &w.broker, w.server.port, &[]).await;
            back.revoke(&login.lease()).await.expect("by who made it");
        }
        assert!(read(&mut session).await.is_err());
        w.proven(&login.lease()).await;
    })
    .await;
}

#[tokio::test]
async fn the_script_that_is_printed_runs_in_psql_and_runs_again() {
    each_through(Way::Functions, |w| async move {
        let mut scope = w.scope();
        scope.0["tables"] =
            serde_json::json!([{"schema": "public", "table": "orders", "columns": ["id"], "may": ["select"]}]);
        let plans = w.target().plans(w.house, w.server.version, std::slice::from_ref(&scope)).expect("plans");
        assert_eq!(plans.len(), 2, "one for the url's database, one for the tables'");
        for plan in plans.iter().chain(&plans) {
            let database = plan.database.as_ref().map_or("postgres", |d| d.as_str());
            let Some(errors) = w.server.psql(database, &plan.to_sql()) else {
                eprintln!("skipped: psql is not here");
                return;
            };
            assert!(
                !errors.contains("ERROR") && !errors.contains("invalid"),
                "PostgreSQL {}: {errors}",
                w.server.version
            );
        }
        let login = w.issue_scope(scope).await.expect("issued");
        w.end(&login).await;
    })
    .await;
}
