//! Ways in for fuzzing, past the socket and past Slack's own limits of speed. Only with the feature of this name.

use jit_approval::{Desk, Notice};
use serde_json::Value;

use crate::press::text;
use crate::{Slack, listen, render};

/// Deals with one text as it would come over the socket, to its end.
pub async fn envelope(slack: &Slack, body: &str, desk: &dyn Desk) {
    let Ok(event) = serde_json::from_str::<Value>(body) else { return };
    let (Some(kind), Some(envelope)) = (text(&event, "/type"), text(&event, "/envelope_id")) else { return };
    listen::deal(&slack.0, kind, envelope, &event, desk, &listen::Heard::by_nobody()).await;
}

/// The body of the message that a notice becomes, as it is posted.
pub fn message(notice: &Notice, calls: &[&str], reason: bool) -> Value {
    render::message(notice, calls, reason).post()
}
