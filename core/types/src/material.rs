//! What a client sends so that a credential's secret can be born at the client: a closed vocabulary.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{Digest, Hasher};
use crate::secret::Secret;

/// Which material a backend wants with a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaterialKind {
    /// Nothing.
    None,
    /// The public half of a key made at the client.
    SshPublicKey,
    /// A SCRAM verifier of a password made at the client.
    ScramVerifier,
}

/// The material of one claim.
pub enum Material {
    /// Nothing.
    None,
    /// See [`MaterialKind::SshPublicKey`].
    SshPublicKey(SshPublicKey),
    /// See [`MaterialKind::ScramVerifier`].
    ScramVerifier(ScramVerifier),
}

impl Material {
    /// Which kind it is.
    pub fn kind(&self) -> MaterialKind {
        match self {
            Self::None => MaterialKind::None,
            Self::SshPublicKey(_) => MaterialKind::SshPublicKey,
            Self::ScramVerifier(_) => MaterialKind::ScramVerifier,
        }
    }

    /// A digest that stands for the material where the material itself must not be kept.
    pub fn digest(&self) -> Digest {
        let hasher = Hasher::new("jit material v1");
        match self {
            Self::None => hasher.with("none", ""),
            Self::SshPublicKey(key) => hasher.with("ssh public key", key.as_str()),
            Self::ScramVerifier(verifier) => hasher.with("scram verifier", verifier.expose_verifier()),
        }
        .finish()
    }
}

/// Why a text is not the material that was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MaterialError(&'static str);

impl MaterialError {
    /// Of a password that no verifier is made of.
    pub(crate) fn password() -> Self {
        Self("a password must be printable ASCII without blanks, and not empty")
    }
}

/// An ed25519 public key in OpenSSH's one-line format, without a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshPublicKey(String);

impl SshPublicKey {
    /// Reads `ssh-ed25519 BASE64`, with or without a comment, which is dropped.
    ///
    /// # Errors
    /// When the key is of another type, or its blob is not exactly RFC 8709 §4's.
    pub fn parse(text: &str) -> Result<Self, MaterialError> {
        const BAD: MaterialError = MaterialError("an ssh public key must be one line `ssh-ed25519 BASE64` (RFC 8709)");
        if text.len() > 1000 || text.trim_end().contains(['\n', '\r', '\0']) {
            return Err(BAD);
        }
        let mut words = text.split_ascii_whitespace();
        let (Some("ssh-ed25519"), Some(blob)) = (words.next(), words.next()) else { return Err(BAD) };
        let bytes = BASE64.decode(blob).map_err(|_| BAD)?;
        if bytes.len() != 51 || !bytes.starts_with(b"\0\0\0\x0bssh-ed25519\0\0\0\x20") {
            return Err(BAD);
        }
        Ok(Self(format!("ssh-ed25519 {blob}")))
    }

    /// The one line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for SshPublicKey {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SshPublicKey {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// A SCRAM-SHA-256 verifier as PostgreSQL stores it (RFC 5803 with `$`): `SCRAM-SHA-256$ITER:SALT$STORED:SERVER`.
///
/// It is a secret: whoever has it can play the server towards the client, and can test guesses. It is parsed strictly,
/// because PostgreSQL hashes a malformed one as if it were a plain password.
pub struct ScramVerifier {
    text: Secret,
    salt: Vec<u8>,
}

impl ScramVerifier {
    /// Fewest iterations accepted (RFC 7677 §4, and PostgreSQL's own default).
    pub const MIN_ITERATIONS: u32 = 4096;
    /// Most iterations accepted: a client must not be made to spin.
    pub const MAX_ITERATIONS: u32 = 1_000_000;

