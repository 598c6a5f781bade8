//! The methods that write messages.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::api::No;
use super::facts::{Channel, Post, Whisper};
use super::http::Call;
use super::{BOT_USER, Shared, kit};

/// The longest text of a message (docs.slack.dev/reference/methods/chat.postMessage, "truncating content").
const LONGEST: usize = 40_000;

/// What a message says, where it can be said.
pub(super) fn body(call: &Call) -> Result<Value, No> {
    let blocks = call.structure("blocks")?;
    let text = call.text("text").unwrap_or_default();
    if text.chars().count() > LONGEST {
        return Err("msg_too_long");
    }
    match &blocks {
        Some(blocks) => kit::message(blocks)?,
        None if text.is_empty() => return Err("no_text"),
        None => {}
    }
    let mut body = Map::new();
    for (key, value) in &call.arguments {
        if !matches!(key.as_str(), "channel" | "ts" | "thread_ts" | "user" | "blocks") {
            body.insert(key.clone(), value.clone());
        }
    }
    if let Some(blocks) = blocks {
        body.insert("blocks".to_owned(), blocks);
    }
    Ok(Value::Object(body))
}

pub(super) fn open(shared: &Arc<Shared>, call: &Call) -> Result<Value, No> {
    let user = call.text("users").ok_or("users_list_not_supplied")?;
    let mut state = shared.state();
    let known = state.users.get(user).ok_or("user_not_found")?;
    if known.get("deleted").and_then(Value::as_bool) == Some(true) {
        return Err("user_disabled");
    }
    if known.get("is_bot").and_then(Value::as_bool) == Some(true) {
        return Err("cannot_dm_bot");
    }
    let members = [BOT_USER.to_owned(), user.to_owned()].into();
    let there = state.channels.iter().find(|(id, channel)| id.starts_with('D') && channel.members == members);
    let id = match there.map(|(id, _)| id.clone()) {
        Some(id) => id,
        None => {
            let id = state.id("D");
            state.channels.insert(id.clone(), Channel { name: String::new(), members, facts: Map::new() });
            id
        }
    };
    Ok(json!({ "channel": { "id": id } }))
}

/// The channel that a call names, where the app may write to it.
fn writable(shared: &Arc<Shared>, call: &Call) -> Result<String, No> {
    let state = shared.state();
    let id = call.text("channel").and_then(|written| state.channel_id(written)).ok_or("channel_not_found")?;
    let channel = state.channels.get(&id).ok_or("channel_not_found")?;
    if channel.facts.get("is_archived").and_then(Value::as_bool) == Some(true) {
        return Err("is_archived");
    }
    if state.is_in(BOT_USER, &id) { Ok(id) } else { Err("not_in_channel") }
}

pub(super) fn post(shared: &Arc<Shared>, call: &Call) -> Result<Value, No> {
    let channel = writable(shared, call)?;
    let body = body(call)?;
    let thread = call.text("thread_ts").map(str::to_owned);
    let mut state = shared.state();
    if let Some(thread) = &thread
        && !state.posts.iter().any(|post| post.channel == channel && post.ts == *thread)
    {
        return Err("thread_not_found");
    }
    let ts = state.ts();
    let post = Post { channel: channel.clone(), ts: ts.clone(), thread, body: body.clone(), edits: 0 };
    state.posts.push(post);
    Ok(json!({ "channel": channel, "ts": ts, "message": message(&ts, &body) }))
}

pub(super) fn update(shared: &Arc<Shared>, call: &Call) -> Result<Value, No> {
    let (channel, ts) = (call.text("channel").ok_or("channel_not_found")?, call.text("ts").ok_or("message_not_found")?);
    // An edit wants the channel's id: a name is not taken here.
    if !shared.state().channels.contains_key(channel) {
        return Err("channel_not_found");
    }
    let body = body(call)?;
    let mut state = shared.state();
    let post = state.posts.iter_mut().find(|post| post.channel == channel && post.ts == ts);
    let post = post.ok_or("message_not_found")?;
    post.body = body.clone();
    post.edits += 1;
    Ok(json!({ "channel": channel, "ts": ts, "text": body.get("text"), "message": message(ts, &body) }))
}

pub(super) fn whisper(shared: &Arc<Shared>, call: &Call) -> Result<Value, No> {
    let channel = writable(shared, call)?;
    let user = call.text("user").ok_or("user_not_in_channel")?.to_owned();
    let body = body(call)?;
    let mut state = shared.state();
    if !state.is_in(&user, &channel) {
        return Err("user_not_in_channel");
    }
    let ts = state.ts();
    state.whispers.push(Whisper { user, channel, body });
    Ok(json!({ "message_ts": ts }))
}

fn message(ts: &str, body: &Value) -> Value {
    json!({
        "type": "message", "user": BOT_USER, "bot_id": "B0JIT", "ts": ts,
        "text": body.get("text"), "blocks": body.get("blocks").cloned().unwrap_or(json!([]))
    })
}
