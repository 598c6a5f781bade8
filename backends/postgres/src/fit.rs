//! What a claim looks at before it gives a role: whether the rules hold for it, and what it looks like.
//!
//! One statement for each database, so that both are of one snapshot, and so that a claim costs one way there and back. It
//! goes through the catalogs, so claims of one moment share it (see `crowd.rs`); what is found is never kept for the next
//! claim: a role that has grown since is not given.

use jit_backend::Error;
use jit_types::HouseId;
use sqlx::Row as _;

use crate::connect::Link;
use crate::error;
use crate::ident::{Ident, shown};
use crate::note::Looks;
use crate::rules::Broken;
use crate::{functions, looks};

const DOING: &str = "look at the member roles";

/// What one look at the member roles in one database showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fit {
    /// The rules that are broken.
    pub(crate) broken: Vec<Broken>,
    /// What the roles look like, on the server and in this database.
    pub(crate) looks: Looks,
}

/// Looks at the member roles in the database of this connection.
pub(crate) async fn look(
    link: &mut Link<'_>,
    house: &HouseId,
    database: &Ident,
    members: &[Ident],
) -> Result<Fit, Error> {
    let names: Vec<&str> = members.iter().map(Ident::as_str).collect();
    let givers = [link.facts().broker_name.clone(), functions::owner(house).as_str().to_owned()];
    let limit = link.limit();
    let query = sqlx::query(include_str!("fit.sql")).bind(&names).bind(&givers[..]).fetch_all(link.raw());
    let rows = Link::within(limit, DOING, query).await?;
    let place = shown(database.as_str());
    let (mut fit, mut cron) = (Fit::default(), false);
    for row in rows {
        let read = || -> Result<_, sqlx::Error> {
            let (kind, name, value): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            Ok((kind, name, value, row.try_get::<Option<Vec<String>>, _>(3)?))
        };
        let (kind, name, value, statements) = read().map_err(|e| error::of(&e, DOING))?;
        match kind.as_str() {
            "rule" => fit.broken.push(Broken::new(&name, &value, statements.as_deref())),
            "cron" => cron = true,
            "shared" => drop(fit.looks.insert(format!("shared: {name}"), value)),
            _ => drop(fit.looks.insert(format!("{place}: {name}"), value)),
        }
    }
    if cron {
        fit.looks.insert(format!("{place}: cron jobs"), looks::cron_jobs(link).await?);
    }
    Ok(fit)
}
