//! The static half: `[approvals.NAME]` with `kind = "slack"`.

use std::sync::Arc;

use jit_approval::{Adapter, BoxFuture, Config, Error, Kind, Secrets};
use jit_types::settings::{Reader, SecretRef};
use reqwest::Url;
use serde_json::{Value, json};

use crate::Slack;

/// Where Slack's Web API is unless the config says otherwise.
const API: &str = "https://slack.com/api/";
const TEAM: &str = "^T[A-Z0-9]{2,20}$";
const CHANNEL: &str = "^([CG][A-Z0-9]{2,20}|#[^\\s#@<>&,]{1,80})$";

/// The kind `slack`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlackKind;

/// What stands in the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The one team (workspace) that people are believed to be of.
    pub team: String,
    /// The channel for asks and alerts: its id, or `#name`.
    pub channel: String,
    /// Where an ask is posted.
    pub asks: AsksIn,
    /// Whether the reason is shown in Slack, or kept behind the program's own login.
    pub reason: bool,
    /// Whether people whom the config does not name in Slack are known by their confirmed e-mail address.
    pub by_mail: bool,
    /// The bot token.
    pub bot_token: SecretRef,
    /// The app-level token, for the socket.
    pub app_token: SecretRef,
    /// The Web API, ended by a slash.
    pub api: Url,
}

/// Where an ask is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsksIn {
    /// In the channel, calling those who can decide.
    Channel,
    /// To each of those who can decide, alone.
    Direct,
    /// Both.
    Both,
}

impl AsksIn {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "channel" => Some(Self::Channel),
            "direct" => Some(Self::Direct),
            "both" => Some(Self::Both),
            _ => None,
        }
    }

    pub(crate) fn channel(self) -> bool {
        self != Self::Direct
    }

    pub(crate) fn direct(self) -> bool {
        self != Self::Channel
    }
}

/// Whether this is the id of something of Slack's: one of these letters, then capitals and digits.
pub(crate) fn is_id(text: &str, begins: &[char]) -> bool {
    text.starts_with(begins)
        && (3..=21).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_channel(text: &str) -> bool {
    let name = |name: &str| {
        let plain = |c: char| !c.is_whitespace() && !"#@<>&,".contains(c) && !jit_types::proof::is_unsafe(c);
        (1..=80).contains(&name.chars().count()) && name.chars().all(plain)
    };
    is_id(text, &['C', 'G']) || text.strip_prefix('#').is_some_and(name)
}

/// Reads the address of the Web API: encrypted, or on this machine.
fn api(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !plain || url.fragment().is_some() || url.cannot_be_a_base() || !(url.scheme() == "https" || here) {
        return None;
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Some(url)
}

impl Settings {
    /// Reads `[approvals.NAME]`; all mistakes at once.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let before = reader.mistakes();
        let team = reader.required::<String>("team");
        if let Some(team) = &team
            && !is_id(team, &['T'])
        {
            let (span, rule) = (reader.span("team"), "`team` is not the id of a Slack workspace");
            let remedy = if team.starts_with('E') {
                "name the workspace, as in \"T0123ABCD\": an organisation holds several"
            } else {
                "write it as in \"T0123ABCD\"; it stands in the address that Slack has in a browser"
            };
            reader.fault("team", span, rule, remedy);
        }
        let channel = reader.required::<String>("channel");
        if let Some(channel) = &channel
            && !is_channel(channel)
        {
            let (span, rule) = (reader.span("channel"), "`channel` is neither the id of a channel nor its name");
            reader.fault("channel", span, rule, "write \"C0123ABCD\" (in Slack: About, at the end) or \"#access\"");
        }
        let mut word = |key: &'static str, words: &[&str]| {
            let word = reader.optional::<String>(key)?;
            if !words.contains(&word.as_str()) {
                let list = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ");
                let span = reader.span(key);
                reader.fault(key, span, format!("`{key}` is not one of its words"), format!("write {list}"));
            }
            Some(word)
        };
        let asks = word("asks", &["channel", "direct", "both"]);
        let reason = word("reason", &["shown", "kept"]);
        let people = word("people", &["named", "email"]);
        let bot_token = reader.required::<SecretRef>("bot_token");
        let app_token = reader.required::<SecretRef>("app_token");
        if let (Some(bot), Some(app)) = (&bot_token, &app_token)
            && bot == app
        {
            let (span, rule) = (reader.span("app_token"), "`app_token` is the same secret as `bot_token`");
            reader.fault("app_token", span, rule, "name two: the bot's begins with xoxb-, the app's with xapp-");
        }
        let address = reader.optional::<String>("api");
        let url = api(address.as_deref().unwrap_or(API));
        if url.is_none() {
            let (span, rule) = (reader.span("api"), "`api` is not an https address");
            reader.fault("api", span, rule, "leave it out, or write it as in \"https://slack-gov.com/api/\"");
        }
        if reader.mistakes() > before {
            return None;
        }
        let asks = asks.map_or(Some(AsksIn::Channel), |word| AsksIn::parse(&word))?;
        let reason = reason.is_none_or(|word| word == "shown");
        Some(Self {
            team: team?,
            channel: channel?,
            asks,
            reason,
            by_mail: people.is_some_and(|word| word == "email"),
            bot_token: bot_token?,
            app_token: app_token?,
            api: url?,
        })
    }
}

