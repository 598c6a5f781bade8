//! Gives the tables that a holder made to a role that keeps them, where the entitlement asks for it.
//!
//! Only tables are kept, with their indexes, their own sequences, the types and the schemas they stand in. Functions,
//! views and whatever else runs or reaches are dropped, never reassigned: a planted SECURITY DEFINER function, given to
//! its new owner, would give that owner's rights to others. Triggers, rules and policies on the tables go, and so does
//! everything that others were granted on them.
//!
//! While it lasts the closed login has its roles again: without USAGE on a schema nothing in it can be named. Nobody can
//! log in as it, and its sessions are over.
//!
//! `REASSIGN OWNED` is used, and not `ALTER TABLE … OWNER`, because the keeper then needs no CREATE on the schema. What it
//! would reassign besides tables is dropped before, in the same transaction, or nothing is done.

use std::collections::BTreeSet;

use jit_backend::{Error, ErrorKind, Lease};
use jit_types::Words;

use crate::config::Through;
use crate::connect::{Link, Server};
use crate::ident::{Ident, literal, shown};
use crate::scope::{Keep, Resolved};
use crate::{Postgres, error, functions, leftovers, name};

const DOING: &str = "keep the tables that the holder made";

/// Gives all tables of a closed login to its keeper.
///
/// # Errors
/// Nothing is dropped that the entitlement wants kept: where a table can't be given away, the end fails, closed, and
/// somebody must look.
pub(crate) async fn keep(
    backend: &Postgres,
    lease: &Lease,
    role: &Ident,
    oid: i64,
    through: Through,
    scope: &Resolved,
    evidence: &mut Vec<Words>,
) -> Result<(), Error> {
    let Some(wanted) = &scope.keep_tables else { return Ok(()) };
    let server = &backend.primary;
    let mut places = Vec::new();
    for place in leftovers::places(server, oid).await? {
        let mut link = server.link(&place).await?;
        let tables = tables(&mut link, oid).await?;
        link.finish();
        if !tables.is_empty() {
            places.push((place, tables));
        }
    }
    let keeper = match wanted {
        Keep::Grant => name::keeper(&lease.order.house, &lease.order.claim),
        Keep::Role(named) => named.clone(),
    };
    let members = scope.members(&backend.house);
    let lent = Lent { server, lease, role, members: &members, keeper: &keeper, through, wanted };
    if places.is_empty() {
        // An end that broke off when all was given away had not yet given back.
        return if lent.is_held().await? { lent.hold(false).await } else { Ok(()) };
    }
    lent.hold(true).await?;
    let mut told = BTreeSet::new();
    for (place, tables) in &places {
        let mut link = server.link(place).await?;
        for sentence in leftovers::describe(&mut link, oid, &shown(place)).await? {
            if !sentence.is_table && told.insert(sentence.said.clone()) {
                evidence.push(Words::new(sentence.said));
            }
        }
        let given = link.try_run(block(role, oid, &keeper), DOING).await?;
        if let Err(e) = given {
            return Err(match error::sqlstate(&e).as_deref() {
                Some("2BP01" | "42501") => Error::new(
                    ErrorKind::Refused,
                    "the login is closed, but tables of its holder could not be given to the role that keeps them",
                )
                .with_internal(format!(
                    "in database {}: give them away by hand: ALTER TABLE … OWNER TO …",
                    shown(place)
                )),
                _ => error::of(&e, DOING),
            });
        }
        link.finish();
        let listed: Vec<String> = tables.iter().take(10).map(|t| shown(t)).collect();
        let more = tables.len().saturating_sub(listed.len());
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        evidence.push(Words::new(format!(
            "tables of the holder in database {} were kept, with role {}: {}{rest}",
            shown(place),
            shown(keeper.as_str()),
            listed.join(", ")
        )));
    }
    lent.hold(false).await
}

async fn tables(link: &mut Link<'_>, role: i64) -> Result<Vec<String>, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, String>(
        "SELECT c.relname::text FROM pg_class c WHERE c.relowner::int8 = $1 AND c.relkind IN ('r', 'p') \
         AND c.relpersistence <> 't' ORDER BY 1",
    )
    .bind(role)
    .fetch_all(link.raw());
    Link::within(limit, DOING, query).await
}

