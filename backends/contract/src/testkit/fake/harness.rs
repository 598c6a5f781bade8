//! The harness of the fake: also the example of how one is written.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jit_types::{Digest, Form, HouseId, Material, MaterialKind, ScramVerifier, SshPublicKey, Timestamp, Words};

use super::{Fake, FakeSession, FakeTarget};
use crate::testkit::clock::ManualClock;
use crate::testkit::harness::{Client, Facts, Fault, Harness, Hostile, Must, Place, Session, Target, Trouble, Used};
use crate::{Backend, BoxFuture, Document, Scope};

/// What makes the backend under test out of a fake: the fake itself, or a wrapper around it.
type Wrap = Box<dyn Fn(Fake) -> Arc<dyn Backend> + Send + Sync>;

/// A harness on two fake targets and a clock that moves by hand.
pub struct FakeHarness {
    template: Fake,
    wrap: Wrap,
    clock: ManualClock,
    first: FakeTarget,
    second: FakeTarget,
    last: AtomicU64,
    clients: Mutex<BTreeMap<u64, Digest>>,
}

/// The material of a client, and what must never be seen of it.
pub struct FakeClient {
    /// What it sends.
    pub material: Material,
    /// What must never be seen.
    pub canaries: Vec<String>,
}

impl FakeClient {
    /// Makes material of this kind; different numbers give different material.
    ///
    /// # Errors
    /// A sentence, when the material does not parse: a mistake in this code.
    pub fn new(kind: MaterialKind, number: u64) -> Result<Self, String> {
        let bytes = Digest::of(&number.to_be_bytes()).0;
        match kind {
            MaterialKind::None => Ok(Self { material: Material::None, canaries: Vec::new() }),
            MaterialKind::SshPublicKey => {
                let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
                blob.extend(bytes);
                let key = SshPublicKey::parse(&format!("ssh-ed25519 {}", BASE64.encode(blob)));
                let material = Material::SshPublicKey(key.map_err(|e| e.to_string())?);
                Ok(Self { material, canaries: Vec::new() })
            }
            MaterialKind::ScramVerifier => {
                let (stored, server) = (Digest::of(&bytes).0, Digest::of(b"server").0);
                let text = ScramVerifier::format(4096, &bytes, &stored, &server);
                let verifier = ScramVerifier::parse(text).map_err(|e| e.to_string())?;
                let canaries = vec![BASE64.encode(stored), hex(&stored)];
                Ok(Self { material: Material::ScramVerifier(verifier), canaries })
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl FakeHarness {
    /// A harness for a fake with the promises that `configure` sets.
    pub fn new(configure: impl FnOnce(Fake) -> Fake) -> Self {
        let clock = ManualClock::at(Timestamp::from_millis(1_700_000_000_000));
        let (a, b) = (clock.clone(), clock.clone());
        let first = FakeTarget::new("first", move || a.now());
        let second = FakeTarget::new("second", move || b.now());
        let nobody = HouseId::from_parts(Timestamp::EPOCH, [0; 10]);
        let template = configure(Fake::on(nobody, first.clone()));
        let wrap: Wrap = Box::new(|fake| Arc::new(fake));
        Self { template, wrap, clock, first, second, last: AtomicU64::new(0), clients: Mutex::default() }
    }

    /// Puts a wrapper around every backend.
    #[must_use]
    pub fn wrapped(mut self, wrap: impl Fn(Fake) -> Arc<dyn Backend> + Send + Sync + 'static) -> Self {
        self.wrap = Box::new(wrap);
        self
    }

    fn target(&self, target: Target) -> &FakeTarget {
        match target {
            Target::First => &self.first,
            Target::Second => &self.second,
        }
    }

    fn let_in(&self, client: &Client, form: &Form) -> Result<FakeSession, Words> {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let material = clients.get(&client.number).copied().ok_or_else(|| Words::new("an unknown client"))?;
        // A client connects to where its credential points.
        match self.first.log_in(form, material) {
            Ok(session) => Ok(session),
            Err(_) => self.second.log_in(form, material),
        }
    }
}

impl Session for FakeSession {
    fn alive(&mut self) -> BoxFuture<'_, bool> {
        Box::pin(async { self.runs() })
    }
}

impl Harness for FakeHarness {
    fn facts(&self) -> Facts {
        let scope = Scope(serde_json::json!({ "resources": ["orders; drop"] }));
        let hostile = Hostile { what: "a blank in a name".to_owned(), scope, must: Must::BeRefusedOffline };
        Facts {
            hostile: vec![hostile],
            patience: std::time::Duration::from_secs(5),
            longest_wait: jit_types::Span::from_secs(86_400),
            ..Facts::new("the fake in memory", Fake::scope())
        }
    }

    fn backend(&self, place: Place) -> BoxFuture<'_, Result<Arc<dyn Backend>, Trouble>> {
        Box::pin(async move {
            let target = self.target(place.target).clone();
            Ok((self.wrap)(self.template.moved(place.house, target)))
        })
    }

    fn client(&self) -> BoxFuture<'_, Result<Client, Trouble>> {
        Box::pin(async {
            let number = self.last.fetch_add(1, Ordering::SeqCst);
            let made = FakeClient::new(self.template.promise().material, number).map_err(Trouble::failed)?;
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            clients.insert(number, made.material.digest());
            Ok(Client { number, material: made.material, canaries: made.canaries })
        })
    }

    fn open<'a>(&'a self, client: &'a Client, form: &'a Form) -> BoxFuture<'a, Result<Used, Trouble>> {
        Box::pin(async move {
            Ok(match self.let_in(client, form) {
                Ok(session) => Used::Opened(Box::new(session)),
                Err(why) => Used::Refused(why),
            })
        })
    }

    fn wait_until(&self, at: Timestamp) -> BoxFuture<'_, Timestamp> {
        Box::pin(async move {
            // Lets what runs beside it come as far as it can before time moves.
            tokio::task::yield_now().await;
            self.clock.reach(at)
        })
    }

    fn fault(&self, fault: Fault) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(async move {
            self.first.fault(fault);
            Ok(())
        })
    }

    fn publish<'a>(&'a self, documents: &'a [Document]) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            for document in documents {
                let reads = |t: &&FakeTarget| FakeTarget::list_path(t.identity()) == document.path;
                let target = [&self.first, &self.second].into_iter().find(reads);
                let target = target.ok_or_else(|| Trouble::failed("no target reads a list there"))?;
                let taken = target.take_list(&document.bytes);
                taken.map_err(|_| Trouble::failed("the target can't read the list"))?;
            }
            Ok(())
        })
    }

    fn marked(&self, place: Place) -> BoxFuture<'_, Result<Vec<String>, Trouble>> {
        Box::pin(async move { Ok(self.target(place.target).names(&Fake::mark(place.house))) })
    }
}
