//! Reading requests, tokens and messages.

use std::sync::Arc;

use jit_life::Request;
use jit_types::{RequestId, Timestamp};

use sqlx::{QueryBuilder, Sqlite};

use super::super::{Log, Query, Records, StoreError, Token, TokenQuery};
use super::batch::json;
use super::{SqliteStore, rows};
use crate::BoxFuture;

/// The most that one list holds where nothing is said.
const PAGE: u32 = 100;

impl Records for SqliteStore {
    fn request(&self, id: RequestId) -> BoxFuture<'_, Result<Option<Request>, StoreError>> {
        Box::pin(async move {
            if let Some(state) = self.fresh.get(id) {
                return Ok(Some(Arc::unwrap_or_clone(state)));
            }
            let row: Option<(String,)> = sqlx::query_as("SELECT state FROM requests WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(&self.readers)
                .await?;
            row.map(|(state,)| rows::request(&state)).transpose()
        })
    }

    fn warm(&self, ids: Vec<RequestId>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let ids: Vec<String> = self.fresh.missing(ids).iter().map(RequestId::to_string).collect();
            if ids.is_empty() {
                return Ok(());
            }
            let moment = self.fresh.moment();
            let rows: Vec<(String,)> =
                sqlx::query_as("SELECT state FROM requests WHERE id IN (SELECT value FROM json_each($1))")
                    .bind(json(&ids))
                    .fetch_all(&self.readers)
                    .await?;
            let states = rows.iter().map(|(state,)| rows::request(state)).collect::<Result<_, _>>()?;
            self.fresh.read_since(moment, states);
            Ok(())
        })
    }

    fn requests(&self, query: Query) -> BoxFuture<'_, Result<Vec<Request>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<(String,)> = picking(query).build_query_as().fetch_all(&self.readers).await?;
            rows.iter().map(|(state,)| rows::request(state)).collect()
        })
    }

    fn ended_early(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Request>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<(String,)> = sqlx::query_as(
                "SELECT state FROM requests WHERE id IN
                 (SELECT request FROM ended_early WHERE planted > $1)",
            )
            .bind(now.millis())
            .fetch_all(&self.readers)
            .await?;
            rows.iter().map(|(state,)| rows::request(state)).collect()
        })
    }

    fn tokens(&self, by: TokenQuery) -> BoxFuture<'_, Result<Vec<Token>, StoreError>> {
        Box::pin(async move {
            let query = match by {
                TokenQuery::Hash(hash) => {
                    sqlx::query_as("SELECT token FROM tokens WHERE hash = $1").bind(hash.to_string())
                }
                TokenQuery::Of(subject) => {
                    sqlx::query_as("SELECT token FROM tokens WHERE subject = $1 ORDER BY id").bind(subject.to_string())
                }
                TokenQuery::Id(id) => sqlx::query_as("SELECT token FROM tokens WHERE id = $1").bind(id.to_string()),
            };
            let rows: Vec<(String,)> = query.fetch_all(&self.readers).await?;
            let read = |text: &str| serde_json::from_str(text).map_err(|_| StoreError::Damaged("a token".to_owned()));
            rows.iter().map(|(token,)| read(token)).collect()
        })
    }

    fn messages(&self, notice: String) -> BoxFuture<'_, Result<Vec<(String, String)>, StoreError>> {
        Box::pin(async move {
            Ok(sqlx::query_as("SELECT channel, message FROM messages WHERE notice = $1")
                .bind(notice)
                .fetch_all(&self.readers)
                .await?)
        })
    }

    fn log(&self) -> &dyn Log {
        self
    }
}

/// The statement that picks requests. Only what is asked for stands in it, so that an index serves it: how much is stored
/// besides costs nothing.
fn picking(query: Query) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT state FROM requests WHERE TRUE");
    if let Some(subject) = query.subject {
        sql.push(" AND subject = ").push_bind(subject.to_string());
    }
    if query.waiting {
        sql.push(" AND waiting = 1");
    }
    if query.open {
        sql.push(" AND open_key IS NOT NULL");
    }
    // A prefix is compared as a range, so that no character in it means anything.
    if let Some(prefix) = query.prefix.filter(|prefix| !prefix.is_empty()) {
        let past = format!("{prefix}\u{10ffff}");
        sql.push(" AND id IN (SELECT id FROM requests WHERE id >= ").push_bind(prefix.clone());
        sql.push(" AND id < ").push_bind(past.clone());
        sql.push(" UNION SELECT id FROM requests WHERE grant_id >= ").push_bind(prefix);
        sql.push(" AND grant_id < ").push_bind(past).push(")");
    }
    if query.unended {
        sql.push(
            " AND id IN (SELECT id FROM requests WHERE open_key IS NOT NULL
                         UNION SELECT request FROM effects WHERE kind LIKE '__revoke_:%')",
        );
    }
    if let Some(grant) = query.grant {
        sql.push(" AND grant_id = ").push_bind(grant.to_string());
    }
    if let Some(before) = query.before {
        sql.push(" AND id < ").push_bind(before.to_string());
    }
    if let Some(ask) = query.ask {
        sql.push(" AND id = (SELECT request FROM asks WHERE ask = ").push_bind(ask.to_string()).push(")");
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(if query.most == 0 { PAGE } else { query.most });
    sql
}
