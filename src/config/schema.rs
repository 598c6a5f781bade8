//! The JSON Schema (2020-12) of the whole file, put together from the kinds' own: for editors that complete and underline.
//!
//! `jit config check` is stricter: what reaches from one table to another (who is in a group, whether enough people can
//! approve) no schema can say.

use serde_json::{Map, Value, json};

use super::load::Kinds;

/// As [`jit_types::Span`] reads it.
const SPAN: &str = "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$";
const LABEL: &str = "^[a-z0-9][a-z0-9-]{0,62}$";
const PARAM: &str = "^[a-z][a-z0-9_-]{0,62}$";
const PERSON: &str = "^[a-z0-9][a-z0-9._+@-]{0,253}$";

/// The schema of a config file for a program with these kinds.
pub fn schema(kinds: &Kinds) -> Value {
    let backends = kinds.backends.iter().map(|kind| with_kind(kind.schemas().config, kind.name())).collect();
    let approvals = kinds.approvals.iter().map(|kind| with_kind(kind.schema(), kind.name())).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "jit.toml",
        "description": "Who may have which access for how long, and who says yes.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "roles": named("Roles that can be requested, by name.", LABEL, role(kinds)),
            "people": named("Persons, by a name that stays: an address.", PERSON, person(kinds)),
            "backends": named("Targets in which access is issued, by name.", LABEL, any_of(backends)),
            "approvals": named("Channels over which people are asked and told, by name.", LABEL, any_of(approvals)),
            "broker": broker()
        }
    })
}

fn named(description: &str, pattern: &str, of: Value) -> Value {
    json!({
        "description": description, "type": "object",
        "propertyNames": { "pattern": pattern }, "additionalProperties": of
    })
}

/// One of several shapes; nothing fits where the program has no kind at all.
fn any_of(shapes: Vec<Value>) -> Value {
    if shapes.is_empty() { json!(false) } else { json!({ "anyOf": shapes }) }
}

fn with_kind(schema: Value, name: &str) -> Value {
    with(schema, "kind", json!({ "description": "What it is.", "const": name }))
}

/// Adds a required key to an object's schema.
fn with(mut schema: Value, key: &str, of: Value) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.insert("type".to_owned(), json!("object"));
        if let Some(properties) = object.entry("properties").or_insert_with(|| json!({})).as_object_mut() {
            properties.insert(key.to_owned(), of);
        }
        if let Some(required) = object.entry("required").or_insert_with(|| json!([])).as_array_mut() {
            required.insert(0, json!(key));
        }
    }
    schema
}

fn span(description: &str, default: Option<&str>) -> Value {
    let mut schema = json!({ "description": description, "type": "string", "pattern": SPAN });
    if let (Some(object), Some(default)) = (schema.as_object_mut(), default) {
        object.insert("default".to_owned(), json!(default));
    }
    schema
}

fn text(description: &str) -> Value {
    json!({ "description": description, "type": "string", "minLength": 1 })
}

fn list(description: &str, of: Value) -> Value {
    json!({ "description": description, "type": "array", "minItems": 1, "uniqueItems": true, "items": of })
}

fn who(description: &str) -> Value {
    let group = LABEL.trim_start_matches('^');
    let person = PERSON.trim_matches(['^', '$']);
    list(description, json!({ "type": "string", "pattern": format!("^(group:{group}|{person}$)") }))
}

fn role(kinds: &Kinds) -> Value {
    let backend = json!({ "description": "One of [backends].", "type": "string", "pattern": LABEL });
    let gives = kinds.backends.iter().map(|kind| with(kind.schemas().scope, "backend", backend.clone())).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["about", "for", "request", "approve", "gives"],
        "properties": {
            "about": text("What it is for, in a short sentence."),
            "for": {
                "description": "How long.", "type": "object", "additionalProperties": false, "required": ["max"],
                "properties": {
                    "default": span("The duration when none is asked for.", Some("1h")),
                    "max": span("The longest duration, extensions included.", None)
                }
            },
            "start_by": span("Within how long of the approval it must be taken up.", Some("30m")),
            "decide_by": span("Within how long of asking somebody must decide.", Some("8h")),
            "request": who("Who may ask: groups and persons."),
            "approve": {
                "description": "Who says yes.",
                "oneOf": [
                    {
                        "type": "object", "additionalProperties": false, "required": ["count", "from"],
                        "properties": {
                            "count": { "description": "How many different persons.", "type": "integer", "minimum": 1 },
                            "from": who("Out of whom. Nobody approves their own request.")
                        }
                    },
                    {
                        "type": "object", "additionalProperties": false, "required": ["by"],
                        "properties": { "by": { "description": "Nobody is asked.", "const": "rule" } }
                    }
                ]
            },
            "reason": {
                "description": "What a reason must look like.", "type": "object", "additionalProperties": false,
                "properties": {
                    "pattern": text("A regular expression that the whole reason matches."),
                    "help": text("What to tell somebody whose reason does not match.")
                }
            },
            "params": named("What a requester chooses, by name.", PARAM, param()),
            "gives": list("What it gives: a backend, with the scope on it.", any_of(gives))
        }
    })
}

