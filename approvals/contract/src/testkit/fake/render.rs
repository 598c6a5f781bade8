//! Writes a notice as a message of the medium.

use jit_types::{PersonId, RequestId};
use serde_json::{Value, json};

use super::{LESS, Shape, Way};
use crate::text::{line, rest};
use crate::{Addressee, AskNotice, Notice, Standing};

/// How much of a reason is shown.
const REASON: usize = 600;
/// How much of a parameter, or of words of the house, is shown.
const SHORT: usize = 300;

/// Makes a typed text harmless for the medium, cuts it at so many characters, and says whether it was cut.
pub type Escape = fn(&str, usize) -> (String, bool);

/// The escape of this medium: one harmless line, with everything that means something written as an entity.
pub fn escape(text: &str, most: usize) -> (String, bool) {
    let line = line(text, most);
    let mut out = String::new();
    for c in line.text.chars() {
        if "&<>*_~`:@".contains(c) {
            out.push_str(&format!("&#{};", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    (out, line.cut)
}

/// The blocks of a message, as they are written.
pub(super) struct Blocks {
    list: Vec<Value>,
    escape: Escape,
}

impl Blocks {
    fn new(escape: Escape, title: &str) -> Self {
        Self { list: vec![json!({ "type": "header", "text": title })], escape }
    }

    /// A text that may have been typed.
    fn typed(&mut self, label: &str, text: &str, most: usize, request: Option<&RequestId>) {
        let (mut shown, cut) = (self.escape)(text, most);
        if let (true, Some(request)) = (cut, request) {
            shown.push_str(&(self.escape)(&rest(request), SHORT).0);
        }
        self.list.push(json!({ "type": "field", "label": label, "text": shown }));
    }

    fn calls(&mut self, names: &[String]) {
        let text = names.iter().map(|name| format!("<@{name}>")).collect::<Vec<_>>().join(" ");
        self.list.push(json!({ "type": "field", "label": "To", "text": text }));
    }
}

/// Writes the body of a notice's message for one addressee, or for the room.
pub(super) fn message(notice: &Notice, to: Option<&Addressee>, shape: Shape, escape: Escape) -> Value {
    let blocks = match notice {
        Notice::Ask(ask) => match &ask.standing {
            Standing::Pending { have, need } => pending(ask, (*have, *need), to, shape, escape),
            Standing::Closed { outcome, by } => closed(ask, outcome.as_str(), by, escape),
        },
        Notice::News(news) => {
            let mut blocks = Blocks::new(escape, "News of a request");
            if to.is_none() {
                blocks.calls(&news.to.names);
            }
            blocks.typed("Role", news.role.as_str(), SHORT, None);
            blocks.typed("News", news.words.as_str(), SHORT, Some(&news.request));
            blocks
        }
        Notice::Note(note) => {
            let mut blocks = Blocks::new(escape, "A note");
            blocks.typed("What", note.words.as_str(), SHORT, Some(&note.request));
            blocks
        }
        Notice::Alert(alert) => {
            let mut blocks = Blocks::new(escape, "An alert");
            blocks.typed("What", alert.words.as_str(), SHORT, alert.request.as_ref());
            blocks
        }
    };
    json!({ "blocks": blocks.list })
}

fn pending(ask: &AskNotice, count: (u32, u32), to: Option<&Addressee>, shape: Shape, escape: Escape) -> Blocks {
    let mut blocks = Blocks::new(escape, "Somebody asks for access");
    let request = Some(&ask.request);
    if to.is_none() {
        let names: Vec<String> = ask.to.iter().filter_map(|to| to.names.first().cloned()).collect();
        blocks.calls(&names);
    }
    blocks.typed("Who", ask.requester.as_str(), SHORT, None);
    blocks.typed("Role", ask.role.as_str(), SHORT, None);
    if ask.first {
        blocks.typed("First time", AskNotice::FIRST, SHORT, None);
    }
    for gives in &ask.gives {
        blocks.typed("Gives", gives.as_str(), SHORT, request);
    }
    for warning in &ask.warnings {
        blocks.typed("Beware", warning.as_str(), SHORT, request);
    }
    for (name, value) in &ask.params {
        blocks.typed(&format!("With {name}"), &value.to_string(), SHORT, request);
    }
    blocks.typed("For", &format!("{}, over by {} at the latest", ask.length(), ask.worst_end), SHORT, None);
    blocks.typed("After that", &ask.swept.to_string(), SHORT, request);
    blocks.typed("Unswept", &ask.unswept.to_string(), SHORT, request);
    let kept = format!("kept from this channel: `jit show {}` has it", ask.request);
    blocks.typed("Reason", ask.reason.as_ref().map_or(&kept, |reason| &reason.0), REASON, request);
    blocks.typed("Approvals", &format!("{} of {}, until {}", count.0, count.1, ask.decide_by), SHORT, None);
    blocks.typed("Request", &ask.request.to_string(), SHORT, None);
    buttons(&mut blocks, ask, to, shape.way);
    blocks
}

fn buttons(blocks: &mut Blocks, ask: &AskNotice, to: Option<&Addressee>, way: Way) {
    match way {
        Way::None => {}
        Way::Links => {
            // Shown to its addressee alone. It carries what the house must be told, so that nothing has to be remembered.
            if let Some(link) = to.and_then(|to| to.link.as_ref()) {
                let address = format!("{}&ask={}&hash={}", link.url(), ask.ask, ask.hash);
                blocks.list.push(json!({ "type": "link", "label": "Look and decide", "address": address }));
            }
        }
        Way::Socket | Way::Signed => {
            let mut offers = vec![("Approve".to_owned(), format!("approve {} {}", ask.ask, ask.hash))];
            if LESS < ask.span {
                offers.push((format!("Approve {LESS}"), format!("approve {} {} {LESS}", ask.ask, ask.hash)));
            }
            offers.push(("Deny".to_owned(), format!("deny {} {}", ask.ask, ask.hash)));
            for (label, value) in offers {
                blocks.list.push(json!({ "type": "button", "label": label, "value": value }));
            }
        }
    }
}

/// What is left once it is decided: what, who and outcome.
fn closed(ask: &AskNotice, outcome: &str, by: &[PersonId], escape: Escape) -> Blocks {
    let mut blocks = Blocks::new(escape, "An ask is closed");
    blocks.typed("Who", ask.requester.as_str(), SHORT, None);
    blocks.typed("Role", ask.role.as_str(), SHORT, None);
    blocks.typed("Outcome", outcome, SHORT, Some(&ask.request));
    for person in by {
        blocks.typed("By", person.as_str(), SHORT, None);
    }
    blocks
}
