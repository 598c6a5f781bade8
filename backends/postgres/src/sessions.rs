//! Ends the sessions of a login, also those that have logged in and are not to be seen yet.
//!
//! A session that was started with `post_auth_delay` is past the login's check and sleeps before it appears in
//! `pg_stat_activity` (on 18 it is there, with no user); when it wakes it is as good as any. It can be seen by the lock
//! on its own virtual transaction, which every backend holds from before its authentication until it appears. Whose it
//! is can't be seen, but asked: the server lets the broker end it if it is the login's, because by then the broker has
//! the login's privileges, and refuses if it is anybody else's, or nobody's yet. One that is nobody's yet finds the
//! login closed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jit_backend::{Error, ErrorKind};

use crate::connect::Link;
use crate::error;

/// How long a session may stay hidden before it is asked about: a login takes milliseconds.
const HIDDEN: Duration = Duration::from_secs(2);
/// How long sessions are waited for before the end is tried again later.
const PATIENCE: Duration = Duration::from_secs(12);

/// What a look at the sessions showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Sessions of the login.
    pub(crate) open: usize,
    /// Processes that hold a lock and belong to nobody that can be seen.
    pub(crate) hidden: BTreeSet<i32>,
}

/// Looks once. Each look is a statement of its own: within a transaction the server would show the same again.
pub(crate) async fn look(link: &mut Link<'_>, role: i64) -> Result<Look, Error> {
    let doing = "look at the sessions";
    let limit = link.limit();
    let query = sqlx::query_as::<_, (i32, bool)>(
        "SELECT a.pid, true FROM pg_stat_activity a WHERE a.usesysid::int8 = $1 AND a.pid IS NOT NULL \
         UNION \
         SELECT l.pid, false FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.pid IS NOT NULL AND l.pid <> pg_backend_pid() \
         AND (a.pid IS NULL OR (current_setting('server_version_num')::int4 >= 180000 AND a.usesysid IS NULL \
              AND a.datid IS NULL AND coalesce(a.backend_type, 'client backend') = 'client backend'))",
    )
    .bind(role)
    .fetch_all(link.raw());
    let rows = Link::within(limit, doing, query).await?;
    let mut look = Look::default();
    for (pid, open) in rows {
        if open {
            look.open += 1;
        } else {
            look.hidden.insert(pid);
        }
    }
    Ok(look)
}

/// Ends all sessions of a login that can't be logged in to any more; says how many there were.
///
/// # Errors
/// [`ErrorKind::Unfinished`] when one did not go in time.
pub(crate) async fn end_all(link: &mut Link<'_>, role: i64) -> Result<Ended, Error> {
    let began = Instant::now();
    let mut ended = Ended::default();
    let first = look(link, role).await?;
    // Only what was hidden when the login was already closed can be the login's; who comes later finds it closed.
    let mut suspects = first.hidden.clone();
    let mut seen = first;
    let mut empty = 0;
    let mut pause = Duration::from_millis(5);
    loop {
        if seen.open > 0 {
            ended.open = ended.open.max(seen.open);
            terminate_open(link, role).await?;
        }
        suspects.retain(|pid| seen.hidden.contains(pid));
        if !suspects.is_empty() && began.elapsed() >= HIDDEN {
            for pid in std::mem::take(&mut suspects) {
                if terminate_hidden(link, pid).await? {
                    ended.hidden += 1;
                }
            }
        }
        // Empty twice: a session may have passed from hidden to open between the two halves of one look.
        empty = if seen.open == 0 && suspects.is_empty() { empty + 1 } else { 0 };
        if empty >= 2 {
            return Ok(ended);
        }
        if began.elapsed() > PATIENCE {
            return Err(Error::new(ErrorKind::Unfinished, "a session of the login has not ended yet")
                .with_internal(format!("{} open, {} hidden", seen.open, suspects.len())));
        }
        if empty == 0 {
            nap(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
        seen = look(link, role).await?;
    }
}

/// How many sessions were ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) open: usize,
    pub(crate) hidden: usize,
}

/// Waits between two looks. Not a deadline: only so as not to ask without a break.
pub(crate) async fn nap(pause: Duration) {
    tokio::time::sleep(pause).await;
}

async fn terminate_open(link: &mut Link<'_>, role: i64) -> Result<(), Error> {
    let doing = "end the login's sessions";
    let limit = link.limit();
    let query = sqlx::query(
        "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a WHERE a.usesysid::int8 = $1 AND a.pid <> pg_backend_pid()",
    )
    .bind(role)
    .fetch_all(link.raw());
    Link::within(limit, doing, query).await.map(|_| ())
}

/// Ends a hidden process if it is the login's; says whether it was.
async fn terminate_hidden(link: &mut Link<'_>, pid: i32) -> Result<bool, Error> {
    let doing = "end the login's sessions";
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, bool>("SELECT pg_terminate_backend($1)").bind(pid).fetch_one(link.raw());
    match tokio::time::timeout(limit, query).await {
        Err(_) => Err(error::timed_out(doing)),
        Ok(Ok(was)) => Ok(was),
        // Insufficient privilege: it is somebody else's, or nobody's yet.
        Ok(Err(e)) if error::sqlstate(&e).as_deref() == Some("42501") => Ok(false),
        Ok(Err(e)) => Err(error::of(&e, doing)),
    }
}
