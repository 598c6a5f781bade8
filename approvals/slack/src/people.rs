//! Who presses: a member of the pinned team, seen to be one now.

use jit_approval::Identity;
use jit_types::PersonId;
use serde_json::Value;

use crate::fault::Fault;
use crate::settings::is_id;
use crate::web::{As, Said};
use crate::{Inner, Slack};

/// Why somebody is not believed, in words for them. They say nothing of any ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) &'static str);

const ELSEWHERE: Refusal = Refusal("jit takes nothing from accounts of another workspace than its own");
const GUEST: Refusal = Refusal("jit takes nothing from guest accounts");
const BOT: Refusal = Refusal("jit takes nothing from bots and workflows");
const GONE: Refusal = Refusal("jit takes nothing from a deactivated account");
const UNCONFIRMED: Refusal =
    Refusal("jit takes nothing from an account whose e-mail address is not confirmed; confirm it, then try again");
const UNSURE: Refusal = Refusal("Slack could not say who you are just now; nothing was changed, try again");

impl Inner {
    /// The pinned team's member who sent a payload, as `T…/U…`; with their confirmed address, where people are known by it.
    ///
    /// Team and user are those that Slack put at the payload's top; what stands deeper was typed or chosen. What kind of
    /// account it is, Slack is asked anew: a guest of yesterday's message may be a stranger today.
    pub(crate) async fn vouched(&self, team: Option<&str>, user: &Value) -> Result<Identity, Refusal> {
        let text = |key: &str| user.get(key).and_then(Value::as_str);
        let pinned = self.settings.team.as_str();
        let id = text("id").filter(|id| is_id(id, &['U', 'W'])).ok_or(ELSEWHERE)?;
        if team != Some(pinned) || text("team_id").is_some_and(|theirs| theirs != pinned) {
            return Err(ELSEWHERE);
        }
        let answer = self.web.call("users.info", As::Bot, Said::Form(&[("user", id)])).await;
        let answer = answer.map_err(|fault| if fault.is("user_not_found") { ELSEWHERE } else { UNSURE })?;
        let user = answer.body.get("user").ok_or(UNSURE)?;
        fit(user, id, pinned)?;
        let mail = if self.settings.by_mail { mail(user) } else { None };
        Ok(Identity { channel: Slack::KIND.to_owned(), name: format!("{pinned}/{id}"), mail })
    }

    /// The member of the pinned team who has this person's name as their confirmed address.
    pub(crate) async fn by_mail(&self, person: &PersonId) -> Result<Option<String>, Fault> {
        let address = person.as_str();
        if !address.contains('@') {
            return Ok(None);
        }
        let answer = self.web.call("users.lookupByEmail", As::Bot, Said::Form(&[("email", address)])).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) if fault.is("users_not_found") => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let user = answer.body.get("user").ok_or(Fault::Away)?;
        let id = answer.text("/user/id").filter(|id| is_id(id, &['U', 'W'])).ok_or(Fault::Away)?;
        let pinned = self.settings.team.as_str();
        let theirs = fit(user, id, pinned).is_ok() && mail(user).as_deref() == Some(address);
        Ok(theirs.then(|| format!("{pinned}/{id}")))
    }
}

/// A user's address, in small letters. Whether it is confirmed, [`fit`] has seen.
fn mail(user: &Value) -> Option<String> {
    let mail = user.pointer("/profile/email")?.as_str()?;
    let plain = mail.len() <= 254 && mail.bytes().all(|b| b.is_ascii_graphic()) && mail.matches('@').count() == 1;
    plain.then(|| mail.to_ascii_lowercase())
}

/// Looks at a user's facts (docs.slack.dev/reference/objects/user-object). What must be so and is not said is not so.
fn fit(user: &Value, id: &str, team: &str) -> Result<(), Refusal> {
    let text = |key: &str| user.get(key).and_then(Value::as_str);
    let is = |key: &str| user.get(key).and_then(Value::as_bool) == Some(true);
    if text("id") != Some(id) {
        return Err(UNSURE);
    }
    if text("team_id") != Some(team) || is("is_stranger") {
        return Err(ELSEWHERE);
    }
    if is("deleted") {
        return Err(GONE);
    }
    // Slackbot is no bot by its own account.
    if is("is_bot") || is("is_workflow_bot") || id == "USLACKBOT" {
        return Err(BOT);
    }
    if is("is_restricted") || is("is_ultra_restricted") || is("is_invited_user") {
        return Err(GUEST);
    }
    if !is("is_email_confirmed") {
        return Err(UNCONFIRMED);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_confirmed_full_member_of_the_team_is_believed() {
        let good = json!({
            "id": "U1AB", "team_id": "T1AB", "deleted": false, "is_bot": false, "is_restricted": false,
            "is_ultra_restricted": false, "is_email_confirmed": true
        });
        assert_eq!(fit(&good, "U1AB", "T1AB"), Ok(()));
        let with = |key: &str, value: Value| {
            let mut user = good.clone();
            user[key] = value;
            fit(&user, "U1AB", "T1AB")
        };
        assert_eq!(with("id", json!("U2AB")), Err(UNSURE));
        assert_eq!(with("team_id", json!("T2AB")), Err(ELSEWHERE));
        assert_eq!(with("team_id", Value::Null), Err(ELSEWHERE));
        assert_eq!(with("is_stranger", json!(true)), Err(ELSEWHERE));
        assert_eq!(with("deleted", json!(true)), Err(GONE));
        assert_eq!(with("is_bot", json!(true)), Err(BOT));
        assert_eq!(with("is_restricted", json!(true)), Err(GUEST));
        assert_eq!(with("is_ultra_restricted", json!(true)), Err(GUEST));
        assert_eq!(with("is_email_confirmed", json!(false)), Err(UNCONFIRMED));
        assert_eq!(with("is_email_confirmed", Value::Null), Err(UNCONFIRMED));
    }
}
