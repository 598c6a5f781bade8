//! The broker looks at itself: its state, its targets, its channels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use jit_backend::{Backend, Finding, FindingKind};
use jit_types::Words;
use tokio::task::JoinSet;

use super::App;
use super::error::Problem;
use super::extract::Who;
use crate::api::audit::{Diagnosis, PartView};

/// How long a target or a channel may take to be looked at.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks at everything. For administrators: what is in a target, and what is wrong with it, is not for everybody.
pub(super) async fn doctor(State(app): State<App>, Who(caller): Who) -> Result<Json<Diagnosis>, Problem> {
    let house = &app.house;
    house.may_diagnose(&caller).await?;
    let mut looks = Looks::default();
    let live = live_names(&app).await?;
    for (name, backend) in house.backends().iter() {
        let accounted = live.get(name.as_str()).cloned().unwrap_or_default();
        looks.begin(format!("backend {name}"), PATIENCE, at_backend(Arc::clone(backend), accounted));
    }
    for (name, channel) in house.channels().iter() {
        let channel = Arc::clone(channel);
        looks.begin(format!("channel {name}"), PATIENCE, async move {
            let checks = channel.check().await.into_iter();
            let findings = checks.map(|check| Finding {
                kind: if check.good { FindingKind::Good } else { FindingKind::Bad },
                what: check.what,
                remedy: check.remedy,
            });
            Found { findings: findings.collect(), survivors: vec![] }
        });
    }
    let mut parts = vec![state_part(&app), records_part(&app).await?];
    parts.extend(looks.end().await);
    Ok(Json(Diagnosis { parts, now: house.now() }))
}

/// What was found at one part.
struct Found {
    findings: Vec<Finding>,
    survivors: Vec<Words>,
}

async fn at_backend(backend: Arc<dyn Backend>, accounted: BTreeSet<String>) -> Found {
    let report = backend.check().await;
    let survivors = report.marked.into_iter().filter(|mark| !accounted.iter().any(|id| mark.as_str().contains(id)));
    Found { findings: report.findings, survivors: survivors.collect() }
}

/// Looks that go on side by side, so that one that does not answer holds up nobody else's. They end with whoever asked.
#[derive(Default)]
struct Looks {
    names: Vec<String>,
    under_way: JoinSet<(usize, Found)>,
}

impl Looks {
    fn begin(&mut self, part: String, patience: Duration, look: impl Future<Output = Found> + Send + 'static) {
        let number = self.names.len();
        self.names.push(part);
        self.under_way.spawn(async move {
            let late = |_| {
                let what = format!("it did not answer within {} seconds", patience.as_secs());
                Found { findings: vec![finding(FindingKind::Bad, &what, None)], survivors: vec![] }
            };
            (number, tokio::time::timeout(patience, look).await.unwrap_or_else(late))
        });
    }

    /// All of them, in the order in which they were begun.
    async fn end(mut self) -> Vec<PartView> {
        let mut found = BTreeMap::new();
        while let Some(looked) = self.under_way.join_next().await {
            found.extend(looked.ok());
        }
        let part = |(number, part): (usize, String)| {
            let Found { findings, survivors } = found.remove(&number).unwrap_or_else(|| Found {
                findings: vec![finding(FindingKind::Bad, "looking at it has failed: a mistake of this program", None)],
                survivors: vec![],
            });
            PartView { part, findings, survivors }
        };
        self.names.into_iter().enumerate().map(part).collect()
    }
}

/// The digits of all claims that may still be in a target, by backend: names in a target derive from them.
async fn live_names(app: &App) -> Result<BTreeMap<String, BTreeSet<String>>, Problem> {
    let query = jit_engine::store::Query { unended: true, most: u32::MAX, ..Default::default() };
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in app.house.store().requests(query).await.map_err(jit_engine::Error::from)? {
        for claim in request.grant.iter().flat_map(|grant| &grant.claims).filter(|claim| claim.live()) {
            if let Some(gives) = request.entitlement(claim) {
                let name = app.house.serving(gives).unwrap_or_else(|| gives.backend.clone());
                names.entry(name.to_string()).or_default().insert(claim.id.digits());
            }
        }
    }
    Ok(names)
}

/// What is in the record and could not be carried out, or can't be.
async fn records_part(app: &App) -> Result<PartView, Problem> {
    let mut findings = Vec::new();
    for lost in app.house.out_of_reach().await? {
        let what = format!("no backend of the config points at where {lost} may still be let in");
        let remedy = "name that target as a backend again until then: nothing there can be ended or refused without";
        findings.push(finding(FindingKind::Bad, &what, Some(remedy)));
    }
    let unfinished = app.house.unfinished_erasures().await?;
    if unfinished > 0 {
        let what = format!("{unfinished} people are erased in the record, and their keys are not destroyed yet");
        findings.push(finding(FindingKind::Bad, &what, Some("the broker tries on; is its state directory writable?")));
    }
    if findings.is_empty() {
        findings.push(finding(FindingKind::Good, "everything that it says is carried out, or can be", None));
    }
    Ok(PartView { part: "record".to_owned(), findings, survivors: vec![] })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_answer_is_shown_as_such_and_holds_up_nobody() {
        let mut looks = Looks::default();
        let good = || async { Found { findings: vec![finding(FindingKind::Good, "well", None)], survivors: vec![] } };
        let short = Duration::from_millis(50);
        looks.begin("channel dead".to_owned(), short, std::future::pending());
        looks.begin("channel dead too".to_owned(), short, std::future::pending());
        looks.begin("channel mad".to_owned(), PATIENCE, async { panic!("a mistake") });
        looks.begin("channel well".to_owned(), PATIENCE, good());
        let parts = tokio::time::timeout(Duration::from_secs(10), looks.end()).await.expect("in time");
        let told = |part: &PartView| (part.part.clone(), part.findings[0].what.to_string());
        let bad = |what: &str| what.to_owned();
        assert_eq!(
            parts.iter().map(told).collect::<Vec<_>>(),
            [
                (bad("channel dead"), bad("it did not answer within 0 seconds")),
                (bad("channel dead too"), bad("it did not answer within 0 seconds")),
                (bad("channel mad"), bad("looking at it has failed: a mistake of this program")),
                (bad("channel well"), bad("well")),
            ]
        );
    }
}
