//! Sealing, opening and erasing: what a leaf says, what it doesn't, and what is left in the files of an erased subject.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::support::{Counted, Ring, at, key, subject};
use jit_engine::audit::{
    KeyState, Keyring as _, KeysError, OpenError, Openings as _, SealError, SealedOpening, Sealer, SqliteKeys,
    SqliteOpenings, SubjectKeys as _, SystemRandom,
};
use jit_types::{
    AskId, ClaimId, Class, Classified, Event, Free, GrantId, PersonId, Principal, RequestId, RoleName, Timestamp, Value,
};

fn sealer(seed: u64) -> Sealer {
    let mut ring = Ring((1..=3).map(|n| (subject(n), key(n))).collect());
    ring.0.insert(subject(4), KeyState::Destroyed);
    Sealer::new(Arc::new(ring), Counted::new(seed))
}

fn alice() -> PersonId {
    "alice@example.com".parse().expect("a person")
}

/// A value of a class that must go nowhere.
struct Hidden;

impl Classified for Hidden {
    const CLASS: Class = Class::Secret;
    fn value(&self) -> Value {
        Value::Text("hunter2".to_owned())
    }
}

#[test]
fn a_leaf_is_one_line_in_a_fixed_order() {
    let role: RoleName = "db-read".parse().expect("a role");
    let event = Event::new("claim.issued", at(1))
        .claim(ClaimId::from_parts(at(4), [4; 10]))
        .grant(GrantId::from_parts(at(3), [3; 10]))
        .ask(AskId::from_parts(at(2), [2; 10]))
        .request(RequestId::from_parts(at(1), [1; 10]))
        .subject(subject(1))
        .actor(subject(2))
        .role(role)
        .field("n", &7u32)
        .field("person", &alice());
    let sealed = sealer(1).seal(&event).expect("sealed");
    let opening = &sealed.openings[0];
    let digest = opening.open(&subject_key(1)).expect("it opens").digest();
    let expected = format!(
        concat!(
            r#"{{"v":1,"kind":"claim.issued","at":"2026-02-02T02:40:01.000Z","request":"{}","ask":"{}","grant":"{}","#,
            r#""claim":"{}","role":"db-read","actor":"{}","subject":"{}","outcome":"done","fields":{{"n":7,"person":"#,
            r#"{{"commitment":"{}","opening":"{}","subject":"{}"}}}}}}"#
        ),
        event.request.expect("set"),
        event.ask.expect("set"),
        event.grant.expect("set"),
        event.claim.expect("set"),
        subject(2),
        subject(1),
        digest,
        opening.id,
        subject(1),
    );
    assert_eq!(sealed.leaf, expected);
    assert_eq!(sealer(1).seal(&event), Ok(sealed), "the same randomness, the same bytes");
}

fn subject_key(n: u8) -> Arc<jit_engine::audit::SubjectKey> {
    let KeyState::Alive(key) = key(n) else { panic!("a key") };
    key
}

#[test]
fn nothing_personal_is_left_in_a_leaf_and_all_of_it_opens() {
    let principal: Principal = "unix:alice".parse().expect("a principal");
    let canaries = ["alice@example.com", "unix:alice", "CANARY reason", "bob@example.com"];
    let sealer = sealer(2);
    let text = Free("CANARY reason \"quoted\"\nsecond line \u{1b}[31m".to_owned());
    let (reason, sealed_reason) = sealer.seal_text(subject(1), at(0), "reason", &text).expect("sealed");
    let bob: PersonId = "bob@example.com".parse().expect("a person");
    let event = Event::new("ask.approved", at(1))
        .subject(subject(1))
        .field("reason", &reason)
        .field("person", &alice())
        .field("principal", &principal)
        .field("persons", &vec![alice(), bob.clone()])
        .field_of(subject(2), "approver", &bob);
    let sealed = sealer.seal(&event).expect("sealed");
    assert!(!sealed.leaf.contains('\n'));
    for canary in canaries {
        assert!(!sealed.leaf.contains(canary), "{canary} in {}", sealed.leaf);
        for opening in sealed.openings.iter().chain([&sealed_reason]) {
            let found = opening.ciphertext.windows(canary.len()).any(|w| w == canary.as_bytes());
            assert!(!found && !format!("{opening:?}").contains(canary));
        }
    }
    let leaf: serde_json::Value = serde_json::from_str(&sealed.leaf).expect("JSON");
    let values: Vec<Value> = sealed
        .openings
        .iter()
        .chain([&sealed_reason])
        .map(|sealed| {
            let who = if sealed.subject == subject(2) { 2 } else { 1 };
            let opening = sealed.open(&subject_key(who)).expect("it opens");
            let committed = &leaf["fields"][opening.field.as_str()];
            assert_eq!(committed["commitment"], opening.digest().to_string());
            assert_eq!(committed["opening"], opening.id.to_string());
            assert_eq!(committed["subject"], opening.subject.to_string());
            let digest = opening.digest();
            assert!(sealed.open_checked(&subject_key(who), &digest).is_ok());
            opening.value().expect("a value")
        })
        .collect();
    let texts = |value: &str| Value::Text(value.to_owned());
    let list = Value::List(vec!["alice@example.com".to_owned(), "bob@example.com".to_owned()]);
    assert_eq!(
        values,
        [texts("alice@example.com"), texts("unix:alice"), list, texts("bob@example.com"), texts(&text.0)]
    );
}

