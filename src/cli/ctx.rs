//! What every command gets: where things are, how to speak, whom to ask.

use std::path::PathBuf;
use std::sync::Arc;

use jit_engine::{Clock, SystemClock};
use jit_types::Timestamp;
use tokio::sync::OnceCell;

use super::exit::Error;
use super::output::{Mode, Output};
use crate::api::requests::RequestView;
use crate::client::pins::{Look, Pins};
use crate::client::{self, Broker, Client};
use crate::config::{Env, Places, env};

/// Options that every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Global {
    /// Prints for people, or JSON for programs
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        default_value = "human",
        help_heading = "Options for all commands"
    )]
    pub output: Mode,
    /// Talks to the broker behind this socket
    #[arg(long, global = true, value_name = "PATH", help_heading = "Options for all commands")]
    pub broker: Option<PathBuf>,
    /// Reads this config file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Options for all commands")]
    pub config: Option<PathBuf>,
    /// Answers yes where a person would be asked
    #[arg(long, short, global = true, help_heading = "Options for all commands")]
    pub yes: bool,
    /// Tells more on stderr; twice for even more
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = "Options for all commands")]
    pub verbose: u8,
}

/// What every command gets.
pub struct Ctx {
    /// The options that every command takes.
    pub global: Global,
    /// The environment.
    pub env: Env,
    /// Where output goes.
    pub out: Output,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    client: OnceCell<Arc<Client>>,
    agreed: OnceCell<()>,
}

impl Ctx {
    /// Looks around.
    pub fn new(global: Global, env: Env) -> Self {
        let dumb = env::var("TERM").is_some_and(|term| term == "dumb");
        let out = Output::look(global.output, env.no_color, dumb);
        Self { global, env, out, clock: Arc::new(SystemClock), client: OnceCell::new(), agreed: OnceCell::new() }
    }

    /// Now, by this machine's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The user's own places.
    ///
    /// # Errors
    /// When the user has no home.
    pub fn places(&self) -> Result<Places, Error> {
        Ok(Places::of(&self.env)?)
    }

    /// Which broker is meant.
    ///
    /// # Errors
    /// When what names it can't be trusted.
    pub fn broker(&self) -> Result<Broker, Error> {
        Ok(client::find::find(&self.env, self.global.broker.as_deref(), self.global.config.as_deref())?)
    }

    /// The client of the broker, whose log is the one that was seen here before.
    ///
    /// # Errors
    /// When there is no broker, its socket is somebody else's, or its log is another one.
    pub async fn client(&self) -> Result<Arc<Client>, Error> {
        let client = self.any_client().await?;
        let agree = || async {
            // Who names broker and token needs no home, and remembers nothing.
            let Ok(places) = self.places() else { return Ok(()) };
            Pins::of(&places.state).agree(&client, self.now(), self.look()?).await.map_err(Error::from)
        };
        self.agreed.get_or_try_init(agree).await?;
        Ok(client)
    }

    /// How the broker's log is looked at.
    ///
    /// # Errors
    /// As [`Ctx::broker`].
    pub(super) fn look(&self) -> Result<Look, Error> {
        Ok(if matches!(self.broker()?, Broker::Embedded) { Look::Any } else { Look::Same })
    }

    /// The client of the broker, whatever its log is: for what must be possible with any, ending something and looking at
    /// it. The user's own agent is started where it is the broker and does not run.
    ///
    /// # Errors
    /// When there is no broker, or its socket is somebody else's.
    pub async fn any_client(&self) -> Result<Arc<Client>, Error> {
        let made = self.client.get_or_try_init(|| async {
            // Who names broker and token needs no home.
            let places = self.places();
            let socket = match self.broker()? {
                Broker::Socket(socket) => socket,
                Broker::Embedded => super::embedded::socket(self, places.as_ref().map_err(Clone::clone)?).await?,
            };
            if self.global.verbose > 0 {
                self.out.note(format!("broker: {}", socket.display()));
            }
            // Read anew: a token is kept nowhere but in the client.
            let token = client::token::find(Env::read(), places.ok().as_ref())?;
            Ok::<_, Error>(Arc::new(Client::new(&socket, token)?))
        });
        made.await.cloned()
    }

    /// Whether a client was made, and so a broker talked to.
    pub(super) fn talked(&self) -> Option<Arc<Client>> {
        self.client.get().cloned()
    }

    /// Starts the user's agent again, where it is the broker and has gone: whoever waits for a request waits on.
    pub(super) async fn revive(&self) {
        if let (Ok(Broker::Embedded), Ok(places)) = (self.broker(), self.places()) {
            // Where it can't be started now, the wait goes on, and this is tried again.
            drop(super::embedded::socket(self, &places).await);
        }
    }

    /// Forgets the claim keys of own requests that are over. Where they can't be got at, they are of no use either.
    pub(super) fn tidy(&self, requests: &[RequestView]) {
        if let Ok(keys) = self.claim_keys() {
            keys.tidy(requests);
        }
    }

    /// The user's claim keys.
    ///
    /// # Errors
    /// When their directory is not this user's alone.
    pub fn claim_keys(&self) -> Result<client::claims::ClaimKeys, Error> {
        Ok(client::claims::ClaimKeys::open(&self.places()?.state)?)
    }
}
