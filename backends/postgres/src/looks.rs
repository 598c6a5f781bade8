//! What the member roles look like, before and after: what a holder did as one of them is not undone with the login, so
//! what changed is at least in the record.
//!
//! Each aspect is reduced to a digest by the server. A digest tells that something changed, in which aspect and where;
//! not what, and not who: on 15 a holder can act as the member role itself.

use jit_backend::Error;
use jit_types::{HouseId, Words};

use crate::connect::{Link, Server};
use crate::fit;
use crate::ident::Ident;
use crate::note::Looks;

const DOING: &str = "compare the member roles";

/// Looks at all aspects: those that are shared, and those of each database.
pub(crate) async fn look(
    server: &Server,
    house: &HouseId,
    databases: &[Ident],
    members: &[Ident],
) -> Result<Looks, Error> {
    let mut looks = Looks::new();
    for database in databases {
        let mut link = server.link(database.as_str()).await?;
        looks.extend(fit::look(&mut link, house, database, members).await?.looks);
        link.finish();
    }
    Ok(looks)
}

/// The jobs of pg_cron, as one digest. A statement of its own: where there are none, one that names their table is refused.
pub(crate) async fn cron_jobs(link: &mut Link<'_>) -> Result<String, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, String>(
        "SELECT left(encode(sha256(convert_to(coalesce(string_agg(concat_ws(',', j.jobid, j.schedule, j.username, md5(j.command)), \
         chr(10) ORDER BY j.jobid), ''), getdatabaseencoding())), 'hex'), 16) FROM cron.job j",
    )
    .fetch_one(link.raw());
    Link::within(limit, DOING, query).await
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
