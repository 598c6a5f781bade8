//! A small log, made with the real sealer, tree and signer, and written as an export whose lines a test can tamper with.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jit_engine::audit::{
    Appender, ERASED, Exporter, KeyState, Keyring, Opening, Random, RandomError, SealedOpening, Sealer, Shown, Signer,
    SubjectKey,
};
use jit_types::{Digest, Event, Free, HouseId, OpeningId, PersonId, RequestId, Subject, Timestamp, Words};
use serde_json::{Value, json};

/// Randomness that repeats itself.
pub(crate) struct Counted(AtomicU64);

impl Counted {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(seed << 32)))
    }
}

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(32) {
            let n = self.0.fetch_add(1, Ordering::Relaxed);
            let block = Digest::of(&n.to_be_bytes()).0;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

/// Keys in memory.
#[derive(Default)]
pub(crate) struct Ring(pub(crate) HashMap<Subject, KeyState>);

impl Keyring for Ring {
    fn key(&self, subject: Subject) -> KeyState {
        self.0.get(&subject).cloned().unwrap_or(KeyState::Unknown)
    }
}

pub(crate) fn at(n: u64) -> Timestamp {
    Timestamp::from_millis(1_770_000_000_000 + n as i64 * 1000)
}

pub(crate) fn subject(n: u8) -> Subject {
    Subject::from_parts(at(0), [n; 10])
}

pub(crate) fn house() -> HouseId {
    HouseId::from_parts(at(0), [9; 10])
}

pub(crate) fn key(n: u8) -> KeyState {
    KeyState::Alive(Arc::new(SubjectKey::new(&[n; 32]).expect("a key")))
}

/// What an export is made from.
pub(crate) struct Plan {
    pub(crate) entries: u64,
    /// A checkpoint after so many entries each, and one at the end.
    pub(crate) every: u64,
    /// An entry that is told otherwise: what makes a fork.
    pub(crate) otherwise: Option<u64>,
    pub(crate) seed: [u8; 32],
    /// Which entry says that subject 2 is erased.
    pub(crate) erased_at: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { entries: 23, every: 5, otherwise: None, seed: [3; 32], erased_at: 17 }
    }
}

/// An export, line by line, and what is known of it elsewhere.
#[derive(Clone)]
pub(crate) struct Export {
    pub(crate) lines: Vec<Value>,
    pub(crate) key: String,
    /// The signed checkpoints by size.
    pub(crate) notes: HashMap<u64, String>,
}

fn event(n: u64, plan: &Plan, sealer: &Sealer, openings: &mut Vec<SealedOpening>) -> Event {
    let who = subject(1 + (n % 3) as u8);
    let request = RequestId::from_parts(at(n / 4), [n as u8 / 4; 10]);
    let role = "db-read".parse().expect("a role");
    let person: PersonId = "alice@example.com".parse().expect("a person");
    let words = Words::new(format!(
        "words with \"quotes\" and ünïcödé, {n}{}",
        ["", "!"][usize::from(plan.otherwise == Some(n))]
    ));
    if n == plan.erased_at {
        return Event::new(ERASED, at(n)).subject(subject(2)).actor(subject(1));
    }
    match n % 4 {
        0 => {
            let text = Free(format!("INC-{n} slow \u{202e}orders\nand \"more\""));
            let (reason, sealed) = sealer.seal_text(who, at(n), "reason", &text).expect("sealed");
            openings.push(sealed);
            Event::new("request.filed", at(n)).request(request).role(role).subject(who).field("reason", &reason)
        }
        1 => Event::new("ask.approved", at(n)).request(request).subject(who).actor(subject(3)).field("why", &words),
        2 => Event::new("claim.refused", at(n)).refused().subject(who).field("person", &person).field_of(
            subject(3),
            "approver",
            &vec![person.clone(), person.clone()],
        ),
        _ => Event::new("grant.ended", at(n)).subject(who).field("count", &(n as i64)).field("clean", &true),
    }
}

