//! Many open database sessions whose grants end in the same second: from the end to "session dead, role gone, proven".

use std::sync::Arc;
use std::time::Duration;

use jit::client::material::{self, Kept};
use jit_life::GrantStatus;
use jit_types::{Form, MaterialKind, Params, Span, Timestamp};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::clock::Stopped;
use crate::ends::Ended;
use crate::server::{PORT, Server, options, programs};
use crate::stage::{Stage, people};

pub(crate) fn config(root: &str) -> String {
    format!(
        "[roles.db]\nabout = \"bench\"\nfor = {{ default = \"1h\", max = \"8h\" }}\nrequest = [\"group:many\"]\n\
         approve = {{ by = \"rule\" }}\n[[roles.db.gives]]\nbackend = \"shop\"\ndatabases = [\"shop\"]\n\
         member_of = [\"reader\"]\n{}[backends.shop]\nkind = \"postgres\"\n\
         url = \"postgres://jit_broker@:{PORT}/shop?host={root}/pg\"\npassword = {{ file = \"{root}/password\" }}\n",
        people()
    )
}

/// Opens so many sessions, each by its own grant, and lets all of them end at one moment; `None` without a server.
pub(crate) async fn run(count: usize) -> Option<Ended> {
    let (major, bin) = programs()?;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    let _server = Server::start(&root, &bin, major, count).await;
    let clock = Arc::new(Stopped::default());
    let stage = Stage::with(clock.clone(), dir, config).await;
    clock.stop();
    let (mut ids, mut sessions) = (Vec::new(), Vec::new());
    for number in 0..count {
        let request = stage.file_with("db", number, Span::from_secs(90), Params::new()).await;
        let born = material::make(MaterialKind::ScramVerifier).unwrap();
        let claimed = stage.claim_with(&request, number, born.material).await;
        let (Form::Postgres(form), Kept::Password(password)) = (claimed.form, born.kept) else { unreachable!() };
        let login = options(&root, &form.user, "shop").password(password.expose_secret());
        let session: PgConnection = login.connect().await.unwrap();
        sessions.push(session);
        ids.push(request.id);
    }
    clock.go();
    let mut late = Vec::new();
    let mut end = Timestamp::EPOCH;
    for id in &ids {
        loop {
            let grant = stage.house().store().request(*id).await.unwrap().unwrap().grant.unwrap();
            end = grant.window.map_or(end, |window| window.end);
            if let GrantStatus::Ended { at, .. } = grant.status {
                late.push(at.since_millis(end));
                break;
            }
            let left = u64::try_from(end.since_millis(jit_engine::Clock::now(&*clock))).unwrap();
            tokio::time::sleep(Duration::from_millis(left + 100)).await;
        }
    }
    for session in &mut sessions {
        assert!(session.ping().await.is_err(), "a session outlived its grant");
    }
    let mut admin = options(&root, "postgres", "postgres").connect().await.unwrap();
    let left = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'jit\\_%' AND rolname <> 'jit_broker'";
    let (left,): (i64,) = sqlx::query_as(left).fetch_one(&mut admin).await.unwrap();
    assert_eq!(left, 0, "roles are left");
    Some(Ended::of(late))
}
