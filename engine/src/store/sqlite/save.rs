//! Saving a batch: a constant number of statements, whatever its size.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jit_life::Request;
use jit_types::{Span, Timestamp};
use sqlx::SqliteConnection;

use super::super::{PINS, Pins, StoreError, Write};
use super::batch::{Batch, hex, json};
use super::insert::insert;
use super::rows::{self, Columns, RequestRow};

/// What is written of a request that is there: its state alone, the key that it gives up as well, or all that can change. Each
/// column that is named costs its index.
const CHANGES: [&str; 3] = [
    "ON CONFLICT (id) DO UPDATE SET state = excluded.state",
    "ON CONFLICT (id) DO UPDATE SET open_key = excluded.open_key, state = excluded.state",
    "ON CONFLICT (id) DO UPDATE SET grant_id = excluded.grant_id, open_key = excluded.open_key,
            waiting = excluded.waiting, state = excluded.state",
];

/// For how long after its planted end it is remembered that something ended early.
const LISTED_ON: Span = Span::from_secs(7 * 86_400);
/// Forgets where the messages of notices are whose keys begin so; compared as ranges, so that no character means anything.
const FORGET: &str = "DELETE FROM messages WHERE (notice, channel) IN (
        SELECT notice, channel FROM json_each($1) AS p CROSS JOIN messages
        WHERE notice >= p.value AND notice < p.value || char(0x10ffff))";
