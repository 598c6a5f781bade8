//! What a verifier reads in a leaf: what kind of event it is, whom it is about, and its commitments.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::line::{Text, present};

/// The kind of the event that says that a subject's key was destroyed.
pub const ERASED: &str = "subject.erased";

/// A leaf, as far as a verifier looks into it. The keys that it does not look at are named, with an underscore, so that none
/// stands twice: a reader who takes the first and one who takes the last would see different events.
#[derive(serde::Deserialize)]
pub(super) struct Leaf<'a> {
    pub(super) v: u64,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) subject: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) outcome: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) fields: Commitments<'a>,
    #[serde(rename = "at")]
    _at: Option<IgnoredAny>,
    #[serde(rename = "request")]
    _request: Option<IgnoredAny>,
    #[serde(rename = "ask")]
    _ask: Option<IgnoredAny>,
    #[serde(rename = "grant")]
    _grant: Option<IgnoredAny>,
    #[serde(rename = "claim")]
    _claim: Option<IgnoredAny>,
    #[serde(rename = "role")]
    _role: Option<IgnoredAny>,
    #[serde(rename = "actor")]
    _actor: Option<IgnoredAny>,
}

impl Leaf<'_> {
    /// The subject that this event says is erased.
    pub(super) fn erases(&self) -> Option<&str> {
        self.subject.as_deref().filter(|_| self.kind == ERASED && self.outcome == "done")
    }
}

/// A commitment, as it stands in a leaf.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Commitment<'a> {
    #[serde(borrow)]
    pub(super) commitment: Text<'a>,
    #[serde(borrow)]
    pub(super) opening: Text<'a>,
    #[serde(borrow)]
    pub(super) subject: Text<'a>,
}

/// The commitments among a leaf's fields.
pub(super) struct Commitments<'a>(pub(super) Vec<Commitment<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Commitments<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor).map(Self)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Vec<Commitment<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut names: Vec<Text<'de>> = Vec::new();
        let mut found = Vec::new();
        while let Some((name, value)) = map.next_entry::<Text<'de>, FieldValue<'de>>()? {
            if names.contains(&name) {
                return Err(A::Error::custom("a field stands in the event twice"));
            }
            names.push(name);
            found.extend(value.0);
        }
        Ok(found)
    }
}

/// A field's value: a commitment, or anything plain.
struct FieldValue<'a>(Option<Commitment<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for FieldValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Self)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Option<Commitment<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("yes or no, a whole number, text, a list of texts, or a commitment")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Commitment::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Some)
    }
}
