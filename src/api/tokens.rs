//! Bearer tokens.

use std::collections::BTreeSet;

use jit_types::{PersonId, RoleName, Span, Timestamp, TokenId};
use serde::{Deserialize, Serialize};

/// `POST /v1/tokens`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// For whom; the caller where it is missing. For others only by an administrator.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// What it is for.
    #[serde(default)]
    pub label: String,
    /// The roles that it is limited to; every role of the person where it is missing.
    #[serde(default)]
    pub roles: Option<BTreeSet<RoleName>>,
    /// How long it lives.
    #[serde(rename = "for")]
    pub span: Span,
}

/// A token, without the token itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenView {
    /// Its id.
    pub id: TokenId,
    /// What it is for.
    pub label: String,
    /// The roles that it is limited to.
    pub roles: Option<BTreeSet<RoleName>>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// The answer to `POST /v1/tokens`: the only one that ever holds the token itself. It is kept nowhere, so the same question
/// again ends that token and is answered with the next.
#[derive(Serialize, Deserialize)]
pub struct TokenMade {
    /// The token.
    pub token: TokenView,
    /// The token itself.
    pub secret: String,
}

/// `GET /v1/tokens`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenList {
    /// The caller's tokens.
    pub tokens: Vec<TokenView>,
}
