//! What a backend's author brings: a target, a client that really uses what was issued, and a hand on time and network.

use std::time::Duration;

use jit_types::{Form, HouseId, Material, Span, Timestamp, Words};

use crate::{Backend, BoxFuture, Document, Scope};

/// Joins the suite to one backend and its target.
///
/// The first five methods are needed; the last three say `Unsupported` unless they are written, and the trials that
/// need them are then reported as not applicable, with the reason.
pub trait Harness: Send + Sync {
    /// Says what the suite must know beforehand. No I/O.
    fn facts(&self) -> Facts;

    /// Opens the backend of this house on one of the two targets.
    ///
    /// It is called several times, also for the same place. Backends on [`Target::First`] go through whatever carries
    /// out [`Harness::fault`].
    fn backend(&self, place: Place) -> BoxFuture<'_, Result<std::sync::Arc<dyn Backend>, Trouble>>;

    /// Makes a client: material for one claim. The harness keeps the client's secret under [`Client::number`].
    fn client(&self) -> BoxFuture<'_, Result<Client, Trouble>>;

    /// Really uses a credential at the target as this client would: logs in, and keeps the session.
    ///
    /// A target that lets nobody in is [`Used::Refused`], not an error.
    fn open<'a>(&'a self, client: &'a Client, form: &'a Form) -> BoxFuture<'a, Result<Used, Trouble>>;

    /// Waits until the target's clock says at least `at`, or moves it there, and returns what it says then. A moment
    /// that is past is a plain reading. Time never goes back.
    fn wait_until(&self, at: Timestamp) -> BoxFuture<'_, Timestamp>;

    /// Puts a fault between the broker and [`Target::First`], or lifts it. It must not touch what clients open.
    fn fault(&self, fault: Fault) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(async move {
            match fault {
                Fault::Lifted => Ok(()),
                _ => Err(Trouble::unsupported("this harness puts no faults between broker and target")),
            }
        })
    }

    /// Publishes documents to where the target reads them, which is at their paths, as the house would: the path tells
    /// the two targets apart. Documents that the target's own tools can't read are [`Trouble::Failed`].
    fn publish<'a>(&'a self, documents: &'a [Document]) -> BoxFuture<'a, Result<(), Trouble>> {
        let _ = documents;
        Box::pin(async { Err(Trouble::unsupported("this harness publishes nothing")) })
    }

    /// Lists the names of what is in a target under this house's mark, without help from the backend.
    fn marked(&self, place: Place) -> BoxFuture<'_, Result<Vec<String>, Trouble>> {
        let _ = place;
        Box::pin(async { Err(Trouble::unsupported("this harness does not look into the target by itself")) })
    }
}

/// Which backend is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The house whose backend it is; the suite makes the ids.
    pub house: HouseId,
    /// Which target it works on.
    pub target: Target,
}

/// One of the two targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The one that trials use.
    First,
    /// Another of the same kind with another identity, as after a restore under a new name. Optional.
    Second,
}

/// What is wrong between the broker and the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nothing.
    Lifted,
    /// Connections are refused, and open ones are cut.
    Unreachable,
    /// Every answer takes about a second longer.
    Slow,
    /// What is sent is kept back, and **reaches the target once the fault is lifted**, also when the sender has given
    /// up: a proxy that holds bytes, a lock in the target.
    Stalled,
}

/// What the suite must know of a backend and its harness.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What it is called in reports.
    pub name: String,
    /// A resolved scope that the target can give.
    pub scope: Scope,
    /// Hostile scopes to try besides those that the suite makes out of `scope` by itself.
    pub hostile: Vec<Hostile>,
    /// How long a credential lives in trials that wait for its end. Long enough for an issue and two logins.
    pub life: Span,
    /// By how much a clock, a rounding or a check may be late.
    pub leeway: Span,
    /// How long, by the real clock, one call of the backend may take; longer is a hang.
    pub patience: Duration,
    /// The longest wait, by the target's clock, that makes sense in a test; trials that need longer are not applicable.
    pub longest_wait: Span,
}

impl Facts {
    /// Facts with a life of 4 s, a leeway of 1 s, a patience of 20 s and waits of at most a minute.
    pub fn new(name: &str, scope: Scope) -> Self {
        Self {
            name: name.to_owned(),
            scope,
            hostile: Vec::new(),
            life: Span::from_secs(4),
            leeway: Span::from_secs(1),
            patience: Duration::from_secs(20),
            longest_wait: Span::from_secs(60),
        }
    }
}

/// A scope that means harm.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// What is hostile about it, for the report.
    pub what: String,
    /// The scope.
    pub scope: Scope,
    /// What must happen.
    pub must: Must,
}

/// What must happen with a hostile scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// Refused as misconfigured, by `capability` already, offline.
    BeRefusedOffline,
    /// Refused as misconfigured, refused or in conflict, at the latest by `issue`.
    BeRefused,
    /// Refused as above, or issued without harm: what others hold lives on, and it can be ended.
    DoNoHarm,
}

/// One client of one claim.
#[derive(Debug)]
pub struct Client {
    /// Under which the harness keeps the client's secret.
    pub number: u64,
    /// What the client sends.
    pub material: Material,
    /// Texts that must never be seen in an error, evidence, finding, handle or document: the password, the private key,
    /// the keys in a verifier. Each at least eight characters long.
    pub canaries: Vec<String>,
}

/// What came of using a credential.
pub enum Used {
    /// The target let the client in.
    Opened(Box<dyn Session>),
    /// The target refused, as the client saw it.
    Refused(Words),
}

/// An open session at the target; dropping it closes it.
pub trait Session: Send {
    /// Says whether the session can still do what its scope gives, by doing it.
    fn alive(&mut self) -> BoxFuture<'_, bool>;
}

/// Why a harness did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It can't, for this reason: the trial is not applicable.
    Unsupported(String),
    /// It should have been able to: the trial fails.
    Failed(String),
}

impl Trouble {
    /// Says that the harness can't.
    pub fn unsupported(why: impl Into<String>) -> Self {
        Self::Unsupported(why.into())
    }

    /// Says that the harness failed.
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed(why.into())
    }
}
