//! The house of the tests and what people do in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::KeyPair as _;
use jit_approval::Adapter;
use jit_approval::testkit::{Fake as FakeChannel, FakeMedium, Shape};
use jit_backend::Backend;
use jit_backend::testkit::{Fake, FakeTarget};
use jit_engine::audit::{
    Keyring, Openings, Pins, Report, Sealer, Signer, SqliteKeys, SqliteOpenings, SubjectKeys, SystemRandom, verify,
};
use jit_engine::service::{ClaimOrder, Claimed, Decided, Filed, claim_message};
use jit_engine::store::sqlite::SqliteStore;
use jit_engine::store::{AnswerKey, LogQuery, Store};
use jit_engine::{Clock as _, Error, House, Outfit, Parts, driver};
use jit_life::policy::{Caller, Wish};
use jit_life::{ClaimStatus, GrantStatus, Request, Rules, Verdict};
use jit_types::{Digest, HouseId, Material, Params, RequestId, Span, Timestamp};
use serde_json::Value;
use sqlx::Connection as _;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::backend::Listed;
use super::clock::{START, TestClock};
use super::people;

/// What a house is made of, where it is not as always.
pub(crate) struct Setup {
    pub(crate) rules: Rules,
    pub(crate) shop: fn(Fake) -> Fake,
    pub(crate) driver: bool,
    pub(crate) channels: Vec<(&'static str, Shape)>,
    /// What the config says that `shop` points at.
    pub(crate) shop_at: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            rules: people::rules(),
            shop: |fake| fake,
            driver: true,
            channels: vec![("chat", Shape::CHAT)],
            shop_at: "fake://shop",
        }
    }
}

pub(crate) struct World {
    pub(crate) dir: Arc<TempDir>,
    pub(crate) clock: TestClock,
    pub(crate) house: Arc<House>,
    pub(crate) shop: FakeTarget,
    pub(crate) at_shop: Arc<Listed>,
    pub(crate) other: FakeTarget,
    pub(crate) list: FakeTarget,
    pub(crate) media: Vec<FakeMedium>,
    setup: Setup,
    driver: Option<JoinHandle<()>>,
}

/// Waits until something is so; fails when it does not come about.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut so: impl FnMut() -> F) {
    for _ in 0..6000 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    panic!("it did not come about: {what}");
}

pub(crate) fn house_id() -> HouseId {
    HouseId::from_parts(START, [9; 10])
}

