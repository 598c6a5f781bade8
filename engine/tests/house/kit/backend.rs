//! The fake backend with its document in a directory of the test's own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use jit_backend::testkit::Fake;
use jit_backend::{
    Backend, BoxFuture, Capability, Document, Error, ErrorKind, Issued, Lease, Order, Report, Revoked, Scope, Seen,
};
use jit_types::{Material, Words};

/// A fake whose list is written where the test can read it.
pub(crate) struct Listed {
    fake: Fake,
    list: PathBuf,
    /// Set: the target was restored from a backup, and what was ended is there again until it is revoked.
    pub(crate) restored: AtomicBool,
    /// revoking panics.
    pub(crate) panics: AtomicBool,
    /// Set: revoking is not finished yet, and says to ask again soon.
    pub(crate) unfinished: AtomicBool,
    busy: AtomicU32,
    /// The most calls that were at work on the target at once.
    pub(crate) most: AtomicU32,
}

/// Counted as long as it lives.
struct Busy<'a>(&'a AtomicU32);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Listed {
    pub(crate) fn new(fake: Fake, list: PathBuf) -> Arc<Self> {
        let [restored, panics, unfinished] = [const { AtomicBool::new(false) }; 3];
        let [busy, most] = [const { AtomicU32::new(0) }; 2];
        Arc::new(Self { fake, list, restored, panics, unfinished, busy, most })
    }

    fn busy(&self) -> Busy<'_> {
        self.most.fetch_max(self.busy.fetch_add(1, SeqCst) + 1, SeqCst);
        Busy(&self.busy)
    }
}

impl Backend for Listed {
    fn capability(&self, scope: &Scope) -> Result<Capability, Error> {
        self.fake.capability(scope)
    }
    fn check(&self) -> BoxFuture<'_, Report> {
        self.fake.check()
    }
    fn issue<'a>(&'a self, order: &'a Order, material: Option<&'a Material>) -> BoxFuture<'a, Result<Issued, Error>> {
        Box::pin(async move {
            let _busy = self.busy();
            self.fake.issue(order, material).await
        })
    }
    fn revoke<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Revoked, Error>> {
        Box::pin(async move {
            let _busy = self.busy();
            assert!(!self.panics.load(SeqCst), "a planned panic");
            if self.unfinished.load(SeqCst) {
                return Err(Error::new(ErrorKind::Unfinished, "a session has not ended yet"));
            }
            self.restored.store(false, SeqCst);
            self.fake.revoke(lease).await
        })
    }
    fn probe<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Seen, Error>> {
        Box::pin(async move {
            if self.restored.load(SeqCst) {
                return Ok(Seen::Usable { evidence: vec![Words::new("the login is there and lets in")] });
            }
            self.fake.probe(lease).await
        })
    }
    fn documents(&self, ended: &[Lease]) -> Result<Vec<Document>, Error> {
        let documents = self.fake.documents(ended)?;
        Ok(documents.into_iter().map(|d| Document { path: self.list.clone(), ..d }).collect())
    }
    fn carry_on(&self, document: Document, earlier: &[u8]) -> Result<Document, Error> {
        self.fake.carry_on(document, earlier)
    }
}
