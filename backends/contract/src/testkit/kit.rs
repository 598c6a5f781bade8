//! What all trials work with: ids, orders, watched calls, and a memory of all that was said.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jit_types::{Capability, ClaimId, Form, Grade, GrantId, HouseId, Material, PersonId, Span, Timestamp, Window};

use super::harness::{Client, Facts, Fault, Harness, Place, Session, Target, Trouble, Used};
use crate::{Backend, Error, ErrorKind, Issued, Lease, Order, Report, Revoked, Seen};

/// Why a trial did not go on.
pub(super) enum Stop {
    Failed(String),
    NotApplicable(String),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unsupported(why) => Self::NotApplicable(why),
            Trouble::Failed(why) => Self::Failed(format!("the harness failed: {why}")),
        }
    }
}

pub(super) type Go<T = ()> = Result<T, Stop>;

/// Ends a trial as not applicable.
pub(super) fn not_applicable<T>(why: impl Into<String>) -> Go<T> {
    Err(Stop::NotApplicable(why.into()))
}

/// What was said, and what must never be.
#[derive(Default)]
pub(super) struct Heard {
    /// Where it was heard, and what.
    pub said: Vec<(&'static str, String)>,
    pub canaries: Vec<String>,
    /// Where the text of a hostile scope came back in an error.
    pub echoes: Vec<String>,
}

/// One run of the suite.
pub(super) struct Kit<'a> {
    pub harness: &'a dyn Harness,
    pub facts: Facts,
    pub cap: Capability,
    pub person: PersonId,
    pub heard: Mutex<Heard>,
    houses: [HouseId; 2],
    /// What each backend ended so far: documents name all of it.
    ended: Mutex<HashMap<Place, Vec<Lease>>>,
    /// What was ordered and not ended yet: a trial that gives up leaves it behind.
    left: Mutex<Vec<(Place, Lease)>>,
}

impl<'a> Kit<'a> {
    /// Makes ready; the capability is asked of the backend itself.
    pub(super) async fn new(harness: &'a dyn Harness) -> Result<Self, String> {
        let facts = harness.facts();
        let now = harness.wait_until(Timestamp::EPOCH).await;
        let houses = [HouseId::from_parts(now, random()), HouseId::from_parts(now, random())];
        let [house, _] = houses;
        let backend = match harness.backend(Place { house, target: Target::First }).await {
            Ok(backend) => backend,
            Err(Trouble::Unsupported(why) | Trouble::Failed(why)) => return Err(format!("no backend: {why}")),
        };
        let cap = backend.capability(&facts.scope).map_err(|e| format!("the facts' own scope is refused: {e}"))?;
        let person = "alice@example.com".parse().map_err(|_| "the person's name does not parse".to_owned())?;
        Ok(Self {
            harness,
            facts,
            cap,
            person,
            heard: Mutex::default(),
            houses,
            ended: Mutex::default(),
            left: Mutex::default(),
        })
    }

    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn now(&self) -> Timestamp {
        self.harness.wait_until(Timestamp::EPOCH).await
    }

    /// The length of life for a trial that waits for its end.
    pub(super) fn life(&self) -> Go<Span> {
        let life = self.cap.shortest.max(self.facts.life);
        if life > self.facts.longest_wait {
            return not_applicable(format!("the shortest life, {life}, is longer than the harness waits"));
        }
        Ok(life)
    }

