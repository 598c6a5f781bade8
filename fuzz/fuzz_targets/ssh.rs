//! SSH certificates and revocation lists: what is read is written the same, and whatever goes in, a certificate is one
//! line that gives what was asked for and nothing else. `ssh-key`, which is not ours, reads everything a second time.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jit_backend::{Backend as _, Order, Scope};
use jit_backend_ssh::certificate::{Body, Certificate};
use jit_backend_ssh::key::PublicKey;
use jit_backend_ssh::krl::Krl;
use jit_backend_ssh::{Settings, Source, Ssh, generate_ca};
use jit_types::{ClaimId, Form, GrantId, HouseId, Material, SshPublicKey, Timestamp, Window};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

/// What a signer needs: the backend itself, which keeps the CA's key.
struct House {
    runtime: Runtime,
    ssh: Ssh,
    id: HouseId,
}

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    use std::os::unix::fs::OpenOptionsExt as _;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("ca");
    let (key, _) = generate_ca().expect("a CA");
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&path).expect("a file");
    std::io::Write::write_all(&mut file, key.expose_secret().as_bytes()).expect("written");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let id = HouseId::from_parts(Timestamp::EPOCH, [9; 10]);
    let ssh = runtime.block_on(Ssh::open(id, Settings::new(Source::File(path)), Arc::new(|| Timestamp::EPOCH)));
    House { runtime, ssh: ssh.expect("a backend"), id }
});

fn public_key(byte: u8) -> SshPublicKey {
    SshPublicKey::parse(&PublicKey([byte; 32]).line()).expect("a key")
}

fuzz_target!(
    init: jit_fuzz::seeds("ssh", seeds()),
    |data: &[u8]| {
        let Some((mode, data)) = data.split_first() else { return };
        let mut u = Unstructured::new(data);
        match mode % 4 {
            0 => read(data),
            1 => drop(list(&mut u)),
            2 => drop(order(&mut u)),
            _ => drop(foreign(&mut u)),
        }
    }
);

/// Bytes as a file, a line or a handle may hold them.
fn read(bytes: &[u8]) {
    if let Ok(krl) = Krl::parse(bytes) {
        assert_eq!(krl.encode(), bytes);
    }
    if let Ok(certificate) = Certificate::parse(bytes) {
        assert_eq!(certificate.blob(), bytes);
        second(&certificate);
    }
    if let Ok(key) = PublicKey::from_blob(bytes) {
        assert_eq!(key.blob(), bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(certificate) = Certificate::parse_line(text) {
        second(&certificate);
    }
    if let Ok(key) = SshPublicKey::parse(text) {
        one_line(key.as_str());
        assert!(ssh_key::PublicKey::from_openssh(key.as_str()).is_ok(), "{text:?}");
        assert_eq!(SshPublicKey::parse(key.as_str()), Ok(key.clone()));
        assert_eq!(PublicKey::of(&key).expect("it was read before").line(), key.as_str());
    }
}

/// A type and base64, and nothing that could be a third word or a second line.
fn one_line(line: &str) {
    let (_, blob) = line.split_once(' ').expect("two words");
    assert!(blob.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)), "{line:?}");
}

