//! The trials, by name. Each checks all that it can before it gives up, and says what did not hold.

mod deadline;
mod documents;
mod ending;
mod faults;
mod honesty;
mod hostile;
mod issuing;
mod probing;
mod sharing;
mod tails;
mod targets;

use std::future::Future;
use std::pin::Pin;

use super::kit::{Go, Kit, Stop};
use super::outcome::{Report, Verdict};

/// What did not hold in one trial so far.
#[derive(Default)]
pub(super) struct Trial(Vec<String>);

impl Trial {
    /// Notes a failure unless `so`, and goes on.
    pub(super) fn check(&mut self, so: bool, otherwise: impl Into<String>) {
        if !so {
            self.0.push(otherwise.into());
        }
    }
}

type Run<'a> = Pin<Box<dyn Future<Output = Go> + Send + 'a>>;
type Body = for<'a> fn(&'a Kit<'a>, &'a mut Trial) -> Run<'a>;

/// All trials, in the order in which they run. The last one looks through all that was said in the others.
const ALL: &[(&str, Body)] = &[
    ("capability_is_consistent", |k, t| Box::pin(honesty::consistent(k, t))),
    ("issue_converges", |k, t| Box::pin(issuing::converges(k, t))),
    ("issue_takes_only_the_ordered_material", |k, t| Box::pin(issuing::material(k, t))),
    ("issue_without_material_makes_nothing", |k, t| Box::pin(issuing::without_material(k, t))),
    ("new_end_moves_the_planted_end", |k, t| Box::pin(issuing::new_end(k, t))),
    ("window_already_over", |k, t| Box::pin(issuing::window_over(k, t))),
    ("window_longer_than_the_longest", |k, t| Box::pin(issuing::too_long(k, t))),
    ("planted_end_ends_it", |k, t| Box::pin(issuing::planted_end(k, t))),
    ("revoke_converges", |k, t| Box::pin(ending::converges(k, t))),
    ("revoke_before_issue", |k, t| Box::pin(ending::before_issue(k, t))),
    ("lost_answer_can_be_revoked", |k, t| Box::pin(ending::lost_answer(k, t))),
    ("issue_after_a_lost_answer", |k, t| Box::pin(ending::issued_again(k, t))),
    ("order_past_its_deadline", |k, t| Box::pin(deadline::past(k, t))),
    ("stalled_issuer", |k, t| Box::pin(deadline::stalled(k, t))),
    ("wrong_target_is_not_touched", |k, t| Box::pin(targets::wrong(k, t))),
    ("swept_tail", |k, t| Box::pin(tails::swept(k, t))),
    ("unswept_tail", |k, t| Box::pin(tails::unswept(k, t))),
    ("probe_before_during_after", |k, t| Box::pin(probing::life(k, t))),
    ("probe_changes_nothing", |k, t| Box::pin(probing::changes_nothing(k, t))),
    ("ending_one_never_cuts_another", |k, t| Box::pin(sharing::grants(k, t))),
    ("two_houses_on_one_target", |k, t| Box::pin(sharing::houses(k, t))),
    ("check_lists_what_is_there", |k, t| Box::pin(sharing::listed(k, t))),
    ("empty_is_refused", |k, t| Box::pin(hostile::empty(k, t))),
    ("hostile_scopes", |k, t| Box::pin(hostile::scopes(k, t))),
    ("hostile_text_is_not_repeated", |k, t| Box::pin(hostile::not_repeated(k, t))),
    ("unreachable_target", |k, t| Box::pin(faults::unreachable(k, t))),
    ("slow_target", |k, t| Box::pin(faults::slow(k, t))),
    ("documents_are_pure", |k, t| Box::pin(documents::pure(k, t))),
    ("documents_refuse_only_what_they_name", |k, t| Box::pin(documents::refuse(k, t))),
    ("documents_carry_on_what_earlier_ones_refused", |k, t| Box::pin(documents::carry_on(k, t))),
    ("secrets_stay_secret", |k, t| Box::pin(honesty::secrets(k, t))),
];

/// The names of all trials, in the order in which they run.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, _)| *name).collect()
}

/// Runs all trials whose name `wanted` says yes to.
pub(super) async fn run(kit: &Kit<'_>, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Vec<Report> {
    let mut reports = Vec::new();
    for (trial, body) in ALL.iter().filter(|(name, _)| wanted(name)) {
        let mut notes = Trial::default();
        let came = body(kit, &mut notes).await;
        kit.tidy().await;
        let mut failures = notes.0;
        let verdict = match came {
            Err(Stop::NotApplicable(why)) if failures.is_empty() => Verdict::NotApplicable(why),
            Err(Stop::Failed(why)) => {
                failures.push(why);
                Verdict::Failed(failures)
            }
            _ if failures.is_empty() => Verdict::Passed,
            _ => Verdict::Failed(failures),
        };
        reports.push(Report { trial, verdict });
    }
    reports
}
