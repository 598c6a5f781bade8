//! Logins issued and ended: by hand over one connection, and by the house with all that it writes down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jit::client::material;
use jit_engine::SystemClock;
use jit_life::GrantStatus;
use jit_types::{Material, MaterialKind, Params, Span};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use crate::server::{Server, options, programs};
use crate::sessions::config;
use crate::stage::Stage;

/// How many logins each is measured with.
pub(crate) const COUNT: usize = 800;

/// A second's worth.
pub(crate) struct Rates {
    pub(crate) issued: f64,
    pub(crate) ended: f64,
}

impl Rates {
    pub(crate) fn of(issuing: Duration, ending: Duration) -> Self {
        let rate = |took: Duration| COUNT as f64 / took.as_secs_f64();
        Self { issued: rate(issuing), ended: rate(ending) }
    }
}

/// What an administrator's script would do.
pub(crate) async fn raw() -> Option<Rates> {
    let (major, bin) = programs()?;
    let dir = tempfile::tempdir().unwrap();
    let _server = Server::start(dir.path(), &bin, major, 10).await;
    let mut connection = options(dir.path(), "postgres", "shop").connect().await.unwrap();
    let verifier = "SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$\
                    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let begun = Instant::now();
    for n in 0..COUNT {
        let sql = format!(
            "BEGIN; CREATE ROLE raw_{n} LOGIN PASSWORD '{verifier}' VALID UNTIL '2099-01-01'; GRANT reader TO raw_{n}; COMMIT"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    let issuing = begun.elapsed();
    let begun = Instant::now();
    for n in 0..COUNT {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP ROLE raw_{n}"))).execute(&mut connection).await.unwrap();
    }
    Some(Rates::of(issuing, begun.elapsed()))
}

/// Filed, granted by the rule, claimed; then released, ended, looked for and proven. All of it durable and in the log. The
/// verifiers are made before: that is the clients' work, on their machines.
pub(crate) async fn jit(clients: usize) -> Option<Rates> {
    let (major, bin) = programs()?;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    let _server = Server::start(&root, &bin, major, 100).await;
    let stage = Arc::new(Stage::with(Arc::new(SystemClock), dir, config).await);
    let born: VecDeque<(usize, Material)> =
        (0..COUNT).map(|n| (n, material::make(MaterialKind::ScramVerifier).unwrap().material)).collect();
    let born = Arc::new(Mutex::new(born));
    let done = Arc::new(Mutex::new(Vec::new()));
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (stage, born, done) = (Arc::clone(&stage), Arc::clone(&born), Arc::clone(&done));
        tasks.spawn(async move {
            loop {
                let Some((number, material)) = born.lock().unwrap().pop_front() else { return };
                let request = stage.file_with("db", number, Span::from_secs(3600), Params::new()).await;
                stage.claim_with(&request, number, material).await;
                done.lock().unwrap().push((number, request));
            }
        });
    }
    tasks.join_all().await;
    let issuing = begun.elapsed();
    let requests = std::mem::take(&mut *done.lock().unwrap());
    let ids: Vec<_> = requests.iter().map(|(_, request)| request.id).collect();
    let left = Arc::new(Mutex::new(VecDeque::from(requests)));
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (stage, left) = (Arc::clone(&stage), Arc::clone(&left));
        tasks.spawn(async move {
            loop {
                let Some((number, request)) = left.lock().unwrap().pop_front() else { return };
                stage.release(&request, number).await;
            }
        });
    }
    tasks.join_all().await;
    for id in ids {
        loop {
            let grant = stage.house().store().request(id).await.unwrap().unwrap().grant.unwrap();
            if matches!(grant.status, GrantStatus::Ended { .. }) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    Some(Rates::of(issuing, begun.elapsed()))
}
