//! What `doctor` shows.

use std::collections::BTreeSet;

use jit_approval::Check;
use jit_types::Words;

use crate::Inner;
use crate::fault::Fault;
use crate::manifest;
use crate::web::{As, Said};

fn good(what: impl AsRef<str>) -> Check {
    Check { good: true, what: Words::new(what), remedy: None }
}

fn bad(what: impl AsRef<str>, remedy: impl AsRef<str>) -> Check {
    Check { good: false, what: Words::new(what), remedy: Some(Words::new(remedy)) }
}

fn failed(fault: &Fault, doing: &str, remedy: &str) -> Check {
    let remedy = match fault {
        Fault::Away | Fault::Busy => "see whether this machine reaches Slack over HTTPS, then try again",
        _ => remedy,
    };
    bad(fault.error(doing).to_string(), remedy)
}

impl Inner {
    /// Looks at the token and its scopes, at the app's right to listen, at the channel, and at who else listens. It opens no
    /// socket of its own: that would take presses from the broker.
    pub(crate) async fn check(&self) -> Vec<Check> {
        let mut found = Vec::new();
        let team = &self.settings.team;
        match self.web.call("auth.test", As::Bot, Said::Form(&[])).await {
            Ok(answer) if answer.text("/team_id") == Some(team.as_str()) => {
                found.push(good(format!("the bot token is of the workspace {team}")));
                found.extend(scopes(answer.scopes.as_deref(), self.settings.by_mail));
            }
            Ok(_) => {
                let what = format!("the bot token is of another workspace than {team}");
                found.push(bad(what, "set `team` and `bot_token` to the same workspace"));
            }
            Err(fault) => {
                let remedy = "take the bot token of the app's page, Install App, where it begins with xoxb-";
                found.push(failed(&fault, "looking whose token it is", remedy));
            }
        }
        found.push(self.check_listening().await);
        let channel = &self.settings.channel;
        match self.look_at_room(None).await {
            Ok((_, None)) => found.push(good(format!("{channel} can be posted to, and only the workspace has it"))),
            Ok((_, Some((what, remedy)))) => found.push(bad(format!("{channel}: {what}"), remedy)),
            Err(fault) => {
                let remedy = "mend `channel`, and invite the app there: /invite @jit";
                found.push(failed(&fault, &format!("looking at {channel}"), remedy));
            }
        }
        if let Some(others @ 1..) = self.sockets.others() {
            let what =
                format!("{others} more sockets are open on this app: whoever holds them takes a part of the presses");
            let remedy = "give each broker that has a store of its own an app of its own";
            found.push(bad(what, remedy));
        }
        found
    }
}

impl Inner {
    /// Looks whether the app may listen. Slack lets an address for a socket be asked for about once a minute (tier 1 of
    /// docs.slack.dev/apis/web-api/rate-limits), so a broker that listens does not ask: it would keep itself from listening
    /// again.
    async fn check_listening(&self) -> Check {
        if self.sockets.listening() {
            return good("a socket to Slack is open");
        }
        match self.web.call("apps.connections.open", As::App, Said::Form(&[])).await {
            Ok(_) => good("the app may listen by Socket Mode"),
            Err(fault) => {
                let remedy = "make an app-level token with connections:write, and switch Socket Mode on";
                failed(&fault, "asking for a socket", remedy)
            }
        }
    }
}

/// The token's scopes against those that are used: too few, too many.
fn scopes(there: Option<&[String]>, by_mail: bool) -> Vec<Check> {
    let Some(there) = there else {
        return vec![bad("Slack does not say the token's scopes", "see the app's page, OAuth & Permissions")];
    };
    let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
    let wanted: BTreeSet<&str> = manifest::scopes(by_mail).collect();
    let named = |scopes: &mut dyn Iterator<Item = &&str>| {
        // A scope's name is Slack's text: only what looks like one is repeated.
        let plain = |scope: &&&str| scope.bytes().all(|b| b.is_ascii_lowercase() || b":._".contains(&b));
        scopes.filter(plain).map(|scope| (*scope).to_owned()).collect::<Vec<_>>().join(", ")
    };
    let missing = named(&mut wanted.difference(&there));
    let more = there.difference(&wanted).count();
    let with = if by_mail { " --email" } else { "" };
    let mut found = Vec::new();
    if !missing.is_empty() {
        let remedy = format!("put the manifest of `jit slack manifest{with}` in place and install the app anew");
        found.push(bad(format!("the bot token lacks {missing}"), remedy));
    }
    if more > 0 {
        let too_many = named(&mut there.difference(&wanted));
        let remedy = format!("put the manifest of `jit slack manifest{with}` in place and install the app anew");
        found.push(bad(format!("the bot token has {more} scopes that jit never uses: {too_many}"), remedy));
    }
    if found.is_empty() {
        found.push(good("the bot token has the scopes that are used, and no other"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_and_too_many_scopes_are_told() {
        let all: Vec<String> = manifest::scopes(false).map(str::to_owned).collect();
        assert!(scopes(Some(&all), false).iter().all(|check| check.good));
        let mut other = all.clone();
        other.pop();
        other.push("channels:history".to_owned());
        let found = scopes(Some(&other), false);
        assert_eq!(found.iter().filter(|check| !check.good).count(), 2);
        assert!(found.iter().any(|check| check.what.as_str().contains("users:read")));
        assert!(found.iter().any(|check| check.what.as_str().contains("channels:history")));
        let lacks = scopes(Some(&all), true);
        assert!(lacks.iter().any(|check| check.what.as_str().contains("users:read.email")), "{lacks:?}");
        assert!(scopes(None, false).iter().all(|check| !check.good));
    }
}
