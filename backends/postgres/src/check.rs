//! What `doctor` shows: reachable, rights too few and too many, the clock, the log, PUBLIC, the member roles, survivors.

use std::collections::BTreeMap;

use jit_backend::{Error, Finding, FindingKind, Report};
use jit_types::Words;

use crate::connect::{Link, Server};
use crate::ident::{Ident, advised, shown};
use crate::memory::{Found, names};
use crate::scope::Resolved;
use crate::url::SslMode;
use crate::{Postgres, clock, logging, name, revoke, rules};

/// The difference of clocks that an order's deadline and a planted end bear without anybody noticing.
const SKEW_MILLIS: i64 = 5_000;

fn finding(kind: FindingKind, what: impl AsRef<str>, remedy: Option<String>) -> Finding {
    Finding { kind, what: Words::new(what), remedy: remedy.map(Words::new) }
}

fn good(what: impl AsRef<str>) -> Finding {
    finding(FindingKind::Good, what, None)
}

fn bad(what: impl AsRef<str>, remedy: impl Into<String>) -> Finding {
    finding(FindingKind::Bad, what, Some(remedy.into()))
}

fn notice(what: impl AsRef<str>, remedy: impl Into<String>) -> Finding {
    finding(FindingKind::Notice, what, Some(remedy.into()))
}

/// Looks at the target. What could not be looked at is a finding of its own.
pub(crate) async fn check(backend: &Postgres) -> Report {
    let mut report = Report::default();
    let mut found = Found::default();
    let scopes = backend.memory().scopes();
    if let Err(e) = look(backend, &scopes, &mut report, &mut found).await {
        report.findings.push(finding(FindingKind::Bad, e.public.as_str(), remedy_of(&e)));
    } else {
        backend.memory().set_found(found);
    }
    for standby in &backend.standbys {
        if let Err(e) = look_at_standby(backend, standby, &mut report).await {
            report.findings.push(bad(
                format!("standby {}: {}: an end waits for it", standby.target(), e.public),
                "make it reachable, or take it out of `standbys` once no client can reach it",
            ));
        }
    }
    report.findings.sort_by_key(|f| std::cmp::Reverse(f.kind));
    report
}

fn remedy_of(e: &Error) -> Option<String> {
    (!e.internal.as_str().is_empty()).then(|| e.internal.as_str().to_owned())
}

async fn look(backend: &Postgres, scopes: &[Resolved], report: &mut Report, found: &mut Found) -> Result<(), Error> {
    let mut link = backend.primary.main().await?;
    found.version = link.facts().version;
    report.findings.push(good(format!("reachable: PostgreSQL {}", found.version / 10_000)));
    if link.facts().standby {
        report.findings.push(bad("the url leads to a standby, which takes no changes", "point the url at the primary"));
    }
    transport(backend, report);
    own_rights(&mut link, backend.primary.main_database(), report, found).await?;
    skew(&mut link, report).await?;
    let (notices, logs) = logging::notices(&mut link).await?;
    found.logs_statements = logs;
    report.findings.extend(notices);
    let (databases, members) = names(scopes);
    found.open = open_databases(&mut link).await?;
    fence(&found.open, &databases.iter().collect::<Vec<_>>(), report);
    may_give(&mut link, &members.iter().cloned().collect::<Vec<_>>(), report).await?;
    report.marked = marked(backend, &mut link).await?;
    link.finish();
    for scope in scopes {
        look_at_scope(&backend.primary, scope, report).await;
    }
    Ok(())
}

fn transport(backend: &Postgres, report: &mut Report) {
    let url = &backend.settings.url;
    if url.host.is_tcp() && url.sslmode != SslMode::VerifyFull {
        report.findings.push(notice(
            "the broker does not verify the server it connects to: another could answer in its place",
            "write sslmode=verify-full and sslrootcert=… into the url",
        ));
    }
    let clients = &backend.settings.clients;
    if !clients.host.starts_with('/') && clients.sslmode != SslMode::VerifyFull {
        report.findings.push(notice(
            "clients do not verify the server: one that has a verifier could answer in its place",
            "write clients = { sslmode = \"verify-full\", root_certificate = \"…\" }",
        ));
    }
}

