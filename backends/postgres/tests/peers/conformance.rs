//! The suite that every backend must pass, on every version.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_backend::testkit::{self, Client, Facts, Fault, Harness, Hostile, Must, Place, Session, Target, Trouble, Used};
use jit_backend::{Backend, BoxFuture, Scope};
use jit_types::{Form, Material, Timestamp, Words};
use sqlx::postgres::PgConnection;

use crate::proxy::{Mode, Proxy};
use crate::server::{Server, shared, versions};
use crate::world::{Way, World, client, now, open, prepare, read, set_up};

struct PostgresHarness {
    world: World,
    second: Arc<Server>,
    proxy: Proxy,
    numbers: AtomicU64,
    passwords: Mutex<HashMap<u64, String>>,
    /// A broker opens each backend once, and keeps its connections.
    backends: tokio::sync::Mutex<HashMap<Place, Arc<dyn Backend>>>,
}

impl PostgresHarness {
    async fn on(version: u32, way: Way) -> Self {
        let world = World::new(version, way).await;
        let other = versions().iter().find(|v| **v != version);
        let second = match other {
            Some(other) => shared(*other).await,
            None => Arc::new(Server::start(version).await),
        };
        prepare(&second, world.house, way, &world.broker, &world.reader, &world.database).await;
        let proxy = Proxy::to(world.server.port).await;
        Self {
            world,
            second,
            proxy,
            numbers: AtomicU64::new(1),
            passwords: Mutex::default(),
            backends: tokio::sync::Mutex::default(),
        }
    }

    fn server(&self, target: Target) -> &Server {
        match target {
            Target::First => &self.world.server,
            Target::Second => &self.second,
        }
    }
}

struct Open(PgConnection);

impl Session for Open {
    fn alive(&mut self) -> BoxFuture<'_, bool> {
        Box::pin(async { read(&mut self.0).await.is_ok_and(|n| n == 2) })
    }
}

impl Harness for PostgresHarness {
    fn facts(&self) -> Facts {
        let scope = self.world.scope();
        let with = |key: &str, value: serde_json::Value| {
            let mut scope = scope.clone();
            scope.0[key] = value;
            scope
        };
        let hostile = |what: &str, scope: Scope, must: Must| Hostile { what: what.to_owned(), scope, must };
        Facts {
            hostile: vec![
                hostile(
                    "a role that ends the statement",
                    with("member_of", serde_json::json!(["x\"; DROP ROLE admin; --"])),
                    Must::BeRefused,
                ),
                hostile("a superuser as member role", with("member_of", serde_json::json!(["admin"])), Must::BeRefused),
                hostile(
                    "a predefined role that reaches the server",
                    with("member_of", serde_json::json!(["pg_execute_server_program"])),
                    Must::BeRefused,
                ),
                hostile(
                    "the broker itself",
                    with("member_of", serde_json::json!([self.world.broker.as_str()])),
                    Must::BeRefused,
                ),
                hostile("no bound on sessions", with("connection_limit", (-1).into()), Must::BeRefusedOffline),
                hostile("a NUL in a name", with("databases", serde_json::json!(["sh\u{0}op"])), Must::BeRefusedOffline),
            ],
            // A slow target here answers a second late, and an end is a dozen answers.
            patience: Duration::from_secs(60),
            ..Facts::new(&format!("PostgreSQL {}, {:?}", self.world.server.version, self.world.way), scope)
        }
    }

