//! What the audit log is told: [`Event`], made by the pure step, and [`Commitment`], what stands where free text stood.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::class::{Class, Classified, Fields, Value};
use crate::digest::Digest;
use crate::id::{AskId, ClaimId, GrantId, OpeningId, RequestId, Subject};
use crate::name::RoleName;
use crate::time::Timestamp;

/// Whether what was asked for was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused; nothing changed.
    Refused,
}

impl Outcome {
    /// The word that stands in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that happened, as the pure step says it; the audit log seals it into a leaf.
///
/// Who somebody is never stands in here in clear but in fields of class personal, which are sealed under the key of the
/// event's [`subject`](Event::subject), or of another where the field says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened, as `noun.participle`: `request.filed`. Fixed in the code.
    pub kind: &'static str,
    /// When, by the broker's clock.
    pub at: Timestamp,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// The ask it belongs to.
    pub ask: Option<AskId>,
    /// The grant it belongs to.
    pub grant: Option<GrantId>,
    /// The claim it belongs to.
    pub claim: Option<ClaimId>,
    /// The role it is about.
    pub role: Option<RoleName>,
    /// The person who did it; `None` where the house did it by itself.
    pub actor: Option<Subject>,
    /// The person that the record is about. Personal fields are sealed under this person's key; where there is none,
    /// under the actor's.
    pub subject: Option<Subject>,
    /// Whether it was done.
    pub outcome: Outcome,
    /// What else there is to say. Each name is used once.
    pub fields: Fields,
}

impl Event {
    /// Something that was done at `at`.
    pub fn new(kind: &'static str, at: Timestamp) -> Self {
        Self {
            kind,
            at,
            request: None,
            ask: None,
            grant: None,
            claim: None,
            role: None,
            actor: None,
            subject: None,
            outcome: Outcome::Done,
            fields: Fields::new(),
        }
    }

    /// Names the request.
    #[must_use]
    pub fn request(mut self, request: RequestId) -> Self {
        self.request = Some(request);
        self
    }

    /// Names the ask.
    #[must_use]
    pub fn ask(mut self, ask: AskId) -> Self {
        self.ask = Some(ask);
        self
    }

    /// Names the grant.
    #[must_use]
    pub fn grant(mut self, grant: GrantId) -> Self {
        self.grant = Some(grant);
        self
    }

    /// Names the claim.
    #[must_use]
    pub fn claim(mut self, claim: ClaimId) -> Self {
        self.claim = Some(claim);
        self
    }

    /// Names the role.
    #[must_use]
    pub fn role(mut self, role: RoleName) -> Self {
        self.role = Some(role);
        self
    }

    /// Names who did it.
    #[must_use]
    pub fn actor(mut self, actor: Subject) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Names whom it is about.
    #[must_use]
    pub fn subject(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Says that it was refused.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.outcome = Outcome::Refused;
        self
    }

    /// Adds a field.
    #[must_use]
    pub fn field<T: Classified>(mut self, name: &'static str, value: &T) -> Self {
        self.fields = self.fields.with(name, value);
        self
    }

    /// Adds a field that is personal to `subject`, who is not the event's own subject.
    #[must_use]
    pub fn field_of<T: Classified>(mut self, subject: Subject, name: &'static str, value: &T) -> Self {
        self.fields = self.fields.with_of(subject, name, value);
        self
    }

    /// Adds a field where there is a value.
    #[must_use]
    pub fn maybe<T: Classified>(mut self, name: &'static str, value: Option<&T>) -> Self {
        self.fields = self.fields.maybe(name, value);
        self
    }
}

/// What stands where free text stood: the text itself was sealed apart before the pure step saw anything, so that state,
/// log and content hash carry only this.
///
/// It names its subject so that a verifier can tell an erased text from one that was made to disappear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// Where the sealed text is kept.
    pub opening: OpeningId,
    /// Whose key seals the text.
    pub subject: Subject,
    /// The keyed, salted digest of the text.
    pub digest: Digest,
}

impl Classified for Commitment {
    const CLASS: Class = Class::Public;
    fn value(&self) -> Value {
        Value::Sealed(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_is_public_and_reads_back() {
        let commitment = Commitment {
            opening: OpeningId::from_parts(Timestamp::from_millis(1), [1; 10]),
            subject: Subject::from_parts(Timestamp::from_millis(2), [2; 10]),
            digest: Digest::of(b"x"),
        };
        let event = Event::new("request.filed", Timestamp::from_millis(3)).refused().field("reason", &commitment);
        let field = event.fields.iter().next().expect("one field");
        assert_eq!((field.class, &field.value), (Class::Public, &Value::Sealed(commitment)));
        let json = serde_json::to_string(&field.value).expect("a value is JSON");
        assert_eq!(serde_json::from_str::<Value>(&json).expect("and reads back"), field.value);
    }
}
