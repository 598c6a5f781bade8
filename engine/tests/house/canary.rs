//! Canaries: distinctive texts and secrets are put in at every door, and looked for in every file of the state directory
//! and in everything that was ever logged, at the most talkative level.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jit_approval::Identity;
use jit_backend::ErrorKind;
use jit_backend::testkit::Fault;
use jit_engine::BoxFuture;
use jit_engine::service::{ClaimOrder, HouseDesk, Identify, claim_message};
use jit_engine::store::AnswerKey;
use jit_life::Verdict;
use jit_life::policy::Caller;
use jit_types::{Digest, Material, MaterialKind, RequestId, Secret, scram};
use tracing_subscriber::fmt::MakeWriter;

use crate::kit::people::{key, person};
use crate::kit::{Setup, World, apart, span};

const REASON: &str = "canary-reason-5d1e: the shop is slow";
const COMMENT: &str = "canary-comment-77aa: not during the sale";
const DENIAL: &str = "canary-denial-0c9b: ask the owner";
const REVOCATION: &str = "canary-revocation-e3f4: left the company";
const LABEL: &str = "canary-label-41c2";
const PASSWORD: &str = "canary-password-b81f";

/// Everything that was logged.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Heard {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The forms in which a text could stand somewhere.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    // Base64 of the text at each of the three offsets, without the digits that its neighbours share.
    let shifted = |skip: usize| STANDARD.encode(&bytes[skip..skip + (bytes.len() - skip) / 3 * 3]).into_bytes();
    let debug = format!("{bytes:?}");
    vec![
        bytes.to_vec(),
        hex::encode(bytes).into_bytes(),
        hex::encode_upper(bytes).into_bytes(),
        shifted(0),
        shifted(1),
        shifted(2),
        debug.trim_matches(['[', ']']).as_bytes().to_vec(),
    ]
}

fn holds(hay: &[u8], text: &str) -> bool {
    forms(text).iter().any(|needle| hay.windows(needle.len()).any(|window| window == needle))
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(dir).expect("the directory");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(path).expect("a file"))
        })
        .collect()
}

struct Known(Caller);

impl Identify for Known {
    fn identify<'a>(&'a self, _: &'a Identity) -> BoxFuture<'a, Result<Option<Caller>, jit_engine::Error>> {
        let caller = self.0.clone();
        Box::pin(async { Ok(Some(caller)) })
    }
}

async fn filed(world: &World, role: &str) -> jit_life::Request {
    let alice = world.caller("alice").await;
    let claim_key = hex::encode(key("alice").public_key().as_ref());
    let wish = World::wish(role, Some("1h"), REASON);
    world.house.file(&alice, &wish, &claim_key, None).await.expect("it is filed").request
}

/// Claims with a verifier; says what the claim said and what the verifier was.
async fn claimed(world: &World, request: RequestId, nonce: &str) -> (String, bool) {
    let password = Secret::new(PASSWORD.to_owned());
    let verifier = scram::verifier(&password, &[nonce.len() as u8; 16], 4096).expect("a verifier");
    let text = verifier.expose_verifier().to_owned();
    let material = Material::ScramVerifier(verifier);
    let message = claim_message(world.house.id(), request, 0, &material.digest(), nonce);
    let signature = key("alice").sign(&message);
    let answer = AnswerKey { key: Digest::of(nonce.as_bytes()), body: Digest::of(&message) };
    let order =
        ClaimOrder { request, entitlement: 0, material, signature: signature.as_ref(), key: None, nonce, answer };
    let claimed = world.house.claim(&world.caller("alice").await, order).await;
    if let Err(error) = &claimed {
        assert!(!holds(format!("{error} {error:?}").as_bytes(), &text), "{error}");
    }
    (text, claimed.is_ok())
}

/// In a process of its own: who logs at the most talkative level does so for all of a process.
#[test]
fn texts_are_only_sealed_and_secrets_are_nowhere() {
    apart("canary::texts_are_only_sealed_and_secrets_are_nowhere", look_everywhere());
}

