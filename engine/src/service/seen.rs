//! What a caller may see.

use jit_life::policy::{self, Caller};
use jit_life::{Refused, RefusedKind, Request};

use super::refusals::Attempt;
use crate::error::Error;
use crate::house::House;
use crate::store::Query;

/// The shortest prefix that names a request: the digits of its birth alone would name many.
const SHORTEST_PREFIX: usize = 6;

/// The longest list.
const MOST: u32 = 1000;
/// How many requests are read at a time.
const PAGE: u32 = 200;
/// How many pages of a person's requests are looked through for an earlier grant.
const MOST_PAGES: usize = 20;

/// Which requests a caller wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The caller's own.
    Mine,
    /// Those that wait for the caller's decision.
    Waiting,
    /// All that the caller may see and that are open.
    Open,
    /// All that the caller may see and of which something could not be ended when it was tried, or came back.
    Stuck,
}

impl House {
    /// Finds what a caller may see by the id, or a unique beginning of the id, of a request or its grant.
    ///
    /// # Errors
    /// The same "no such" for what is not there and for what is not the caller's to see.
    pub async fn find(&self, caller: &Caller, text: &str) -> Result<Request, Error> {
        let noun = if text.starts_with("gr_") { "grant" } else { "request" };
        let long_enough = text.split_once('_').is_some_and(|(_, digits)| digits.len() >= SHORTEST_PREFIX);
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !long_enough || !plain {
            return Err(Refused::not_found(noun).into());
        }
        // One more than is wanted tells a unique prefix from one that is not; what the caller may not see does not count.
        let query = Query { prefix: Some(text.to_owned()), ..Default::default() };
        let mut seen = self.pick(query, 2, |request| self.may_see(caller, request)).await?;
        match (seen.pop(), seen.is_empty()) {
            (Some(request), true) => Ok(request),
            (Some(_), false) => {
                let message = format!("`{text}` is the beginning of several ids");
                Err(Refused::new(RefusedKind::Invalid, "id", message).hint("write a few digits more").into())
            }
            (None, _) => Err(Refused::not_found(noun).into()),
        }
    }

    /// Lists what a caller may see, newest first.
    ///
    /// # Errors
    /// When the store can't be used.
    pub async fn list(&self, caller: &Caller, scope: Scope, most: u32) -> Result<Vec<Request>, Error> {
        let mut query = Query::default();
        match scope {
            Scope::Mine => query.subject = Some(caller.subject),
            Scope::Waiting => query.waiting = true,
            Scope::Open => query.open = true,
            Scope::Stuck => query.unended = true,
        }
        let keep = |request: &Request| match scope {
            Scope::Waiting => self.can_decide(caller, request),
            Scope::Mine | Scope::Open => self.may_see(caller, request),
            Scope::Stuck => stuck(request) && self.may_see(caller, request),
        };
        self.pick(query, most.clamp(1, MOST) as usize, keep).await
    }

    /// Reads on, newest first, until there are so many of those that are wanted: what a caller may not see, however much of
    /// it there is, hides nothing of what they may. One page is in memory at a time.
    async fn pick(
        &self,
        query: Query,
        most: usize,
        keep: impl Fn(&Request) -> bool + Send,
    ) -> Result<Vec<Request>, Error> {
        let mut picked = Vec::new();
        let mut before = None;
        while picked.len() < most {
            let page = self.store().requests(Query { before, most: PAGE, ..query.clone() }).await?;
            let last = (page.len() as u32) < PAGE;
            before = page.last().map(|request| request.id);
            picked.extend(page.into_iter().filter(&keep).take(most - picked.len()));
            if last {
                break;
            }
        }
        Ok(picked)
    }

    /// Whether the record holds no grant of this role that its requester has ever used. One page of requests is in memory at a
    /// time; whoever has asked for very much is not there for the first time.
    pub(crate) async fn is_first(&self, request: &Request) -> Result<bool, Error> {
        let mut before = None;
        for _ in 0..MOST_PAGES {
            let query = Query { subject: Some(request.subject), before, most: PAGE, ..Query::default() };
            let page = self.store().requests(query).await?;
            let used = |other: &Request| other.grant.as_ref().is_some_and(|grant| grant.window.is_some());
            if page.iter().any(|other| other.id != request.id && other.role == request.role && used(other)) {
                return Ok(false);
            }
            before = page.last().map(|request| request.id);
            if (page.len() as u32) < PAGE {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a caller may have the house look at itself and its targets; whoever may not and tries is in the record.
    ///
    /// # Errors
    /// When the caller is no administrator, or is locked.
    pub async fn may_diagnose(&self, caller: &Caller) -> Result<(), Error> {
        self.administers(caller, "route", Attempt::new("house.diagnosed")).await.map(|_| ())
    }

    /// Whether an ask of this request waits for this caller: not their own, and not said yet.
    pub fn can_decide(&self, caller: &Caller, request: &Request) -> bool {
        let Some(ask) = request.pending() else { return false };
        let said = ask.reviews.iter().any(|review| review.subject == caller.subject && !review.void);
        request.subject != caller.subject
            && !said
            && policy::may_decide(&self.rules(), caller, &request.role, &self.subjects()).is_ok()
    }
}

/// Whether something of a request could not be ended when it was tried last.
fn stuck(request: &Request) -> bool {
    request.grant.iter().flat_map(|grant| &grant.claims).any(|claim| claim.failures > 0)
}
