//! Whether the functions in the target are as the setup writes them: no more, no less, and nobody else's to call.

use std::collections::BTreeMap;

use jit_backend::{Error, Finding};
use sqlx::Row as _;

use crate::Postgres;
use crate::connect::Link;
use crate::functions::{self, Bounds};
use crate::ident::{Ident, advised, shown};
use crate::rights::{bad, good, notice};

const DOING: &str = "look at the functions";
const AGAIN: &str = "set the backend up again: it prints and runs what makes the functions anew";

/// One function as the catalogs show it.
#[derive(Debug, Default)]
struct Seen {
    body: String,
    owner: String,
    definer: bool,
    settings: Vec<String>,
    callers: Vec<String>,
}

/// Looks at the functions; `members` are the roles that the config gives.
pub(crate) async fn look(
    backend: &Postgres,
    link: &mut Link<'_>,
    members: &[Ident],
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let schema = functions::schema(&backend.house);
    let owner = functions::owner(&backend.house);
    let limit = link.limit();
    let told = sqlx::query_as::<_, (Option<String>, String)>(
        "SELECT obj_description(n.oid, 'pg_namespace'), r.rolname::text FROM pg_namespace n \
         JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = $1",
    )
    .bind(&schema)
    .fetch_optional(link.raw());
    let Some((told, schema_owner)) = Link::within(limit, DOING, told).await? else {
        findings.push(bad(
            "logins are to be made through functions, and there are none in the target",
            "set the backend up: it prints and runs what makes them",
        ));
        return Ok(());
    };
    let Some(bounds) = told.and_then(|t| Bounds::read(backend.house, &t)) else {
        findings.push(bad("what the functions in the target hold to can't be read: somebody changed it", AGAIN));
        return Ok(());
    };
    let before = findings.len();
    if schema_owner != owner.as_str() {
        findings.push(bad("the schema of the functions is another role's", AGAIN));
    }
    let seen = functions_of(link, &schema).await?;
    as_written(&bounds, &owner, &seen, &schema, findings);
    may_call(link, &schema, findings).await?;
    the_owner(link, &owner, findings).await?;
    if bounds.broker.as_str() != link.facts().broker_name {
        findings.push(bad("the functions are another broker's", AGAIN));
    }
    for role in members.iter().filter(|m| !bounds.gives.contains(m)) {
        findings.push(bad(format!("the functions may not give role {}", shown(role.as_str())), AGAIN));
    }
    for role in bounds.gives.iter().filter(|m| !members.is_empty() && !members.contains(m)) {
        findings.push(notice(
            format!("the functions may give role {}, which no role of the config gives", shown(role.as_str())),
            AGAIN,
        ));
    }
    if let Some(longest) = backend.settings.longest.filter(|l| *l != bounds.longest) {
        findings.push(if longest > bounds.longest {
            bad(format!("the functions allow no login longer than {}, the config {longest}", bounds.longest), AGAIN)
        } else {
            notice(format!("the functions allow logins of {}, the config only {longest}", bounds.longest), AGAIN)
        });
    }
    if findings.len() == before {
        findings.push(good("logins are made through functions, which are as the setup writes them"));
    }
    Ok(())
}

async fn functions_of(link: &mut Link<'_>, schema: &str) -> Result<BTreeMap<String, Seen>, Error> {
    let limit = link.limit();
    let query = sqlx::query(
        "SELECT p.proname::text, p.prosrc, o.rolname::text, p.prosecdef, coalesce(p.proconfig, '{}'), \
         ARRAY(SELECT DISTINCT coalesce(u.rolname::text, 'PUBLIC') FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a \
             LEFT JOIN pg_roles u ON u.oid = a.grantee WHERE a.grantee <> p.proowner) \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles o ON o.oid = p.proowner \
         WHERE n.nspname = $1",
    )
    .bind(schema)
    .fetch_all(link.raw());
    let rows = Link::within(limit, DOING, query).await?;
    let mut seen = BTreeMap::new();
    for row in rows {
        let read = || -> Result<(String, Seen), sqlx::Error> {
            Ok((
                row.try_get(0)?,
                Seen {
                    body: row.try_get(1)?,
                    owner: row.try_get(2)?,
                    definer: row.try_get(3)?,
                    settings: row.try_get(4)?,
                    callers: row.try_get(5)?,
                },
            ))
        };
        let (name, function) = read().map_err(|e| crate::error::of(&e, DOING))?;
        seen.insert(name, function);
    }
    Ok(seen)
}

