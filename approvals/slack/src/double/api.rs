//! The Web API: which methods there are, what each wants, what each says no to.

use std::sync::Arc;

use serde_json::{Value, json};

use super::http::{Back, Call};
use super::{APP_TOKEN, BOT_TOKEN, BOT_USER, Shared, TEAM, chat, views};

/// Why a call is refused, by Slack's own code.
pub(super) type No = &'static str;

/// Which token a method takes, and which scope that must have.
enum Wants {
    Bot(&'static [&'static str]),
    App,
}

/// The methods. Those that only read take no JSON (docs.slack.dev/apis/web-api: each method's "accepted content types").
fn wants(method: &str) -> Option<(Wants, bool)> {
    Some(match method {
        "auth.test" => (Wants::Bot(&[]), true),
        "apps.connections.open" => (Wants::App, true),
        "chat.postMessage" | "chat.update" | "chat.postEphemeral" => (Wants::Bot(&["chat:write"]), true),
        "conversations.open" => (Wants::Bot(&["im:write"]), true),
        "conversations.info" => (Wants::Bot(&["channels:read", "groups:read"]), false),
        "conversations.list" => (Wants::Bot(&["channels:read", "groups:read"]), false),
        "users.info" => (Wants::Bot(&["users:read"]), false),
        "users.lookupByEmail" => (Wants::Bot(&["users:read.email"]), false),
        "views.open" => (Wants::Bot(&[]), true),
        _ => return None,
    })
}

impl Call {
    /// An argument as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.arguments.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// An argument with a structure: as it is, or as JSON in a form's field.
    pub(super) fn structure(&self, name: &str) -> Result<Option<Value>, No> {
        match self.arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| "invalid_arguments"),
            Some(value) => Ok(Some(value.clone())),
        }
    }
}

/// Answers a call.
pub(super) fn call(shared: &Arc<Shared>, call: &Call) -> Back {
    let scopes = shared.state().scopes.join(",");
    let known = (call.token.as_deref() == Some(BOT_TOKEN)).then(|| scopes.clone());
    let no = |code: &str| Back::Json(json!({ "ok": false, "error": code }), known.clone());
    let Some((wants, takes_json)) = wants(&call.method) else { return no("unknown_method") };
    match (&wants, call.token.as_deref()) {
        (_, None) => return no("not_authed"),
        (Wants::Bot(_), Some(BOT_TOKEN)) | (Wants::App, Some(APP_TOKEN)) => {}
        (_, Some(BOT_TOKEN | APP_TOKEN)) => return no("not_allowed_token_type"),
        _ => return no("invalid_auth"),
    }
    if let Wants::Bot(needed) = wants
        && let Some(missing) = needed.iter().find(|scope| !scopes.split(',').any(|there| there == **scope))
    {
        let body = json!({ "ok": false, "error": "missing_scope", "needed": missing, "provided": scopes });
        return Back::Json(body, known);
    }
    if call.json && !takes_json {
        return no("invalid_arguments");
    }
    {
        let mut state = shared.state();
        if let Some((left, seconds)) = state.limited.get_mut(&call.method).filter(|(left, _)| *left > 0) {
            *left -= 1;
            let seconds = *seconds;
            *state.too_soon.entry(call.method.clone()).or_default() += 1;
            return Back::Later(seconds);
        }
        if matches!(call.method.as_str(), "chat.postMessage" | "chat.postEphemeral")
            && state.too_soon(call.text("channel").unwrap_or_default())
        {
            *state.too_soon.entry(call.method.clone()).or_default() += 1;
            return Back::Later(1);
        }
    }
    match method(shared, call) {
        Ok(mut body) => {
            let said = Value::Object(call.arguments.clone());
            shared.state().calls.push((call.method.clone(), said));
            if let Some(object) = body.as_object_mut() {
                object.insert("ok".to_owned(), Value::from(true));
            }
            Back::Json(body, known)
        }
        Err(code) => no(code),
    }
}

fn method(shared: &Arc<Shared>, call: &Call) -> Result<Value, No> {
    match call.method.as_str() {
        "auth.test" => Ok(json!({
            "url": "https://double.slack.com/", "team": "Double", "user": "jit", "team_id": TEAM, "user_id": BOT_USER,
            "bot_id": "B0JIT", "is_enterprise_install": false
        })),
        "apps.connections.open" => {
            let mut state = shared.state();
            // At most ten at once (docs.slack.dev/apis/events-api/using-socket-mode).
            if state.sockets.len() >= 10 {
                return Err("too_many_websockets");
            }
            let ticket = format!("ticket-{}", state.next());
            state.tickets.insert(ticket.clone());
            // From http to ws, from https to wss.
            let base = shared.base(&state).replacen("http", "ws", 1);
            let url = format!("{base}/link?ticket={ticket}&app_id=A0DOUBLE");
            Ok(json!({ "url": url }))
        }
        "users.info" => {
            let id = call.text("user").ok_or("invalid_arguments")?;
            let state = shared.state();
            let mut user = state.users.get(id).cloned().ok_or("user_not_found")?;
            // An address is shown to those alone who may see it.
            if !state.scopes.iter().any(|scope| scope == "users:read.email")
                && let Some(profile) = user.get_mut("profile").and_then(Value::as_object_mut)
            {
                profile.remove("email");
            }
            Ok(json!({ "user": user }))
        }
        "users.lookupByEmail" => {
            let mail = call.text("email").ok_or("invalid_arguments")?;
            let state = shared.state();
            let has = |user: &&Value| user.pointer("/profile/email").and_then(Value::as_str) == Some(mail);
            Ok(json!({ "user": state.users.values().find(has).ok_or("users_not_found")? }))
        }
        "conversations.info" => {
            let id = call.text("channel").ok_or("invalid_arguments")?;
            let channel = shared.state().shown(id).ok_or("channel_not_found")?;
            Ok(json!({ "channel": channel }))
        }
        "conversations.list" => {
            let state = shared.state();
            let page = 2;
            let from = call.text("cursor").and_then(|cursor| cursor.parse::<usize>().ok()).unwrap_or(0);
            let ids: Vec<&String> = state.channels.keys().filter(|id| !id.starts_with('D')).collect();
            let shown: Vec<Value> = ids.iter().skip(from).take(page).filter_map(|id| state.shown(id)).collect();
            let next = if from + page < ids.len() { (from + page).to_string() } else { String::new() };
            Ok(json!({ "channels": shown, "response_metadata": { "next_cursor": next } }))
        }
        "conversations.open" => chat::open(shared, call),
        "chat.postMessage" => chat::post(shared, call),
        "chat.update" => chat::update(shared, call),
        "chat.postEphemeral" => chat::whisper(shared, call),
        "views.open" => views::open(shared, call),
        _ => Err("unknown_method"),
    }
}
