//! What a login leaves behind: what it owns, what it was granted, what it planted in other people's tables.

use std::collections::BTreeMap;

use jit_backend::Error;

use crate::connect::{Link, Server};
use crate::ident::shown;

/// How many objects of one sort are named before the rest is only counted.
const NAMED: usize = 5;

/// The databases in which something depends on the login; the main one where only shared objects do.
pub(crate) async fn places(server: &Server, role: i64) -> Result<Vec<String>, Error> {
    let doing = "look for what the login left";
    let mut link = server.main().await?;
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, String>(
        "SELECT DISTINCT coalesce(b.datname::text, current_database()::text) FROM pg_shdepend d \
         LEFT JOIN pg_database b ON b.oid = d.dbid \
         WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid::int8 = $1 \
         AND d.classid <> 'pg_auth_members'::regclass ORDER BY 1",
    )
    .bind(role)
    .fetch_all(link.raw());
    let places = Link::within(limit, doing, query).await?;
    link.finish();
    Ok(places)
}

/// How many things depend on the login anywhere.
pub(crate) async fn count(link: &mut Link<'_>, role: i64) -> Result<i64, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, i64>(
        "SELECT count(*) FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid::int8 = $1",
    )
    .bind(role)
    .fetch_one(link.raw());
    Link::within(limit, "look for what the login left", query).await
}

/// What was left, of one sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Whether it is tables, which may be kept.
    pub(crate) is_table: bool,
    /// The sentence for the record, where it is dropped.
    pub(crate) said: String,
}

/// What the login owns in this connection's database, and which triggers run its functions: a sentence for each sort.
/// The sorts are `pg_identify_object`'s own fixed words, which are never translated.
pub(crate) async fn describe(link: &mut Link<'_>, role: i64, place: &str) -> Result<Vec<Left>, Error> {
    let doing = "look for what the login left";
    let limit = link.limit();
    let query = sqlx::query_as::<_, (String, Option<String>, bool)>(
        "SELECT i.type, i.name, coalesce(p.prosecdef, false) FROM pg_shdepend d \
         CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i \
         LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid \
         WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid::int8 = $1 AND d.deptype = 'o' \
         AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND i.type IS NOT NULL \
         UNION ALL \
         SELECT 'trigger on a table of others', t.tgname::text, false FROM pg_trigger t \
         JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid \
         WHERE p.proowner::int8 = $1 AND c.relowner::int8 <> $1 AND NOT t.tgisinternal",
    )
    .bind(role)
    .fetch_all(link.raw());
    let rows = Link::within(limit, doing, query).await?;
    let mut sorts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (sort, name, definer) in rows {
        let sort = if definer { format!("{sort} that runs as its owner") } else { sort };
        sorts.entry(sort).or_default().push(shown(&name.unwrap_or_default()));
    }
    Ok(sorts
        .into_iter()
        .map(|(sort, names)| {
            let listed: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
            let more = names.len().saturating_sub(listed.len());
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            Left {
                is_table: sort == "table",
                said: format!("the login had left in database {place}: {sort}: {}{rest}; dropped", listed.join(", ")),
            }
        })
        .collect())
}
