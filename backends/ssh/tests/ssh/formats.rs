//! The bytes: by properties, against fixed vectors, against a second parser, and as `ssh-keygen` reads them.

use std::collections::BTreeSet;

use crate::common::{House, has, make_key, plain, printed, real_clock, run, write};
use jit_backend::Backend as _;
use jit_backend_ssh::certificate::{Body, Certificate};
use jit_backend_ssh::key::PublicKey;
use jit_backend_ssh::krl::Krl;
use jit_types::{Material, Timestamp, Window};
use proptest::prelude::*;
use serde_json::json;

fn pair(seed: u8) -> (aws_lc_rs::signature::Ed25519KeyPair, PublicKey) {
    use aws_lc_rs::signature::KeyPair as _;
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key");
    let public = PublicKey(pair.public_key().as_ref().try_into().expect("32 bytes"));
    (pair, public)
}

fn sign(body: Body, seed: u8) -> Certificate {
    let signature = pair(seed).0.sign(&body.to_be_signed()).as_ref().try_into().expect("64 bytes");
    body.signed(signature).expect("a good signature")
}

fn bodies() -> impl Strategy<Value = Body> {
    let names = || prop::collection::btree_set("[a-z][a-z0-9@.-]{0,20}", 1..6);
    (
        // The second parser takes no time that is later than chrono's, nor an end before its beginning.
        (any::<([u8; 32], u64)>(), 0..4_000_000_000u64, 1..4_000_000_000u64),
        any::<String>(),
        names(),
        prop::collection::btree_map("[a-z-]{1,12}", "[ -~]{0,30}", 0..4),
        names(),
    )
        .prop_map(|(((nonce, serial), valid_after, life), key_id, principals, critical, extensions)| Body {
            nonce,
            key: pair(1).1,
            serial,
            key_id,
            principals: principals.into_iter().collect(),
            valid_after,
            valid_before: valid_after + life,
            critical: critical.into_iter().collect(),
            extensions: extensions.into_iter().collect(),
            ca: pair(2).1,
        })
}

fn lists() -> impl Strategy<Value = Krl> {
    let entries = prop::collection::vec((0u8..4, 1u64.., "[ -~]{0,30}"), 0..40);
    (any::<(u64, u64)>(), "[ -~]{0,30}", entries).prop_map(|((version, generated), comment, entries)| {
        let mut krl = Krl { version, generated, comment, ..Krl::default() };
        for (ca, serial, id) in entries {
            krl.revoke(PublicKey([ca; 32]), serial);
            krl.revoked.entry(PublicKey([ca; 32])).or_default().key_ids.insert(id);
        }
        krl
    })
}

