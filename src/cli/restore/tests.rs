//! A real broker with a real CA: grants, a backup, more grants, a restore, a start.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jit_engine::audit::{Pins, verify};
use jit_types::RequestId;

use super::*;
use crate::api::requests::{Standing, Wish};
use crate::cli::Global;
use crate::client::{Client, Entries, claims::ClaimKeys};
use crate::config::{self, Env};
use crate::server::{self, App, socket};

struct Running {
    client: Client,
    server: tokio::task::JoinHandle<()>,
    _open: wiring::Open,
}

/// Two roles without an approver, so that nobody has to be waited for.
fn set_up(root: &Path) {
    let (ca, _) = wiring::ssh_ca().expect("a CA");
    config::paths::write_new(&root.join("ca"), ca.expose_secret(), 0o600).expect("written");
    let mut text = format!(
        "[people.\"me@example.com\"]\ngroups = [\"all\"]\n\
         [broker]\nadministrators = [\"me@example.com\"]\nstate = \"state\"\nsocket = \"s\"\n\
         [backends.hosts]\nkind = \"ssh\"\nca = {{ file = \"{0}/ca\" }}\nkrl = \"{0}/krl\"\n",
        root.display()
    );
    for role in ["one", "two"] {
        text.push_str(&format!(
            "[roles.{role}]\nabout = \"Hosts\"\nfor = {{ max = \"4h\" }}\nrequest = [\"group:all\"]\n\
             approve = {{ by = \"rule\" }}\n[[roles.{role}.gives]]\nbackend = \"hosts\"\nprincipals = [\"deploy\"]\n"
        ));
    }
    config::paths::write_new(&root.join("jit.toml"), &text, 0o644).expect("written");
}

