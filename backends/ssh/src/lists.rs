//! Whether a host's revocation list refuses a certificate, whoever made the list.
//!
//! The house's own list is read by [`krl`](crate::krl), which takes nothing else. On a host the lists of several houses may
//! have been joined with `ssh-keygen -k`, which packs serials into ranges and bitmaps: here all of PROTOCOL.krl's forms are
//! read, and only for the one question.

use crate::key::PublicKey;
use crate::krl::{CERT_KEY_ID, CERT_SERIAL_LIST, FORMAT, MAGIC, SECTION_CERTIFICATES};
use crate::wire::{Cursor, Malformed};

const SECTION_KEYS: [u8; 3] = [2, 3, 5];
const SECTION_SIGNATURE: u8 = 4;
const SECTION_EXTENSION: u8 = 255;
const CERT_SERIAL_RANGE: u8 = 0x21;
const CERT_SERIAL_BITMAP: u8 = 0x22;
const CERT_EXTENSION: u8 = 0x39;

/// Whether a list holds this serial under this CA.
///
/// # Errors
/// When the bytes are not a list in OpenSSH's binary form, up to their end: sshd refuses everybody then, or reads the file
/// as a list of keys, and what it does can't be told from here.
pub fn holds(bytes: &[u8], ca: PublicKey, serial: u64) -> Result<bool, Malformed> {
    let mut c = Cursor::new(bytes);
    if c.take(MAGIC.len())? != MAGIC || c.u32()? != FORMAT {
        return Err(Malformed("it is not an OpenSSH key revocation list of format 1"));
    }
    // The list's number, when it was made, flags; then what is reserved, and a comment.
    for _ in 0..3 {
        c.u64()?;
    }
    for _ in 0..2 {
        c.string()?;
    }
    let mut found = false;
    while !c.is_empty() {
        let kind = c.byte()?;
        let data = c.string()?;
        match kind {
            SECTION_CERTIFICATES => found |= section(data, ca, serial)?,
            SECTION_SIGNATURE => drop(c.string()?),
            SECTION_EXTENSION => extension(data)?,
            kind if SECTION_KEYS.contains(&kind) => {}
            _ => return Err(Malformed("it holds a kind of section that is not known")),
        }
    }
    Ok(found)
}

fn section(data: &[u8], ca: PublicKey, serial: u64) -> Result<bool, Malformed> {
    let mut c = Cursor::new(data);
    let signer = c.string()?;
    c.string()?;
    // An empty key stands for every CA.
    let ours = signer.is_empty() || signer == ca.blob();
    let mut found = false;
    while !c.is_empty() {
        let kind = c.byte()?;
        let mut list = Cursor::new(c.string()?);
        match kind {
            CERT_SERIAL_LIST => {
                while !list.is_empty() {
                    found |= list.u64()? == serial;
                }
            }
            CERT_SERIAL_RANGE => {
                let (first, last) = (list.u64()?, list.u64()?);
                found |= (first..=last).contains(&serial);
                list.end()?;
            }
            CERT_SERIAL_BITMAP => {
                let (first, bits) = (list.u64()?, list.string()?);
                found |= serial.checked_sub(first).is_some_and(|bit| set(bits, bit));
                list.end()?;
            }
            CERT_KEY_ID => {}
            CERT_EXTENSION => extension(list.take_rest())?,
            _ => return Err(Malformed("it holds a kind of list that is not known")),
        }
    }
    Ok(ours && found)
}

/// Whether a bit of a big-endian number is set; bit 0 is the last one.
fn set(number: &[u8], bit: u64) -> bool {
    let byte = usize::try_from(bit / 8).ok().and_then(|from_last| number.iter().rev().nth(from_last));
    byte.is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
}

/// An extension: its name, whether it must be understood, what it says. sshd refuses everybody over one that must.
fn extension(data: &[u8]) -> Result<(), Malformed> {
    let mut c = Cursor::new(data);
    c.string()?;
    if c.byte()? != 0 {
        return Err(Malformed("it holds an extension that must be understood"));
    }
    c.string()?;
    c.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::krl::Krl;
    use crate::wire::Writer;
    use proptest::prelude::*;

    const CA: PublicKey = PublicKey([7; 32]);

    fn list(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let head = Writer::new().raw(MAGIC).u32(FORMAT).u64(1).u64(2).u64(0).string("").string("a comment");
        sections.iter().fold(head, |w, (kind, data)| w.byte(*kind).string(data)).done()
    }

    fn certificates(ca: &[u8], kind: u8, data: &[u8]) -> (u8, Vec<u8>) {
        (SECTION_CERTIFICATES, Writer::new().string(ca).string("").byte(kind).string(data).done())
    }

    #[test]
    fn a_serial_counts_under_its_own_ca_alone() {
        let mut krl = Krl::default();
        krl.revoke(CA, 5);
        krl.revoke(PublicKey([8; 32]), 6);
        let bytes = krl.encode();
        assert_eq!([5, 6, 7].map(|serial| holds(&bytes, CA, serial)), [Ok(true), Ok(false), Ok(false)]);
        let any = list(&[certificates(b"", CERT_SERIAL_LIST, &5u64.to_be_bytes())]);
        assert_eq!(holds(&any, CA, 5), Ok(true));
    }

    #[test]
    fn ranges_and_bitmaps_are_read() {
        let range = Writer::new().u64(10).u64(12).done();
        let range = list(&[(2, b"a key".to_vec()), certificates(&CA.blob(), CERT_SERIAL_RANGE, &range)]);
        assert_eq!([9, 10, 12, 13].map(|n| holds(&range, CA, n) == Ok(true)), [false, true, true, false]);
        // 100 + {0, 8}
        let bits = Writer::new().u64(100).string([0x01, 0x01]).done();
        let bits = list(&[certificates(&CA.blob(), CERT_SERIAL_BITMAP, &bits)]);
        assert_eq!(
            [99, 100, 101, 108, 116].map(|n| holds(&bits, CA, n) == Ok(true)),
            [false, true, false, true, false]
        );
    }

    #[test]
    fn what_sshd_would_not_read_says_nothing() {
        let mut krl = Krl::default();
        krl.revoke(CA, 5);
        let good = krl.encode();
        let extension = |critical| Writer::new().string("name").byte(critical).string("").done();
        assert_eq!(holds(&list(&[(SECTION_EXTENSION, extension(0))]), CA, 5), Ok(false));
        for bad in [
            Vec::new(),
            b"ssh-ed25519 AAAA\n".to_vec(),
            good[..good.len() - 1].to_vec(),
            list(&[(99, Vec::new())]),
            list(&[(SECTION_EXTENSION, extension(1))]),
            list(&[certificates(&CA.blob(), 0x77, b"")]),
        ] {
            assert!(holds(&bad, CA, 5).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_fall(bytes in proptest::collection::vec(any::<u8>(), 0..200), serial in any::<u64>()) {
            let mut whole = list(&[]);
            whole.extend(&bytes);
            let _ = holds(&whole, CA, serial);
            let _ = holds(&list(&[(SECTION_CERTIFICATES, bytes)]), CA, serial);
        }
    }
}
