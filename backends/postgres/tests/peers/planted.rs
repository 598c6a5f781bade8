//! What a holder leaves behind on purpose.

use crate::world::{World, client, each, order, read, run, says};

/// A world whose member role may create and put triggers, as an exception that the approver is told.
async fn loose(w: &World) -> crate::world::Login {
    let r = w.reader.quoted();
    w.sql(&format!(
        "CREATE SCHEMA lab; GRANT USAGE, CREATE ON SCHEMA lab TO {r}; GRANT INSERT, UPDATE, DELETE, TRIGGER ON orders TO {r}"
    ))
    .await;
    loose_login(w).await
}

async fn loose_login(w: &World) -> crate::world::Login {
    let mut scope = w.scope();
    scope.0["exceptions"] = serde_json::json!(["create", "trigger"]);
    let client = client();
    let order = order(w.house, scope, client.material.digest(), 600);
    let issued = w.backend.issue(&order, Some(&client.material)).await.expect("issued");
    crate::world::Login { client, order, issued }
}

#[tokio::test]
async fn objects_functions_triggers_and_grants_go_with_the_login() {
    each(|w| async move {
        let login = loose(&w).await;
        let mut session = w.connect(&login, &[]).await.expect("in");
        for sql in [
            "CREATE TABLE lab.loot AS SELECT * FROM public.orders",
            "CREATE FUNCTION lab.back_door() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM public.orders'",
            "CREATE FUNCTION lab.spy() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS \
             'BEGIN INSERT INTO lab.loot VALUES (new.id, new.what); RETURN new; END'",
            "CREATE TRIGGER spy AFTER INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION lab.spy()",
            "CREATE VIEW lab.\"<!channel> click here\" AS SELECT * FROM lab.loot",
            "GRANT ALL ON lab.loot TO PUBLIC",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
            "SELECT lo_create(0)",
            "CREATE TYPE lab.mood AS ENUM ('good')",
        ] {
            run(&mut session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        }
        let evidence = w.end(&login).await;
        for said in ["table: loot", "function that runs as its owner", "trigger on a table of others: spy", "view"] {
            assert!(says(&evidence, said), "PostgreSQL {}: {said} is not in {evidence:?}", w.server.version);
        }
        assert!(!says(&evidence, "click here"), "{evidence:?}");
        let left = "SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'lab') \
                    + (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'lab') \
                    + (SELECT count(*) FROM pg_trigger WHERE tgname = 'spy') + (SELECT count(*) FROM pg_default_acl) \
                    + (SELECT count(*) FROM pg_largeobject_metadata)";
        assert_eq!(w.number(left).await, 0);
        w.sql("INSERT INTO orders VALUES (9, 'no trigger is in the way')").await;
    })
    .await;
}

#[tokio::test]
async fn a_prepared_transaction_is_rolled_back_and_anothers_is_told() {
    each(|w| async move {
        let login = loose(&w).await;
        let mut session = w.connect(&login, &[]).await.expect("in");
        let gid = format!("it's {}", login.order.claim.digits());
        run(&mut session, "BEGIN").await.expect("begun");
        run(&mut session, "UPDATE public.orders SET what = 'gone' WHERE id = 1").await.expect("changed");
        run(&mut session, &format!("PREPARE TRANSACTION '{}'", gid.replace('\'', "''"))).await.expect("prepared");
        let as_role = w.server.version < 16;
        if as_role {
            run(&mut session, &format!("SET ROLE {}", w.reader.quoted())).await.expect("15 lets it");
            run(&mut session, "BEGIN").await.expect("begun");
            run(&mut session, "UPDATE public.orders SET what = 'gone' WHERE id = 2").await.expect("changed");
            run(&mut session, &format!("PREPARE TRANSACTION 'role {}'", w.reader.as_str())).await.expect("prepared");
        }
        let evidence = w.end(&login).await;
        assert!(says(&evidence, "had prepared") && says(&evidence, "rolled back"), "{evidence:?}");
        assert_eq!(says(&evidence, "of a member role stands"), as_role, "{evidence:?}");
        let own = format!("SELECT count(*) FROM pg_prepared_xacts WHERE gid = '{}'", gid.replace('\'', "''"));
        assert_eq!(w.number(&own).await, 0);
        // The row's lock is gone too.
        w.sql("SET lock_timeout = '1s'; UPDATE orders SET what = 'tea' WHERE id = 1").await;
        if as_role {
            w.sql(&format!("ROLLBACK PREPARED 'role {}'", w.reader.as_str())).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_left_in_another_database_goes_too() {
    each(|w| async move {
        let login = w.issue(600).await;
        let elsewhere = format!("{}_elsewhere", w.database.as_str());
        w.server.sql("postgres", &format!("CREATE DATABASE {elsewhere}")).await;
        w.server.sql(&elsewhere, "GRANT CREATE ON SCHEMA public TO PUBLIC").await;
        let mut session =
            w.server.try_connect(&login.user(), &login.client.password, &elsewhere, &[]).await.expect("PUBLIC may");
        run(&mut session, "CREATE TABLE loot (x int); CREATE INDEX ON loot (x)").await.expect("planted");
        let report = w.backend.check().await;
        assert!(report.findings.iter().any(|f| f.what.as_str().contains("PUBLIC may connect to")), "{report:?}");
        let evidence = w.end(&login).await;
        assert!(says(&evidence, "table: loot"), "{evidence:?}");
        assert_eq!(w.server.number(&elsewhere, "SELECT count(*) FROM pg_class WHERE relname LIKE 'loot%'").await, 0);
        w.server.sql("postgres", &format!("DROP DATABASE {elsewhere} WITH (FORCE)")).await;
    })
    .await;
}

/// On 15 a holder can act as the member role itself.
#[tokio::test]
async fn what_was_done_as_the_member_role_is_in_the_record() {
    each(|w| async move {
        let login = loose(&w).await;
        let accomplice = loose_login(&w).await;
        let mut session = w.connect(&login, &[]).await.expect("in");
        if w.server.version < 16 {
            run(&mut session, &format!("SET ROLE {}", w.reader.quoted())).await.expect("15 lets it");
            run(&mut session, "CREATE TABLE lab.stays (x int)").await.expect("as the member role");
            run(&mut session, "RESET ROLE").await.expect("back");
            let evidence = w.end(&login).await;
            assert!(says(&evidence, "owned objects of the member roles"), "{evidence:?}");
            w.sql("DROP TABLE lab.stays").await;
            w.end(&accomplice).await;
            return;
        }
        // On later versions an administrator's change shows in the same way.
        w.sql(&format!("GRANT UPDATE ON orders TO {}; ALTER ROLE {0} SET work_mem = '9MB'", w.reader.quoted())).await;
        w.sql(&format!("GRANT \"{}\" TO \"{}\"", login.user(), accomplice.user())).await;
        w.sql(&format!("REVOKE DELETE ON orders FROM {}", w.reader.quoted())).await;
        assert!(read(&mut session).await.is_ok());
        let evidence = w.end(&login).await;
        assert!(says(&evidence, "had been made a member of the login"), "{evidence:?}");
        assert!(says(&evidence, "settings of the member roles"), "{evidence:?}");
        assert!(says(&evidence, "privileges of the member roles or PUBLIC changed in database"), "{evidence:?}");
        assert!(!says(&evidence, "triggers of the member roles"), "{evidence:?}");
    })
    .await;
}

#[tokio::test]
async fn nothing_changed_is_said_too() {
    each(|w| async move {
        let login = w.issue(600).await;
        let evidence = w.end(&login).await;
        assert!(says(&evidence, "look as they did before"), "{evidence:?}");
    })
    .await;
}

/// Tables stay where the role asks for it; everything that runs, reaches or was passed on does not.
#[tokio::test]
async fn tables_go_to_a_keeper_and_nothing_else_does() {
    each(|w| async move {
        let r = w.reader.quoted();
        w.sql(&format!("CREATE SCHEMA lab; GRANT USAGE, CREATE ON SCHEMA lab TO {r}; GRANT TRIGGER ON orders TO {r}")).await;
        let mut scope = w.scope();
        scope.0["exceptions"] = serde_json::json!(["create", "trigger"]);
        scope.0["keep_tables"] = serde_json::json!("grant");
        let warnings = w.backend.capability(&scope).expect("a capability").warnings;
        assert!(warnings.iter().any(|x| x.as_str().contains("stay")), "{warnings:?}");
        let client = client();
        let order = order(w.house, scope, client.material.digest(), 600);
        let issued = w.backend.issue(&order, Some(&client.material)).await.expect("issued");
        let login = crate::world::Login { client, order, issued };
        let mut session = w.connect(&login, &[]).await.expect("in");
        for sql in [
            "CREATE TYPE lab.mood AS ENUM ('good')",
            "CREATE TABLE lab.found (id serial PRIMARY KEY, what text, mood lab.mood) ",
            "CREATE TABLE lab.\"odd \"\"name; DROP\" (x int) ",
            "INSERT INTO lab.found (what, mood) VALUES ('gold', 'good')",
            "CREATE FUNCTION lab.back_door() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM lab.found'",
            "CREATE FUNCTION lab.spy() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
            "CREATE TRIGGER spy AFTER INSERT ON lab.found FOR EACH ROW EXECUTE FUNCTION lab.spy()",
            "CREATE TRIGGER spy AFTER INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION lab.spy()",
            "CREATE TRIGGER quick BEFORE UPDATE ON lab.found FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "CREATE RULE r AS ON DELETE TO lab.found DO INSTEAD NOTHING",
            "CREATE VIEW lab.peek AS SELECT * FROM lab.found",
            "CREATE SEQUENCE lab.alone",
            "GRANT ALL ON lab.found TO PUBLIC",
            "GRANT SELECT (what) ON lab.found TO PUBLIC",
            "SELECT lo_create(0)",
        ] {
            run(&mut session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        }
        let evidence = w.end(&login).await;
        let keeper = format!("jit_{}_kept_{}", w.house.digits(), login.order.claim.digits());
        assert!(says(&evidence, "were kept, with role") && says(&evidence, "found"), "{evidence:?}");
        assert!(says(&evidence, "function that runs as its owner") && says(&evidence, "view"), "{evidence:?}");
        assert!(!says(&evidence, "table: found"), "{evidence:?}");
        let kept = format!(
            "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = '{keeper}' AND c.relkind = 'r' \
             AND (SELECT count(*) FROM lab.found WHERE what = 'gold' AND mood = 'good') = 1"
        );
        assert_eq!(w.number(&kept).await, 2, "PostgreSQL {}", w.server.version);
        let left = "SELECT (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'lab') \
             + (SELECT count(*) FROM pg_trigger t WHERE NOT tgisinternal) + (SELECT count(*) FROM pg_largeobject_metadata) \
             + (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'lab' AND (c.relkind = 'v' OR c.relname = 'alone')) \
             + (SELECT count(*) FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'lab')";
        assert_eq!(w.number(left).await, 0, "PostgreSQL {}", w.server.version);
        let others = "SELECT count(*) FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE c.relname = 'found' AND a.grantee <> c.relowner";
        assert_eq!(w.number(others).await, 0);
        // The keeper can't log in, is nobody's, and the broker gave it back.
        let used = format!(
            "SELECT count(*) FROM pg_roles r WHERE r.rolname = '{keeper}' AND (r.rolcanlogin OR EXISTS (SELECT FROM pg_auth_members a \
             JOIN pg_roles u ON u.oid = a.member WHERE a.roleid = r.oid AND u.rolname = '{}' \
             AND coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, true)))", w.broker.as_str()
        );
        assert_eq!(w.number(&used).await, 0);
        assert_eq!(w.marked().await, Vec::<String>::new());
    })
    .await;
}

/// A named keeper that the setup prepared; one that could do something is refused, and the tables wait.
#[tokio::test]
async fn a_named_keeper_gets_the_tables_unless_it_is_more_than_a_keeper() {
    each(|w| async move {
        let keeper = format!("{}_keeper", w.reader.as_str());
        let mut scope = w.scope();
        scope.0["exceptions"] = serde_json::json!(["create"]);
        scope.0["keep_tables"] = serde_json::json!({"role": keeper});
        w.sql(&format!("CREATE SCHEMA lab; GRANT USAGE, CREATE ON SCHEMA lab TO {}", w.reader.quoted())).await;
        w.set_up(std::slice::from_ref(&scope)).await.expect("set up");
        let login = w.issue_scope(scope.clone()).await.expect("issued");
        let mut session = w.connect(&login, &[]).await.expect("in");
        run(&mut session, "CREATE TABLE lab.found AS SELECT 1 AS x").await.expect("made");
        w.sql(&format!("ALTER ROLE \"{keeper}\" LOGIN")).await;
        let refused = w.backend.revoke(&login.lease()).await.expect_err("it can log in");
        assert_eq!(refused.kind, jit_backend::ErrorKind::Refused, "PostgreSQL {}: {refused:?}", w.server.version);
        assert!(read(&mut session).await.is_err(), "ended all the same");
        assert!(w.connect(&login, &[]).await.is_err(), "closed all the same");
        assert_eq!(w.number("SELECT count(*) FROM lab.found").await, 1, "nothing that is to be kept is dropped");
        w.sql(&format!("ALTER ROLE \"{keeper}\" NOLOGIN")).await;
        w.end(&login).await;
        let owned = format!("SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.relname = 'found' AND r.rolname = '{keeper}'");
        assert_eq!(w.number(&owned).await, 1);
        // A role that the setup did not name as keeper: through functions it is refused by the functions.
        let mut other = scope;
        other.0["keep_tables"] = serde_json::json!({"role": w.reader.as_str()});
        let login = w.issue_scope(other).await.expect("issued");
        let mut session = w.connect(&login, &[]).await.expect("in");
        run(&mut session, "CREATE TABLE lab.more (x int)").await.expect("made");
        if w.way == crate::world::Way::Functions {
            assert!(w.backend.revoke(&login.lease()).await.is_err());
            w.sql("DROP TABLE lab.more").await;
        }
        w.end(&login).await;
    })
    .await;
}
