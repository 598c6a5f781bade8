//! The setup when it is run again, or over what was made for something else: it mends what is its own, and touches nothing
//! beside it.

use jit_backend::{ErrorKind, FindingKind, Scope};
use jit_types::Secret;
use serde_json::json;

use crate::server::versions;
use crate::world::{Login, Way, World, each, number};

fn ids(w: &World) -> Scope {
    let tables = json!([{"schema": "public", "table": "orders", "columns": ["id"], "may": ["select"]}]);
    Scope(json!({"databases": [w.database.as_str()], "tables": tables}))
}

async fn prepared(w: &World) -> String {
    let mut admin = w.server.admin("postgres").await;
    let role: String = sqlx::query_scalar("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname LIKE $1")
        .bind(format!("jit\\_{}\\_for\\_%", w.house.digits()))
        .fetch_one(&mut admin)
        .await
        .expect("one prepared role");
    role
}

async fn rows(w: &World, login: &Login) -> i64 {
    let mut session = w.connect(login, &[]).await.expect("in");
    sqlx::query_scalar("SELECT count(id) FROM public.orders").fetch_one(&mut session).await.expect("reads")
}

/// DROP OWNED would drop the policies that name the role, and with them what hid the other rows.
#[tokio::test]
async fn row_policies_stay_when_the_setup_is_run_again() {
    each(|w| async move {
        let scope = ids(&w);
        w.backend.capability(&scope).expect("a scope in use");
        w.set_up(std::slice::from_ref(&scope)).await.expect("set up");
        let role = prepared(&w).await;
        w.sql(&format!(
            "ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY all_rows ON orders USING (true); \
             CREATE POLICY first_only ON orders AS RESTRICTIVE FOR SELECT TO {role} USING (id = 1)"
        ))
        .await;
        let policies = "SELECT count(*) FROM pg_policy";
        for round in ["before", "after the setup", "after one that had to mend"] {
            let report = w.backend.check().await;
            assert!(report.findings.iter().all(|f| f.kind != FindingKind::Bad), "{round}: {report:?}");
            let login = w.issue_scope(scope.clone()).await.expect("a policy that names the role is no privilege");
            assert_eq!(rows(&w, &login).await, 1, "PostgreSQL {}: {round}", w.server.version);
            w.end(&login).await;
            if round == "after the setup" {
                w.sql(&format!("GRANT ALL ON orders TO {role}")).await;
            }
            w.set_up(std::slice::from_ref(&scope)).await.expect("set up again");
            assert_eq!(w.number(policies).await, 2, "PostgreSQL {}: {round}", w.server.version);
        }
    })
    .await;
}

