//! What a caller may ask for, who they are, how the house is.

use axum::Json;
use axum::extract::State;
use jit_engine::service::seen::Scope;
use jit_life::policy;
use jit_life::role::{Approval, ParamType, Role};
use jit_life::{LockTarget, Locks};
use jit_types::Words;

use super::App;
use super::error::Problem;
use super::extract::Who;
use crate::api::requests::{NotGone, ParamView, RoleView, Status, WhoAmI};

pub(super) async fn roles(State(app): State<App>, Who(caller): Who) -> Json<Vec<RoleView>> {
    let rules = app.house.rules();
    let locks = app.house.store().locks();
    Json(policy::requestable(&rules, &caller).map(|one| role(one, &locks)).collect())
}

fn role(role: &Role, locks: &Locks) -> RoleView {
    let approve = match &role.approval {
        Approval::ByRule => "nobody: the rule approves".to_owned(),
        Approval::ByPeople { count, from } => format!("{count} of {}", policy::describe(from)),
    };
    let params = role.params.iter().map(|(name, param)| ParamView {
        name: name.clone(),
        about: param.about.clone(),
        allowed: param.kind.describe(),
        choices: if let ParamType::Choice(of) = &param.kind { of.clone() } else { Vec::new() },
    });
    RoleView {
        role: role.name.clone(),
        about: role.about.clone(),
        default: role.limits.default,
        max: role.limits.max,
        approve: Words::new(approve),
        reason_help: role.reason.help.clone(),
        reason_pattern: role.reason.pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
        params: params.collect(),
        locked: locks.holds(&LockTarget::Role(role.name.clone())),
    }
}

pub(super) async fn whoami(State(app): State<App>, Who(caller): Who) -> Json<WhoAmI> {
    let rules = app.house.rules();
    let groups = rules.people.get(&caller.person).map(|p| p.groups.iter().cloned().collect());
    let locks = app.house.store().locks();
    let own = LockTarget::Person(caller.subject);
    let locked = locks.iter().find(|lock| lock.target == own).map(|lock| lock.at);
    Json(WhoAmI {
        locked,
        administrator: app.house.may_administer(&caller, "house").is_ok(),
        groups: groups.unwrap_or_default(),
        person: caller.person,
        principal: caller.principal,
        only_roles: caller.only_roles,
    })
}

pub(super) async fn status(State(app): State<App>, Who(caller): Who) -> Result<Json<Status>, Problem> {
    let house = &app.house;
    let open = house.list(&caller, Scope::Stuck, 1000).await?;
    let mut not_gone = Vec::new();
    for request in &open {
        let Some(grant) = &request.grant else { continue };
        for claim in grant.claims.iter().filter(|claim| claim.failures > 0) {
            not_gone.push(NotGone {
                request: request.id,
                grant: grant.id,
                role: request.role.clone(),
                backend: request.entitlement(claim).map(|gives| gives.backend.to_string()).unwrap_or_default(),
                tries: claim.failures,
            });
        }
    }
    Ok(Json(Status {
        house: house.id(),
        version: crate::api::VERSION.to_owned(),
        verifier_key: house.verifier_key(),
        log_size: house.store().log().head().0,
        now: house.now(),
        since: app.since,
        shape: app.shape.to_owned(),
        backends: house.backends().keys().map(ToString::to_string).collect(),
        channels: house.channels().keys().map(ToString::to_string).collect(),
        not_gone,
        locks: super::locks::seen(house, &caller).await?,
    }))
}
