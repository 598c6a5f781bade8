//! What a caller may ask for, who they are, how the house is.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use jit_backend::{Finding, FindingKind};
use jit_engine::service::seen::Scope;
use jit_life::policy;
use jit_life::role::{Approval, ParamType, Role};
use jit_types::Words;

use super::App;
use super::error::Problem;
use super::extract::Who;
use crate::api::audit::{Diagnosis, PartView};
use crate::api::requests::{NotGone, ParamView, RoleView, Status, WhoAmI};

pub(super) async fn roles(State(app): State<App>, Who(caller): Who) -> Json<Vec<RoleView>> {
    let rules = app.house.rules();
    Json(policy::requestable(&rules, &caller).map(role).collect())
}

fn role(role: &Role) -> RoleView {
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
    }
}

pub(super) async fn whoami(State(app): State<App>, Who(caller): Who) -> Json<WhoAmI> {
    let rules = app.house.rules();
    let groups = rules.people.get(&caller.person).map(|p| p.groups.iter().cloned().collect());
    Json(WhoAmI {
        administrator: policy::may_administer(&rules, &caller, "house").is_ok(),
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
    }))
}

/// Looks at everything. For administrators: what is in a target, and what is wrong with it, is not for everybody.
pub(super) async fn doctor(State(app): State<App>, Who(caller): Who) -> Result<Json<Diagnosis>, Problem> {
    let house = &app.house;
    policy::may_administer(&house.rules(), &caller, "route")?;
    let mut parts = vec![state_part(&app)];
    let live = live_names(&app).await?;
    for (name, backend) in house.backends() {
        let look = tokio::time::timeout(std::time::Duration::from_secs(30), backend.check());
        let report = look.await.unwrap_or_else(|_| jit_backend::Report {
            findings: vec![finding(FindingKind::Bad, "it did not answer within 30 seconds", None)],
            marked: vec![],
        });
        let accounted = live.get(name.as_str()).cloned().unwrap_or_default();
        let survivors = report.marked.into_iter().filter(|mark| !accounted.iter().any(|id| mark.as_str().contains(id)));
        parts.push(PartView {
            part: format!("backend {name}"),
            findings: report.findings,
            survivors: survivors.collect(),
        });
    }
    for (name, channel) in house.channels() {
        let checks = channel.check().await.into_iter();
        let findings = checks.map(|check| Finding {
            kind: if check.good { FindingKind::Good } else { FindingKind::Bad },
            what: check.what,
            remedy: check.remedy,
        });
        parts.push(PartView { part: format!("channel {name}"), findings: findings.collect(), survivors: vec![] });
    }
    Ok(Json(Diagnosis { parts, now: house.now() }))
}

/// The digits of all claims that may still be in a target, by backend: names in a target derive from them.
async fn live_names(app: &App) -> Result<BTreeMap<String, BTreeSet<String>>, Problem> {
    let query = jit_engine::store::Query { open: true, most: u32::MAX, ..Default::default() };
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in app.house.store().requests(query).await.map_err(jit_engine::Error::from)? {
        for claim in request.grant.iter().flat_map(|grant| &grant.claims).filter(|claim| claim.live()) {
            if let Some(gives) = request.entitlement(claim) {
                names.entry(gives.backend.to_string()).or_default().insert(claim.id.digits());
            }
        }
    }
    Ok(names)
}

/// The state directory must be its owner's alone.
fn state_part(app: &App) -> PartView {
    use std::os::unix::fs::PermissionsExt as _;
    let mut findings = Vec::new();
    let mode = std::fs::metadata(&app.state_directory).map(|meta| meta.permissions().mode() & 0o777);
    match mode {
        Ok(0o700) => findings.push(finding(FindingKind::Good, "the state directory is its owner's alone", None)),
        Ok(mode) => findings.push(finding(
            FindingKind::Bad,
            &format!("the state directory has mode {mode:o}"),
            Some(&format!("chmod 700 {}", app.state_directory.display())),
        )),
        Err(_) => findings.push(finding(FindingKind::Bad, "the state directory can't be looked at", None)),
    }
    for name in ["house.db", "keys.db", "openings.db", "checkpoint.key"] {
        let path = app.state_directory.join(name);
        let Ok(meta) = std::fs::metadata(&path) else { continue };
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let what = format!("{name} has mode {mode:o}");
            findings.push(finding(FindingKind::Bad, &what, Some(&format!("chmod 600 {}", path.display()))));
        }
    }
    PartView { part: "state".to_owned(), findings, survivors: vec![] }
}

fn finding(kind: FindingKind, what: &str, remedy: Option<&str>) -> Finding {
    Finding { kind, what: Words::new(what), remedy: remedy.map(Words::new) }
}