impl Export {
    pub(crate) fn make(plan: &Plan) -> Self {
        let ring = Ring((1..=3).map(|n| (subject(n), key(n))).collect());
        let keys: HashMap<Subject, KeyState> = ring.0.clone();
        let sealer = Sealer::new(Arc::new(ring), Counted::new(1));
        let signer = Signer::from_seed(house(), &plan.seed).expect("a signer");
        let mut exporter =
            Exporter::begin(Vec::new(), house(), signer.verifier_key(), at(99), plan.entries).expect("written");
        let (mut appender, mut notes) = (Appender::new(), HashMap::new());
        for n in 0..plan.entries {
            let mut openings = Vec::new();
            let event = event(n, plan, &sealer, &mut openings);
            let sealed = sealer.seal(&event).expect("sealed");
            openings.extend(sealed.openings);
            let opened: Vec<(OpeningId, Option<Opening>)> = openings
                .iter()
                .map(|o| {
                    let KeyState::Alive(key) = &keys[&o.subject] else { panic!("a key") };
                    // Subject 2 is erased.
                    (o.id, (o.subject != subject(2)).then(|| o.open(key).expect("it opens")))
                })
                .collect();
            let shown: Vec<Shown<'_>> = opened
                .iter()
                .zip(&openings)
                .map(|((id, opened), sealed)| match opened {
                    Some(_) if n % 5 == 1 => Shown::Sealed(sealed),
                    Some(opening) => Shown::Opened(opening),
                    None => Shown::Erased(*id),
                })
                .collect();
            let appended = appender.append(sealed.leaf.as_bytes());
            let nodes: Vec<Option<Digest>> = appended.nodes.iter().map(|node| Some(node.hash)).collect();
            exporter.entry(n, &sealed.leaf, &shown, &nodes).expect("written");
            if (n + 1) % plan.every == 0 || n + 1 == plan.entries {
                let note = signer.sign(n + 1, appender.root()).expect("signed");
                exporter.checkpoint(&note).expect("written");
                notes.insert(n + 1, note);
            }
        }
        if plan.entries == 0 {
            exporter.checkpoint(&signer.sign(0, appender.root()).expect("signed")).expect("written");
        }
        let text = String::from_utf8(exporter.finish().expect("written")).expect("UTF-8");
        let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        Self { lines, key: signer.verifier_key().to_string(), notes }
    }

    /// The file. Every other entry has its keys in the exporter's order, the rest in the alphabet's: a verifier must not care.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = String::new();
        for line in &self.lines {
            let mut line = line.clone();
            let odd = line["n"].as_u64().is_some_and(|n| n % 2 == 1);
            let keys: &[&str] = if odd { &["n", "leaf", "openings", "nodes"] } else { &[] };
            let object = line.as_object_mut().expect("an object");
            let mut pairs: Vec<String> =
                keys.iter().filter_map(|key| object.remove(*key).map(|value| format!("\"{key}\":{value}"))).collect();
            pairs.extend(object.iter().map(|(key, value)| format!("\"{key}\":{value}")));
            text.push_str(&format!("{{{}}}\n", pairs.join(",")));
        }
        text.into_bytes()
    }

    /// Where entry `n`'s line is.
    pub(crate) fn line(&self, n: u64) -> usize {
        self.lines.iter().position(|line| line["n"] == json!(n)).expect("the entry is there")
    }

    pub(crate) fn entry(&mut self, n: u64) -> &mut Value {
        let at = self.line(n);
        &mut self.lines[at]
    }

    /// Where the checkpoint that ends with `size` entries is.
    pub(crate) fn checkpoint(&self, size: u64) -> usize {
        self.line(size - 1) + 1
    }

    /// Changes a leaf's text.
    pub(crate) fn edit(&mut self, n: u64) {
        let entry = self.entry(n);
        let leaf = entry["leaf"].as_str().expect("a leaf").replacen("\"at\":\"2026-", "\"at\":\"2027-", 1);
        entry["leaf"] = json!(leaf);
    }

    pub(crate) fn leaf_hash(&mut self, n: u64) -> Digest {
        jit_engine::audit::tree::leaf_hash(self.entry(n)["leaf"].as_str().expect("a leaf").as_bytes())
    }
}