async fn start(root: &Path, state: &Path) -> Running {
    let loaded = config::load(&root.join("jit.toml"), &wiring::offline_kinds()).unwrap_or_else(|e| panic!("{e}"));
    // Whoever held the lock a moment ago may still be on their way out.
    let mut tries = 0;
    let open = loop {
        match wiring::open_house(&loaded, state).await {
            Ok(open) => break open,
            Err(error) if tries > 50 => panic!("{error}: {}", error.hint),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
        tries += 1;
    };
    let socket = root.join("s");
    let listener = socket::bind(&socket, 0o600, None).expect("a socket");
    let app = App::new(std::sync::Arc::clone(&open.house), "host", state);
    let server = tokio::spawn(server::serve(listener, app, std::future::pending()));
    // By token, because uid 0, which may run the tests, administers nothing.
    let token = token(&open.house).await;
    Running { client: Client::new(&socket, Some(token)).expect("a client"), server, _open: open }
}

async fn token(house: &std::sync::Arc<jit_engine::House>) -> jit_types::Secret {
    let person: jit_types::PersonId = "me@example.com".parse().expect("a person");
    let subject = house.subject(&person).await.expect("a subject");
    let principal = format!("house:{}", house.id()).parse().expect("a principal");
    let caller = jit_life::policy::Caller { person, subject, principal, superuser: false, only_roles: None };
    let hour = jit_types::Span::from_secs(3600);
    house.create_token(&caller, None, "the test", None, hour, None).await.expect("a token").secret
}

impl Running {
    async fn stop(self) {
        self.server.abort();
        drop(self.server.await);
    }

    async fn take(&self, root: &Path, role: &str) -> RequestId {
        let keys = ClaimKeys::open(&root.join("mine")).expect("claim keys");
        let wish = Wish {
            role: role.parse().expect("a role"),
            params: jit_types::Params::default(),
            span: None,
            reason: "INC-42 a canary that is personal".to_owned(),
        };
        let pending = keys.pending(&wish).await.expect("a key");
        let done = self.client.file(&wish, &pending.key).await.expect("filed");
        keys.filed(pending, &done).expect("kept");
        let id = done.request.id;
        let key = keys.of(id).expect("a key");
        let request = &done.request;
        self.client.claim(id, 0, &request.gives[0], &key, false).await.expect("claimed");
        assert_eq!(self.client.request(&id.to_string()).await.expect("it").standing, Standing::Active);
        id
    }

    async fn ended(&self, id: RequestId) {
        for _ in 0..200 {
            let view = self.client.request(&id.to_string()).await.expect("it");
            if view.standing == Standing::Ended {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{id} was not ended");
    }

    async fn kinds(&self) -> Vec<String> {
        let list = self.client.entries(&Entries::default()).await.expect("entries");
        list.entries.iter().filter_map(|e| e.leaf["kind"].as_str().map(str::to_owned)).collect()
    }

    async fn holds(&self, root: &Path) {
        let mut answer = self.client.export(true).await.expect("an export");
        let mut export = Vec::new();
        while let Some(piece) = answer.chunk().await.expect("a piece") {
            export.extend_from_slice(&piece);
        }
        std::fs::write(root.join("export"), &export).expect("written");
        let report = verify(export.as_slice(), &Pins::default()).expect("read");
        assert!(report.holds(), "{:?}", report.fault);
        assert!(report.opened > 0, "texts from before the restore are read with the kept keys");
    }
}

fn ctx(root: &Path) -> Ctx {
    let global = Global { config: Some(root.join("jit.toml")), ..Global::default() };
    Ctx::new(global, Env { home: Some(root.to_owned()), ..Env::default() })
}

async fn back_up(root: &Path, to: &Path, with_keys: bool) {
    let args = crate::cli::backup::Args { to: to.to_owned(), state: None, with_keys };
    assert_eq!(crate::cli::backup::run(&ctx(root), args).await, Ok(Exit::Done));
}

fn args(from: &Path, replace: bool) -> Args {
    Args { from: from.to_owned(), state: None, replace, keys_from: None }
}

async fn refused(args: Args, state: &Path) -> String {
    let error = restore(&args, state, "now").await.err().expect("refused");
    assert_eq!(error.exit, Exit::Failure);
    assert!(error.hint.is_some(), "{} has no way out", error.message);
    error.message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_restored_store_takes_for_live_is_ended_and_the_log_says_why() {
    let dir = tempfile::tempdir().expect("a directory");
    let (root, state, kept) = (dir.path(), dir.path().join("state"), dir.path().join("kept"));
    set_up(root);
    let broker = start(root, &state).await;
    let before = broker.take(root, "one").await;
    back_up(root, &kept, false).await;
    let names: Vec<_> = kept.read_dir().expect("it").map(|e| e.expect("one").file_name()).collect();
    assert!(!names.iter().any(|name| name == "keys.db" || name == "checkpoint.key"), "{names:?}");
    for name in &names {
        assert_eq!(kept.join(name).metadata().expect("it").permissions().mode() & 0o777, 0o600, "{name:?}");
        let bytes = std::fs::read(kept.join(name)).expect("it");
        assert!(!bytes.windows(8).any(|w| w == b"a canary"), "{name:?} holds the text of a reason");
        assert!(!bytes.windows(8).any(|w| w == b"me@examp"), "{name:?} holds a person's name");
    }
    let after = broker.take(root, "two").await;
    assert!(refused(args(&kept, true), &state).await.contains("another broker runs"));
    broker.stop().await;
    assert!(refused(args(&kept, false), &state).await.contains("already"));

    // What is remembered may lag behind what the store holds; both must be known to be later.
    let seen = state::high_water(&state).max(wiring::look_at_store(&state.join("house.db")).await.expect("a store").0);
    std::fs::remove_file(state.join(state::HIGH_WATER)).expect("forgotten");
    let done = restore(&args(&kept, true), &state, "2026-03-01T00:00:00Z").await.expect("restored");
    assert_eq!((done.keys, done.high_water >= seen), (Keys::Kept, true));
    assert!(done.backup.log_size < done.high_water);
    let aside = done.aside.expect("what was there");
    assert!(aside.join("house.db").exists() && !aside.join("keys.db").exists());
    assert!(!state.join("restore.new").exists());

    let broker = start(root, &state).await;
    broker.ended(before).await;
    assert!(broker.client.request(&after.to_string()).await.expect_err("not in the backup").not_found());
    let kinds = broker.kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "store.went_back").count(), 1, "{kinds:?}");
    broker.holds(root).await;
    let again = broker.take(root, "one").await;
    broker.stop().await;

    // Once: the next start goes on with what it has.
    let broker = start(root, &state).await;
    assert_eq!(broker.client.request(&again.to_string()).await.expect("it").standing, Standing::Active);
    assert_eq!(broker.kinds().await.iter().filter(|kind| *kind == "store.went_back").count(), 1);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_new_machine_the_keys_must_come_from_somewhere() {
    let dir = tempfile::tempdir().expect("a directory");
    let (root, state) = (dir.path(), dir.path().join("state"));
    let (bare, whole, new) = (root.join("bare"), root.join("whole"), root.join("new"));
    set_up(root);
    let broker = start(root, &state).await;
    let live = broker.take(root, "one").await;
    back_up(root, &bare, false).await;
    back_up(root, &whole, true).await;
    broker.stop().await;

    assert!(refused(args(&bare, false), &new).await.contains("without keys"));
    // Another house's key, or another key altogether: nobody would believe the log.
    let other = root.join("other");
    std::fs::create_dir(&other).expect("a directory");
    std::fs::copy(whole.join("keys.db"), other.join("keys.db")).expect("copied");
    config::paths::write_new(&other.join("checkpoint.key"), &format!("{}\n", "ab".repeat(32)), 0o600).expect("it");
    let named = |keys: &PathBuf| Args { keys_from: Some(keys.clone()), ..args(&bare, false) };
    assert!(refused(named(&other), &new).await.contains("another checkpoint.key"));
    assert!(!new.join("house.db").exists() && !new.join("house.id").exists(), "nothing was changed");

    let done = restore(&named(&whole), &new, "now").await.expect("restored");
    assert_eq!((done.keys, done.aside), (Keys::Named, None));
    let broker = start(root, &new).await;
    broker.ended(live).await;
    assert!(broker.kinds().await.iter().any(|kind| kind == "store.went_back"), "also where no high water was kept");
    broker.holds(root).await;
    broker.stop().await;

    let third = root.join("third");
    assert_eq!(restore(&args(&whole, false), &third, "now").await.expect("restored").keys, Keys::Backup);
    let mut bytes = std::fs::read(bare.join("house.db")).expect("it");
    bytes[5000] ^= 1;
    std::fs::write(bare.join("house.db"), bytes).expect("written");
    assert!(refused(args(&bare, true), &third).await.contains("house.db is not the file"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_houses_are_never_mixed() {
    let (a, b) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    for dir in [&a, &b] {
        set_up(dir.path());
        let broker = start(dir.path(), &dir.path().join("state")).await;
        broker.take(dir.path(), "one").await;
        back_up(dir.path(), &dir.path().join("kept"), true).await;
        broker.stop().await;
    }
    let message = refused(args(&a.path().join("kept"), true), &b.path().join("state")).await;
    assert!(message.contains("another house"), "{message}");
    // One that was only minted, by `jit init` on a new machine, has nothing to lose.
    let new = a.path().join("new");
    drop(state::lock(&new).expect("a directory"));
    state::house_id(&new).expect("an id");
    state::checkpoint_seed(&new).expect("a key");
    let done = restore(&args(&a.path().join("kept"), true), &new, "now").await.expect("restored");
    assert_eq!(done.keys, Keys::Backup, "the minted key is not this house's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_is_closed_stays_locked_while_something_of_it_is_under_way() {
    let dir = tempfile::tempdir().expect("a directory");
    set_up(dir.path());
    let state = dir.path().join("state");
    let loaded = config::load(&dir.path().join("jit.toml"), &wiring::offline_kinds()).expect("a config");
    let open = wiring::open_house(&loaded, &state).await.expect("a house");
    let at_work = std::sync::Arc::clone(&open.house);
    open.close(Duration::from_millis(50)).await;
    assert!(state::lock(&state).is_err(), "an effect that goes on writes to its store");
    let working = std::sync::Arc::downgrade(&at_work);
    drop(at_work);
    for _ in 0..500 {
        if state::lock(&state).is_ok() {
            assert_eq!(working.strong_count(), 0);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it stays locked for ever");
}
