//! What the member roles look like, before and after: what a holder did as one of them is not undone with the login, so
//! what changed is at least in the record.
//!
//! Each aspect is reduced to a digest by the server. A digest tells that something changed, in which aspect and where;
//! not what, and not who: on 15 a holder can act as the member role itself.

use jit_backend::Error;
use jit_types::Words;
use sqlx::{AssertSqlSafe, Row as _};

use crate::connect::{Link, Server};
use crate::error;
use crate::ident::{Ident, shown};
use crate::name;
use crate::note::Looks;

const DOING: &str = "compare the member roles";

/// The aspects that all databases of a server share: name, and a query of texts (`x`). `m` are the member roles.
fn shared() -> Vec<(&'static str, String)> {
    let others = format!("NOT ({})", name::any_login("u.rolname"));
    vec![
        (
            "attributes",
            "SELECT concat_ws(',', r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, \
             r.rolreplication, r.rolbypassrls) x FROM pg_roles r JOIN m ON m.oid = r.oid"
                .to_owned(),
        ),
        (
            "settings",
            "SELECT concat_ws(',', s.setdatabase, s.setrole, s.setconfig) x FROM pg_db_role_setting s JOIN m ON m.oid = s.setrole"
                .to_owned(),
        ),
        (
            "memberships",
            format!(
                "SELECT concat_ws(',', a.roleid, a.member, a.admin_option) x FROM pg_auth_members a \
                 JOIN pg_roles u ON u.oid = a.member \
                 WHERE (a.roleid IN (SELECT oid FROM m) OR a.member IN (SELECT oid FROM m)) AND {others}"
            ),
        ),
        (
            "owned objects",
            "SELECT concat_ws(',', d.dbid, d.classid, d.objid) x FROM pg_shdepend d JOIN m ON m.oid = d.refobjid \
             WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o'"
                .to_owned(),
        ),
        (
            "objects that name them",
            "SELECT concat_ws(',', d.dbid, d.classid, d.objid, d.objsubid, d.deptype) x FROM pg_shdepend d \
             JOIN m ON m.oid = d.refobjid WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype <> 'o' \
             AND d.classid <> 'pg_auth_members'::regclass"
                .to_owned(),
        ),
        ("replication slots", "SELECT s.slot_name::text x FROM pg_replication_slots s WHERE NOT s.temporary".to_owned()),
        (
            "prepared transactions",
            "SELECT p.gid x FROM pg_prepared_xacts p JOIN m ON m.rolname = p.owner".to_owned(),
        ),
    ]
}

/// The aspects of one database. `w` are the member roles and PUBLIC.
const LOCAL: [(&str, &str); 5] = [
    (
        "privileges",
        "SELECT concat_ws(',', o.class, o.id, a.grantor, a.grantee, a.privilege_type, a.is_grantable) x FROM ( \
         SELECT 'c' class, oid::text id, relacl acl FROM pg_class WHERE relacl IS NOT NULL AND relpersistence <> 't' \
         UNION ALL SELECT 'a', concat(attrelid, '.', attnum), attacl FROM pg_attribute WHERE attacl IS NOT NULL \
         UNION ALL SELECT 'n', oid::text, nspacl FROM pg_namespace WHERE nspacl IS NOT NULL \
         UNION ALL SELECT 'p', oid::text, proacl FROM pg_proc WHERE proacl IS NOT NULL \
         UNION ALL SELECT 't', oid::text, typacl FROM pg_type WHERE typacl IS NOT NULL \
         UNION ALL SELECT 's', oid::text, srvacl FROM pg_foreign_server WHERE srvacl IS NOT NULL \
         UNION ALL SELECT 'l', oid::text, lomacl FROM pg_largeobject_metadata WHERE lomacl IS NOT NULL \
         ) o CROSS JOIN LATERAL aclexplode(o.acl) a WHERE a.grantee IN (SELECT oid FROM w)",
    ),
    (
        "default privileges",
        "SELECT concat_ws(',', d.defaclrole, d.defaclnamespace, d.defaclobjtype, d.defaclacl::text) x FROM pg_default_acl d",
    ),
    (
        "triggers",
        "SELECT concat_ws(',', t.oid, t.tgrelid, t.tgfoid, t.tgenabled) x FROM pg_trigger t \
         JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relpersistence <> 't'",
    ),
    (
        "functions that run as their owner",
        "SELECT concat_ws(',', p.oid, p.proowner, md5(p.prosrc)) x FROM pg_proc p WHERE p.prosecdef",
    ),
    (
        "row policies",
        "SELECT concat_ws(',', p.oid, p.polrelid, p.polcmd, p.polpermissive, p.polroles) x FROM pg_policy p",
    ),
];

