//! People who are known in a medium by their e-mail address: whoever is seen with it first stays who that is.
//!
//! An address can be given to somebody else, in the medium or outside of it; the account that was seen with it can't. So the
//! address counts once, and after that the account. To believe another account is an administrator's to decide, who names it
//! in the config: a name there goes before any address.

use std::collections::BTreeMap;

use jit_life::policy::Caller;
use jit_life::{Refused, RefusedKind};
use jit_types::Event;
use jit_types::digest::Hasher;

use super::refusals::Attempt;
use crate::error::Error;
use crate::house::House;
use crate::store::Write;

/// Where the accounts that were seen first stand, by medium and person.
const PINS: &str = "identity pins";
/// As the event of an account's first sight is called.
const PINNED: &str = "identity.pinned";

impl House {
    /// Believes that a caller is whose address their account has, where it is the account that was seen with it first. It is
    /// kept as a digest, under the person's pseudonym.
    ///
    /// # Errors
    /// Where another account was seen first, or this one as somebody else; a store that can't be used.
    pub async fn pin(&self, caller: &Caller) -> Result<(), Error> {
        let principal = caller.principal.as_str();
        let account = Hasher::new("jit pinned account v1").with("house", self.id().to_string());
        let account = account.with("principal", principal).finish().to_string();
        let person = format!("{} {}", caller.principal.channel(), caller.subject);
        let _one = self.lanes.enter(PINS).await;
        let kept = self.store().log().meta(PINS).await?.unwrap_or_else(|| "{}".to_owned());
        let mut pins: BTreeMap<String, String> = serde_json::from_str(&kept)
            .map_err(|_| Error::Unavailable("the accounts that were seen first can't be read".to_owned()))?;
        let message = match pins.get(&person) {
            Some(first) if *first == account => return Ok(()),
            Some(_) => "another account was seen with your address first, so this one is not believed to be yours",
            None if pins.values().any(|known| *known == account) => {
                "this account was seen with another address first, so it is not believed to be of this one"
            }
            None => {
                pins.insert(person, account);
                let value = serde_json::to_string(&pins).map_err(|e| Error::Unavailable(e.to_string()))?;
                let event = Event::new(PINNED, self.now()).actor(caller.subject).subject(caller.subject);
                let event = event.field_of(caller.subject, "through", &caller.principal);
                self.store().write(vec![Write::Meta { name: PINS, value }], vec![event], vec![]).await?;
                return Ok(());
            }
        };
        tracing::warn!(subject = %caller.subject, "an account was refused: {message}");
        let refused = Refused::new(RefusedKind::Denied, "identity", message)
            .hint("an administrator can name the right account in the config, under the person");
        Err(self.refuse(caller, Attempt::new(PINNED), refused).await)
    }
}