impl Kind for SlackKind {
    fn name(&self) -> &'static str {
        Slack::KIND
    }

    fn schema(&self) -> Value {
        let secret = |what: &str| {
            let text = || json!({ "type": "string" });
            let list = json!({ "type": "array", "minItems": 1, "items": { "type": "string" } });
            json!({
                "description": what,
                "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
                "properties": { "file": text(), "env": text(), "keyring": text(), "command": list }
            })
        };
        json!({
            "properties": {
                "team": {
                    "description": "The id of the one workspace that people are believed to be of.",
                    "type": "string", "pattern": TEAM
                },
                "channel": {
                    "description": "The channel for asks and alerts, by its id or #name. The app must be in it.",
                    "type": "string", "pattern": CHANNEL
                },
                "asks": {
                    "description": "Where an ask is posted: in the channel, or to each of those who can decide.",
                    "enum": ["channel", "direct", "both"], "default": "channel"
                },
                "reason": {
                    "description": "Whether the reason is shown in Slack, or kept for `jit show`.",
                    "enum": ["shown", "kept"], "default": "shown"
                },
                "people": {
                    "description": "Whether only those are known whom `[people]` names by their member's id, or also those whose \
                                    confirmed e-mail address in Slack is the person's name.",
                    "enum": ["named", "email"], "default": "named"
                },
                "bot_token": secret("The bot token, which begins with xoxb-."),
                "app_token": secret("The app-level token with connections:write, which begins with xapp-."),
                "api": {
                    "description": "Another address of Slack's Web API, for GovSlack; https, or on this machine.",
                    "type": "string", "default": API
                }
            },
            "required": ["team", "channel", "bot_token", "app_token"]
        })
    }

    fn config(&self, reader: &mut Reader<'_>) -> Option<Box<dyn Config>> {
        Settings::read(reader).map(|settings| Box::new(settings) as Box<dyn Config>)
    }
}

impl Config for Settings {
    fn target(&self) -> String {
        let elsewhere = if self.api.as_str() == API { String::new() } else { format!(" at {}", self.api) };
        format!("{} of the Slack workspace {}{elsewhere}", self.channel, self.team)
    }

    /// A member is `U024BE7LH`; the team is the config's, and another one's members are refused.
    fn name(&self, written: &str) -> Result<String, String> {
        let (team, user) = written.split_once('/').unwrap_or((self.team.as_str(), written));
        if !is_id(user, &['U', 'W']) {
            return Err(format!("`{written}` is not the id of a Slack member, as in U024BE7LH"));
        }
        if team != self.team {
            return Err(format!("`{written}` is of another workspace than {}", self.team));
        }
        Ok(format!("{team}/{user}"))
    }

    fn open<'a>(&'a self, secrets: &'a dyn Secrets) -> BoxFuture<'a, Result<Arc<dyn Adapter>, Error>> {
        Box::pin(async { Ok(Arc::new(Slack::open(self.clone(), secrets).await?) as Arc<dyn Adapter>) })
    }
}