/// Looks at all aspects: those that are shared, and those of each database.
pub(crate) async fn look(server: &Server, databases: &[Ident], members: &[Ident]) -> Result<Looks, Error> {
    let mut looks = Looks::new();
    let mut link = server.main().await?;
    for (aspect, digest) in digests(&mut link, members, &shared()).await? {
        looks.insert(format!("shared: {aspect}"), digest);
    }
    link.finish();
    for database in databases {
        let mut link = server.link(database.as_str()).await?;
        looks.extend(look_local(&mut link, database, members).await?);
        link.finish();
    }
    Ok(looks)
}

/// Looks at the aspects of this connection's database.
pub(crate) async fn look_local(link: &mut Link<'_>, database: &Ident, members: &[Ident]) -> Result<Looks, Error> {
    let mut local: Vec<(&str, String)> = LOCAL.iter().map(|(a, q)| (*a, (*q).to_owned())).collect();
    if has_cron(link).await? {
        local.push((
            "cron jobs",
            "SELECT concat_ws(',', j.jobid, j.schedule, j.username, md5(j.command)) x FROM cron.job j".to_owned(),
        ));
    }
    let found = digests(link, members, &local).await?;
    Ok(found.into_iter().map(|(aspect, digest)| (format!("{}: {aspect}", shown(database.as_str())), digest)).collect())
}

/// Looks at the shared aspects over a connection that is open already.
pub(crate) async fn look_shared(link: &mut Link<'_>, members: &[Ident]) -> Result<Looks, Error> {
    let found = digests(link, members, &shared()).await?;
    Ok(found.into_iter().map(|(aspect, digest)| (format!("shared: {aspect}"), digest)).collect())
}

async fn has_cron(link: &mut Link<'_>) -> Result<bool, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, bool>(
        "SELECT coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), false) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'cron' AND c.relname = 'job'",
    )
    .fetch_optional(link.raw());
    Ok(Link::within(limit, DOING, query).await?.unwrap_or(false))
}

async fn digests(
    link: &mut Link<'_>,
    members: &[Ident],
    aspects: &[(&str, String)],
) -> Result<Vec<(String, String)>, Error> {
    let parts: Vec<String> = aspects
        .iter()
        .map(|(aspect, texts)| {
            format!(
                "SELECT '{aspect}'::text, left(encode(sha256(convert_to(coalesce(string_agg(q.x, chr(10) ORDER BY q.x), ''), \
                 getdatabaseencoding())), 'hex'), 16) FROM ({texts}) q"
            )
        })
        .collect();
    let sql = format!(
        "WITH m AS (SELECT oid, rolname FROM pg_roles WHERE rolname = ANY ($1::text[])), \
         w AS (SELECT oid FROM m UNION ALL SELECT 0) {}",
        parts.join(" UNION ALL ")
    );
    let names: Vec<&str> = members.iter().map(Ident::as_str).collect();
    let limit = link.limit();
    let query = sqlx::query(AssertSqlSafe(sql)).bind(&names).fetch_all(link.raw());
    let rows = Link::within(limit, DOING, query).await?;
    rows.iter()
        .map(|r| Ok((r.try_get(0)?, r.try_get(1)?)))
        .collect::<Result<_, sqlx::Error>>()
        .map_err(|e| error::of(&e, DOING))
}

/// What differs, a sentence each.
pub(crate) fn changes(before: &Looks, after: &Looks) -> Vec<Words> {
    if before.is_empty() {
        return vec![Words::new("what the member roles looked like before is not known, so nothing was compared")];
    }
    let mut said: Vec<Words> = before
        .iter()
        .filter(|(aspect, digest)| after.get(*aspect) != Some(*digest))
        .map(|(aspect, _)| {
            let (place, what) = aspect.split_once(": ").unwrap_or(("", aspect));
            let place = if place == "shared" { "on the server".to_owned() } else { format!("in database {place}") };
            let what = if after.contains_key(aspect) {
                format!("{what} of the member roles or PUBLIC changed {place} while the login stood")
            } else {
                format!("{what} could not be compared {place}")
            };
            Words::new(what)
        })
        .collect();
    if said.is_empty() {
        said.push(Words::new("the member roles look as they did before"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_said() {
        let before = Looks::from([("shared: settings".into(), "a".into()), ("shop: triggers".into(), "b".into())]);
        assert_eq!(changes(&before, &before).len(), 1);
        let after = Looks::from([("shared: settings".into(), "a".into()), ("shop: triggers".into(), "c".into())]);
        let said = changes(&before, &after);
        assert_eq!(said.len(), 1);
        assert!(said[0].as_str().contains("triggers") && said[0].as_str().contains("in database shop"));
        assert!(changes(&Looks::new(), &after)[0].as_str().contains("not known"));
    }
}
