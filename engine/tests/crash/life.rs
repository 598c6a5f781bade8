//! One process of the story: it lives until it is stopped, or takes up what the one before it left.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::KeyPair as _;
use jit_approval::Adapter;
use jit_approval::testkit::{Fake as FakeChannel, FakeMedium, Shape};
use jit_backend::Backend;
use jit_engine::audit::{
    Keyring, Openings, Pins, Sealer, Signer, SqliteKeys, SqliteOpenings, SubjectKeys, SystemRandom, verify,
};
use jit_engine::service::{ClaimOrder, claim_message};
use jit_engine::store::sqlite::SqliteStore;
use jit_engine::store::{AnswerKey, LogQuery, Query};
use jit_engine::{Clock as _, House, Outfit, Parts, driver};
use jit_life::policy::{Caller, Wish};
use jit_life::{ClaimStatus, Request, Verdict};
use jit_types::{Digest, HouseId, Material, Params, RequestId, Timestamp};
use sqlx::Connection as _;

use crate::clock::{START, TestClock};
use crate::people;
use crate::target::FileTarget;

pub(crate) struct Life {
    dir: PathBuf,
    clock: TestClock,
    house: Arc<House>,
    targets: [Arc<FileTarget>; 2],
}

fn house_id() -> HouseId {
    HouseId::from_parts(START, [9; 10])
}

impl Life {
    /// Opens the house of a directory, at the time at which the process before was stopped.
    pub(crate) async fn open(dir: &Path) -> Self {
        let saved = std::fs::read_to_string(dir.join("clock")).ok().and_then(|text| text.parse().ok());
        let clock = TestClock::at(saved.map_or(START, |millis| Timestamp::from_millis(millis).plus_millis(1000)));
        let target =
            |name, publishes| Arc::new(FileTarget::new(name, dir.to_owned(), house_id(), clock.clone(), publishes));
        let targets = [target("shop", false), target("list", true)];
        let keys = Arc::new(SqliteKeys::open(&dir.join("keys.db"), Arc::new(SystemRandom)).await.expect("keys"));
        let openings = Arc::new(SqliteOpenings::open(&dir.join("openings.db")).await.expect("openings"));
        let ring: Arc<dyn Keyring> = keys.clone();
        let known: Arc<dyn SubjectKeys> = keys;
        let kept: Arc<dyn Openings> = openings;
        let sealer = || Sealer::new(Arc::clone(&ring), Arc::new(SystemRandom));
        let store = SqliteStore::open(&dir.join("house.db"), sealer(), Arc::clone(&kept)).await.expect("a store");
        let mut rules = people::rules();
        rules.roles.extend([people::role("pair", jit_life::Approval::ByRule, &["shop", "list"])]);
        // Its messages go with the process, so that the next one has none of them to edit.
        let shape = Shape { edits: false, ..Shape::CHAT };
        let channel: Arc<dyn Adapter> = Arc::new(FakeChannel::new(FakeMedium::new(shape)));
        let house = House::new(Parts {
            id: house_id(),
            store: Arc::new(store),
            keys: known,
            openings: kept,
            sealer: sealer(),
            signer: Signer::from_seed(house_id(), &[5; 32]).expect("a signer"),
            clock: Arc::new(clock.clone()),
            random: Arc::new(SystemRandom),
            rules,
            outfit: Outfit {
                backends: ["shop", "list"]
                    .into_iter()
                    .zip(&targets)
                    .map(|(name, target)| (name.parse().expect("a name"), Arc::clone(target) as Arc<dyn Backend>))
                    .collect(),
                targets: ["shop", "list"].map(|name| (name.parse().expect("a name"), format!("fake://{name}"))).into(),
                channels: [("chat".parse().expect("a name"), channel)].into(),
                alerts: vec![],
            },
        });
        driver::begin(&house, Digest::of(b"config"), 0).await.expect("it opens");
        tokio::spawn(driver::run(Arc::clone(&house)));
        let life = Self { dir: dir.to_owned(), clock, house, targets };
        life.set(life.clock.now());
        life
    }

    fn set(&self, at: Timestamp) {
        std::fs::write(self.dir.join("clock"), at.millis().to_string()).expect("the clock's file");
        self.clock.set(at);
    }

    async fn caller(&self, name: &str) -> Caller {
        let person = people::person(name);
        let subject = self.house.subject(&person).await.expect("a subject");
        let principal = format!("unix:{name}").parse().expect("a principal");
        Caller { person, subject, principal, superuser: false, only_roles: None }
    }

    /// Files under an idempotency key of the role's own: whoever tries again after a crash uses it again.
    async fn file(&self, role: &str, length: &str) -> RequestId {
        let role_name = role.parse().expect("a role");
        let span = Some(people::span(length));
        let wish = Wish { role: role_name, params: Params::new(), span, reason: "INC-42".to_owned() };
        let key = hex::encode(people::key("alice").public_key().as_ref());
        let answer = AnswerKey { key: Digest::of(role.as_bytes()), body: Digest::of(b"body") };
        let filed = self.house.file(&self.caller("alice").await, &wish, &key, Some(answer)).await;
        filed.expect("it is filed").request.id
    }

    async fn claim(&self, request: RequestId, entitlement: u16) {
        let material = Material::None;
        let message = claim_message(house_id(), request, entitlement, &material.digest(), "n");
        let signature = people::key("alice").sign(&message);
        let answer = AnswerKey { key: Digest::of(&message), body: Digest::of(b"body") };
        let signature = signature.as_ref();
        let order = ClaimOrder { request, entitlement, material, signature, key: None, nonce: "n", answer };
        self.house.claim(&self.caller("alice").await, order).await.expect("a credential");
    }