/// The second parser sees exactly what the first one says.
fn second(ours: &Certificate) {
    let body = &ours.body;
    let theirs = match ssh_key::Certificate::from_bytes(&ours.blob()) {
        Ok(theirs) => theirs,
        // It takes no time after chrono's last, and none that ends before it begins.
        Err(_) if body.valid_before <= body.valid_after || body.valid_before > i64::MAX as u64 => return,
        Err(error) => panic!("{error}: {body:?}"),
    };
    let pairs = |map: &ssh_key::certificate::OptionsMap| -> Vec<(String, String)> {
        map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    assert_eq!(theirs.valid_principals(), body.principals);
    assert_eq!(theirs.key_id(), body.key_id);
    assert_eq!(
        (theirs.serial(), theirs.valid_after(), theirs.valid_before()),
        (body.serial, body.valid_after, body.valid_before)
    );
    assert_eq!(pairs(theirs.critical_options()), body.critical);
    let extensions: Vec<_> = body.extensions.iter().map(|name| (name.clone(), String::new())).collect();
    assert_eq!(pairs(theirs.extensions()), extensions);
    assert!(theirs.cert_type().is_user() && theirs.comment().is_empty());
}

/// A list of anything, which must hold exactly that.
fn list(u: &mut Unstructured<'_>) -> Result<()> {
    let mut krl = Krl { version: u.arbitrary()?, generated: u.arbitrary()?, comment: u.arbitrary()?, ..Krl::default() };
    let mut wanted = Vec::new();
    for _ in 0..u.int_in_range(0..=20)? {
        let (ca, serial) = (PublicKey([u.arbitrary::<u8>()? % 4; 32]), u.arbitrary::<u64>()?);
        krl.revoke(ca, serial);
        if serial != 0 {
            wanted.push((ca, serial));
        }
        if u.arbitrary()? {
            krl.revoked.entry(ca).or_default().key_ids.insert(u.arbitrary()?);
        }
    }
    let read = Krl::parse(&krl.encode()).expect("what was written is read");
    krl.revoked.retain(|_, revoked| !revoked.serials.is_empty() || !revoked.key_ids.is_empty());
    assert_eq!(read, krl);
    assert!(wanted.iter().all(|(ca, serial)| read.holds(*ca, *serial)));
    assert_eq!(read.is_empty(), krl.is_empty());
    Ok(())
}

/// An order whose scope a requester filled in: refused, or a certificate for exactly that.
fn order(u: &mut Unstructured<'_>) -> Result<()> {
    let mut map = Map::new();
    for key in ["principals", "hosts", "source_address", "permit"] {
        let count = u.int_in_range(0..=3)?;
        let items = (0..count).map(|_| text(u)).collect::<Result<Vec<_>>>()?;
        if count > 0 {
            map.insert(key.to_owned(), json!(items));
        }
    }
    for key in ["user", "force_command"] {
        if u.arbitrary()? {
            map.insert(key.to_owned(), Value::String(text(u)?));
        }
    }
    let Ok(person) = text(u)?.parse::<jit_types::PersonId>().or_else(|_| "alice@example.com".parse()) else {
        return Ok(());
    };
    let material = Material::SshPublicKey(public_key(u.arbitrary()?));
    let (house, born) = (&*HOUSE, Timestamp::from_millis(i64::from(u.arbitrary::<u32>()?)));
    let start = Timestamp::from_millis(i64::from(u.arbitrary::<u32>()?) * 1000);
    let window = Window { start, end: start.plus_millis(i64::from(u.arbitrary::<u32>()?)) };
    let order = Order {
        house: house.id,
        grant: GrantId::from_parts(born, u.arbitrary()?),
        claim: ClaimId::from_parts(born, u.arbitrary()?),
        entitlement: 0,
        person,
        window,
        deadline: Timestamp::from_millis(1),
        scope: Scope(Value::Object(map)),
        material: material.digest(),
    };
    let issued = match house.runtime.block_on(house.ssh.issue(&order, Some(&material))) {
        Ok(issued) => issued,
        Err(error) => {
            jit_fuzz::harmless(error.public.as_str(), &[]);
            return Ok(());
        }
    };
    let Form::Ssh(form) = &issued.form else { panic!("another form") };
    one_line(&form.certificate);
    let certificate = Certificate::parse_line(&form.certificate).expect("our own certificate");
    second(&certificate);
    let body = &certificate.body;
    let asked = |key: &str| -> Vec<String> {
        let mut once: Vec<String> = Vec::new();
        for item in order.scope.0.get(key).and_then(Value::as_array).into_iter().flatten() {
            let item = item.as_str().expect("a text").to_owned();
            if !once.contains(&item) {
                once.push(item);
            }
        }
        once
    };
    assert!(!body.principals.is_empty());
    assert_eq!(body.principals, asked("principals"));
    assert_eq!(form.principals, body.principals);
    let id = format!("jit house={} grant={} claim={} person={}", order.house, order.grant, order.claim, order.person);
    assert_eq!(body.key_id, id);
    assert_eq!(id.split(' ').count(), 5);
    // Only what was asked for, each by its one name.
    let given: BTreeMap<&str, &str> =
        body.critical.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(given.get("force-command").copied(), order.scope.0.get("force_command").and_then(Value::as_str));
    assert_eq!(given.contains_key("source-address"), !asked("source_address").is_empty());
    assert!(given.keys().all(|name| ["force-command", "source-address"].contains(name)));
    let networks = given.get("source-address").map_or(0, |list| list.split(',').count());
    assert!(networks <= asked("source_address").len());
    assert_eq!(body.extensions.len(), asked("permit").len());
    for word in form.principals.iter().chain(&form.hosts).chain(&form.user) {
        assert!(
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && !b",\"'\\%#=/".contains(&b)),
            "{word:?}"
        );
    }
    let end = u64::try_from(window.end.seconds()).expect("after the epoch");
    assert!(body.valid_before <= end && body.valid_after < body.valid_before, "{body:?}");
    Ok(())
}

