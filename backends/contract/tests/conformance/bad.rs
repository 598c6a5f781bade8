//! Backends with one defect each, made of the good one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use jit_backend::testkit::fake::FakeClient;
use jit_backend::testkit::{Fake, FakeTarget};
use jit_backend::{
    Backend, BoxFuture, Capability, Document, Error, ErrorKind, Handle, Issued, Lease, Order, Report, Revoked, Scope,
    Seen, Tail,
};
use jit_types::{ClaimId, Grade, Material, MaterialKind, Proof, Span, Timestamp, Words};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    Nothing,
    SaysNotWhatItGives,
    NewHandleEachTime,
    TakesAnyMaterial,
    MakesWithoutMaterial,
    KeepsTheFirstEnd,
    OpensPastWindows,
    IgnoresItsLongest,
    PlantsNoEnd,
    SaysItWasThere,
    RevokesNothing,
    RefusesToRevokeTheUnknown,
    NeedsAHandleToRevoke,
    RefusesTheSameOrder,
    IgnoresTheDeadline,
    ChecksTheDeadlineBeforeSending,
    IgnoresThePinnedTarget,
    HidesTheSweptTail,
    InventsASweptTail,
    HidesTheUnsweptTail,
    ProbesByTheOrderAlone,
    ProbesUsable,
    BoastsOfItsProof,
    RevokesWhenItProbes,
    EndsAllOfTheHouse,
    ListsAllHouses,
    RevokesForOthers,
    ListsNothing,
    TakesEmptyForAll,
    TakesAnyScope,
    RepeatsTheScope,
    CallsUnreachableRefused,
    HangsWhenUnreachable,
    FailsForGoodWhenSlow,
    WritesOtherDocumentsEachTime,
    NamesOnlyTheLast,
    ForgetsTheEarlier,
    TellsTheMaterialInErrors,
    KeepsTheMaterialInTheHandle,
}

pub(crate) struct Bad {
    pub(crate) inner: Fake,
    pub(crate) defect: Defect,
    pub(crate) count: AtomicUsize,
    pub(crate) ends: Mutex<BTreeMap<ClaimId, Timestamp>>,
}

const YEAR: Span = Span::from_secs(31_536_000);

impl Bad {
    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn next(&self) -> usize {
        self.count.fetch_add(1, Ordering::SeqCst)
    }

    fn target(&self) -> FakeTarget {
        self.inner.target()
    }

    fn bent(&self, order: &Order, material: Option<&Material>) -> Result<Order, Error> {
        let (mut order, now) = (order.clone(), self.target().now());
        match self.defect {
            Defect::TakesAnyMaterial => {
                order.material = material.map_or(order.material, Material::digest);
            }
            Defect::KeepsTheFirstEnd => {
                let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
                order.window.end = *ends.entry(order.claim).or_insert(order.window.end);
            }
            Defect::OpensPastWindows if order.window.end <= now => order.window.end = now.after(YEAR),
            Defect::PlantsNoEnd => order.window.end = now.after(YEAR),
            Defect::IgnoresTheDeadline => order.deadline = now.after(YEAR),
            Defect::ChecksTheDeadlineBeforeSending => {
                if order.deadline <= now {
                    return Err(Error::new(ErrorKind::TooLate, "too late"));
                }
                order.deadline = now.after(YEAR);
            }
            Defect::TakesAnyScope => order.scope = Fake::scope(),
            _ => {}
        }
        Ok(order)
    }

    fn bent_handle(&self, lease: &Lease) -> Lease {
        let mut lease = lease.clone();
        if self.is(Defect::IgnoresThePinnedTarget)
            && let Some(handle) = &mut lease.handle
        {
            handle.data = serde_json::json!({ "target": self.target().identity() });
        }
        lease
    }

    async fn issued(&self, order: &Order, material: Option<&Material>) -> Result<Issued, Error> {
        let bent = self.bent(order, material)?;
        if self.is(Defect::RefusesTheSameOrder) && self.target().live_of(order.claim).is_some() {
            return Err(Error::new(ErrorKind::Conflict, "it is there already"));
        }
        let mut came = self.inner.issue(&bent, material).await;
        if self.is(Defect::MakesWithoutMaterial) && material.is_none() && came.is_err() {
            let made = FakeClient::new(MaterialKind::ScramVerifier, 999).expect("good material").material;
            came = self.inner.issue(&Order { material: made.digest(), ..bent }, Some(&made)).await;
        }
        let Some(Material::ScramVerifier(verifier)) = material else { return self.bent_issued(came) };
        match self.defect {
            Defect::TellsTheMaterialInErrors => came.map_err(|e| e.with_internal(verifier.expose_verifier())),
            Defect::KeepsTheMaterialInTheHandle => came.map(|mut issued| {
                issued.handle.data["was"] = verifier.expose_verifier().into();
                issued
            }),
            _ => self.bent_issued(came),
        }
    }

    fn bent_issued(&self, came: Result<Issued, Error>) -> Result<Issued, Error> {
        came.map(|mut issued| {
            if self.is(Defect::NewHandleEachTime) {
                let Handle { data, .. } = &mut issued.handle;
                data["count"] = self.next().into();
            }
            issued
        })
    }

