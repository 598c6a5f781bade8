//! Who takes part, and what they may ask for.

use std::collections::BTreeMap;

use aws_lc_rs::signature::Ed25519KeyPair;
use jit_life::role::{Entitlement, Limits, Param, ParamType, Person, ReasonRule, Role, Who};
use jit_life::{Approval, Rules};
use jit_types::{PersonId, RoleName, Scope, Span, Words};
use serde_json::json;

/// Alice asks and may decide too; Bob and Carol decide; Ada administers; Mallory is known and may nothing.
pub(crate) const PEOPLE: [(&str, &[&str]); 5] =
    [("alice", &["engineers", "dba"]), ("bob", &["dba"]), ("carol", &["dba"]), ("ada", &[]), ("mallory", &[])];

pub(crate) fn person(name: &str) -> PersonId {
    format!("{name}@example.com").parse().expect("a person")
}

/// The key that somebody's client made for its requests.
pub(crate) fn key(name: &str) -> Ed25519KeyPair {
    let mut seed = [7; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key")
}

pub(crate) fn span(text: &str) -> Span {
    text.parse().expect("a span")
}

pub(crate) fn limits() -> Limits {
    Limits { default: span("1h"), max: span("4h"), start_by: span("30m"), decide_by: span("8h") }
}

pub(crate) fn by_people(count: u32) -> Approval {
    Approval::ByPeople { count, from: vec![Who::Group("dba".parse().expect("a group"))] }
}

pub(crate) fn role(name: &str, approval: Approval, backends: &[&str]) -> (RoleName, Role) {
    let name: RoleName = name.parse().expect("a role");
    let gives = backends.iter().map(|backend| Entitlement {
        backend: backend.parse().expect("a backend"),
        target: format!("fake://{backend}"),
        scope: Scope(json!({ "resources": ["orders"] })),
    });
    let role = Role {
        name: name.clone(),
        about: Words::new("for the tests"),
        limits: limits(),
        requesters: vec![Who::Group("engineers".parse().expect("a group"))],
        approval,
        reason: ReasonRule::default(),
        params: BTreeMap::new(),
        gives: gives.collect(),
    };
    (name, role)
}

/// The same on a resource that the requester types.
fn typed((name, mut role): (RoleName, Role)) -> (RoleName, Role) {
    let kind = ParamType::Text("[a-z0-9-]+".parse().expect("a pattern"));
    role.params = [("host".parse().expect("a name"), Param { about: Words::new("which"), kind })].into();
    for gives in &mut role.gives {
        gives.scope = Scope(json!({ "resources": [{ "param": "host" }] }));
    }
    (name, role)
}

pub(crate) fn rules() -> Rules {
    let people = PEOPLE.iter().map(|(name, groups)| {
        let groups = groups.iter().map(|group| group.parse().expect("a group")).collect();
        let principals = ["unix", "chat", "mail", "fake"].map(|channel| format!("{channel}:{name}"));
        let principals = principals.iter().map(|p| p.parse().expect("a principal")).collect();
        (person(name), Person { groups, principals })
    });
    Rules {
        roles: [
            role("db", by_people(1), &["shop"]),
            role("two", by_people(2), &["shop", "other"]),
            role("quick", Approval::ByRule, &["shop"]),
            role("elsewhere", Approval::ByRule, &["other"]),
            role("listed", Approval::ByRule, &["list"]),
            typed(role("typed", Approval::ByRule, &["shop"])),
        ]
        .into(),
        people: people.collect(),
        administrators: [person("ada")].into(),
    }
}
