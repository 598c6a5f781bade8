//! The text behind a commitment: how it is committed to, sealed under its subject's key, and opened again.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hmac::{Hmac, Mac as _};
use jit_types::{Digest, OpeningId, Subject, Value};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use super::random::{Random, RandomError, draw};

/// What a commitment is for, so that it can't be taken for another HMAC of the house.
const COMMITMENT: &str = "jit audit commitment v1";
/// What a sealed opening is for.
const OPENING: &str = "jit audit opening v1";

/// Puts texts one behind the other so that no two different sequences give the same bytes: each is preceded by its
/// length as eight bytes, most significant first.
fn framed(parts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

/// Commits to a field's value: HMAC-SHA256 (RFC 2104) under the salt, over purpose, opening, field and the value's JSON.
///
/// The salt is the key, and is destroyed with the opening: without it not even a guess at a short value can be tried.
pub fn commit(salt: &[u8; 32], id: &str, field: &str, json: &str) -> Digest {
    // HMAC takes keys of every length, so that the error can't occur; a digest of nothing then commits to nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt) else { return Digest::of(b"") };
    for part in [COMMITMENT, id, field, json] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    Digest(mac.finalize().into_bytes().into())
}

/// Why a sealed text can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key is another one, or the sealed bytes were changed.
    #[error("the sealed text does not open with its subject's key")]
    Sealed,
    /// What came out is not what the log committed to.
    #[error("the text is not the one that the log committed to")]
    Mismatch,
}

/// The key that all of one subject's texts are sealed under. Destroying it erases them everywhere.
pub struct SubjectKey(LessSafeKey);

impl SubjectKey {
    /// Takes the key's 32 bytes; the caller wipes its own copy.
    pub fn new(bytes: &[u8; 32]) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, bytes).ok().map(|key| Self(LessSafeKey::new(key)))
    }
}

/// A personal text with what opens its commitment.
pub struct Opening {
    /// Which one.
    pub id: OpeningId,
    /// Whose it is.
    pub subject: Subject,
    /// The commitment's key.
    pub salt: Zeroizing<[u8; 32]>,
    /// The field's name.
    pub field: String,
    /// The value's JSON, exactly as it was committed to.
    pub json: Zeroizing<String>,
}

/// An opening as it is kept: it can be read with the subject's key only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedOpening {
    /// Which one.
    pub id: OpeningId,
    /// Whose it is, and under whose key.
    pub subject: Subject,
    /// The nonce: 96 bits, drawn at random (NIST SP 800-38D §8.2.2: good for 2^32 texts under one key).
    pub nonce: [u8; NONCE_LEN],
    /// The sealed text with its tag.
    pub ciphertext: Vec<u8>,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    salt: String,
    field: String,
    value: String,
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.salt.zeroize();
        self.value.zeroize();
    }
}

impl Opening {
    /// Draws a salt for a field's value.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn new(
        id: OpeningId,
        subject: Subject,
        field: &str,
        value: &Value,
        random: &dyn Random,
    ) -> Result<Self, RandomError> {
        // Text, numbers and lists of text are always JSON.
        let json = Zeroizing::new(serde_json::to_string(value).unwrap_or_default());
        Ok(Self { id, subject, salt: Zeroizing::new(draw(random)?), field: field.to_owned(), json })
    }

    /// What stands in the log for it.
    pub fn digest(&self) -> Digest {
        commit(&self.salt, &self.id.to_string(), &self.field, &self.json)
    }

    /// The value.
    pub fn value(&self) -> Option<Value> {
        serde_json::from_str(&self.json).ok()
    }

    /// Seals it: AES-256-GCM, bound to its id and subject so that it can't be put in another's place.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn seal(&self, key: &SubjectKey, random: &dyn Random) -> Result<SealedOpening, RandomError> {
        let nonce = draw::<NONCE_LEN>(random)?;
        let plain = Plain {
            salt: hex::encode(self.salt.as_slice()),
            field: self.field.clone(),
            value: self.json.as_str().to_owned(),
        };
        let mut bytes = serde_json::to_vec(&plain).map_err(|_| RandomError)?;
        let bound = Aad::from(framed(&[OPENING, &self.id.to_string(), &self.subject.to_string()]));
        key.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut bytes)
            .map_err(|_| RandomError)?;
        Ok(SealedOpening { id: self.id, subject: self.subject, nonce, ciphertext: bytes })
    }
}

impl SealedOpening {
    /// Opens it, without comparing it with what the log says.
    ///
    /// # Errors
    /// When the key does not fit, or something was changed.
    pub fn open(&self, key: &SubjectKey) -> Result<Opening, OpenError> {
        let bound = Aad::from(framed(&[OPENING, &self.id.to_string(), &self.subject.to_string()]));
        let mut bytes = Zeroizing::new(self.ciphertext.clone());
        let plain = key
            .0
            .open_in_place(Nonce::assume_unique_for_key(self.nonce), bound, &mut bytes)
            .map_err(|_| OpenError::Sealed)?;
        let mut plain: Plain = serde_json::from_slice(plain).map_err(|_| OpenError::Sealed)?;
        let salt = plain.salt.parse::<Digest>().map_err(|_| OpenError::Sealed)?.0;
        Ok(Opening {
            id: self.id,
            subject: self.subject,
            salt: Zeroizing::new(salt),
            field: std::mem::take(&mut plain.field),
            json: Zeroizing::new(std::mem::take(&mut plain.value)),
        })
    }

    /// Opens it and compares it with the log's commitment.
    ///
    /// # Errors
    /// When the key does not fit, something was changed, or it is not what the log committed to.
    pub fn open_checked(&self, key: &SubjectKey, committed: &Digest) -> Result<Opening, OpenError> {
        let opening = self.open(key)?;
        if opening.digest() == *committed { Ok(opening) } else { Err(OpenError::Mismatch) }
    }
}
