//! Reads a message as Slack draws it: what calls somebody, what is a link, what is only letters.

use serde_json::Value;

/// A message as its readers see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Its parts in order, without their text.
    pub parts: Vec<String>,
    /// All that is to be read.
    pub text: String,
    /// The users whom it calls, and `!channel` and the like for rooms.
    pub calls: Vec<String>,
    /// Where its links lead.
    pub links: Vec<String>,
    /// What can be pressed.
    pub controls: Vec<Control>,
}

/// Something to press: a button, or one option of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The action.
    pub action: String,
    /// What is written on it.
    pub label: String,
    /// Its value.
    pub value: String,
    /// Whether it is an option of a choice.
    pub option: bool,
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

impl Shown {
    /// Reads the body of a message.
    pub fn read(body: &Value) -> Self {
        let mut shown = Self::default();
        // What a notification says: Slack parses it, though it is not drawn where there are blocks.
        let mut notified = Self::default();
        notified.markup(text(body, "/text"), body.get("mrkdwn").and_then(Value::as_bool) != Some(false));
        let blocks = items(body, "blocks");
        if blocks.is_empty() {
            return notified;
        }
        shown.parts.extend(notified.parts.into_iter().map(|part| format!("notified {part}")));
        shown.calls.extend(notified.calls);
        shown.links.extend(notified.links);
        for block in blocks {
            shown.block(block);
            shown.text.push('\n');
        }
        shown
    }

    fn block(&mut self, block: &Value) {
        let kind = text(block, "/type");
        self.parts.push(kind.to_owned());
        match kind {
            "header" => self.object(block.get("text").unwrap_or(&Value::Null)),
            "section" => self.object(block.get("text").unwrap_or(&Value::Null)),
            "rich_text" => items(block, "elements").iter().for_each(|element| self.rich(element)),
            "actions" => items(block, "elements").iter().for_each(|element| self.control(element)),
            _ => {}
        }
    }

    /// A composition object: plain text is letters, with emoji where that is on; the other is parsed.
    fn object(&mut self, object: &Value) {
        let said = text(object, "/text");
        if text(object, "/type") == "plain_text" {
            if object.get("emoji").and_then(Value::as_bool) == Some(true) && is_emoji(said) {
                self.parts.push("emoji".to_owned());
            }
            self.text.push_str(said);
        } else {
            self.markup(said, true);
        }
    }

    fn rich(&mut self, element: &Value) {
        let kind = text(element, "/type");
        match kind {
            "rich_text_section" | "rich_text_quote" | "rich_text_list" | "rich_text_preformatted" => {
                self.parts.push(kind.to_owned());
                items(element, "elements").iter().for_each(|element| self.rich(element));
                self.text.push('\n');
            }
            "text" => {
                let said = text(element, "/text");
                let bold = element.pointer("/style/bold").and_then(Value::as_bool) == Some(true);
                // What is bold is a label of ours: it is named, so that a forged one is seen.
                self.parts.push(if bold { format!("bold {said}") } else { "text".to_owned() });
                self.parts.extend(said.matches('\n').map(|_| "line".to_owned()));
                self.text.push_str(said);
            }
            "user" => {
                self.parts.push("user".to_owned());
                self.calls.push(text(element, "/user_id").to_owned());
            }
            "link" => {
                self.parts.push("link".to_owned());
                self.links.push(text(element, "/url").to_owned());
            }
            "date" => {
                self.parts.push("date".to_owned());
                self.text.push_str("(your time)");
            }
            other => self.parts.push(format!("other {other}")),
        }
    }

    fn control(&mut self, element: &Value) {
        let action = text(element, "/action_id").to_owned();
        let kind = text(element, "/type");
        self.parts.push(format!("{kind} {action}"));
        self.text.push_str(text(element, "/text/text"));
        self.text.push_str(text(element, "/placeholder/text"));
        if kind == "button" {
            let (label, value) = (text(element, "/text/text").to_owned(), text(element, "/value").to_owned());
            self.controls.push(Control { action, label, value, option: false });
            return;
        }
        for option in items(element, "options") {
            let (label, value) = (text(option, "/text/text").to_owned(), text(option, "/value").to_owned());
            self.text.push_str(&label);
            self.controls.push(Control { action: action.clone(), label, value, option: true });
        }
    }

    /// Text that Slack parses (docs.slack.dev/messaging/formatting-message-text).
    fn markup(&mut self, mut rest: &str, styles: bool) {
        while let Some(c) = rest.chars().next() {
            let end = rest.find('>').filter(|_| c == '<');
            let entity = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')].into_iter().find(|(e, _)| rest.starts_with(e));
            let taken = if let Some(end) = end {
                self.tag(rest.get(1..end).unwrap_or_default());
                end + 1
            } else if let Some((written, drawn)) = entity {
                self.text.push(drawn);
                written.len()
            } else if ["https://", "http://", "mailto:"].iter().any(|scheme| rest.starts_with(scheme)) {
                let address: String = rest.chars().take_while(|c| !c.is_whitespace() && !"<>&".contains(*c)).collect();
                self.parts.push("link".to_owned());
                self.text.push_str(&address);
                let length = address.len();
                self.links.push(address);
                length
            } else {
                if styles && "*_~`".contains(c) {
                    self.parts.push(format!("style {c}"));
                }
                if c == '\n' {
                    self.parts.push("line".to_owned());
                }
                self.text.push(c);
                c.len_utf8()
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    fn tag(&mut self, inside: &str) {
        if let Some(user) = inside.strip_prefix('@') {
            self.parts.push("user".to_owned());
            self.calls.push(user.to_owned());
        } else if inside.starts_with('!') || inside.starts_with('#') {
            self.parts.push("room".to_owned());
            self.calls.push(inside.to_owned());
        } else {
            let (address, label) = inside.split_once('|').unwrap_or((inside, inside));
            self.parts.push("link".to_owned());
            self.links.push(address.to_owned());
            self.text.push_str(label);
        }
    }
}

/// Whether there is a `:name:` in a text.
fn is_emoji(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let name = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b));
    // What stands before the first colon and after the last is between none.
    parts.iter().take(parts.len().saturating_sub(1)).skip(1).any(name)
}