#[cfg(test)]
mod tests {
    use jit_types::settings::{Fault, Node, NodeValue, Table};

    use super::*;

    fn text(text: &str) -> NodeValue {
        NodeValue::Text(text.to_owned())
    }

    fn secret(name: &str) -> NodeValue {
        let node = Node { span: 0..1, value: text(name) };
        NodeValue::Table(Table { span: 0..1, entries: [("env".to_owned(), (0..1, node))].into() })
    }

    fn read(changes: &[(&str, Option<NodeValue>)]) -> (Option<Settings>, Vec<Fault>) {
        let mut entries: Vec<(&str, NodeValue)> = vec![
            ("team", text("T0123ABCD")),
            ("channel", text("#access")),
            ("bot_token", secret("BOT")),
            ("app_token", secret("APP")),
        ];
        for (key, value) in changes {
            entries.retain(|(known, _)| known != key);
            if let Some(value) = value {
                entries.push((key, value.clone()));
            }
        }
        let entries = entries
            .into_iter()
            .zip(1..)
            .map(|((key, value), at)| (key.to_owned(), (at..at, Node { span: at * 10..at * 10 + 1, value })));
        let (table, mut faults) = (Table { span: 0..1, entries: entries.collect() }, Vec::new());
        let mut reader = Reader::new(&table, "approvals.chat", &mut faults);
        let settings = Settings::read(&mut reader);
        reader.finish();
        (settings, faults)
    }

    #[test]
    fn the_shortest_config_is_read() {
        let (settings, faults) = read(&[]);
        assert_eq!(faults, []);
        let settings = settings.unwrap();
        assert_eq!((settings.asks, settings.reason, settings.by_mail), (AsksIn::Channel, true, false));
        assert_eq!(settings.api.as_str(), API);
        assert_eq!(settings.target(), "#access of the Slack workspace T0123ABCD");
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_their_places() {
        let (settings, faults) = read(&[
            ("team", Some(text("acme"))),
            ("channel", Some(text("<!channel>"))),
            ("asks", Some(text("everywhere"))),
            ("reason", Some(NodeValue::Bool(true))),
            ("people", Some(text("everybody"))),
            ("bot_token", Some(text("xoxb-in-the-file"))),
            ("app_token", None),
            ("api", Some(text("http://slack.example/api"))),
            ("colour", Some(text("red"))),
        ]);
        assert!(settings.is_none());
        let mut keys: Vec<&str> = faults.iter().map(|f| f.key.trim_start_matches("approvals.chat.")).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["api", "app_token", "asks", "bot_token", "channel", "colour", "people", "reason", "team"]);
        assert!(faults.iter().all(|f| !f.remedy.is_empty() && !f.rule.contains("xoxb")), "{faults:?}");
        assert!(faults.iter().filter(|f| f.key.ends_with("team")).all(|f| f.span.start >= 10));
    }

    #[test]
    fn an_address_is_encrypted_or_on_this_machine() {
        for good in ["https://slack-gov.com/api", "http://127.0.0.1:8080/api/", "http://localhost:1/"] {
            assert!(api(good).is_some_and(|url| url.as_str().ends_with('/')), "{good}");
        }
        for bad in ["http://slack.com/api/", "ftp://a/", "slack.com", "https://u:p@slack.com/", "https://a/?q=1", ""] {
            assert!(api(bad).is_none(), "{bad}");
        }
        let (_, faults) = read(&[("app_token", Some(secret("BOT")))]);
        assert_eq!(faults.len(), 1, "one secret for both: {faults:?}");
    }

    #[test]
    fn a_member_is_of_the_pinned_team() {
        let settings = read(&[]).0.unwrap();
        assert_eq!(settings.name("U024BE7LH"), Ok("T0123ABCD/U024BE7LH".to_owned()));
        assert_eq!(settings.name("T0123ABCD/W024BE7LH"), Ok("T0123ABCD/W024BE7LH".to_owned()));
        for bad in ["bob", "T9/U024BE7LH", "C024BE7LH", "U", "U024be7lh", "U024BE7LH/T0123ABCD", ""] {
            assert!(settings.name(bad).is_err(), "{bad}");
        }
    }
}
