//! Block Kit, as far as it is used here.
//!
//! Whatever somebody may have typed goes into rich text or plain text with emoji off: there, `<`, `>`, `&`, `*`, `:x:`,
//! `<@U…>` and addresses are letters and nothing else (docs.slack.dev/reference/block-kit/blocks/rich-text-block and
//! …/composition-objects/text-object). Only a notification's text is parsed by Slack, and that is escaped.

use jit_approval::text::line;
use jit_types::Timestamp;
use serde_json::{Value, json};

/// A label and what it says, as a block of its own.
pub(crate) fn field(label: &str, text: &str) -> Value {
    rich(json!([{
        "type": "rich_text_section",
        "elements": [bold(&format!("{label}: ")), plain(text)]
    }]))
}

/// A label and a list of lines.
pub(crate) fn list(label: &str, lines: &[String]) -> Value {
    let items: Vec<Value> =
        lines.iter().map(|line| json!({ "type": "rich_text_section", "elements": [plain(line)] })).collect();
    rich(json!([
        { "type": "rich_text_section", "elements": [bold(&format!("{label}:"))] },
        { "type": "rich_text_list", "style": "bullet", "elements": items }
    ]))
}

/// A label and what somebody else said, set apart as such.
pub(crate) fn quote(label: &str, text: &str) -> Value {
    rich(json!([
        { "type": "rich_text_section", "elements": [bold(&format!("{label}:"))] },
        { "type": "rich_text_quote", "elements": [plain(text)] }
    ]))
}

/// One line of text.
pub(crate) fn said(text: &str) -> Value {
    rich(json!([{ "type": "rich_text_section", "elements": [plain(text)] }]))
}

/// A line that calls people, and says how many more there are.
pub(crate) fn call(label: &str, users: &[&str], more: usize) -> Value {
    let mut elements = vec![bold(&format!("{label}: "))];
    for user in users {
        elements.push(json!({ "type": "user", "user_id": user }));
        elements.push(plain(" "));
    }
    if more > 0 {
        elements.push(plain(&format!("and {more} more")));
    }
    rich(json!([{ "type": "rich_text_section", "elements": elements }]))
}

/// A label, what it says, and a time in the reader's own zone after it.
pub(crate) fn timed(label: &str, text: &str, at: Timestamp) -> Value {
    rich(json!([{
        "type": "rich_text_section",
        "elements": [
            bold(&format!("{label}: ")),
            plain(&format!("{text} (")),
            {
                "type": "date",
                "timestamp": at.seconds(),
                "format": "{date_short_pretty}, {time}",
                "fallback": "as your clock has it"
            },
            plain(")")
        ]
    }]))
}

/// A header; at most 150 characters.
pub(crate) fn header(text: &str) -> Value {
    json!({ "type": "header", "text": plain_text(text) })
}

/// Text without markup, as a composition object.
pub(crate) fn plain_text(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": false })
}

/// A button; `style` is `primary`, `danger` or none.
pub(crate) fn button(action: &str, label: &str, value: &str, style: Option<&str>) -> Value {
    let mut button = json!({ "type": "button", "action_id": action, "text": plain_text(label), "value": value });
    if let (Some(style), Some(object)) = (style, button.as_object_mut()) {
        object.insert("style".to_owned(), Value::from(style));
    }
    button
}

/// A button that asks once more before it does something (docs.slack.dev/reference/block-kit/composition-objects, the
/// page of the confirmation dialog).
pub(crate) fn careful(button: Value, title: &str, question: &str, yes: &str, no: &str) -> Value {
    let mut button = button;
    if let Some(object) = button.as_object_mut() {
        let confirm = json!({
            "title": plain_text(title), "text": plain_text(question), "confirm": plain_text(yes), "deny": plain_text(no)
        });
        object.insert("confirm".to_owned(), confirm);
    }
    button
}

/// A choice; each option a label of at most 75 characters and a value of at most 150.
pub(crate) fn choice(action: &str, placeholder: &str, options: &[(String, String)]) -> Value {
    let options: Vec<Value> =
        options.iter().map(|(label, value)| json!({ "text": plain_text(label), "value": value })).collect();
    json!({
        "type": "static_select", "action_id": action, "placeholder": plain_text(placeholder), "options": options
    })
}

fn rich(elements: Value) -> Value {
    json!({ "type": "rich_text", "elements": elements })
}

fn bold(text: &str) -> Value {
    json!({ "type": "text", "text": text, "style": { "bold": true } })
}

/// Slack takes no empty text element.
fn plain(text: &str) -> Value {
    json!({ "type": "text", "text": if text.is_empty() { "(nothing)" } else { text } })
}

/// Text for where Slack parses it: `&`, `<` and `>` as entities (docs.slack.dev/messaging/formatting-message-text), a middle
/// dot for each character that formats, and a ratio sign for each colon as an address or an emoji has it.
pub(crate) fn escaped(text: &str, most: usize) -> String {
    let mut out = String::new();
    let line = line(text, most).text;
    let mut letters = line.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '*' | '_' | '~' | '`' => out.push('\u{b7}'),
            // `@channel` calls nobody where names are not linked, which every message says.
            ':' if letters.peek().is_some_and(|next| !next.is_whitespace()) => out.push('\u{2236}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_parsed_is_escaped() {
        let hostile = "<!channel> <@U1> <https://evil.example|x> *b* `c` https://evil.example mailto:a@b :tada: &lt;";
        let shown = escaped(hostile, 500);
        for bad in ['<', '>', '*', '`'] {
            assert!(!shown.contains(bad), "{shown}");
        }
        assert!(!shown.contains("://") && !shown.contains("mailto:") && !shown.contains(":tada"), "{shown}");
        assert!(shown.contains("&amp;lt;"), "{shown}");
        assert_eq!(escaped("abcdef", 3), "abc");
    }
}
