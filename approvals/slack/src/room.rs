//! The team and the channel: seen to be the right ones before anything is told.

use std::time::Duration;

use jit_approval::{Error, ErrorKind};
use serde_json::Value;
use tokio::time::Instant;

use crate::Inner;
use crate::fault::Fault;
use crate::settings::is_id;
use crate::web::{As, Said};

/// How long what was seen of a channel is believed: it may be shared with strangers at any time.
const BELIEVED: Duration = Duration::from_secs(300);
/// How many pages of a workspace's channels are looked through.
const PAGES: usize = 100;

/// A channel that was looked at.
pub(crate) struct Known {
    id: String,
    at: Instant,
}

/// What is wrong with a channel, and the way out.
pub(crate) type Wrong = (&'static str, &'static str);

/// Looks at a channel's facts (docs.slack.dev/reference/objects/conversation-object).
fn wrong(channel: &Value) -> Option<Wrong> {
    let is = |key: &str| channel.get(key).and_then(Value::as_bool) == Some(true);
    if is("is_archived") {
        return Some(("the channel is archived", "bring it back, or name another"));
    }
    if is("is_ext_shared") || is("is_pending_ext_shared") || is("is_org_shared") {
        let why = "the channel is shared with people of another workspace";
        return Some((why, "name a channel that only this workspace has"));
    }
    if !is("is_member") {
        return Some(("the app is not in the channel", "invite it there: /invite @jit"));
    }
    None
}

impl Inner {
    /// Makes sure, once, that the bot token is the pinned team's.
    pub(crate) async fn right_team(&self) -> Result<(), Error> {
        let see = || async {
            let answer = self.web.call("auth.test", As::Bot, Said::Form(&[])).await;
            let answer = answer.map_err(|fault| fault.error("looking whose token it is"))?;
            if answer.text("/team_id") == Some(self.settings.team.as_str()) {
                return Ok(());
            }
            Err(Error::new(ErrorKind::Misconfigured, "the bot token is of another workspace than `team` names"))
        };
        self.team.get_or_try_init(see).await.copied()
    }

    /// The channel's id, once it was seen to be fit.
    pub(crate) async fn room(&self) -> Result<String, Error> {
        self.right_team().await?;
        let mut known = self.room.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < BELIEVED) {
            return Ok(known.id.clone());
        }
        let before = known.as_ref().map(|known| known.id.clone());
        let (id, wrong) = self.look_at_room(before).await.map_err(|fault| fault.error("looking at the channel"))?;
        if let Some((why, _)) = wrong {
            *known = None;
            return Err(Error::new(ErrorKind::Refused, why));
        }
        *known = Some(Known { id: id.clone(), at: Instant::now() });
        Ok(id)
    }

    /// Looks at the channel: its id, and what is wrong with it. A name is looked up once: whoever renames channels can't
    /// make a running broker tell another one.
    pub(crate) async fn look_at_room(&self, known: Option<String>) -> Result<(String, Option<Wrong>), Fault> {
        let written = self.settings.channel.as_str();
        let id = match written.strip_prefix('#') {
            None => written.to_owned(),
            Some(name) => match known {
                Some(id) => id,
                None => self.by_name(name).await?,
            },
        };
        let answer = self.web.call("conversations.info", As::Bot, Said::Form(&[("channel", &id)])).await?;
        let channel = answer.body.get("channel").ok_or(Fault::Away)?;
        Ok((id, wrong(channel)))
    }

    async fn by_name(&self, name: &str) -> Result<String, Fault> {
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let mut fields = vec![
                ("types", "public_channel,private_channel"),
                ("exclude_archived", "true"),
                ("limit", "200"),
                ("team_id", self.settings.team.as_str()),
            ];
            if !cursor.is_empty() {
                fields.push(("cursor", &cursor));
            }
            let answer = self.web.call("conversations.list", As::Bot, Said::Form(&fields)).await?;
            let channels = answer.body.get("channels").and_then(Value::as_array).ok_or(Fault::Away)?;
            let named = channels.iter().find(|c| c.get("name").and_then(Value::as_str) == Some(name));
            let id = named.and_then(|channel| channel.get("id")?.as_str()).filter(|id| is_id(id, &['C', 'G']));
            if let Some(id) = id {
                return Ok(id.to_owned());
            }
            cursor = answer.text("/response_metadata/next_cursor").unwrap_or_default().to_owned();
            if cursor.is_empty() {
                break;
            }
        }
        Err(Fault::said("channel_not_found"))
    }
}
