//! The trials, by name. Each checks all that it can before it gives up, and says what did not hold.

mod commanding;
mod deciding;
mod faults;
mod following;
mod forging;
mod hostile;
mod stale;
mod telling;

use std::future::Future;
use std::pin::Pin;

use super::harness::Answer;
use super::kit::{Bench, Case, Go, Kit, Stop};
use super::outcome::{Came, Report};

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

    /// The last thing that the desk heard of a case was refused, and the person was told so in the desk's words.
    fn refused(&mut self, bench: &Bench<'_>, case: &Case, answer: &Answer, what: &str) {
        match bench.desk.heard(&case.ask.ask).last() {
            Some(heard) => {
                self.check(!heard.outcome.done, format!("{what}: it was done"));
                let words = heard.outcome.words.as_str();
                self.check(
                    answer.words.contains(words),
                    format!("{what}: told \u{201c}{}\u{201d} for \u{201c}{words}\u{201d}", answer.words),
                );
            }
            None => self.check(false, format!("{what}: the desk never heard of it")),
        }
    }
}

type Run<'a> = Pin<Box<dyn Future<Output = Go> + Send + 'a>>;
type Body = for<'a> fn(&'a Kit<'a>, &'a mut Trial) -> Run<'a>;

/// All trials, in the order in which they run.
const ALL: &[(&str, Body)] = &[
    ("capability_is_consistent", |k, t| Box::pin(telling::consistent(k, t))),
    ("says_what_a_decision_needs", |k, t| Box::pin(telling::says(k, t))),
    ("only_those_who_can_decide_are_told", |k, t| Box::pin(telling::only(k, t))),
    ("news_reaches_whom_it_is_for", |k, t| Box::pin(telling::news(k, t))),
    ("note_stands_beneath_its_message", |k, t| Box::pin(telling::notes(k, t))),
    ("link_reaches_only_its_addressee", |k, t| Box::pin(telling::links(k, t))),
    ("message_follows", |k, t| Box::pin(following::follows(k, t))),
    ("message_is_reduced_at_the_end", |k, t| Box::pin(following::reduced(k, t))),
    ("decision_arrives_as_made", |k, t| Box::pin(deciding::arrives(k, t))),
    ("duplicate_press_is_harmless", |k, t| Box::pin(deciding::duplicate(k, t))),
    ("replay_to_a_restarted_broker", |k, t| Box::pin(stale::replayed(k, t))),
    ("late_press_is_refused_with_the_reason", |k, t| Box::pin(stale::late(k, t))),
    ("two_approvers_at_once", |k, t| Box::pin(deciding::at_once(k, t))),
    ("slow_house_is_waited_for", |k, t| Box::pin(deciding::slow_house(k, t))),
    ("presses_out_of_order", |k, t| Box::pin(deciding::out_of_order(k, t))),
    ("role_changed_since", |k, t| Box::pin(stale::changed(k, t))),
    ("approver_removed_since", |k, t| Box::pin(stale::removed(k, t))),
    ("self_over_another_principal", |k, t| Box::pin(forging::self_approval(k, t))),
    ("stranger_learns_nothing", |k, t| Box::pin(forging::stranger(k, t))),
    ("identity_is_not_taken_from_the_body", |k, t| Box::pin(forging::claimed(k, t))),
    ("control_with_the_hash_of_another_ask", |k, t| Box::pin(forging::spliced(k, t))),
    ("forged_signature_is_refused", |k, t| Box::pin(forging::unsigned(k, t))),
    ("old_signature_is_refused", |k, t| Box::pin(forging::old(k, t))),
    ("looking_never_decides", |k, t| Box::pin(forging::looked(k, t))),
    ("hostile_text_keeps_the_structure", |k, t| Box::pin(hostile::structure(k, t))),
    ("hostile_text_is_shown_harmlessly", |k, t| Box::pin(hostile::characters(k, t))),
    ("long_text_is_cut", |k, t| Box::pin(hostile::long(k, t))),
    ("command_arrives_as_given", |k, t| Box::pin(commanding::arrives(k, t))),
    ("request_is_planned_before_it_is_filed", |k, t| Box::pin(commanding::planned(k, t))),
    ("foreign_command_is_refused", |k, t| Box::pin(commanding::foreign(k, t))),
    ("command_given_twice_is_harmless", |k, t| Box::pin(commanding::twice(k, t))),
    ("hostile_text_in_a_command", |k, t| Box::pin(commanding::hostile(k, t))),
    ("medium_down_then_up", |k, t| Box::pin(faults::down(k, t))),
    ("lost_answer_is_not_doubled", |k, t| Box::pin(faults::lost_answer(k, t))),
    ("slow_medium", |k, t| Box::pin(faults::slow(k, t))),
    ("listening_goes_on_after_a_cut", |k, t| Box::pin(faults::cut(k, t))),
    ("check_is_honest", |k, t| Box::pin(faults::check(k, t))),
    ("nothing_secret_is_kept", |k, t| Box::pin(telling::secrets(k, t))),
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
        kit.lift().await;
        let mut failures = notes.0;
        let came = match came {
            Err(Stop::NotApplicable(why)) if failures.is_empty() => Came::NotApplicable(why),
            Err(Stop::Failed(why)) => {
                failures.push(why);
                Came::Failed(failures)
            }
            _ if failures.is_empty() => Came::Passed,
            _ => Came::Failed(failures),
        };
        reports.push(Report { trial, came });
    }
    reports
}
