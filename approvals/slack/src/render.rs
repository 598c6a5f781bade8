//! A notice as a message of Slack.

use jit_approval::{Alert, AskNotice, News, Note, Notice, Planned, Standing, Verdict};
use jit_types::{AskId, Digest, PersonId, Span, Words};
use serde_json::{Value, json};

use crate::blocks::{button, call, careful, choice, escaped, field, header, list, quote, said, timed};
use crate::command::{RELEASE, REQUEST, release};
use crate::rows::{cut, entries, up, utc, words};

/// The longest message, in characters: all entries of all lists, the longest reason. Slack refuses a message whose blocks
/// hold more than about 13,000 (`msg_blocks_too_long`).
pub const LONGEST: usize = 12_000;
/// How much of a reason is shown.
const REASON: usize = 1500;
/// How much of a notification is shown.
const NOTIFIED: usize = 200;

/// The action of the button that says yes to all that was asked.
pub(crate) const APPROVE: &str = "jit.approve";
/// The action of the choice of a shorter time.
pub(crate) const LESS: &str = "jit.less";
/// The action of the button that says no.
pub(crate) const DENY: &str = "jit.deny";

/// How many people one message calls by name: more would be a wall of names, and Slack may notify nobody of it.
const CALLED: usize = 12;
/// The shorter times that are offered.
const LADDER: [u64; 9] = [900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 259_200, 604_800];
/// How many of them at most.
const OFFERED: usize = 5;

/// A message, for whoever gets it.
pub(crate) struct Message {
    /// What a notification says; Slack parses it, so it is escaped.
    text: String,
    blocks: Vec<Value>,
}

impl Message {
    /// The body of `chat.postMessage`, without where it goes.
    pub(crate) fn post(&self) -> Value {
        json!({
            "text": self.text, "blocks": self.blocks,
            "mrkdwn": false, "parse": "none", "link_names": false, "unfurl_links": false, "unfurl_media": false
        })
    }

    /// The body of `chat.update`, and of what one person sees, without where it is.
    pub(crate) fn edit(&self) -> Value {
        json!({ "text": self.text, "blocks": self.blocks, "parse": "none", "link_names": false })
    }
}

/// Writes a notice. `calls` are the users whom a message in a channel calls; a reason is left out unless it is to be shown.
pub(crate) fn message(notice: &Notice, calls: &[&str], reason: bool) -> Message {
    match notice {
        Notice::Ask(ask) => match &ask.standing {
            Standing::Pending { have, need } => pending(ask, *have, *need, calls, reason),
            Standing::Closed { outcome, by } => closed(ask, outcome, by),
        },
        Notice::News(news) => told(news),
        Notice::Alert(alert) => alerted(alert),
        Notice::Note(note) => noted(note),
    }
}

fn pending(ask: &AskNotice, have: u32, need: u32, calls: &[&str], reason: bool) -> Message {
    let request = &ask.request;
    let mut blocks = vec![header(ask.title())];
    if !calls.is_empty() {
        let (called, more) = calls.split_at_checked(CALLED).unwrap_or((calls, &[]));
        blocks.push(call("To decide", called, more.len()));
    }
    blocks.push(field("Who", ask.requester.as_str()));
    blocks.push(field("Role", ask.role.as_str()));
    if ask.first {
        blocks.push(field("First time", AskNotice::FIRST));
    }
    let mut listed = |label: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            blocks.push(list(label, &lines));
        }
    };
    listed("Gives", entries(ask.gives.iter().map(Words::as_str), Some(request)));
    listed("Beware", entries(ask.warnings.iter().map(Words::as_str), Some(request)));
    let with: Vec<String> = ask.params.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    listed("With", entries(with.iter().map(String::as_str), Some(request)));
    let worst = format!("{}, over by {} at the latest", ask.length(), utc(up(ask.worst_end)));
    blocks.push(timed("For", &worst, up(ask.worst_end)));
    let tails = [format!("while all runs: {}", ask.swept), format!("while nobody sweeps: {}", ask.unswept)];
    blocks.push(list("After its end", &tails.map(|tail| words(&Words::new(tail)))));
    blocks.push(match &ask.reason {
        Some(typed) if reason => quote("Reason", &cut(&typed.0, REASON, Some(request))),
        _ => field("Reason", &format!("kept from Slack: `jit show {request}` has it")),
    });
    let count = format!("{have} of {need}, until {}", utc(ask.decide_by));
    blocks.push(timed("Approvals", &count, ask.decide_by));
    blocks.push(field("Request", &request.to_string()));
    blocks.push(controls(ask));
    Message { text: format!("{} asks for {} for {}", ask.requester, ask.role, ask.length()), blocks }
}

fn controls(ask: &AskNotice) -> Value {
    let value = Shown { ask: ask.ask, hash: ask.hash };
    let mut elements = vec![button(APPROVE, &format!("Approve for {}", ask.span), &value.write(None), Some("primary"))];
    let shorter: Vec<Span> = LADDER.into_iter().map(Span::from_secs).filter(|span| *span < ask.span).collect();
    let offered = shorter.len().saturating_sub(OFFERED);
    let options: Vec<(String, String)> =
        shorter.iter().skip(offered).map(|span| (format!("for {span}"), value.write(Some(*span)))).collect();
    if !options.is_empty() {
        elements.push(choice(LESS, "Approve for less…", &options));
    }
    elements.push(button(DENY, "Deny…", &value.write(None), Some("danger")));
    json!({ "type": "actions", "elements": elements })
}

