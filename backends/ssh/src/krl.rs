//! Key revocation lists in OpenSSH's binary form (PROTOCOL.krl): what `RevokedKeys` of sshd reads at each login.
//!
//! The writer uses one section per CA with a list of serials, and the reader accepts little more than what
//! the writer writes: the file is the house's own, and one that holds anything else was changed by somebody else.
//! A section is always bound to its CA's key, so that another house's certificate with the same serial is not meant.

use std::collections::{BTreeMap, BTreeSet};

use crate::key::PublicKey;
use crate::wire::{Cursor, Malformed, Writer};

pub(crate) const MAGIC: &[u8] = b"SSHKRL\n\0";
pub(crate) const FORMAT: u32 = 1;
pub(crate) const SECTION_CERTIFICATES: u8 = 1;
pub(crate) const CERT_SERIAL_LIST: u8 = 0x20;
pub(crate) const CERT_KEY_ID: u8 = 0x23;

/// A revocation list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Krl {
    /// The list's number. sshd does not compare it with that of an earlier list; `ssh-keygen -Q -l` shows it.
    pub version: u64,
    /// When it was made, in seconds since the epoch; shown only.
    pub generated: u64,
    /// A comment; shown only.
    pub comment: String,
    /// What is revoked, by CA.
    pub revoked: BTreeMap<PublicKey, Revoked>,
}

/// What is revoked of one CA; never both empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Serials; never 0, which OpenSSH takes for "no serial".
    pub serials: BTreeSet<u64>,
    /// Key ids; read where they stand, never written by the house.
    pub key_ids: BTreeSet<String>,
}

impl Krl {
    /// Revokes one certificate by its serial, which is unique within its CA.
    ///
    /// Its key id would do as well, but names the person, and every user of every host may read this file.
    pub fn revoke(&mut self, ca: PublicKey, serial: u64) {
        if serial != 0 {
            self.revoked.entry(ca).or_default().serials.insert(serial);
        }
    }

    /// Whether this CA's certificate with this serial is refused.
    pub fn holds(&self, ca: PublicKey, serial: u64) -> bool {
        self.revoked.get(&ca).is_some_and(|revoked| revoked.serials.contains(&serial))
    }

    /// How many serials it lists.
    pub fn len(&self) -> usize {
        self.revoked.values().map(|revoked| revoked.serials.len()).sum()
    }

    /// Whether it revokes nothing. Such a list must still be published: a missing file refuses every login.
    pub fn is_empty(&self) -> bool {
        self.revoked.values().all(|revoked| revoked.serials.is_empty() && revoked.key_ids.is_empty())
    }

    /// The bytes of the file; the same list gives the same bytes.
    pub fn encode(&self) -> Vec<u8> {
        let head = Writer::new()
            .raw(MAGIC)
            .u32(FORMAT)
            .u64(self.version)
            .u64(self.generated)
            .u64(0)
            .string("")
            .string(&self.comment);
        self.revoked
            .iter()
            .filter(|(_, revoked)| !revoked.serials.is_empty() || !revoked.key_ids.is_empty())
            .fold(head, |w, (ca, revoked)| w.byte(SECTION_CERTIFICATES).string(revoked.section(ca)))
            .done()
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// When the file is not exactly as [`Krl::encode`] writes it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut c = Cursor::new(bytes);
        if c.take(MAGIC.len())? != MAGIC || c.u32()? != FORMAT {
            return Err(Malformed("it is not an OpenSSH key revocation list of format 1"));
        }
        let (version, generated) = (c.u64()?, c.u64()?);
        if c.u64()? != 0 || !c.string()?.is_empty() {
            return Err(Malformed("its reserved fields are not empty"));
        }
        let mut krl = Self { version, generated, comment: c.text()?, revoked: BTreeMap::new() };
        while !c.is_empty() {
            if c.byte()? != SECTION_CERTIFICATES {
                return Err(Malformed("it holds a kind of section that the house does not write"));
            }
            let (ca, revoked) = Revoked::parse(c.string()?)?;
            if krl.revoked.last_key_value().is_some_and(|(last, _)| *last >= ca) {
                return Err(Malformed("its CAs are not in order"));
            }
            krl.revoked.insert(ca, revoked);
        }
        Ok(krl)
    }
}

impl Revoked {
    fn section(&self, ca: &PublicKey) -> Vec<u8> {
        let mut section = Writer::new().string(ca.blob()).string("");
        if !self.serials.is_empty() {
            let list = self.serials.iter().fold(Writer::new(), |w, serial| w.u64(*serial)).done();
            section = section.byte(CERT_SERIAL_LIST).string(list);
        }
        if !self.key_ids.is_empty() {
            let list = self.key_ids.iter().fold(Writer::new(), |w, id| w.string(id)).done();
            section = section.byte(CERT_KEY_ID).string(list);
        }
        section.done()
    }

    fn parse(bytes: &[u8]) -> Result<(PublicKey, Self), Malformed> {
        let mut c = Cursor::new(bytes);
        let ca = PublicKey::from_blob(c.string()?)?;
        if !c.string()?.is_empty() {
            return Err(Malformed("its reserved fields are not empty"));
        }
        let mut revoked = Self::default();
        let mut last = 0;
        while !c.is_empty() {
            let kind = c.byte()?;
            if kind <= last {
                return Err(Malformed("its lists are not in order"));
            }
            last = kind;
            let mut list = Cursor::new(c.string()?);
            if list.is_empty() {
                return Err(Malformed("it holds an empty list"));
            }
            match kind {
                CERT_SERIAL_LIST => {
                    while !list.is_empty() {
                        let serial = list.u64()?;
                        if serial <= revoked.serials.last().copied().unwrap_or(0) {
                            return Err(Malformed("its serials are not in order"));
                        }
                        revoked.serials.insert(serial);
                    }
                }
                CERT_KEY_ID => {
                    while !list.is_empty() {
                        let id = list.text()?;
                        if revoked.key_ids.last().is_some_and(|last| *last >= id) {
                            return Err(Malformed("its key ids are not in order"));
                        }
                        revoked.key_ids.insert(id);
                    }
                }
                _ => return Err(Malformed("it holds a kind of list that the house does not write")),
            }
        }
        if last == 0 {
            return Err(Malformed("it holds an empty section"));
        }
        Ok((ca, revoked))
    }
}
