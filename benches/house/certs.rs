//! SSH certificates a second: signing alone, another signer, and the house with all that it writes down.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::Ed25519KeyPair;
use jit_engine::SystemClock;
use jit_types::Span;

use crate::openbao::{Bao, Client, program};
use crate::stage::Stage;

/// For how long each is measured.
const FOR: Duration = Duration::from_secs(5);
/// About as many bytes as a certificate's signature is over.
const BYTES: usize = 350;

/// What one processor core signs, and nothing else.
pub(crate) fn raw() -> f64 {
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).unwrap();
    let key = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let (begun, mut done) = (Instant::now(), 0u32);
    let mut message = [0u8; BYTES];
    while begun.elapsed() < FOR / 5 {
        message[0] = message[0].wrapping_add(key.sign(&message).as_ref()[0]).wrapping_add(1);
        done += 1;
    }
    f64::from(done) / begun.elapsed().as_secs_f64()
}

/// Filed, granted by the rule, claimed: the request, the intent, the certificate, all of it durable and in the log.
pub(crate) async fn jit(clients: usize) -> f64 {
    let stage = Arc::new(Stage::set(Arc::new(SystemClock)).await);
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..clients {
        let stage = Arc::clone(&stage);
        tasks.spawn(async move {
            let (mut done, mut number) = (0u32, client);
            while begun.elapsed() < FOR {
                let request = stage.file("ruled", number, Span::from_secs(3600)).await;
                stage.claim(&request, number).await;
                (done, number) = (done + 1, number + clients);
            }
            done
        });
    }
    let done: u32 = tasks.join_all().await.into_iter().sum();
    f64::from(done) / begun.elapsed().as_secs_f64()
}

/// The same key, the same principal: `ssh/sign` over connections that are kept; `None` where it is not installed.
pub(crate) async fn openbao() -> Option<f64> {
    let dir = tempfile::tempdir().unwrap();
    let bao = Bao::start(program()?, dir.path());
    // Until a leader is there, nothing is taken.
    while bao.say(&["secrets", "enable", "ssh"]).is_none() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bao.say(&["write", "ssh/config/ca", "generate_signing_key=true", "key_type=ed25519"]).unwrap();
    let role = ["key_type=ca", "allow_user_certificates=true", "allowed_users=*", "ttl=1h", "default_user=u"];
    let mut write = vec!["write", "ssh/roles/bench"];
    write.extend(role);
    bao.say(&write).unwrap();
    let body = serde_json::json!({ "public_key": crate::stage::public_key(), "valid_principals": "u" }).to_string();
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (body, mut client) = (body.clone(), Client::open(&bao.token).await);
        tasks.spawn(async move {
            let mut done = 0u32;
            while begun.elapsed() < FOR {
                let answer = client.call("POST", "ssh/sign/bench", &body).await;
                assert!(answer["data"]["signed_key"].as_str().is_some_and(|key| key.starts_with("ssh-ed25519-cert")));
                done += 1;
            }
            done
        });
    }
    let done: u32 = tasks.join_all().await.into_iter().sum();
    Some(f64::from(done) / begun.elapsed().as_secs_f64())
}