fn as_written(
    bounds: &Bounds,
    owner: &Ident,
    seen: &BTreeMap<String, Seen>,
    schema: &str,
    findings: &mut Vec<Finding>,
) {
    let bodies = bounds.bodies();
    for (name, body) in &bodies {
        let same = seen.get(*name).is_some_and(|f| {
            f.body == *body
                && f.owner == owner.as_str()
                && f.definer
                && f.settings.iter().any(|s| s == "search_path=pg_catalog, pg_temp")
        });
        if !same {
            findings.push(bad(
                format!("the function {name} in the target is not as the setup writes it: it is older, or somebody changed it"),
                AGAIN,
            ));
        }
    }
    for (name, function) in seen {
        if !bodies.iter().any(|(known, _)| known == name) {
            findings.push(bad(
                format!("a function that is not the setup's stands beside the others: {}", shown(name)),
                AGAIN,
            ));
        }
        for caller in function.callers.iter().filter(|c| *c != bounds.broker.as_str()) {
            let who = if caller == "PUBLIC" { "PUBLIC".to_owned() } else { advised(caller) };
            findings.push(bad(
                format!("{} may call the function {}", shown(caller), shown(name)),
                format!("REVOKE ALL ON FUNCTION {schema}.{} FROM {who}", advised(name)),
            ));
        }
    }
}

/// The broker itself must be able to reach and to call them.
async fn may_call(link: &mut Link<'_>, schema: &str, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let me = advised(&link.facts().broker_name);
    let limit = link.limit();
    let query = sqlx::query_as::<_, (bool, bool)>(
        "SELECT has_schema_privilege(n.oid, 'USAGE'), coalesce((SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE')) \
         FROM pg_proc p WHERE p.pronamespace = n.oid), true) FROM pg_namespace n WHERE n.nspname = $1",
    )
    .bind(schema)
    .fetch_one(link.raw());
    let (usage, execute) = Link::within(limit, DOING, query).await?;
    if !usage {
        findings
            .push(bad("the broker does not reach the functions", format!("GRANT USAGE ON SCHEMA {schema} TO {me}")));
    }
    if !execute {
        findings.push(bad(
            "the broker may not call all of the functions",
            format!("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {me}"),
        ));
    }
    Ok(())
}

/// Nobody may be who owns them.
async fn the_owner(link: &mut Link<'_>, owner: &Ident, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let limit = link.limit();
    let query = sqlx::query_as::<_, (bool, bool, Vec<String>)>(
        "SELECT r.rolcanlogin OR r.rolsuper OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls, r.rolcreaterole, \
         ARRAY(SELECT u.rolname::text FROM pg_auth_members a JOIN pg_roles u ON u.oid = a.member WHERE a.roleid = r.oid \
             AND NOT u.rolsuper AND (coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, true) \
                 OR coalesce((to_jsonb(a) ->> 'set_option')::boolean, true))) \
         FROM pg_roles r WHERE r.rolname = $1",
    )
    .bind(owner.as_str())
    .fetch_optional(link.raw());
    let o = owner.quoted();
    let Some((more, createrole, members)) = Link::within(limit, DOING, query).await? else {
        findings.push(bad("the role that owns the functions is missing", AGAIN));
        return Ok(());
    };
    if more || !createrole {
        findings.push(bad(
            "the role that owns the functions is more than NOLOGIN CREATEROLE, or less",
            format!("ALTER ROLE {o} NOLOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS"),
        ));
    }
    for member in members {
        findings.push(bad(
            format!("role {} is a member of the role that owns the functions", shown(&member)),
            format!("REVOKE {o} FROM {}", advised(&member)),
        ));
    }
    Ok(())
}
