//! Names with rules. The only way to make one is to parse it, so a value that exists is valid.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The rule that one kind of name follows.
pub trait NameKind {
    /// What a person calls the thing.
    const NOUN: &'static str;
    /// The rule in words, as an error prints it.
    const RULE: &'static str;
    /// Says whether the text keeps the rule.
    fn allows(text: &str) -> bool;
}

/// A name of one kind.
pub struct Name<K>(Box<str>, PhantomData<fn() -> K>);

/// Why a text is not a name of the kind wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {noun}: {rule}")]
pub struct NameError {
    text: String,
    noun: &'static str,
    rule: &'static str,
}

impl<K: NameKind> Name<K> {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<K: NameKind> FromStr for Name<K> {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if K::allows(text) {
            return Ok(Self(text.into(), PhantomData));
        }
        let shown = text.chars().take(60).flat_map(char::escape_debug).collect();
        Err(NameError { text: shown, noun: K::NOUN, rule: K::RULE })
    }
}

impl<K> Clone for Name<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}
impl<K> PartialEq for Name<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Name<K> {}
impl<K> PartialOrd for Name<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Name<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> std::hash::Hash for Name<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K> fmt::Display for Name<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
impl<K> fmt::Debug for Name<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl<K> Serialize for Name<K> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}
impl<'de, K: NameKind> Deserialize<'de> for Name<K> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

const LABEL: &str = "1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit";

fn label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Marks the name of a role.
pub enum RoleKind {}
/// Marks the name of a configured backend.
pub enum BackendKind {}
/// Marks the name of a configured approval channel.
pub enum ChannelKind {}
/// Marks the name of a group of persons.
pub enum GroupKind {}
/// Marks the name of a role's parameter.
pub enum ParamKind {}
/// Marks a person.
pub enum PersonKind {}
/// Marks a principal.
pub enum PrincipalKind {}

impl NameKind for RoleKind {
    const NOUN: &'static str = "role name";
    const RULE: &'static str = LABEL;
    fn allows(text: &str) -> bool {
        label(text)
    }
}
impl NameKind for BackendKind {
    const NOUN: &'static str = "backend name";
    const RULE: &'static str = LABEL;
    fn allows(text: &str) -> bool {
        label(text)
    }
}
impl NameKind for ChannelKind {
    const NOUN: &'static str = "channel name";
    const RULE: &'static str = LABEL;
    fn allows(text: &str) -> bool {
        label(text)
    }
}
impl NameKind for GroupKind {
    const NOUN: &'static str = "group name";
    const RULE: &'static str = LABEL;
    fn allows(text: &str) -> bool {
        label(text)
    }
}
impl NameKind for ParamKind {
    const NOUN: &'static str = "parameter name";
    const RULE: &'static str = "1 to 63 lower-case letters, digits, hyphens and underscores, beginning with a letter";
    fn allows(text: &str) -> bool {
        (1..=63).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    }
}
impl NameKind for PersonKind {
    const NOUN: &'static str = "person";
    const RULE: &'static str =
        "1 to 254 of the letters a to z, digits and . _ + - @, in lower case, as in alice@example.com";
    fn allows(text: &str) -> bool {
        (1..=254).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._+-@".contains(&b))
    }
}
impl NameKind for PrincipalKind {
    const NOUN: &'static str = "principal";
    const RULE: &'static str = "a channel in lower case, a colon and a name without blanks, as in unix:alice";
    fn allows(text: &str) -> bool {
        let Some((channel, name)) = text.split_once(':') else { return false };
        (1..=20).contains(&channel.len())
            && channel.bytes().all(|b| b.is_ascii_lowercase())
            && (1..=400).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_graphic())
    }
}

/// The name of a role, such as `db-read`.
pub type RoleName = Name<RoleKind>;
/// The name of a configured backend, such as `shop`.
pub type BackendName = Name<BackendKind>;
/// The name of a configured approval channel, such as `chat`.
pub type ChannelName = Name<ChannelKind>;
/// The name of a group of persons, such as `dba`.
pub type GroupName = Name<GroupKind>;
/// A person, whatever they act through. "Self" always means the person.
pub type PersonId = Name<PersonKind>;
/// Who acts over a channel: `unix:alice`, `token:tok_…`, `slack:T01/U02`.
pub type Principal = Name<PrincipalKind>;

impl Principal {
    /// The channel, such as `unix`.
    pub fn channel(&self) -> &str {
        self.as_str().split_once(':').map_or("", |(c, _)| c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_rules() {
        for ok in ["db-read", "a", "0x"] {
            assert!(ok.parse::<RoleName>().is_ok(), "{ok}");
        }
        for bad in ["", "-a", "Db", "a b", "a\nb", "*", "a/b", "ä", &"x".repeat(64)] {
            assert!(bad.parse::<RoleName>().is_err(), "{bad}");
        }
        for ok in ["unix:alice", "ci:github/org/repo", "slack:T01/U02"] {
            assert!(ok.parse::<Principal>().is_ok(), "{ok}");
        }
        for bad in ["alice", "unix:", ":a", "unix:a b", "unix:a\n", "UNIX:a"] {
            assert!(bad.parse::<Principal>().is_err(), "{bad}");
        }
        for bad in ["", "Alice@example.com", "a b", "*", ".a", "a,b", "a\u{202e}b"] {
            assert!(bad.parse::<PersonId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_shows_control_characters_harmlessly() {
        let error = "a\u{1b}[31m\nb".parse::<RoleName>().expect_err("control characters are refused");
        assert!(!error.to_string().contains(['\u{1b}', '\n']));
    }
}
