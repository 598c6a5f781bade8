//! The broker's own rights: too few, so that it can't do its work, and too many, so that who has it has more.

use jit_backend::{Error, Finding, FindingKind};
use jit_types::Words;

use crate::config::Through;
use crate::connect::Link;
use crate::ident::{Ident, advised, shown};

const DOING: &str = "read the broker's own rights";

pub(crate) fn finding(kind: FindingKind, what: impl AsRef<str>, remedy: Option<String>) -> Finding {
    Finding { kind, what: Words::new(what), remedy: remedy.map(Words::new) }
}

pub(crate) fn good(what: impl AsRef<str>) -> Finding {
    finding(FindingKind::Good, what, None)
}

pub(crate) fn bad(what: impl AsRef<str>, remedy: impl Into<String>) -> Finding {
    finding(FindingKind::Bad, what, Some(remedy.into()))
}

pub(crate) fn notice(what: impl AsRef<str>, remedy: impl Into<String>) -> Finding {
    finding(FindingKind::Notice, what, Some(remedy.into()))
}

/// What the broker is by its attributes.
#[derive(Clone, Copy, Debug)]
struct Attributes {
    superuser: bool,
    createrole: bool,
    inherit: bool,
    createdb: bool,
    replication: bool,
    bypassrls: bool,
}

/// Looks at the broker's role; says whether it is a superuser.
pub(crate) async fn own(
    link: &mut Link<'_>,
    database: &Ident,
    through: Through,
    findings: &mut Vec<Finding>,
) -> Result<bool, Error> {
    let limit = link.limit();
    let query = sqlx::query_as::<_, (bool, bool, bool, bool, bool, bool)>(
        "SELECT r.rolsuper, r.rolcreaterole, r.rolinherit, r.rolcreatedb, r.rolreplication, r.rolbypassrls \
         FROM pg_roles r WHERE r.rolname = current_user",
    )
    .fetch_one(link.raw());
    let (superuser, createrole, inherit, createdb, replication, bypassrls) = Link::within(limit, DOING, query).await?;
    let has = Attributes { superuser, createrole, inherit, createdb, replication, bypassrls };
    attributes(&has, through, link.facts().version, &advised(&link.facts().broker_name), findings);
    needs(link, database, findings).await?;
    if !superuser {
        reaches(link, findings).await?;
    }
    Ok(superuser)
}

fn attributes(has: &Attributes, through: Through, version: i32, me: &str, findings: &mut Vec<Finding>) {
    let functions = through == Through::Functions;
    if has.superuser {
        let keep = if functions { "NOCREATEROLE" } else { "CREATEROLE" };
        findings.push(bad(
            "the broker is a superuser: who has it has the server",
            format!("ALTER ROLE {me} NOSUPERUSER {keep}"),
        ));
        return;
    }
    match (has.createrole, functions) {
        (true, true) => findings.push(bad(
            "the broker has CREATEROLE, which it does not need: its logins are made through functions",
            format!("ALTER ROLE {me} NOCREATEROLE"),
        )),
        (false, false) if version < 160_000 => findings.push(bad(
            "the broker may not make logins, and finds no functions that do",
            "set the backend up with through = \"functions\", and run what it prints",
        )),
        (false, false) => findings.push(bad("the broker may not make logins", format!("ALTER ROLE {me} CREATEROLE"))),
        (true, false) if version < 160_000 => findings.push(notice(
            "on PostgreSQL 15 the broker's CREATEROLE is as good as the server: it can give itself every role but superuser",
            format!("set the backend up with through = \"functions\", then ALTER ROLE {me} NOCREATEROLE"),
        )),
        _ => {}
    }
    for (more, attribute, why) in [
        (has.createdb, "CREATEDB", "it could make databases"),
        (has.replication, "REPLICATION", "it could copy the whole server"),
        (has.bypassrls, "BYPASSRLS", "row policies would not hold it"),
    ] {
        if more {
            findings.push(bad(
                format!("the broker has {attribute}, which it does not need: {why}"),
                format!("ALTER ROLE {me} NO{attribute}"),
            ));
        }
    }
    if !has.inherit && version < 160_000 {
        findings.push(bad(
            "the broker does not inherit: it can't end the sessions of the logins it made",
            format!("ALTER ROLE {me} INHERIT"),
        ));
    }
}

