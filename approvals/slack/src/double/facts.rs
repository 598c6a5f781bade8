//! What a workspace holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::socket::Frame;
use super::{BOT_USER, ROOM, TEAM};

/// A message in a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Where.
    pub channel: String,
    /// Its id within the channel.
    pub ts: String,
    /// The message that it answers, where it is in a thread.
    pub thread: Option<String>,
    /// What was sent, as it stands now.
    pub body: Value,
    /// How often it was edited.
    pub edits: usize,
}

/// A message that one person sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Whisper {
    /// Who.
    pub user: String,
    /// Where.
    pub channel: String,
    /// What was sent.
    pub body: Value,
}

/// A channel's facts.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    /// What it is called.
    pub name: String,
    /// Who is in it.
    pub members: BTreeSet<String>,
    /// Further facts, as in Slack's conversation object.
    pub facts: Map<String, Value>,
}

/// A modal that is open.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) user: String,
    pub(super) body: Value,
}

/// An address that takes answers.
pub(super) struct Address {
    pub(super) user: String,
    pub(super) channel: String,
    pub(super) left: usize,
}

#[derive(Default)]
pub(super) struct Workspace {
    pub(super) scopes: Vec<String>,
    pub(super) users: BTreeMap<String, Value>,
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) posts: Vec<Post>,
    pub(super) whispers: Vec<Whisper>,
    pub(super) calls: Vec<(String, Value)>,
    pub(super) views: BTreeMap<String, View>,
    pub(super) triggers: BTreeMap<String, (String, Instant)>,
    pub(super) addresses: BTreeMap<String, Address>,
    pub(super) tickets: BTreeSet<String>,
    pub(super) sockets: BTreeMap<u64, mpsc::UnboundedSender<Frame>>,
    /// The sockets that said that they heard of an envelope.
    pub(super) heard: BTreeMap<String, BTreeSet<u64>>,
    pub(super) limited: BTreeMap<String, (usize, u64)>,
    pub(super) too_soon: BTreeMap<String, usize>,
    /// How many posts a second a channel takes, and how many at once after a rest; nothing where it takes all.
    pub(super) paced: Option<(f64, f64)>,
    /// When each channel may be posted to again, and how much of the burst is left.
    pub(super) pace: BTreeMap<String, (f64, Instant)>,
    /// Where it is reached, where that is not its own address.
    pub(super) base: Option<String>,
    count: u64,
}

impl Workspace {
    pub(super) fn new() -> Self {
        let mut space = Self {
            scopes: ["channels:read", "chat:write", "commands", "groups:read", "im:write", "users:read"]
                .map(str::to_owned)
                .to_vec(),
            ..Self::default()
        };
        space.user(BOT_USER, &json!({ "is_bot": true, "name": "jit" }));
        let members = [BOT_USER.to_owned()].into();
        space.channels.insert(ROOM.to_owned(), Channel { name: "access".to_owned(), members, facts: Map::new() });
        space
    }

    /// A number that is used once.
    pub(super) fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// An id with a prefix, as Slack writes ids.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        let number = self.next();
        format!("{prefix}0{number:07}")
    }

    /// A message's id, which is a time that is used once.
    pub(super) fn ts(&mut self) -> String {
        let number = self.next();
        format!("1900000000.{number:06}")
    }

    pub(super) fn user(&mut self, id: &str, changes: &Value) {
        let fresh = json!({
            "id": id, "team_id": TEAM, "name": id.to_lowercase(), "deleted": false, "is_admin": false, "is_bot": false,
            "is_app_user": false, "is_restricted": false, "is_ultra_restricted": false, "is_email_confirmed": true,
            "profile": { "real_name": id, "display_name": id }, "updated": 1_900_000_000
        });
        let user = self.users.entry(id.to_owned()).or_insert(fresh);
        if let (Some(user), Some(changes)) = (user.as_object_mut(), changes.as_object()) {
            for (key, value) in changes {
                user.insert(key.clone(), value.clone());
            }
        }
    }

    /// Whether somebody is in a channel.
    pub(super) fn is_in(&self, user: &str, channel: &str) -> bool {
        self.channels.get(channel).is_some_and(|channel| channel.members.contains(user))
    }

    /// A channel by its id or `#name`.
    pub(super) fn channel_id(&self, written: &str) -> Option<String> {
        let named = written.strip_prefix('#').unwrap_or(written);
        let found = self.channels.iter().find(|(id, channel)| *id == written || channel.name == named);
        found.map(|(id, _)| id.clone())
    }

    /// A channel as the API shows it.
    pub(super) fn shown(&self, id: &str) -> Option<Value> {
        let channel = self.channels.get(id)?;
        let mut shown = Map::new();
        let direct = id.starts_with('D');
        for (key, value) in [
            ("id", json!(id)),
            ("name", json!(channel.name)),
            ("is_channel", json!(!direct)),
            ("is_im", json!(direct)),
            ("is_archived", json!(false)),
            ("is_ext_shared", json!(false)),
            ("is_pending_ext_shared", json!(false)),
            ("is_org_shared", json!(false)),
            ("is_member", json!(channel.members.contains(BOT_USER))),
        ] {
            shown.insert(key.to_owned(), value);
        }
        shown.extend(channel.facts.clone());
        Some(Value::Object(shown))
    }

    pub(super) fn disconnect(&mut self, reason: &str) {
        let notice = json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "double" } }).to_string();
        for socket in self.sockets.values() {
            let _ = socket.send(Frame { text: notice.clone(), envelope: None });
        }
    }

    /// Whether a post comes too soon: one a second in a channel, with a burst of five
    /// (docs.slack.dev/apis/web-api/rate-limits: "short bursts").
    pub(super) fn too_soon(&mut self, channel: &str) -> bool {
        let Some((rate, burst)) = self.paced else { return false };
        let now = Instant::now();
        let (left, at) = self.pace.get(channel).copied().unwrap_or((burst, now));
        let left = (left + rate * now.duration_since(at).as_secs_f64()).min(burst);
        let soon = left < 1.0;
        self.pace.insert(channel.to_owned(), (if soon { left } else { left - 1.0 }, now));
        soon
    }
}
