//! Reading the audit log and its tree.

use std::collections::HashMap;

use jit_types::Digest;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::super::{Entry, Log, LogQuery, StoreError};
use super::SqliteStore;
use super::batch::{json, parse};
use crate::BoxFuture;
use crate::audit::tree::{Nodes, peaks};
use crate::audit::{Appender, Node, Place};

/// The most entries that one read gives where nothing is said.
const PAGE: u32 = 1000;

/// Nodes that were read before.
struct Known(HashMap<Place, Digest>);

impl Nodes for Known {
    fn node(&self, place: Place) -> Option<Digest> {
        self.0.get(&place).copied()
    }
}

/// Takes the log up where the last process left it.
pub(super) async fn restore(connection: &mut SqliteConnection) -> Result<Appender, StoreError> {
    let (size,): (i64,) =
        sqlx::query_as("SELECT coalesce(max(n) + 1, 0) FROM entries").fetch_one(&mut *connection).await?;
    let size = u64::try_from(size).map_err(|_| StoreError::Damaged("the log's size".to_owned()))?;
    let places: Vec<(u8, u64)> = peaks(size).into_iter().map(|place| (place.level, place.index)).collect();
    let rows: Vec<(i64, i64, String)> = sqlx::query_as(
        "SELECT level, i, hash FROM nodes JOIN json_each($1) AS p ON level = p.value->>0 AND i = p.value->>1",
    )
    .bind(json(&places))
    .fetch_all(&mut *connection)
    .await?;
    let mut known = HashMap::new();
    for row in rows {
        let node = node(row)?;
        known.insert(node.place, node.hash);
    }
    Appender::restore(size, &Known(known)).map_err(|_| StoreError::Damaged("the log's tree".to_owned()))
}

fn node((level, index, hash): (i64, i64, String)) -> Result<Node, StoreError> {
    let damaged = || StoreError::Damaged("a node of the log's tree".to_owned());
    let level = u8::try_from(level).map_err(|_| damaged())?;
    let index = u64::try_from(index).map_err(|_| damaged())?;
    Ok(Node { place: Place { level, index }, hash: parse(&hash)? })
}

impl Log for SqliteStore {
    fn entries(&self, query: LogQuery) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<(i64, String)> = picking(&query).build_query_as().fetch_all(&self.readers).await?;
            Ok(rows.into_iter().map(|(n, leaf)| Entry { n: u64::try_from(n).unwrap_or(0), leaf }).collect())
        })
    }

    fn nodes(&self, from: (u8, u64), most: usize) -> BoxFuture<'_, Result<Vec<Node>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<(i64, i64, String)> = sqlx::query_as(
                "SELECT level, i, hash FROM nodes WHERE (level, i) >= ($1, $2) ORDER BY level, i LIMIT $3",
            )
            .bind(i64::from(from.0))
            .bind(i64::try_from(from.1).unwrap_or(i64::MAX))
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await?;
            rows.into_iter().map(node).collect()
        })
    }

    fn checkpoints(&self, above: u64) -> BoxFuture<'_, Result<Vec<(u64, String)>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<(i64, String)> =
                sqlx::query_as("SELECT size, note FROM checkpoints WHERE size > $1 ORDER BY size")
                    .bind(i64::try_from(above).unwrap_or(i64::MAX))
                    .fetch_all(&self.readers)
                    .await?;
            Ok(rows.into_iter().map(|(size, note)| (u64::try_from(size).unwrap_or(0), note)).collect())
        })
    }

    fn head(&self) -> (u64, Digest) {
        self.head_now()
    }

    fn meta(&self, name: &'static str) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        Box::pin(async move {
            let row: Option<(String,)> = sqlx::query_as("SELECT value FROM meta WHERE name = $1")
                .bind(name)
                .fetch_optional(&self.readers)
                .await?;
            Ok(row.map(|(value,)| value))
        })
    }
}

/// The statement that picks entries. Only what is asked for stands in it, so that an index serves it.
fn picking(query: &LogQuery) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT n, leaf FROM entries WHERE n >= ");
    sql.push_bind(i64::try_from(query.from).unwrap_or(i64::MAX));
    if let Some(request) = query.request {
        sql.push(" AND request = ").push_bind(request.to_string());
    }
    if let Some(subject) = query.subject.map(|subject| subject.to_string()) {
        sql.push(" AND (subject = ").push_bind(subject.clone()).push(" OR actor = ").push_bind(subject).push(")");
    }
    if let Some(role) = &query.role {
        sql.push(" AND role = ").push_bind(role.to_string());
    }
    if let Some(since) = query.since {
        sql.push(" AND at >= ").push_bind(since.millis());
    }
    sql.push(" ORDER BY n LIMIT ").push_bind(if query.most == 0 { PAGE } else { query.most });
    sql
}
