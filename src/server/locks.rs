//! Locks and erasures.

use axum::Json;
use axum::extract::State;
use jit_engine::service::lock::Whom;
use jit_engine::{Error, House};
use jit_life::LockTarget;
use jit_life::policy::Caller;
use jit_types::Words;

use super::App;
use super::error::Problem;
use super::extract::{Post, Who};
use crate::api::locks::{CopyView, Erase, EraseDone, LockDone, LockList, LockView, SetLock};
use crate::api::{ErrorKind, Failure};

/// The locks that concern a caller.
pub(super) async fn seen(house: &House, caller: &Caller) -> Result<Vec<LockView>, Error> {
    let locks = house.locks(caller).await?.into_iter().map(|lock| LockView {
        person: lock.person,
        role: lock.role,
        since: lock.since,
        by: lock.by,
        reason: lock.reason.map(|free| free.0),
    });
    Ok(locks.collect())
}

pub(super) async fn list(State(app): State<App>, Who(caller): Who) -> Result<Json<LockList>, Problem> {
    Ok(Json(LockList { locks: seen(&app.house, &caller).await? }))
}

pub(super) async fn lock(State(app): State<App>, post: Post<SetLock>) -> Result<Json<LockDone>, Problem> {
    let whom = whom(&post.body)?;
    let set = app.house.lock(&post.caller, &whom, &post.body.reason, Some(post.answer)).await?;
    Ok(Json(done(&app, set)))
}

pub(super) async fn unlock(State(app): State<App>, post: Post<SetLock>) -> Result<Json<LockDone>, Problem> {
    let whom = whom(&post.body)?;
    let set = app.house.unlock(&post.caller, &whom, &post.body.reason, Some(post.answer)).await?;
    Ok(Json(done(&app, set)))
}

fn whom(body: &SetLock) -> Result<Whom, Failure> {
    match (&body.person, &body.role, &body.name) {
        (Some(person), None, None) => Ok(Whom::Person(person.clone())),
        (None, Some(role), None) => Ok(Whom::Role(role.clone())),
        (None, None, Some(name)) => Ok(Whom::Either(name.clone())),
        _ => Err(Failure::new(ErrorKind::Invalid, "exactly one of `person`, `role` and `name` says who is meant")),
    }
}

fn done(app: &App, (words, target): (Words, LockTarget)) -> LockDone {
    match target {
        LockTarget::Person(subject) => LockDone { words, person: app.house.person(subject), role: None },
        LockTarget::Role(role) => LockDone { words, person: None, role: Some(role) },
    }
}

pub(super) async fn erase(State(app): State<App>, post: Post<Erase>) -> Result<Json<EraseDone>, Problem> {
    let erased = app.house.erase(&post.caller, &post.body.person).await?;
    let copies = erased.copies.into_iter();
    let copies = copies.map(|copy| CopyView { request: copy.request, channel: copy.channel, message: copy.message });
    Ok(Json(EraseDone { requests: erased.requests, copies: copies.collect(), configured: erased.configured }))
}
