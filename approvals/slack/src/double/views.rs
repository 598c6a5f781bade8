//! Modals, and the addresses that take answers.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::api::No;
use super::facts::{View, Whisper};
use super::http::{Back, Call};
use super::{Shared, kit};

/// How long a trigger is good (docs.slack.dev/interactivity/handling-user-interaction, "trigger_id").
pub(super) const TRIGGER: Duration = Duration::from_secs(3);

pub(super) fn open(shared: &Arc<Shared>, call: &Call) -> Result<Value, No> {
    let trigger = call.text("trigger_id").ok_or("invalid_arguments")?.to_owned();
    let view = call.structure("view")?.ok_or("invalid_arguments")?;
    kit::modal(&view)?;
    let mut state = shared.state();
    let (user, made) = state.triggers.remove(&trigger).ok_or("exchanged_trigger_id")?;
    if made + TRIGGER < Instant::now() {
        return Err("expired_trigger_id");
    }
    let id = state.id("V");
    state.views.insert(id.clone(), View { user, body: view.clone() });
    Ok(json!({ "view": { "id": id, "type": "modal" } }))
}

/// Takes an answer through an address that came with a press or a command: five at most.
pub(super) fn answer(shared: &Arc<Shared>, address: &str, said: Option<Value>) -> Back {
    let Some(body) = said else { return Back::Status(StatusCode::BAD_REQUEST) };
    let mut state = shared.state();
    let Some(known) = state.addresses.get_mut(address).filter(|known| known.left > 0) else {
        return Back::Status(StatusCode::NOT_FOUND);
    };
    if body.get("blocks").is_some_and(|blocks| kit::message(blocks).is_err()) {
        return Back::Status(StatusCode::BAD_REQUEST);
    }
    known.left -= 1;
    let (user, channel) = (known.user.clone(), known.channel.clone());
    state.calls.push(("response_url".to_owned(), body.clone()));
    // What is not said to be for one alone is seen by one alone all the same: that is the default.
    if body.get("response_type").and_then(Value::as_str) == Some("in_channel") {
        return Back::Status(StatusCode::BAD_REQUEST);
    }
    state.whispers.push(Whisper { user, channel, body });
    Back::Json(json!({ "ok": true }), None)
}
