//! The six methods of the fake backend.

use jit_types::{
    Capability, Form, FormKind, Grade, Handle, Material, PostgresForm, Proof, Scope, SshForm, Usable, Words,
};

use super::{Fake, FakeTarget, Login};
use crate::{
    Backend, BoxFuture, Document, Error, ErrorKind, Extends, Finding, FindingKind, Issued, Lease, Order, Report,
    Revoked, Seen,
};

impl Fake {
    fn resources(scope: &Scope) -> Result<Vec<&str>, Error> {
        let wrong =
            || Error::new(ErrorKind::Misconfigured, "a scope is { resources = [\"name\", …] } with at least one");
        let table = scope.0.as_object().filter(|t| t.len() == 1).ok_or_else(wrong)?;
        let list = table.get("resources").and_then(|r| r.as_array()).filter(|l| !l.is_empty()).ok_or_else(wrong)?;
        let good = |name: &&str| {
            (1..=63).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        list.iter().map(|item| item.as_str().filter(good).ok_or_else(wrong)).collect()
    }

    fn name(order: &Order) -> String {
        format!("{}{}_{}", Self::mark(order.house), order.claim.digits(), order.entitlement)
    }

    fn own(&self, order: &Order) -> Result<(), Error> {
        if order.house == self.house {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Refused, "that order is another house's"))
    }

    /// Compares the identity that a handle pins; gives the pinned number of the login.
    fn pinned(&self, lease: &Lease) -> Result<Option<u64>, Error> {
        let Some(handle) = &lease.handle else { return Ok(None) };
        if handle.data.get("target").and_then(|t| t.as_str()) != Some(self.target.identity()) {
            return Err(Error::new(ErrorKind::Mismatch, "this is not the target that it was issued on"));
        }
        Ok(handle.data.get("oid").and_then(serde_json::Value::as_u64))
    }

    fn form(&self, order: &Order, resources: &[&str]) -> Form {
        let (host, name) = (self.target.identity().to_owned(), Self::name(order));
        match self.promise.form {
            FormKind::Ssh => Form::Ssh(SshForm {
                certificate: name,
                validity: order.window,
                principals: resources.iter().map(|r| (*r).to_owned()).collect(),
                hosts: vec![host],
                user: None,
                known_hosts: Vec::new(),
            }),
            FormKind::Postgres => Form::Postgres(PostgresForm {
                host,
                port: 1,
                user: name,
                databases: resources.iter().map(|r| (*r).to_owned()).collect(),
                sslmode: "verify-full".to_owned(),
                root_certificate: None,
                channel_binding: "require".to_owned(),
            }),
        }
    }

    fn plant(&self, order: &Order, material: Option<&Material>) -> Result<Issued, Error> {
        let resources = Self::resources(&order.scope)?;
        self.own(order)?;
        if let Some(material) = material
            && (material.kind() != self.promise.material || material.digest() != order.material)
        {
            return Err(Error::new(ErrorKind::Conflict, "that is not the material that was ordered"));
        }
        let (name, now) = (Self::name(order), self.target.now());
        let too_long = |longest: jit_types::Span| order.window.end > now.after(longest);
        if self.promise.longest.is_some_and(too_long) {
            return Err(Error::new(ErrorKind::Misconfigured, "the window is longer than the target allows"));
        }
        let mut state = self.target.state();
        // The target's own clock, and under its own lock: what was held back on the way is refused here.
        if order.deadline <= now || order.window.end <= now {
            return Err(Error::new(ErrorKind::TooLate, "the order came after its deadline or after its end"));
        }
        let oid = match state.named(&name) {
            Some(login) if login.material != order.material => {
                return Err(Error::new(ErrorKind::Conflict, "it was issued with other material before"));
            }
            Some(login) if login.window.end != order.window.end && self.promise.extends == Extends::NewClaim => {
                return Err(Error::new(ErrorKind::Conflict, "its end can't be moved; it needs a new claim"));
            }
            Some(login) => {
                login.window.end = order.window.end;
                login.oid
            }
            None if material.is_none() => {
                return Err(Error::new(ErrorKind::Conflict, "nothing was issued before whose end could be moved"));
            }
            None => {
                let oid = state.number();
                let revoked = state.refused.contains(&name).then_some(now);
                let login = Login {
                    name,
                    oid,
                    claim: order.claim,
                    window: order.window,
                    material: order.material,
                    plants_end: self.promise.plants_end,
                    visible: !self.promise.publishes,
                    swept: self.promise.swept.clone(),
                    unswept: self.promise.unswept.clone(),
                    revoked,
                };
                state.logins.insert(oid, login);
                oid
            }
        };
        let usable = if self.promise.publishes {
            Usable::Assumed { why: Words::new("nothing of it can be seen in the target") }
        } else {
            Usable::Observed
        };
        let data = serde_json::json!({ "target": self.target.identity(), "oid": oid });
        Ok(Issued { handle: Handle { version: 1, data }, form: self.form(order, &resources), usable })
    }

