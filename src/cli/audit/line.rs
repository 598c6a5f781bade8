//! One entry of the log, as a line for people.

use jit_types::Timestamp;
use serde_json::Value;

use crate::api::audit::EntryView;
use crate::cli::output::{Output, Tone, harmless};
use crate::cli::text;

/// Fields that are for programs: a person finds them with `--output json`.
const QUIET: &[&str] = &["hash", "config", "person", "deadline"];

/// The line: when, what, who, and the fields that a person wants to see.
pub(super) fn of(out: &Output, entry: &EntryView, now: Timestamp, with_request: bool) -> String {
    let get = |key: &str| entry.leaf.get(key).and_then(Value::as_str);
    let at = get("at").and_then(|at| at.parse::<Timestamp>().ok());
    let when = at.map(|at| text::moment(at, now)).unwrap_or_default();
    let kind = harmless(get("kind").unwrap_or("?"));
    let refused = get("outcome") == Some("refused");
    let kind = if refused { out.paint(Tone::Warn, format!("{kind} refused")) } else { out.paint(Tone::Strong, kind) };
    let mut parts = vec![format!("{:>6}  {when}  {kind}", entry.n)];
    if let Some(actor) = &entry.actor {
        parts.push(format!("by {}", harmless(actor)));
    }
    if let Some(role) = get("role") {
        parts.push(format!("role {}", harmless(role)));
    }
    if with_request && let Some(request) = get("request") {
        parts.push(harmless(request));
    }
    let fields = entry.leaf.get("fields").and_then(Value::as_object);
    for (name, value) in fields.into_iter().flatten().filter(|(name, _)| !QUIET.contains(&name.as_str())) {
        if let Some(shown) = shown(entry, name, value) {
            parts.push(format!("{}={}", out.paint(Tone::Faint, harmless(name)), shown));
        }
    }
    parts.join("  ")
}

fn shown(entry: &EntryView, name: &str, value: &Value) -> Option<String> {
    let value = match (entry.opened.get(name), value.get("commitment")) {
        (Some(opened), _) => opened,
        (None, Some(_)) => return Some("(sealed)".to_owned()),
        (None, None) => value,
    };
    let text = match value {
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => return None,
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        Value::Object(object) => object.values().filter_map(Value::as_str).collect::<Vec<_>>().join(": "),
        other => other.to_string(),
    };
    let text = harmless(&text);
    Some(if text.contains(' ') { format!("\"{text}\"") } else { text })
}
