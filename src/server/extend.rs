//! More time for a grant: what it would do, and asking for it.

use axum::Json;
use axum::extract::{Path, State};
use jit_engine::service::ExtensionPlan;
use jit_types::Timestamp;

use super::error::Problem;
use super::extract::Post;
use super::requests::{asked, whole_id};
use super::{App, view};
use crate::api::extensions::{Extend, ExtensionPlanView};
use crate::api::requests::Done;

pub(super) async fn plan(
    State(app): State<App>,
    Path(id): Path<String>,
    post: Post<Extend>,
) -> Result<Json<ExtensionPlanView>, Problem> {
    let (span, reason) = (post.body.span, post.body.reason);
    let plan = app.house.plan_extension(&post.caller, whole_id(&id)?, span, &reason).await?;
    Ok(Json(plan_view(plan, app.house.now())))
}

fn plan_view(plan: ExtensionPlan, now: Timestamp) -> ExtensionPlanView {
    let (by_rule, count, from, people) = asked(plan.asked);
    ExtensionPlanView {
        request: plan.request.id,
        grant: plan.request.grant.as_ref().map(|grant| grant.id),
        role: plan.request.role.clone(),
        span: plan.span,
        total: plan.total,
        max: plan.most,
        old_end: plan.old_end,
        new_end: plan.new_end,
        decide_by: plan.decide_by,
        by_rule,
        count,
        from,
        people,
        swept: plan.request.swept(),
        unswept: plan.request.unswept(),
        now,
    }
}

pub(super) async fn extend(
    State(app): State<App>,
    Path(id): Path<String>,
    post: Post<Extend>,
) -> Result<Json<Done>, Problem> {
    let (span, reason) = (post.body.span, post.body.reason);
    let extended = app.house.extend(&post.caller, whole_id(&id)?, span, &reason, Some(post.answer)).await?;
    let request = view::request(&app, &post.caller, &extended.request).await?;
    Ok(Json(Done { words: extended.words, request, attached: false }))
}
