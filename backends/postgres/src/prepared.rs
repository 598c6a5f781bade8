//! The role that is prepared once for an entitlement's tables, and whether it is as written.
//!
//! Privileges are granted table by table to this role, never to a login: grants to thousands of logins would bloat the
//! ACLs of the tables until every GRANT fails. A login becomes its member. The role's name holds a digest of what it may
//! do, so that a changed entitlement is another role, and an open grant keeps what was approved.

use std::collections::BTreeSet;

use jit_backend::Error;
use jit_types::{HouseId, Words};
use sqlx::Row as _;

use crate::connect::Link;
use crate::ident::{Ident, advised, shown};
use crate::mend::{self, Givers};
use crate::name;
use crate::scope::Resolved;
use crate::tables::{self, Right};

/// How many hexadecimal digits of the digest are in the name: 96 bits.
const DIGITS: usize = 24;

/// The role for a scope's tables: `jit_HOUSE_for_DIGEST`; none where it names no tables.
pub(crate) fn role(house: &HouseId, scope: &Resolved) -> Option<Ident> {
    if scope.tables.is_empty() {
        return None;
    }
    let mut databases: Vec<&str> = scope.databases.iter().map(Ident::as_str).collect();
    databases.sort_unstable();
    let mut hasher = jit_types::digest::Hasher::new("jit postgres tables v1");
    for database in databases {
        hasher = hasher.with("database", database);
    }
    for right in tables::rights(&scope.tables) {
        hasher = hasher
            .with("kind", right.kind)
            .with("schema", &right.schema)
            .with("table", &right.table)
            .with("column", &right.column)
            .with("privilege", &right.privilege);
    }
    let digest: String = hasher.finish().to_string().chars().take(DIGITS).collect();
    Some(name::of(house, &format!("for_{digest}")))
}

/// A right as GRANT and REVOKE name it: `SELECT ("id") ON "public"."orders"`.
fn phrase(right: &Right, quote: impl Fn(&str) -> String) -> String {
    match right.kind {
        "schema" => format!("{} ON SCHEMA {}", right.privilege, quote(&right.schema)),
        "table" => format!("{} ON {}.{}", right.privilege, quote(&right.schema), quote(&right.table)),
        _ => format!(
            "{} ({}) ON {}.{}",
            right.privilege,
            quote(&right.column),
            quote(&right.schema),
            quote(&right.table)
        ),
    }
}

fn quoted(name: &str) -> String {
    name.parse::<Ident>().map_or_else(|_| "\"…\"".to_owned(), |n| n.quoted())
}

/// The statements that give the role exactly what the tables stand for, in one database, with the reason of each.
pub(crate) fn statements(role: &Ident, scope: &Resolved, givers: &Givers) -> Vec<(String, String)> {
    let r = role.quoted();
    let mut made = vec![(
        "What it has here beyond what is written is taken away, each by itself: row policies that name it stay. Nothing is \
         done where it owns something."
            .to_owned(),
        mend::block(role, scope, givers),
    )];
    for database in &scope.databases {
        made.push((
            format!("Its logins may connect to {}.", shown(database.as_str())),
            format!("GRANT CONNECT ON DATABASE {} TO {r}", database.quoted()),
        ));
    }
    for table in &scope.tables {
        let rights = tables::rights(std::slice::from_ref(table));
        let grants: Vec<String> =
            rights.iter().map(|right| format!("GRANT {} TO {r}", phrase(right, quoted))).collect();
        made.push((format!("Its logins may {table}, and nothing else of it."), grants.join(";\n")));
    }
    made
}

/// What is not as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drift {
    pub(crate) what: String,
    /// The statement that mends it.
    pub(crate) remedy: String,
    /// Whether the role has more than is written, rather than less.
    pub(crate) more: bool,
}

