//! The contract of an approval adapter: who is asked, and who says yes.
//!
//! An adapter speaks for a medium: a terminal, a chat, mail, a page. It announces [`Notice`]s outward and hands decisions
//! inward through one door, the [`Desk`]. It never reads the store, never decides who may decide, and keeps nothing: the
//! house evaluates the right to decide at the moment of the click, and the ask itself is the compare-and-set that makes a
//! second click a harmless no-op.

#![warn(missing_docs)]

mod command;
pub mod error;
pub mod kind;
pub mod notice;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jit_types::{AskId, Digest, PersonId, RoleName, Span, Words};
use serde::{Deserialize, Serialize};

pub use command::{Act, Action, Planned, Wish};
pub use error::{Error, ErrorKind};
pub use jit_types::settings::{SecretError, Secrets};
pub use kind::{Config, Kind};
pub use notice::{Alert, AskNotice, MessageRef, News, Note, Notice, NoticeKey, Standing};

/// A boxed future: what makes the contract usable as `dyn` without a macro.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One configured channel.
///
/// # Behaviour
///
/// - [`announce`](Adapter::announce) is at least once; where the medium can deduplicate (by the notice's key), once.
/// - [`update`](Adapter::update) makes the message follow: the newest notice wins, and a notice whose ask is decided or
///   whose grant has ended reduces the message to what, who and outcome.
/// - A [`Note`] is put beneath the message that it names, and nowhere else; where the medium has no threads, or the message
///   is in none, it is dropped.
/// - An ask is told to those in its `to` and to nobody else. Where `to` is empty while it is pending, nobody is told:
///   empty never means everybody. Once it is closed, what was told before is reduced, whoever is still in `to`.
/// - Every text in a notice that a person typed is escaped for the medium by the adapter: it can't forge a button, a
///   mention, a header or a link.
/// - [`listen`](Adapter::listen) runs until it is dropped and reconnects by itself.
pub trait Adapter: Send + Sync {
    /// Says what the medium can do. No I/O.
    fn capability(&self) -> Capability;

    /// Looks at the medium for `doctor`.
    fn check(&self) -> BoxFuture<'_, Vec<Check>>;

    /// Tells those whom the notice is for.
    fn announce<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<MessageRef, Error>>;

    /// Brings an earlier message up to date.
    fn update<'a>(&'a self, message: &'a MessageRef, notice: &'a Notice) -> BoxFuture<'a, Result<(), Error>>;

    /// Listens where we go to the medium: a socket, polling. Returns at once where the medium comes to us.
    fn listen(&self, desk: Arc<dyn Desk>) -> BoxFuture<'_, Result<(), Error>>;

    /// Takes what came to us over HTTP: verifies it over the raw body, then hands it on.
    fn receive<'a>(&'a self, raw: Raw<'a>, desk: &'a dyn Desk) -> BoxFuture<'a, Reply>;
}

/// What a medium can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// The kind, for the record: `terminal`, `slack`.
    pub kind: &'static str,
    /// Whether people can decide over it, or are only told.
    pub decides: bool,
    /// Whether a message can be edited after it was sent.
    pub edits: bool,
    /// Whether a line can stand beneath an earlier message, so that who reads that sees what became of it.
    pub threads: bool,
    /// Whether one person can be reached alone.
    pub direct: bool,
    /// The longest text, in characters.
    pub longest: usize,
    /// Whether the medium drops a message that it got before.
    pub deduplicates: bool,
    /// How many brokers may listen at once: one, or each.
    pub listeners: Listeners,
}

/// How many brokers may listen to one medium at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listeners {
    /// Nobody needs to.
    None,
    /// Only one; a second one takes events from the first.
    One,
    /// Each hears everything.
    Each,
}

/// One finding of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Whether it is as it should be.
    pub good: bool,
    /// What was found.
    pub what: Words,
    /// The way out, where there is one.
    pub remedy: Option<Words>,
}

/// What came over HTTP, before anything of it is believed.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    /// The method, in upper case. What is no `POST` may show and must never decide: scanners and previews look too.
    pub method: &'a str,
    /// The query as it came, without the question mark; never logged.
    pub query: &'a str,
    /// The headers, names in lower case.
    pub headers: &'a BTreeMap<String, String>,
    /// The body's exact bytes.
    pub body: &'a [u8],
}