#[tokio::test]
async fn every_sort_of_privilege_beyond_what_is_written_is_taken_away_and_nothing_else() {
    each(|w| async move {
        let scope = ids(&w);
        w.set_up(std::slice::from_ref(&scope)).await.expect("set up");
        let (role, n) = (prepared(&w).await, number());
        let (reader, broker) = (w.reader.quoted(), w.broker.quoted());
        w.sql(&format!(
            "CREATE FUNCTION public.odd(a text[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SEQUENCE public.odd_seq; \
             CREATE TYPE public.odd_type AS ENUM ('a'); CREATE SCHEMA \"odd one\"; CREATE FOREIGN DATA WRAPPER odd_fdw; \
             CREATE SERVER odd_server FOREIGN DATA WRAPPER odd_fdw; SELECT lo_create(4711); \
             CREATE ROLE owner{n}; CREATE ROLE group{n}; CREATE ROLE friend{n}; CREATE ROLE between{n}; \
             GRANT USAGE ON SCHEMA public TO between{n}; CREATE TABLE theirs (x int, y int); ALTER TABLE theirs OWNER TO owner{n}; \
             GRANT SELECT (x) ON theirs TO {reader}"
        ))
        .await;
        let owned = |what: &str| format!("SET ROLE owner{n}; {what}; RESET ROLE");
        for spoil in [
            format!("GRANT ALL ON orders TO {role} WITH GRANT OPTION"),
            format!("GRANT SELECT (id) ON orders TO {role} WITH GRANT OPTION"),
            format!("GRANT UPDATE (what), INSERT ON orders TO {role}"),
            format!("GRANT EXECUTE ON FUNCTION public.odd TO {role}"),
            format!("GRANT USAGE ON SEQUENCE public.odd_seq TO {role}"),
            format!("GRANT USAGE ON TYPE public.odd_type TO {role}"),
            format!("GRANT CREATE ON SCHEMA \"odd one\", public TO {role}"),
            format!("GRANT USAGE ON FOREIGN DATA WRAPPER odd_fdw TO {role}; GRANT USAGE ON FOREIGN SERVER odd_server TO {role}"),
            format!("GRANT SELECT ON LARGE OBJECT 4711 TO {role}"),
            format!("GRANT CREATE, TEMPORARY ON DATABASE {} TO {role}", w.database.quoted()),
            format!("GRANT CREATE ON TABLESPACE pg_default TO {role}"),
            format!("GRANT SET, ALTER SYSTEM ON PARAMETER work_mem TO {role}"),
            format!("ALTER DEFAULT PRIVILEGES FOR ROLE owner{n} GRANT SELECT ON TABLES TO {role}"),
            format!("ALTER DEFAULT PRIVILEGES FOR ROLE owner{n} IN SCHEMA public GRANT EXECUTE ON ROUTINES TO {role}"),
            owned(&format!("GRANT SELECT ON theirs TO {role}")),
            // By somebody who is neither the owner nor the administrator.
            owned(&format!("GRANT SELECT (y) ON theirs TO between{n} WITH GRANT OPTION"))
                + &format!("; SET ROLE between{n}; GRANT SELECT (y) ON theirs TO {role}; RESET ROLE"),
            format!("GRANT group{n} TO {role}"),
            format!("GRANT {role} TO friend{n}"),
            // A login of another house is no login of this one.
            format!("CREATE ROLE jit_{n:0>26}_{n:0>26}; GRANT {role} TO jit_{n:0>26}_{n:0>26}"),
        ] {
            w.sql(&spoil).await;
            w.issue_scope(scope.clone()).await.map(|_| ()).expect_err(&spoil);
            w.set_up(std::slice::from_ref(&scope)).await.unwrap_or_else(|e| panic!("{spoil}: {e:?}"));
            let login = w.issue_scope(scope.clone()).await;
            let login = login.unwrap_or_else(|e| panic!("PostgreSQL {}: {spoil}: {e:?}", w.server.version));
            assert_eq!(rows(&w, &login).await, 2, "what is written is there");
            w.end(&login).await;
        }
        // What others have is as it was.
        let theirs = format!(
            "SELECT (has_column_privilege('{}', 'public.theirs', 'x', 'SELECT') AND has_column_privilege('between{n}', \
             'public.theirs', 'y', 'SELECT WITH GRANT OPTION') AND has_database_privilege('{}', current_database(), 'CONNECT'))::int4::int8",
            w.reader.as_str(),
            w.broker.as_str()
        );
        assert_eq!(w.number(&theirs).await, 1, "PostgreSQL {}, {broker}", w.server.version);
    })
    .await;
}

