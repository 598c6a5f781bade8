//! OpenSSH user certificates for ed25519 keys, signed by an ed25519 CA (OpenSSH's PROTOCOL.certkeys).

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::key::PublicKey;
use crate::wire::{Cursor, Malformed, Writer};

/// The type name of an ed25519 certificate.
pub const TYPE: &str = "ssh-ed25519-cert-v01@openssh.com";
/// `SSH_CERT_TYPE_USER`: a certificate for a host must never be taken for one of a person.
const USER: u32 = 1;
/// `SSHKEY_CERT_MAX_PRINCIPALS` of OpenSSH's sshkey.h: it refuses certificates with more.
pub const MAX_PRINCIPALS: usize = 256;

/// What a certificate says, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Makes two certificates differ even where all else is the same.
    pub nonce: [u8; 32],
    /// The holder's key.
    pub key: PublicKey,
    /// The number that a revocation list names.
    pub serial: u64,
    /// What the host writes to its log at a login.
    pub key_id: String,
    /// The names that hosts let in; never empty, because OpenSSH takes an empty list for "everybody".
    pub principals: Vec<String>,
    /// The first second inside, since the epoch.
    pub valid_after: u64,
    /// The first second outside.
    pub valid_before: u64,
    /// Options that a host must understand or refuse; in the order of their names.
    pub critical: Vec<(String, String)>,
    /// Options that a host may ignore; in the order of their names.
    pub extensions: Vec<String>,
    /// The CA's key.
    pub ca: PublicKey,
}

/// A signed certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// What it says.
    pub body: Body,
    /// The CA's Ed25519 signature over it (RFC 8709 §6).
    pub signature: [u8; 64],
}

impl Body {
    /// The bytes that the CA signs: the whole certificate up to the signature.
    pub fn to_be_signed(&self) -> Vec<u8> {
        let principals = self.principals.iter().fold(Writer::new(), |w, p| w.string(p)).done();
        let critical = self
            .critical
            .iter()
            .fold(Writer::new(), |w, (name, value)| w.string(name).string(Writer::new().string(value).done()))
            .done();
        let extensions = self.extensions.iter().fold(Writer::new(), |w, name| w.string(name).string("")).done();
        Writer::new()
            .string(TYPE)
            .string(self.nonce)
            .string(self.key.0)
            .u64(self.serial)
            .u32(USER)
            .string(&self.key_id)
            .string(principals)
            .u64(self.valid_after)
            .u64(self.valid_before)
            .string(critical)
            .string(extensions)
            .string("")
            .string(self.ca.blob())
            .done()
    }

    /// Joins a signature to what it is over.
    ///
    /// # Errors
    /// When the CA's key did not make the signature: an agent may answer with anything.
    pub fn signed(self, signature: [u8; 64]) -> Result<Certificate, Malformed> {
        UnparsedPublicKey::new(&ED25519, self.ca.0)
            .verify(&self.to_be_signed(), &signature)
            .map_err(|_| Malformed("the CA's key did not make its signature"))?;
        Ok(Certificate { body: self, signature })
    }
}

impl Certificate {
    /// The bytes of the certificate.
    pub fn blob(&self) -> Vec<u8> {
        let signature = Writer::new().string("ssh-ed25519").string(self.signature).done();
        Writer::new().raw(self.body.to_be_signed()).string(signature).done()
    }

    /// The one line that goes into a `…-cert.pub` file.
    pub fn line(&self) -> String {
        format!("{TYPE} {}", BASE64.encode(self.blob()))
    }

    /// Reads the one line, with or without a comment, and verifies the signature. Whether the CA is one to trust is the
    /// caller's question.
    ///
    /// # Errors
    /// When anything is not exactly as this crate writes it.
    pub fn parse_line(line: &str) -> Result<Self, Malformed> {
        let mut words = line.split_ascii_whitespace();
        let (Some(TYPE), Some(blob)) = (words.next(), words.next()) else {
            return Err(Malformed("it is not one line of an ed25519 certificate"));
        };
        Self::parse(&BASE64.decode(blob).map_err(|_| Malformed("its base64 is broken"))?)
    }

    /// Reads the bytes and verifies the signature.
    ///
    /// # Errors
    /// When anything is not exactly as this crate writes it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        const FORM: Malformed = Malformed("it is not an ed25519 user certificate");
        let mut c = Cursor::new(bytes);
        if c.string()? != TYPE.as_bytes() {
            return Err(FORM);
        }
        let nonce = c.string()?.try_into().map_err(|_| Malformed("its nonce does not have 32 bytes"))?;
        let key = PublicKey(c.string()?.try_into().map_err(|_| FORM)?);
        let serial = c.u64()?;
        if c.u32()? != USER {
            return Err(Malformed("it is not a user's certificate"));
        }
        let key_id = c.text()?;
        let mut principals = Vec::new();
        let mut list = Cursor::new(c.string()?);
        while !list.is_empty() {
            principals.push(list.text()?);
        }
        if principals.is_empty() {
            return Err(Malformed("it has no principals, which OpenSSH takes for everybody"));
        }
        let (valid_after, valid_before) = (c.u64()?, c.u64()?);
        let critical = options(c.string()?)?
            .into_iter()
            .map(|(name, data)| {
                let mut data = Cursor::new(data);
                let value = data.text()?;
                data.end().map(|()| (name, value))
            })
            .collect::<Result<_, _>>()?;
        let extensions = options(c.string()?)?
            .into_iter()
            .map(|(name, data)| if data.is_empty() { Ok(name) } else { Err(Malformed("an extension holds data")) })
            .collect::<Result<_, _>>()?;
        if !c.string()?.is_empty() {
            return Err(Malformed("its reserved field is not empty"));
        }
        let ca = PublicKey::from_blob(c.string()?)?;
        let mut signature = Cursor::new(c.string()?);
        c.end()?;
        if signature.string()? != b"ssh-ed25519" {
            return Err(Malformed("its signature is of another type"));
        }
        let raw = signature.string()?.try_into().map_err(|_| Malformed("its signature does not have 64 bytes"))?;
        signature.end()?;
        let body = Body { nonce, key, serial, key_id, principals, valid_after, valid_before, critical, extensions, ca };
        body.signed(raw)
    }
}

/// Reads options: names in strictly rising order, as PROTOCOL.certkeys demands, each with its data.
fn options(bytes: &[u8]) -> Result<Vec<(String, &[u8])>, Malformed> {
    let mut c = Cursor::new(bytes);
    let mut all: Vec<(String, &[u8])> = Vec::new();
    while !c.is_empty() {
        let name = c.text()?;
        if all.last().is_some_and(|(last, _)| *last >= name) {
            return Err(Malformed("its options are not in the order of their names"));
        }
        all.push((name, c.string()?));
    }
    Ok(all)
}
