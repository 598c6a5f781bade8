//! Approval in Slack.
//!
//! The adapter goes to Slack, over Socket Mode: the broker needs no address that the world can reach. It posts each ask
//! with buttons, hands presses and slash commands to the desk as who Slack vouches for, and lets the message follow to its
//! end. It stores nothing; a [`MessageRef`] says where a message is.
//!
//! What Slack's pages say stands beside each rule by the name of the page: `docs.slack.dev/reference/…`.

#![warn(missing_docs)]

mod answer;
mod blocks;
mod check;
mod command;
#[cfg(feature = "testkit")]
pub mod double;
mod fault;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod listen;
mod manifest;
mod people;
mod press;
mod render;
mod room;
mod rows;
mod seen;
mod settings;
mod socket;
mod tell;
mod typed;
mod web;

use std::sync::Arc;

use jit_approval::{
    Adapter, BoxFuture, Capability, Check, Desk, Error, Listeners, MessageRef, Notice, Raw, Reply, Secrets,
};
use tokio::sync::{Mutex, OnceCell};

pub use manifest::{MAIL_SCOPE, SCOPES, manifest};
pub use render::LONGEST;
pub use settings::{AsksIn, Settings, SlackKind};

/// A Slack workspace, over one app of it.
#[derive(Clone)]
pub struct Slack(Arc<Inner>);

/// What all tasks of one adapter share.
struct Inner {
    settings: Settings,
    web: web::Web,
    /// The team that the bot token was seen to be of, once it was seen to be the right one.
    team: OnceCell<()>,
    room: Mutex<Option<room::Known>>,
    sent: Mutex<tell::Sent>,
    seen: seen::Seen,
    sockets: socket::Count,
}

impl Slack {
    /// The word in `kind = "slack"`, and the channel of the identities that it hands in.
    pub const KIND: &'static str = "slack";

    /// Opens the adapter: reads its tokens; nothing is connected yet.
    ///
    /// # Errors
    /// When a token can't be read, or is none of the sort that Slack gives for this.
    pub async fn open(settings: Settings, secrets: &dyn Secrets) -> Result<Self, Error> {
        let bot = secrets.read(&settings.bot_token).await?;
        let app = secrets.read(&settings.app_token).await?;
        let web = web::Web::new(&settings.api, bot, app)?;
        Ok(Self(Arc::new(Inner {
            settings,
            web,
            team: OnceCell::new(),
            room: Mutex::default(),
            sent: Mutex::default(),
            seen: seen::Seen::default(),
            sockets: socket::Count::default(),
        })))
    }
}

impl Adapter for Slack {
    fn capability(&self) -> Capability {
        Capability {
            kind: Self::KIND,
            decides: true,
            edits: true,
            threads: true,
            direct: true,
            longest: LONGEST,
            // Slack keeps no key with a message, and looking for it would take the right to read the channel.
            deduplicates: false,
            listeners: Listeners::One,
        }
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(self.0.check())
    }

    fn announce<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<MessageRef, Error>> {
        Box::pin(self.0.announce(notice))
    }

    fn update<'a>(&'a self, message: &'a MessageRef, notice: &'a Notice) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.0.update(message, notice))
    }

    fn listen(&self, desk: Arc<dyn Desk>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(listen::listen(Arc::clone(&self.0), desk))
    }

    fn receive<'a>(&'a self, _raw: Raw<'a>, _desk: &'a dyn Desk) -> BoxFuture<'a, Reply> {
        // Nothing of Slack's comes by HTTP: it comes over the socket that we opened.
        Box::pin(async {
            Reply { status: 404, content_type: "text/plain; charset=utf-8", body: "not found\n".to_owned() }
        })
    }
}