/// What is left once it is decided: what, who and outcome.
fn closed(ask: &AskNotice, outcome: &Words, by: &[PersonId]) -> Message {
    let request = &ask.request;
    let mut blocks = vec![
        header("An ask for access is closed"),
        field("Who", ask.requester.as_str()),
        field("Role", ask.role.as_str()),
        field("Outcome", &words(outcome)),
    ];
    if !by.is_empty() {
        blocks.push(list("By", &entries(by.iter().map(PersonId::as_str), Some(request))));
    }
    blocks.push(field("Request", &request.to_string()));
    let text = format!("{} for {}: {}", ask.role, ask.requester, escaped(outcome.as_str(), NOTIFIED));
    Message { text, blocks }
}

fn told(news: &News) -> Message {
    let mut blocks =
        vec![said(&words(&news.words)), field("Role", news.role.as_str()), field("Request", &news.request.to_string())];
    if let Some(grant) = &news.grant {
        blocks.push(field("Grant", &grant.to_string()));
        if news.open {
            let button = button(RELEASE, "Release", &release(grant), None);
            let question = "What you hold of it ends now, also for what you have running.";
            let careful = careful(button, "Give it back?", question, "Release", "Keep");
            blocks.push(json!({ "type": "actions", "elements": [careful] }));
        }
    }
    Message { text: escaped(news.words.as_str(), NOTIFIED), blocks }
}

fn alerted(alert: &Alert) -> Message {
    let mut blocks = vec![header("Somebody must look at this"), said(&words(&alert.words))];
    if let Some(request) = &alert.request {
        blocks.push(field("Request", &request.to_string()));
    }
    Message { text: escaped(alert.words.as_str(), NOTIFIED), blocks }
}

/// A line beneath an ask's message.
fn noted(note: &Note) -> Message {
    let text = words(&note.words);
    Message { text: escaped(&text, NOTIFIED), blocks: vec![said(&text)] }
}

/// What a wish would do, with the button that files it.
pub(crate) fn plan(planned: &Planned, reason: &str, value: &str) -> Message {
    let mut blocks = vec![header("Nothing is asked for yet"), field("Role", planned.role.as_str())];
    let mut listed = |label: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            blocks.push(list(label, &lines));
        }
    };
    listed("Gives", entries(planned.gives.iter().map(Words::as_str), None));
    listed("Beware", entries(planned.warnings.iter().map(Words::as_str), None));
    let with: Vec<String> = planned.params.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    listed("With", entries(with.iter().map(String::as_str), None));
    let worst = format!("{}, over by {} at the latest", planned.span, utc(up(planned.worst_end)));
    blocks.push(timed("For", &worst, up(planned.worst_end)));
    let tails = [format!("while all runs: {}", planned.swept), format!("while nobody sweeps: {}", planned.unswept)];
    blocks.push(list("After its end", &tails.map(|tail| words(&Words::new(tail)))));
    blocks.push(field("Decided by", &words(&planned.asked)));
    let within = format!("decided within {}, used within {} of that", planned.decide_by, planned.start_by);
    blocks.push(field("In time", &within));
    blocks.push(quote("Reason", &cut(reason, REASON, None)));
    let button = button(REQUEST, &format!("Request for {}", planned.span), value, Some("primary"));
    blocks.push(json!({ "type": "actions", "elements": [button] }));
    Message { text: format!("{} for {}: nothing is asked for yet", planned.role, planned.span), blocks }
}

/// An answer that one person sees.
pub(crate) fn answer(text: &str) -> Message {
    let text = words(&Words::new(text));
    Message { text: escaped(&text, NOTIFIED), blocks: vec![said(&text)] }
}

/// What a control was shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) ask: AskId,
    pub(crate) hash: Digest,
}

impl Shown {
    /// As it stands in a control's value: a version, so that an old message is understood or refused by a later program.
    pub(crate) fn write(&self, span: Option<Span>) -> String {
        let Self { ask, hash } = self;
        span.map_or_else(|| format!("1 {ask} {hash}"), |span| format!("1 {ask} {hash} {span}"))
    }

    /// Reads a value back; `None` where it is none of ours.
    pub(crate) fn read(value: &str) -> Option<(Self, Option<Span>)> {
        let mut words = value.split(' ');
        let ("1", ask, hash) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?) else {
            return None;
        };
        let span = words.next().map(str::parse).transpose().ok()?;
        words.next().is_none().then_some((Self { ask, hash }, span))
    }

    /// Reads what a control of this action says.
    pub(crate) fn pressed(action: &str, value: &str) -> Option<(Self, Verdict)> {
        match (action, Self::read(value)?) {
            (APPROVE, (shown, None)) => Some((shown, Verdict::Approve { span: None })),
            (LESS, (shown, Some(span))) => Some((shown, Verdict::Approve { span: Some(span) })),
            (DENY, (shown, None)) => Some((shown, Verdict::Deny)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jit_types::Timestamp;

    use super::*;

    #[test]
    fn a_value_is_read_back_as_written_and_nothing_else_is() {
        let shown = Shown { ask: AskId::from_parts(Timestamp::EPOCH, [7; 10]), hash: Digest::of(b"it") };
        let span = Span::from_secs(1800);
        assert_eq!(Shown::read(&shown.write(Some(span))), Some((shown, Some(span))));
        assert_eq!(Shown::pressed(APPROVE, &shown.write(None)), Some((shown, Verdict::Approve { span: None })));
        assert!(shown.write(Some(Span::from_secs(3_200_000_000 - 1))).len() <= 150);
        let value = shown.write(None);
        for (action, bad) in [
            (APPROVE, shown.write(Some(span))),
            (LESS, value.clone()),
            (DENY, format!("{value} x")),
            (DENY, format!("{value} ")),
            (DENY, value.replacen('1', "2", 1)),
            ("jit.other", value.clone()),
            (APPROVE, String::new()),
        ] {
            assert_eq!(Shown::pressed(action, &bad), None, "{action} {bad}");
        }
    }
}
