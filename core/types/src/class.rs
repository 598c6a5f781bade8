//! The class of every field: what goes to the store, the log, a channel or a sink is built only from classified values.
//!
//! A class belongs to a type. [`Fields::with`] takes only types that implement [`Classified`], and plain `String` does
//! not, so an unclassified field does not compile:
//!
//! ```compile_fail
//! let fields = jit_types::Fields::new().with("note", &String::from("who knows what this is"));
//! ```

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::event::Commitment;
use crate::id::{Id, IdKind, Subject};
use crate::name::{BackendName, ChannelName, GroupName, PersonId, Principal, RoleName};
use crate::proof::{Grade, Words};
use crate::time::{Span, Timestamp};

/// How far a value may travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// May be shown to anybody.
    Public,
    /// May be shown to those who use the house.
    Internal,
    /// Is about a person: the log holds a commitment, the text is sealed apart under that person's key.
    Personal,
    /// Goes nowhere.
    Secret,
}

/// A value whose type says its class.
pub trait Classified {
    /// The class of every value of this type.
    const CLASS: Class;
    /// The value as it is written.
    fn value(&self) -> Value;
}

/// A value as it is written to the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
    /// Free text that was sealed before.
    Sealed(Commitment),
}

/// One classified field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, fixed in the code.
    pub name: &'static str,
    /// The class of the value.
    pub class: Class,
    /// Whose key seals the value, where it is personal and not the event's own subject.
    pub of: Option<Subject>,
    /// The value.
    pub value: Value,
}

/// Classified fields in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// No fields yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    #[must_use]
    pub fn with<T: Classified>(mut self, name: &'static str, value: &T) -> Self {
        self.0.push(Field { name, class: T::CLASS, of: None, value: value.value() });
        self
    }

    /// Adds a field that is personal to `subject`, who is not the event's own subject.
    #[must_use]
    pub fn with_of<T: Classified>(mut self, subject: Subject, name: &'static str, value: &T) -> Self {
        self.0.push(Field { name, class: T::CLASS, of: Some(subject), value: value.value() });
        self
    }

    /// Adds a field where there is a value.
    #[must_use]
    pub fn maybe<T: Classified>(self, name: &'static str, value: Option<&T>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Makes those of these fields personal that may be shown to whoever uses the house: a text of somebody's stands in them.
    #[must_use]
    pub fn personal(mut self, names: &[&str]) -> Self {
        for field in self.0.iter_mut().filter(|field| field.class == Class::Internal && names.contains(&field.name)) {
            field.class = Class::Personal;
        }
        self
    }

    /// The fields.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.0.iter()
    }
}

/// Free text that a person typed: a reason, a comment. Always personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Free(pub String);

macro_rules! classified_as_text {
    ($($class:ident: $($type:ty),+;)*) => {$($(
        impl Classified for $type {
            const CLASS: Class = Class::$class;
            fn value(&self) -> Value {
                Value::Text(self.to_string())
            }
        }
    )+)*};
}

// One table to review: which type has which class.
classified_as_text! {
    Public: &'static str, Digest, Timestamp, Span;
    Internal: RoleName, BackendName, ChannelName, GroupName, Words, Grade;
    Personal: PersonId, Principal;
}

impl<K: IdKind> Classified for Id<K> {
    const CLASS: Class = Class::Public;
    fn value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

impl Classified for Free {
    const CLASS: Class = Class::Personal;
    fn value(&self) -> Value {
        Value::Text(self.0.clone())
    }
}

impl Classified for bool {
    const CLASS: Class = Class::Public;
    fn value(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Classified for u32 {
    const CLASS: Class = Class::Public;
    fn value(&self) -> Value {
        Value::Number(i64::from(*self))
    }
}

impl Classified for i64 {
    const CLASS: Class = Class::Public;
    fn value(&self) -> Value {
        Value::Number(*self)
    }
}

impl<T: Classified> Classified for Vec<T> {
    const CLASS: Class = T::CLASS;
    fn value(&self) -> Value {
        Value::List(
            self.iter()
                .map(|item| match item.value() {
                    Value::Text(text) => text,
                    Value::Bool(b) => b.to_string(),
                    Value::Number(n) => n.to_string(),
                    Value::List(list) => list.join(", "),
                    Value::Sealed(commitment) => commitment.opening.to_string(),
                })
                .collect(),
        )
    }
}