/// The same of those that lead to no message, unless the outbox has something yet to be told of the request.
const LET_GO: &str = "DELETE FROM messages WHERE (notice, channel) IN (
        SELECT notice, channel FROM json_each($1) AS p CROSS JOIN messages
        WHERE notice >= p.value AND notice < p.value || char(0x10ffff) AND message = '')
    AND NOT EXISTS (SELECT 1 FROM effects WHERE key > $2 || '/' AND key < $2 || '0'
        AND substr(kind, 1, instr(kind, ':')) IN ('{\"announce\":', '{\"update\":', '{\"tell\":', '{\"alert\":'))";

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
        self.save_persons(connection).await?;
        Ok(changed)
    }

    async fn save_requests(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        // A key may pass from one request to another within a batch: those that give theirs up are written first.
        let mut built = std::mem::take(&mut self.rows);
        let (open, closed): (Vec<&Arc<Request>>, Vec<_>) = self.changed().partition(|request| request.open());
        for some in [closed, open] {
            let mut rows: [Vec<RequestRow>; 3] = Default::default();
            for request in some {
                let [states, keys, all] = &mut rows;
                let before = self.dirty.get(&request.id).copied().flatten();
                let of_kind = match (before, Columns::of(request)) {
                    (Some(before), now) if before == now => states,
                    (Some(before), now) if (before.grant, before.waiting) == (now.grant, now.waiting) => keys,
                    _ => all,
                };
                of_kind.push(built.remove(&request.id).unwrap_or_else(|| RequestRow::new(request))?);
            }
            for (rows, tail) in rows.iter().zip(CHANGES) {
                let head = "INSERT INTO requests (id, grant_id, subject, open_key, waiting, state)";
                insert(connection, (head, 6, tail), rows, |query, row| {
                    query
                        .bind(&row.id)
                        .bind(&row.grant_id)
                        .bind(&row.subject)
                        .bind(&row.open_key)
                        .bind(row.waiting)
                        .bind(&row.state)
                })
                .await?;
            }
        }
        let asks = ("INSERT INTO asks (ask, request)", 2, "");
        insert(connection, asks, &self.new_asks, |query, (ask, request)| {
            query.bind(ask.to_string()).bind(request.to_string())
        })
        .await?;
        let now = self.log.last().map_or(Timestamp::EPOCH, |row| row.event.at);
        let early: Vec<_> = self.changed().flat_map(|request| rows::ended_early(request, now)).collect();
        // What has come to its planted end long since needs no list any more: not by a clock that was ahead for a while.
        let over = now.before(LISTED_ON);
        for backend in early.iter().map(|row| &row.backend).collect::<HashSet<_>>() {
            sqlx::query("DELETE FROM ended_early WHERE backend = $1 AND planted < $2")
                .bind(backend)
                .bind(over.millis())
                .execute(&mut *connection)
                .await?;
        }
        let statement = (
            "INSERT INTO ended_early (claim, request, backend, planted)",
            4,
            "ON CONFLICT (claim) DO UPDATE SET planted = excluded.planted",
        );
        insert(connection, statement, &early, |query, row| {
            query.bind(&row.claim).bind(&row.request).bind(&row.backend).bind(row.planted)
        })
        .await
    }

    async fn save_effects(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let effects = std::mem::take(&mut self.effects);
        let delete: Vec<&String> = effects.iter().filter(|(_, change)| change.delete).map(|(key, _)| key).collect();
        let put: Vec<_> = effects.values().filter_map(|change| change.put.as_ref()).collect();
        if !delete.is_empty() {
            sqlx::query("DELETE FROM effects WHERE key IN (SELECT value FROM json_each($1))")
                .bind(json(&delete))
                .execute(&mut *connection)
                .await?;
        }
        let statement = (
            "INSERT INTO effects (key, request, kind, due, lane, version)",
            6,
            "ON CONFLICT (key) DO UPDATE SET due = excluded.due, lane = excluded.lane, version = excluded.version",
        );
        insert(connection, statement, &put, |query, row| {
            query.bind(&row.key).bind(&row.request).bind(&row.kind).bind(row.due).bind(&row.lane).bind(row.version)
        })
        .await
    }

    async fn save_log(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let entries = ("INSERT INTO entries (n, leaf, at, request, subject, actor, role)", 7, "");
        insert(connection, entries, &self.log, |query, row| {
            let event = &row.event;
            query
                .bind(i64::try_from(row.n).unwrap_or(i64::MAX))
                .bind(&row.leaf)
                .bind(event.at.millis())
                .bind(event.request.map(|id| id.to_string()))
                .bind(event.subject.map(|subject| subject.to_string()))
                .bind(event.actor.map(|subject| subject.to_string()))
                .bind(event.role.as_ref().map(|role| role.as_str()))
        })
        .await?;
        let nodes = ("INSERT INTO nodes (level, i, hash)", 3, "");
        insert(connection, nodes, &self.nodes, |query, node| {
            query.bind(node.place.level).bind(i64::try_from(node.place.index).unwrap_or(i64::MAX)).bind(hex(&node.hash))
        })
        .await
    }

    async fn save_answers(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.new_answers.is_empty() {
            return Ok(());
        }
        let answers = ("INSERT INTO answers (key, body, reply, at)", 4, "");
        insert(connection, answers, &self.new_answers, |query, new| {
            query.bind(hex(&new.answer.key)).bind(hex(&new.answer.body)).bind(&new.reply).bind(new.at.millis())
        })
        .await?;
        // A client repeats within minutes; a day is ample.
        let at = self.new_answers.iter().map(|new| new.at.millis()).max().unwrap_or(0);
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
        // What tells has keys that begin with the request's id, and is deleted where it is done in this same batch.
        Write::Told { request, notices } => sqlx::query(LET_GO).bind(json(&notices)).bind(request.to_string()),
        Write::Erased { subject, notices } => {
            sqlx::query(FORGET).bind(json(&notices)).execute(&mut *connection).await?;
            sqlx::query("UPDATE erasures SET done = 1 WHERE subject = $1").bind(subject.to_string())
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
        // Merged (RFC 7396) where it stands, so that two of them, or one and an erasure, never undo each other.
        Write::Pin { subject, medium, account } => sqlx::query(
            "INSERT INTO meta (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = json_patch(meta.value, excluded.value)",
        )
        .bind(PINS)
        .bind(json(&Pins::from([(subject, BTreeMap::from([(medium, account)]))]))),
        // Done with the effects of the batch.
        Write::Done(_) | Write::Again { .. } | Write::Publish { .. } | Write::LookNow { .. } => return Ok(()),
    };
    query.execute(&mut *connection).await?;
    Ok(())
}
