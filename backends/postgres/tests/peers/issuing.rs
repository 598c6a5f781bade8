//! Logins as they are made: what they can do, what they can't, what is refused.

use std::collections::BTreeSet;

use jit_backend::{ErrorKind, Scope, Seen};
use jit_backend_postgres::Ident;

use crate::server::{shared, versions};
use crate::world::{WAYS, Way, World, client, client_with, each, house, now, open, order, prepare, read, run};

#[tokio::test]
async fn a_login_reads_what_its_role_reads_and_no_more() {
    each(|w| async move {
        let login = w.issue(600).await;
        let mut session = w.connect(&login, &[]).await.expect("the verifier that the client made lets it in");
        assert_eq!(read(&mut session).await.expect("reads"), 2);
        for forbidden in [
            "INSERT INTO public.orders VALUES (3, 'x')",
            "CREATE TABLE public.mine (x int)",
            "CREATE ROLE another",
            "ALTER ROLE CURRENT_USER CREATEROLE",
            "ALTER ROLE CURRENT_USER VALID UNTIL 'infinity'",
        ] {
            assert!(run(&mut session, forbidden).await.is_err(), "{forbidden}");
        }
        let set_role = run(&mut session, &format!("SET ROLE {}", w.reader.quoted())).await;
        assert_eq!(set_role.is_ok(), w.server.version < 16, "SET ROLE is refused since 16");
        assert!(matches!(w.backend.probe(&login.lease()).await, Ok(Seen::Usable { .. })));
        assert!(w.server.try_connect(&login.user(), "wrong", w.database.as_str(), &[]).await.is_err());
        w.end(&login).await;
        assert!(w.connect(&login, &[]).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn the_same_order_again_is_the_same_login_and_a_new_end_moves_the_planted_one() {
    each(|w| async move {
        let login = w.issue(600).await;
        let again = w.backend.issue(&login.order, Some(&login.client.material)).await.expect("again");
        assert_eq!(again, login.issued);
        assert_eq!(w.marked().await.len(), 1);

        let mut later = login.order.clone();
        later.window.end = later.window.end.plus_millis(3_600_123);
        let moved = w.backend.issue(&later, None).await.expect("only the end moves");
        assert_eq!(moved, login.issued);
        let planted = w
            .number(&format!(
                "SELECT (extract(epoch FROM rolvaliduntil) * 1000)::int8 FROM pg_roles WHERE rolname = '{}'",
                login.user()
            ))
            .await;
        assert_eq!(planted, later.window.end.millis());
        let mut session = w.connect(&login, &[]).await.expect("the password is as it was");
        assert_eq!(read(&mut session).await.expect("reads"), 2);

        // Another scope under the same claim is another order.
        let mut other = login.order.clone();
        other.scope.0["connection_limit"] = 3.into();
        let refused = w.backend.issue(&other, Some(&login.client.material)).await.expect_err("another order");
        assert_eq!(refused.kind, ErrorKind::Conflict);

        w.end(&login).await;
        let gone = w.backend.issue(&later, None).await.expect_err("nothing stands");
        assert_eq!(gone.kind, ErrorKind::Conflict);
    })
    .await;
}

#[tokio::test]
async fn an_end_that_has_begun_is_not_taken_back() {
    each(|w| async move {
        let login = w.issue(600).await;
        w.sql(&format!("ALTER ROLE \"{}\" NOLOGIN", login.user())).await;
        for material in [None, Some(&login.client.material)] {
            let refused = w.backend.issue(&login.order, material).await.expect_err("closed");
            assert_eq!(refused.kind, ErrorKind::Conflict);
        }
        assert!(matches!(w.backend.probe(&login.lease()).await, Ok(Seen::Unknown { .. })));
        w.end(&login).await;
    })
    .await;
}

#[tokio::test]
async fn a_salt_that_was_used_before_is_refused() {
    each(|w| async move {
        let salt = w.house.bytes();
        let first = client_with(&salt);
        let one = w.order(&first, 600);
        w.backend.issue(&one, Some(&first.material)).await.expect("issued");
        // Another backend on the same server: it knows of the salt from the server only.
        let another = open(w.house, &w.broker, w.server.port, &[]).await;
        for backend in [&w.backend, &another] {
            let second = client_with(&salt);
            let two = w.order(&second, 600);
            let refused = backend.issue(&two, Some(&second.material)).await.expect_err("the same salt");
            assert_eq!(refused.kind, ErrorKind::Conflict);
        }
        assert_eq!(w.marked().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn no_material_and_nothing_there_is_a_conflict_and_late_is_too_late() {
    each(|w| async move {
        let c = client();
        let mut order = w.order(&c, 600);
        assert_eq!(w.backend.issue(&order, None).await.expect_err("nothing").kind, ErrorKind::Conflict);
        order.deadline = now().plus_millis(-1);
        let late = w.backend.issue(&order, Some(&c.material)).await.expect_err("late");
        assert_eq!(late.kind, ErrorKind::TooLate);
        let other = client();
        let wrong = w.backend.issue(&w.order(&c, 600), Some(&other.material)).await.expect_err("another verifier");
        assert_eq!(wrong.kind, ErrorKind::Conflict);
        assert_eq!(w.marked().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn member_roles_that_would_outlive_the_login_are_refused() {
    each(|w| async move {
        let r = w.reader.quoted();
        let cases: [(&str, String, String); 8] = [
            ("login", format!("ALTER ROLE {r} LOGIN"), format!("ALTER ROLE {r} NOLOGIN")),
            ("attribute", format!("ALTER ROLE {r} CREATEDB"), format!("ALTER ROLE {r} NOCREATEDB")),
            ("owns", format!("ALTER TABLE orders OWNER TO {r}"), "ALTER TABLE orders OWNER TO admin".to_owned()),
            (
                "grant option",
                format!("GRANT SELECT ON orders TO {r} WITH GRANT OPTION"),
                format!("REVOKE GRANT OPTION FOR SELECT ON orders FROM {r}"),
            ),
            (
                "create",
                format!("GRANT CREATE ON SCHEMA public TO {r}"),
                format!("REVOKE CREATE ON SCHEMA public FROM {r}"),
            ),
            ("trigger", format!("GRANT TRIGGER ON orders TO {r}"), format!("REVOKE TRIGGER ON orders FROM {r}")),
            (
                "powerful",
                format!("GRANT pg_execute_server_program TO {r}"),
                format!("REVOKE pg_execute_server_program FROM {r}"),
            ),
            ("reach", "CREATE EXTENSION dblink".to_owned(), "DROP EXTENSION dblink".to_owned()),
        ];
        for (what, spoil, mend) in cases {
            w.sql(&spoil).await;
            let c = client();
            let refused = w.backend.issue(&w.order(&c, 600), Some(&c.material)).await.err().map(|e| e.kind);
            assert_eq!(refused, Some(ErrorKind::Refused), "PostgreSQL {}: {what}", w.server.version);
            w.sql(&mend).await;
        }
        assert_eq!(w.marked().await, Vec::<String>::new());
        let login = w.issue(600).await;
        w.end(&login).await;
    })
    .await;
}

#[tokio::test]
async fn an_exception_is_told_to_the_approver_and_then_let_through() {
    each(|w| async move {
        w.sql(&format!("GRANT CREATE ON SCHEMA public TO {}", w.reader.quoted())).await;
        let mut scope = w.scope();
        scope.0["exceptions"] = serde_json::json!(["create"]);
        let capability = w.backend.capability(&scope).expect("a capability");
        assert!(capability.warnings.iter().any(|x| x.as_str().contains("can leave lasting access")));
        let c = client();
        let order = order(w.house, scope, c.material.digest(), 600);
        w.backend.issue(&order, Some(&c.material)).await.expect("an exception");
    })
    .await;
}

#[tokio::test]
async fn hostile_identifiers_stay_identifiers() {
    for (version, way) in versions().iter().flat_map(|v| WAYS.map(|way| (v, way))) {
        let server = shared(*version).await;
        let w = World::named(server, way, "\"'; DROP ROLE admin; --$jit$ é\\").await;
        let login = w.issue(600).await;
        let mut session = w.connect(&login, &[]).await.expect("logs in");
        assert_eq!(read(&mut session).await.expect("reads"), 2);
        let evidence = w.end(&login).await;
        assert!(evidence.iter().all(|e| !e.contains("DROP ROLE admin")), "{evidence:?}");
        for hostile in ["x\"; DROP ROLE admin; --", "'; SELECT 1; --", "$jit$", "a b", "\u{202e}"] {
            let c = client();
            let scope = Scope(serde_json::json!({"databases": [w.database.as_str()], "member_of": [hostile]}));
            let order = order(w.house, scope, c.material.digest(), 600);
            let refused = w.backend.issue(&order, Some(&c.material)).await.expect_err(hostile);
            assert_eq!(refused.kind, ErrorKind::Misconfigured, "{hostile}");
            assert!(!refused.to_string().contains("DROP ROLE"));
        }
        assert_eq!(w.server.number("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'admin'").await, 1);
    }
}

#[tokio::test]
async fn two_houses_on_one_server_see_only_their_own() {
    each(|w| async move {
        let other: Ident = format!("{}_other", w.broker.as_str()).parse().expect("a name");
        let shop: Ident = format!("{}_other", w.database.as_str()).parse().expect("a name");
        let reader: Ident = format!("{}_other", w.reader.as_str()).parse().expect("a name");
        let another = house();
        prepare(&w.server, another, w.way, &other, &reader, &shop).await;
        let theirs = open(another, &other, w.server.port, &[]).await;
        let login = w.issue(600).await;
        assert_eq!(theirs.check().await.marked, []);
        assert_eq!(w.backend.check().await.marked.len(), 1);
        // The other house's backend does not carry out this house's order.
        let c = client();
        let refused = theirs.issue(&w.order(&c, 600), Some(&c.material)).await.expect_err("another house");
        assert_eq!(refused.kind, ErrorKind::Bug);
        w.end(&login).await;
    })
    .await;
}

#[tokio::test]
async fn many_at_once_of_one_role_get_each_their_own() {
    each(|w| async move {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..24 {
            let backend = std::sync::Arc::clone(&w.backend);
            let c = client();
            let order = w.order(&c, 600);
            tasks.spawn(async move {
                let issued = backend.issue(&order, Some(&c.material)).await.expect("issued");
                let lease = jit_backend::Lease { order, handle: Some(issued.handle) };
                backend.revoke(&lease).await.expect("revoked");
                lease.order.claim.digits()
            });
        }
        let mut seen = BTreeSet::new();
        while let Some(done) = tasks.join_next().await {
            seen.insert(done.expect("no panic"));
        }
        assert_eq!(seen.len(), 24);
        assert_eq!(w.marked().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn neither_password_nor_verifier_is_ever_in_the_log() {
    each(|w| async move {
        let login = w.issue(600).await;
        let mut session = w.connect(&login, &[]).await.expect("logs in");
        assert_eq!(read(&mut session).await.expect("reads"), 2);
        w.backend.issue(&login.order, Some(&login.client.material)).await.expect("again");
        // Failures are logged with their statements: an order that comes too late, one whose role may not be given.
        let c = client();
        let mut late = w.order(&c, 600);
        late.deadline = now().plus_millis(-1);
        w.backend.issue(&late, Some(&c.material)).await.expect_err("late");
        let spoiled = client();
        if w.server.version >= 16 {
            let giver = match w.way {
                Way::CreateRole => w.broker.quoted(),
                Way::Functions => format!("jit_{}_own", w.house.digits()),
            };
            let revoke = format!("REVOKE {} FROM {giver} CASCADE", w.reader.quoted());
            w.sql(&revoke).await;
            w.backend.issue(&w.order(&spoiled, 600), Some(&spoiled.material)).await.expect_err("not given");
        }
        let log = w.server.log();
        assert!(log.contains("COPY pg_temp.jit_slip"), "statements are logged");
        assert!(log.contains(&login.user()), "the block is logged");
        for client in [&login.client, &c, &spoiled] {
            assert!(!log.contains(&client.password), "the password");
            let jit_types::Material::ScramVerifier(verifier) = &client.material else { panic!("a verifier") };
            for part in verifier.expose_verifier().split(['$', ':']).filter(|p| p.len() > 20) {
                assert!(!log.contains(part), "a part of the verifier");
            }
        }
    })
    .await;
}
