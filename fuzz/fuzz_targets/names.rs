//! Durations, times, ids, names, digests: what is read is written back the same, and nothing else is read.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use jit_backend_ssh::names as ssh;
use jit_types::{
    AskId, BackendName, ChannelName, ClaimId, Digest, EventId, GrantId, GroupName, HouseId, OpeningId, ParamName,
    PersonId, Principal, RequestId, RoleName, Span, Subject, Timestamp, TokenId, Words,
};
use libfuzzer_sys::fuzz_target;

/// What is written reads back as the same value, and is written the same again. Says whether it was read at all.
fn back<T: FromStr + Display + PartialEq + std::fmt::Debug>(text: &str) -> Option<String>
where
    T::Err: Display,
{
    match text.parse::<T>() {
        Ok(value) => {
            let written = value.to_string();
            assert_eq!(written.parse::<T>().ok().as_ref(), Some(&value), "{text:?} was written as {written:?}");
            Some(written)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

/// Names and ids have one spelling only.
fn exact<T: FromStr + Display + PartialEq + std::fmt::Debug>(text: &str)
where
    T::Err: Display,
{
    if let Some(written) = back::<T>(text) {
        assert_eq!(written, text);
        jit_fuzz::harmless(text, &[]);
        assert!(
            !text.is_empty() && !text.contains([' ', '\t', ',', '"', '\'', '\\', '`', '$', '#']) || text.contains(':')
        );
    }
}

const KNOWN_HOST: &str =
    "@cert-authority * ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD";

/// One of each.
const SEEDS: [&str; 16] = [
    "2h",
    "1d2h3m4s",
    "2026-03-01T09:30:00Z",
    "0001-01-01T00:00:00+00:01",
    "0000-01-01T00:00:00+00:01",
    "9999-12-31T23:59:60Z",
    "req_01q9gd6e00e81840g2081040g2",
    "gr_01q9gd6e00e81840g2081040g2",
    "db-read",
    "alice@example.com",
    "unix:alice",
    "10.0.0.0/8",
    "2001:db8::/32",
    "*.prod.example.com",
    KNOWN_HOST,
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];

fuzz_target!(init: jit_fuzz::seeds("names", SEEDS), |text: &str| one(text));

fn one(text: &str) {
    if let Ok(span) = text.parse::<Span>() {
        assert!(span.secs() <= 3_200_000_000);
    }
    back::<Span>(text);
    back::<Timestamp>(text);
    back::<Digest>(text);
    back::<ssh::Network>(text);

    exact::<RequestId>(text);
    exact::<AskId>(text);
    exact::<GrantId>(text);
    exact::<ClaimId>(text);
    exact::<TokenId>(text);
    exact::<HouseId>(text);
    exact::<Subject>(text);
    exact::<EventId>(text);
    exact::<OpeningId>(text);
    exact::<RoleName>(text);
    exact::<BackendName>(text);
    exact::<ChannelName>(text);
    exact::<GroupName>(text);
    exact::<ParamName>(text);
    exact::<PersonId>(text);
    exact::<Principal>(text);
    exact::<ssh::Principal>(text);
    exact::<ssh::Account>(text);
    exact::<ssh::HostPattern>(text);

    // Of these, a text may hold blanks: but it is one line, and an option of no file.
    for line in [back::<ssh::KnownHost>(text), back::<ssh::ForcedCommand>(text)].into_iter().flatten() {
        assert_eq!(line, text);
        jit_fuzz::harmless(&line, &[]);
    }
    let words = Words::new(text);
    jit_fuzz::harmless(words.as_str(), &[]);
    assert_eq!(Words::new(words.as_str()), words);
}
