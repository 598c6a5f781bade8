//! Over TLS: the broker verifies the server, and the client that does what the form says gets in.

use std::process::Command;
use std::sync::Arc;

use jit_backend::{ErrorKind, FindingKind};
use jit_types::Form;

use crate::server::{Server, versions};
use crate::world::{Way, World, client, house, open_url};

#[tokio::test]
async fn the_broker_verifies_the_server_and_psql_gets_in_as_the_form_says() {
    for version in versions() {
        let server = Arc::new(Server::start(*version).await);
        let authority = server.with_tls().await;
        let w = World::named(Arc::clone(&server), Way::CreateRole, "").await;
        let broker = w.broker.as_str().to_owned();
        let url = |host: &str, file: &str| {
            format!("postgres://{}@{host}:{}/postgres?sslrootcert={file}", broker, server.port)
        };
        let file = authority.display().to_string();
        let w = World { backend: open_url(w.house, url("localhost", &file), Vec::new()).await, ..w };
        let login = w.issue(600).await;
        let Form::Postgres(form) = &login.issued.form else { panic!("a PostgreSQL login") };
        assert_eq!((form.sslmode.as_str(), form.channel_binding.as_str()), ("verify-full", "require"));
        let told = format!(
            "host={} port={} user={} dbname={} sslmode={} sslrootcert={} channel_binding={}",
            form.host, form.port, form.user, form.databases[0], form.sslmode, file, form.channel_binding
        );
        let psql = Command::new("psql")
            .args(["-qAtX", &told, "-c", "SELECT count(*) FROM orders"])
            .env("PGPASSWORD", &login.client.password)
            .output();
        match psql {
            Ok(out) => {
                assert_eq!(String::from_utf8_lossy(&out.stdout), "2\n", "{}", String::from_utf8_lossy(&out.stderr))
            }
            Err(_) => eprintln!("skipped: psql is not here, so no client with channel binding was tried"),
        }
        let report = w.backend.check().await;
        assert!(!report.findings.iter().any(|f| f.what.as_str().contains("not verify the server")), "{report:?}");
        w.end(&login).await;

        // A certificate for another name, and one of another authority.
        let other = open_url(w.house, url("127.0.0.1", &file), Vec::new()).await;
        let c = client();
        let refused = other.issue(&w.order(&c, 600), Some(&c.material)).await.expect_err("another name");
        assert_eq!(refused.kind, ErrorKind::Refused, "{refused:?}");
        let another = Server::start(*version).await;
        let stranger = another.with_tls().await.display().to_string();
        let other = open_url(house(), url("localhost", &stranger), Vec::new()).await;
        let report = other.check().await;
        assert!(
            report.findings.iter().any(|f| f.kind == FindingKind::Bad && f.what.as_str().contains("TLS")),
            "{report:?}"
        );
    }
}
