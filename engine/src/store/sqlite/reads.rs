//! Reading requests, tokens and messages.

use std::sync::Arc;

use jit_life::Request;
use jit_types::{RequestId, Timestamp};

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
            // A prefix is compared as a range, so that no character in it means anything.
            let prefix = query.prefix.filter(|prefix| !prefix.is_empty());
            let past = prefix.as_ref().map(|prefix| format!("{prefix}\u{10ffff}"));
            let rows: Vec<(String,)> = sqlx::query_as(
                "SELECT state FROM requests
                 WHERE ($1 IS NULL OR subject = $1)
                   AND ($2 = 0 OR waiting = 1)
                   AND ($3 = 0 OR open_key IS NOT NULL)
                   AND ($4 IS NULL OR id IN (SELECT id FROM requests WHERE id >= $4 AND id < $9
                                             UNION SELECT id FROM requests WHERE grant_id >= $4 AND grant_id < $9))
                   AND ($10 = 0 OR id IN (SELECT id FROM requests WHERE open_key IS NOT NULL
                                          UNION SELECT request FROM effects WHERE kind LIKE '__revoke_:%'))
                   AND ($5 IS NULL OR grant_id = $5)
                   AND ($6 IS NULL OR id < $6)
                   AND ($8 IS NULL OR id = (SELECT request FROM asks WHERE ask = $8))
                 ORDER BY id DESC LIMIT $7",
            )
            .bind(query.subject.map(|subject| subject.to_string()))
            .bind(query.waiting)
            .bind(query.open)
            .bind(prefix)
            .bind(query.grant.map(|grant| grant.to_string()))
            .bind(query.before.map(|id| id.to_string()))
            .bind(if query.most == 0 { PAGE } else { query.most })
            .bind(query.ask.map(|ask| ask.to_string()))
            .bind(past)
            .bind(query.unended)
            .fetch_all(&self.readers)
            .await?;
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
