//! Erasing a person from a real house: nothing of theirs can be read in any file, and every proof stands.

use std::collections::BTreeSet;
use std::future::Future as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

use jit_engine::audit::{FaultKind, Pins, verify};
use jit_engine::service::erase::Erased;
use jit_engine::service::lock::Whom;
use jit_engine::store::{PINS, Pins as Pinned, Query, StoreError, Write};
use jit_engine::{Error, failpoints};
use jit_life::policy::Caller;
use jit_life::{RefusedKind, Request, Verdict};
use jit_types::digest::Hasher;
use jit_types::{ParamValue, PersonId, RequestId};

use crate::kit::people::{key, person};
use crate::kit::{World, span, until};

/// What Alice types, which nobody else does.
const CANARY: &str = "canary-3c9a0f the orders of Mrs Smith";

/// The host that Alice names as a parameter.
const TYPED: &str = "canary-host-of-mrs-smith";

/// Where an erasure dies. One for the process: every test here is alone with it.
static DIES: Mutex<Option<&str>> = Mutex::new(None);
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn erase(world: &World, by: &str, who: &str) -> Result<Erased, Error> {
    world.house.erase(&world.caller(by).await, &person(who)).await
}

/// Erases, and dies at a place.
async fn killed(world: &World, at: &'static str) {
    let dies = |at| *DIES.lock().unwrap_or_else(PoisonError::into_inner) = at;
    failpoints::hook(|name| {
        let dies = *DIES.lock().unwrap_or_else(PoisonError::into_inner);
        assert_ne!(dies, Some(name), "it dies here");
    });
    dies(Some(at));
    let died = erase(world, "ada", "alice").await;
    dies(None);
    assert!(matches!(died, Err(Error::Unavailable(_))), "{died:?}");
}

fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> RefusedKind {
    match result.expect_err("it is refused") {
        Error::Refused(refused) => refused.kind,
        other => panic!("{other:?}"),
    }
}

/// A house in which Alice has asked, got and given back, and decided nothing.
async fn lived_in() -> (World, RequestId) {
    let world = World::new().await;
    let alice = world.caller("alice").await;
    let key = hex::encode(aws_lc_rs::signature::KeyPair::public_key(&key("alice")).as_ref());
    let filed = world.house.file(&alice, &World::wish("quick", Some("30m"), CANARY), &key, None).await;
    let id = filed.expect("filed").request.id;
    world.claim("alice", id, "n").await.expect("a credential");
    world.house.create_token(&alice, None, CANARY, None, span("1h"), None).await.expect("a token");
    let mut typed = World::wish("typed", Some("30m"), CANARY);
    typed.params = [("host".parse().expect("a name"), ParamValue::Text(TYPED.to_owned()))].into();
    let typed = world.house.file(&alice, &typed, &key, None).await.expect("filed").request.id;
    world.claim("alice", typed, "n").await.expect("a credential");
    world.release("alice", typed).await.expect("released");
    let denied = world.file("alice", "db", "1h").await;
    world.decide("bob", &denied, Verdict::Deny).await.expect("denied");
    world.release("alice", id).await.expect("released");
    world.pass(span("5h")).await;
    (world, id)
}

/// The names of the files in which a text stands.
fn holding(dir: &Path, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    let holds = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    files.filter(holds).map(|path| path.display().to_string()).collect()
}

async fn exported(world: &World) -> Vec<u8> {
    world.house.export(&world.caller("ada").await, true, Vec::new()).await.expect("an export")
}

async fn is_erased(world: &World, alice: &PersonId, id: RequestId) {
    assert_eq!(world.house.known_subject(alice), None);
    for text in [CANARY, TYPED, alice.as_str()] {
        assert_eq!(holding(world.dir.path(), text), Vec::<String>::new(), "{text}");
    }
    let reason = world.request(id).await.reason;
    assert_eq!(world.house.open_text(&reason).await.expect("the openings").map(|free| free.0), None);
    let export = String::from_utf8(exported(world).await).expect("text");
    assert!(!export.contains(CANARY) && !export.contains(TYPED) && !export.contains(alice.as_str()));
    let of_hers = Query { subject: Some(world.request(id).await.subject), ..Query::default() };
    for request in world.store().requests(of_hers).await.expect("read") {
        let keys = notices(&request);
        assert_eq!(world.store().messages_under(keys).await.expect("read"), Vec::<[String; 3]>::new());
    }
    world.verified().await;
}

