//! What an adapter's author brings: a medium, people who look at it and press what is in it, and a hand on the network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jit_types::{Digest, GrantId, ParamName, RequestId, RoleName, Span};

use crate::{Adapter, BoxFuture, Desk, Identity, Verdict};

/// Joins the suite to one adapter and its medium.
///
/// The first three methods are needed; the others say `Unsupported` unless they are written, and the trials that need
/// them are then reported as not applicable, with the reason.
pub trait Harness: Send + Sync {
    /// Says what the suite must know beforehand. No I/O.
    fn facts(&self) -> Facts;

    /// Opens an adapter on the medium. It is called several times; each is a broker that was started anew.
    fn adapter(&self) -> BoxFuture<'_, Result<Arc<dyn Adapter>, Trouble>>;

    /// Everything that is in the medium now, oldest first, as its readers see it.
    ///
    /// It must be read back out of what the adapter sent, by the medium's own rules, with nothing of the adapter's code.
    fn messages(&self) -> BoxFuture<'_, Result<Vec<Message>, Trouble>>;

    /// Makes what the medium sends when somebody presses a control, without delivering it yet.
    fn press<'a>(&'a self, press: &'a Press) -> BoxFuture<'a, Result<Event, Trouble>> {
        let _ = press;
        Box::pin(async { Err(Trouble::unsupported("nothing can be pressed in this medium")) })
    }

    /// Makes what the medium sends when somebody gives a command, typed as a person would, without delivering it yet.
    fn command<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<Event, Trouble>> {
        let _ = order;
        Box::pin(async { Err(Trouble::unsupported("no commands are given in this medium")) })
    }

    /// Delivers an event, which may have been delivered before, and returns what the person saw.
    ///
    /// Where the medium comes to us it goes to `to.adapter` with `to.desk`; where we go to the medium it goes over the
    /// connection that the adapter holds (the suite runs `listen` with the same desk), and waits for one if there is none.
    fn deliver<'a>(&'a self, event: Event, to: Side<'a>) -> BoxFuture<'a, Result<Answer, Trouble>> {
        let _ = (event, to);
        Box::pin(async { Err(Trouble::unsupported("nothing is delivered by this medium")) })
    }

    /// Puts a fault between the adapter and the medium, or lifts it.
    fn fault(&self, fault: Fault) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(async move {
            match fault {
                Fault::Lifted => Ok(()),
                _ => Err(Trouble::unsupported("this harness puts no faults between adapter and medium")),
            }
        })
    }
}

/// What the suite must know of an adapter and its medium.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What it is called in reports.
    pub name: String,
    /// Who asks. With two identities or more, every pair of them is tried.
    pub requester: Player,
    /// Two who can decide.
    pub approvers: [Player; 2],
    /// Somebody whom the medium knows and the house does not.
    pub stranger: Player,
    /// Whether the medium knows people by the link that they were sent, rather than by an account.
    pub by_link: bool,
    /// How long, by the runtime's clock, one call or one answer may take; longer is a hang.
    pub patience: Duration,
    /// How soon the medium must hear that a press has arrived, where it doesn't wait for as long as it takes: it delivers
    /// again, or tells the person that nothing happened.
    pub heard_within: Option<Duration>,
    /// The medium's own hostile texts: its mentions, its links, its buttons, as somebody would type them to forge one.
    pub hostile: Vec<String>,
}

/// Somebody who is known to the medium.
#[derive(Clone, Debug)]
pub struct Player {
    /// The names by which the config would have them addressed.
    pub names: Vec<String>,
    /// Who they are when they press something: as the medium vouches for them. Empty where it knows people by link.
    pub identities: Vec<Identity>,
}

/// One message as its readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Stays the same when the message is edited.
    pub number: u64,
    /// Who gets it, or is called by it: names of people, as a config would have them. Empty for one that calls nobody.
    pub to: Vec<String>,
    /// Its parts in order, without their text: `header`, `field Role`, `button Approve`, `mention`, `link`, `bold`. It
    /// must name all that could be forged, so that equal structures mean that nothing was.
    pub structure: Vec<String>,
    /// All text that a reader sees.
    pub text: String,
    /// Where its links lead, those of its controls included.
    pub links: Vec<String>,
    /// What can be pressed.
    pub controls: Vec<Control>,
    /// The lines that stand beneath it.
    pub notes: Vec<String>,
}

/// Something in a message that decides when it is pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// What pressing it says.
    pub verdict: Verdict,
    /// What the medium needs to know to press it; only the harness reads it.
    pub data: String,
}

/// Somebody presses a control.
#[derive(Clone, Debug)]
pub struct Press {
    /// Which.
    pub control: Control,
    /// Who really does, as the medium vouches for them. Without meaning where people are known by their link.
    pub by: Option<Identity>,
    /// What is wrong with it.
    pub twist: Twist,
}

/// Somebody gives a command.
#[derive(Clone, Debug)]
pub struct Order {
    /// Who really does, as the medium vouches for them.
    pub by: Identity,
    /// Which.
    pub what: Wanted,
}

/// What somebody wants who gives a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To give a grant back.
    Release(GrantId),
    /// To take a request back.
    Cancel(RequestId),
    /// To ask for more time.
    Extend {
        /// Of which grant.
        grant: GrantId,
        /// How much more.
        span: Span,
        /// Why.
        reason: String,
    },
    /// To lock, or to unlock, a person or a role.
    Lock {
        /// Whom or what.
        whom: String,
        /// Why.
        reason: String,
        /// Whether to lock.
        on: bool,
    },
    /// To file a request.
    Request {
        /// For which role.
        role: RoleName,
        /// With which parameters.
        params: BTreeMap<ParamName, String>,
        /// For how long.
        span: Span,
        /// Why.
        reason: String,
    },
}

/// What is wrong with a press.
#[derive(Clone, Debug)]
pub enum Twist {
    /// Nothing.
    Straight,
    /// Nobody pressed anything: a scanner or a preview looked at where the control leads.
    Looked,
    /// Where a sender can write what they like, it says that this one pressed.
    Claims(Identity),
    /// The control of one ask was given another ask's content hash.
    Spliced(Digest),
    /// It does not come from the medium: the signature is missing or made with another key.
    Unsigned,
    /// It came from the medium, signed, an hour ago.
    Stale,
}

/// Something that the medium delivers, under which the harness keeps its exact bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event(pub u64);

/// Where an event is delivered to.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The adapter.
    pub adapter: &'a dyn Adapter,
    /// The desk.
    pub desk: &'a dyn Desk,
}

/// What the person saw after they pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// In words; empty where the medium showed nothing.
    pub words: String,
    /// How long it took until the medium heard that the press had arrived.
    pub heard_after: Duration,
}

/// What is wrong between adapter and medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nothing.
    Lifted,
    /// It can't be reached, and open connections are cut.
    Down,
    /// Every answer takes about a second longer.
    Slow,
    /// What is sent arrives, and the answer that says so is lost.
    LosesAnswers,
    /// Open connections are cut, once; new ones can be made at once.
    Cut,
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