/// Compares the prepared role with what is written, in the database of this connection.
pub(crate) async fn drift(link: &mut Link<'_>, house: &HouseId, scope: &Resolved) -> Result<Vec<Drift>, Error> {
    let Some(role) = role(house, scope) else { return Ok(Vec::new()) };
    let doing = "look at the prepared role";
    let limit = link.limit();
    let databases: Vec<&str> = scope.databases.iter().map(Ident::as_str).collect();
    let broker = link.facts().broker;
    let query = sqlx::query(include_str!("prepared.sql"))
        .bind(role.as_str())
        .bind(&databases)
        .bind(broker)
        .bind(crate::functions::owner(house).as_str().to_owned())
        .bind(name::prefix(house))
        .fetch_all(link.raw());
    let rows = Link::within(limit, doing, query).await?;
    if rows.is_empty() {
        return Ok(vec![Drift {
            what: format!("the role prepared for its tables is missing: {role:?}"),
            remedy: "set the backend up again: it prints and runs the statements that make the role".to_owned(),
            more: false,
        }]);
    }
    let mut found = BTreeSet::new();
    let mut drifts = Vec::new();
    for row in &rows {
        let read = || -> Result<_, sqlx::Error> {
            Ok((
                row.try_get::<String, _>(0)?,
                row.try_get::<String, _>(1)?,
                row.try_get::<String, _>(2)?,
                row.try_get::<String, _>(3)?,
                row.try_get::<String, _>(4)?,
                row.try_get::<bool, _>(5)?,
            ))
        };
        let (kind, schema, table, column, privilege, grantable) = read().map_err(|e| crate::error::of(&e, doing))?;
        let kind = match kind.as_str() {
            "schema" => "schema",
            "table" => "table",
            "column" => "column",
            other => {
                drifts.extend(beside(other, &role, &schema, &privilege));
                continue;
            }
        };
        let right = Right { kind, schema, table, column, privilege };
        if grantable {
            drifts.push(Drift {
                what: "the prepared role may pass a privilege on".to_owned(),
                remedy: format!("REVOKE GRANT OPTION FOR {} FROM {}", phrase(&right, advised), role.quoted()),
                more: true,
            });
        }
        found.insert(right);
    }
    let wanted = tables::rights(&scope.tables);
    drifts.extend(wanted.difference(&found).map(|right| Drift {
        what: format!("the prepared role lacks {}", said(right)),
        remedy: format!("GRANT {} TO {}", phrase(right, quoted), role.quoted()),
        more: false,
    }));
    drifts.extend(found.difference(&wanted).map(|right| Drift {
        what: format!("the prepared role has more than is written: {}", said(right)),
        remedy: taken_away(right, &wanted, &role),
        more: true,
    }));
    Ok(drifts)
}

/// The statement that takes a right away. One on a whole table takes those on its columns along (GRANT, Notes), so what is
/// written is given again.
fn taken_away(right: &Right, wanted: &BTreeSet<Right>, role: &Ident) -> String {
    let r = role.quoted();
    let along = wanted.iter().filter(|w| {
        right.kind == "table"
            && w.kind == "column"
            && (&w.schema, &w.table, &w.privilege) == (&right.schema, &right.table, &right.privilege)
    });
    let again: Vec<String> = along.map(|w| format!("; GRANT {} TO {r}", phrase(w, quoted))).collect();
    let mend = format!("REVOKE {} FROM {r}{}", phrase(right, advised), again.concat());
    // Half a statement is another one.
    if mend.chars().count() > crate::rules::MOST_CHARS { "set the backend up again".to_owned() } else { mend }
}

fn said(right: &Right) -> Words {
    let place: Vec<String> =
        [&right.schema, &right.table, &right.column].into_iter().filter(|n| !n.is_empty()).map(|n| shown(n)).collect();
    Words::new(format!("{} on {} {}", right.privilege, right.kind, place.join(".")))
}

/// What has nothing to do with tables: connecting, memberships, and whatever else bears the role's name.
fn beside(kind: &str, role: &Ident, name: &str, privilege: &str) -> Option<Drift> {
    let r = role.quoted();
    let (what, remedy, more) = match kind {
        "itself" => return None,
        "no-connect" => (
            "the prepared role may not connect to a database".to_owned(),
            format!("GRANT CONNECT ON DATABASE {} TO {r}", advised(name)),
            false,
        ),
        "database" => (
            format!("the prepared role has more than is written: {privilege} on database {}", shown(name)),
            format!("REVOKE {privilege} ON DATABASE {} FROM {r}", advised(name)),
            true,
        ),
        "member" => (
            format!("the prepared role is a member of role {}", shown(name)),
            format!("REVOKE {} FROM {r}", advised(name)),
            true,
        ),
        "holder" => (
            format!("role {} is a member of the prepared role, and no login of this house", shown(name)),
            format!("REVOKE {r} FROM {}", advised(name)),
            true,
        ),
        "elsewhere" => (
            format!("the prepared role has privileges in database {}, which is not written", shown(name)),
            format!("in that database: REVOKE ALL ON ALL TABLES IN SCHEMA … FROM {r}; REVOKE ALL ON SCHEMA … FROM {r}"),
            true,
        ),
        _ => (
            "the prepared role owns something, or has privileges on what is no table".to_owned(),
            format!("REASSIGN OWNED BY {r} TO its administrator, then set the backend up again"),
            true,
        ),
    };
    Some(Drift { what, remedy, more })
}
