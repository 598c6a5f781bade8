//! Who calls: from what a channel knows to a principal, and from a principal to a person.

mod peer;

use std::sync::Arc;

use jit_approval::Identity;
use jit_engine::service::Identify;
use jit_engine::{BoxFuture, House};
use jit_life::policy::Caller;
use jit_types::{PersonId, Principal, Secret};

use crate::api::{ErrorKind, Failure};

pub use peer::Peer;

/// Turns what comes over a channel into a caller.
#[derive(Clone)]
pub struct Identities {
    house: Arc<House>,
}

impl Identities {
    /// Identifies callers of a house.
    pub fn new(house: Arc<House>) -> Self {
        Self { house }
    }

    /// The caller behind a bearer token, or else behind the socket's peer.
    ///
    /// # Errors
    /// When nobody knows the token or the OS user; all unknown tokens sound the same.
    pub async fn caller(&self, peer: Option<Peer>, token: Option<&Secret>) -> Result<Caller, Failure> {
        match (token, peer) {
            (Some(token), _) => self.by_token(token).await,
            (None, Some(peer)) => self.by_peer(peer).await,
            (None, None) => Err(Failure::new(ErrorKind::NotAuthenticated, "nobody knows who you are")
                .hint("set JIT_TOKEN to a token of yours")),
        }
    }

    async fn by_token(&self, shown: &Secret) -> Result<Caller, Failure> {
        let bad = || {
            Failure::new(ErrorKind::NotAuthenticated, "this token does not hold: unknown, expired or revoked")
                .hint("make a new one with `jit token create`")
        };
        let token = self.house.token(shown).await.map_err(|_| unavailable())?.ok_or_else(bad)?;
        let person = self.house.person(token.subject).ok_or_else(bad)?;
        // A person who has left the config holds nothing any more, whatever they carry.
        if !self.house.rules().people.contains_key(&person) {
            return Err(bad());
        }
        let principal = format!("token:{}", token.id).parse().map_err(|_| bad())?;
        Ok(Caller { person, subject: token.subject, principal, superuser: false, only_roles: token.roles })
    }

    async fn by_peer(&self, peer: Peer) -> Result<Caller, Failure> {
        let unknown = |who: &str| {
            Failure::new(ErrorKind::NotAuthenticated, format!("no person in the config is the OS user {who}"))
                .hint(format!("an administrator adds `unix = \"{who}\"` to a person in `[people]`"))
        };
        let name = peer.user_name().ok_or_else(|| unknown(&format!("with uid {}", peer.uid)))?;
        let principal: Principal = format!("unix:{name}").parse().map_err(|_| unknown(&name))?;
        let mut caller = self.by_principal(principal).await?.ok_or_else(|| unknown(&name))?;
        caller.superuser = peer.uid == 0;
        Ok(caller)
    }

    /// The person of this address, over the account that was seen with it first. Whoever is named in this medium by the config
    /// is known by that name alone.
    async fn by_mail(&self, principal: Principal, mail: &str) -> Result<Option<Caller>, jit_engine::Error> {
        let rules = self.house.rules();
        let named = |known: &Principal| known.channel() == principal.channel();
        let person = mail
            .parse::<PersonId>()
            .ok()
            .filter(|person| rules.people.get(person).is_some_and(|known| !known.principals.iter().any(named)));
        let Some(person) = person else { return Ok(None) };
        let subject = self.house.subject(&person).await?;
        let caller = Caller { person, subject, principal, superuser: false, only_roles: None };
        self.house.pin(&caller).await?;
        Ok(Some(caller))
    }

    async fn by_principal(&self, principal: Principal) -> Result<Option<Caller>, Failure> {
        let rules = self.house.rules();
        let Some(person) = rules.person_of(&principal).cloned() else { return Ok(None) };
        let subject = self.house.subject(&person).await.map_err(|_| unavailable())?;
        Ok(Some(Caller { person, subject, principal, superuser: false, only_roles: None }))
    }
}

fn unavailable() -> Failure {
    Failure::new(ErrorKind::Unavailable, "the store can't be used just now").hint("try again; `jit doctor` says more")
}

impl Identify for Identities {
    fn identify<'a>(&'a self, identity: &'a Identity) -> BoxFuture<'a, Result<Option<Caller>, jit_engine::Error>> {
        Box::pin(async move {
            // Channels that this room authenticates itself can't be claimed by an adapter.
            if matches!(identity.channel.as_str(), "unix" | "token" | "house") {
                return Ok(None);
            }
            let Ok(principal) = format!("{}:{}", identity.channel, identity.name).parse::<Principal>() else {
                return Ok(None);
            };
            let away = |failure: Failure| jit_engine::Error::Unavailable(failure.message.to_string());
            if let Some(caller) = self.by_principal(principal.clone()).await.map_err(away)? {
                return Ok(Some(caller));
            }
            let Some(mail) = &identity.mail else { return Ok(None) };
            self.by_mail(principal, mail).await
        })
    }
}
