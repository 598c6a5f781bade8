//! What `doctor` shows: reachable, rights too few and too many, the clock, the log, PUBLIC, the member roles, survivors.

use std::collections::BTreeMap;

use jit_backend::{Error, FindingKind, Report};
use jit_types::Words;

use crate::config::Through;
use crate::connect::{Link, Server};
use crate::ident::{Ident, advised, shown};
use crate::memory::{Found, names};
use crate::rights::{bad, finding, good, notice};
use crate::scope::Resolved;
use crate::url::SslMode;
use crate::{Postgres, clock, fit, functions, installed, logging, name, prepared, revoke, rights, ways};

/// The difference of clocks that an order's deadline and a planted end bear without anybody noticing.
const SKEW_MILLIS: i64 = 5_000;

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
    let through = ways::through(backend, &mut link).await?;
    found.superuser = rights::own(&mut link, backend.primary.main_database(), through, &mut report.findings).await?;
    found.createrole = link.facts().createrole;
    skew(&mut link, report).await?;
    let (notices, logs) = logging::notices(&mut link).await?;
    found.logs_statements = logs;
    report.findings.extend(notices);
    let main = shown(backend.primary.main_database().as_str());
    report.findings.extend(logging::jobs(&mut link, &main).await?);
    let members = names(&backend.house, scopes);
    found.open = open_databases(&mut link).await?;
    fence(&found.open, scopes, report);
    let members: Vec<Ident> = members.into_iter().collect();
    let giver = match through {
        Through::CreateRole => link.facts().broker_name.clone(),
        Through::Functions => {
            installed::look(backend, &mut link, &members, &mut report.findings).await?;
            functions::owner(&backend.house).as_str().to_owned()
        }
    };
    rights::members(&mut link, &giver, &members, &mut report.findings).await?;
    others(backend, &mut link, &members, report).await?;
    report.marked = marked(backend, &mut link).await?;
    link.finish();
    for scope in scopes {
        look_at_scope(backend, scope, report).await;
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

/// A database is fenced off from whoever is not given it only if PUBLIC may not connect to it: that counts for those that no
/// role names, and for those that one names and another does not.
fn fence(open: &BTreeMap<String, String>, scopes: &[Resolved], report: &mut Report) {
    let given_to_all = |name: &str| {
        !scopes.is_empty() && scopes.iter().all(|scope| scope.databases.iter().any(|d| d.as_str() == name))
    };
    let elsewhere: Vec<&String> = open.keys().filter(|name| !given_to_all(name)).collect();
    if elsewhere.is_empty() {
        report.findings.push(good("PUBLIC may connect to no database that is not given to every login"));
        return;
    }
    let said: Vec<String> = elsewhere.iter().take(8).map(|n| shown(n)).collect();
    let quoted: Vec<String> = elsewhere.iter().take(8).map(|n| advised(n)).collect();
    report.findings.push(notice(
        format!("PUBLIC may connect to {} databases, and so can every login: {}", elsewhere.len(), said.join(", ")),
        format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", quoted.join(", ")),
    ));
}

/// Every login that bears this house's mark. Its other roles (who owns the functions, prepared ones, keepers) stay.
async fn marked(backend: &Postgres, link: &mut Link<'_>) -> Result<Vec<Words>, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, String>(
        "SELECT r.rolname::text FROM pg_roles r WHERE starts_with(r.rolname::text, $1) \
         AND r.rolname ~ '^jit_[0-9a-z]{26}_[0-9a-z]{26}$' ORDER BY 1",
    )
    .bind(name::prefix(&backend.house))
    .fetch_all(link.raw());
    Ok(Link::within(limit, "look for the house's logins", query).await?.iter().map(Words::new).collect())
}

/// The house's other roles: who keeps tables of grants that ended, and what was prepared for roles that are no more.
async fn others(backend: &Postgres, link: &mut Link<'_>, members: &[Ident], report: &mut Report) -> Result<(), Error> {
    let limit = link.limit();
    let query = sqlx::query_as::<_, (String, bool)>(
        "SELECT r.rolname::text, starts_with(r.rolname::text, $1 || 'kept_') FROM pg_roles r \
         WHERE starts_with(r.rolname::text, $1 || 'kept_') OR starts_with(r.rolname::text, $1 || 'for_') ORDER BY 1",
    )
    .bind(name::prefix(&backend.house))
    .fetch_all(link.raw());
    for (role, keeps) in Link::within(limit, "look for the house's roles", query).await? {
        let (said, named) = (shown(&role), advised(&role));
        if keeps {
            report.findings.push(notice(
                format!("role {said} keeps tables of a grant that has ended"),
                format!("REASSIGN OWNED BY {named} TO who needs them, in each database; then DROP ROLE {named}"),
            ));
        } else if !members.is_empty() && !members.iter().any(|m| m.as_str() == role) {
            report.findings.push(notice(
                format!("role {said} was prepared for tables that no role of the config names any more"),
                format!("DROP OWNED BY {named}, in each database; then DROP ROLE {named}"),
            ));
        }
    }
    Ok(())
}

async fn look_at_scope(backend: &Postgres, scope: &Resolved, report: &mut Report) {
    let server = &backend.primary;
    let roles = scope.members(&backend.house);
    for database in &scope.databases {
        let place = shown(database.as_str());
        let mut link = match server.link(database.as_str()).await {
            Ok(link) => link,
            Err(e) => {
                report.findings.push(bad(
                    format!("the broker can't get into database {place}: {}", e.public),
                    format!(
                        "GRANT CONNECT ON DATABASE {} TO {}",
                        advised(database.as_str()),
                        advised(backend.settings.url.user.as_str())
                    ),
                ));
                continue;
            }
        };
        if let Err(e) = prepared_and_open(backend, &mut link, scope, &place, report).await {
            report.findings.push(finding(FindingKind::Bad, e.public.as_str(), remedy_of(&e)));
        }
        match fit::look(&mut link, &backend.house, database, &roles).await {
            Ok(fit) => {
                for b in fit.broken {
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

/// The prepared role against what is written, and tables that others than the holders may use.
async fn prepared_and_open(
    backend: &Postgres,
    link: &mut Link<'_>,
    scope: &Resolved,
    place: &str,
    report: &mut Report,
) -> Result<(), Error> {
    for drift in prepared::drift(link, &backend.house, scope).await? {
        report.findings.push(bad(format!("in database {place}: {}", drift.what), drift.remedy));
    }
    let mut open = Vec::from_iter(logging::jobs(link, place).await?);
    rights::tables(link, place, &mut open).await?;
    open.retain(|f| !report.findings.contains(f));
    report.findings.extend(open);
    Ok(())
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
            format!("GRANT pg_read_all_stats TO {}", advised(&link.facts().broker_name)),
        ));
    }
    report.findings.push(good(format!("standby {} is reachable", standby.target())));
    link.finish();
    Ok(())
}
