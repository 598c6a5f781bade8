//! Audit exports: whatever is done to a good one, it verifies as what was signed, or not at all.
#![no_main]

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use jit_engine::audit::{
    Appender, ERASED, Exporter, KeyState, Keyring, Pins, Random, RandomError, Report, Sealer, Shown, Signer,
    SubjectKey, verify,
};
use jit_types::{Digest, Event, Free, HouseId, Subject, Timestamp};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

/// Randomness that repeats itself, so that every run signs the same log.
struct Fixed;

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> std::result::Result<(), RandomError> {
        bytes.iter_mut().zip(0u8..).for_each(|(to, n)| *to = n.wrapping_mul(7));
        // Ids and salts may repeat: each entry seals one text at most, of a subject of its own.
        Ok(())
    }
}

struct Ring(HashMap<Subject, KeyState>);

impl Keyring for Ring {
    fn key(&self, subject: Subject) -> KeyState {
        self.0.get(&subject).cloned().unwrap_or(KeyState::Unknown)
    }
}

/// A good export, and every size at which something was signed with its root.
struct Good {
    bytes: Vec<u8>,
    roots: HashMap<u64, Digest>,
    pins: Pins,
}

const ENTRIES: u64 = 11;

static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let at = |n: u64| Timestamp::from_millis(1_770_000_000_000 + n as i64 * 1000);
    let subject = |n: u64| Subject::from_parts(at(n), [n as u8; 10]);
    let key = |n: u64| KeyState::Alive(Arc::new(SubjectKey::new(&[n as u8; 32]).expect("a key")));
    let ring = Ring((0..3).map(|n| (subject(n), key(n))).collect());
    let keys = ring.0.clone();
    let (sealer, house) = (Sealer::new(Arc::new(ring), Arc::new(Fixed)), HouseId::from_parts(at(0), [9; 10]));
    let signer = Signer::from_seed(house, &[3; 32]).expect("a signer");
    let mut exporter = Exporter::begin(Vec::new(), house, signer.verifier_key(), at(99), ENTRIES).expect("written");
    let (mut appender, mut roots, mut last) = (Appender::new(), HashMap::new(), String::new());
    for n in 0..ENTRIES {
        let who = subject(n % 3);
        let mut texts = Vec::new();
        let event = if n == 8 {
            Event::new(ERASED, at(n)).subject(subject(2))
        } else {
            let text = Free(format!("INC-{n} \"slow\" \u{202e}orders"));
            let (reason, sealed) = sealer.seal_text(who, at(n), "reason", &text).expect("sealed");
            texts.push(sealed);
            Event::new("request.filed", at(n)).subject(who).field("reason", &reason).field("count", &(n as i64))
        };
        let sealed = sealer.seal(&event).expect("sealed");
        texts.extend(sealed.openings);
        let opened: Vec<_> = texts
            .iter()
            .map(|text| match &keys[&text.subject] {
                KeyState::Alive(key) => text.open(key).expect("it opens"),
                KeyState::Destroyed | KeyState::Unknown => panic!("no key"),
            })
            .collect();
        let shown: Vec<Shown<'_>> = opened
            .iter()
            .zip(&texts)
            .map(|(opened, sealed)| match n % 3 {
                0 => Shown::Opened(opened),
                1 => Shown::Sealed(sealed),
                _ => Shown::Erased(sealed.id),
            })
            .collect();
        let nodes: Vec<_> = appender.append(sealed.leaf.as_bytes()).nodes.iter().map(|node| Some(node.hash)).collect();
        exporter.entry(n, &sealed.leaf, &shown, &nodes).expect("written");
        if n % 4 == 3 || n + 1 == ENTRIES {
            last = signer.sign(n + 1, appender.root()).expect("signed");
            exporter.checkpoint(&last).expect("written");
            roots.insert(n + 1, appender.root());
        }
    }
    let pins = Pins { key: Some(signer.verifier_key().clone()), checkpoints: vec![last] };
    let good = Good { bytes: exporter.finish().expect("written"), roots, pins };
    let report = verify(good.bytes.as_slice(), &good.pins).expect("memory can be read");
    assert!(report.holds(), "the good export is none: {:?}", report.fault);
    good
});

fuzz_target!(
    init: jit_fuzz::seeds("audit", [[vec![0], GOOD.bytes.clone()].concat(), vec![1, 0, 10, 0, 4, 7, 7], vec![2, 3, 3, 5]]),
    |data: &[u8]| {
        let Some((mode, data)) = data.split_first() else { return };
        match mode % 3 {
            0 => judge(data),
            1 => judge(&bytes_changed(&mut Unstructured::new(data)).unwrap_or_default()),
            _ => judge(&lines_moved(&mut Unstructured::new(data)).unwrap_or_default()),
        }
    }
);

/// What holds without a pin is a part of the log that was signed; with the pin, it is the whole of it.
fn judge(bytes: &[u8]) {
    let alone = verify(bytes, &Pins::default()).expect("memory can be read");
    consistent(&alone);
    if alone.holds() && alone.key == GOOD.pins.key.as_ref().map(ToString::to_string) {
        assert_eq!(alone.root.as_ref(), GOOD.roots.get(&alone.size), "{} entries", alone.size);
    }
    let pinned = verify(bytes, &GOOD.pins).expect("memory can be read");
    consistent(&pinned);
    if pinned.holds() {
        assert_eq!((pinned.size, pinned.pins), (ENTRIES, 1));
        assert_eq!(pinned.root.as_ref(), GOOD.roots.get(&ENTRIES));
        assert!(alone.holds(), "a pin can only take away");
        // Every text is accounted for: shown, sealed, or erased with an event that says so.
        assert_eq!(pinned.opened + pinned.sealed + pinned.erased, ENTRIES - 1);
    }
}

fn consistent(report: &Report) {
    assert!(report.size <= report.entries);
    if let Some(fault) = &report.fault {
        jit_fuzz::harmless(&fault.to_string(), &[]);
        assert!(fault.entries.is_none_or(|(first, last)| first <= last));
    }
    if report.holds() {
        assert!(report.root.is_some() && report.checkpoints > 0 && report.size == report.entries);
    }
}

/// The good export with a few stretches of bytes replaced.
fn bytes_changed(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut bytes = GOOD.bytes.clone();
    for _ in 0..u.int_in_range(1..=4)? {
        let at = u.choose_index(bytes.len())?;
        let cut = usize::from(u.arbitrary::<u8>()?).min(bytes.len() - at);
        let put = u.arbitrary::<u8>()?;
        let put = u.bytes(usize::from(put).min(u.len()))?.to_vec();
        bytes.splice(at..at + cut, put);
        if bytes.is_empty() {
            break;
        }
    }
    Ok(bytes)
}

/// The good export with lines taken away, doubled and exchanged: each stays a line that somebody signed for.
fn lines_moved(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = GOOD.bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..u.int_in_range(1..=6)? {
        let (from, to) = (u.choose_index(lines.len())?, u.choose_index(lines.len())?);
        match u.int_in_range(0..=3)? {
            0 if lines.len() > 1 => drop(lines.remove(from)),
            1 => lines.insert(to, lines[from].clone()),
            2 => lines.swap(from, to),
            // The promise of the header, at which a cut log would be noticed.
            _ => {
                let promised = format!("\"entries\":{}", u.int_in_range(0..=ENTRIES)?);
                let text = String::from_utf8_lossy(&lines[0]).replace(&format!("\"entries\":{ENTRIES}"), &promised);
                lines[0] = text.into_bytes();
            }
        }
    }
    Ok(lines.concat())
}