    /// Reads a verifier.
    ///
    /// # Errors
    /// When the mechanism, the iterations (4096 to 1,000,000), the salt (16 to 64 bytes), the keys (32 bytes each) or
    /// the form itself is not as it must be. The error never repeats the text.
    pub fn parse(text: Secret) -> Result<Self, MaterialError> {
        const FORM: MaterialError =
            MaterialError("a SCRAM verifier must be SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY in base64");
        let rest = text.expose_secret().strip_prefix("SCRAM-SHA-256$").ok_or(FORM)?;
        let (head, keys) = rest.split_once('$').ok_or(FORM)?;
        let (iterations, salt) = head.split_once(':').ok_or(FORM)?;
        let (stored, server) = keys.split_once(':').ok_or(FORM)?;
        let canonical = |s: &str| BASE64.decode(s).ok().filter(|b| BASE64.encode(b) == s).ok_or(FORM);
        if iterations.is_empty() || iterations.starts_with('0') || !iterations.bytes().all(|b| b.is_ascii_digit()) {
            return Err(FORM);
        }
        let count: u32 = iterations.parse().map_err(|_| FORM)?;
        if !(Self::MIN_ITERATIONS..=Self::MAX_ITERATIONS).contains(&count) {
            return Err(MaterialError("a SCRAM verifier must have 4096 to 1000000 iterations"));
        }
        let salt = canonical(salt)?;
        if !(16..=64).contains(&salt.len()) {
            return Err(MaterialError("a SCRAM verifier's salt must have 16 to 64 bytes"));
        }
        if canonical(stored)?.len() != 32 || canonical(server)?.len() != 32 {
            return Err(MaterialError("a SCRAM verifier's keys must have 32 bytes each"));
        }
        Ok(Self { text, salt })
    }

    /// Builds the text of a verifier from its parts.
    pub fn format(iterations: u32, salt: &[u8], stored: &[u8; 32], server: &[u8; 32]) -> Secret {
        let e = |b: &[u8]| BASE64.encode(b);
        Secret::new(format!("SCRAM-SHA-256${iterations}:{}${}:{}", e(salt), e(stored), e(server)))
    }

    /// The salt, which must never have been seen before.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Gives the verifier to code that must have it: the backend's statement and the wire.
    pub fn expose_verifier(&self) -> &str {
        self.text.expose_secret()
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Material({:?})", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier(text: &str) -> Result<(), MaterialError> {
        ScramVerifier::parse(Secret::new(text.to_owned())).map(|_| ())
    }

    #[test]
    fn a_malformed_verifier_is_refused() {
        let key = BASE64.encode([7u8; 32]);
        let salt = BASE64.encode([9u8; 16]);
        assert_eq!(verifier(&format!("SCRAM-SHA-256$4096:{salt}${key}:{key}")), Ok(()));
        for bad in [
            "hunter2".to_owned(),
            String::new(),
            format!("SCRAM-SHA-256$4095:{salt}${key}:{key}"),
            format!("SCRAM-SHA-256$04096:{salt}${key}:{key}"),
            format!("SCRAM-SHA-256$+4096:{salt}${key}:{key}"),
            format!("SCRAM-SHA-256$9999999:{salt}${key}:{key}"),
            format!("SCRAM-SHA-1$4096:{salt}${key}:{key}"),
            format!("SCRAM-SHA-256$4096:{}${key}:{key}", BASE64.encode([9u8; 15])),
            format!("SCRAM-SHA-256$4096:{salt}${}:{key}", BASE64.encode([7u8; 31])),
            format!("SCRAM-SHA-256$4096:{salt}${key}:{key} "),
            format!("SCRAM-SHA-256$4096:{salt}${key}:{key}\n"),
            format!("SCRAM-SHA-256$4096:{salt}${key}"),
            format!("SCRAM-SHA-256$4096:{salt}${key}:{key}'; DROP ROLE x"),
        ] {
            let error = verifier(&bad).expect_err(&bad);
            assert!(bad.is_empty() || !error.to_string().contains(&bad));
        }
    }

    #[test]
    fn only_an_ed25519_key_of_one_line_is_a_public_key() {
        let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        blob.extend([3u8; 32]);
        let b64 = BASE64.encode(&blob);
        let key = SshPublicKey::parse(&format!("ssh-ed25519 {b64} a comment\n")).expect("a good key");
        assert_eq!(key.as_str(), format!("ssh-ed25519 {b64}"));
        for bad in [
            String::new(),
            b64.clone(),
            format!("ssh-rsa {b64}"),
            format!("ssh-ed25519 {b64}\ncommand=\"x\" ssh-ed25519 {b64}"),
            format!("ssh-ed25519 {}", BASE64.encode(&blob[..50])),
        ] {
            assert!(SshPublicKey::parse(&bad).is_err(), "{bad}");
        }
    }
}
