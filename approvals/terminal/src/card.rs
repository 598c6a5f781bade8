//! A notice as a card of plain text.

use jit_approval::text::{line, rest};
use jit_approval::{Alert, AskNotice, News, Notice, Standing};
use jit_types::{PersonId, RequestId, Timestamp, Words};

use crate::layout::Card;

/// How much of a reason is shown.
const REASON: usize = 600;
/// How much of a parameter's value is shown.
const VALUE: usize = 120;
/// How many entries of a list are shown.
const ENTRIES: usize = 12;
/// The longest card, in characters: all entries of all lists at the length of [`Words`], broken into lines.
pub const LONGEST: usize = 32_000;

/// Writes a notice as a card of plain text, ended by a line break.
///
/// A title in the first column, then lines that begin with a label in the third. Text that a person typed is made one
/// line, is cut, and stays in its own column: it can neither move the cursor nor pass for a line of the card.
/// Times are UTC; [`render_with`] says them otherwise.
pub fn render(notice: &Notice) -> String {
    render_with(notice, &utc)
}

/// Writes a card as [`render`] does, with times as `when` says them: in the reader's own zone, for who knows it.
pub fn render_with(notice: &Notice, when: &dyn Fn(Timestamp) -> String) -> String {
    match notice {
        Notice::Ask(ask) => match &ask.standing {
            Standing::Pending { have, need } => pending(ask, *have, *need, when),
            Standing::Closed { outcome, by } => closed(ask, outcome, by),
        },
        Notice::News(news) => told(news),
        Notice::Alert(alert) => alerted(alert),
        // Nothing stands beneath a card.
        Notice::Note(_) => String::new(),
    }
}

/// A time in whole seconds, which are all that a reader needs.
fn utc(at: Timestamp) -> String {
    Timestamp::from_millis(at.seconds().saturating_mul(1000)).to_string().replace(".000Z", "Z")
}

fn pending(ask: &AskNotice, have: u32, need: u32, when: &dyn Fn(Timestamp) -> String) -> String {
    let request = &ask.request;
    let mut card =
        Card::new(if ask.total.is_some() { "somebody asks for more time" } else { "somebody asks for access" });
    card.field("who", ask.requester.as_str());
    card.field("role", ask.role.as_str());
    if ask.first {
        card.field("first", AskNotice::FIRST);
    }
    entries(&mut card, "gives", &ask.gives, request);
    entries(&mut card, "beware", &ask.warnings, request);
    for (name, value) in ask.params.iter().take(ENTRIES) {
        card.field("with", &format!("{name} = {}", cut(&value.to_string(), VALUE, request)));
    }
    more(&mut card, "with", ask.params.len(), request);
    // A part of a second counts as one here, so that the bound is never said to be earlier than it is.
    let worst = when(ask.worst_end.plus_millis(999));
    card.field("for", &format!("{}, over by {worst} at the latest", ask.length()));
    card.field("later", &harmless(&ask.swept.to_string()));
    card.field("unswept", &harmless(&ask.unswept.to_string()));
    match &ask.reason {
        Some(reason) => card.field("reason", &cut(&reason.0, REASON, request)),
        None => card.field("reason", &format!("kept from this channel: `jit show {request}` has it")),
    }
    card.field("approvals", &format!("{have} of {need}, until {}", when(ask.decide_by)));
    card.field("decide", &format!("jit approve {request}"));
    card.field("", &format!("jit deny {request}"));
    card.finish()
}

/// What is left once it is decided: what, who and outcome.
fn closed(ask: &AskNotice, outcome: &Words, by: &[PersonId]) -> String {
    let mut card = Card::new("an ask is closed");
    card.field("who", ask.requester.as_str());
    card.field("role", ask.role.as_str());
    card.field("outcome", &harmless(outcome.as_str()));
    for person in by.iter().take(ENTRIES) {
        card.field("by", person.as_str());
    }
    card.field("request", &ask.request.to_string());
    card.finish()
}

fn told(news: &News) -> String {
    let mut card = Card::new("news of a request");
    card.field("for", news.to.person.as_str());
    card.field("role", news.role.as_str());
    card.field("news", &harmless(news.words.as_str()));
    card.field("request", &news.request.to_string());
    if let Some(grant) = &news.grant {
        card.field("grant", &grant.to_string());
    }
    card.finish()
}

fn alerted(alert: &Alert) -> String {
    let mut card = Card::new("an alert");
    card.field("what", &harmless(alert.words.as_str()));
    if let Some(request) = &alert.request {
        card.field("request", &request.to_string());
    }
    card.finish()
}

fn entries(card: &mut Card, label: &str, list: &[Words], request: &RequestId) {
    for words in list.iter().take(ENTRIES) {
        card.field(label, &harmless(words.as_str()));
    }
    more(card, label, list.len(), request);
}

fn more(card: &mut Card, label: &str, all: usize, request: &RequestId) {
    if all > ENTRIES {
        card.field(label, &format!("{} more{}", all - ENTRIES, rest(request)));
    }
}

fn cut(text: &str, most: usize, request: &RequestId) -> String {
    let line = line(text, most);
    if line.cut { format!("{}{}", line.text, rest(request)) } else { line.text }
}

/// Words are one line of bounded length already; stacked marks are not.
fn harmless(words: &str) -> String {
    line(words, 700).text
}
