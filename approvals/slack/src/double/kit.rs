//! The rules of Block Kit, as far as anything here uses it: what is not known is refused.
//!
//! Limits by docs.slack.dev/reference/block-kit, the page of each block and element.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::api::No;

const INVALID: No = "invalid_blocks";
/// How much text the blocks of one message may hold in all.
const ALL: usize = 13_200;

type Object = Map<String, Value>;

/// Checks the blocks of a message.
pub(super) fn message(blocks: &Value) -> Result<(), No> {
    let blocks = blocks.as_array().ok_or("invalid_blocks_format")?;
    checked(blocks, 50, false)?;
    if blocks.iter().map(length).sum::<usize>() > ALL { Err("msg_blocks_too_long") } else { Ok(()) }
}

/// Checks a modal.
pub(super) fn modal(view: &Value) -> Result<(), No> {
    let no = "invalid_arguments";
    let view = view.as_object().ok_or(no)?;
    let keys = ["type", "callback_id", "private_metadata", "title", "submit", "close", "blocks"];
    only(view, &keys).map_err(|_| no)?;
    let fits = |key: &str, most: usize| {
        view.get(key).is_none_or(|value| value.as_str().is_some_and(|text| text.chars().count() <= most))
    };
    if view.get("type").and_then(Value::as_str) != Some("modal") || !fits("callback_id", 255) {
        return Err(no);
    }
    if !fits("private_metadata", 3000) {
        return Err(no);
    }
    for (key, needed) in [("title", true), ("submit", true), ("close", false)] {
        match view.get(key) {
            Some(text) => plain(text, 24).map_err(|_| no)?,
            None if needed => return Err(no),
            None => {}
        }
    }
    let blocks = view.get("blocks").and_then(Value::as_array).ok_or(no)?;
    checked(blocks, 100, true).map_err(|_| no)
}

fn checked(blocks: &[Value], most: usize, modal: bool) -> Result<(), No> {
    if blocks.is_empty() || blocks.len() > most {
        return Err(INVALID);
    }
    let mut ids = BTreeSet::new();
    for block in blocks {
        let block = block.as_object().ok_or(INVALID)?;
        if let Some(id) = block.get("block_id") {
            let id = id.as_str().filter(|id| (1..=255).contains(&id.chars().count())).ok_or(INVALID)?;
            if !ids.insert(id) {
                return Err(INVALID);
            }
        }
        match kind(block)? {
            "header" => {
                only(block, &["type", "block_id", "text"])?;
                plain(need(block, "text")?, 150)?;
            }
            "rich_text" => {
                only(block, &["type", "block_id", "elements"])?;
                for element in list(block, 1, 1000)? {
                    rich(element.as_object().ok_or(INVALID)?)?;
                }
            }
            "actions" if !modal => {
                only(block, &["type", "block_id", "elements"])?;
                let mut actions = BTreeSet::new();
                for element in list(block, 1, 25)? {
                    let element = element.as_object().ok_or(INVALID)?;
                    if !actions.insert(control(element)?) {
                        return Err(INVALID);
                    }
                }
            }
            "input" => {
                only(block, &["type", "block_id", "label", "element", "optional", "hint", "dispatch_action"])?;
                plain(need(block, "label")?, 2000)?;
                let element = need(block, "element")?.as_object().ok_or(INVALID)?;
                only(element, &["type", "action_id", "multiline", "max_length", "min_length", "placeholder"])?;
                let most = element.get("max_length").map_or(Some(3000), Value::as_u64);
                if kind(element)? != "plain_text_input" || !most.is_some_and(|most| (1..=3000).contains(&most)) {
                    return Err(INVALID);
                }
                text(need(element, "action_id")?, 1, 255)?;
            }
            // What the official clients' own examples send.
            "section" => {
                only(block, &["type", "block_id", "text"])?;
                let text = need(block, "text")?.as_object().ok_or(INVALID)?;
                only(text, &["type", "text", "emoji", "verbatim"])?;
                self::text(need(text, "text")?, 1, 3000)?;
            }
            _ => return Err(INVALID),
        }
    }
    Ok(())
}

