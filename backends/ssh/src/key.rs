//! Ed25519 public keys as OpenSSH writes them (RFC 8709 §4).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, STANDARD_NO_PAD};
use jit_types::SshPublicKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::{Cursor, Malformed, Writer};

/// An ed25519 public key: its 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Reads `ssh-ed25519 BASE64`, with or without a comment.
    ///
    /// # Errors
    /// When the key is of another type.
    pub fn parse_line(line: &str) -> Result<Self, Malformed> {
        SshPublicKey::parse(line)
            .map_err(|_| Malformed("a key must be one line `ssh-ed25519 BASE64`"))
            .and_then(|key| Self::of(&key))
    }

    /// Takes the bytes out of a key that was read before.
    ///
    /// # Errors
    /// Never for a key that [`SshPublicKey::parse`] let pass.
    pub fn of(key: &SshPublicKey) -> Result<Self, Malformed> {
        const BAD: Malformed = Malformed("a key must be one line `ssh-ed25519 BASE64`");
        let blob = key.as_str().split(' ').nth(1).ok_or(BAD)?;
        Self::from_blob(&BASE64.decode(blob).map_err(|_| BAD)?)
    }

    /// Reads the blob.
    ///
    /// # Errors
    /// When it is not exactly an ed25519 key.
    pub fn from_blob(blob: &[u8]) -> Result<Self, Malformed> {
        const BAD: Malformed = Malformed("a key in it is not an ed25519 key");
        let mut c = Cursor::new(blob);
        if c.string()? != b"ssh-ed25519" {
            return Err(BAD);
        }
        let key = c.string()?.try_into().map_err(|_| BAD)?;
        c.end().map(|()| Self(key))
    }

    /// The blob: type and key.
    pub fn blob(&self) -> Vec<u8> {
        Writer::new().string("ssh-ed25519").string(self.0).done()
    }

    /// The one line, without a comment.
    pub fn line(&self) -> String {
        format!("ssh-ed25519 {}", BASE64.encode(self.blob()))
    }

    /// The fingerprint as `ssh-keygen -l` shows it: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, &self.blob())))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.line())
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse_line(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}
