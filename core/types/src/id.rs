//! Typed ids: sortable by time of birth, prefixed, safe to paste.
//!
//! Layout of the 16 bytes: UUID version 7 (RFC 9562 §5.7). Text: prefix, underscore, 26 digits of Crockford's base 32
//! in lower case, which keeps the byte order.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;

/// What an id names; carries the prefix that its text begins with.
pub trait IdKind {
    /// The prefix, without the underscore.
    const PREFIX: &'static str;
    /// What a person calls the thing.
    const NOUN: &'static str;
}

/// An id of one kind.
pub struct Id<K>(u128, PhantomData<fn() -> K>);

impl<K: IdKind> Id<K> {
    /// Builds an id from its moment of birth and ten random bytes that the caller drew.
    pub fn from_parts(born: Timestamp, random: [u8; 10]) -> Self {
        let mut tail = [0u8; 16];
        for (to, from) in tail.iter_mut().skip(6).zip(random) {
            *to = from;
        }
        let time = (born.millis().max(0) as u128 & 0xffff_ffff_ffff) << 80;
        let bits = time | (u128::from_be_bytes(tail) & !(0xffff_ffff_ffff << 80));
        // Version 7 in bits 76..80, variant 10 in bits 62..64.
        let bits = (bits & !(0xf << 76)) | (0x7 << 76);
        let bits = (bits & !(0x3 << 62)) | (0x2 << 62);
        Self(bits, PhantomData)
    }

    /// The moment of birth that the id carries.
    pub fn born(&self) -> Timestamp {
        Timestamp::from_millis((self.0 >> 80) as i64)
    }

    /// The 26 digits without the prefix: for names in a target that allow no underscore.
    pub fn digits(&self) -> String {
        (0..DIGITS)
            .map(|i| {
                let shift = 5 * (DIGITS - 1 - i);
                let digit = (self.0 >> shift) as usize & 31;
                ALPHABET.get(digit).copied().map_or('0', char::from)
            })
            .collect()
    }

    /// The 16 bytes, most significant first.
    pub fn bytes(&self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The last 64 bits, all of them random but the two of the variant: for targets that want a number, such as an SSH
    /// certificate's serial.
    pub fn low64(&self) -> u64 {
        self.0 as u64
    }
}

// By hand, because derives would ask the same of `K`, which is never a value.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: IdKind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.digits())
    }
}

impl<K: IdKind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not an id of the kind wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the id of a {noun}; one looks like {prefix}_01jb2k…, 26 digits after the underscore")]
pub struct IdError {
    text: String,
    noun: &'static str,
    prefix: &'static str,
}

impl<K: IdKind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || IdError { text: text.chars().take(40).collect(), noun: K::NOUN, prefix: K::PREFIX };
        let digits = text.strip_prefix(K::PREFIX).and_then(|t| t.strip_prefix('_')).ok_or_else(bad)?;
        if digits.len() != DIGITS {
            return Err(bad());
        }
        let mut bits: u128 = 0;
        for (i, c) in digits.bytes().enumerate() {
            let value = ALPHABET.iter().position(|a| *a == c).ok_or_else(bad)? as u128;
            // 26 digits hold 130 bits: the first may only use its low three.
            if i == 0 && value > 7 {
                return Err(bad());
            }
            bits = bits << 5 | value;
        }
        Ok(Self(bits, PhantomData))
    }
}

impl<K: IdKind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de, K: IdKind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Marks the id of a house.
pub enum HouseKind {}
impl IdKind for HouseKind {
    const PREFIX: &'static str = "house";
    const NOUN: &'static str = "house";
}
/// One installation; part of every name created in a target.
pub type HouseId = Id<HouseKind>;

/// Marks the id of a request.
pub enum RequestKind {}
impl IdKind for RequestKind {
    const PREFIX: &'static str = "req";
    const NOUN: &'static str = "request";
}
/// One request.
pub type RequestId = Id<RequestKind>;

/// Marks the id of a ask.
pub enum AskKind {}
impl IdKind for AskKind {
    const PREFIX: &'static str = "ask";
    const NOUN: &'static str = "ask";
}
/// One ask of a request: the first, or an extension.
pub type AskId = Id<AskKind>;

/// Marks the id of a grant.
pub enum GrantKind {}
impl IdKind for GrantKind {
    const PREFIX: &'static str = "gr";
    const NOUN: &'static str = "grant";
}
/// One grant.
pub type GrantId = Id<GrantKind>;

/// Marks the id of a claim.
pub enum ClaimKind {}
impl IdKind for ClaimKind {
    const PREFIX: &'static str = "cl";
    const NOUN: &'static str = "claim";
}
/// One claim of one entitlement.
pub type ClaimId = Id<ClaimKind>;

/// Marks the id of a subject.
pub enum SubjectKind {}
impl IdKind for SubjectKind {
    const PREFIX: &'static str = "sub";
    const NOUN: &'static str = "subject";
}
/// A person under a pseudonym: all that the store and the log know of who somebody is.
pub type Subject = Id<SubjectKind>;

/// Marks the id of a token.
pub enum TokenKind {}
impl IdKind for TokenKind {
    const PREFIX: &'static str = "tok";
    const NOUN: &'static str = "token";
}
/// One bearer token.
pub type TokenId = Id<TokenKind>;

/// Marks the id of a event.
pub enum EventKind {}
impl IdKind for EventKind {
    const PREFIX: &'static str = "ev";
    const NOUN: &'static str = "event";
}
/// One event of the audit log.
pub type EventId = Id<EventKind>;

/// Marks the id of a opening.
pub enum OpeningKind {}
impl IdKind for OpeningKind {
    const PREFIX: &'static str = "op";
    const NOUN: &'static str = "opening";
}
/// One sealed text behind a commitment in the log.
pub type OpeningId = Id<OpeningKind>;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_keeps_value_and_order(a in any::<(u32, [u8; 10])>(), b in any::<(u32, [u8; 10])>()) {
            let make = |(t, r): (u32, [u8; 10])| GrantId::from_parts(Timestamp::from_millis(i64::from(t)), r);
            let (x, y) = (make(a), make(b));
            prop_assert_eq!(x.to_string().parse::<GrantId>(), Ok(x));
            prop_assert_eq!(x.cmp(&y), x.to_string().cmp(&y.to_string()));
            prop_assert_eq!(x.born().millis(), i64::from(a.0));
        }

        #[test]
        fn nothing_else_parses(text in ".{0,40}") {
            if let Ok(id) = text.parse::<GrantId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = RequestId::from_parts(Timestamp::from_millis(1), [7; 10]);
        assert!(id.to_string().parse::<GrantId>().is_err());
    }
}