/// Checks a button or a choice; returns its action.
fn control(element: &Object) -> Result<&str, No> {
    let action = need(element, "action_id")?;
    text(action, 1, 255)?;
    match kind(element)? {
        "button" => {
            only(element, &["type", "action_id", "text", "value", "style", "confirm"])?;
            if let Some(confirm) = element.get("confirm") {
                self::confirm(confirm.as_object().ok_or(INVALID)?)?;
            }
            plain(need(element, "text")?, 75)?;
            text(need(element, "value")?, 1, 2000)?;
            if let Some(style) = element.get("style")
                && !matches!(style.as_str(), Some("primary" | "danger"))
            {
                return Err(INVALID);
            }
        }
        "static_select" => {
            only(element, &["type", "action_id", "placeholder", "options"])?;
            plain(need(element, "placeholder")?, 150)?;
            let options = need(element, "options")?.as_array().ok_or(INVALID)?;
            if !(1..=100).contains(&options.len()) {
                return Err(INVALID);
            }
            for option in options {
                let option = option.as_object().ok_or(INVALID)?;
                only(option, &["text", "value"])?;
                plain(need(option, "text")?, 75)?;
                text(need(option, "value")?, 1, 150)?;
            }
        }
        _ => return Err(INVALID),
    }
    action.as_str().ok_or(INVALID)
}

/// Checks a dialog that asks once more.
fn confirm(dialog: &Object) -> Result<(), No> {
    only(dialog, &["title", "text", "confirm", "deny", "style"])?;
    [("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)]
        .into_iter()
        .try_for_each(|(key, most)| plain(need(dialog, key)?, most))
}

fn rich(element: &Object) -> Result<(), No> {
    match kind(element)? {
        "rich_text_section" | "rich_text_quote" | "rich_text_preformatted" => {
            only(element, &["type", "elements", "border"])?;
            list(element, 1, 1000)?.iter().try_for_each(inline)
        }
        "rich_text_list" => {
            only(element, &["type", "elements", "style", "indent", "border", "offset"])?;
            if !matches!(element.get("style").and_then(Value::as_str), Some("bullet" | "ordered")) {
                return Err(INVALID);
            }
            for item in list(element, 1, 1000)? {
                let item = item.as_object().ok_or(INVALID)?;
                if kind(item)? != "rich_text_section" {
                    return Err(INVALID);
                }
                rich(item)?;
            }
            Ok(())
        }
        _ => Err(INVALID),
    }
}

fn inline(element: &Value) -> Result<(), No> {
    let element = element.as_object().ok_or(INVALID)?;
    match kind(element)? {
        "text" => {
            only(element, &["type", "text", "style"])?;
            text(need(element, "text")?, 1, 3000)?;
            match element.get("style") {
                None => Ok(()),
                Some(style) => only(style.as_object().ok_or(INVALID)?, &["bold", "italic", "strike", "code"]),
            }
        }
        "user" => {
            only(element, &["type", "user_id", "style"])?;
            text(need(element, "user_id")?, 2, 30)
        }
        "date" => {
            only(element, &["type", "timestamp", "format", "fallback", "url", "style"])?;
            let time = need(element, "timestamp")?.as_i64().ok_or(INVALID)?;
            text(need(element, "format")?, 1, 200)?;
            if time < 0 { Err(INVALID) } else { Ok(()) }
        }
        _ => Err(INVALID),
    }
}

/// How many characters of text there are in something.
fn length(value: &Value) -> usize {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| match (key.as_str(), value) {
                ("text" | "value", Value::String(text)) => text.chars().count(),
                _ => length(value),
            })
            .sum(),
        Value::Array(list) => list.iter().map(length).sum(),
        _ => 0,
    }
}

fn kind(object: &Object) -> Result<&str, No> {
    object.get("type").and_then(Value::as_str).ok_or(INVALID)
}

fn need<'a>(object: &'a Object, key: &str) -> Result<&'a Value, No> {
    object.get(key).ok_or(INVALID)
}

fn list(object: &Object, least: usize, most: usize) -> Result<&Vec<Value>, No> {
    let list = need(object, "elements")?.as_array().ok_or(INVALID)?;
    if (least..=most).contains(&list.len()) { Ok(list) } else { Err(INVALID) }
}

fn only(object: &Object, keys: &[&str]) -> Result<(), No> {
    if object.keys().all(|key| keys.contains(&key.as_str())) { Ok(()) } else { Err(INVALID) }
}

fn text(value: &Value, least: usize, most: usize) -> Result<(), No> {
    let count = value.as_str().ok_or(INVALID)?.chars().count();
    if (least..=most).contains(&count) { Ok(()) } else { Err(INVALID) }
}

fn plain(value: &Value, most: usize) -> Result<(), No> {
    let object = value.as_object().ok_or(INVALID)?;
    only(object, &["type", "text", "emoji"])?;
    if kind(object)? != "plain_text" {
        return Err(INVALID);
    }
    text(need(object, "text")?, 1, most)
}
