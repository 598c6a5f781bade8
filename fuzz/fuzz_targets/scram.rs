//! SCRAM verifiers: what is accepted is kept to the letter and has the stated minima, because PostgreSQL takes what is
//! not exactly a verifier for a plain password.
#![no_main]

use jit_types::scram::{password, verifier};
use jit_types::{ScramVerifier, Secret};
use libfuzzer_sys::fuzz_target;

/// The bytes behind canonical base64 of RFC 4648 §4, read in another way than the house does.
fn base64(text: &str) -> Option<usize> {
    let body = text.trim_end_matches('=');
    let pad = text.len() - body.len();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    (text.len() % 4 == 0 && pad <= 2 && body.bytes().all(plain)).then_some(text.len() / 4 * 3 - pad)
}

fuzz_target!(
    init: jit_fuzz::seeds("scram", [(16, 4096), (17, 4096), (18, 10_000), (64, 4097)].map(|(salt, iterations)| {
        let made = verifier(&password(&[7; 32]), &vec![9; salt], iterations).expect("a verifier");
        made.expose_verifier().to_owned()
    })),
    |text: &str| {
        let Ok(kept) = ScramVerifier::parse(Secret::new(text.to_owned())) else { return };
        assert_eq!(kept.expose_verifier(), text);
        let fields: Vec<&str> = text.split(['$', ':']).collect();
        let [mechanism, iterations, salt, stored, server] = fields.as_slice() else { panic!("{} fields", fields.len()) };
        assert_eq!(*mechanism, "SCRAM-SHA-256");
        let count: u32 = iterations.parse().expect("a number");
        assert_eq!(count.to_string(), *iterations);
        assert!((4096..=1_000_000).contains(&count));
        let salt = base64(salt).expect("base64");
        assert!((16..=64).contains(&salt));
        assert_eq!(kept.salt().len(), salt);
        assert_eq!((base64(stored), base64(server)), (Some(32), Some(32)));
    }
);