    fn gone(&self, what: &str) -> Seen {
        let grade = self.promise.proof.clone();
        Seen::Gone(Proof { grade, at: self.target.now(), evidence: vec![Words::new(what)], tail: Vec::new() })
    }

    fn look(&self, lease: &Lease) -> Result<Seen, Error> {
        self.own(&lease.order)?;
        let pinned = self.pinned(lease)?;
        let now = self.target.now();
        if self.promise.publishes {
            return Ok(if self.promise.plants_end && lease.order.window.end <= now {
                self.gone("its own end has passed")
            } else {
                Seen::Unknown { why: Words::new("nothing of it can be seen in the target before its end") }
            });
        }
        let mut state = self.target.state();
        let found = state.named(&Self::name(&lease.order)).map(|l| (l.oid, l.lets_in(now)));
        drop(state);
        Ok(match found {
            Some((oid, _)) if pinned.is_some_and(|p| p != oid) => {
                Seen::Unknown { why: Words::new("the name belongs to a newer login") }
            }
            Some((_, true)) => Seen::Usable { evidence: vec![Words::new("the login is there and lets in")] },
            Some((_, false)) => self.gone("the login is there, and its end has passed"),
            None if matches!(self.promise.proof, Grade::None { .. }) && now < lease.order.window.end => {
                Seen::Unknown { why: Words::new("the target does not show what is gone") }
            }
            None => self.gone("no login has that name"),
        })
    }
}

impl Backend for Fake {
    fn capability(&self, scope: &Scope) -> Result<Capability, Error> {
        let resources = Self::resources(scope)?;
        Ok(Capability { gives: Words::new(format!("use of {}", resources.join(", "))), ..self.promise.clone() })
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        Box::pin(async {
            self.target.state().calls.check += 1;
            if let Err(error) = self.target.arrive(None).await {
                let finding = Finding { kind: FindingKind::Bad, what: error.public, remedy: None };
                return Report { findings: vec![finding], marked: Vec::new() };
            }
            let finding = Finding { kind: FindingKind::Good, what: Words::new("the target answers"), remedy: None };
            let marked = self.target.names(&Self::mark(self.house)).iter().map(Words::new).collect();
            Report { findings: vec![finding], marked }
        })
    }

    fn issue<'a>(&'a self, order: &'a Order, material: Option<&'a Material>) -> BoxFuture<'a, Result<Issued, Error>> {
        Box::pin(async move {
            self.target.state().calls.issue += 1;
            self.target.arrive(Some(order.claim)).await?;
            self.plant(order, material)
        })
    }

    fn revoke<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Revoked, Error>> {
        Box::pin(async move {
            self.target.state().calls.revoke += 1;
            self.target.arrive(Some(lease.order.claim)).await?;
            self.own(&lease.order)?;
            let pinned = self.pinned(lease)?;
            if self.promise.publishes {
                let evidence = vec![Words::new("it is refused once the list is published")];
                return Ok(Revoked { already_gone: false, evidence });
            }
            let now = self.target.now();
            let mut state = self.target.state();
            let login = state.named(&Self::name(&lease.order)).filter(|l| pinned.is_none_or(|p| p == l.oid));
            let already_gone = login.is_none();
            if let Some(login) = login {
                login.revoked = Some(now);
            }
            let evidence = if already_gone { "there was no such login" } else { "the login was removed" };
            Ok(Revoked { already_gone, evidence: vec![Words::new(evidence)] })
        })
    }

    fn probe<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Seen, Error>> {
        Box::pin(async move {
            self.target.state().calls.probe += 1;
            self.target.arrive(Some(lease.order.claim)).await?;
            self.look(lease)
        })
    }

    fn documents(&self, ended: &[Lease]) -> Result<Vec<Document>, Error> {
        if !self.promise.publishes {
            return Ok(Vec::new());
        }
        for lease in ended {
            self.own(&lease.order)?;
        }
        let names: std::collections::BTreeSet<_> = ended.iter().map(|lease| Self::name(&lease.order)).collect();
        let bytes = serde_json::to_vec(&names).map_err(|_| Error::new(ErrorKind::Bug, "the list can't be written"))?;
        Ok(vec![Document { path: FakeTarget::list_path(self.target.identity()), mode: 0o644, bytes }])
    }

    fn carry_on(&self, document: Document, earlier: &[u8]) -> Result<Document, Error> {
        type Names = std::collections::BTreeSet<String>;
        let foreign = |_| Error::new(ErrorKind::Misconfigured, "the earlier list is none of this backend's");
        let mut names: Names = serde_json::from_slice(&document.bytes).map_err(foreign)?;
        names.extend(serde_json::from_slice::<Names>(earlier).map_err(foreign)?);
        Ok(Document { bytes: serde_json::to_vec(&names).map_err(foreign)?, ..document })
    }
}
