//! The CA's key: in a file that only its owner may read, or in an ssh-agent.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jit_backend::{Error, ErrorKind};
use jit_types::Secret;
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::Ed25519PublicKey;
use ssh_key::{LineEnding, PrivateKey};
use zeroize::{Zeroize as _, Zeroizing};

use crate::agent;
use crate::certificate::{Body, Certificate};
use crate::key::PublicKey;

/// Where the CA's key is, as the config says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A private key file in OpenSSH's format.
    File(PathBuf),
    /// An agent that holds the key.
    Agent {
        /// The public half.
        key: PublicKey,
        /// The agent's socket.
        socket: PathBuf,
    },
}

/// The CA, ready to sign.
pub(crate) struct Ca {
    public: PublicKey,
    signer: Signer,
}

enum Signer {
    Key(Box<Ed25519KeyPair>),
    Agent(PathBuf),
}

impl Ca {
    /// Opens the CA: reads the file, or notes where the agent is (which is first asked when something is to be signed).
    pub(crate) fn open(source: &Source) -> Result<Self, Error> {
        match source {
            Source::File(path) => {
                let pair = read(path)?;
                Ok(Self { public: public_half(&pair)?, signer: Signer::Key(Box::new(pair)) })
            }
            Source::Agent { key, socket } => Ok(Self { public: *key, signer: Signer::Agent(socket.clone()) }),
        }
    }

    /// The public half.
    pub(crate) fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a certificate, and verifies what came of it.
    pub(crate) async fn sign(&self, body: Body) -> Result<Certificate, Error> {
        let message = body.to_be_signed();
        let signature = match &self.signer {
            Signer::Key(pair) => {
                let raw = pair.try_sign(&message).map_err(|_| Error::new(ErrorKind::Bug, "the CA's key can't sign"))?;
                raw.as_ref().try_into().map_err(|_| Error::new(ErrorKind::Bug, "the CA's key can't sign"))?
            }
            Signer::Agent(socket) => agent::sign(socket, self.public, &message, agent::PATIENCE).await?,
        };
        body.signed(signature).map_err(|_| {
            Error::new(ErrorKind::Refused, "the ssh-agent answered with a signature that the CA's key did not make")
        })
    }
}

fn public_half(pair: &Ed25519KeyPair) -> Result<PublicKey, Error> {
    let bytes = pair.public_key().as_ref();
    bytes.try_into().map(PublicKey).map_err(|_| Error::new(ErrorKind::Bug, "the CA's public key has a wrong length"))
}

/// Reads a private key file that only its owner may read.
pub(crate) fn read(path: &Path) -> Result<Ed25519KeyPair, Error> {
    let shown = path.display();
    let bad = |what: String| Error::new(ErrorKind::Misconfigured, what);
    let io = |error: &std::io::Error| {
        bad(format!("the CA's key file {shown} can't be read; make one with `ssh-keygen -t ed25519 -N '' -f {shown}`"))
            .with_internal(format!("errno {}", error.raw_os_error().unwrap_or(0)))
    };
    // Looked at through the open file, so that it is the same file that is read.
    // Without waiting, because a pipe in its place would keep the broker from starting.
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = File::options().read(true).custom_flags(nonblocking).open(path).map_err(|e| io(&e))?;
    let meta = file.metadata().map_err(|e| io(&e))?;
    if !meta.is_file() {
        return Err(bad(format!("the CA's key {shown} is not a file")));
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(bad(format!(
            "the CA's key file {shown} belongs to another user; give it to the one that jit runs as (chown)"
        )));
    }
    if meta.mode() & 0o177 != 0 {
        return Err(bad(format!("the CA's key file {shown} is open to others; run `chmod 600 {shown}`")));
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    file.take(64 * 1024).read_to_string(&mut text).map_err(|e| io(&e))?;
    let key = PrivateKey::from_openssh(text.as_bytes())
        .map_err(|_| bad(format!("the CA's key file {shown} is not a private key in OpenSSH's format")))?;
    if key.is_encrypted() {
        return Err(bad(format!(
            "the CA's key file {shown} has a passphrase; load it into an ssh-agent and name that: ca = {{ agent = …, socket = … }}"
        )));
    }
    let KeypairData::Ed25519(pair) = key.key_data() else {
        return Err(bad(format!(
            "the CA's key in {shown} is not an ed25519 key; make one with `ssh-keygen -t ed25519 -N '' -f FILE`"
        )));
    };
    let seed = Zeroizing::new(pair.private.to_bytes());
    Ed25519KeyPair::from_seed_and_public_key(seed.as_slice(), &pair.public.0)
        .map_err(|_| bad(format!("the two halves of the CA's key in {shown} do not belong together")))
}

/// Makes a CA: the private key in OpenSSH's format, to be written to a file with mode 0600, and the public line that
/// hosts get as `TrustedUserCAKeys`.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn generate_ca() -> Result<(Secret, String), Error> {
    let (private, public) = generate("jit ca")?;
    Ok((private, format!("{} jit ca", public.line())))
}

/// Makes a key pair: the private key in OpenSSH's format, with a comment, and the public half.
pub(crate) fn generate(comment: &str) -> Result<(Secret, PublicKey), Error> {
    let failed = |_| Error::new(ErrorKind::Bug, "no key could be made");
    let mut seed = [0u8; 32];
    aws_lc_rs::rand::fill(&mut seed).map_err(failed)?;
    let pair =
        Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| Error::new(ErrorKind::Bug, "no key could be made"));
    let private = Ed25519PrivateKey::from_bytes(&seed);
    seed.zeroize();
    let public = public_half(&pair?)?;
    let data = KeypairData::Ed25519(Ed25519Keypair { public: Ed25519PublicKey(public.0), private });
    let failed = |_| Error::new(ErrorKind::Bug, "the key could not be written down");
    let key = PrivateKey::new(data, comment).map_err(failed)?;
    let mut text = key.to_openssh(LineEnding::LF).map_err(failed)?;
    // Moved out, not copied, so that no second copy stays behind unwiped.
    Ok((Secret::new(std::mem::take(&mut *text)), public))
}
