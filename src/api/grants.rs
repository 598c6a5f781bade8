//! Grants and claims.

use jit_types::{
    ClaimId, Form, GrantId, HouseId, Proof, RequestId, ScramVerifier, Secret, Span, SshPublicKey, Timestamp, Window,
};
use serde::{Deserialize, Serialize};

/// A grant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GrantView {
    /// Its id.
    pub id: GrantId,
    /// When it was approved.
    pub approved: Timestamp,
    /// How long the window is.
    #[serde(rename = "for")]
    pub span: Span,
    /// Until when it must be used.
    pub start_by: Timestamp,
    /// The window, once it has opened.
    pub window: Option<Window>,
    /// Why it ends or has ended: expired, released, revoked, lapsed.
    pub why: Option<String>,
    /// When it was proven over.
    pub ended: Option<Timestamp>,
    /// The claims.
    pub claims: Vec<ClaimView>,
}

/// A claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClaimView {
    /// Its id.
    pub id: ClaimId,
    /// Of which entitlement, counted from 0.
    pub entitlement: u16,
    /// When.
    pub at: Timestamp,
    /// When it ends by itself: before its window where an extension has not reached it. Missing from a broker that can't
    /// extend.
    #[serde(default)]
    pub end: Option<Timestamp>,
    /// Whether its end is being moved: the target has not said yes yet.
    #[serde(default)]
    pub moving: bool,
    /// Where it stands: issuing, usable, ending, gone, failed.
    pub standing: String,
    /// How it is known to be usable, in words.
    pub known: Option<String>,
    /// The proof of its end.
    pub proof: Option<Proof>,
    /// How often ending it has failed in a row.
    pub failures: u32,
}

/// `POST /v1/requests/{id}/claim`. The idempotency key is the signature's nonce.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewClaim {
    /// Of which entitlement.
    pub entitlement: u16,
    /// The material.
    pub material: MaterialBody,
    /// Ed25519 over the claim's message, 128 hexadecimal digits.
    pub signature: String,
    /// The claim key, where the request has none yet: its first claim sets it. Left out where it has one, so that an older
    /// broker takes the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_key: Option<String>,
}

/// Material on the wire.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaterialBody {
    /// Nothing.
    None,
    /// The public half of a key made at the client.
    SshPublicKey(SshPublicKey),
    /// A SCRAM verifier of a password made at the client.
    ScramVerifier(#[serde(with = "verifier")] ScramVerifier),
}

/// What a claim gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClaimedView {
    /// The installation.
    pub house: HouseId,
    /// The request.
    pub request: RequestId,
    /// The grant.
    pub grant: GrantId,
    /// The claim.
    pub claim: ClaimId,
    /// When it may be used.
    pub window: Window,
    /// The credential, without what was born at the client.
    pub form: Form,
    /// The broker's clock.
    pub now: Timestamp,
}

/// `POST /v1/requests/{id}/report`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The claim whose credential was used.
    pub claim: ClaimId,
}

/// The verifier is a secret that must cross this one wire: to the broker, over its own socket.
mod verifier {
    use super::{ScramVerifier, Secret};
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(verifier: &ScramVerifier, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(verifier.expose_verifier())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<ScramVerifier, D::Error> {
        ScramVerifier::parse(Secret::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}
