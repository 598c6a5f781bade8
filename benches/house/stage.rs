//! A house with an SSH backend and two people, on real files.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jit::wiring::{self, Open};
use jit_engine::service::{ClaimOrder, Claimed, claim_message};
use jit_engine::store::AnswerKey;
use jit_engine::{Clock, House};
use jit_life::policy::{Caller, Wish};
use jit_life::{Request, Verdict};
use jit_types::{Digest, Material, ParamValue, Params, Span, SshPublicKey};

/// How many people ask.
const REQUESTERS: usize = 512;
/// How many choices a role's parameter has: with so many people that is 64,000 requests of which no two are the same.
const CHOICES: usize = 1000;

pub(crate) struct Stage {
    pub(crate) open: Open,
    requesters: Vec<Caller>,
    bob: Caller,
    key: Ed25519KeyPair,
    _dir: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn set(clock: Arc<dyn Clock>) -> Self {
        Self::with(clock, tempfile::tempdir().unwrap(), config).await
    }

    /// With another config, in a directory that holds what it names.
    pub(crate) async fn with(clock: Arc<dyn Clock>, dir: tempfile::TempDir, config: fn(&str) -> String) -> Self {
        let root = dir.path().display().to_string();
        let (ca, _) = wiring::ssh_ca().unwrap();
        for (name, text) in [("ca", ca.expose_secret().to_owned()), ("jit.toml", config(&root))] {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let loaded = jit::config::load(
            &dir.path().join("jit.toml"),
            &wiring::kinds_at(wiring::terminal_out(), Arc::clone(&clock)),
        )
        .unwrap_or_else(|mistakes| panic!("the config is bad: {mistakes}"));
        let open =
            wiring::open_house_at(&loaded, &dir.path().join("state"), clock).await.unwrap_or_else(|e| panic!("{e}"));
        let mut requesters = Vec::new();
        for number in 0..REQUESTERS {
            requesters.push(caller(&open.house, &format!("p{number}@example.com")).await);
        }
        let bob = caller(&open.house, "bob@example.com").await;
        let mut seed = [0; 32];
        aws_lc_rs::rand::fill(&mut seed).unwrap();
        let key = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        Self { open, requesters, bob, key, _dir: dir }
    }

    pub(crate) fn house(&self) -> &Arc<House> {
        &self.open.house
    }

    /// Files a request of its own kind: no two are the same.
    pub(crate) async fn file(&self, role: &str, number: usize, span: Span) -> Request {
        let value = ParamValue::Text(format!("u{}", number % CHOICES));
        self.file_with(role, number, span, [("who".parse().unwrap(), value)].into()).await
    }

    pub(crate) async fn file_with(&self, role: &str, number: usize, span: Span, params: Params) -> Request {
        let wish = Wish { role: role.parse().unwrap(), params, span: Some(span), reason: "INC-1 bench".to_owned() };
        let key = hex::encode(self.key.public_key().as_ref());
        self.house().file(self.requester(number), &wish, &key, None).await.unwrap().request
    }

    /// One of many: a person may have only so many requests open.
    pub(crate) fn requester(&self, number: usize) -> &Caller {
        &self.requesters[number % self.requesters.len()]
    }

    /// Who approves, and administers.
    pub(crate) fn bob(&self) -> &Caller {
        &self.bob
    }

    pub(crate) async fn approve(&self, request: &Request) {
        let hash = request.newest().unwrap().hash;
        let approve = Verdict::Approve { span: None };
        self.house().decide(&self.bob, request.id, hash, approve, None, None).await.unwrap();
    }

    pub(crate) async fn release(&self, request: &Request, number: usize) {
        self.house().release(self.requester(number), request.id, None).await.unwrap();
    }

    pub(crate) async fn claim(&self, request: &Request, number: usize) {
        let key = SshPublicKey::parse(&public_key()).unwrap();
        self.claim_with(request, number, Material::SshPublicKey(key)).await;
    }

    pub(crate) async fn claim_with(&self, request: &Request, number: usize, material: Material) -> Claimed {
        let nonce = format!("nonce-of-the-bench-{number}");
        let message = claim_message(self.house().id(), request.id, 0, &material.digest(), &nonce);
        let signature = self.key.sign(&message);
        let answer = AnswerKey { key: Digest::of(nonce.as_bytes()), body: Digest::of(b"") };
        let order = ClaimOrder {
            request: request.id,
            entitlement: 0,
            material,
            signature: signature.as_ref(),
            key: None,
            nonce: &nonce,
            answer,
        };
        self.house().claim(self.requester(number), order).await.unwrap()
    }
}

/// The key that certificates are for, as a line.
pub(crate) fn public_key() -> String {
    use base64::Engine as _;
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend([7; 32]);
    format!("ssh-ed25519 {}", base64::engine::general_purpose::STANDARD.encode(&blob))
}

async fn caller(house: &House, person: &str) -> Caller {
    let person = person.parse().unwrap();
    let subject = house.subject(&person).await.unwrap();
    Caller { subject, principal: "unix:bench".parse().unwrap(), superuser: false, only_roles: None, person }
}

/// The people of every config.
pub(crate) fn people() -> String {
    let some = (0..REQUESTERS)
        .map(|n| format!("[people.\"p{n}@example.com\"]\nunix = \"p{n}\"\ngroups = [\"many\"]\n"))
        .collect::<String>();
    some + "[people.\"bob@example.com\"]\nunix = \"bob\"\n[broker]\nadministrators = [\"bob@example.com\"]\n"
}

fn config(root: &str) -> String {
    let head = |name: &str, approve: &str| {
        format!(
            "[roles.{name}]\nabout = \"bench\"\nfor = {{ default = \"1h\", max = \"8h\" }}\nrequest = [\"group:many\"]\n\
             approve = {approve}\n"
        )
    };
    // What tells one request from another of the same person is chosen.
    let of: Vec<String> = (0..CHOICES).map(|n| format!("u{n}")).collect();
    let role = |name: &str, approve: &str| {
        head(name, approve)
            + &format!(
                "[roles.{name}.params.who]\ntype = \"choice\"\nof = {of:?}\nabout = \"who\"\n\
                 [[roles.{name}.gives]]\nbackend = \"hosts\"\nprincipals = [{{ param = \"who\" }}]\n"
            )
    };
    // Text that somebody types: what the target says of it is sealed.
    let typed = head("typed", "{ by = \"rule\" }")
        + "[roles.typed.params.who]\ntype = \"text\"\npattern = \"u[0-9]+\"\nabout = \"who\"\n\
           [[roles.typed.gives]]\nbackend = \"hosts\"\nprincipals = [{ param = \"who\" }]\n";
    format!(
        "{}{}{typed}{}[backends.hosts]\nkind = \"ssh\"\nca = {{ file = \"{root}/ca\" }}\n",
        role("asked", "{ count = 1, from = [\"bob@example.com\"] }"),
        role("ruled", "{ by = \"rule\" }"),
        people(),
    )
}
