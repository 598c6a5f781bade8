//! Grants: claim, report, release, revoke.

use axum::Json;
use axum::extract::{Path, State};
use jit_engine::service::ClaimOrder;
use jit_life::Refused;
use jit_types::Material;

use super::error::Problem;
use super::extract::Post;
use super::requests::whole_id;
use super::{App, view};
use crate::api::grants::{ClaimedView, MaterialBody, NewClaim, Report};
use crate::api::requests::{Done, Revoke};
use crate::api::{ErrorKind, Failure};

pub(super) async fn claim(
    State(app): State<App>,
    Path(id): Path<String>,
    post: Post<NewClaim>,
) -> Result<Json<ClaimedView>, Problem> {
    let material = match post.body.material {
        MaterialBody::None => Material::None,
        MaterialBody::SshPublicKey(key) => Material::SshPublicKey(key),
        MaterialBody::ScramVerifier(verifier) => Material::ScramVerifier(verifier),
    };
    let signature = hex::decode(&post.body.signature).map_err(|_| {
        Failure::new(ErrorKind::Invalid, "`signature` is an Ed25519 signature of 128 hexadecimal digits")
    })?;
    let order = ClaimOrder {
        request: whole_id(&id)?,
        entitlement: post.body.entitlement,
        material,
        signature: &signature,
        key: post.body.claim_key.as_deref(),
        nonce: &post.key,
        answer: post.answer,
    };
    let claimed = app.house.claim(&post.caller, order).await?;
    let grant = claimed.request.grant.as_ref().map(|grant| grant.id);
    Ok(Json(ClaimedView {
        house: app.house.id(),
        request: claimed.request.id,
        grant: grant.ok_or_else(|| Refused::not_found("grant"))?,
        claim: claimed.claim,
        window: claimed.window,
        form: claimed.form,
        now: app.house.now(),
    }))
}

pub(super) async fn report(State(app): State<App>, Path(id): Path<String>, post: Post<Report>) -> Result<(), Problem> {
    Ok(app.house.report(&post.caller, whole_id(&id)?, post.body.claim).await?)
}

pub(super) async fn release(
    State(app): State<App>,
    Path(id): Path<String>,
    post: Post<()>,
) -> Result<Json<Done>, Problem> {
    let (words, request) = app.house.release(&post.caller, whole_id(&id)?, Some(post.answer)).await?;
    let request = view::request(&app, &post.caller, &request).await?;
    Ok(Json(Done { words, request, attached: false }))
}

pub(super) async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    post: Post<Revoke>,
) -> Result<Json<Done>, Problem> {
    let revoked = app.house.revoke(&post.caller, whole_id(&id)?, &post.body.reason, Some(post.answer)).await?;
    let request = view::request(&app, &post.caller, &revoked.1).await?;
    Ok(Json(Done { words: revoked.0, request, attached: false }))
}