#[test]
fn equal_texts_don_t_look_equal() {
    let sealer = sealer(3);
    let event = Event::new("x.done", at(1)).subject(subject(1)).field("a", &alice());
    let (first, second) = (sealer.seal(&event).expect("sealed"), sealer.seal(&event).expect("sealed"));
    assert_ne!(first.leaf, second.leaf);
    assert_ne!(first.openings[0].ciphertext, second.openings[0].ciphertext);
}

#[test]
fn what_can_t_be_written_is_refused() {
    let sealer = sealer(4);
    let base = || Event::new("x.done", at(1));
    assert_eq!(sealer.seal(&base().field("token", &Hidden)), Err(SealError::Secret("token")));
    assert_eq!(sealer.seal(&base().field("who", &alice())), Err(SealError::NoSubject("who")));
    assert_eq!(sealer.seal(&base().field("a", &1u32).field("a", &2u32)), Err(SealError::Twice("a")));
    let unknown = base().subject(subject(8)).field("who", &alice());
    assert_eq!(sealer.seal(&unknown), Err(SealError::NoKey(subject(8))));
    // Where the event is about nobody, the one who acted is the one it is personal to.
    let by = sealer.seal(&base().actor(subject(3)).field("who", &alice())).expect("sealed");
    assert_eq!(by.openings[0].subject, subject(3));
}

#[test]
fn of_an_erased_subject_nothing_more_is_kept() {
    let sealer = sealer(5);
    let event = Event::new("grant.ended", at(1)).subject(subject(4)).field("who", &alice());
    let sealed = sealer.seal(&event).expect("the log goes on");
    assert!(sealed.openings.is_empty() && sealed.leaf.contains(&subject(4).to_string()));
    let text = Free("a reason".to_owned());
    let refused = sealer.seal_text(subject(4), at(1), "reason", &text).map(|_| ());
    assert_eq!(refused, Err(SealError::Destroyed(subject(4))));
}

#[test]
fn a_sealed_opening_fits_its_key_its_id_and_its_subject_only() {
    let sealer = sealer(6);
    let text = Free("a reason".to_owned());
    let (commitment, sealed) = sealer.seal_text(subject(1), at(1), "reason", &text).expect("sealed");
    let (other, other_sealed) = sealer.seal_text(subject(1), at(1), "reason", &text).expect("sealed");
    let key = subject_key(1);
    assert!(sealed.open_checked(&key, &commitment.digest).is_ok());
    assert_eq!(sealed.open_checked(&key, &other.digest).err(), Some(OpenError::Mismatch));
    assert_eq!(sealed.open(&subject_key(2)).err(), Some(OpenError::Sealed));
    let bends: [fn(&mut SealedOpening); 5] = [
        |s| s.ciphertext[0] ^= 1,
        |s| s.nonce[0] ^= 1,
        |s| s.subject = subject(2),
        |s| s.ciphertext.truncate(s.ciphertext.len() - 1),
        |s| s.ciphertext.clear(),
    ];
    for bend in bends {
        let mut bent = sealed.clone();
        bend(&mut bent);
        assert_eq!(bent.open(&key).err(), Some(OpenError::Sealed));
    }
    let mut swapped = sealed.clone();
    swapped.id = other_sealed.id;
    assert_eq!(swapped.open(&key).err(), Some(OpenError::Sealed));
}

