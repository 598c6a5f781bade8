//! A channel in memory that can do what chats, mail and webhooks can, and an adapter that speaks for it.
//!
//! The medium has markup of its own, so that forging can be tested: `<@NAME>` calls somebody, `<!word>` calls a room,
//! `<address|label>` and bare addresses are links, `*x*` is bold; the characters `& < > * _ ~ : @` and the backtick are
//! written as entities where they mean themselves. A message is JSON text: a list of blocks, some of which are buttons.

mod adapter;
mod command;
mod harness;
mod medium;
mod read;
mod render;

use jit_types::Span;

pub use adapter::{Fake, Touch};
pub use harness::FakeHarness;
pub use medium::{FakeMedium, MediumError};
pub use render::{Escape, escape};

/// How decisions come out of the medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Buttons, over a connection that the adapter makes.
    Socket,
    /// Buttons, in signed HTTP requests to the broker.
    Signed,
    /// Links, each to its addressee.
    Links,
    /// Not at all.
    None,
}

/// What the medium can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How decisions come.
    pub way: Way,
    /// Whether messages can be edited.
    pub edits: bool,
    /// Whether each person gets a message of their own.
    pub direct: bool,
    /// Whether a message that was posted before is known by its key.
    pub deduplicates: bool,
    /// The longest text that is taken, in characters.
    pub longest: usize,
}

impl Shape {
    /// Like a chat with an app that listens: buttons in one room, messages that can be edited.
    pub const CHAT: Self = Self { way: Way::Socket, edits: true, direct: false, deduplicates: true, longest: 6000 };
    /// Like a chat that calls the broker over HTTP.
    pub const HOOK: Self = Self { way: Way::Signed, edits: true, direct: true, deduplicates: true, longest: 6000 };
    /// Like mail: links, nothing can be taken back, and what is sent twice arrives twice.
    pub const MAIL: Self = Self { way: Way::Links, edits: false, direct: true, deduplicates: false, longest: 12_000 };
    /// Like a feed: it only tells.
    pub const FEED: Self = Self { way: Way::None, edits: false, direct: false, deduplicates: true, longest: 6000 };
}

/// The shorter time that can be approved for with one press.
pub const LESS: Span = Span::from_secs(1800);
