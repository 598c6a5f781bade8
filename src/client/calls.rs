//! The calls that the program makes, each with its route.

use std::time::Duration;

use jit_types::{ClaimId, Digest, HouseId, RequestId, Span, TokenId};

use super::claims::ClaimKey;
use super::material::{self, Kept};
use super::{CLAIM_PATIENCE, Client, Error, PATIENCE, idempotency_key};
use crate::api::audit::Diagnosis;
use crate::api::config::Reloaded;
use crate::api::extensions::{Extend, ExtensionPlanView};
use crate::api::grants::{ClaimedView, NewClaim, Report};
use crate::api::requests::{
    Decide, Done, GivesView, NewRequest, PlanView, RequestList, RequestView, Revoke, RoleView, Status, WhoAmI, Wish,
};
use crate::api::tokens::{NewToken, TokenList, TokenMade, TokenView};
use crate::api::{ErrorKind, Failure};

/// Which requests are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The caller's own.
    Mine,
    /// Those that wait for the caller.
    Waiting,
    /// All open ones that the caller may see.
    Open,
}

impl Scope {
    fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Waiting => "waiting",
            Self::Open => "open",
        }
    }
}

/// A credential as it was claimed, with the half that was born here.
pub struct Claimed {
    /// What the broker gave.
    pub view: ClaimedView,
    /// What never left.
    pub kept: Kept,
}

impl Client {
    /// Has the broker read its config anew.
    ///
    /// # Errors
    /// As [`Client::get`]; what is wrong with the config.
    pub async fn reload_config(&self) -> Result<Reloaded, Error> {
        self.post("/v1/config/reload", &(), CLAIM_PATIENCE).await
    }

    /// Asks what a request would do.
    ///
    /// # Errors
    /// As [`Client::get`], like every call here.
    pub async fn plan(&self, wish: &Wish) -> Result<PlanView, Error> {
        self.post("/v1/plan", wish, PATIENCE).await
    }

    /// Files a request.
    ///
    /// # Errors
    /// What the rules refuse.
    pub async fn file(&self, wish: &Wish, key: &ClaimKey) -> Result<Done, Error> {
        let new = NewRequest { wish: wish.clone(), claim_key: key.public() };
        self.post("/v1/requests", &new, PATIENCE).await
    }

    /// Lists requests.
    ///
    /// # Errors
    /// What the broker says.
    pub async fn requests(&self, scope: Scope, most: u32) -> Result<RequestList, Error> {
        self.requests_changed(scope, most, None, Span::ZERO).await
    }

    /// Lists requests once the list is no longer as it was seen, or after so long.
    ///
    /// # Errors
    /// What the broker says.
    pub async fn requests_changed(
        &self,
        scope: Scope,
        most: u32,
        seen: Option<Digest>,
        wait: Span,
    ) -> Result<RequestList, Error> {
        let mut query = vec![("scope", scope.word().to_owned()), ("most", most.to_string())];
        if let Some(seen) = seen {
            query.extend([("seen", seen.to_string()), ("wait", wait.secs().to_string())]);
        }
        self.get("/v1/requests", &query, PATIENCE.saturating_add(wait.std())).await
    }

    /// Finds a request by its id, its grant's, or a unique beginning of one.
    ///
    /// # Errors
    /// When there is none that the caller may see.
    pub async fn request(&self, id: &str) -> Result<RequestView, Error> {
        self.get(&format!("/v1/requests/{}", segment(id)?), &[], PATIENCE).await
    }

    /// Waits until a request is no longer as it was seen, for at most so long.
    ///
    /// # Errors
    /// What the broker says.
    pub async fn changed(&self, id: RequestId, seen: Digest, wait: Span) -> Result<RequestView, Error> {
        let query = [("seen", seen.to_string()), ("wait", wait.secs().to_string())];
        let patience = wait.std().saturating_add(Duration::from_secs(10));
        self.get(&format!("/v1/requests/{id}"), &query, patience).await
    }

    /// Decides an ask.
    ///
    /// # Errors
    /// What the rules refuse.
    pub async fn decide(&self, id: RequestId, decide: &Decide) -> Result<Done, Error> {
        self.post(&format!("/v1/requests/{id}/decide"), decide, PATIENCE).await
    }

    /// Takes an own request back.
    ///
    /// # Errors
    /// When it is decided.
    pub async fn cancel(&self, id: RequestId) -> Result<Done, Error> {
        self.post(&format!("/v1/requests/{id}/cancel"), &(), PATIENCE).await
    }

    /// Asks what an extension would do.
    ///
    /// # Errors
    /// When it may not be asked for.
    pub async fn plan_extension(&self, id: RequestId, extend: &Extend) -> Result<ExtensionPlanView, Error> {
        self.post(&format!("/v1/requests/{id}/extend/plan"), extend, PATIENCE).await
    }

    /// Asks for more time for an own grant.
    ///
    /// # Errors
    /// What the rules refuse.
    pub async fn extend(&self, id: RequestId, extend: &Extend) -> Result<Done, Error> {
        self.post(&format!("/v1/requests/{id}/extend"), extend, PATIENCE).await
    }

