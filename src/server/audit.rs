//! The audit log: reading, checkpoints, export.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jit_engine::store::LogQuery;
use jit_life::Refused;
use jit_life::policy::Caller;
use jit_types::{PersonId, RoleName, Subject, Timestamp};
use serde::Deserialize;

use super::App;
use super::error::Problem;
use super::extract::Who;
use crate::api::audit::{CheckpointView, EntryList, EntryView};

#[derive(Deserialize)]
pub(super) struct EntriesQuery {
    from: Option<u64>,
    most: Option<u32>,
    request: Option<String>,
    person: Option<PersonId>,
    role: Option<RoleName>,
    since: Option<Timestamp>,
    wait: Option<u64>,
}

/// The most entries that one answer holds.
const PAGE: u32 = 500;
/// The longest that a reader is held while nothing is new, in seconds.
const LONGEST_WAIT: u64 = 55;

pub(super) async fn entries(
    State(app): State<App>,
    Who(caller): Who,
    Query(query): Query<EntriesQuery>,
) -> Result<Json<EntryList>, Problem> {
    let from = query.from.unwrap_or(0);
    let request = match &query.request {
        Some(id) => Some(app.house.find(&caller, id).await?.id),
        None => None,
    };
    let subject = match &query.person {
        Some(person) => Some(whose(&app, &caller, person).await?),
        None => None,
    };
    let most = query.most.unwrap_or(PAGE).clamp(1, PAGE);
    let log_query = LogQuery { from, most, request, subject, role: query.role, since: query.since };
    let mut changes = app.house.store().changes();
    let wait = std::time::Duration::from_secs(query.wait.unwrap_or(0).min(LONGEST_WAIT));
    let deadline = tokio::time::Instant::now() + wait;
    let read = loop {
        changes.mark_unchanged();
        let read = app.house.read_log(&caller, log_query.clone()).await?;
        if !read.is_empty() || !app.changed(&mut changes, deadline).await {
            break read;
        }
    };
    let full = read.len() as u32 == most;
    let last = read.last().map(|read| read.entry.n + 1);
    let next = if full { last.unwrap_or(from) } else { app.house.store().log().head().0.max(last.unwrap_or(0)) };
    let name = |leaf: &serde_json::Value, key: &str| {
        let subject: Subject = leaf.get(key)?.as_str()?.parse().ok()?;
        app.house.person(subject).map(|person| person.to_string())
    };
    let entries = read.into_iter().map(|read| EntryView {
        n: read.entry.n,
        actor: name(&read.leaf, "actor"),
        subject: name(&read.leaf, "subject"),
        leaf: read.leaf,
        opened: read.opened,
    });
    Ok(Json(EntryList { entries: entries.collect(), next: next.max(from) }))
}

/// The subject of a person whose entries are asked for. Whoever may not read them can't tell somebody who is known here
/// from nobody at all; that they have looked is in the record.
async fn whose(app: &App, caller: &Caller, person: &PersonId) -> Result<Subject, Problem> {
    let known = app.house.known_subject(person);
    let mine = *person == caller.person || app.house.may_administer(caller, "log").is_ok();
    if !mine && known.is_some() {
        app.house.read_log(caller, LogQuery { most: 1, subject: known, ..Default::default() }).await?;
    }
    Ok(known.filter(|_| mine).ok_or_else(|| Refused::not_found("person"))?)
}

#[derive(Deserialize)]
pub(super) struct CheckpointQuery {
    old: Option<u64>,
}

pub(super) async fn checkpoint(
    State(app): State<App>,
    Who(_): Who,
    Query(query): Query<CheckpointQuery>,
) -> Result<Json<CheckpointView>, Problem> {
    let (size, note) = app.house.checkpoint().await?;
    let consistency = match query.old {
        Some(old) if old > 0 && old < size => app.house.consistency(old, size).await?,
        _ => Vec::new(),
    };
    Ok(Json(CheckpointView { note, verifier_key: app.house.verifier_key(), consistency }))
}

#[derive(Deserialize)]
pub(super) struct ExportQuery {
    #[serde(default)]
    open: bool,
}

/// Exports go through a file of the broker's, so that a log of any size leaves memory alone.
pub(super) async fn export(
    State(app): State<App>,
    Who(caller): Who,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let directory = std::sync::Arc::clone(&app.state_directory);
    let file = apart(move || tempfile::tempfile_in(directory)).await?;
    let out = std::io::BufWriter::with_capacity(1 << 16, file);
    let out = app.house.export(&caller, query.open, out).await?;
    let (file, length) = apart(move || {
        let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        std::io::Seek::rewind(&mut file)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    })
    .await?;
    let stream = tokio_util::io::ReaderStream::with_capacity(tokio::fs::File::from_std(file), 1 << 16);
    let headers =
        [(header::CONTENT_TYPE, "application/jsonl".to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    Ok((headers, axum::body::Body::from_stream(stream)).into_response())
}

/// Does what may wait for a disk where it holds up nobody.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, jit_engine::Error> {
    let failed = || jit_engine::Error::Unavailable("a temporary file can't be used".to_owned());
    tokio::task::spawn_blocking(work).await.map_err(|_| failed())?.map_err(|_| failed())
}