    async fn revoked(&self, lease: &Lease) -> Result<Revoked, Error> {
        let lease = self.bent_handle(lease);
        match self.defect {
            Defect::RevokesNothing => Ok(Revoked::default()),
            Defect::NeedsAHandleToRevoke if lease.handle.is_none() => {
                Ok(Revoked { already_gone: true, evidence: Vec::new() })
            }
            Defect::RevokesForOthers => self.inner.moved(lease.order.house, self.target()).revoke(&lease).await,
            Defect::SaysItWasThere => self.inner.revoke(&lease).await.map(|r| Revoked { already_gone: false, ..r }),
            Defect::RefusesToRevokeTheUnknown => match self.inner.revoke(&lease).await? {
                Revoked { already_gone: true, .. } => Err(Error::new(ErrorKind::Refused, "no such login")),
                revoked => Ok(revoked),
            },
            Defect::EndsAllOfTheHouse => {
                let revoked = self.inner.revoke(&lease).await?;
                let mark = Fake::mark(lease.order.house);
                for login in self.target().live().iter().filter(|l| l.name.starts_with(&mark)) {
                    self.target().remove(login.claim);
                }
                Ok(revoked)
            }
            _ => self.inner.revoke(&lease).await,
        }
    }

    async fn probed(&self, lease: &Lease) -> Result<Seen, Error> {
        let lease = self.bent_handle(lease);
        let seen = self.inner.probe(&lease).await?;
        let now = self.target().now();
        Ok(match self.defect {
            Defect::RevokesWhenItProbes => {
                self.inner.revoke(&lease).await?;
                seen
            }
            Defect::ProbesUsable => Seen::Usable { evidence: Vec::new() },
            Defect::ProbesByTheOrderAlone => Seen::Gone(Proof {
                grade: Grade::ByConstruction,
                at: now,
                evidence: vec![Words::new("the order must have ended")],
                tail: Vec::new(),
            }),
            Defect::BoastsOfItsProof => match seen {
                Seen::Gone(proof) => Seen::Gone(Proof { grade: Grade::Observed, ..proof }),
                seen => seen,
            },
            _ => seen,
        })
    }

    /// What happens to every answer on its way back.
    async fn late<T>(&self, slow: bool, came: Result<T, Error>) -> Result<T, Error> {
        let unreachable = matches!(&came, Err(e) if e.kind == ErrorKind::Unreachable);
        match self.defect {
            Defect::CallsUnreachableRefused if unreachable => Err(Error::new(ErrorKind::Refused, "refused")),
            Defect::HangsWhenUnreachable if unreachable => std::future::pending().await,
            Defect::FailsForGoodWhenSlow if slow && came.is_ok() => Err(Error::new(ErrorKind::Bug, "too slow")),
            _ => came,
        }
    }
}

impl Backend for Bad {
    fn capability(&self, scope: &Scope) -> Result<Capability, Error> {
        let list = scope.0.get("resources").and_then(|r| r.as_array());
        let good = Fake::scope();
        let scope = match self.defect {
            Defect::TakesEmptyForAll if list.is_some_and(Vec::is_empty) => &good,
            Defect::TakesAnyScope if list.is_some_and(|l| !l.is_empty() && l.iter().all(|v| v != "")) => &good,
            _ => scope,
        };
        let mut cap = self.inner.capability(scope).map_err(|error| {
            if self.is(Defect::RepeatsTheScope) { error.with_internal(scope.canonical()) } else { error }
        })?;
        let unbounded = || Tail::NoBound(Words::new("who knows"));
        match self.defect {
            Defect::SaysNotWhatItGives => cap.gives = Words::new(" "),
            Defect::IgnoresItsLongest => cap.longest = Some(Span::from_secs(3600)),
            Defect::HidesTheSweptTail => cap.swept = Tail::AtMost(Span::ZERO),
            Defect::InventsASweptTail => cap.swept = unbounded(),
            Defect::HidesTheUnsweptTail => cap.unswept = Tail::AtMost(Span::from_secs(5)),
            _ => {}
        }
        Ok(cap)
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        Box::pin(async {
            let mut report = self.inner.check().await;
            match self.defect {
                Defect::ListsNothing => report.marked.clear(),
                Defect::ListsAllHouses => {
                    report.marked = self.target().names("jit_").iter().map(Words::new).collect();
                }
                _ => {}
            }
            report
        })
    }

    fn issue<'a>(&'a self, order: &'a Order, material: Option<&'a Material>) -> BoxFuture<'a, Result<Issued, Error>> {
        Box::pin(async move {
            let begun = tokio::time::Instant::now();
            let came = self.issued(order, material).await;
            self.late(begun.elapsed().as_millis() >= 20, came).await
        })
    }

    fn revoke<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Revoked, Error>> {
        Box::pin(async move {
            let came = self.revoked(lease).await;
            self.late(false, came).await
        })
    }

    fn probe<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Seen, Error>> {
        Box::pin(async move {
            let came = self.probed(lease).await;
            self.late(false, came).await
        })
    }

    fn documents(&self, ended: &[Lease]) -> Result<Vec<Document>, Error> {
        let some = match (self.defect, ended.split_last()) {
            (Defect::NamesOnlyTheLast, Some((last, _))) => std::slice::from_ref(last),
            _ => ended,
        };
        let mut documents = self.inner.documents(some)?;
        if self.is(Defect::WritesOtherDocumentsEachTime) {
            for document in &mut documents {
                document.bytes.extend(std::iter::repeat_n(b' ', self.next()));
            }
        }
        Ok(documents)
    }

    fn carry_on(&self, document: Document, earlier: &[u8]) -> Result<Document, Error> {
        let carried = self.inner.carry_on(document.clone(), earlier)?;
        Ok(if self.is(Defect::ForgetsTheEarlier) { document } else { carried })
    }
}