fn param() -> Value {
    let shape = |kind: &str, required: Value, extra: Value| {
        let mut properties = Map::new();
        properties.insert("type".to_owned(), json!({ "const": kind }));
        properties.insert("about".to_owned(), text("What it is for."));
        properties.extend(extra.as_object().cloned().unwrap_or_default());
        json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
    };
    let of = list("The texts to choose from.", json!({ "type": "string", "minLength": 1 }));
    let pattern = text("A regular expression that the whole text matches.");
    let number = |description: &str| json!({ "description": description, "type": "integer" });
    json!({ "oneOf": [
        shape("choice", json!(["type", "of"]), json!({ "of": of })),
        shape("text", json!(["type", "pattern"]), json!({ "pattern": pattern })),
        shape("number", json!(["type", "min", "max"]),
              json!({ "min": number("The smallest."), "max": number("The largest.") })),
        shape("bool", json!(["type"]), json!({})),
    ] })
}

fn person(kinds: &Kinds) -> Value {
    let mut properties = Map::new();
    let group = json!({ "type": "string", "pattern": LABEL });
    properties.insert("groups".to_owned(), list("The groups they are in.", group));
    for channel in kinds.channels() {
        let name = json!({ "type": "string", "pattern": "^[!-~]{1,400}$" });
        let names = list("Several names.", name.clone());
        let description = format!("Their name, or names, as {channel} knows them.");
        properties.insert(channel.to_owned(), json!({ "description": description, "anyOf": [name, names] }));
    }
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn broker() -> Value {
    json!({
        "description": "The broker itself.", "type": "object", "additionalProperties": false,
        "properties": {
            "administrators": list("Persons who may revoke, lock, erase and read everybody's record.",
                json!({ "type": "string", "pattern": PERSON })),
            "alerts": list("Channels that are told of what somebody must look at.",
                json!({ "type": "string", "pattern": LABEL })),
            "socket": text("Where it listens; a relative path begins at this file's directory."),
            "socket_mode": {
                "description": "Who may connect: its own user, a group, everybody on the machine.",
                "enum": ["0600", "0660", "0666"], "default": "0600"
            },
            "socket_group": text("The system group that the socket is given to."),
            "state": text("The directory of its state; a relative path begins at this file's directory.")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_types::name::{BackendKind, Name, NameKind, ParamKind, PersonKind, RoleKind};
    use regex::Regex;

    fn agree<K: NameKind>(pattern: &str, text: &str) {
        let by_schema = Regex::new(pattern).expect("a pattern").is_match(text);
        assert_eq!(by_schema, text.parse::<Name<K>>().is_ok(), "{pattern} on {text:?}");
    }

    #[test]
    fn the_patterns_say_what_the_parsers_do() {
        let long = "x".repeat(64);
        for text in ["a", "db-read", "0x", "-a", "", "A", "a b", "a_b", "ä", "a.b", "alice@example.com", "*", &long] {
            agree::<RoleKind>(LABEL, text);
            agree::<BackendKind>(LABEL, text);
            agree::<ParamKind>(PARAM, text);
            agree::<PersonKind>(PERSON, text);
        }
        // The `(?=.)` before it only refuses the empty text, which this engine can't say.
        let span = Regex::new(SPAN.replace("(?=.)", "").as_str()).expect("a pattern");
        for text in ["2h", "90m", "1h30m", "1d2h3m4s", "2", "h", "1m2h", "1 h", "-1h", "1.5h"] {
            assert_eq!(span.is_match(text), text.parse::<jit_types::Span>().is_ok(), "{text}");
        }
    }
}
