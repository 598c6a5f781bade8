//! What is born here with a claim, so that the broker never sees it: a key, a password.

use aws_lc_rs::rand;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jit_types::{Material, MaterialKind, Secret, SshPublicKey, scram};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::Ed25519PublicKey;
use ssh_key::{LineEnding, PrivateKey};
use zeroize::Zeroizing;

use super::error::Error;
use crate::api::ErrorKind;
use crate::api::grants::MaterialBody;

/// How often the password is hashed (RFC 7677 §4). It has 256 random bits, which more rounds would not make harder.
const ITERATIONS: u32 = 4096;

/// The half that stays here.
pub enum Kept {
    /// Nothing was needed.
    None,
    /// A private key, as OpenSSH writes it.
    SshKey(Secret),
    /// A password.
    Password(Secret),
}

/// A new secret: what goes with the claim, and what stays.
pub struct Born {
    /// What the claim brings.
    pub material: Material,
    /// What stays.
    pub kept: Kept,
}

/// Makes the material that an entitlement wants.
///
/// # Errors
/// When the system gives no random numbers.
pub fn make(kind: MaterialKind) -> Result<Born, Error> {
    match kind {
        MaterialKind::None => Ok(Born { material: Material::None, kept: Kept::None }),
        MaterialKind::SshPublicKey => ssh_key(),
        MaterialKind::ScramVerifier => password(),
    }
}

/// Puts material on the wire.
pub fn body(material: Material) -> MaterialBody {
    match material {
        Material::None => MaterialBody::None,
        Material::SshPublicKey(key) => MaterialBody::SshPublicKey(key),
        Material::ScramVerifier(verifier) => MaterialBody::ScramVerifier(verifier),
    }
}

/// Draws random bytes.
///
/// # Errors
/// When the system gives none: then nothing is made at all.
pub fn draw<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0u8; N]);
    rand::fill(bytes.as_mut()).map_err(|_| Error::failure(ErrorKind::Bug, "the system gives no random numbers"))?;
    Ok(bytes)
}

fn ssh_key() -> Result<Born, Error> {
    let bug = || Error::failure(ErrorKind::Bug, "no ssh key could be made");
    let seed = draw::<32>()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(|_| bug())?;
    let public = Ed25519PublicKey::try_from(pair.public_key().as_ref()).map_err(|_| bug())?;
    let pair = Ed25519Keypair { public, private: Ed25519PrivateKey::from_bytes(&seed) };
    let key = PrivateKey::new(KeypairData::Ed25519(pair), "jit").map_err(|_| bug())?;
    let private = key.to_openssh(LineEnding::LF).map_err(|_| bug())?;
    let line = key.public_key().to_openssh().map_err(|_| bug())?;
    let public = SshPublicKey::parse(&line).map_err(|_| bug())?;
    Ok(Born { material: Material::SshPublicKey(public), kept: Kept::SshKey(Secret::new(private.as_str().to_owned())) })
}

fn password() -> Result<Born, Error> {
    let password = scram::password(&*draw::<32>()?);
    let verifier = scram::verifier(&password, draw::<16>()?.as_ref(), ITERATIONS)
        .map_err(|_| Error::failure(ErrorKind::Bug, "no password could be made"))?;
    Ok(Born { material: Material::ScramVerifier(verifier), kept: Kept::Password(password) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_that_openssh_reads() {
        let born = make(MaterialKind::SshPublicKey).expect("a key");
        let (Material::SshPublicKey(public), Kept::SshKey(private)) = (born.material, born.kept) else {
            panic!("a key was wanted")
        };
        let read = PrivateKey::from_openssh(private.expose_secret()).expect("OpenSSH's format");
        let line = read.public_key().to_openssh().expect("a line");
        assert_eq!(SshPublicKey::parse(&line).expect("a key"), public);
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("key");
        crate::config::paths::write_new(&path, private.expose_secret(), 0o600).expect("written");
        match std::process::Command::new("ssh-keygen").args(["-y", "-P", "", "-f"]).arg(&path).output() {
            Ok(said) => assert!(
                String::from_utf8_lossy(&said.stdout).starts_with(public.as_str()),
                "{}",
                String::from_utf8_lossy(&said.stderr)
            ),
            Err(_) => eprintln!("skipped: there is no ssh-keygen here"),
        }
    }

    #[test]
    fn no_two_passwords_and_no_two_salts_are_alike() {
        let two = [make(MaterialKind::ScramVerifier).expect("one"), make(MaterialKind::ScramVerifier).expect("two")];
        let parts = two.map(|born| match (born.material, born.kept) {
            (Material::ScramVerifier(verifier), Kept::Password(password)) => {
                (verifier.salt().to_vec(), password.expose_secret().to_owned())
            }
            _ => panic!("a password was wanted"),
        });
        assert_ne!(parts[0].0, parts[1].0);
        assert_ne!(parts[0].1, parts[1].1);
        assert_eq!(parts[0].1.len(), 43);
    }
}
