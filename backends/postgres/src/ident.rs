//! Identifiers: the one place where a name becomes part of a statement.

use std::fmt;
use std::str::FromStr;

use jit_types::settings::{FromNode, Node};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A PostgreSQL identifier: 1 to 63 bytes (`NAMEDATALEN - 1`) of anything but NUL.
///
/// Longer ones are refused rather than cut as PostgreSQL would do, because a cut name may be another object's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(String);

/// Why a text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a PostgreSQL name has 1 to 63 bytes and no NUL character")]
pub struct IdentError;

impl Ident {
    /// The name as it is, for bind parameters and comparisons.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it stands in a statement: always quoted, quotes doubled (SQL lexical structure, §4.1.1).
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A text as a string constant of a statement, quotes doubled. Right only where `standard_conforming_strings` is on,
/// which every connection of ours sets.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as it may be shown in evidence: only one that can't be mistaken for anything but a name. Names in a target are
/// other people's text; what a holder planted may be called anything.
pub(crate) fn shown(name: &str) -> String {
    let plain = !name.is_empty()
        && name.len() <= 63
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'));
    if plain { name.to_owned() } else { "(a name that is not shown)".to_owned() }
}

/// A name in a statement that a person is told to run: quoted where it may be shown, a placeholder where not.
pub(crate) fn advised(name: &str) -> String {
    let plain = shown(name);
    if plain == name { format!("\"{plain}\"") } else { "\"…\"".to_owned() }
}

impl FromStr for Ident {
    type Err = IdentError;

    fn from_str(text: &str) -> Result<Self, IdentError> {
        if text.is_empty() || text.len() > 63 || text.contains('\0') {
            return Err(IdentError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Ident {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Ident {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl FromNode for Ident {
    const EXPECTED: &'static str = "a PostgreSQL name of 1 to 63 bytes";
    fn from_node(node: &Node) -> Result<Self, String> {
        String::from_node(node)?.parse().map_err(|e: IdentError| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_names() {
        let name: Ident = "a\"; DROP ROLE x; --".parse().expect("an odd name, but a name");
        assert_eq!(name.quoted(), "\"a\"\"; DROP ROLE x; --\"");
        assert_eq!(literal("it's $jit$ \\"), "'it''s $jit$ \\'");
        assert_eq!(shown("shop_2"), "shop_2");
        for odd in ["", "a b", "<!channel>", "a\u{202e}b", "a\n"] {
            assert_eq!(shown(odd), "(a name that is not shown)", "{odd:?}");
        }
    }

    #[test]
    fn what_postgres_would_cut_is_refused() {
        assert!("x".repeat(63).parse::<Ident>().is_ok());
        for bad in [String::new(), "x".repeat(64), "ä".repeat(32), "a\0b".to_owned()] {
            assert!(bad.parse::<Ident>().is_err(), "{bad:?}");
        }
    }
}
