//! Presses: from what Slack sends to a decision at the desk, and back to the one who pressed.

use jit_approval::{Decision, Desk, Identity, Verdict};
use serde_json::{Value, json};

use crate::Inner;
use crate::answer::Seat;
use crate::blocks::{field, plain_text};
use crate::command::Button;
use crate::listen::Heard;
use crate::people::Refusal;
use crate::render::Shown;
use crate::web::{As, Said};

/// The modal that asks why somebody says no.
const MODAL: &str = "jit.deny";
/// The block and the action of its one field.
const WHY: &str = "why";
/// How much may be typed there.
const LONGEST_WHY: usize = 1000;

/// An answer where what was pressed is none of ours, or of a version that is not understood.
const UNKNOWN: &str = "this can't be understood; nothing was changed. `jit show` has the ask as it is now";

/// A text at a place of a payload.
pub(crate) fn text<'a>(payload: &'a Value, pointer: &str) -> Option<&'a str> {
    payload.pointer(pointer)?.as_str()
}

impl Inner {
    /// Who sent a payload of an app that is installed in one workspace; one for a whole organisation names none.
    async fn presser(&self, payload: &Value) -> Result<Identity, Refusal> {
        self.vouched(text(payload, "/team/id"), payload.get("user").unwrap_or(&Value::Null)).await
    }

    /// Deals with a press or a modal that was sent.
    pub(crate) async fn interactive(&self, envelope: &str, payload: &Value, desk: &dyn Desk, heard: &Heard) {
        match text(payload, "/type") {
            Some("block_actions") => self.pressed(envelope, payload, desk, heard).await,
            Some("view_submission") if text(payload, "/view/callback_id") == Some(MODAL) => {
                self.submitted(envelope, payload, desk, heard).await;
            }
            // Shortcuts and closed modals mean nothing here.
            _ => {}
        }
    }

    async fn pressed(&self, envelope: &str, payload: &Value, desk: &dyn Desk, heard: &Heard) {
        let seat = Seat {
            user: text(payload, "/user/id").unwrap_or_default().to_owned(),
            channel: text(payload, "/container/channel_id").map(str::to_owned),
            address: text(payload, "/response_url").map(str::to_owned),
            instead: payload.pointer("/container/is_ephemeral").and_then(Value::as_bool) == Some(true),
        };
        let by = match self.presser(payload).await {
            Ok(by) => by,
            Err(Refusal(words)) => return self.answer(&seat, words).await,
        };
        let action = text(payload, "/actions/0/action_id").unwrap_or_default();
        let value = text(payload, "/actions/0/value").or_else(|| text(payload, "/actions/0/selected_option/value"));
        if let Some(button) = value.and_then(|value| Button::pressed(action, value, &by)) {
            return self.done(&seat, by, envelope, button, desk, heard).await;
        }
        let Some((shown, verdict)) = value.and_then(|value| Shown::pressed(action, value)) else {
            return self.answer(&seat, UNKNOWN).await;
        };
        let at = text(payload, "/container/message_ts").unwrap_or_default();
        if verdict == Verdict::Deny {
            // Nothing is decided by asking, and the trigger is good for three seconds.
            heard.say();
            return self.asked_why(payload, &seat, shown, at).await;
        }
        let time = text(payload, "/actions/0/action_ts").unwrap_or_default();
        let evidence = evidence(envelope, &by, time, &seat, at);
        let decision = Decision { ask: shown.ask, hash: shown.hash, by, verdict, comment: None, evidence };
        let outcome = desk.decide(&decision).await;
        heard.say();
        self.answer(&seat, outcome.words.as_str()).await;
    }

    /// Opens the modal in which somebody says why they deny.
    async fn asked_why(&self, payload: &Value, seat: &Seat, shown: Shown, at: &str) {
        let trigger = text(payload, "/trigger_id").unwrap_or_default();
        let channel = seat.channel.as_deref().unwrap_or_default();
        let body = json!({ "trigger_id": trigger, "view": modal(shown, channel, at) });
        if self.web.call("views.open", As::Bot, Said::Json(&body)).await.is_err() {
            // A trigger is good for three seconds.
            let words = "Slack did not open the question for the reason; nothing was changed, press Deny again";
            self.answer(seat, words).await;
        }
    }

    async fn submitted(&self, envelope: &str, payload: &Value, desk: &dyn Desk, heard: &Heard) {
        let user = text(payload, "/user/id").unwrap_or_default().to_owned();
        let kept = text(payload, "/view/private_metadata").unwrap_or_default();
        let mut words = kept.splitn(3, '|');
        let (value, channel, at) =
            (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let channel = (!channel.is_empty()).then(|| channel.to_owned());
        let seat = Seat { user, channel, address: None, instead: false };
        let by = match self.presser(payload).await {
            Ok(by) => by,
            Err(Refusal(words)) => return self.answer(&seat, words).await,
        };
        let Some((shown, None)) = Shown::read(value) else { return self.answer(&seat, UNKNOWN).await };
        let typed = text(payload, &format!("/view/state/values/{WHY}/{WHY}/value")).map(str::trim);
        let comment = typed.filter(|typed| !typed.is_empty()).map(|typed| typed.chars().take(LONGEST_WHY).collect());
        let view = text(payload, "/view/id").unwrap_or_default();
        let evidence = evidence(envelope, &by, view, &seat, at);
        let verdict = Verdict::Deny;
        let outcome = desk.decide(&Decision { ask: shown.ask, hash: shown.hash, by, verdict, comment, evidence }).await;
        heard.say();
        self.answer(&seat, outcome.words.as_str()).await;
    }
}

/// What Slack can show for it: ids and times of its own, nothing that anybody typed, no address that answers.
fn evidence(envelope: &str, by: &Identity, time: &str, seat: &Seat, at: &str) -> Vec<(String, String)> {
    let channel = seat.channel.as_deref().unwrap_or_default();
    let short = |text: &str| text.chars().filter(char::is_ascii_graphic).take(80).collect::<String>();
    [("envelope", envelope), ("user", &by.name), ("at", time), ("channel", channel), ("message", at)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), short(value)))
        .collect()
}

/// The modal: it says nothing of the ask but its id, which whoever pressed has seen.
fn modal(shown: Shown, channel: &str, at: &str) -> Value {
    json!({
        "type": "modal",
        "callback_id": MODAL,
        "private_metadata": format!("{}|{channel}|{at}", shown.write(None)),
        "title": plain_text("Deny"),
        "submit": plain_text("Deny"),
        "close": plain_text("Back"),
        "blocks": [
            field("Ask", &shown.ask.to_string()),
            {
                "type": "input",
                "block_id": WHY,
                "optional": false,
                "label": plain_text("Why not? The requester reads it."),
                "element": {
                    "type": "plain_text_input", "action_id": WHY, "multiline": true, "max_length": LONGEST_WHY
                }
            }
        ]
    })
}
