//! Sealing: from an event to the exact bytes of a leaf, with everything personal taken out of it.

use std::fmt::Write as _;
use std::sync::Arc;

use jit_types::{Class, Commitment, Event, Field, Free, OpeningId, Subject, Timestamp, Value};

use super::opening::{Opening, SealedOpening, SubjectKey};
use super::random::{Random, RandomError, draw};

/// What is known of a subject's key.
#[derive(Clone)]
pub enum KeyState {
    /// Here it is.
    Alive(Arc<SubjectKey>),
    /// It was destroyed: whatever is still said of the subject is committed to, and its text kept nowhere.
    Destroyed,
    /// No such subject was ever minted here.
    Unknown,
}

/// Where the sealer looks keys up: at once, from memory.
pub trait Keyring: Send + Sync {
    /// The subject's key.
    fn key(&self, subject: Subject) -> KeyState;
}

/// Why an event can't be written to the log. All but the last two are mistakes in our own code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A secret can't be written.
    #[error("field `{0}` is secret and can't be written to the log")]
    Secret(&'static str),
    /// A personal field is nobody's.
    #[error("field `{0}` is personal, but the event names nobody whose key seals it")]
    NoSubject(&'static str),
    /// Two fields have one name.
    #[error("field `{0}` stands in the event twice")]
    Twice(&'static str),
    /// There is no key for the subject.
    #[error("there is no key for {0}")]
    NoKey(Subject),
    /// The subject's key was destroyed.
    #[error("the key of {0} was destroyed; nothing can be sealed for this subject any more")]
    Destroyed(Subject),
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A sealed event, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The leaf: one line of JSON without its line feed, to be kept byte for byte.
    pub leaf: String,
    /// What opens its commitments, to be kept apart.
    pub openings: Vec<SealedOpening>,
}

/// Seals events.
pub struct Sealer {
    keys: Arc<dyn Keyring>,
    random: Arc<dyn Random>,
}

/// Puts a text into JSON.
fn quote(text: &str) -> String {
    // Text is always JSON.
    serde_json::to_string(text).unwrap_or_default()
}

/// Writes what stands in a leaf where something personal stood.
fn write_commitment(leaf: &mut String, c: &Commitment) {
    // Writing to a `String` can't fail, here and below.
    let _ = write!(leaf, r#"{{"commitment":"{}","opening":"{}","subject":"{}"}}"#, c.digest, c.opening, c.subject);
}

impl Sealer {
    /// Takes where keys are found and where randomness comes from.
    pub fn new(keys: Arc<dyn Keyring>, random: Arc<dyn Random>) -> Self {
        Self { keys, random }
    }

    /// Seals an event into a leaf. Keys stand in the leaf in a fixed order, fields in the order of the event.
    ///
    /// # Errors
    /// When a field can't be written as it is; then nothing of the event may be stored.
    pub fn seal(&self, event: &Event) -> Result<Sealed, SealError> {
        let mut leaf = String::with_capacity(512);
        let mut openings = Vec::new();
        let _ = write!(leaf, r#"{{"v":1,"kind":{},"at":"{}""#, quote(event.kind), event.at);
        let ids = [
            ("request", event.request.map(|id| id.to_string())),
            ("ask", event.ask.map(|id| id.to_string())),
            ("grant", event.grant.map(|id| id.to_string())),
            ("claim", event.claim.map(|id| id.to_string())),
            ("role", event.role.as_ref().map(|name| name.to_string())),
            ("actor", event.actor.map(|id| id.to_string())),
            ("subject", event.subject.map(|id| id.to_string())),
        ];
        for (key, id) in ids {
            if let Some(id) = id {
                let _ = write!(leaf, r#","{key}":"{id}""#);
            }
        }
        let _ = write!(leaf, r#","outcome":"{}","fields":{{"#, event.outcome);
        let mut names: Vec<&str> = Vec::new();
        for field in event.fields.iter() {
            if names.contains(&field.name) {
                return Err(SealError::Twice(field.name));
            }
            if !names.is_empty() {
                leaf.push(',');
            }
            names.push(field.name);
            leaf.push_str(&quote(field.name));
            leaf.push(':');
            self.write_field(&mut leaf, &mut openings, event, field)?;
        }
        leaf.push_str("}}");
        Ok(Sealed { leaf, openings })
    }

    fn write_field(
        &self,
        leaf: &mut String,
        openings: &mut Vec<SealedOpening>,
        event: &Event,
        field: &Field,
    ) -> Result<(), SealError> {
        match (field.class, &field.value) {
            (Class::Secret, _) => return Err(SealError::Secret(field.name)),
            // Sealed before: whatever its class, nothing personal is in it.
            (_, Value::Sealed(commitment)) => write_commitment(leaf, commitment),
            (Class::Public | Class::Internal, value) => {
                leaf.push_str(&serde_json::to_string(value).unwrap_or_default());
            }
            (Class::Personal, value) => {
                let subject = field.of.or(event.subject).or(event.actor).ok_or(SealError::NoSubject(field.name))?;
                let (commitment, sealed) = self.seal_value(subject, event.at, field.name, value)?;
                write_commitment(leaf, &commitment);
                openings.extend(sealed);
            }
        }
        Ok(())
    }

    fn seal_value(
        &self,
        subject: Subject,
        at: Timestamp,
        field: &str,
        value: &Value,
    ) -> Result<(Commitment, Option<SealedOpening>), SealError> {
        let random = self.random.as_ref();
        let id = OpeningId::from_parts(at, draw(random)?);
        let opening = Opening::new(id, subject, field, value, random)?;
        let commitment = Commitment { opening: id, subject, digest: opening.digest() };
        match self.keys.key(subject) {
            KeyState::Alive(key) => Ok((commitment, Some(opening.seal(&key, random)?))),
            KeyState::Destroyed => Ok((commitment, None)),
            KeyState::Unknown => Err(SealError::NoKey(subject)),
        }
    }

    /// Seals a text that a person typed, before the pure step sees the command that it came with. The opening must be
    /// durable before anything that carries the commitment is stored.
    ///
    /// # Errors
    /// When the subject has no key, or no longer.
    pub fn seal_text(
        &self,
        subject: Subject,
        at: Timestamp,
        field: &'static str,
        text: &Free,
    ) -> Result<(Commitment, SealedOpening), SealError> {
        match self.seal_value(subject, at, field, &Value::Text(text.0.clone()))? {
            (commitment, Some(sealed)) => Ok((commitment, sealed)),
            (_, None) => Err(SealError::Destroyed(subject)),
        }
    }
}