    /// The trial's bench: the first house at the first target.
    pub(super) async fn bench(&self) -> Go<Bench<'_>> {
        let [house, _] = self.houses;
        self.bench_at(Place { house, target: Target::First }).await
    }

    /// The other house at the same target.
    pub(super) async fn other_house(&self) -> Go<Bench<'_>> {
        let [_, house] = self.houses;
        self.bench_at(Place { house, target: Target::First }).await
    }

    /// The same house at another target.
    pub(super) async fn other_target(&self) -> Go<Bench<'_>> {
        let [house, _] = self.houses;
        self.bench_at(Place { house, target: Target::Second }).await
    }

    async fn bench_at(&self, place: Place) -> Go<Bench<'_>> {
        Ok(Bench { kit: self, place, backend: self.harness.backend(place).await? })
    }

    /// A new client, whose canaries are listened for from now on.
    pub(super) async fn client(&self) -> Go<Client> {
        let client = self.harness.client().await?;
        self.heard().canaries.extend(client.canaries.iter().cloned());
        Ok(client)
    }

    /// Opens a session, where the target lets the client in.
    pub(super) async fn open(&self, client: &Client, form: &Form) -> Go<Option<Box<dyn Session>>> {
        match self.harness.open(client, form).await? {
            Used::Opened(mut session) => Ok(if session.alive().await { Some(session) } else { None }),
            Used::Refused(_) => Ok(None),
        }
    }

    /// Whether the target lets the client in now.
    pub(super) async fn opens(&self, client: &Client, form: &Form) -> Go<bool> {
        Ok(self.open(client, form).await?.is_some())
    }

    fn left(&self) -> MutexGuard<'_, Vec<(Place, Lease)>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lifts all faults and ends what is left, whatever came of the trial. What goes wrong here has been reported
    /// already, or will be by the next trial.
    pub(super) async fn tidy(&self) {
        let _ = self.harness.fault(Fault::Lifted).await;
        let left = std::mem::take(&mut *self.left());
        for (place, lease) in left {
            if let Ok(bench) = self.bench_at(place).await {
                let _ = bench.end(&lease).await;
            }
        }
    }
}

/// Ten bytes that no other run draws: the standard library seeds its hashers from the system.
fn random() -> [u8; 10] {
    let draw = || std::hash::RandomState::new().build_hasher().finish().to_be_bytes();
    let mut bytes = [0; 10];
    for (to, from) in bytes.iter_mut().zip(draw().into_iter().chain(draw())) {
        *to = from;
    }
    bytes
}

/// One backend, all of whose words are remembered and none of whose calls may hang.
pub(super) struct Bench<'a> {
    pub kit: &'a Kit<'a>,
    pub place: Place,
    pub backend: Arc<dyn Backend>,
}

