//! A target that outlives the process: its logins are in a file, and its hosts read the published list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;

use jit_backend::testkit::Fake;
use jit_backend::{
    Backend, BoxFuture, Capability, Document, Error, ErrorKind, Issued, Lease, Order, Report, Revoked, Scope, Seen,
};
use jit_engine::Clock as _;
use jit_types::{ClaimId, Form, Grade, Handle, HouseId, Material, PostgresForm, Proof, Timestamp, Usable, Words};
use serde::{Deserialize, Serialize};

use crate::clock::TestClock;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) claim: ClaimId,
    pub(crate) end: Timestamp,
    pub(crate) removed: Option<Timestamp>,
}

pub(crate) struct FileTarget {
    name: &'static str,
    dir: PathBuf,
    clock: TestClock,
    promise: Fake,
    lock: Mutex<()>,
}

impl FileTarget {
    /// A target; with `publishes`, one that only a list or its planted end keeps anybody out of.
    pub(crate) fn new(name: &'static str, dir: PathBuf, house: HouseId, clock: TestClock, publishes: bool) -> Self {
        let now = clock.clone();
        let fake = Fake::new(house, move || now.now());
        let promise = if publishes { fake.publishing() } else { fake };
        Self { name, dir, clock, promise, lock: Mutex::default() }
    }

    fn publishes(&self) -> bool {
        self.promise.promise().publishes
    }

    fn file(&self) -> PathBuf {
        self.dir.join(format!("{}.json", self.name))
    }

    pub(crate) fn logins(&self) -> BTreeMap<String, Login> {
        let text = std::fs::read(self.file()).unwrap_or_else(|_| b"{}".to_vec());
        serde_json::from_slice(&text).expect("the target's file")
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<String, Login>) -> T) -> T {
        let _one = self.lock.lock().expect("the lock");
        let mut logins = self.logins();
        let answer = change(&mut logins);
        let beside = self.file().with_extension("new");
        std::fs::write(&beside, serde_json::to_vec(&logins).expect("JSON")).expect("written");
        std::fs::rename(beside, self.file()).expect("renamed");
        answer
    }

    fn list(&self) -> PathBuf {
        self.dir.join(format!("{}-list.json", self.name))
    }

    fn listed(&self) -> BTreeSet<String> {
        let text = std::fs::read(self.list()).unwrap_or_else(|_| b"[]".to_vec());
        serde_json::from_slice(&text).expect("the list")
    }

    /// The logins that let somebody in now.
    pub(crate) fn live(&self) -> Vec<Login> {
        let (now, listed) = (self.clock.now(), self.listed());
        let logins = self.logins().into_iter();
        let open = logins.filter(|(name, l)| l.removed.is_none() && now < l.end && !listed.contains(name));
        open.map(|(_, login)| login).collect()
    }

    fn gone(&self, grade: Grade, what: &str) -> Seen {
        Seen::Gone(Proof { grade, at: self.clock.now(), evidence: vec![Words::new(what)], tail: vec![] })
    }
}

fn name(order: &Order) -> String {
    format!("{}{}_{}", Fake::mark(order.house), order.claim.digits(), order.entitlement)
}

impl Backend for FileTarget {
    fn capability(&self, scope: &Scope) -> Result<Capability, Error> {
        self.promise.capability(scope)
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        Box::pin(async { Report::default() })
    }

    fn issue<'a>(&'a self, order: &'a Order, material: Option<&'a Material>) -> BoxFuture<'a, Result<Issued, Error>> {
        Box::pin(async move {
            let now = self.clock.now();
            if order.deadline <= now || order.window.end <= now {
                return Err(Error::new(ErrorKind::TooLate, "the order came too late"));
            }
            let login = Login { claim: order.claim, end: order.window.end, removed: None };
            // Without its material an order only moves an end, of what is there.
            self.change(|logins| {
                if material.is_none() && logins.get(&name(order)).is_none_or(|login| login.removed.is_some()) {
                    return Err(Error::new(ErrorKind::Conflict, "nothing was issued before"));
                }
                logins.insert(name(order), login);
                Ok(())
            })?;
            let form = Form::Postgres(PostgresForm {
                host: self.name.to_owned(),
                port: 1,
                user: name(order),
                databases: vec!["orders".to_owned()],
                sslmode: "verify-full".to_owned(),
                root_certificate: None,
                channel_binding: "require".to_owned(),
            });
            let handle = Handle { version: 1, data: serde_json::json!({ "target": self.name }) };
            Ok(Issued { handle, form, usable: Usable::Observed })
        })
    }

    fn revoke<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Revoked, Error>> {
        Box::pin(async move {
            if self.publishes() {
                return Ok(Revoked::default());
            }
            let now = self.clock.now();
            let removed = self.change(|logins| {
                let login = logins.get_mut(&name(&lease.order)).filter(|login| login.removed.is_none());
                login.map(|login| login.removed = Some(now)).is_some()
            });
            Ok(Revoked { already_gone: !removed, evidence: vec![] })
        })
    }

    fn probe<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Seen, Error>> {
        Box::pin(async move {
            let name = name(&lease.order);
            if self.publishes() {
                return Ok(if lease.order.window.end <= self.clock.now() {
                    self.gone(Grade::ByConstruction, "its own end has passed")
                } else if self.listed().contains(&name) {
                    self.gone(Grade::ByConstruction, "it is in the published list")
                } else {
                    Seen::Unknown { why: Words::new("it is not in the list yet") }
                });
            }
            Ok(match self.logins().get(&name) {
                Some(login) if login.removed.is_none() && self.clock.now() < login.end => {
                    Seen::Usable { evidence: vec![Words::new("it is there")] }
                }
                _ => self.gone(Grade::Observed, "it is not there"),
            })
        })
    }

    fn documents(&self, ended: &[Lease]) -> Result<Vec<Document>, Error> {
        if !self.publishes() {
            return Ok(vec![]);
        }
        let names: BTreeSet<String> = ended.iter().map(|lease| name(&lease.order)).collect();
        let bytes = serde_json::to_vec(&names).expect("JSON");
        Ok(vec![Document { path: self.list(), mode: 0o644, bytes }])
    }
}