/// How the keys of the notices of a request begin.
fn notices(request: &Request) -> Vec<String> {
    let asks = request.asks.iter().flat_map(|ask| [format!("ask/{}", ask.id), format!("note/{}/", ask.id)]);
    asks.chain([format!("news/{}/", request.id), format!("note/{}/", request.id)]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_types_into_a_parameter_is_sealed_in_the_record() {
    let _alone = ALONE.lock().await;
    let (world, _) = lived_in().await;
    let sealed = world.house.export(&world.caller("ada").await, false, Vec::new()).await.expect("an export");
    let sealed = String::from_utf8(sealed).expect("text");
    assert!(!sealed.contains(TYPED), "it stands in the record in clear");
    assert!(sealed.contains("use of orders"), "what the config says does stand there");
    let opened = String::from_utf8(exported(&world).await).expect("text");
    assert!(opened.contains(&format!("use of {TYPED}")), "whoever may open it reads it");
    assert!(!holding(world.dir.path(), TYPED).is_empty(), "the store needs it as long as she is not erased");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_is_in_no_file_and_old_and_new_exports_verify() {
    let _alone = ALONE.lock().await;
    let (world, id) = lived_in().await;
    let alice = person("alice");
    let before = exported(&world).await;
    assert!(String::from_utf8(before.clone()).expect("text").contains(CANARY));
    assert!(!holding(world.dir.path(), alice.as_str()).is_empty(), "the keys' file names her");
    let erased = erase(&world, "ada", "alice").await.expect("erased");
    assert_eq!((erased.requests, erased.configured), (3, true));
    assert!(erased.copies.iter().all(|copy| copy.channel == "chat" && !copy.message.is_empty()));
    assert!(!erased.copies.is_empty());
    is_erased(&world, &alice, id).await;
    let events = world.told("subject.erased", "done").await;
    assert_eq!(events.len(), 4, "one for each request, one for her");
    assert!(world.verified().await.erased > 0);
    let pins = Pins { key: Some(world.house.verifier_key().parse().expect("a key")), checkpoints: Vec::new() };
    assert_eq!(verify(before.as_slice(), &pins).expect("it can be read").fault, None);
    // The same again finds nobody; who comes back is somebody new.
    assert_eq!(kind(erase(&world, "ada", "alice").await), RefusedKind::NotFound);
    let again = world.file("alice", "quick", "1h").await;
    assert_ne!(again.subject, world.request(id).await.subject);
    world.verified().await;
}

/// What a claim gave is kept for whoever asks again, and a certificate names its holder.
#[tokio::test(flavor = "multi_thread")]
async fn of_what_an_erased_person_was_given_no_answer_is_kept() {
    use sqlx::Connection as _;
    let _alone = ALONE.lock().await;
    let (world, _) = lived_in().await;
    let path = world.dir.path().join("house.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("a connection");
    let mut kept = async || -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM answers WHERE extra IS NOT NULL");
        count.fetch_one(&mut connection).await.expect("the answers")
    };
    assert_eq!(kept().await, 2);
    erase(&world, "ada", "alice").await.expect("erased");
    assert_eq!(kept().await, 0);
    // Somebody new, whose answers nobody has erased.
    let claimed = world.granted("quick", "30m").await;
    erase(&world, "ada", "bob").await.expect("erased");
    assert_eq!(kept().await, 1);
    world.claim("alice", claimed.request.id, "n").await.expect("the same answer again");
}

/// Pages that were split and filled anew keep nothing between their cells either.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_requests_no_page_keeps_anything() {
    let _alone = ALONE.lock().await;
    let (world, id) = lived_in().await;
    let alice = world.caller("alice").await;
    let key = hex::encode(aws_lc_rs::signature::KeyPair::public_key(&key("alice")).as_ref());
    for n in 0..80 {
        let mut typed = World::wish("typed", Some("30m"), CANARY);
        let host = ParamValue::Text(format!("{TYPED}-{n}{}", "x".repeat(n % 30)));
        typed.params = [("host".parse().expect("a name"), host)].into();
        let filed = world.house.file(&alice, &typed, &key, None).await.expect("filed").request.id;
        world.release("alice", filed).await.expect("released");
    }
    world.pass(span("5h")).await;
    erase(&world, "ada", "alice").await.expect("erased");
    is_erased(&world, &person("alice"), id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_event_a_missing_text_is_a_fault() {
    let _alone = ALONE.lock().await;
    let (world, _) = lived_in().await;
    erase(&world, "ada", "alice").await.expect("erased");
    let export = String::from_utf8(exported(&world).await).expect("text");
    let other = export.replace("subject.erased", "subject.raised");
    let report = verify(other.as_bytes(), &Pins::default()).expect("it can be read");
    assert!(report.fault.is_some(), "the tree holds the event");
    // And in a record that never had one.
    let (world, id) = lived_in().await;
    let opening = world.request(id).await.reason.opening;
    let export = String::from_utf8(exported(&world).await).expect("text");
    let line = export.lines().find(|line| line.contains(CANARY)).expect("the filing");
    let start = line.find(&format!(r#"{{"id":"{opening}""#)).expect("its opening");
    let end = start + line[start..].find('}').expect("its end") + 1;
    let gone = format!(r#"{}{{"id":"{opening}","erased":true}}{}"#, &line[..start], &line[end..]);
    let report = verify(export.replace(line, &gone).as_bytes(), &Pins::default()).expect("it can be read");
    assert_eq!(report.fault.expect("a fault").kind, FaultKind::Missing);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_erased_while_anything_of_theirs_is_open_or_they_are_locked() {
    let _alone = ALONE.lock().await;
    let world = World::new().await;
    let live = world.granted("quick", "1h").await.request.id;
    assert_eq!(kind(erase(&world, "ada", "alice").await), RefusedKind::Conflict, "a live grant");
    assert_eq!(world.told("subject.erased", "refused").await.len(), 1);
    world.release("alice", live).await.expect("released");
    world.pass(span("5h")).await;
    let waits = world.file("alice", "db", "1h").await;
    assert_eq!(kind(erase(&world, "ada", "alice").await), RefusedKind::Conflict, "an ask that waits");
    world.house.cancel(&world.caller("alice").await, waits.id, None).await.expect("cancelled");
    let (ada, whom) = (world.caller("ada").await, Whom::Person(person("alice")));
    world.house.lock(&ada, &whom, "INC-9", None).await.expect("locked");
    assert_eq!(kind(erase(&world, "ada", "alice").await), RefusedKind::Conflict, "a lock");
    world.house.unlock(&ada, &whom, "INC-9", None).await.expect("unlocked");
    assert_eq!(kind(erase(&world, "bob", "alice").await), RefusedKind::NotFound, "no administrator");
    assert!(world.house.known_subject(&person("alice")).is_some());
    assert!(world.told("subject.erased", "done").await.is_empty());
    erase(&world, "ada", "alice").await.expect("now it may be");
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_was_broken_off_holds_off_what_is_new_and_goes_on() {
    let _alone = ALONE.lock().await;
    for at in failpoints::ERASURE {
        // When the house opens.
        let (world, id) = lived_in().await;
        let before = world.caller("alice").await;
        killed(&world, at).await;
        let filed = world.house.file(&before, &World::wish("elsewhere", None, "late"), &"ab".repeat(32), None).await;
        assert!(filed.is_err(), "{at}: {filed:?}");
        if world.house.known_subject(&person("alice")) == Some(before.subject) {
            let late = world.house.create_token(&before, None, "late", None, span("1h"), None).await;
            assert!(late.is_err(), "while she is still known under the old key");
        }
        let world = world.restart().await;
        is_erased(&world, &person("alice"), id).await;
        assert_eq!(world.told("subject.erased", "done").await.len(), 4, "{at}");
    }
    // When it is asked for again.
    let (world, id) = lived_in().await;
    killed(&world, "erase.told").await;
    erase(&world, "ada", "alice").await.expect("it goes on");
    assert_eq!(world.told("subject.erased", "done").await.len(), 4, "told once");
    is_erased(&world, &person("alice"), id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_comes_to_its_end_though_the_asker_leaves() {
    let _alone = ALONE.lock().await;
    let (world, id) = lived_in().await;
    let (ada, alice) = (world.caller("ada").await, person("alice"));
    let mut erasure = Box::pin(world.house.erase(&ada, &alice));
    assert!(erasure.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "it has only begun");
    drop(erasure);
    until("it is told", || async { !world.told("subject.erased", "done").await.is_empty() }).await;
    until("it is done", || async { world.house.unfinished_erasures().await.expect("read") == 0 }).await;
    is_erased(&world, &alice, id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_while_an_erasure_is_not_done_is_refused_and_not_forgotten() {
    let _alone = ALONE.lock().await;
    let (world, _) = lived_in().await;
    killed(&world, "erase.told").await;
    assert_eq!(world.house.unfinished_erasures().await.expect("read"), 1, "doctor tells it");
    let ada = world.caller("ada").await;
    let alice = Whom::Person(person("alice"));
    let locked = world.house.lock(&ada, &alice, "laptop stolen", None).await;
    assert!(matches!(locked, Err(Error::Store(StoreError::Erasing))), "{locked:?}");
    erase(&world, "ada", "alice").await.expect("it goes on");
    // Whoever comes back is somebody new, and can be locked as such.
    world.house.lock(&ada, &alice, "laptop stolen", None).await.expect("locked");
    assert!(world.try_file("alice", "quick", Some("5m")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_in_the_keys_or_in_the_store_is_erased_in_both() {
    let _alone = ALONE.lock().await;
    let copy = |world: &World, name: &'static str| {
        let from = world.dir.path().join(format!("{name}.db"));
        let to = world.dir.path().join(format!("{name}.copy"));
        async move { jit_engine::store::sqlite::backup::copy(&from, &to).await.expect("a copy") }
    };
    for old in ["house", "keys"] {
        let (world, id) = lived_in().await;
        // Ada is known before the copy: keys that were put back don't know who came after.
        world.caller("ada").await;
        copy(&world, old).await;
        erase(&world, "ada", "alice").await.expect("erased");
        let dir = std::sync::Arc::clone(&world.dir);
        let now = world.now();
        drop(world.restart().await);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(dir.path().join(format!("{old}.db{end}")));
        }
        std::fs::rename(dir.path().join(format!("{old}.copy")), dir.path().join(format!("{old}.db"))).expect("moved");
        let world = World::on(dir, now, Default::default()).await;
        is_erased(&world, &person("alice"), id).await;
    }
}

/// What the store keeps of the accounts that people were seen with first, by subject.
async fn pins(world: &World) -> Pinned {
    let kept = world.store().log().meta(PINS).await.expect("read").unwrap_or_else(|| "{}".to_owned());
    serde_json::from_str(&kept).expect("what was kept")
}

/// A workspace has few members: whoever has the files and their list must not find out whose account a pseudonym's was.
#[tokio::test(flavor = "multi_thread")]
async fn an_erased_persons_pinned_account_can_not_be_found_again() {
    let _alone = ALONE.lock().await;
    let (world, id) = lived_in().await;
    let through = |mut caller: Caller, account: &str| {
        caller.principal = format!("slack:T0TEAM/{account}").parse().expect("a principal");
        caller
    };
    let alice = through(world.caller("alice").await, "U0ALICE");
    let bob = through(world.caller("bob").await, "U0BOB");
    for (caller, account) in [(&alice, "U0ALICE"), (&bob, "U0BOB")] {
        world.house.pin(caller).await.expect("seen first");
        world.house.pin(caller).await.expect("seen again");
        // The digest under which nothing is secret: house and account are all that is in it.
        let digest = Hasher::new("jit pinned account v1").with("house", world.house.id().to_string());
        let digest = digest.with("principal", caller.principal.as_str()).finish().to_string();
        for text in [account, &digest] {
            assert_eq!(holding(world.dir.path(), text), Vec::<String>::new(), "{text}");
        }
    }
    let pinned = pins(&world).await;
    assert_eq!(pinned.keys().copied().collect::<BTreeSet<_>>(), BTreeSet::from([alice.subject, bob.subject]));
    assert_eq!(kind(world.house.pin(&through(alice.clone(), "U0OTHER")).await), RefusedKind::Denied);
    assert_eq!(kind(world.house.pin(&through(bob.clone(), "U0ALICE")).await), RefusedKind::Denied);
    let carol = through(world.caller("carol").await, "U0ALICE");
    assert_eq!(kind(world.house.pin(&carol).await), RefusedKind::Denied, "it is alice's");
    erase(&world, "ada", "alice").await.expect("erased");
    is_erased(&world, &person("alice"), id).await;
    assert_eq!(pins(&world).await.keys().copied().collect::<Vec<_>>(), [bob.subject], "hers is gone, his is not");
    // Nothing new is kept under the old pseudonym.
    let account = pinned[&alice.subject]["slack"];
    let late = Write::Pin { subject: alice.subject, medium: "slack".to_owned(), account };
    let late = world.store().write(vec![late], vec![], vec![]).await;
    assert!(matches!(late, Err(StoreError::Erasing)), "{late:?}");
    assert!(world.house.pin(&alice).await.is_err(), "who holds an old name of hers");
    // Who comes back is somebody new, over the same account.
    let back = through(world.caller("alice").await, "U0ALICE");
    assert_ne!(back.subject, alice.subject);
    world.house.pin(&back).await.expect("seen first");
    assert_eq!(kind(world.house.pin(&through(back, "U0OTHER")).await), RefusedKind::Denied, "and is pinned as such");
    // The others are who they were, after a restart too.
    let world = world.restart().await;
    world.house.pin(&bob).await.expect("as ever");
    assert_eq!(kind(world.house.pin(&through(bob, "U0OTHER")).await), RefusedKind::Denied);
    world.verified().await;
}