/// What the broker holds for as long as it takes: membership in the keeper, and the login's roles.
struct Lent<'a> {
    server: &'a Server,
    lease: &'a Lease,
    role: &'a Ident,
    members: &'a [Ident],
    keeper: &'a Ident,
    through: Through,
    wanted: &'a Keep,
}

impl Lent<'_> {
    async fn is_held(&self) -> Result<bool, Error> {
        let mut link = self.server.main().await?;
        let limit = link.limit();
        let query = sqlx::query_scalar::<_, bool>(
            "SELECT EXISTS (SELECT FROM pg_roles k JOIN pg_auth_members a ON a.roleid = k.oid \
             JOIN pg_roles me ON me.oid = a.member WHERE k.rolname = $1 AND me.rolname = current_user \
             AND coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, true))",
        )
        .bind(self.keeper.as_str())
        .fetch_one(link.raw());
        let held = Link::within(limit, DOING, query).await?;
        link.finish();
        Ok(held)
    }

    async fn hold(&self, hold: bool) -> Result<(), Error> {
        let mut link = self.server.main().await?;
        if self.through == Through::Functions {
            let named = match self.wanted {
                Keep::Grant => "NULL".to_owned(),
                Keep::Role(_) => literal(self.keeper.as_str()),
            };
            let claim = literal(&self.lease.order.claim.digits());
            let arguments = [claim, named, functions::array(self.members), hold.to_string()];
            let call = functions::call(&self.lease.order.house, "keep", &arguments);
            link.run(format!("SELECT {call}"), DOING).await?;
        } else {
            self.hold_itself(&mut link, hold).await?;
        }
        link.finish();
        Ok(())
    }

    /// The same with CREATEROLE. Several statements in one message are one transaction.
    async fn hold_itself(&self, link: &mut Link<'_>, hold: bool) -> Result<(), Error> {
        let (k, r) = (self.keeper.quoted(), self.role.quoted());
        let broker: Ident =
            link.facts().broker_name.parse().map_err(|_| Error::new(ErrorKind::Bug, "the broker's name is no name"))?;
        let b = broker.quoted();
        if !hold {
            let taken: Vec<String> = self.members.iter().map(|m| format!("REVOKE {} FROM {r}; ", m.quoted())).collect();
            return link.run(format!("{}REVOKE {k} FROM {b}", taken.concat()), DOING).await;
        }
        if *self.wanted == Keep::Grant {
            let make = format!(
                "BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN CREATE ROLE {k} NOLOGIN NOINHERIT; END IF; END",
                literal(self.keeper.as_str())
            );
            link.run(format!("DO {}", literal(&make)), DOING).await?;
        }
        if !harmless(link, self.keeper).await? {
            return Err(Error::new(
                ErrorKind::Refused,
                "the role that is to keep the holder's tables is missing, can log in, has an attribute or is a member of \
                 another",
            )
            .with_internal(format!(
                "ALTER ROLE {k} NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS"
            )));
        }
        let (lend, give) = if link.facts().membership_options() {
            (" WITH INHERIT TRUE, SET TRUE", " WITH INHERIT TRUE, SET FALSE, ADMIN FALSE")
        } else {
            ("", "")
        };
        let given: Vec<String> = self.members.iter().map(|m| format!("; GRANT {} TO {r}{give}", m.quoted())).collect();
        link.run(format!("GRANT {k} TO {b}{lend}{}", given.concat()), DOING).await
    }
}

/// Whether a keeper gives nobody anything: no login, no attributes, member of nothing.
async fn harmless(link: &mut Link<'_>, keeper: &Ident) -> Result<bool, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, bool>(
        "SELECT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = $1 AND NOT (r.rolcanlogin OR r.rolsuper \
         OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls) \
         AND NOT EXISTS (SELECT FROM pg_auth_members a WHERE a.member = r.oid))",
    )
    .bind(keeper.as_str())
    .fetch_one(link.raw());
    Link::within(limit, DOING, query).await
}

/// Drops all that is not kept and gives the rest away: all or nothing.
fn block(role: &Ident, oid: i64, keeper: &Ident) -> String {
    let body = include_str!("keep.sql").replace("{{oid}}", &oid.to_string());
    let reassign = format!("REASSIGN OWNED BY {} TO {}", role.quoted(), keeper.quoted());
    // The statement is the last thing that is filled in: names are not looked at again.
    format!("DO {}", literal(&body.replace("{{reassign}}", &literal(&reassign))))
}
