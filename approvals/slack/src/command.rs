//! The slash command, and the buttons that do what a command does.

use jit_approval::{Act, Action, Desk, Identity, Planned, Wish};
use jit_types::{GrantId, Params, RoleName, Span};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Seat;
use crate::listen::Heard;
use crate::people::Refusal;
use crate::press::text;
use crate::typed::{Said, read};
use crate::{Inner, render};

/// The command's name.
pub(crate) const NAME: &str = "/jit";

/// The action of the button that files what was shown.
pub(crate) const REQUEST: &str = "jit.request";
/// The action of the button that gives a grant back.
pub(crate) const RELEASE: &str = "jit.release";

/// The longest value that a button can have (docs.slack.dev/reference/block-kit/block-elements/button-element).
const LONGEST_VALUE: usize = 2000;

/// A wish as it stands in the button that files it: nothing is stored for somebody who only looks. The key is that of the
/// command, so that a command which comes twice, or a button pressed twice, files once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Offer {
    /// The version, so that an old button is understood or refused by a later program.
    v: u8,
    k: String,
    role: RoleName,
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    with: Params,
    #[serde(rename = "for")]
    span: Span,
    why: String,
}

impl Offer {
    const VERSION: u8 = 1;

    /// The value of the button; `None` where it is longer than one can be.
    fn write(wish: &Wish, span: Span) -> Option<String> {
        let (k, role) = (wish.key.clone(), wish.role.clone());
        let offer = Self { v: Self::VERSION, k, role, with: wish.params.clone(), span, why: wish.reason.clone() };
        serde_json::to_string(&offer).ok().filter(|text| text.chars().count() <= LONGEST_VALUE)
    }

    fn read(value: &str, by: Identity) -> Option<Wish> {
        let Self { v, k, role, with, span, why } = serde_json::from_str(value).ok()?;
        (v == Self::VERSION).then_some(Wish { by, key: k, role, params: with, span: Some(span), reason: why })
    }
}

/// The value of a button that gives a grant back.
pub(crate) fn release(grant: &GrantId) -> String {
    format!("1 {grant}")
}

/// What a button does that is no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Button {
    File(Wish),
    Act(Act),
}

impl Button {
    /// Reads what a button of this action says.
    pub(crate) fn pressed(action: &str, value: &str, by: &Identity) -> Option<Self> {
        match action {
            REQUEST => Offer::read(value, by.clone()).map(Self::File),
            RELEASE => Some(Self::Act(Act::Release(value.strip_prefix("1 ")?.parse().ok()?))),
            _ => None,
        }
    }
}

impl Inner {
    /// Deals with a slash command.
    pub(crate) async fn commanded(&self, envelope: &str, payload: &Value, desk: &dyn Desk, heard: &Heard) {
        let user = text(payload, "/user_id").unwrap_or_default();
        let seat = Seat {
            user: user.to_owned(),
            channel: text(payload, "/channel_id").map(str::to_owned),
            address: text(payload, "/response_url").map(str::to_owned),
            instead: false,
        };
        // Here Slack writes the same facts flat: `team_id` is the user's own.
        let who = json!({ "id": user, "team_id": text(payload, "/team_id") });
        let by = match self.vouched(text(payload, "/team_id"), &who).await {
            Ok(by) => by,
            Err(Refusal(words)) => return self.answer(&seat, words).await,
        };
        let key = envelope.to_owned();
        match read(text(payload, "/text").unwrap_or_default()) {
            Ok(Said::Act(what)) => {
                let outcome = desk.act(&Action { by, key, what }).await;
                heard.say();
                self.answer(&seat, outcome.words.as_str()).await;
            }
            Ok(Said::Request { role, params, span, reason }) => {
                let wish = Wish { by, key, role, params, span, reason };
                self.planned(&seat, &wish, desk).await;
            }
            Err(why) => self.answer(&seat, &why).await,
        }
    }