async fn look_everywhere() {
    let heard = Heard::default();
    let log = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
    tracing::subscriber::set_global_default(log.with_writer(heard.clone()).with_ansi(false).finish()).expect("once");
    let setup = Setup { shop: |fake| fake.with_material(MaterialKind::ScramVerifier), ..Setup::default() };
    let world = World::with(setup).await;
    let mut secrets = vec![PASSWORD.to_owned()];

    // A whole life, with a comment; a denial; a revocation; a decision over a channel.
    let asked = filed(&world, "db").await;
    let bob = world.caller("bob").await;
    let hash = asked.asks[0].hash;
    let yes = Verdict::Approve { span: None };
    world.house.decide(&bob, asked.id, hash, yes, Some(COMMENT), None).await.expect("approved");
    let (verifier, done) = claimed(&world, asked.id, "n").await;
    assert!(done);
    secrets.push(verifier);
    world.release("alice", asked.id).await.expect("released");
    world.idle().await;
    let desk = HouseDesk::new(Arc::clone(&world.house), Arc::new(Known(bob)));
    let again = filed(&world, "db").await;
    let decision = jit_approval::Decision {
        ask: again.asks[0].id,
        hash: again.asks[0].hash,
        by: Identity::new("chat", "bob"),
        verdict: jit_approval::Verdict::Deny,
        comment: Some(DENIAL.to_owned()),
        evidence: vec![],
    };
    assert!(jit_approval::Desk::decide(&desk, &decision).await.done);
    let quick = filed(&world, "quick").await;
    // Failure paths: the target fails, does not answer, answers too late; the signature is wrong; the claim is repeated.
    world.shop.fail_next(1, ErrorKind::Refused);
    let (verifier, done) = claimed(&world, quick.id, "failing").await;
    assert!(!done);
    secrets.push(verifier);
    world.shop.fault(Fault::Unreachable);
    secrets.push(claimed(&world, quick.id, "unreachable!").await.0);
    world.shop.fault(Fault::Lifted);
    let (verifier, done) = claimed(&world, quick.id, "well, at last").await;
    assert!(done);
    secrets.push(verifier);
    let ada = world.caller("ada").await;
    world.house.revoke(&ada, quick.id, REVOCATION, None).await.expect("revoked");
    world.idle().await;
    // Tokens.
    let alice = world.caller("alice").await;
    let token = world.house.create_token(&alice, None, LABEL, None, span("1d"), None).await.expect("a token");
    let bearer = token.secret.expose_secret().to_owned();
    assert!(world.house.token(&token.secret).await.expect("the store").is_some());
    secrets.push(bearer.clone());
    secrets.push(bearer.trim_start_matches("jit_").to_owned());
    let raw = URL_SAFE_NO_PAD.decode(bearer.trim_start_matches("jit_")).expect("base64");
    world.house.revoke_token(&alice, token.token.id).await.expect("revoked");
    world.pass(span("2h")).await;
    world.verified().await;

    // They were put in: who may read can read them, and the channel showed them to those who decide.
    let read = world.house.open_text(&asked.reason).await.expect("the openings").expect("a text");
    assert_eq!(read.0, REASON);
    let read = world.house.read_log(&ada, Default::default()).await.expect("the log");
    let opened: Vec<String> = read.iter().flat_map(|r| r.opened.values()).map(ToString::to_string).collect();
    for text in [REASON, COMMENT, DENIAL, REVOCATION, LABEL, "alice@example.com"] {
        assert!(opened.iter().any(|o| o.contains(text)), "`{text}` can't be read back");
    }

    let files = files(world.dir.path());
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    for wanted in ["house.db", "house.db-wal", "keys.db", "openings.db"] {
        assert!(names.contains(&wanted), "{names:?}");
    }
    let heard = heard.0.lock().unwrap().clone();
    assert!(holds(&heard, "INSERT INTO requests"), "the log is at its most talkative");
    let everywhere = files.iter().map(|(name, bytes)| (name.as_str(), bytes)).chain([("what was logged", &heard)]);
    for (place, bytes) in everywhere {
        for secret in &secrets {
            assert!(!holds(bytes, secret), "a secret stands in {place}");
        }
        assert!(!bytes.windows(raw.len()).any(|window| window == raw), "a token's bytes stand in {place}");
        for text in [REASON, COMMENT, DENIAL, REVOCATION] {
            assert!(!holds(bytes, text), "`{text}` stands in {place} in clear");
        }
        // Who somebody is stands in the store of keys alone.
        for name in ["alice", "bob"].map(|name| person(name).to_string()) {
            assert!(place.starts_with("keys.db") || !holds(bytes, &name), "`{name}` stands in {place}");
        }
    }
}