    /// Lives a life that comes by every place.
    pub(crate) async fn live(&self) {
        let asked = self.file("db", "1h").await;
        self.idle().await;
        let request = self.house.store().request(asked).await.expect("the store").expect("a request");
        let bob = self.caller("bob").await;
        let yes = Verdict::Approve { span: None };
        self.house.decide(&bob, asked, request.asks[0].hash, yes, None, None).await.expect("approved");
        self.claim(asked, 0).await;
        let pair = self.file("pair", "4h").await;
        self.claim(pair, 0).await;
        self.claim(pair, 1).await;
        self.idle().await;
        self.set(self.clock.now().after(people::span("10m")));
        let alice = self.caller("alice").await;
        let extended = self.house.extend(&alice, asked, people::span("1h"), "INC-42 not done yet", None).await;
        let extended = extended.expect("it is asked for").request;
        let hash = extended.newest().expect("an ask").hash;
        self.house.decide(&bob, asked, hash, yes, None, None).await.expect("extended");
        self.idle().await;
        self.house.release(&self.caller("alice").await, pair, None).await.expect("released");
        self.finish().await;
    }

    /// Tries the filing again, as a client does that heard no answer: there is still only one.
    pub(crate) async fn resume(&self) {
        self.file("db", "1h").await;
        let all = self.requests().await;
        assert_eq!(all.iter().filter(|r| r.role.as_str() == "db").count(), 1);
        self.finish().await;
        self.verify().await;
    }

    /// Lets time pass until nothing is left to do, and looks at the targets at every stop.
    async fn finish(&self) {
        for _ in 0..500 {
            self.idle().await;
            self.look().await;
            match self.house.store().next_due().await.expect("the store") {
                Some(due) => self.set(due.max(self.clock.now())),
                None => return,
            }
        }
        panic!("it never comes to rest");
    }

    async fn idle(&self) {
        let path = self.dir.join("house.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("a connection");
        for _ in 0..5000 {
            let (due,): (i64,) = sqlx::query_as("SELECT count(*) FROM effects WHERE due <= $1")
                .bind(self.clock.now().millis())
                .fetch_one(&mut connection)
                .await
                .expect("the effects");
            if due == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("there is always something to do");
    }

    async fn requests(&self) -> Vec<Request> {
        self.house.store().requests(Query { most: 1000, ..Default::default() }).await.expect("requests")
    }

    /// What lets somebody in is known, wanted, and within its bounds.
    async fn look(&self) {
        let now = self.clock.now();
        let requests = self.requests().await;
        for login in self.targets.iter().flat_map(|target| target.live()) {
            let claim = requests.iter().find_map(|request| request.claim(login.claim));
            let claim = claim.unwrap_or_else(|| panic!("{login:?} is an orphan: no intent was kept"));
            match claim.status {
                ClaimStatus::Usable { .. } => assert!(now < claim.end, "{claim:?} outlives its end"),
                // Until the order is settled, nobody knows whether it came to anything.
                ClaimStatus::Issuing => assert!(now < claim.deadline.plus_millis(5000), "{claim:?}"),
                ClaimStatus::Ending { .. } => assert!(now <= claim.deadline.plus_millis(66_000), "{claim:?}"),
                ClaimStatus::Gone { .. } | ClaimStatus::Failed { .. } => {
                    panic!("{claim:?} is believed gone, and {login:?} lets in")
                }
            }
        }
    }

    /// Nothing is left, and the record of all of it holds.
    async fn verify(&self) {
        for request in self.requests().await {
            assert!(!request.open(), "{request:?}");
            for claim in request.grant.iter().flat_map(|grant| &grant.claims) {
                assert!(!claim.live(), "{claim:?}");
            }
        }
        for login in self.targets[0].logins().values() {
            let removed = login.removed.unwrap_or_else(|| panic!("{login:?} was never removed"));
            assert!(removed <= login.end.plus_millis(10_000), "{login:?} was removed late");
        }
        assert!(self.targets[1].live().is_empty());
        let entries = self.house.store().log().entries(LogQuery { most: 10_000, ..Default::default() }).await;
        let leaves: Vec<serde_json::Value> =
            entries.expect("the log").iter().map(|e| serde_json::from_str(&e.leaf).expect("JSON")).collect();
        for kind in [
            "request.filed",
            "grant.made",
            "grant.ended",
            "claim.issued",
            "grant.extended",
            "claim.extended",
            "claim.gone",
        ] {
            let mut about: Vec<String> = leaves
                .iter()
                .filter(|leaf| leaf["kind"] == kind && leaf["outcome"] == "done")
                .map(|leaf| format!("{}{}", leaf["request"], leaf["claim"]))
                .collect();
            let told = about.len();
            about.sort();
            about.dedup();
            assert_eq!(about.len(), told, "{kind} is told twice");
        }
        let out = self.house.export(&self.caller("ada").await, true, Vec::new()).await.expect("an export");
        let pins = Pins { key: Some(self.house.verifier_key().parse().expect("a key")), checkpoints: vec![] };
        let report = verify(out.as_slice(), &pins).expect("it can be read");
        assert_eq!(report.fault, None);
        assert!(report.entries > 0 && report.entries == leaves.len() as u64 + 1);
    }
}
