//! Signed notes with Ed25519: C2SP signed-note, as Go's `golang.org/x/mod/sumdb/note` writes and reads them.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The signature type of plain Ed25519 in a key's text.
const ED25519_TYPE: u8 = 0x01;
/// More than this is no note of ours; Go's limits are the same.
const LONGEST: usize = 1_000_000;
const MOST_SIGNATURES: usize = 100;

/// Why a note is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text is not a signed note.
    #[error("this is not a signed note")]
    Malformed,
    /// The text is not a verifier key.
    #[error("this is not a verifier key, which looks like name+1a2b3c4d+AbC…")]
    Key,
    /// None of the known keys has signed it.
    #[error("the note bears no signature of a known key")]
    Unsigned,
    /// A signature in a known key's name does not fit.
    #[error("the note was changed, or its signature forged")]
    Forged,
}

/// A key's name: not empty, no blanks, no plus.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('+') && !name.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// The first four bytes of SHA-256 over name, line feed, signature type and public key.
fn key_hash(name: &str, public: &[u8]) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', ED25519_TYPE]);
    hasher.update(public);
    let [a, b, c, d, ..]: [u8; 32] = hasher.finalize().into();
    [a, b, c, d]
}

/// A public key with its name, written `name+hash+key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    hash: [u8; 4],
    public: [u8; 32],
}

impl VerifierKey {
    /// The key's name; for a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed: Vec<u8> = std::iter::once(ED25519_TYPE).chain(self.public).collect();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.hash), STANDARD.encode(typed))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let bytes = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let Some((&ED25519_TYPE, public)) = bytes.split_first() else { return Err(NoteError::Key) };
        let public = <[u8; 32]>::try_from(public).map_err(|_| NoteError::Key)?;
        let expected = key_hash(name, &public);
        if !is_name(name) || hex::encode(expected) != hash {
            return Err(NoteError::Key);
        }
        Ok(Self { name: name.to_owned(), hash: expected, public })
    }
}

/// A private key with its name.
pub struct Signer {
    pair: Ed25519KeyPair,
    key: VerifierKey,
}

impl Signer {
    /// Takes a name and the 32 bytes that the key is made from (RFC 8032 §5.1.5); the caller wipes its own copy.
    ///
    /// # Errors
    /// When the name can't be a key's name.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key)?;
        let public = <[u8; 32]>::try_from(pair.public_key().as_ref()).map_err(|_| NoteError::Key)?;
        let key = VerifierKey { name: name.to_owned(), hash: key_hash(name, &public), public };
        Ok(Self { pair, key })
    }

    /// The public half.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.key
    }

    /// Signs a text that ends with a line feed.
    ///
    /// # Errors
    /// When the text can't be a note's.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        if !is_text(text) {
            return Err(NoteError::Malformed);
        }
        let signature = self.pair.try_sign(text.as_bytes()).map_err(|_| NoteError::Malformed)?;
        let bytes: Vec<u8> = self.key.hash.iter().chain(signature.as_ref()).copied().collect();
        Ok(format!("{text}\n\u{2014} {} {}\n", self.key.name, STANDARD.encode(bytes)))
    }
}

fn is_text(text: &str) -> bool {
    text.ends_with('\n') && text.len() <= LONGEST && !text.chars().any(|c| c < ' ' && c != '\n')
}

/// Gives the text of a note that one of the keys has signed. Signatures of others, such as witnesses, are passed over.
///
/// # Errors
/// When it is no note, when no known key has signed it, or when a signature in a known key's name does not fit.
pub fn open<'a>(note: &'a str, keys: &[VerifierKey]) -> Result<&'a str, NoteError> {
    if !is_text(note) {
        return Err(NoteError::Malformed);
    }
    let at = note.rfind("\n\n\u{2014} ").ok_or(NoteError::Malformed)?;
    let (text, signatures) = note.split_at_checked(at + 1).ok_or(NoteError::Malformed)?;
    let lines = signatures.strip_prefix('\n').and_then(|s| s.strip_suffix('\n')).ok_or(NoteError::Malformed)?;
    let mut signed = false;
    for (i, line) in lines.split('\n').enumerate() {
        let (name, encoded) =
            line.strip_prefix("\u{2014} ").and_then(|l| l.split_once(' ')).ok_or(NoteError::Malformed)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Malformed)?;
        let Some((hash, signature)) = bytes.split_first_chunk::<4>() else { return Err(NoteError::Malformed) };
        if !is_name(name) || signature.is_empty() || i >= MOST_SIGNATURES {
            return Err(NoteError::Malformed);
        }
        for key in keys.iter().filter(|key| key.name == name && key.hash == *hash) {
            UnparsedPublicKey::new(&ED25519, &key.public)
                .verify(text.as_bytes(), signature)
                .map_err(|_| NoteError::Forged)?;
            signed = true;
        }
    }
    if signed { Ok(text) } else { Err(NoteError::Unsigned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example in the documentation of Go's package `note`: text, private key, public key and signed note.
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SIGNATURE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn peter() -> Signer {
        let bytes = STANDARD.decode(SEED).expect("base64");
        Signer::from_seed("PeterNeumann", bytes[1..].try_into().expect("32 bytes")).expect("a key")
    }

    #[test]
    fn signs_and_opens_the_reference_note() {
        let note = format!("{TEXT}\n{SIGNATURE}");
        assert_eq!(peter().verifier_key().to_string(), KEY);
        assert_eq!(peter().sign(TEXT).expect("a note"), note);
        let key: VerifierKey = KEY.parse().expect("a key");
        assert_eq!(open(&note, &[key]), Ok(TEXT));
    }

    #[test]
    fn strange_signatures_are_passed_over_but_one_of_ours_must_fit() {
        let key: VerifierKey = KEY.parse().expect("a key");
        let other = Signer::from_seed("witness.example", &[7; 32]).expect("a key");
        let note = format!("{TEXT}\n{SIGNATURE}");
        let foreign = other.sign(TEXT).expect("a note");
        let cosignature = foreign.lines().last().expect("a line");
        let keys = std::slice::from_ref(&key);
        assert_eq!(open(&format!("{note}{cosignature}\n"), keys), Ok(TEXT));
        assert_eq!(open(&foreign, keys), Err(NoteError::Unsigned));
        assert_eq!(open(&note.replacen("crypto", "krypto", 1), keys), Err(NoteError::Forged));
        assert_eq!(open(&note.replacen("x08go/Z", "x08go/Y", 1), keys), Err(NoteError::Forged));
        let cut = note.trim_end().to_owned();
        let blank = note.replace("\n\n", "\n");
        let control = note.replace("you ", "you\t");
        for bad in
            ["", "\n", TEXT, &cut, &blank, &control, &format!("{note}more\n"), &format!("{note}\u{2014} x AAAA\n")]
        {
            assert_eq!(open(bad, keys), Err(NoteError::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn keys_are_read_strictly() {
        for bad in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10",
            "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert_eq!(bad.parse::<VerifierKey>(), Err(NoteError::Key), "{bad}");
        }
        assert!(Signer::from_seed("a name", &[1; 32]).is_err());
        assert!(Signer::from_seed("a+b", &[1; 32]).is_err());
    }
}
