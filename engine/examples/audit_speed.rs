//! How fast events are sealed, appended and verified on one core:
//! `cargo run --release -p jit-engine --example audit_speed [events]`.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jit_engine::audit::{
    Appender, Exporter, KeyState, Keyring, Pins, Report, Sealed, Sealer, Shown, Signer, SubjectKey, SystemRandom,
    verify,
};
use jit_types::{Event, Free, GrantId, HouseId, PersonId, RequestId, Subject, Timestamp, Words};

struct One(Arc<SubjectKey>);

impl Keyring for One {
    fn key(&self, _: Subject) -> KeyState {
        KeyState::Alive(self.0.clone())
    }
}

fn show(what: &str, events: u64, took: Duration) {
    let each = took.as_secs_f64() / events as f64;
    println!("{what:<28} {:>6.2} µs an event, {:>10.0} events a second", each * 1e6, 1.0 / each);
}

fn main() -> Result<(), Box<dyn Error>> {
    let events: u64 = std::env::args().nth(1).map_or(Ok(200_000), |n| n.parse())?;
    let at = |n: u64| Timestamp::from_millis(1_770_000_000_000 + n as i64);
    let key = Arc::new(SubjectKey::new(&[7; 32]).ok_or("no key")?);
    let sealer = Sealer::new(Arc::new(One(key.clone())), Arc::new(SystemRandom));
    let subject = Subject::from_parts(at(0), [1; 10]);
    let person: PersonId = "alice@example.com".parse()?;
    let words = Words::new("the role is gone, no session is left, nothing is prepared");

    // A grant's life as the log sees it: ten events, two of which hold something personal.
    let mut reasons = Vec::new();
    let mut life = Vec::new();
    for n in 0..events {
        let base = |kind| {
            Event::new(kind, at(n))
                .request(RequestId::from_parts(at(n / 10), [2; 10]))
                .grant(GrantId::from_parts(at(n / 10), [3; 10]))
                .subject(subject)
        };
        life.push(match n % 10 {
            0 => {
                let text = Free("INC-42 slow orders since the morning".to_owned());
                let (reason, sealed) = sealer.seal_text(subject, at(n), "reason", &text)?;
                reasons.push(sealed);
                base("request.filed").role("db-read".parse()?).field("reason", &reason)
            }
            1 => base("ask.approved").actor(subject).field("person", &person),
            _ => base("claim.gone").field("grade", &"observed").field("evidence", &words),
        });
    }

    let start = Instant::now();
    let sealed: Vec<Sealed> = life.iter().map(|event| sealer.seal(event)).collect::<Result<_, _>>()?;
    show("seal (a tenth personal)", events, start.elapsed());
    let personal = Event::new("ask.approved", at(1)).subject(subject).field("person", &person);
    let start = Instant::now();
    for _ in 0..events {
        sealer.seal(&personal)?;
    }
    show("seal (all personal)", events, start.elapsed());
    let mut appender = Appender::new();
    let start = Instant::now();
    for sealed in &sealed {
        appender.append(sealed.leaf.as_bytes());
    }
    show("append", events, start.elapsed());

    let house = HouseId::from_parts(at(0), [4; 10]);
    let signer = Signer::from_seed(house, &[5; 32])?;
    let mut exporter = Exporter::begin(Vec::new(), house, signer.verifier_key(), at(0), events)?;
    let mut appender = Appender::new();
    let mut reasons = reasons.iter();
    for (n, sealed) in (0u64..).zip(&sealed) {
        let mut openings = Vec::new();
        if n.is_multiple_of(10) {
            openings.extend(reasons.next().map(|reason| reason.open(&key)).transpose()?);
        }
        for opening in &sealed.openings {
            openings.push(opening.open(&key)?);
        }
        let shown: Vec<_> = openings.iter().map(Shown::Opened).collect();
        let nodes: Vec<_> = appender.append(sealed.leaf.as_bytes()).nodes.iter().map(|node| Some(node.hash)).collect();
        exporter.entry(n, &sealed.leaf, &shown, &nodes)?;
        if n.is_multiple_of(1000) || n + 1 == events {
            exporter.checkpoint(&signer.sign(n + 1, appender.root())?)?;
        }
    }
    let export = exporter.finish()?;
    // The best of five: on a machine that does other things too, that is the one that tells most.
    let mut report = Report::default();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        report = verify(export.as_slice(), &Pins::default())?;
        best = best.min(start.elapsed());
    }
    show("verify", events, best);
    println!("{} bytes an event; {report:?}", export.len() as u64 / events);
    if report.holds() { Ok(()) } else { Err("the export does not hold".into()) }
}