async fn open_parts(dir: &Path) -> (Arc<SqliteKeys>, Arc<SqliteOpenings>, Arc<SqliteStore>) {
    let keys = Arc::new(SqliteKeys::open(&dir.join("keys.db"), Arc::new(SystemRandom)).await.expect("keys"));
    let openings = Arc::new(SqliteOpenings::open(&dir.join("openings.db")).await.expect("openings"));
    let ring: Arc<dyn Keyring> = keys.clone();
    let kept: Arc<dyn Openings> = openings.clone();
    let sealer = Sealer::new(ring, Arc::new(SystemRandom));
    let store = SqliteStore::open(&dir.join("house.db"), sealer, kept).await.expect("a store");
    (keys, openings, Arc::new(store))
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        Self::on(Arc::new(tempfile::tempdir().expect("a directory")), START, setup).await
    }

    /// On files that are there already.
    pub(crate) async fn on(dir: Arc<TempDir>, now: Timestamp, setup: Setup) -> Self {
        let clock = TestClock::at(now);
        let target = |name: &str| {
            let clock = clock.clone();
            FakeTarget::new(name, move || clock.now())
        };
        let media = setup.channels.iter().map(|(_, shape)| FakeMedium::new(*shape)).collect();
        let (shop, other, list) = (target("shop"), target("other"), target("list"));
        Self::open(dir, clock, setup, [shop, other, list], media).await
    }

    async fn open(
        dir: Arc<TempDir>,
        clock: TestClock,
        setup: Setup,
        targets: [FakeTarget; 3],
        media: Vec<FakeMedium>,
    ) -> Self {
        let (keys, openings, store) = open_parts(dir.path()).await;
        let [shop, other, list] = targets;
        let on = |target: &FakeTarget| Fake::on(house_id(), target.clone());
        let place = dir.path().join("list.json");
        let at_shop = Listed::new((setup.shop)(on(&shop)), place.clone());
        let backends: [(&str, Arc<dyn Backend>); 3] = [
            ("shop", at_shop.clone()),
            ("other", Listed::new(on(&other), place.clone())),
            ("list", Listed::new(on(&list).publishing(), place)),
        ];
        let ring: Arc<dyn Keyring> = keys.clone();
        let known: Arc<dyn SubjectKeys> = keys;
        let channels = setup.channels.iter().zip(&media).map(|((name, _), medium)| {
            let channel: Arc<dyn Adapter> = Arc::new(FakeChannel::new(medium.clone()));
            (name.parse().expect("a channel"), channel)
        });
        let house = House::new(Parts {
            id: house_id(),
            store,
            keys: known,
            openings,
            sealer: Sealer::new(ring, Arc::new(SystemRandom)),
            signer: Signer::from_seed(house_id(), &[5; 32]).expect("a signer"),
            clock: Arc::new(clock.clone()),
            random: Arc::new(SystemRandom),
            rules: setup.rules.clone(),
            outfit: Outfit {
                backends: backends.into_iter().map(|(name, b)| (name.parse().expect("a backend"), b)).collect(),
                targets: [("shop", setup.shop_at), ("other", "fake://other"), ("list", "fake://list")]
                    .map(|(name, at)| (name.parse().expect("a name"), at.to_owned()))
                    .into(),
                channels: channels.collect(),
                alerts: setup.channels.iter().map(|(name, _)| name.parse().expect("a channel")).collect(),
            },
        });
        driver::begin(&house, Digest::of(b"config"), 0).await.expect("it opens");
        let driver = setup.driver.then(|| tokio::spawn(driver::run(Arc::clone(&house))));
        Self { dir, clock, house, shop, at_shop, other, list, media, setup, driver }
    }

    /// Restarts with a config in which `shop` points elsewhere.
    pub(crate) async fn restart_at(mut self, shop: &'static str) -> Self {
        self.setup.shop_at = shop;
        self.restart().await
    }

    /// Kills the house and opens another on the same files: what is in memory is lost, the targets are not.
    pub(crate) async fn restart(mut self) -> Self {
        if let Some(driver) = self.driver.take() {
            driver.abort();
            let _ = driver.await;
        }
        let weak = Arc::downgrade(&self.house);
        let Self { dir, clock, house, shop, other, list, media, setup, .. } = self;
        drop(house);
        until("the old house is gone", || async { weak.strong_count() == 0 }).await;
        Self::open(dir, clock, setup, [shop, other, list], media).await
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.house.store()
    }

    pub(crate) fn list_path(&self) -> PathBuf {
        self.dir.path().join("list.json")
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.house.now()
    }

    pub(crate) async fn caller(&self, name: &str) -> Caller {
        let person = people::person(name);
        let subject = self.house.subject(&person).await.expect("a subject");
        let principal = format!("unix:{name}").parse().expect("a principal");
        Caller { person, subject, principal, superuser: false, only_roles: None }
    }

    pub(crate) fn wish(role: &str, length: Option<&str>, reason: &str) -> Wish {
        let role = role.parse().expect("a role");
        Wish { role, params: Params::new(), span: length.map(people::span), reason: reason.to_owned() }
    }

    pub(crate) async fn try_file(&self, who: &str, role: &str, length: Option<&str>) -> Result<Filed, Error> {
        let key = hex::encode(people::key(who).public_key().as_ref());
        self.house.file(&self.caller(who).await, &Self::wish(role, length, "INC-42"), &key, None).await
    }

    pub(crate) async fn file(&self, who: &str, role: &str, length: &str) -> Request {
        self.try_file(who, role, Some(length)).await.expect("it is filed").request
    }

    pub(crate) async fn decide(&self, who: &str, request: &Request, verdict: Verdict) -> Result<Decided, Error> {
        let hash = request.newest().expect("an ask").hash;
        let comment = (verdict == Verdict::Deny).then_some("not now");
        self.house.decide(&self.caller(who).await, request.id, hash, verdict, comment, None).await
    }

    pub(crate) async fn claim(&self, who: &str, request: RequestId, nonce: &str) -> Result<Claimed, Error> {
        self.claim_of(who, request, 0, nonce).await
    }

    pub(crate) async fn claim_of(
        &self,
        who: &str,
        request: RequestId,
        entitlement: u16,
        nonce: &str,
    ) -> Result<Claimed, Error> {
        let material = Material::None;
        let message = claim_message(self.house.id(), request, entitlement, &material.digest(), nonce);
        let signature = people::key(who).sign(&message);
        let body = Digest::of(&message);
        let key = Digest::of(format!("{who}/{request}/{entitlement}/{nonce}").as_bytes());
        let answer = AnswerKey { key, body };
        let signature = signature.as_ref();
        let order = ClaimOrder { request, entitlement, material, signature, key: None, nonce, answer };
        self.house.claim(&self.caller(who).await, order).await
    }

    /// A grant by rule with one credential taken.
    pub(crate) async fn granted(&self, role: &str, length: &str) -> Claimed {
        let request = self.file("alice", role, length).await;
        self.claim("alice", request.id, "n").await.expect("a credential")
    }

    pub(crate) async fn release(&self, who: &str, request: RequestId) -> Result<(), Error> {
        self.house.release(&self.caller(who).await, request, None).await.map(|_| ())
    }

    pub(crate) async fn request(&self, id: RequestId) -> Request {
        self.store().request(id).await.expect("the store").expect("a request")
    }

    pub(crate) async fn grant_status(&self, id: RequestId) -> GrantStatus {
        self.request(id).await.grant.expect("a grant").status
    }

    pub(crate) async fn ended(&self, id: RequestId) -> bool {
        matches!(self.grant_status(id).await, GrantStatus::Ended { .. })
    }

    pub(crate) async fn claim_status(&self, claimed: &Claimed) -> ClaimStatus {
        self.request(claimed.request.id).await.claim(claimed.claim).expect("a claim").status.clone()
    }

    async fn connection(&self) -> sqlx::SqliteConnection {
        let path = self.dir.path().join("house.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
        sqlx::SqliteConnection::connect_with(&options).await.expect("a connection")
    }

    /// Waits until nothing that is due is left to do.
    pub(crate) async fn idle(&self) {
        let mut connection = self.connection().await;
        for _ in 0..6000 {
            let (due,): (i64,) = sqlx::query_as("SELECT count(*) FROM effects WHERE due <= $1")
                .bind(self.now().millis())
                .fetch_one(&mut connection)
                .await
                .expect("the effects");
            if due == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        panic!("there is always something to do at {}: {:?}", self.now().millis(), self.effects().await);
    }

    /// The kinds of all effects that wait, with their due times.
    pub(crate) async fn effects(&self) -> Vec<(String, i64)> {
        let mut connection = self.connection().await;
        sqlx::query_as("SELECT kind, due FROM effects ORDER BY due, kind")
            .fetch_all(&mut connection)
            .await
            .expect("the effects")
    }

    /// Lets time pass, stopping at each moment at which something is due.
    pub(crate) async fn pass(&self, time: Span) {
        let end = self.now().after(time);
        loop {
            self.idle().await;
            match self.store().next_due().await.expect("the store") {
                Some(next) if next <= end => self.clock.set(next.max(self.now())),
                _ => break,
            }
        }
        self.clock.set(end);
        self.idle().await;
    }

    /// The log's leaves.
    pub(crate) async fn leaves(&self) -> Vec<Value> {
        let query = LogQuery { most: 100_000, ..Default::default() };
        let entries = self.store().log().entries(query).await.expect("the log");
        entries.iter().map(|entry| serde_json::from_str(&entry.leaf).expect("JSON")).collect()
    }

    /// The leaves of one kind and outcome.
    pub(crate) async fn told(&self, kind: &str, outcome: &str) -> Vec<Value> {
        let mut leaves = self.leaves().await;
        leaves.retain(|leaf| leaf["kind"] == kind && leaf["outcome"] == outcome);
        leaves
    }

    /// Exports the log and has it verified against the house's key.
    pub(crate) async fn verified(&self) -> Report {
        let out = self.house.export(&self.caller("ada").await, true, Vec::new()).await.expect("an export");
        let key = self.house.verifier_key().parse().expect("a key");
        let pins = Pins { key: Some(key), checkpoints: Vec::new() };
        let report = verify(out.as_slice(), &pins).expect("it can be read");
        assert_eq!(report.fault, None);
        report
    }

    /// Everything that the readers of a channel see.
    pub(crate) fn shown(&self, channel: usize) -> Vec<String> {
        self.media[channel].messages().into_iter().map(|message| message.text).collect()
    }
}