    /// Gives an own grant back.
    ///
    /// # Errors
    /// When there is none.
    pub async fn release(&self, id: RequestId) -> Result<Done, Error> {
        self.post(&format!("/v1/requests/{id}/release"), &(), PATIENCE).await
    }

    /// Takes a grant away.
    ///
    /// # Errors
    /// When the caller is no administrator.
    pub async fn revoke(&self, id: RequestId, reason: &str) -> Result<Done, Error> {
        self.post(&format!("/v1/requests/{id}/revoke"), &Revoke { reason: reason.to_owned() }, PATIENCE).await
    }

    /// Tells that a credential was used.
    ///
    /// # Errors
    /// When the claim is not the caller's.
    pub async fn report(&self, id: RequestId, claim: ClaimId) -> Result<(), Error> {
        self.post(&format!("/v1/requests/{id}/report"), &Report { claim }, PATIENCE).await
    }

    /// Claims one entitlement's credential: makes what it wants, signs the claim, and keeps the secret half here. `sets` says
    /// that the request has no claim key yet, and this claim brings it.
    ///
    /// # Errors
    /// What rules or target refuse.
    pub async fn claim(
        &self,
        id: RequestId,
        entitlement: u16,
        gives: &GivesView,
        key: &ClaimKey,
        sets: bool,
    ) -> Result<Claimed, Error> {
        let house = self.house().await?;
        let nonce = idempotency_key()?;
        let born = material::make(gives.material)?;
        let digest = born.material.digest();
        let message = jit_engine::service::claim_message(house, id, entitlement, &digest, &nonce);
        let claim_key = sets.then(|| key.public());
        let signature = key.sign(&message);
        let new = NewClaim { entitlement, material: material::body(born.material), signature, claim_key };
        let view = self.post_keyed(&format!("/v1/requests/{id}/claim"), &new, &nonce, CLAIM_PATIENCE).await?;
        Ok(Claimed { view, kept: born.kept })
    }

    /// The installation behind the socket.
    ///
    /// # Errors
    /// What the broker says.
    pub async fn house(&self) -> Result<HouseId, Error> {
        let ask = || async { Ok::<_, Error>(self.status().await?.house) };
        self.house.get_or_try_init(ask).await.copied()
    }

    /// The roles that the caller may ask for.
    ///
    /// # Errors
    /// What the broker says.
    pub async fn roles(&self) -> Result<Vec<RoleView>, Error> {
        self.get("/v1/roles", &[], PATIENCE).await
    }

    /// Who the caller is.
    ///
    /// # Errors
    /// What the broker says.
    pub async fn whoami(&self) -> Result<WhoAmI, Error> {
        self.get("/v1/whoami", &[], PATIENCE).await
    }

    /// How the broker is.
    ///
    /// # Errors
    /// What the broker says.
    pub async fn status(&self) -> Result<Status, Error> {
        self.get("/v1/status", &[], PATIENCE).await
    }

    /// What the broker finds when it looks at itself and its targets, which may take a while.
    ///
    /// # Errors
    /// When the caller is no administrator.
    pub async fn doctor(&self) -> Result<Diagnosis, Error> {
        self.get("/v1/doctor", &[], Duration::from_secs(120)).await
    }

    /// The caller's tokens.
    ///
    /// # Errors
    /// What the broker says.
    pub async fn tokens(&self) -> Result<TokenList, Error> {
        self.get("/v1/tokens", &[], PATIENCE).await
    }

    /// Makes a token.
    ///
    /// # Errors
    /// What the rules refuse.
    pub async fn create_token(&self, new: &NewToken) -> Result<TokenMade, Error> {
        self.post("/v1/tokens", new, PATIENCE).await
    }

    /// Ends a token.
    ///
    /// # Errors
    /// When there is none that the caller may end.
    pub async fn revoke_token(&self, id: TokenId) -> Result<TokenView, Error> {
        self.post(&format!("/v1/tokens/{id}/revoke"), &(), PATIENCE).await
    }
}

/// Holds an id, or the beginning of one, to what ids are made of: what was typed becomes part of a path.
fn segment(id: &str) -> Result<&str, Error> {
    let plain = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain {
        return Ok(id);
    }
    let shown: String = id.chars().take(40).flat_map(char::escape_debug).collect();
    let message = format!("`{shown}` is not an id; one looks like req_01jb2k…");
    let failure = Failure { about: "id".to_owned(), ..Failure::new(ErrorKind::Invalid, message) };
    Err(failure.hint("`jit list` shows yours").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ids_are_made_of_goes_into_a_path() {
        for ok in ["req_01jb2k", "gr_01JB"] {
            assert!(segment(ok).is_ok(), "{ok}");
        }
        for bad in ["", "../tokens", "req_1/decide", "req_1?x", "req 1", "req_%2e", &"x".repeat(65), "\u{1b}[2J"] {
            let error = segment(bad).expect_err(bad).to_string();
            assert!(!error.contains('\u{1b}'), "{error}");
        }
    }
}
