//! Answers that one person sees.

use serde_json::Value;

use crate::Inner;
use crate::render::{self, Message};
use crate::web::{As, Said};

/// Where somebody is who waits for an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The user.
    pub(crate) user: String,
    /// The channel that they are looking at.
    pub(crate) channel: Option<String>,
    /// The address that came with what they did: good for half an hour and five answers
    /// (docs.slack.dev/interactivity/handling-user-interaction, "response_url").
    pub(crate) address: Option<String>,
    /// Whether an answer takes the place of what they pressed, which they alone see.
    pub(crate) instead: bool,
}

impl Inner {
    /// Tells somebody what came of what they did: where they did it, or else alone.
    pub(crate) async fn answer(&self, seat: &Seat, words: &str) {
        self.shown(seat, &render::answer(words)).await;
    }

    /// Shows somebody what they alone see.
    pub(crate) async fn shown(&self, seat: &Seat, message: &Message) {
        if let Some(address) = &seat.address {
            let mut body = message.edit();
            if let Some(object) = body.as_object_mut() {
                object.insert("response_type".to_owned(), Value::from("ephemeral"));
                object.insert("replace_original".to_owned(), Value::from(seat.instead));
            }
            if self.web.answer(address, &body).await.is_ok() {
                return;
            }
        }
        if let Some(channel) = &seat.channel
            && self.whispered(channel, &seat.user, message).await
        {
            return;
        }
        let came = match self.with(&seat.user).await {
            Ok(channel) => self.post(&channel, None, message).await.map(|_| ()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = came {
            tracing::warn!("an answer did not reach the one who waits for it: {}", fault.error("answering"));
        }
    }

    async fn whispered(&self, channel: &str, user: &str, message: &Message) -> bool {
        let mut body = message.edit();
        if let Some(object) = body.as_object_mut() {
            object.insert("channel".to_owned(), Value::from(channel));
            object.insert("user".to_owned(), Value::from(user));
        }
        self.web.call("chat.postEphemeral", As::Bot, Said::Json(&body)).await.is_ok()
    }
}
