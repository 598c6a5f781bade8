//! Persons, roles and backends of the tests, and how their rules may change.

use std::collections::{BTreeMap, BTreeSet};

use jit_life::policy::Caller;
use jit_life::role::{Entitlement, Limits, Param, ParamType, Person, ReasonRule, Role, Who};
use jit_life::{Approval, Rules};
use jit_types::{
    BackendName, Capability, Commitment, Digest, Extends, FormKind, Grade, Id, IdKind, Lane, MaterialKind, Params,
    PersonId, RoleName, Scope, Span, Subject, Tail, Timestamp, Words,
};
use serde_json::json;

/// The moment at which every test begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Who takes part. Alice, the requester, is also among those who approve.
pub(crate) const PEOPLE: [&str; 6] = ["alice", "bob", "carol", "dan", "eve", "ada"];

/// The roles: one approval; two approvals and two entitlements; by rule.
pub(crate) const ROLES: [&str; 3] = ["one", "two", "rule"];

/// What may differ from one moment to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Law {
    /// Whether Bob is among the approvers.
    pub(crate) bob_approves: bool,
    /// Whether Alice may ask for anything.
    pub(crate) alice_asks: bool,
    /// How many approvals `two` needs.
    pub(crate) count: u32,
    /// Whether `one` is given by rule.
    pub(crate) one_by_rule: bool,
    /// Which databases `one` reads.
    pub(crate) database: u8,
    /// How many hours a role is given for at most.
    pub(crate) hours: u64,
    /// How many seconds something goes on after the end.
    pub(crate) tail: u64,
    /// Whether targets hold the end themselves.
    pub(crate) plants: bool,
}

impl Law {
    pub(crate) fn new(plants: bool) -> Self {
        Self {
            bob_approves: true,
            alice_asks: true,
            count: 2,
            one_by_rule: false,
            database: 0,
            hours: 2,
            tail: 0,
            plants,
        }
    }

    /// Who may approve, told without the code under test.
    pub(crate) fn approvers(&self) -> BTreeSet<Subject> {
        let mut all = BTreeSet::from([subject("alice"), subject("carol"), subject("dan")]);
        if self.bob_approves {
            all.insert(subject("bob"));
        }
        all
    }

    /// How many approvals a role needs, told without the code under test.
    pub(crate) fn needs(&self, role: &RoleName) -> u32 {
        if role.as_str() == "two" { self.count } else { 1 }
    }

    /// The rules.
    pub(crate) fn rules(&self) -> Rules {
        let people = PEOPLE.iter().map(|name| {
            let groups = match *name {
                "alice" if !self.alice_asks => vec!["dba"],
                "alice" => vec!["dba", "engineers"],
                "bob" if !self.bob_approves => vec!["engineers"],
                "bob" => vec!["dba", "engineers"],
                "carol" | "dan" => vec!["dba"],
                _ => vec![],
            };
            let principals = [format!("unix:{name}").parse().unwrap()].into();
            let groups = groups.into_iter().map(|g| g.parse().unwrap()).collect();
            (person(name), Person { groups, principals })
        });
        let dba = |count| Approval::ByPeople { count, from: vec![Who::Group("dba".parse().unwrap())] };
        let one = if self.one_by_rule { Approval::ByRule } else { dba(1) };
        let database = format!("shop{}", self.database);
        let shop = json!({ "databases": [database], "schemas": [{ "param": "schema" }] });
        let schema = ParamType::Choice(vec!["sales".into(), "stock".into()]);
        let roles = [
            self.role("one", one, vec![gives("shop", shop)], Some(schema)),
            self.role("two", dba(self.count), vec![gives("shop", json!({})), gives("hosts", json!({}))], None),
            self.role("rule", Approval::ByRule, vec![gives("list", json!({}))], None),
        ];
        Rules {
            roles: roles.into_iter().map(|role| (role.name.clone(), role)).collect(),
            people: people.collect(),
            administrators: [person("ada")].into(),
        }
    }

    fn role(&self, name: &str, approval: Approval, gives: Vec<Entitlement>, schema: Option<ParamType>) -> Role {
        let param = |kind| Param { about: Words::new("which schema"), kind };
        Role {
            name: name.parse().unwrap(),
            about: Words::new("for the tests"),
            limits: limits(self.hours),
            requesters: vec![Who::Group("engineers".parse().unwrap())],
            approval,
            reason: ReasonRule::default(),
            params: schema.into_iter().map(|kind| ("schema".parse().unwrap(), param(kind))).collect(),
            gives,
        }
    }

    /// What the backends promise: `shop` has objects of its own, `list` has one lane for all, `hosts` publishes and extends by
    /// a new claim.
    pub(crate) fn capability(&self, backend: &BackendName, scope: &Scope) -> Result<Capability, Words> {
        let tail = Tail::AtMost(Span::from_secs(self.tail));
        Ok(Capability {
            gives: Words::new(format!("use {backend} as {}", scope.canonical())),
            warnings: vec![],
            plants_end: self.plants || backend.as_str() == "hosts",
            shortest: Span::from_secs(2),
            longest: None,
            swept: tail.clone(),
            unswept: tail,
            material: MaterialKind::None,
            form: FormKind::Ssh,
            extends: if backend.as_str() == "hosts" { Extends::NewClaim } else { Extends::InPlace },
            lane: if backend.as_str() == "list" { Lane::Shared("the list".into()) } else { Lane::PerClaim },
            holding: None,
            proof: Grade::Observed,
            publishes: backend.as_str() == "hosts",
        })
    }
}

pub(crate) fn limits(hours: u64) -> Limits {
    Limits {
        default: Span::from_secs(1800),
        max: Span::from_secs(hours * 3600),
        start_by: Span::from_secs(1800),
        decide_by: Span::from_secs(3600),
    }
}

pub(crate) fn gives(backend: &str, scope: serde_json::Value) -> Entitlement {
    Entitlement { backend: backend.parse().unwrap(), target: format!("{backend}.internal"), scope: Scope(scope) }
}

pub(crate) fn person(name: &str) -> PersonId {
    format!("{name}@example.com").parse().unwrap()
}

/// An id that a number stands for.
pub(crate) fn id<K: IdKind>(n: u64) -> Id<K> {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&n.to_be_bytes());
    Id::from_parts(START, random)
}

pub(crate) fn subject(name: &str) -> Subject {
    id(PEOPLE.iter().position(|p| *p == name).map_or(99, |i| i as u64 + 1))
}

pub(crate) fn subjects() -> BTreeMap<PersonId, Subject> {
    PEOPLE.iter().map(|name| (person(name), subject(name))).collect()
}

pub(crate) fn caller(name: &str) -> Caller {
    Caller {
        person: person(name),
        subject: subject(name),
        principal: format!("unix:{name}").parse().unwrap(),
        superuser: false,
        only_roles: None,
    }
}

/// A text that was sealed before.
pub(crate) fn sealed(name: &str, text: &str) -> Commitment {
    Commitment { opening: id(7), subject: subject(name), digest: Digest::of(text.as_bytes()) }
}

/// The parameters that a role wants.
pub(crate) fn params(role: &str, schema: bool) -> Params {
    let text = if schema { "sales" } else { "stock" };
    if role == "one" {
        [("schema".parse().unwrap(), jit_types::ParamValue::Text(text.into()))].into()
    } else {
        [].into()
    }
}

/// The key that a person's client signs claims with.
pub(crate) fn claim_key(name: &str) -> String {
    Digest::of(name.as_bytes()).to_string()
}
