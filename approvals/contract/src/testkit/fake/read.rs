//! Reads a message back, by the medium's own rules, as its readers see it.

use serde_json::Value;

use crate::Verdict;
use crate::testkit::harness::{Control, Message};

/// Reads a message; `None` where it is none.
pub(super) fn message(number: u64, to: &[String], body: &str) -> Option<Message> {
    let body: Value = serde_json::from_str(body).ok()?;
    let mut message = Message {
        number,
        to: to.to_vec(),
        structure: Vec::new(),
        text: String::new(),
        links: Vec::new(),
        controls: Vec::new(),
        notes: Vec::new(),
    };
    for block in body.get("blocks")?.as_array()? {
        read_block(&mut message, block)?;
    }
    Some(message)
}

fn text<'a>(block: &'a Value, key: &str) -> Option<&'a str> {
    block.get(key)?.as_str()
}

fn read_block(message: &mut Message, block: &Value) -> Option<()> {
    match text(block, "type")? {
        "header" => {
            message.structure.push("header".to_owned());
            markup(message, text(block, "text")?);
        }
        "field" => {
            message.structure.push(format!("field {}", text(block, "label")?));
            message.text.push_str(text(block, "label")?);
            message.text.push_str(": ");
            markup(message, text(block, "text")?);
        }
        "button" => {
            message.structure.push(format!("button {}", text(block, "label")?));
            let value = text(block, "value")?;
            message.controls.push(Control { verdict: verdict(value)?, data: value.to_owned() });
        }
        "link" => {
            message.structure.push(format!("button {}", text(block, "label")?));
            let address = text(block, "address")?;
            message.links.push(address.to_owned());
            for verdict in [Verdict::Approve { span: None }, Verdict::Deny] {
                message.controls.push(Control { verdict, data: address.to_owned() });
            }
        }
        _ => return None,
    }
    message.text.push('\n');
    Some(())
}

/// What a button's value says.
pub(super) fn verdict(value: &str) -> Option<Verdict> {
    let mut words = value.split(' ');
    match (words.next()?, words.nth(2)) {
        ("deny", None) => Some(Verdict::Deny),
        ("approve", None) => Some(Verdict::Approve { span: None }),
        ("approve", Some(span)) => Some(Verdict::Approve { span: Some(span.parse().ok()?) }),
        _ => None,
    }
}

/// Reads text with markup: what is drawn goes to the text, what is not to the structure.
fn markup(message: &mut Message, mut rest: &str) {
    while let Some(c) = rest.chars().next() {
        let end = rest.find('>').filter(|_| c == '<');
        let entity = rest.find(';').filter(|at| c == '&' && *at < 10);
        let taken = if let Some(end) = end {
            tag(message, rest.get(1..end).unwrap_or_default());
            end + 1
        } else if let Some(drawn) = entity.and_then(|at| rest.get(1..at)).and_then(entity_of) {
            message.text.push(drawn);
            entity.unwrap_or(0) + 1
        } else if let Some(scheme) = ["https://", "http://", "mailto:"].iter().find(|s| rest.starts_with(**s)) {
            let address: String = rest.chars().take_while(|c| !c.is_whitespace() && !"<>&".contains(*c)).collect();
            message.structure.push("link".to_owned());
            message.text.push_str(&address);
            let length = address.len().max(scheme.len());
            message.links.push(address);
            length
        } else if "*_~`".contains(c) {
            message.structure.push(format!("style {c}"));
            c.len_utf8()
        } else {
            if c == '\n' {
                message.structure.push("line".to_owned());
            }
            message.text.push(c);
            c.len_utf8()
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
}

fn tag(message: &mut Message, inside: &str) {
    if let Some(name) = inside.strip_prefix('@') {
        message.structure.push("mention".to_owned());
        message.to.push(name.to_owned());
    } else if inside.starts_with('!') {
        message.structure.push("room".to_owned());
        message.to.push(inside.to_owned());
    } else {
        let (address, label) = inside.split_once('|').unwrap_or((inside, inside));
        message.structure.push("link".to_owned());
        message.links.push(address.to_owned());
        message.text.push_str(label);
    }
}

fn entity_of(name: &str) -> Option<char> {
    char::from_u32(name.strip_prefix('#')?.parse().ok()?)
}
