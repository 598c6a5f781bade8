//! A broker as the [`Source`] of what the agent keeps.

use std::sync::Arc;
use std::time::Duration;

use jit_engine::{BoxFuture, Clock, SystemClock};
use jit_types::{Digest, GrantId, RequestId, Span};

use super::held::Held;
use super::keep::{Source, Standing};
use super::place;
use crate::api::requests::{self, RequestView};
use crate::api::{ErrorKind, Failure};
use crate::client::claims::ClaimKeys;
use crate::client::{self, Client, Scope};

/// For how long one question about a change waits at the broker.
const AT_ONCE: Span = Span::from_secs(25);
/// After how long a broker that is away is asked again.
const AGAIN: Duration = Duration::from_secs(3);

/// One broker, through one token.
pub(super) struct Broker {
    client: Arc<Client>,
    keys: ClaimKeys,
}

impl Broker {
    /// Takes a client, and the keys that requests were filed with.
    pub(super) fn new(client: Arc<Client>, keys: ClaimKeys) -> Self {
        Self { client, keys }
    }

    async fn find(&self, of: &str) -> Result<RequestView, Failure> {
        if of.starts_with("req_") || of.starts_with("gr_") {
            return self.client.request(of).await.map_err(failure);
        }
        let mine = self.client.requests(Scope::Mine, 100).await.map_err(failure)?.requests;
        let of_role: Vec<RequestView> = mine.into_iter().filter(|view| view.role.as_str() == of).collect();
        let held = |view: &RequestView| matches!(view.standing, requests::Standing::Ready | requests::Standing::Active);
        let pending = of_role.iter().find(|view| view.standing == requests::Standing::Pending).map(|view| view.id);
        let mut open: Vec<RequestView> = of_role.into_iter().filter(held).collect();
        let first = open.pop();
        match (first, open.first(), pending) {
            (Some(one), None, _) => Ok(one),
            (Some(one), Some(other), _) => {
                let message = format!("you hold more than one grant of `{of}`: {} and {}", one.id, other.id);
                Err(Failure::new(ErrorKind::Invalid, message).hint("name the one that you mean"))
            }
            (None, _, Some(id)) => Err(Failure::new(ErrorKind::Pending, format!("{id} is not decided yet"))
                .hint(format!("`jit show {id}` says who can decide"))),
            (None, _, None) => {
                let shown: String = of.chars().take(63).flat_map(char::escape_debug).collect();
                Err(Failure::new(ErrorKind::NotFound, format!("you hold no grant of `{shown}`"))
                    .hint(format!("ask for it: jit request {shown} --reason …")))
            }
        }
    }

    async fn claimed(&self, of: &Standing, entitlement: u16) -> Result<Held, Failure> {
        let missing = || Failure::new(ErrorKind::Bug, "there is no such entitlement");
        let gives = of.gives.get(usize::from(entitlement)).ok_or_else(missing)?;
        let key = if of.keyless { self.keys.first(of.request) } else { self.keys.of(of.request) };
        let key = key.map_err(failure)?;
        let claimed = self.client.claim(of.request, entitlement, gives, &key, of.keyless).await.map_err(failure)?;
        let view = claimed.view;
        Ok(Held {
            house: view.house,
            role: of.role.clone(),
            backend: gives.backend.clone(),
            request: view.request,
            grant: view.grant,
            claim: view.claim,
            entitlement,
            window: view.window,
            ends: None,
            ahead: view.now.millis().saturating_sub(SystemClock.now().millis()),
            form: view.form,
            born: claimed.kept.into(),
        })
    }
}

impl Source for Broker {
    fn resolve<'a>(&'a self, of: &'a str) -> BoxFuture<'a, Result<Standing, Failure>> {
        Box::pin(async move {
            let view = self.find(of).await?;
            if !view.mine {
                let message = format!("{} is somebody else's", view.id);
                return Err(Failure::new(ErrorKind::Denied, message).hint("`jit list` shows yours"));
            }
            match (view.standing, view.grant.as_ref().map(|grant| grant.id)) {
                (requests::Standing::Ready | requests::Standing::Active, Some(grant)) => Ok(standing(&view, grant)),
                _ => Err(not_open(&view)),
            }
        })
    }

    fn claim<'a>(&'a self, of: &'a Standing, entitlement: u16) -> BoxFuture<'a, Result<Held, Failure>> {
        Box::pin(self.claimed(of, entitlement))
    }

    fn changed(&self, request: RequestId, seen: Digest) -> BoxFuture<'_, Result<Option<Standing>, Failure>> {
        Box::pin(async move {
            match self.client.changed(request, seen, AT_ONCE).await {
                Ok(view) if view.version == seen => Ok(None),
                Ok(view) => Ok(view.grant.as_ref().map(|grant| standing(&view, grant.id))),
                Err(error) if error.retryable() => {
                    tokio::time::sleep(AGAIN).await;
                    Ok(None)
                }
                Err(error) => Err(failure(error)),
            }
        })
    }

    fn over(&self, request: RequestId) {
        self.keys.forget(request);
    }
}

fn standing(view: &RequestView, grant: GrantId) -> Standing {
    let of = view.grant.as_ref();
    let claims = of.map(|grant| grant.claims.as_slice()).unwrap_or_default();
    let ends = claims.iter().filter_map(|claim| Some((claim.id, claim.end?)));
    let dead = claims.iter().filter(|claim| matches!(claim.standing.as_str(), "ending" | "gone" | "failed"));
    Standing {
        request: view.id,
        keyless: view.keyless,
        grant,
        role: view.role.clone(),
        version: view.version,
        window: of.and_then(|grant| grant.window),
        gives: view.gives.clone(),
        ends: ends.collect(),
        dead: dead.map(|claim| claim.id).collect(),
        over: is_over(view.standing),
    }
}

/// Whether nothing can come of it any more. What this version does not know is not over.
fn is_over(standing: requests::Standing) -> bool {
    use requests::Standing::{Active, Cancelled, Denied, Ended, Ending, Lapsed, Pending, Ready, Unknown};
    match standing {
        Denied | Cancelled | Lapsed | Ending | Ended => true,
        Pending | Ready | Active | Unknown => false,
    }
}

/// Why a request that is not open gives nothing.
fn not_open(view: &RequestView) -> Failure {
    let id = view.id;
    let (kind, what) = match view.standing {
        requests::Standing::Pending => (ErrorKind::Pending, "is not decided yet"),
        requests::Standing::Denied => (ErrorKind::Denied, "was denied"),
        requests::Standing::Cancelled => (ErrorKind::Lapsed, "was cancelled"),
        requests::Standing::Lapsed => (ErrorKind::Lapsed, "has lapsed: nobody decided in time"),
        _ => (ErrorKind::Lapsed, "is over"),
    };
    Failure::new(kind, format!("{id} {what}")).hint(format!("`jit show {id}` has the whole story"))
}

/// What a call's error says, for another process.
pub(super) fn failure(error: client::Error) -> Failure {
    match error {
        client::Error::Failure(failure) | client::Error::Unreachable(failure) => failure,
        client::Error::Place(error) => place(error),
    }
}