async fn own_rights(
    link: &mut Link<'_>,
    database: &Ident,
    report: &mut Report,
    found: &mut Found,
) -> Result<(), Error> {
    let doing = "read the broker's own rights";
    let limit = link.limit();
    let query = sqlx::query_as::<_, (bool, bool, bool, bool, bool, bool)>(
        "SELECT r.rolsuper, r.rolcreaterole, r.rolinherit, r.rolcreatedb OR r.rolreplication OR r.rolbypassrls, \
         has_database_privilege(current_database(), 'TEMPORARY'), has_language_privilege('plpgsql', 'USAGE') \
         FROM pg_roles r WHERE r.rolname = current_user",
    )
    .fetch_one(link.raw());
    let (superuser, createrole, inherit, more, temp, plpgsql) = Link::within(limit, doing, query).await?;
    found.superuser = superuser;
    let me = advised(&link.facts().broker_name);
    let findings = &mut report.findings;
    if superuser {
        findings.push(bad(
            "the broker is a superuser: who has it has the server",
            format!("ALTER ROLE {me} NOSUPERUSER CREATEROLE"),
        ));
    } else if !createrole {
        findings.push(bad("the broker may not make logins", format!("ALTER ROLE {me} CREATEROLE")));
    }
    if !superuser && link.facts().version < 160_000 {
        findings.push(notice(
            "on PostgreSQL 15 the broker's CREATEROLE is as good as the server: it can give itself every role but superuser",
            "move to PostgreSQL 16 or later, or accept it knowingly",
        ));
    }
    if more && !superuser {
        findings.push(notice(
            "the broker has an attribute that it does not need: CREATEDB, REPLICATION or BYPASSRLS",
            format!("ALTER ROLE {me} NOCREATEDB NOREPLICATION NOBYPASSRLS"),
        ));
    }
    if !inherit && link.facts().version < 160_000 {
        findings.push(bad(
            "the broker does not inherit: it can't end the sessions of the logins it made",
            format!("ALTER ROLE {me} INHERIT"),
        ));
    }
    if !temp {
        findings.push(bad(
            "the broker may not make temporary tables: verifiers travel by one, so that they are in no log",
            format!("GRANT TEMPORARY ON DATABASE {} TO {me}", advised(database.as_str())),
        ));
    }
    if !plpgsql {
        findings.push(bad("the broker may not use plpgsql", format!("GRANT USAGE ON LANGUAGE plpgsql TO {me}")));
    }
    Ok(())
}

async fn skew(link: &mut Link<'_>, report: &mut Report) -> Result<(), Error> {
    let limit = link.limit();
    let before = clock::now();
    let query = sqlx::query_scalar::<_, i64>("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::int8")
        .fetch_one(link.raw());
    let theirs = Link::within(limit, "read the target's clock", query).await?;
    let after = clock::now();
    // The answer lies between the two readings: what is outside them is skew, not the way there and back.
    let off =
        if theirs < before.millis() { theirs - before.millis() } else { theirs.saturating_sub(after.millis()).max(0) };
    if off.abs() > SKEW_MILLIS {
        let which = if off > 0 { "ahead of" } else { "behind" };
        report.findings.push(bad(
            format!("the target's clock is {} s {which} the broker's: ends come that much off", off.abs() / 1000),
            "set both clocks, as with chrony or systemd-timesyncd",
        ));
    } else {
        report.findings.push(good("the target's clock agrees with the broker's"));
    }
    Ok(())
}

/// The databases to which PUBLIC may connect, by their names and as they may be shown.
async fn open_databases(link: &mut Link<'_>) -> Result<BTreeMap<String, String>, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, String>(
        "SELECT d.datname::text FROM pg_database d WHERE d.datallowconn AND EXISTS (SELECT FROM \
         aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT')",
    )
    .fetch_all(link.raw());
    let names = Link::within(limit, "look at the databases", query).await?;
    Ok(names.into_iter().map(|n| (n.clone(), shown(&n))).collect())
}

