//! Saving a batch: a constant number of statements, whatever its size.

use jit_life::Request;
use jit_types::Timestamp;
use serde_json::{Value, json as object};
use sqlx::SqliteConnection;

use super::super::{StoreError, Write};
use super::batch::{Batch, hex, json};
use super::rows::{self, RequestRow, key, publish_key};

impl Batch {
    /// Writes all that changed; says whether anything did.
    pub(super) async fn save(&mut self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let changed =
            !(self.log.is_empty() && self.dirty.is_empty() && self.effects.is_empty() && self.other.is_empty());
        self.save_requests(connection).await?;
        self.save_effects(connection).await?;
        self.save_log(connection).await?;
        self.save_answers(connection).await?;
        for write in std::mem::take(&mut self.other) {
            save_other(connection, write).await?;
        }
        let leased = self.lease(connection).await?;
        Ok(changed || leased)
    }

    async fn save_requests(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        // A key may pass from one request to another within a batch: those that give theirs up are written first.
        let (open, closed): (Vec<&Request>, Vec<&Request>) = self.changed().partition(|request| request.open());
        let batches = [closed, open].map(|some| some.into_iter().map(RequestRow::new).collect::<Result<Vec<_>, _>>());
        for rows in batches {
            let rows = rows?;
            if rows.is_empty() {
                continue;
            }
            sqlx::query(
                "INSERT INTO requests (id, grant_id, subject, open_key, waiting, state)
                 SELECT value->>'id', value->>'grant_id', value->>'subject', value->>'open_key', value->>'waiting',
                        value->>'state'
                 FROM json_each($1) WHERE true
                 ON CONFLICT (id) DO UPDATE SET grant_id = excluded.grant_id, open_key = excluded.open_key,
                        waiting = excluded.waiting, state = excluded.state",
            )
            .bind(json(&rows))
            .execute(&mut *connection)
            .await?;
        }
        let asks: Vec<(String, String)> = self
            .changed()
            .flat_map(|request| request.asks.iter().map(|ask| (ask.id.to_string(), request.id.to_string())))
            .collect();
        sqlx::query(
            "INSERT INTO asks (ask, request) SELECT value->>0, value->>1 FROM json_each($1) WHERE true
             ON CONFLICT (ask) DO NOTHING",
        )
        .bind(json(&asks))
        .execute(&mut *connection)
        .await?;
        let now = self.log.last().map_or(Timestamp::EPOCH, |row| row.event.at);
        let early: Vec<_> = self.changed().flat_map(|request| rows::ended_early(request, now)).collect();
        if !early.is_empty() {
            sqlx::query(
                "INSERT INTO ended_early (claim, request, backend, planted)
                 SELECT value->>'claim', value->>'request', value->>'backend', value->>'planted'
                 FROM json_each($1) WHERE true
                 ON CONFLICT (claim) DO UPDATE SET planted = excluded.planted",
            )
            .bind(json(&early))
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }

    async fn save_effects(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let effects = std::mem::take(&mut self.effects);
        let delete: Vec<&String> = effects.iter().filter(|(_, change)| change.delete).map(|(key, _)| key).collect();
        let free: Vec<&String> = effects.iter().filter(|(_, change)| change.free).map(|(key, _)| key).collect();
        let put: Vec<_> = effects.values().filter_map(|change| change.put.as_ref()).collect();
        if !delete.is_empty() {
            sqlx::query("DELETE FROM effects WHERE key IN (SELECT value FROM json_each($1))")
                .bind(json(&delete))
                .execute(&mut *connection)
                .await?;
        }
        if !put.is_empty() {
            // Replacing an effect that somebody is at work on keeps the lease: the lane stays taken until the outcome.
            sqlx::query(
                "INSERT INTO effects (key, request, kind, due, lane, leased_until, fence, version)
                 SELECT value->>'key', value->>'request', value->>'kind', value->>'due', value->>'lane',
                        value->>'leased_until', 0, value->>'version'
                 FROM json_each($1) WHERE true
                 ON CONFLICT (key) DO UPDATE SET due = excluded.due, lane = excluded.lane, version = excluded.version,
                        leased_until = coalesce(excluded.leased_until, leased_until)",
            )
            .bind(json(&put))
            .execute(&mut *connection)
            .await?;
        }
        if !free.is_empty() {
            sqlx::query("UPDATE effects SET leased_until = NULL WHERE key IN (SELECT value FROM json_each($1))")
                .bind(json(&free))
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }

    async fn save_log(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.log.is_empty() {
            return Ok(());
        }
        let rows: Vec<Value> = self
            .log
            .iter()
            .map(|row| {
                let event = &row.event;
                object!({
                    "n": row.n, "leaf": row.leaf, "at": event.at.millis(), "request": event.request,
                    "subject": event.subject, "actor": event.actor, "role": event.role,
                })
            })
            .collect();
        sqlx::query(
            "INSERT INTO entries (n, leaf, at, request, subject, actor, role)
             SELECT value->>'n', value->>'leaf', value->>'at', value->>'request', value->>'subject', value->>'actor',
                    value->>'role'
             FROM json_each($1)",
        )
        .bind(json(&rows))
        .execute(&mut *connection)
        .await?;
        let nodes: Vec<Value> =
            self.nodes.iter().map(|node| object!([node.place.level, node.place.index, hex(&node.hash)])).collect();
        sqlx::query("INSERT INTO nodes (level, i, hash) SELECT value->>0, value->>1, value->>2 FROM json_each($1)")
            .bind(json(&nodes))
            .execute(&mut *connection)
            .await?;
        Ok(())
    }

    async fn save_answers(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.new_answers.is_empty() {
            return Ok(());
        }
        let rows: Vec<Value> = self
            .new_answers
            .iter()
            .map(|new| object!([hex(&new.answer.key), hex(&new.answer.body), new.reply, new.at.millis()]))
            .collect();
        let at = self.new_answers.iter().map(|new| new.at.millis()).max().unwrap_or(0);
        sqlx::query(
            "INSERT INTO answers (key, body, reply, at)
             SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each($1)",
        )
        .bind(json(&rows))
        .execute(&mut *connection)
        .await?;
        // A client repeats within minutes; a day is ample.
        sqlx::query("DELETE FROM answers WHERE at < $1").bind(at - 86_400_000).execute(&mut *connection).await?;
        Ok(())
    }
}

async fn save_other(connection: &mut SqliteConnection, write: Write) -> Result<(), StoreError> {
    let query = match write {
        Write::PutToken(token) => sqlx::query("INSERT INTO tokens (id, hash, subject, token) VALUES ($1, $2, $3, $4)")
            .bind(token.id.to_string())
            .bind(hex(&token.hash))
            .bind(token.subject.to_string())
            .bind(json(&token)),
        Write::RevokeToken { id, at } => sqlx::query(
            "UPDATE tokens SET token = json_set(token, '$.revoked', $2) WHERE id = $1 AND token->>'revoked' IS NULL",
        )
        .bind(id.to_string())
        .bind(at.to_string()),
        Write::RevokeAllTokens { at } => {
            sqlx::query("UPDATE tokens SET token = json_set(token, '$.revoked', $1) WHERE token->>'revoked' IS NULL")
                .bind(at.to_string())
        }
        Write::PutMessage { notice, channel, message } => sqlx::query(
            "INSERT INTO messages (notice, channel, message) VALUES ($1, $2, $3)
             ON CONFLICT (notice, channel) DO UPDATE SET message = excluded.message",
        )
        .bind(notice)
        .bind(channel)
        .bind(message),
        Write::KeepAnswer { key, extra } => {
            sqlx::query("UPDATE answers SET extra = $2 WHERE key = $1").bind(hex(&key)).bind(extra)
        }
        Write::Checkpoint { size, note } => {
            sqlx::query("INSERT INTO checkpoints (size, note) VALUES ($1, $2) ON CONFLICT (size) DO NOTHING")
                .bind(i64::try_from(size).unwrap_or(i64::MAX))
                .bind(note)
        }
        Write::Meta { name, value } => sqlx::query(
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value),
        Write::Done(leased) => {
            let key = key(leased.request, &leased.kind);
            sqlx::query("UPDATE effects SET leased_until = NULL WHERE key = $1 AND fence = $2 AND version <> $3")
                .bind(key.clone())
                .bind(leased.fence)
                .bind(leased.version)
                .execute(&mut *connection)
                .await?;
            sqlx::query("DELETE FROM effects WHERE key = $1 AND fence = $2 AND version = $3")
                .bind(key)
                .bind(leased.fence)
                .bind(leased.version)
        }
        Write::Again { leased, due } => sqlx::query(
            "UPDATE effects SET leased_until = NULL, due = CASE WHEN version = $3 THEN $4 ELSE due END
             WHERE key = $1 AND fence = $2",
        )
        .bind(key(leased.request, &leased.kind))
        .bind(leased.fence)
        .bind(leased.version)
        .bind(due.millis()),
        Write::Publish { backend, due } => {
            put_effect(publish_key(&backend), None, rows::kind_text(&jit_life::EffectKind::Publish(backend)), None, due)
        }
        Write::LookNow { request, claim, lane, due } => {
            let kind = jit_life::EffectKind::Look(claim);
            put_effect(key(Some(request), &kind), Some(request.to_string()), rows::kind_text(&kind), Some(lane), due)
        }
    };
    query.execute(&mut *connection).await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

fn put_effect(
    key: String,
    request: Option<String>,
    kind: String,
    lane: Option<String>,
    due: Timestamp,
) -> Query<'static> {
    sqlx::query(
        "INSERT INTO effects (key, request, kind, due, lane, fence, version) VALUES ($1, $2, $3, $4, $5, 0, $6)
         ON CONFLICT (key) DO UPDATE SET due = excluded.due, version = excluded.version",
    )
    .bind(key)
    .bind(request)
    .bind(kind)
    .bind(due.millis())
    .bind(lane)
    .bind(super::batch::next_number())
}