/// A name taken by mistake: nothing of what the setup would do to it is done.
#[tokio::test]
async fn a_setup_takes_over_no_superuser_and_gives_away_nobodys_login() {
    for version in versions() {
        let w = World::new(*version, Way::CreateRole).await;
        let n = number();
        let of = |member: String, keeper: Option<String>| {
            let mut scope = json!({"databases": [w.database.as_str()], "member_of": [member]});
            if let Some(keeper) = keeper {
                scope["keep_tables"] = json!({ "role": keeper });
            }
            Scope(scope)
        };
        w.sql(&format!(
            "CREATE ROLE person{n} LOGIN; CREATE ROLE dba{n} SUPERUSER; CREATE ROLE maker{n} CREATEROLE; CREATE ROLE fine{n}"
        ))
        .await;
        // Of this trial only: others are at work on the same server.
        let roles = format!(
            "SELECT string_agg(concat_ws(' ', r::text, (SELECT count(*) FROM pg_auth_members a WHERE r.oid IN (a.roleid, a.member))), \
             ',' ORDER BY r.oid) FROM pg_roles r WHERE r.rolname ~ '[a-z]{n}$' OR r.rolname = '{}'",
            w.broker.as_str()
        );
        let roles = roles.as_str();
        let before = w.words(roles).await;
        for scope in [
            of(format!("person{n}"), None),
            of(format!("dba{n}"), None),
            of(format!("maker{n}"), None),
            of(w.broker.as_str().to_owned(), None),
            of(format!("fine{n}"), Some(format!("person{n}"))),
        ] {
            let refused = w.set_up(std::slice::from_ref(&scope)).await.expect_err("it is somebody's");
            assert_eq!(refused.kind, ErrorKind::Refused, "PostgreSQL {version}: {refused:?}");
            assert!(refused.public.as_str().contains("can log in by itself or has attributes"), "{refused:?}");
            assert_eq!(w.words(roles).await, before, "PostgreSQL {version}: {scope:?}");
        }
        // Who runs it, and a superuser that does not: neither becomes the broker.
        let fine = of(format!("fine{n}"), None);
        w.sql(&format!("ALTER ROLE {} SUPERUSER PASSWORD 'admin-password'", w.broker.quoted())).await;
        let before = w.words(roles).await;
        for (who, told) in [(w.broker.as_str(), "the role that sets this up"), ("admin", "names a superuser")] {
            let refused = w.set_up_as(who, std::slice::from_ref(&fine)).await.expect_err("no role of its own");
            assert_eq!(refused.kind, ErrorKind::Refused, "{refused:?}");
            assert!(refused.public.as_str().contains(told), "{refused:?}");
            assert_eq!(w.words(roles).await, before, "PostgreSQL {version}: {told}");
        }
        w.sql(&format!("ALTER ROLE {} NOSUPERUSER", w.broker.quoted())).await;
        w.set_up(&[fine]).await.expect("a role of its own");
    }
}

/// Two setups through two databases make the same roles and change the rights on the same databases: whoever comes second waits.
#[tokio::test]
async fn setups_through_two_databases_of_one_server_wait_for_each_other() {
    for version in versions() {
        let w = World::new(*version, Way::CreateRole).await;
        let password = Secret::new("admin-password".to_owned());
        let admin = "admin".parse().expect("a name");
        // Not through `postgres`: others are at work there.
        let second = format!("second{}", number());
        w.server.sql("postgres", &format!("CREATE DATABASE {second}")).await;
        let databases = [second.as_str(), w.database.as_str()];
        for round in 0..8 {
            let member = format!("both{}", number());
            let scope = Scope(json!({"databases": databases, "member_of": [member, w.reader.as_str()]}));
            let through = |database: &str| {
                let plans = w.target().plans(w.house, *version, std::slice::from_ref(&scope)).expect("plans");
                let (target, admin, password) = (w.target_by(database), &admin, &password);
                async move { target.carry_out(admin, Some(password), &plans).await }
            };
            let (one, two) = tokio::join!(through(databases[0]), through(databases[1]));
            for done in [one, two] {
                done.unwrap_or_else(|e| panic!("PostgreSQL {version}, round {round}: {e:?}"));
            }
            for database in databases {
                w.server.sql(database, &format!("DROP OWNED BY {member}")).await;
            }
            w.server.sql("postgres", &format!("DROP ROLE {member}")).await;
        }
    }
}