impl Bench<'_> {
    /// An order for this client that ends `life` from now and may be carried out for half a minute.
    pub(super) async fn order(&self, client: &Client, life: Span) -> Order {
        let now = self.kit.now().await;
        Order {
            house: self.place.house,
            grant: GrantId::from_parts(now, random()),
            claim: ClaimId::from_parts(now, random()),
            entitlement: 0,
            person: self.kit.person.clone(),
            window: Window { start: now, end: now.after(life) },
            deadline: now.after(Span::from_secs(30)),
            scope: self.kit.facts.scope.clone(),
            material: client.material.digest(),
        }
    }

    /// An order that outlives the trial.
    pub(super) async fn long_order(&self, client: &Client) -> Order {
        let hour = Span::from_secs(3600).max(self.kit.cap.shortest);
        self.order(client, self.kit.cap.longest.map_or(hour, |longest| longest.min(hour))).await
    }

    async fn bounded<T>(&self, what: &str, call: impl Future<Output = T>) -> Go<T> {
        let patience = self.kit.facts.patience;
        let hang = |_| Stop::Failed(format!("{what} did not come back within {} s", patience.as_secs()));
        tokio::time::timeout(patience, call).await.map_err(hang)
    }

    fn listen<T: std::fmt::Debug>(&self, what: &'static str, result: &Result<T, Error>) {
        let mut heard = self.kit.heard();
        match result {
            Ok(value) => heard.said.push((what, format!("{value:?}"))),
            Err(error) => {
                heard.said.push((what, format!("{error} {error:?} {} {}", error.public, error.internal)));
            }
        }
    }

    pub(super) async fn issue(&self, order: &Order, material: Option<&Material>) -> Go<Result<Issued, Error>> {
        self.kit.left().push((self.place, Lease { order: order.clone(), handle: None }));
        let issued = self.bounded("issue", self.backend.issue(order, material)).await?;
        self.listen("issue", &issued);
        if let Ok(issued) = &issued {
            let handle = serde_json::to_string(&issued.handle).unwrap_or_default();
            self.kit.heard().said.push(("the handle", handle));
        }
        Ok(issued)
    }

    /// Issues, where a failure ends the trial.
    pub(super) async fn issued(&self, order: &Order, client: &Client) -> Go<Held> {
        match self.issue(order, Some(&client.material)).await? {
            Ok(issued) => {
                Ok(Held { lease: Lease { order: order.clone(), handle: Some(issued.handle) }, form: issued.form })
            }
            Err(error) => Err(Stop::Failed(format!("a good order was not carried out: {}", told(&error)))),
        }
    }

    pub(super) async fn revoke(&self, lease: &Lease) -> Go<Result<Revoked, Error>> {
        let revoked = self.bounded("revoke", self.backend.revoke(lease)).await?;
        self.listen("revoke", &revoked);
        Ok(revoked)
    }

    /// Revokes as the house would: publishes what is to be published, and asks again while it is unfinished.
    pub(super) async fn end(&self, lease: &Lease) -> Go<Revoked> {
        let mut first = None;
        for _ in 0..30 {
            match self.revoke(lease).await? {
                Ok(mut revoked) => {
                    self.publish(&self.ended_with(lease)).await?;
                    self.kit.left().retain(|(place, l)| *place != self.place || l.order.claim != lease.order.claim);
                    // It was there if the first try found it there, whatever the last one says.
                    revoked.already_gone = revoked.already_gone && first.is_none();
                    return Ok(revoked);
                }
                Err(error) if error.kind == ErrorKind::Unfinished => {
                    first = Some(());
                    // A backend may be unfinished until its document is out.
                    self.publish(&self.ended_with(lease)).await?;
                    self.kit.harness.wait_until(self.kit.now().await.after(Span::from_secs(1))).await;
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
                Err(error) => return Err(Stop::Failed(format!("the end failed: {}", told(&error)))),
            }
        }
        Err(Stop::Failed("the end was still unfinished at the thirtieth try".to_owned()))
    }

    /// All that this backend ended so far, with one more.
    fn ended_with(&self, lease: &Lease) -> Vec<Lease> {
        let mut ended = self.kit.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let all = ended.entry(self.place).or_default();
        if !all.contains(lease) {
            all.push(lease.clone());
        }
        all.clone()
    }

    /// Publishes what refuses these leases, where this backend publishes anything.
    pub(super) async fn publish(&self, ended: &[Lease]) -> Go {
        if !self.kit.cap.publishes {
            return Ok(());
        }
        let documents = self.backend.documents(ended);
        self.listen("documents", &documents);
        let documents = documents.map_err(|e| Stop::Failed(format!("no documents: {}", told(&e))))?;
        // As text too: a byte list's `Debug` would hide it.
        let texts = documents.iter().map(|d| ("documents", String::from_utf8_lossy(&d.bytes).into_owned()));
        self.kit.heard().said.extend(texts);
        Ok(self.kit.harness.publish(&documents).await?)
    }

    pub(super) async fn probe(&self, lease: &Lease) -> Go<Result<Seen, Error>> {
        let seen = self.bounded("probe", self.backend.probe(lease)).await?;
        self.listen("probe", &seen);
        Ok(seen)
    }

    pub(super) async fn check(&self) -> Go<Report> {
        let report = self.bounded("check", self.backend.check()).await?;
        self.kit.heard().said.push(("check", format!("{report:?}")));
        Ok(report)
    }

    /// What bears the house's mark, as the harness sees it; `None` where it does not look.
    pub(super) async fn marked(&self) -> Go<Option<Vec<String>>> {
        match self.kit.harness.marked(self.place).await {
            Ok(mut names) => {
                names.sort();
                Ok(Some(names))
            }
            Err(Trouble::Unsupported(_)) => Ok(None),
            Err(trouble) => Err(trouble.into()),
        }
    }
}

/// A credential that a client holds.
pub(super) struct Held {
    pub lease: Lease,
    pub form: Form,
}

/// A failure as a report tells it.
pub(super) fn told(error: &Error) -> String {
    format!("{} ({}; {})", error.kind, error.public, error.internal)
}

/// How good a grade is.
pub(super) fn rank(grade: &Grade) -> u8 {
    match grade {
        Grade::Observed => 2,
        Grade::ByConstruction => 1,
        Grade::None { .. } => 0,
    }
}