fn fence(open: &BTreeMap<String, String>, meant: &[&Ident], report: &mut Report) {
    let elsewhere: Vec<&String> = open.keys().filter(|n| !meant.iter().any(|m| m.as_str() == n.as_str())).collect();
    if elsewhere.is_empty() {
        report.findings.push(good("PUBLIC may connect to no database besides those of the roles"));
        return;
    }
    let said: Vec<String> = elsewhere.iter().take(8).map(|n| shown(n)).collect();
    let quoted: Vec<String> = elsewhere.iter().take(8).map(|n| advised(n)).collect();
    report.findings.push(notice(
        format!("PUBLIC may connect to {} databases, and so can every login: {}", elsewhere.len(), said.join(", ")),
        format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", quoted.join(", ")),
    ));
}

/// Since 16 the broker can give only what it has ADMIN on.
async fn may_give(link: &mut Link<'_>, members: &[Ident], report: &mut Report) -> Result<(), Error> {
    if !link.facts().membership_options() || members.is_empty() {
        return Ok(());
    }
    let asked: Vec<&str> = members.iter().map(Ident::as_str).collect();
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, String>(
        "SELECT r.rolname::text FROM pg_roles r WHERE r.rolname = ANY ($1::text[]) \
         AND NOT pg_has_role(current_user, r.oid, 'MEMBER WITH ADMIN OPTION')",
    )
    .bind(&asked)
    .fetch_all(link.raw());
    let lacking = Link::within(limit, "read the broker's own rights", query).await?;
    let broker = advised(&link.facts().broker_name);
    for role in lacking {
        report.findings.push(bad(
            format!("the broker may not give role {}", shown(&role)),
            format!("GRANT {} TO {broker} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", advised(&role)),
        ));
    }
    Ok(())
}

/// Every role that bears this house's mark.
async fn marked(backend: &Postgres, link: &mut Link<'_>) -> Result<Vec<Words>, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, String>(
        "SELECT r.rolname::text FROM pg_roles r WHERE starts_with(r.rolname::text, $1) ORDER BY 1",
    )
    .bind(name::prefix(&backend.house))
    .fetch_all(link.raw());
    Ok(Link::within(limit, "look for the house's logins", query).await?.iter().map(Words::new).collect())
}

async fn look_at_scope(server: &Server, scope: &Resolved, report: &mut Report) {
    for database in &scope.databases {
        let place = shown(database.as_str());
        let mut link = match server.link(database.as_str()).await {
            Ok(link) => link,
            Err(e) => {
                report.findings.push(bad(
                    format!("the broker can't get into database {place}: {}", e.public),
                    format!("GRANT CONNECT ON DATABASE {} TO the broker", advised(database.as_str())),
                ));
                continue;
            }
        };
        match rules::broken(&mut link, &scope.member_of).await {
            Ok(broken) => {
                for b in broken {
                    let what = format!("in database {place}: {b}");
                    let kind = if b.excused(&scope.exceptions) { FindingKind::Notice } else { FindingKind::Bad };
                    let f = finding(kind, what, Some(b.remedy()));
                    if !report.findings.contains(&f) {
                        report.findings.push(f);
                    }
                }
            }
            Err(e) => report.findings.push(finding(FindingKind::Bad, e.public.as_str(), remedy_of(&e))),
        }
        link.finish();
    }
}

async fn look_at_standby(backend: &Postgres, standby: &Server, report: &mut Report) -> Result<(), Error> {
    let primary = backend.primary.main().await?;
    let system = primary.facts().system.clone();
    primary.finish();
    let mut link = standby.main().await?;
    revoke::standby_of(&link, &system)?;
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, bool>("SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')")
        .fetch_one(link.raw());
    let stats = Link::within(limit, "read the broker's own rights", query).await?;
    if !stats && link.facts().version >= 180_000 {
        report.findings.push(bad(
            "on a standby of PostgreSQL 18 the broker can't tell hidden sessions from the server's own processes, so no end is proven",
            "GRANT pg_read_all_stats TO the broker",
        ));
    }
    report.findings.push(good(format!("standby {} is reachable", standby.target())));
    link.finish();
    Ok(())
}
