//! Bearer tokens.

use axum::Json;
use axum::extract::{Path, State};
use jit_engine::store::Token;
use jit_life::Refused;

use super::App;
use super::error::Problem;
use super::extract::{Post, Who};
use crate::api::tokens::{NewToken, TokenList, TokenMade, TokenView};

pub(super) async fn create(State(app): State<App>, post: Post<NewToken>) -> Result<Json<TokenMade>, Problem> {
    let NewToken { person, label, roles, span } = post.body;
    let answer = Some(post.answer);
    let made = app.house.create_token(&post.caller, person.as_ref(), &label, roles, span, answer).await?;
    // The one answer that holds it.
    let secret = made.secret.expose_secret().to_owned();
    Ok(Json(TokenMade { token: view(made.token), secret }))
}

pub(super) async fn list(State(app): State<App>, Who(caller): Who) -> Result<Json<TokenList>, Problem> {
    let tokens = app.house.tokens(&caller).await?.into_iter().map(view).collect();
    Ok(Json(TokenList { tokens }))
}

pub(super) async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    post: Post<()>,
) -> Result<Json<TokenView>, Problem> {
    let id = id.parse().map_err(|_| Refused::not_found("token"))?;
    Ok(Json(view(app.house.revoke_token(&post.caller, id).await?)))
}

fn view(token: Token) -> TokenView {
    let Token { id, label, roles, created, expires, revoked, .. } = token;
    TokenView { id, label, roles, created, expires, revoked }
}
