//! One grant after another, as people use them: from the approval to a credential that works, and from the end to one that
//! does not, and to the proof of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jit::client::material::{self, Kept};
use jit_engine::{Clock as _, SystemClock};
use jit_life::{GrantStatus, Request};
use jit_types::{Form, MaterialKind, Params, Span};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::server::{Server, options, programs};
use crate::sessions;
use crate::stage::Stage;

/// How many grants each is measured with, and how long each of them is.
const COUNT: usize = 300;
const SPAN: Span = Span::from_secs(10);

/// Milliseconds, each in order.
#[derive(Default)]
pub(crate) struct Life {
    /// From the approver's word to the credential in the requester's hand.
    pub(crate) usable: Vec<f64>,
    /// From the same to the answer of its first use, where it was used.
    pub(crate) used: Vec<f64>,
    /// From the end to the moment at which an open session was cut, where there was one.
    pub(crate) dead: Vec<f64>,
    /// From the end to the proof.
    pub(crate) proven: Vec<f64>,
}

impl Life {
    fn sorted(mut self) -> Self {
        for times in [&mut self.usable, &mut self.used, &mut self.dead, &mut self.proven] {
            times.sort_by(f64::total_cmp);
        }
        self
    }
}

/// At a quantile of what is in order.
pub(crate) fn at(times: &[f64], quantile: f64) -> f64 {
    times[((times.len() - 1) as f64 * quantile).round() as usize]
}

/// With certificates. They bear their end, so none works after it: what comes later is the proof.
pub(crate) async fn ssh() -> Life {
    let stage = Stage::set(Arc::new(SystemClock)).await;
    let (mut life, mut requests) = (Life::default(), Vec::new());
    for number in 0..COUNT {
        let request = stage.file("asked", number, SPAN).await;
        let begun = Instant::now();
        stage.approve(&request).await;
        stage.claim(&request, number).await;
        life.usable.push(millis(begun.elapsed()));
        requests.push(request);
    }
    ends(&stage, &requests, &mut life).await;
    life.sorted()
}

/// With logins, each used at once for a query, with a session that stays open over the end; `None` without a server.
pub(crate) async fn postgres() -> Option<Life> {
    let (major, bin) = programs()?;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    let _server = Server::start(&root, &bin, major, COUNT).await;
    let asked = |root: &str| sessions::config(root).replace("by = \"rule\"", "count = 1, from = [\"bob@example.com\"]");
    let stage = Stage::with(Arc::new(SystemClock), dir, asked).await;
    let (mut life, mut requests) = (Life::default(), Vec::new());
    let mut open = tokio::task::JoinSet::new();
    for number in 0..COUNT {
        let request = stage.file_with("db", number, SPAN, Params::new()).await;
        // The password is the requester's machine's work, while they wait for the approver.
        let born = material::make(MaterialKind::ScramVerifier).unwrap();
        let begun = Instant::now();
        stage.approve(&request).await;
        let claimed = stage.claim_with(&request, number, born.material).await;
        life.usable.push(millis(begun.elapsed()));
        let (Form::Postgres(form), Kept::Password(password)) = (claimed.form, born.kept) else { unreachable!() };
        let login = options(&root, &form.user, "shop").password(password.expose_secret());
        let mut session: PgConnection = login.connect().await.unwrap();
        sqlx::query("SELECT 1").execute(&mut session).await.unwrap();
        life.used.push(millis(begun.elapsed()));
        let end = claimed.window.end;
        open.spawn(async move {
            let cut = sqlx::query("SELECT pg_sleep(600)").execute(&mut session).await;
            let cut_at = SystemClock.now();
            assert!(cut.is_err() && session.ping().await.is_err(), "a session outlived its grant");
            cut_at.since_millis(end) as f64
        });
        requests.push(request);
    }
    ends(&stage, &requests, &mut life).await;
    life.dead = open.join_all().await;
    Some(life.sorted())
}

async fn ends(stage: &Stage, requests: &[Request], life: &mut Life) {
    for request in requests {
        loop {
            let grant = stage.house().store().request(request.id).await.unwrap().unwrap().grant.unwrap();
            if let GrantStatus::Ended { at, .. } = grant.status {
                life.proven.push(at.since_millis(grant.window.unwrap().end) as f64);
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
