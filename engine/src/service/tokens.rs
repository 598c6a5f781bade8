//! Bearer tokens: owned by a person, shown once, stored hashed, scoped, ending, revocable.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jit_life::policy::Caller;
use jit_life::{LockTarget, Refused, RefusedKind, Reply, Step};
use jit_types::{Digest, Event, Free, PersonId, RoleName, Secret, Span, Timestamp, TokenId, Words};

use super::refusals::Attempt;
use crate::audit::random;
use crate::error::Error;
use crate::house::House;
use crate::store::{AnswerKey, Job, Token, TokenQuery, Write};

/// A token that was just made.
pub struct NewToken {
    /// What is stored of it.
    pub token: Token,
    /// The token itself, shown this once.
    pub secret: Secret,
}

/// Where those wait who make tokens under a key.
const LANE: &str = "tokens";
/// The longest life of a token.
const LONGEST: Span = Span::from_secs(366 * 86_400);
/// What every token begins with, so that scanners find one that was pasted somewhere.
const PREFIX: &str = "jit_";

impl House {
    /// Makes a token for the caller, or, by an administrator, for somebody else. Under an idempotency key a repeated question
    /// can't be given the first token again, which is kept nowhere: it ends that one and gives the next, so that one question
    /// leaves one token.
    ///
    /// # Errors
    /// When the caller is limited to roles and asks for others, or may not make one for that person; when the key was used
    /// for something else.
    pub async fn create_token(
        &self,
        caller: &Caller,
        owner: Option<&PersonId>,
        label: &str,
        roles: Option<BTreeSet<RoleName>>,
        life: Span,
        answer: Option<AnswerKey>,
    ) -> Result<NewToken, Error> {
        let invalid = |about: &str, message: &str| Refused::new(RefusedKind::Invalid, about, message);
        if life.secs() == 0 || life > LONGEST {
            return Err(invalid("for", "a token lives for at most a year").hint("--for 30d").into());
        }
        if label.len() > 200 {
            return Err(invalid("label", "a label has at most 200 bytes").into());
        }
        // A token that could make others would outlive its own end, and root would act as somebody who is not root.
        if caller.only_roles.is_some() || caller.principal.channel() == "token" || caller.superuser {
            let refused = Refused::new(RefusedKind::Denied, "token", "neither a token nor uid 0 makes tokens")
                .hint("make it as your own OS user");
            return Err(self.refuse(caller, Attempt::new("token.created"), refused).await);
        }
        if roles.as_ref().is_some_and(BTreeSet::is_empty) {
            return Err(invalid("roles", "no role is named; empty never means everything").into());
        }
        let _gate = self.gate.read().await;
        let rules = self.rules();
        if let Some(unknown) = roles.iter().flatten().find(|role| !rules.roles.contains_key(*role)) {
            return Err(invalid("roles", &format!("there is no role `{unknown}`")).into());
        }
        let person = owner.unwrap_or(&caller.person);
        if *person != caller.person {
            self.administers(caller, "person", Attempt::new("token.created")).await?;
        }
        if !rules.people.contains_key(person) {
            return Err(Refused::not_found("person").into());
        }
        let subject = self.subject(person).await?;
        let locks = self.store().locks();
        let owner = || match locks.holds(&LockTarget::Person(subject)) {
            true => Err(Refused::new(RefusedKind::Denied, "locked", "the token's owner is locked")
                .hint("an administrator can end that with `jit unlock`")),
            false => Ok(()),
        };
        if let Err(locked) = locks.unlocked(caller.subject).and_then(|()| owner()) {
            return Err(self.refuse(caller, Attempt::new("token.created"), locked).await);
        }
        let bytes: [u8; 32] =
            random::draw(self.parts.random.as_ref()).map_err(|e| Error::Unavailable(e.to_string()))?;
        let secret = Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)));
        let now = self.now();
        let token = Token {
            id: self.draw_id()?,
            hash: Digest::of(secret.expose_secret().as_bytes()),
            subject,
            label: Words::new(label).to_string(),
            roles,
            created: now,
            expires: now.after(life),
            revoked: None,
        };
        let event = Event::new("token.created", now)
            .actor(caller.subject)
            .subject(subject)
            .field("token", &token.id)
            .field("expires", &token.expires)
            .field("label", &Free(token.label.clone()))
            .maybe("roles", token.roles.as_ref().map(|roles| roles.iter().cloned().collect::<Vec<_>>()).as_ref());
        let mut writes = vec![Write::PutToken(token.clone())];
        let mut events = Vec::new();
        // Held until the new one is written: of two that repeat the same at once, the later ends the earlier's.
        let _lane = self.lanes.enter(LANE).await;
        if let Some(answer) = answer {
            let key = answer.key;
            if let Some(first) = self.made_before(answer).await?.filter(|first| first.revoked.is_none()) {
                writes.push(Write::RevokeToken { id: first.id, at: now });
                events.push(revoked(caller, &first, now).field("by", &Words::new("a repeated question")));
            }
            writes.push(Write::KeepAnswer { key, extra: token.id.to_string() });
        }
        events.push(event);
        self.store().write(writes, events, vec![]).await?;
        Ok(NewToken { token, secret })
    }

    /// Takes the idempotency key; gives the token that was made under it before.
    async fn made_before(&self, answer: AnswerKey) -> Result<Option<Token>, Error> {
        let noted = || Step { state: None, events: vec![], effects: vec![], drop: vec![], reply: Ok(Reply::Noted) };
        let job = Job {
            request: self.draw_id()?,
            at: self.now(),
            facts: None,
            play: Box::new(move |_, _| noted()),
            done: None,
            openings: vec![],
            answer: Some(answer),
            keep: None,
            follow: None,
        };
        let kept = self.store().play(job).await?.replayed.flatten();
        // Nothing is kept where the first question got no further than its key.
        let Some(id) = kept.and_then(|id| id.parse().ok()) else { return Ok(None) };
        Ok(self.store().tokens(TokenQuery::Id(id)).await?.into_iter().next())
    }

    /// Ends a token: one's own, or anybody's for an administrator.
    ///
    /// # Errors
    /// When there is none that the caller may end.
    pub async fn revoke_token(&self, caller: &Caller, id: TokenId) -> Result<Token, Error> {
        let _gate = self.gate.read().await;
        let token = self.store().tokens(TokenQuery::Id(id)).await?.into_iter().next();
        let administers = self.may_administer(caller, "token").is_ok();
        // A token that is limited to roles reaches no token but itself.
        let itself = |token: &Token| caller.principal.as_str() == format!("token:{}", token.id);
        let own = |token: &Token| token.subject == caller.subject && (caller.only_roles.is_none() || itself(token));
        let token = token.filter(|token| own(token) || administers);
        let Some(mut token) = token else {
            return Err(self.refuse(caller, Attempt::new("token.revoked"), Refused::not_found("token")).await);
        };
        if token.revoked.is_none() {
            let now = self.now();
            token.revoked = Some(now);
            let event = revoked(caller, &token, now);
            self.store().write(vec![Write::RevokeToken { id, at: now }], vec![event], vec![]).await?;
        }
        Ok(token)
    }

    /// The caller's tokens.
    ///
    /// # Errors
    /// When the store can't be used.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>, Error> {
        let mut tokens = self.store().tokens(TokenQuery::Of(caller.subject)).await?;
        if caller.only_roles.is_some() {
            tokens.retain(|token| caller.principal.as_str() == format!("token:{}", token.id));
        }
        Ok(tokens)
    }

    /// The token that a bearer shows, where it is one that holds now.
    ///
    /// # Errors
    /// When the store can't be used.
    pub async fn token(&self, shown: &Secret) -> Result<Option<Token>, Error> {
        let hash = Digest::of(shown.expose_secret().as_bytes());
        let found = self.store().tokens(TokenQuery::Hash(hash)).await?;
        Ok(found.into_iter().find(|token| token.revoked.is_none() && self.now() < token.expires))
    }
}

fn revoked(caller: &Caller, token: &Token, now: Timestamp) -> Event {
    Event::new("token.revoked", now).actor(caller.subject).subject(token.subject).field("token", &token.id)
}
