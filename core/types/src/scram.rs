//! Makes a SCRAM-SHA-256 verifier of a password, as the client does it, so that the password itself is never sent.
//!
//! RFC 5802 §3 gives the keys, RFC 7677 the hash and the fewest iterations, PostgreSQL's `scram-common.c` the text. A
//! password here is the client's own base64url text: ASCII, so that SASLprep (RFC 4013) leaves it as it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize as _;

use crate::material::{MaterialError, ScramVerifier};
use crate::secret::Secret;

/// Writes 32 random bytes as a password: 43 letters of base64url, which need no quoting in any file or URL.
pub fn password(random: &[u8; 32]) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(random))
}

/// Makes the verifier of an ASCII password.
///
/// # Errors
/// When the password is empty or not printable ASCII, or salt and iterations are not what [`ScramVerifier`] accepts.
pub fn verifier(password: &Secret, salt: &[u8], iterations: u32) -> Result<ScramVerifier, MaterialError> {
    let text = password.expose_secret();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(MaterialError::password());
    }
    let mut salted = salted_password(text.as_bytes(), salt, iterations);
    let mut client = hmac(&salted, b"Client Key");
    let stored: [u8; 32] = Sha256::digest(client).into();
    let server = hmac(&salted, b"Server Key");
    salted.zeroize();
    client.zeroize();
    ScramVerifier::parse(ScramVerifier::format(iterations, salt, &stored, &server))
}

/// `Hi(password, salt, i)` of RFC 5802 §2.2: PBKDF2 (RFC 8018) with one block of HMAC-SHA-256.
fn salted_password(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    let keyed = keyed(password);
    let mut first = keyed.clone();
    first.update(salt);
    first.update(&1u32.to_be_bytes());
    let mut round: [u8; 32] = first.finalize().into_bytes().into();
    let mut sum = round;
    for _ in 1..iterations {
        let mut mac = keyed.clone();
        mac.update(&round);
        round = mac.finalize().into_bytes().into();
        for (to, from) in sum.iter_mut().zip(round) {
            *to ^= from;
        }
    }
    round.zeroize();
    sum
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// HMAC takes keys of every length (RFC 2104 §2): a longer one than a block is hashed first, so this can't fail.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = [0u8; 64];
    let hashed: [u8; 32];
    let bytes = if key.len() > block.len() {
        hashed = Sha256::digest(key).into();
        &hashed[..]
    } else {
        key
    };
    for (to, from) in block.iter_mut().zip(bytes) {
        *to = *from;
    }
    let mac = Hmac::new(&block.into());
    block.zeroize();
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD as BASE64;

    /// RFC 7677 §3: user `user`, password `pencil`. The proof and the server's signature hang on every step before.
    #[test]
    fn the_vector_of_rfc_7677_holds() {
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        let auth = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                    s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let salted = salted_password(b"pencil", &salt, 4096);
        let client = hmac(&salted, b"Client Key");
        let stored: [u8; 32] = Sha256::digest(client).into();
        let signature = hmac(&stored, auth.as_bytes());
        let proof: Vec<u8> = client.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        assert_eq!(BASE64.encode(proof), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        let server = hmac(&salted, b"Server Key");
        assert_eq!(BASE64.encode(hmac(&server, auth.as_bytes())), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        let made = verifier(&Secret::new("pencil".to_owned()), &salt, 4096).expect("a verifier");
        let expected = ScramVerifier::format(4096, &salt, &stored, &server);
        assert_eq!(made.expose_verifier(), expected.expose_secret());
    }

    #[test]
    fn a_key_longer_than_a_block_is_hashed_first() {
        // RFC 4231 §4.7, test case 6.
        let mac = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex::encode(mac), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn what_would_need_saslprep_is_refused() {
        for bad in ["", "pässword", "a b", "a\n"] {
            assert!(verifier(&Secret::new(bad.to_owned()), &[1; 16], 4096).is_err(), "{bad:?}");
        }
        assert!(verifier(&password(&[7; 32]), &[1; 15], 4096).is_err());
        assert!(verifier(&password(&[7; 32]), &[1; 16], 4095).is_err());
        assert!(verifier(&password(&[7; 32]), &[1; 16], 4096).is_ok());
        assert_eq!(password(&[7; 32]).expose_secret().len(), 43);
    }
}
