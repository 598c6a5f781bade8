//! People at work: they press, they type commands, they send modals; and Slack delivers what they did.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::facts::Address;
use super::read::{Control, Shown};
use super::socket::Frame;
use super::{Double, TEAM};

/// How soon Slack must hear that an envelope has arrived; later, it comes again.
const HEARD_WITHIN: Duration = Duration::from_secs(3);

/// Something that Slack pushes: an envelope's exact content.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// Who did it.
    pub user: String,
    /// The envelope.
    pub envelope: Value,
}

impl Push {
    /// The envelope's id.
    pub fn id(&self) -> &str {
        self.envelope.get("envelope_id").and_then(Value::as_str).unwrap_or_default()
    }
}

/// What came of a push.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// How long it took until somebody said that it had arrived.
    pub heard_after: Duration,
    /// How often it was sent.
    pub sent: usize,
    /// Whether whoever heard of it had heard of it before.
    pub again: bool,
}

impl Double {
    /// Somebody presses a control of a message. `other` is merged into the payload, to make what should not be.
    pub fn press(&self, user: &str, channel: &str, ts: &str, control: &Control, other: &Value) -> Push {
        let mut state = self.shared.state();
        let trigger = format!("{}.{}", state.next(), "trigger");
        state.triggers.insert(trigger.clone(), (user.to_owned(), Instant::now()));
        let address = format!("a{}", state.next());
        let known = Address { user: user.to_owned(), channel: channel.to_owned(), left: 5 };
        state.addresses.insert(address.clone(), known);
        let mut action = json!({
            "action_id": control.action, "block_id": "b1", "action_ts": "1900000000.1",
            "type": if control.option { "static_select" } else { "button" }
        });
        let said = if control.option {
            let text = json!({ "type": "plain_text", "text": control.label, "emoji": false });
            json!({ "selected_option": { "text": text, "value": control.value } })
        } else {
            json!({ "value": control.value })
        };
        merge(&mut action, &said);
        let theirs = state.users.get(user).and_then(|user| user.get("team_id").cloned()).unwrap_or(json!(TEAM));
        let shown = state.posts.iter().find(|post| post.channel == channel && post.ts == ts);
        let mut payload = json!({
            "type": "block_actions",
            "api_app_id": "A0DOUBLE",
            "token": "deprecated",
            "team": { "id": TEAM, "domain": "double" },
            "enterprise": null,
            "is_enterprise_install": false,
            "user": { "id": user, "username": user, "name": user, "team_id": theirs },
            "container": { "type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": false },
            "channel": { "id": channel, "name": "access" },
            "message": shown.map(|post| post.body.clone()),
            "state": { "values": {} },
            "trigger_id": trigger,
            "response_url": format!("{}/answer/{address}", self.shared.base(&state)),
            "actions": [action]
        });
        merge(&mut payload, other);
        let id = format!("envelope-{}", state.next());
        let envelope = json!({
            "envelope_id": id, "type": "interactive", "accepts_response_payload": false, "payload": payload
        });
        Push { user: user.to_owned(), envelope }
    }

    /// Somebody types a slash command in a channel.
    pub fn command(&self, user: &str, channel: &str, typed: &str, other: &Value) -> Push {
        let mut state = self.shared.state();
        let address = format!("a{}", state.next());
        let known = Address { user: user.to_owned(), channel: channel.to_owned(), left: 5 };
        state.addresses.insert(address.clone(), known);
        let theirs = state.users.get(user).and_then(|user| user.get("team_id").cloned()).unwrap_or(json!(TEAM));
        // Slack writes these three as entities, whatever the app wants escaped.
        let text = typed.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let mut payload = json!({
            "command": "/jit", "text": text, "api_app_id": "A0DOUBLE", "token": "deprecated",
            "team_id": theirs, "team_domain": "double", "channel_id": channel, "channel_name": "access",
            "user_id": user, "user_name": user, "is_enterprise_install": "false", "trigger_id": "none",
            "response_url": format!("{}/answer/{address}", self.shared.base(&state))
        });
        merge(&mut payload, other);
        let id = format!("envelope-{}", state.next());
        let envelope = json!({
            "envelope_id": id, "type": "slash_commands", "accepts_response_payload": true, "payload": payload
        });
        Push { user: user.to_owned(), envelope }
    }