/// Rights that the broker can't do without.
async fn needs(link: &mut Link<'_>, database: &Ident, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let me = advised(&link.facts().broker_name);
    let limit = link.limit();
    let query = sqlx::query_as::<_, (bool, bool)>(
        "SELECT has_database_privilege(current_database(), 'TEMPORARY'), has_language_privilege('plpgsql', 'USAGE')",
    )
    .fetch_one(link.raw());
    let (temp, plpgsql) = Link::within(limit, DOING, query).await?;
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

/// What the broker reaches besides its work: predefined roles, things it owns, people who can be it.
async fn reaches(link: &mut Link<'_>, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let me = advised(&link.facts().broker_name);
    let limit = link.limit();
    let query = sqlx::query_as::<_, (String, String)>(
        "SELECT 'member', r.rolname::text FROM pg_roles r WHERE r.rolname IN ('pg_execute_server_program', \
         'pg_read_server_files', 'pg_write_server_files', 'pg_read_all_data', 'pg_write_all_data', 'pg_maintain', \
         'pg_create_subscription') AND pg_has_role(current_user, r.oid, 'MEMBER') \
         UNION ALL \
         SELECT 'becomes', u.rolname::text FROM pg_auth_members a JOIN pg_roles u ON u.oid = a.member \
         JOIN pg_roles r ON r.oid = a.roleid WHERE r.rolname = current_user AND NOT u.rolsuper \
         AND (coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, true) \
              OR coalesce((to_jsonb(a) ->> 'set_option')::boolean, true)) \
         UNION ALL \
         SELECT DISTINCT 'owns', '' FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid \
         LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid \
         WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o' AND r.rolname = current_user \
         AND d.dbid IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())) \
         AND c.relpersistence IS DISTINCT FROM 't'",
    )
    .fetch_all(link.raw());
    for (what, name) in Link::within(limit, DOING, query).await? {
        let (said, role) = (shown(&name), advised(&name));
        findings.push(match what.as_str() {
            "member" => bad(
                format!("the broker is a member of {said}, which reaches far beyond making logins"),
                format!("REVOKE {role} FROM {me}"),
            ),
            "becomes" => bad(
                format!("role {said} is a member of the broker, and can do what it can"),
                format!("REVOKE {me} FROM {role}"),
            ),
            _ => notice(
                "the broker owns objects; it needs none",
                format!("REASSIGN OWNED BY {me} TO its administrator, in each database"),
            ),
        });
    }
    Ok(())
}

/// What is said of the member roles as a whole: who gives must be able to, and need not be able to use them.
pub(crate) async fn members(
    link: &mut Link<'_>,
    giver: &str,
    members: &[Ident],
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    if members.is_empty() {
        return Ok(());
    }
    let asked: Vec<&str> = members.iter().map(Ident::as_str).collect();
    let itself = giver == link.facts().broker_name;
    let since_16 = link.facts().membership_options();
    let me = advised(&link.facts().broker_name);
    let limit = link.limit();
    let query = sqlx::query_as::<_, (String, Option<bool>, bool, bool)>(
        "SELECT r.rolname::text, pg_has_role(g.oid, r.oid, 'MEMBER WITH ADMIN OPTION'), \
         pg_has_role(current_user, r.oid, 'USAGE') AND NOT me.rolsuper, \
         EXISTS (SELECT FROM pg_roles p WHERE p.rolname IN ('pg_read_all_data', 'pg_write_all_data') \
             AND pg_has_role(r.oid, p.oid, 'MEMBER')) \
         FROM pg_roles r JOIN pg_roles me ON me.rolname = current_user LEFT JOIN pg_roles g ON g.rolname = $2 \
         WHERE r.rolname = ANY ($1::text[])",
    )
    .bind(&asked)
    .bind(giver)
    .fetch_all(link.raw());
    for (name, may_give, uses, everything) in Link::within(limit, DOING, query).await? {
        let (said, role) = (shown(&name), advised(&name));
        if since_16 && may_give == Some(false) {
            findings.push(bad(
                format!("the broker may not give role {said}"),
                format!("GRANT {role} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", advised(giver)),
            ));
        }
        if uses {
            findings.push(notice(
                format!("the broker can itself do what role {said} may; it only gives it"),
                if since_16 && itself {
                    format!("GRANT {role} TO {me} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
                } else {
                    format!("REVOKE {role} FROM {me}")
                },
            ));
        }
        if everything {
            findings.push(notice(
                format!("role {said} reads or writes every table of every database that it may connect to"),
                format!("REVOKE pg_read_all_data, pg_write_all_data FROM {role}, and grant it the tables"),
            ));
        }
    }
    Ok(())
}

/// Tables that everybody, or the broker itself, may use in the database of this connection.
pub(crate) async fn tables(link: &mut Link<'_>, place: &str, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let me = advised(&link.facts().broker_name);
    let limit = link.limit();
    let query = sqlx::query_as::<_, (String, String, bool)>(
        "SELECT DISTINCT n.nspname::text, c.relname::text, a.grantee = 0 FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles me ON me.rolname = current_user \
         CROSS JOIN LATERAL (SELECT x.grantee FROM aclexplode(c.relacl) x UNION SELECT x.grantee FROM pg_attribute t \
             CROSS JOIN LATERAL aclexplode(t.attacl) x WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL) a \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
         AND c.relpersistence <> 't' AND (a.grantee = 0 OR (a.grantee = me.oid AND c.relowner <> me.oid)) \
         AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') \
         ORDER BY 1, 2 LIMIT 20",
    )
    .fetch_all(link.raw());
    for (schema, table, public) in Link::within(limit, "look at the tables", query).await? {
        let said = format!("{}.{} in database {place}", shown(&schema), shown(&table));
        let named = format!("{}.{}", advised(&schema), advised(&table));
        findings.push(if public {
            notice(
                format!("PUBLIC may use {said}, and so can every login"),
                format!("REVOKE ALL ON {named} FROM PUBLIC"),
            )
        } else {
            notice(format!("the broker itself may use {said}"), format!("REVOKE ALL ON {named} FROM {me}"))
        });
    }
    Ok(())
}
