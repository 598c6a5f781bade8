//! What can be promised of a scope: data for policy, plan and approver. No I/O.

use jit_backend::{Capability, Error, Extends, Lane, Scope, Tail};
use jit_types::{FormKind, Grade, MaterialKind, Span, Words};

use crate::Postgres;
use crate::ident::{Ident, shown};
use crate::scope::{Keep, Resolved};
use crate::url::SslMode;

/// What may go on after the end while broker and target run: two seconds for a session that hides while logging in, the
/// rest for closing, ending sessions and looking again. Measured by the tests.
const SWEPT: Span = Span::from_secs(15);
/// The same where standbys have to hear of it first.
const SWEPT_WITH_STANDBYS: Span = Span::from_secs(30);

/// Says what a scope gives.
pub(crate) fn capability(backend: &Postgres, scope: &Scope) -> Result<Capability, Error> {
    let resolved = Resolved::read(scope)?;
    backend.memory().scope(scope.canonical(), &resolved);
    Ok(Capability {
        gives: gives(&resolved),
        warnings: warnings(backend, &resolved),
        plants_end: true,
        shortest: Span::from_secs(1),
        longest: backend.settings.longest,
        swept: Tail::AtMost(if backend.standbys.is_empty() { SWEPT } else { SWEPT_WITH_STANDBYS }),
        unswept: Tail::NoBound(Words::new("an open session goes on: VALID UNTIL stops new logins only")),
        material: MaterialKind::ScramVerifier,
        form: FormKind::Postgres,
        extends: Extends::InPlace,
        lane: Lane::PerClaim,
        holding: None,
        proof: Grade::Observed,
        publishes: false,
    })
}

fn listed(names: &[Ident], one: &str, many: &str) -> String {
    let all: Vec<String> = names.iter().map(|n| shown(n.as_str())).collect();
    format!("{} {}", if names.len() == 1 { one } else { many }, all.join(", "))
}

fn gives(scope: &Resolved) -> Words {
    let mut may = Vec::new();
    if !scope.member_of.is_empty() {
        may.push(format!("with what {} may do", listed(&scope.member_of, "role", "roles")));
    }
    if !scope.tables.is_empty() {
        let tables: Vec<String> = scope.tables.iter().map(ToString::to_string).collect();
        may.push(format!("that may {}", tables.join("; ")));
    }
    Words::new(format!(
        "a login to {}, {}, and at most {} sessions at once",
        listed(&scope.databases, "database", "databases"),
        may.join(", and "),
        scope.connection_limit
    ))
}

fn warnings(backend: &Postgres, scope: &Resolved) -> Vec<Words> {
    let mut said: Vec<Words> =
        scope.exceptions.iter().map(|e| Words::new(format!("can leave lasting access: {}", e.told()))).collect();
    match &scope.keep_tables {
        None => {}
        Some(Keep::Grant) => said.push(Words::new("tables that the holder makes stay, with a role of the grant's own")),
        Some(Keep::Role(role)) => {
            said.push(Words::new(format!("tables that the holder makes stay, with role {}", shown(role.as_str()))));
        }
    }
    match backend.memory().found() {
        None => said.push(Words::new(
            "it has not been looked at yet whether PUBLIC may connect to other databases, which the login then could too",
        )),
        Some(found) => {
            let elsewhere: Vec<&str> = found
                .open
                .iter()
                .filter(|(name, _)| !scope.databases.iter().any(|d| d.as_str() == name.as_str()))
                .map(|(_, shown)| shown.as_str())
                .collect();
            if !elsewhere.is_empty() {
                let some: Vec<&str> = elsewhere.iter().take(8).copied().collect();
                let more = elsewhere.len() - some.len();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                said.push(Words::new(format!(
                    "the databases are no fence: PUBLIC may connect to {}{more}, and so can the login",
                    some.join(", ")
                )));
            }
            if found.version < 160_000 {
                let more = if found.createrole { ", and the broker's CREATEROLE is as good as the server" } else { "" };
                said.push(Words::new(format!(
                    "the server is PostgreSQL 15: the holder can act as the member role itself{more}"
                )));
            } else if found.superuser {
                said.push(Words::new("the broker is a superuser of the target"));
            }
        }
    }
    if backend.settings.clients.sslmode != SslMode::VerifyFull && !backend.settings.clients.host.starts_with('/') {
        said.push(Words::new("clients do not verify the server they connect to (sslmode is not verify-full)"));
    }
    said
}
