//! People in two channels of one kind.

use super::{check, kinds};

fn text(channels: &[(&str, &str)], written: &str) -> String {
    let channels: String = channels
        .iter()
        .map(|(name, team)| {
            format!(
                "[approvals.{name}]\nkind = \"slack\"\nteam = \"{team}\"\nchannel = \"#{name}\"\n\
                 bot_token = {{ env = \"BOT\" }}\napp_token = {{ env = \"APP\" }}\n"
            )
        })
        .collect();
    format!("{channels}[people.\"alice@example.com\"]\nslack = \"{written}\"\n")
}

fn principals(channels: &[(&str, &str)], written: &str) -> Result<Vec<String>, String> {
    let mut kinds = kinds::kinds();
    kinds.approvals = crate::wiring::offline_kinds().approvals;
    match check(&text(channels, written), &kinds) {
        Ok(loaded) => {
            Ok(loaded.rules.people.values().flat_map(|p| p.principals.iter().map(|p| p.to_string())).collect())
        }
        Err(faults) => Err(faults.placed().iter().map(|p| p.rule.clone()).collect::<Vec<_>>().join("; ")),
    }
}

#[test]
fn two_channels_of_one_team_know_a_member_once() {
    let two = [("asks", "T0ONE"), ("alerts", "T0ONE")];
    assert_eq!(principals(&two, "U0ALICE"), Ok(vec!["slack:T0ONE/U0ALICE".to_owned()]));
}

#[test]
fn a_member_of_one_of_two_teams_can_be_named_and_is_nobody_in_the_other() {
    let two = [("here", "T0ONE"), ("there", "T0TWO")];
    assert_eq!(principals(&two, "T0TWO/U0ALICE"), Ok(vec!["slack:T0TWO/U0ALICE".to_owned()]));
    // A bare id names somebody in one workspace at most: which one is not said, so it must not be guessed to be both.
    let bare = principals(&two, "U0ALICE");
    assert!(bare.as_ref().map_or(true, |all| all.len() == 1), "{bare:?}");
}