    /// Shows what a wish would do, with the button that files it. Nothing is filed by asking.
    async fn planned(&self, seat: &Seat, wish: &Wish, desk: &dyn Desk) {
        let planned: Planned = match desk.plan(wish).await {
            Ok(planned) => planned,
            Err(refused) => return self.answer(seat, refused.words.as_str()).await,
        };
        if let Some(open) = &planned.covered_by {
            let words =
                format!("nothing was filed: you have the same open already, {open}; `jit show {open}` shows it");
            return self.answer(seat, &words).await;
        }
        match Offer::write(wish, planned.span) {
            Some(value) => self.shown(seat, &render::plan(&planned, &wish.reason, &value)).await,
            None => {
                let words = format!(
                    "nothing was filed: this is longer than a button in Slack can carry; ask with a shorter reason, or \
                     in a terminal: jit request {}",
                    wish.role
                );
                self.answer(seat, &words).await;
            }
        }
    }

    /// Does what a button says that is no decision. The right to it is looked at now, by the house.
    pub(crate) async fn done(
        &self,
        seat: &Seat,
        by: Identity,
        key: &str,
        button: Button,
        desk: &dyn Desk,
        heard: &Heard,
    ) {
        let outcome = match button {
            Button::File(wish) => desk.file(&wish).await,
            Button::Act(what) => desk.act(&Action { by, key: key.to_owned(), what }).await,
        };
        heard.say();
        // A plan that was filed is replaced by what came of it: there is nothing more to press. One that could not be
        // filed just now can be pressed again.
        let seat = Seat { instead: seat.instead && outcome.done, ..seat.clone() };
        self.answer(&seat, outcome.words.as_str()).await;
    }
}

#[cfg(test)]
mod tests {
    use jit_types::{ParamName, ParamValue};

    use super::*;

    fn wish(reason: &str) -> Wish {
        let by = Identity::new("slack", "T1/U1");
        let name: ParamName = "schema".parse().unwrap();
        let params = [(name, ParamValue::Text("a\"b".to_owned()))].into();
        let (key, role) = ("envelope-1".to_owned(), "db-read".parse().unwrap());
        Wish { by, key, role, params, span: Some(Span::from_secs(5400)), reason: reason.to_owned() }
    }

    #[test]
    fn a_button_files_what_was_shown_for_whoever_presses_it() {
        let wish = wish("INC-42 \u{1f600} <!channel>");
        let value = Offer::write(&wish, Span::from_secs(5400)).unwrap();
        let other = Identity::new("slack", "T1/U2");
        let theirs = Wish { by: other.clone(), ..wish.clone() };
        assert_eq!(Button::pressed(REQUEST, &value, &wish.by), Some(Button::File(wish.clone())));
        assert_eq!(Button::pressed(REQUEST, &value, &other), Some(Button::File(theirs)));
        for bad in ["", "{}", &value.replace("\"v\":1", "\"v\":2"), &value.replace("\"why\"", "\"by\"")] {
            assert_eq!(Button::pressed(REQUEST, bad, &wish.by), None, "{bad}");
        }
    }

    #[test]
    fn what_no_button_can_carry_is_not_cut() {
        assert_eq!(Offer::write(&wish(&"x".repeat(2000)), Span::from_secs(60)), None);
        assert!(Offer::write(&wish(&"\u{1f600}".repeat(1700)), Span::from_secs(60)).is_some());
    }

    #[test]
    fn a_grant_is_released_by_its_id_and_nothing_else() {
        let (grant, by) = (GrantId::from_parts(jit_types::Timestamp::EPOCH, [3; 10]), wish("").by);
        let read = |value: &str| Button::pressed(RELEASE, value, &by);
        assert_eq!(read(&release(&grant)), Some(Button::Act(Act::Release(grant))));
        for bad in [String::new(), grant.to_string(), format!("2 {grant}"), format!("1 {grant} x"), "1 gr_1".to_owned()]
        {
            assert_eq!(read(&bad), None, "{bad}");
        }
        assert_eq!(Button::pressed("jit.other", &release(&grant), &by), None);
    }
}
