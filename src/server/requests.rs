//! Requests: plan, file, list, show and wait, decide, cancel.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use jit_engine::service::{Asked, Plan, seen};
use jit_life::Verdict;
use jit_life::policy;
use jit_types::{Digest, PersonId, RequestId, Words};
use serde::Deserialize;

use super::error::Problem;
use super::extract::{Post, Who};
use super::{App, view};
use crate::api::requests::{Decide, Done, NewRequest, PlanView, RequestList, RequestView, Wish};
use crate::api::{ErrorKind, Failure};

/// The longest that a request is held open while nothing changes.
const LONGEST_WAIT: u64 = 55;

fn deadline(wait: Option<u64>) -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(wait.unwrap_or(0).min(LONGEST_WAIT))
}

fn wish(wish: Wish) -> policy::Wish {
    policy::Wish { role: wish.role, params: wish.params, span: wish.span, reason: wish.reason }
}

pub(super) async fn plan(State(app): State<App>, post: Post<Wish>) -> Result<Json<PlanView>, Problem> {
    let plan = app.house.plan(&post.caller, &wish(post.body)).await?;
    Ok(Json(plan_view(plan)))
}

/// Who is asked, as the wire says it: whether the rule approves, how many, whom in words, and who that is.
pub(super) fn asked(asked: Asked) -> (bool, u32, Words, BTreeSet<PersonId>) {
    match asked {
        Asked::Rule => (true, 0, Words::new("nobody: the rule approves"), BTreeSet::new()),
        Asked::People { count, from, people } => (false, count, from, people),
    }
}

fn plan_view(plan: Plan) -> PlanView {
    let (by_rule, count, from, people) = asked(plan.asked);
    PlanView {
        role: plan.role,
        about: plan.about,
        gives: plan.gives,
        warnings: plan.warnings,
        params: plan.params,
        span: plan.span,
        by_rule,
        count,
        from,
        people,
        decide_by: plan.decide_by,
        start_by: plan.start_by,
        worst_end: plan.worst_end,
        swept: plan.swept,
        unswept: plan.unswept,
        covered_by: plan.covered_by,
    }
}

pub(super) async fn file(State(app): State<App>, post: Post<NewRequest>) -> Result<Json<Done>, Problem> {
    let filed = app.house.file(&post.caller, &wish(post.body.wish), &post.body.claim_key, Some(post.answer)).await?;
    let words = Words::new(if filed.attached { "this request is open already" } else { "filed" });
    let request = view::request(&app, &post.caller, &filed.request).await?;
    Ok(Json(Done { words, request, attached: filed.attached }))
}

#[derive(Deserialize)]
pub(super) struct ListQuery {
    scope: Option<String>,
    most: Option<u32>,
    seen: Option<Digest>,
    wait: Option<u64>,
}

/// After a change, how long it is waited for more before a list is read again: under load there is a change a moment.
const MORE: Duration = Duration::from_millis(50);

pub(super) async fn list(
    State(app): State<App>,
    Who(caller): Who,
    Query(query): Query<ListQuery>,
) -> Result<Json<RequestList>, Problem> {
    let scope = match query.scope.as_deref() {
        None | Some("mine") => seen::Scope::Mine,
        Some("waiting") => seen::Scope::Waiting,
        Some("open") => seen::Scope::Open,
        Some(_) => {
            return Err(Failure::new(ErrorKind::Invalid, "`scope` is one of mine, waiting, open").into());
        }
    };
    let mut changes = app.house.store().changes();
    let deadline = deadline(query.wait);
    let (found, version) = loop {
        changes.mark_unchanged();
        let found = app.house.list(&caller, scope, query.most.unwrap_or(50)).await?;
        let version = view::version_of(&found);
        if query.seen != Some(version) || !app.changed(&mut changes, deadline).await {
            break (found, version);
        }
        tokio::time::sleep(MORE).await;
    };
    let mut requests = Vec::with_capacity(found.len());
    for request in &found {
        requests.push(view::request(&app, &caller, request).await?);
    }
    let waiting = app.house.list(&caller, seen::Scope::Waiting, 1000).await?.len();
    let waiting_for_you = u32::try_from(waiting).unwrap_or(u32::MAX);
    Ok(Json(RequestList { requests, waiting_for_you, version: Some(version) }))
}

#[derive(Deserialize)]
pub(super) struct ShowQuery {
    seen: Option<Digest>,
    wait: Option<u64>,
}

pub(super) async fn show(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Json<RequestView>, Problem> {
    let mut changes = app.house.store().changes();
    let deadline = deadline(query.wait);
    loop {
        changes.mark_unchanged();
        let request = app.house.find(&caller, &id).await?;
        if query.seen != Some(view::version(&request)) {
            return Ok(Json(view::request(&app, &caller, &request).await?));
        }
        if !app.changed(&mut changes, deadline).await {
            return Ok(Json(view::request(&app, &caller, &request).await?));
        }
    }
}

pub(super) async fn decide(
    State(app): State<App>,
    Path(id): Path<String>,
    post: Post<Decide>,
) -> Result<Json<Done>, Problem> {
    let id = whole_id(&id)?;
    let verdict = if post.body.approve { Verdict::Approve { span: post.body.span } } else { Verdict::Deny };
    let comment = post.body.comment.as_deref();
    let decided = app.house.decide(&post.caller, id, post.body.hash, verdict, comment, Some(post.answer)).await?;
    let request = view::request(&app, &post.caller, &decided.request).await?;
    Ok(Json(Done { words: decided.words, request, attached: false }))
}

pub(super) async fn cancel(
    State(app): State<App>,
    Path(id): Path<String>,
    post: Post<()>,
) -> Result<Json<Done>, Problem> {
    let (words, request) = app.house.cancel(&post.caller, whole_id(&id)?, Some(post.answer)).await?;
    let request = view::request(&app, &post.caller, &request).await?;
    Ok(Json(Done { words, request, attached: false }))
}

/// What changes something names it whole: a prefix is for looking.
pub(super) fn whole_id(text: &str) -> Result<RequestId, Problem> {
    text.parse().map_err(|_| Problem::from(jit_life::Refused::not_found("request")))
}
