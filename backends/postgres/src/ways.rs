//! The two ways to make and end logins: by the broker's own CREATEROLE, or through functions in the target.

use jit_backend::{Error, ErrorKind};
use jit_types::HouseId;
use sqlx::{AssertSqlSafe, Row as _};

use crate::config::Through;
use crate::connect::Link;
use crate::ident::literal;
use crate::{Postgres, functions};

/// Which way this target goes. Where the config does not say, it is the functions for a broker that has no CREATEROLE
/// and finds them.
pub(crate) async fn through(backend: &Postgres, link: &mut Link<'_>) -> Result<Through, Error> {
    if let Some(written) = backend.settings.through {
        return Ok(written);
    }
    if !link.facts().createrole && has_functions(link, &backend.house).await? {
        return Ok(Through::Functions);
    }
    Ok(Through::CreateRole)
}

/// Whether the house's functions stand in this database, and the broker may call them. A schema of that name whose
/// functions are another's, or run as whoever calls them, is somebody's trap.
async fn has_functions(link: &mut Link<'_>, house: &HouseId) -> Result<bool, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, bool>(
        "SELECT coalesce(bool_and(p.prosecdef AND r.rolname = $2 AND has_function_privilege(p.oid, 'EXECUTE')), false) \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles r ON r.oid = p.proowner \
         WHERE n.nspname = $1",
    )
    .bind(functions::schema(house))
    .bind(functions::owner(house).as_str().to_owned())
    .fetch_one(link.raw());
    Link::within(limit, "look for the functions", query).await
}

/// What closing through the functions did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    /// Who had been made a member of the login.
    pub(crate) members: Vec<String>,
    /// How many memberships could not be taken away.
    pub(crate) stuck: i64,
}

/// Closes a login through the functions. Its own roles are gone, and what is left of it is lent to the broker.
pub(crate) async fn close(link: &mut Link<'_>, house: &HouseId, claim: &str, role: i64) -> Result<Closed, Error> {
    let doing = "close the login";
    let call = functions::call(house, "close", &[literal(claim), role.to_string()]);
    let sql = format!(
        "SELECT ARRAY(SELECT jsonb_array_elements_text(c.j -> 'members')) , (c.j ->> 'stuck')::int8, (c.j ->> 'lent')::boolean \
         FROM (SELECT {call} AS j OFFSET 0) c"
    );
    let limit = link.limit();
    let row = Link::within(limit, doing, sqlx::query(AssertSqlSafe(sql)).fetch_one(link.raw())).await?;
    let read =
        || -> Result<(Vec<String>, i64, bool), sqlx::Error> { Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)) };
    let (members, stuck, lent) = read().map_err(|e| crate::error::of(&e, doing))?;
    if !lent {
        return Err(Error::new(
            ErrorKind::Refused,
            "the login is closed, but somebody gave it a role that the functions can't take away; an administrator must",
        )
        .with_internal("REVOKE the role from the login, GRANTED BY who gave it, as a superuser; see pg_auth_members"));
    }
    Ok(Closed { members, stuck })
}