/// Text: anything, or what comes near to what is allowed.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    const NEAR: [&str; 12] = [
        "web",
        "db_1",
        "*.example.com",
        "10.0.0.0/8",
        "2001:db8::/32",
        "pty",
        "user-rc",
        "X11-forwarding",
        "root",
        "id",
        "a,b",
        "-o",
    ];
    Ok(match u.int_in_range(0..=3)? {
        0 => u.arbitrary::<&str>()?.to_owned(),
        1 => format!("{}{}", u.choose(&NEAR)?, u.arbitrary::<&str>()?),
        _ => (*u.choose(&NEAR)?).to_owned(),
    })
}

/// A body of anything under a signature that is none.
fn foreign(u: &mut Unstructured<'_>) -> Result<()> {
    let body = Body {
        nonce: u.arbitrary()?,
        key: PublicKey(u.arbitrary()?),
        serial: u.arbitrary()?,
        key_id: u.arbitrary()?,
        principals: u.arbitrary()?,
        valid_after: u.arbitrary()?,
        valid_before: u.arbitrary()?,
        critical: u.arbitrary()?,
        extensions: u.arbitrary()?,
        ca: HOUSE.ssh.ca(),
    };
    assert!(body.clone().signed(u.arbitrary()?).is_err(), "nobody signed {body:?}");
    Ok(())
}

fn seeds() -> Vec<Vec<u8>> {
    let house = &*HOUSE;
    let material = Material::SshPublicKey(public_key(3));
    let claim = ClaimId::from_parts(Timestamp::from_millis(5), [1; 10]);
    let order = Order {
        house: house.id,
        grant: GrantId::from_parts(Timestamp::from_millis(5), [2; 10]),
        claim,
        entitlement: 0,
        person: "alice@example.com".parse().expect("a person"),
        window: Window { start: Timestamp::from_millis(60_000), end: Timestamp::from_millis(120_000) },
        deadline: Timestamp::from_millis(1),
        scope: Scope(json!({ "principals": ["web", "db"], "permit": ["pty"], "force_command": "id" })),
        material: material.digest(),
    };
    let issued = house.runtime.block_on(house.ssh.issue(&order, Some(&material))).expect("a certificate");
    let Form::Ssh(form) = issued.form else { panic!("another form") };
    let mut krl = Krl { version: 7, comment: "jit".to_owned(), ..Krl::default() };
    (1..4).for_each(|n| krl.revoke(PublicKey([u8::from(n == 2); 32]), n));
    let certificate = Certificate::parse_line(&form.certificate).expect("our own");
    let read =
        [certificate.blob(), form.certificate.into_bytes(), krl.encode(), public_key(3).as_str().as_bytes().to_vec()];
    let mut all: Vec<Vec<u8>> = read.into_iter().map(|bytes| [vec![0], bytes].concat()).collect();
    // What the other ways are filled from means nothing by itself: libFuzzer finds its own.
    all.extend((1..4).map(|mode| [vec![mode], (0..=255).rev().collect()].concat()));
    all
}