proptest! {
    #[test]
    fn a_certificate_reads_back_as_written(body in bodies()) {
        let certificate = sign(body, 2);
        prop_assert_eq!(Certificate::parse(&certificate.blob()), Ok(certificate.clone()));
        let commented = format!("{} a comment\n", certificate.line());
        prop_assert_eq!(Certificate::parse_line(&commented), Ok(certificate.clone()));
        // A second parser, which is not ours, sees the same.
        let other = ssh_key::Certificate::from_openssh(&certificate.line()).expect("ssh-key reads it");
        prop_assert_eq!(other.serial(), certificate.body.serial);
        prop_assert_eq!(other.key_id(), certificate.body.key_id.as_str());
        prop_assert_eq!(other.valid_principals(), certificate.body.principals.as_slice());
    }

    #[test]
    fn a_changed_certificate_is_refused(body in bodies(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut blob = sign(body, 2).blob();
        let at = at.index(blob.len());
        blob[at] ^= 1 << bit;
        prop_assert!(Certificate::parse(&blob).is_err());
    }

    #[test]
    fn a_list_reads_back_as_written(krl in lists()) {
        prop_assert_eq!(Krl::parse(&krl.encode()), Ok(krl));
    }

    #[test]
    fn what_reads_as_a_list_is_written_the_same(krl in lists(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = krl.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = Krl::parse(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn a_cut_list_is_never_the_whole_one(krl in lists(), cut in any::<prop::sample::Index>()) {
        let bytes = krl.encode();
        let cut = cut.index(bytes.len());
        prop_assert_ne!(Krl::parse(&bytes[..cut]), Ok(krl));
    }

    #[test]
    fn nothing_makes_a_reader_stumble(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Krl::parse(&bytes);
        let _ = Certificate::parse(&bytes);
    }
}

#[test]
fn an_empty_list_has_exactly_these_bytes() {
    let krl = Krl { version: 7, generated: 9, comment: "jit".to_owned(), ..Krl::default() };
    let expected = "5353484b524c0a00000000010000000000000007000000000000000900000000000000000000000000000003\
                    6a6974";
    assert_eq!(hex(&krl.encode()), expected.replace(' ', ""));
}

#[test]
fn a_list_with_one_entry_has_exactly_these_bytes() {
    let mut krl = Krl { version: 1, generated: 2, ..Krl::default() };
    krl.revoke(PublicKey([0xaa; 32]), 0x0102);
    krl.revoked.entry(PublicKey([0xaa; 32])).or_default().key_ids.insert("id".to_owned());
    let expected = "5353484b524c0a0000000001 0000000000000001 0000000000000002 0000000000000000 00000000 00000000\
                    01 00000053 00000033 0000000b 7373682d65643235353139 00000020\
                    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 00000000\
                    20 00000008 0000000000000102 23 00000006 00000002 6964";
    assert_eq!(hex(&krl.encode()), expected.replace(' ', ""));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The rows of `ssh-keygen -L`, each stripped of blanks.
fn shown(certificate: &str, dir: &std::path::Path) -> Vec<String> {
    let file = dir.join("shown-cert.pub");
    write(&file, certificate, 0o644);
    let output = std::process::Command::new(crate::common::which("ssh-keygen").expect("ssh-keygen"))
        .args(["-L", "-f", file.to_str().expect("a path")])
        .env("TZ", "UTC")
        .output()
        .expect("ssh-keygen runs");
    assert!(output.status.success(), "{}", printed(&output));
    String::from_utf8_lossy(&output.stdout).lines().map(|line| line.trim().to_owned()).collect()
}

#[tokio::test]
async fn ssh_keygen_shows_each_field() {
    if !has("ssh-keygen", "sshd") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let house = House::open(dir.path(), 1, real_clock()).await;
    let (_, key) = make_key();
    let start: Timestamp = "2030-01-02T03:04:35.500Z".parse().expect("a time");
    let window = Window { start, end: "2030-01-02T04:05:06.900Z".parse().expect("a time") };
    let scope = json!({
        "principals": ["web", "db"], "force_command": "/usr/bin/report --daily \"x\"",
        "source_address": ["10.0.0.0/8", "2001:db8::/32"],
        "permit": ["pty", "port-forwarding", "agent-forwarding", "X11-forwarding", "user-rc"],
    });
    let (lease, form) = house.issue(&key, scope, window).await;
    let rows = shown(&form.certificate, dir.path());
    let has_row = |row: &str| assert!(rows.iter().any(|r| r == row), "{row} is not in {rows:#?}");
    has_row("Type: ssh-ed25519-cert-v01@openssh.com user certificate");
    has_row(&format!("Serial: {}", lease.order.claim.low64()));
    has_row(&format!(
        "Key ID: \"jit house={} grant={} claim={} person=alice@example.com\"",
        lease.order.house, lease.order.grant, lease.order.claim
    ));
    // 30 s back, and a fraction of the end is cut.
    has_row("Valid: from 2030-01-02T03:04:05 to 2030-01-02T04:05:06");
    has_row("force-command /usr/bin/report --daily \"x\"");
    has_row("source-address 10.0.0.0/8,2001:db8::/32");
    let ca = PublicKey::parse_line(&house.ca_line).expect("a key");
    assert_eq!(ca, house.ssh.ca());
    has_row(&format!("Signing CA: ED25519 {} (using ssh-ed25519)", ca.fingerprint()));
    let principals: BTreeSet<&str> = rows.iter().map(String::as_str).filter(|r| ["web", "db"].contains(r)).collect();
    assert_eq!(principals.len(), 2);
    let extensions: Vec<_> = rows.iter().filter(|r| r.starts_with("permit-")).collect();
    assert_eq!(extensions.len(), 5, "{rows:#?}");

    let (_, form) = house.issue(&key, plain("web"), window).await;
    let rows = shown(&form.certificate, dir.path());
    assert!(rows.iter().any(|r| r == "Critical Options: (none)"), "{rows:#?}");
    assert!(rows.iter().any(|r| r == "Extensions: (none)"), "{rows:#?}");
}

#[tokio::test]
async fn ssh_keygen_agrees_on_what_is_revoked() {
    if !has("ssh-keygen", "sshd") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let (ours, theirs) =
        (House::open(dir.path(), 1, real_clock()).await, House::open(dir.path(), 2, real_clock()).await);
    let (_, key) = make_key();
    let (gone, gone_form) = ours.issue(&key, plain("web"), crate::common::from_now(60_000)).await;
    let (_, live_form) = ours.issue(&key, plain("web"), crate::common::from_now(60_000)).await;
    // The same claim under another house's CA: the same serial, and even the same key id but for the house.
    let mut foreign = gone.order.clone();
    foreign.house = theirs.id;
    let foreign = theirs.ssh.issue(&foreign, Some(&Material::SshPublicKey(key.clone()))).await.expect("a certificate");
    let jit_types::Form::Ssh(foreign_form) = foreign.form else { panic!("another form") };

    let revoked = |form: &jit_types::SshForm| {
        let file = dir.path().join("asked-cert.pub");
        write(&file, &form.certificate, 0o644);
        let output =
            run("ssh-keygen", &["-Q", "-f", ours.krl.to_str().expect("a path"), file.to_str().expect("a path")]);
        let text = printed(&output);
        assert!(text.contains("REVOKED") != output.status.success(), "{text}");
        assert!(text.contains("REVOKED") || text.contains("ok"), "{text}");
        !output.status.success()
    };
    ours.publish(&[]);
    assert!(!revoked(&gone_form) && !revoked(&live_form) && !revoked(&foreign_form), "an empty list revokes nothing");
    ours.publish(std::slice::from_ref(&gone));
    assert!(revoked(&gone_form), "what is listed is revoked");
    assert!(!revoked(&live_form), "another claim is not");
    assert!(!revoked(&foreign_form), "another CA's certificate with the same serial is not");

    // The list is for everybody's eyes, and names nobody.
    let list = std::fs::read(&ours.krl).expect("a list");
    assert!(!list.windows(4).any(|w| w == b"cl_0" || w == b"pers"), "a key id stands in the list");
}

#[tokio::test]
async fn ssh_keygen_reads_the_key_that_is_made() {
    if !has("ssh-keygen", "sshd") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("ca");
    let line = crate::common::make_ca(&file);
    let output = run("ssh-keygen", &["-y", "-f", file.to_str().expect("a path")]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), line, "{}", printed(&output));
}