fn files_hold(directory: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(directory).expect("a directory").any(|file| {
        let bytes = std::fs::read(file.expect("a file").path()).expect("read");
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn keys_live_in_a_file_of_their_own_and_die_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("keys.db");
    let now = Timestamp::from_millis(1_770_000_000_000);
    // The counted source draws the id of the person minted first, and then the key.
    let random = Counted::new(77);
    let keys = SqliteKeys::open(&path, random.clone()).await.expect("opened");
    let alice = alice();
    let bob: PersonId = "bob@example.com".parse().expect("a person");
    assert_eq!(keys.subject(&alice), None);
    let (sub, again, other) = (
        keys.mint(&alice, now).await.expect("minted"),
        keys.mint(&alice, now).await.expect("found"),
        keys.mint(&bob, now).await.expect("minted"),
    );
    assert_eq!(sub, again);
    assert_ne!(sub, other);
    assert_eq!((keys.subject(&alice), keys.person(sub)), (Some(sub), Some(alice.clone())));
    for file in std::fs::read_dir(directory.path()).expect("a directory") {
        let file = file.expect("a file");
        let mode = file.metadata().expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.path());
    }
    let key_bytes = jit_types::Digest::of(&((77u64 << 32) + 1).to_be_bytes()).0;
    assert!(files_hold(directory.path(), &key_bytes) && files_hold(directory.path(), b"alice@example.com"));

    let sealer = Sealer::new(Arc::new(Holder(keys)), Arc::new(SystemRandom));
    let text = Free("a reason".to_owned());
    let (_, sealed) = sealer.seal_text(sub, now, "reason", &text).expect("sealed");
    drop(sealer);
    let keys = SqliteKeys::open(&path, random.clone()).await.expect("opened again");
    let KeyState::Alive(key) = keys.key(sub) else { panic!("the key is there") };
    assert!(sealed.open(&key).is_ok());

    assert_eq!(keys.destroy(sub, now).await, Ok(true));
    assert_eq!(keys.destroy(sub, now).await, Ok(false));
    assert!(!files_hold(directory.path(), &key_bytes), "the key is overwritten, also in the write-ahead log");
    assert!(!files_hold(directory.path(), b"alice@example.com"));
    assert!(files_hold(directory.path(), b"bob@example.com"));
    assert_eq!(keys.destroy(crate::support::subject(200), now).await, Err(KeysError::Unknown));
    for round in 0..2 {
        let keys = SqliteKeys::open(&path, random.clone()).await.expect("opened");
        assert!(matches!(keys.key(sub), KeyState::Destroyed), "round {round}");
        assert!(matches!(keys.key(other), KeyState::Alive(_)));
        assert_eq!((keys.subject(&alice), keys.person(sub)), (None, None));
        keys.close().await;
    }
    assert_ne!(keys.mint(&alice, now).await.expect("minted anew"), sub, "who comes back is somebody new");
}

/// Hands the keys to a sealer while they are also used elsewhere.
struct Holder(SqliteKeys);

impl jit_engine::audit::Keyring for Holder {
    fn key(&self, subject: jit_types::Subject) -> KeyState {
        self.0.key(subject)
    }
}

#[tokio::test]
async fn many_mint_one_person_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("keys.db");
    let keys = Arc::new(SqliteKeys::open(&path, Arc::new(SystemRandom)).await.expect("opened"));
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let keys = keys.clone();
            tokio::spawn(async move { keys.mint(&alice(), at(n)).await.expect("minted") })
        })
        .collect();
    let mut subjects = std::collections::HashSet::new();
    for task in tasks {
        subjects.insert(task.await.expect("done"));
    }
    assert_eq!(subjects.len(), 1);
}

#[tokio::test]
async fn a_file_that_others_may_read_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("keys.db");
    std::fs::write(&path, b"").expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("set");
    let error = SqliteKeys::open(&path, Arc::new(SystemRandom)).await.err().expect("refused");
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn openings_are_kept_found_missed_and_forgotten() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = SqliteOpenings::open(&directory.path().join("openings.db")).await.expect("opened");
    let sealer = sealer(7);
    let make = |who: u8, n: u64| {
        let text = Free(format!("reason {n}"));
        sealer.seal_text(subject(who), at(n), "reason", &text).expect("sealed").1
    };
    let mine: Vec<_> = (0..5).map(|n| make(1, n)).collect();
    let others: Vec<_> = (5..8).map(|n| make(2, n)).collect();
    let all: Vec<_> = mine.iter().chain(&others).cloned().collect();
    let ids: Vec<_> = all.iter().map(|o| o.id).collect();
    store.add(&all[..7]).await.expect("kept");
    assert_eq!(store.missing(&ids).await.expect("looked"), [ids[7]]);
    // Once more, as after a conflict: what is there stays, what is missing comes.
    store.add(&all).await.expect("kept");
    let got = store.get(&ids).await.expect("looked");
    assert_eq!(got.len(), 8);
    assert!(all.iter().all(|opening| got.get(&opening.id) == Some(opening)));
    assert!(files_hold(directory.path(), &mine[0].ciphertext));
    assert_eq!(store.forget(subject(1)).await.expect("forgotten"), 5);
    assert_eq!(store.missing(&ids).await.expect("looked"), ids[..5]);
    assert!(!files_hold(directory.path(), &mine[0].ciphertext));
    assert!(files_hold(directory.path(), &others[0].ciphertext));
    store.close().await;
}