    /// Waits until a modal is open for somebody, and takes it: they fill in its fields and send it.
    pub async fn submit(&self, user: &str, typed: &str) -> Push {
        let found = self
            .until(|state| {
                let id = state.views.iter().find(|(_, view)| view.user == user).map(|(id, _)| id.clone())?;
                let view = state.views.remove(&id)?;
                Some((id, view, format!("envelope-{}", state.next())))
            })
            .await;
        let (id, view, envelope) = found;
        let mut values = json!({});
        for block in view.body.get("blocks").and_then(Value::as_array).into_iter().flatten() {
            let at = |pointer: &str| block.pointer(pointer).and_then(Value::as_str);
            if let (Some(block), Some(action)) = (at("/block_id"), at("/element/action_id")) {
                let value = if typed.is_empty() { Value::Null } else { json!(typed) };
                merge(&mut values, &json!({ block: { action: { "type": "plain_text_input", "value": value } } }));
            }
        }
        let mut shown = view.body.clone();
        merge(&mut shown, &json!({ "id": id, "team_id": TEAM, "state": { "values": values } }));
        let payload = json!({
            "type": "view_submission", "api_app_id": "A0DOUBLE", "token": "deprecated",
            "team": { "id": TEAM, "domain": "double" }, "enterprise": null, "is_enterprise_install": false,
            "user": { "id": user, "username": user, "name": user, "team_id": TEAM },
            "view": shown, "response_urls": []
        });
        let envelope = json!({
            "envelope_id": envelope, "type": "interactive", "accepts_response_payload": true, "payload": payload
        });
        Push { user: user.to_owned(), envelope }
    }

    /// Whether a modal is open for somebody.
    pub fn asks(&self, user: &str) -> bool {
        self.shared.state().views.values().any(|view| view.user == user)
    }

    /// Delivers a push to one of the open sockets, waits for one where there is none, and delivers it again where nobody
    /// said in time that it had arrived.
    pub async fn deliver(&self, push: &Push) -> Delivered {
        let begun = Instant::now();
        let mut sent = 0;
        loop {
            let turn = sent;
            let socket = self.until(|state| {
                let open = state.sockets.len();
                state.sockets.iter().nth(turn % open.max(1)).map(|(number, socket)| (*number, socket.clone()))
            });
            let (number, socket) = socket.await;
            let before = self.shared.state().heard.get(push.id()).is_some_and(|heard| heard.contains(&number));
            let mut envelope = push.envelope.clone();
            if sent > 0 {
                merge(&mut envelope, &json!({ "retry_attempt": sent, "retry_reason": "timeout" }));
            }
            let (heard, ear) = oneshot::channel();
            let frame = Frame { text: envelope.to_string(), envelope: Some((push.id().to_owned(), heard)) };
            sent += 1;
            if socket.send(frame).is_ok() && matches!(tokio::time::timeout(HEARD_WITHIN, ear).await, Ok(Ok(()))) {
                return Delivered { heard_after: begun.elapsed(), sent, again: before };
            }
            tokio::task::yield_now().await;
        }
    }

    /// Waits until somebody was shown something alone, after so many that were before; `None` where nothing came in time.
    pub async fn whispered(&self, user: &str, after: usize, patience: Duration) -> Option<String> {
        let found = self.until(|state| {
            let mut theirs = state.whispers.iter().skip(after).filter(|whisper| whisper.user == user);
            theirs.next().map(|whisper| Shown::read(&whisper.body).text.trim().to_owned())
        });
        tokio::time::timeout(patience, found).await.ok()
    }
}

/// Puts the fields of one object over those of another, at every depth.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