    fn backend(&self, place: Place) -> BoxFuture<'_, Result<Arc<dyn Backend>, Trouble>> {
        Box::pin(async move {
            let port = match place.target {
                Target::First => self.proxy.port,
                Target::Second => self.second.port,
            };
            let mut known = self.backends.lock().await;
            if let Some(backend) = known.get(&place) {
                return Ok(Arc::clone(backend));
            }
            if self.world.way == Way::Functions {
                // Each house has functions of its own in the target.
                let w = &self.world;
                set_up(self.server(place.target), place.house, w.way, &w.broker, &w.reader, &w.database).await;
            }
            let backend = open(place.house, &self.world.broker, port, &[]).await;
            known.insert(place, Arc::clone(&backend));
            Ok(backend)
        })
    }

    fn client(&self) -> BoxFuture<'_, Result<Client, Trouble>> {
        Box::pin(async {
            let made = client();
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let mut canaries = vec![made.password.clone()];
            if let Material::ScramVerifier(verifier) = &made.material {
                let parts =
                    verifier.expose_verifier().split(['$', ':']).filter(|p| p.len() > 20 && !p.starts_with("SCRAM"));
                canaries.extend(parts.map(str::to_owned));
            }
            self.passwords.lock().unwrap().insert(number, made.password);
            Ok(Client { number, material: made.material, canaries })
        })
    }

    fn open<'a>(&'a self, client: &'a Client, form: &'a Form) -> BoxFuture<'a, Result<Used, Trouble>> {
        Box::pin(async move {
            let Form::Postgres(form) = form else { return Err(Trouble::failed("not a PostgreSQL login")) };
            let password = self.passwords.lock().unwrap().get(&client.number).cloned().unwrap_or_default();
            // The form names where the broker goes, which is a proxy here: clients go past it, by the port behind.
            let server = if form.port == self.second.port { &self.second } else { &self.world.server };
            let database = form.databases.first().ok_or_else(|| Trouble::failed("no database"))?;
            match server.try_connect(&form.user, &password, database, &[]).await {
                Ok(session) => Ok(Used::Opened(Box::new(Open(session)))),
                Err(sqlx::Error::Database(_)) => Ok(Used::Refused(Words::new("the server refused the login"))),
                Err(e) => Err(Trouble::failed(e.to_string())),
            }
        })
    }

    fn wait_until(&self, at: Timestamp) -> BoxFuture<'_, Timestamp> {
        Box::pin(async move {
            loop {
                let now = now();
                if now >= at {
                    return now;
                }
                let left = u64::try_from(at.since_millis(now)).unwrap_or(1).clamp(1, 200);
                tokio::time::sleep(Duration::from_millis(left)).await;
            }
        })
    }

    fn fault(&self, fault: Fault) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(async move {
            self.proxy.set(match fault {
                Fault::Lifted => Mode::Pass,
                Fault::Unreachable => Mode::Cut,
                Fault::Slow => Mode::Slow,
                Fault::Stalled => Mode::Hold,
            });
            Ok(())
        })
    }

    fn marked(&self, place: Place) -> BoxFuture<'_, Result<Vec<String>, Trouble>> {
        Box::pin(async move {
            let mut admin = self.server(place.target).admin("postgres").await;
            let names = sqlx::query_scalar("SELECT rolname::text FROM pg_roles WHERE rolname ~ $1 ORDER BY 1")
                .bind(format!("^jit_{}_[0-9a-z]{{26}}$", place.house.digits()))
                .fetch_all(&mut admin)
                .await;
            names.map_err(|e| Trouble::failed(e.to_string()))
        })
    }
}

async fn keeps_its_contract(version: u32, way: Way) {
    if !versions().contains(&version) {
        return;
    }
    let harness = PostgresHarness::on(version, way).await;
    let outcome = testkit::run(&harness).await;
    eprintln!("{outcome}");
    // PostgreSQL takes any end, and publishes nothing.
    outcome.assert(&["window_longer_than_the_longest", "documents_refuse_only_what_they_name"]);
}

// One test for each version, so that their waits overlap.

#[tokio::test]
async fn postgres_15_keeps_the_contract() {
    keeps_its_contract(15, Way::CreateRole).await;
}

#[tokio::test]
async fn postgres_16_keeps_the_contract() {
    keeps_its_contract(16, Way::CreateRole).await;
}

#[tokio::test]
async fn postgres_17_keeps_the_contract() {
    keeps_its_contract(17, Way::CreateRole).await;
}

#[tokio::test]
async fn postgres_18_keeps_the_contract() {
    keeps_its_contract(18, Way::CreateRole).await;
}

#[tokio::test]
async fn postgres_15_keeps_the_contract_through_functions() {
    keeps_its_contract(15, Way::Functions).await;
}

#[tokio::test]
async fn postgres_16_keeps_the_contract_through_functions() {
    keeps_its_contract(16, Way::Functions).await;
}

#[tokio::test]
async fn postgres_17_keeps_the_contract_through_functions() {
    keeps_its_contract(17, Way::Functions).await;
}

#[tokio::test]
async fn postgres_18_keeps_the_contract_through_functions() {
    keeps_its_contract(18, Way::Functions).await;
}