/// What goes back over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// The one door inward.
///
/// The house turns the channel's identity into a person, evaluates the right to decide **now**, and answers in words, so
/// that the adapter can tell the person within the medium's own time limit.
pub trait Desk: Send + Sync {
    /// Takes a decision.
    fn decide<'a>(&'a self, decision: &'a Decision) -> BoxFuture<'a, Outcome>;

    /// Takes a command that is no decision: a slash command, "release" from chat.
    fn act<'a>(&'a self, action: &'a Action) -> BoxFuture<'a, Outcome>;

    /// Says what a wish would do, or why it may not be filed: people see the plan before they file. Files nothing.
    fn plan<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Result<Planned, Outcome>> {
        Box::pin(async move { Err(none_filed(&wish.role)) })
    }

    /// Takes a request that somebody files over a channel. A desk that takes none says how it is done elsewhere.
    fn file<'a>(&'a self, wish: &'a Wish) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { none_filed(&wish.role) })
    }
}

fn none_filed(role: &RoleName) -> Outcome {
    let words = format!("nothing was filed: over this channel no request is; use `jit request {role}`");
    Outcome { done: false, words: Words::new(words), standing: None }
}

/// Who acts, as the channel itself knows them: never taken from a message's body alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The channel, as in a principal: `unix`, `token`, `slack`.
    pub channel: String,
    /// The name within it: a user name, team and user.
    pub name: String,
    /// The e-mail address that the medium vouches for, seen to be confirmed, where the channel's config says that people are
    /// known by it. It says who that is only until somebody was seen with it first: then the name counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
}

impl Identity {
    /// Somebody whom a channel knows by name.
    pub fn new(channel: impl Into<String>, name: impl Into<String>) -> Self {
        Self { channel: channel.into(), name: name.into(), mail: None }
    }
}

/// What somebody decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which ask.
    pub ask: AskId,
    /// The content hash that they were shown.
    pub hash: Digest,
    /// Who.
    pub by: Identity,
    /// What.
    pub verdict: Verdict,
    /// A comment, or a denial's reason, as typed.
    pub comment: Option<String>,
    /// What the medium can show for it: an envelope's id, a signature base. Internal, never a secret.
    pub evidence: Vec<(String, String)>,
}

/// What somebody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes; for less than asked, where named.
    Approve {
        /// For how long.
        span: Option<Span>,
    },
    /// No.
    Deny,
}

/// What came of it, in words for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it was done.
    pub done: bool,
    /// In words.
    pub words: Words,
    /// The ask as it stands now, for the message to follow.
    pub standing: Option<Standing>,
}

/// Whom a notice is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// The person.
    pub person: PersonId,
    /// Their names in this channel, as the config has them.
    pub names: Vec<String>,
    /// Where they can look at the ask and decide it, for media that send links. Stored nowhere.
    #[serde(skip)]
    pub link: Option<Link>,
    /// Which accounts are believed to be theirs, for media that look people up by their address.
    #[serde(skip)]
    pub seen: SeenFirst,
}

/// Which accounts of a medium the house has seen with an address first, for telling: an address can be given to another
/// account, which the house then refuses, and which is told nothing either. Stored nowhere, and in no `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SeenFirst {
    theirs: Option<String>,
    all: Arc<BTreeSet<String>>,
}

impl SeenFirst {
    /// The account that the addressee was seen with first, if there is one, and all that anybody was.
    pub fn new(theirs: Option<String>, all: Arc<BTreeSet<String>>) -> Self {
        Self { theirs, all }
    }

    /// Whether the account that has the addressee's address now is believed to be theirs: the one that was seen with it first;
    /// where none was, one that was seen as nobody else.
    pub fn believes(&self, account: &str) -> bool {
        self.theirs.as_deref().map_or_else(|| !self.all.contains(account), |first| first == account)
    }
}

impl std::fmt::Debug for SeenFirst {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SeenFirst(…)")
    }
}

/// A link by which one person can decide one ask, made by the house over ask, hash, addressee and end.
///
/// Whoever has it is taken for its addressee, so it is shown to nobody else, and is in no `Debug`, reference, evidence or
/// error. An adapter that takes what a link sends hands it in as an [`Identity`] with the channel [`Link::CHANNEL`] and the
/// [`token`](Link::token) as name; the house, which made it, checks it, and it works once.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    url: String,
    token: String,
}

impl Link {
    /// The channel of an identity that is known by a link.
    pub const CHANNEL: &'static str = "link";

    /// A link with the token that stands in it.
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        Self { url: url.into(), token: token.into() }
    }

    /// The link, to be shown to its addressee.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The token in it.
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link(…)")
    }
}
