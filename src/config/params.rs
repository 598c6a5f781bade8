//! `[roles.NAME.params.NAME]`: what a requester may choose, each with a type that bounds it.

use std::collections::{BTreeMap, BTreeSet};

use jit_life::role::{Param, ParamType};
use jit_types::proof::is_unsafe;
use jit_types::settings::{FromNode, Node, NodeValue, Reader};
use jit_types::{ParamName, Words};

use super::read::{self, At, near, nearest};
use super::{pattern, roles::Around};

/// The most parameters of one role: nobody fills in more.
const MOST: usize = 64;

const TYPES: [&str; 4] = ["choice", "text", "number", "bool"];

/// What was read of a role's parameters.
#[derive(Default)]
pub(super) struct Declared {
    /// The parameters; none whose table holds a mistake.
    pub(super) params: BTreeMap<ParamName, Param>,
    /// All names that were written, with where.
    named: Vec<At<ParamName>>,
}

/// Reads all parameters of a role.
pub(super) fn read(role: &mut Reader<'_>, around: &Around<'_>) -> Declared {
    let mut all = Declared::default();
    role.each("params", |name, at, reader| {
        let name = match name.parse::<ParamName>() {
            Ok(name) => name,
            Err(error) => {
                reader.fault("", at.clone(), error.to_string(), "name it as in [roles.db-read.params.schema]");
                reader.leave();
                return;
            }
        };
        all.named.push((name.clone(), at.clone()));
        let about = if reader.node("about").is_some() {
            read::sentence(reader, "about")
        } else {
            Some(Words::new(name.as_str()))
        };
        if let (Some(kind), Some(about)) = (kind(reader, around), about) {
            all.params.insert(name, Param { about, kind });
        }
    });
    all
}

fn kind(reader: &mut Reader<'_>, around: &Around<'_>) -> Option<ParamType> {
    let Some(word) = reader.required::<String>("type") else {
        reader.leave();
        return None;
    };
    match word.as_str() {
        "choice" => choice(reader),
        // Without a pattern a text could be anything, and empty never means everything.
        "text" if reader.node("pattern").is_none() => {
            let span = reader.span("pattern");
            let remedy = "add `pattern = '…'`: which texts are allowed, as a whole; nothing never means everything";
            reader.fault("pattern", span, "`pattern` is missing", remedy);
            None
        }
        "text" => pattern::read(reader, "pattern", around.text).map(ParamType::Text),
        "number" => number(reader),
        "bool" => Some(ParamType::Bool),
        _ => {
            let span = reader.span("type");
            reader.fault("type", span, "this type is not known", nearest(&word, TYPES, ""));
            reader.leave();
            None
        }
    }
}

fn choice(reader: &mut Reader<'_>) -> Option<ParamType> {
    let of = read::items::<String>(reader, "of");
    let mut sound = of.whole;
    for (text, span) in &of.found {
        if text.is_empty() || text.len() > 400 || text.chars().any(is_unsafe) {
            let rule = "a choice has 1 to 400 bytes, without control characters and marks that reorder or hide text";
            reader.fault("of", span.clone(), rule, "write it as a requester types it");
            sound = false;
        }
    }
    sound.then(|| ParamType::Choice(of.found.into_iter().map(|(text, _)| text).collect()))
}

fn number(reader: &mut Reader<'_>) -> Option<ParamType> {
    let (min, max) = (reader.required::<i64>("min"), reader.required::<i64>("max"));
    let (min, max) = (min?, max?);
    if min > max {
        let span = reader.span("min");
        reader.fault("min", span, format!("`min` is {min}, which is more than `max`, {max}"), "swap the two");
        return None;
    }
    Some(ParamType::Number { min, max })
}

/// Compares what the scopes stand on with what is declared: both ways, because a parameter that nothing stands on tells
/// the approver of a limit that does not exist.
pub(super) fn check_use(role: &mut Reader<'_>, declared: &Declared) {
    if declared.named.len() > MOST {
        let span = role.span("params");
        role.fault("params", span, format!("a role has at most {MOST} parameters"), "make two roles of it");
        return;
    }
    let mut used: Vec<At<String>> = Vec::new();
    if let Some(gives) = role.node("gives") {
        placeholders(gives, &mut used);
    }
    let names: BTreeSet<&str> = declared.named.iter().map(|(name, _)| name.as_str()).collect();
    for (name, span) in &used {
        if !names.contains(name.as_str()) {
            let path = role.path(&format!("params.{name}"));
            let remedy = nearest(name, names.iter().copied(), &format!("declare it as [{path}]"));
            role.fault("gives", span.clone(), "a scope stands on a parameter that is not declared", remedy);
        }
    }
    // A slip in the one place is told there, not as a parameter that nothing stands on as well.
    let meant =
        |name: &ParamName, used: &str| name.as_str() == used || !names.contains(used) && near(name.as_str(), used);
    for (name, span) in &declared.named {
        if !used.iter().any(|(used, _)| meant(name, used)) {
            let remedy = format!("use it in a scope as {{ param = \"{name}\" }}, or remove it");
            role.fault(&format!("params.{name}"), span.clone(), "no scope stands on this parameter", remedy);
        }
    }
}

/// Finds every `{ param = "name" }`, also in an entry that its backend could not read.
fn placeholders(node: &Node, into: &mut Vec<At<String>>) {
    match &node.value {
        NodeValue::List(items) => items.iter().for_each(|item| placeholders(item, into)),
        NodeValue::Table(table) => match (table.entries.len(), table.entries.get("param")) {
            (1, Some((_, value))) => into.extend(String::from_node(value).ok().map(|name| (name, value.span.clone()))),
            _ => table.entries.values().for_each(|(_, inner)| placeholders(inner, into)),
        },
        _ => {}
    }
}
