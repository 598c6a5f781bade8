//! People who are known in a medium by their e-mail address: whoever is seen with it first stays who that is.
//!
//! An address can be given to somebody else, in the medium or outside of it; the account that was seen with it can't. So the
//! address counts once, and after that the account. To believe another account is an administrator's to decide, who names it
//! in the config: a name there goes before any address.
//!
//! An account is kept as a text sealed under its person's key. A digest would not do: a workspace has few members, and whoever
//! has the store and their list would hash each and compare, after an erasure too.

use std::collections::BTreeMap;

use jit_life::policy::Caller;
use jit_life::{Refused, RefusedKind};
use jit_types::{Event, Subject, Value};

use super::refusals::Attempt;
use super::texts;
use crate::audit::KeyState;
use crate::error::Error;
use crate::house::House;
use crate::store::{PINS, Pins, Write};

/// As the event of an account's first sight is called.
const PINNED: &str = "identity.pinned";
/// As the sealed text is called.
const ACCOUNT: &str = "account";

impl House {
    /// Believes that a caller is whose address their account has, where it is the account that was seen with it first. It is
    /// kept under the person's pseudonym, sealed.
    ///
    /// # Errors
    /// Where another account was seen first, or this one as somebody else; a store that can't be used.
    pub async fn pin(&self, caller: &Caller) -> Result<(), Error> {
        let (account, medium) = (caller.principal.as_str(), caller.principal.channel());
        let _one = self.lanes.enter(PINS).await;
        let message = match self.seen_first(medium, Some(caller.subject)).await?.get(&caller.subject) {
            Some(first) if first == account => return Ok(()),
            Some(_) => "another account was seen with your address first, so this one is not believed to be yours",
            None if self.seen_first(medium, None).await?.values().any(|known| known == account) => {
                "this account was seen with another address first, so it is not believed to be of this one"
            }
            None => {
                let (sealed, opening) = texts::seal(self, caller.subject, ACCOUNT, account)?;
                let pin = Write::Pin { subject: caller.subject, medium: medium.to_owned(), account: sealed };
                let event = Event::new(PINNED, self.now()).actor(caller.subject).subject(caller.subject);
                let event = event.field_of(caller.subject, "through", &caller.principal);
                return Ok(self.store().write(vec![pin], vec![event], vec![opening]).await?);
            }
        };
        tracing::warn!(subject = %caller.subject, "an account was refused: {message}");
        let refused = Refused::new(RefusedKind::Denied, "identity", message)
            .hint("an administrator can name the right account in the config, under the person");
        Err(self.refuse(caller, Attempt::new(PINNED), refused).await)
    }

    /// The accounts of a medium, as principals, that people were seen with first: one person's, or everybody's.
    pub(crate) async fn seen_first(
        &self,
        medium: &str,
        whose: Option<Subject>,
    ) -> Result<BTreeMap<Subject, String>, Error> {
        let unreadable = || Error::Unavailable("the accounts that were seen first can't be read".to_owned());
        let kept = self.store().log().meta(PINS).await?;
        let pins: Pins = kept.map_or(Ok(Pins::new()), |kept| serde_json::from_str(&kept)).map_err(|_| unreadable())?;
        let wanted = |subject: &Subject| whose.is_none_or(|one| one == *subject);
        let pins: Vec<_> =
            pins.iter().filter(|(of, _)| wanted(of)).filter_map(|(_, their)| their.get(medium)).copied().collect();
        let mut accounts = BTreeMap::new();
        if pins.is_empty() {
            return Ok(accounts);
        }
        let ids: Vec<_> = pins.iter().map(|pin| pin.opening).collect();
        let openings = self.parts.openings.get(&ids).await.map_err(|_| unreadable())?;
        for pin in pins {
            // Whose key is no more is being erased, and nobody's account is theirs.
            let KeyState::Alive(key) = self.parts.keys.key(pin.subject) else { continue };
            let opening = openings.get(&pin.opening).and_then(|sealed| sealed.open_checked(&key, &pin.digest).ok());
            // One that is lost may be anybody's: nobody is believed for want of it.
            let Some(Value::Text(account)) = opening.and_then(|opening| opening.value()) else {
                return Err(unreadable());
            };
            accounts.insert(pin.subject, account);
        }
        Ok(accounts)
    }
}
