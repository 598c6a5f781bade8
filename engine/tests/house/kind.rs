//! A name that another kind of backend has by now: what was given under it before is none of that one's business.

use std::sync::Arc;

use jit_backend::{
    Backend, BoxFuture, Capability, Document, Error, ErrorKind, Issued, Lease, Order, Report, Revoked, Scope, Seen,
};
use jit_types::Material;

use super::kit::World;
use super::kit::config::{as_it_is, backend};

/// Refuses leases whose handles it did not write, as every real backend does.
struct Strict(Arc<dyn Backend>);

impl Backend for Strict {
    fn capability(&self, scope: &Scope) -> Result<Capability, Error> {
        self.0.capability(scope)
    }
    fn check(&self) -> BoxFuture<'_, Report> {
        self.0.check()
    }
    fn issue<'a>(&'a self, order: &'a Order, material: Option<&'a Material>) -> BoxFuture<'a, Result<Issued, Error>> {
        self.0.issue(order, material)
    }
    fn revoke<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Revoked, Error>> {
        self.0.revoke(lease)
    }
    fn probe<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Seen, Error>> {
        self.0.probe(lease)
    }
    fn documents(&self, ended: &[Lease]) -> Result<Vec<Document>, Error> {
        let ours = |lease: &Lease| lease.handle.as_ref().is_none_or(|handle| handle.data["target"] == "list");
        if ended.iter().all(ours) {
            return self.0.documents(ended);
        }
        Err(Error::new(ErrorKind::Mismatch, "the lease's handle is not one of this backend's"))
    }
}

/// The config was changed while the broker was down, and `shop` publishes a list now.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_kind_gave_under_a_name_keeps_no_list_of_that_name_from_being_written() {
    let world = World::new().await;
    let early = world.granted("quick", "1h").await;
    world.release("alice", early.request.id).await.expect("released");
    world.idle().await;
    let world = world.restart_at("fake://another").await;
    let mut new = as_it_is(&world, "another").await;
    let list = Arc::clone(&new.outfit.backends[&backend("list")]);
    new.outfit.backends.insert(backend("shop"), Arc::new(Strict(list)));
    new.outfit.targets.insert(backend("shop"), "fake://another".to_owned());
    std::fs::remove_file(world.list_path()).expect("hosts that read it let nobody in without it");
    world.house.reconfigure(new).await.expect("in force");
    assert_eq!(std::fs::read_to_string(world.list_path()).ok().as_deref(), Some("[]"));
    let tried = world.effects().await;
    assert!(!tried.iter().any(|(kind, _)| kind.contains("publish")), "nothing is tried in vain: {tried:?}");
}
