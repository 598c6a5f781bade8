//! What is due: found in the file, in order, and leased in memory.

use std::collections::BTreeMap;

use jit_types::Timestamp;
use sqlx::SqliteConnection;

use super::super::{Leased, StoreError};
use super::batch::{EffectChange, json, next_number};
use super::leases::{Lease, Leases};

/// What a batch that is not in the file yet makes of effects, by their keys.
type Changes = BTreeMap<String, EffectChange>;

/// How many effects are looked at together.
const PAGE: i64 = 1024;

/// Where the effects that were looked at last end: by what is due first, and then by the key.
type After = (i64, String);

/// The first page begins before all that can be.
fn first() -> After {
    (i64::MIN, String::new())
}

/// Leases what is due, one a lane.
pub(super) async fn lease(
    connection: &mut SqliteConnection,
    leases: &mut Leases,
    changes: &Changes,
    (now, until, most): (Timestamp, Timestamp, usize),
) -> Result<Vec<Leased>, StoreError> {
    let mut leased = Vec::new();
    let mut after = first();
    while leased.len() < most {
        // The index alone: what is leased already is most of what is due while much is at work.
        let page: Vec<(String, i64)> = sqlx::query_as(
            "SELECT key, due FROM effects WHERE due <= $1 AND (due, key) > ($2, $3) ORDER BY due, key LIMIT $4",
        )
        .bind(now.millis())
        .bind(after.0)
        .bind(&after.1)
        .bind(PAGE)
        .fetch_all(&mut *connection)
        .await?;
        let Some((key, due)) = page.last() else { break };
        after = (*due, key.clone());
        let free = |key: &&String| leases.lapsed(key, now) && !changes.contains_key(*key);
        let free: Vec<&String> = page.iter().map(|(key, _)| key).filter(free).collect();
        if !free.is_empty() {
            take(connection, leases, &free, (now, until, most), &mut leased).await?;
        }
    }
    Ok(leased)
}

/// Leases those of a page whose lanes are free, until there are enough.
async fn take(
    connection: &mut SqliteConnection,
    leases: &mut Leases,
    keys: &[&String],
    (now, until, most): (Timestamp, Timestamp, usize),
    leased: &mut Vec<Leased>,
) -> Result<(), StoreError> {
    type Row = (String, Option<String>, String, i64, Option<String>, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT key, request, kind, due, lane, version FROM effects
         WHERE key IN (SELECT value FROM json_each($1)) ORDER BY due, key",
    )
    .bind(json(&keys))
    .fetch_all(&mut *connection)
    .await?;
    for (key, request, kind, due, lane, version) in rows {
        if leased.len() == most {
            break;
        }
        if lane.as_ref().is_some_and(|lane| !leases.free(lane, now)) {
            continue;
        }
        let request = request.map(|id| id.parse()).transpose();
        let request = request.map_err(|_| StoreError::Damaged("an effect's request".to_owned()))?;
        let kind = serde_json::from_str(&kind).map_err(|_| StoreError::Damaged("an effect's kind".to_owned()))?;
        let (fence, due) = (next_number(), Timestamp::from_millis(due));
        leases.take(key, Lease { fence, version, lane: lane.clone(), due, until });
        leased.push(Leased { request, kind, lane, due, fence, version });
    }
    Ok(())
}

/// The next moment at which something can be leased: it is due and its lane is free, or the lease that holds it has run out.
pub(super) async fn next(
    connection: &mut SqliteConnection,
    leases: &Leases,
    changes: &Changes,
) -> Result<Option<Timestamp>, StoreError> {
    // What waits for its lane is due when the lane is free again.
    let leased = leases.next();
    let (mut after, mut most) = (first(), 1);
    loop {
        let page: Vec<(String, i64, Option<String>)> =
            sqlx::query_as("SELECT key, due, lane FROM effects WHERE (due, key) > ($1, $2) ORDER BY due, key LIMIT $3")
                .bind(after.0)
                .bind(&after.1)
                .bind(most)
                .fetch_all(&mut *connection)
                .await?;
        if page.is_empty() {
            return Ok(leased);
        }
        // As a rule the first one is free.
        most = PAGE;
        for (key, due, lane) in page {
            let due_at = Timestamp::from_millis(due);
            if leased.is_some_and(|leased| leased <= due_at) {
                return Ok(leased);
            }
            let free = leases.of(&key).is_none() && !changes.contains_key(&key);
            if free && lane.is_none_or(|lane| !leases.taken(&lane)) {
                return Ok(Some(due_at));
            }
            after = (due, key);
        }
    }
}
