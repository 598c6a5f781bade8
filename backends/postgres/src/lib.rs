//! PostgreSQL logins that end.
//!
//! An entitlement is a login of its own, a member of roles that exist already, with its end planted as `VALID UNTIL`.
//! The client makes the password and sends a SCRAM verifier; neither broker nor server ever sees the password.
//!
//! - [`issue`](Postgres) is one `DO` block that compares the order's deadline with the server's clock.
//! - An end is more than `DROP ROLE`: the login is closed, its sessions are ended, also the hidden ones and those on
//!   standbys, prepared transactions are rolled back, what it owned is dropped, and then the role; see `revoke.rs`.
//! - What a holder committed, copied or did as a member role (on 15) is not undone. The end compares the member roles
//!   with how they looked before and says what changed.

#![warn(missing_docs)]

mod admin;
mod check;
mod clock;
mod config;
mod connect;
mod crowd;
mod error;
mod fit;
mod functions;
mod guards;
mod ident;
mod installed;
mod issue;
mod keep;
mod leftovers;
mod logging;
mod looks;
mod memory;
mod mend;
mod name;
mod note;
mod prepared;
mod probe;
mod promise;
mod revoke;
mod rights;
mod rules;
mod schema;
mod scope;
mod sessions;
mod setup;
mod tables;
mod template;
mod url;
mod ways;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jit_backend::{
    Backend, BoxFuture, Capability, Document, Error, Issued, Lease, Order, Report, Revoked, Scope, Seen,
};
use jit_types::{HouseId, Material, Secret};

pub use config::PostgresKind;
pub use ident::{Ident, IdentError};
pub use setup::{Plan, Step, Target, functions_sql, setup_sql};

use config::Settings;
use connect::Server;
use memory::Memory;

/// One PostgreSQL cluster: a primary, and its standbys.
pub struct Postgres {
    house: HouseId,
    settings: Arc<Settings>,
    primary: Server,
    standbys: Vec<Server>,
    memory: Memory,
}

impl Postgres {
    fn new(house: HouseId, settings: Arc<Settings>, password: Option<&Secret>) -> Result<Self, Error> {
        let server = |url| Server::new(url, password, settings.statement_timeout);
        let primary = server(&settings.url)?;
        let standbys = settings.standbys.iter().map(server).collect::<Result<_, _>>()?;
        Ok(Self { house, settings, primary, standbys, memory: Memory::default() })
    }

    fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Bounds a whole call: what is not through by then is asked for again.
    async fn bounded<T>(&self, doing: &'static str, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let limit = self.settings.statement_timeout.std() + Duration::from_secs(30);
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(error::timed_out(doing)))
    }
}

impl Backend for Postgres {
    fn capability(&self, scope: &Scope) -> Result<Capability, Error> {
        promise::capability(self, scope)
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        Box::pin(check::check(self))
    }

    fn issue<'a>(&'a self, order: &'a Order, material: Option<&'a Material>) -> BoxFuture<'a, Result<Issued, Error>> {
        Box::pin(self.bounded("issue the login", issue::issue(self, order, material)))
    }

    fn revoke<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Revoked, Error>> {
        Box::pin(self.bounded("end the login", revoke::revoke(self, lease)))
    }

    fn probe<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Seen, Error>> {
        Box::pin(self.bounded("look at the login", probe::probe(self, lease)))
    }

    fn documents(&self, _ended: &[Lease]) -> Result<Vec<Document>, Error> {
        Ok(Vec::new())
    }
}
