//! Ends a login. Every step was seen to matter on real servers; an earlier `DROP ROLE` leaves ghosts: sessions that
//! belong to nobody, objects without an owner, prepared transactions that nobody may roll back.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jit_backend::{Error, ErrorKind, Lease, Revoked};
use jit_types::Words;
use sqlx::Row as _;

use crate::config::Through;
use crate::connect::{Link, Server};
use crate::error;
use crate::ident::{Ident, shown};
use crate::issue::{Standing, standing};
use crate::note::{self, Pin};
use crate::scope::Resolved;
use crate::{Postgres, functions, keep, leftovers, looks, name, sessions, ways};

/// How often leftovers are looked for again when the role still can't be dropped.
const ROUNDS: usize = 5;

/// Checks that this is the server that the handle pins.
pub(crate) fn same_server(link: &Link<'_>, pin: Option<&Pin>) -> Result<(), Error> {
    match pin {
        Some(pin) if pin.system != link.facts().system => Err(Error::new(
            ErrorKind::Mismatch,
            "the target is not the server on which the login was made; nothing was touched",
        )),
        _ => Ok(()),
    }
}

/// Checks that a lease is this house's: one sweeps only one's own.
pub(crate) fn own_house(backend: &Postgres, lease: &Lease) -> Result<(), Error> {
    if lease.order.house == backend.house {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Mismatch, "the lease is another house's; nothing was touched"))
}

/// Finds the login of a lease, and makes sure that it is this lease's.
pub(crate) async fn find(link: &mut Link<'_>, lease: &Lease, pin: Option<&Pin>) -> Result<Option<Standing>, Error> {
    let login = name::login(&lease.order.house, &lease.order.claim);
    let Some(found) = standing(link, &login, pin.map(|p| p.role)).await? else { return Ok(None) };
    let named = found.name == login.as_str();
    let pinned = pin.is_none_or(|p| p.role == found.oid);
    // A role by the pinned OID but of another name is ours only if it bears our note: after a restore the number may be
    // somebody else's.
    let noted = found.note.as_deref().is_some_and(|n| n.starts_with(&note::note_head(&lease.order)));
    if !named && !noted {
        return Ok(None);
    }
    if named && !pinned {
        return Err(Error::new(
            ErrorKind::Mismatch,
            "a role with the login's name stands in the target, but it is not the one that was made; nothing was touched",
        ));
    }
    Ok(Some(found))
}

/// Ends a lease.
pub(crate) async fn revoke(backend: &Postgres, lease: &Lease) -> Result<Revoked, Error> {
    own_house(backend, lease)?;
    let pin = lease.handle.as_ref().map(Pin::of_handle).transpose()?;
    let scope = Resolved::read(&lease.order.scope)?;
    let server = &backend.primary;
    let mut evidence: Vec<Words> = Vec::new();

    let mut link = server.main().await?;
    same_server(&link, pin.as_ref())?;
    let Some(found) = find(&mut link, lease, pin.as_ref()).await? else {
        let ghosts = ghosts(&mut link, pin.as_ref()).await?;
        link.finish();
        evidence.push(Words::new("no such login stands in the target"));
        evidence.extend(ghosts);
        return Ok(Revoked { already_gone: true, evidence });
    };
    let role: Ident = found.name.parse().map_err(|_| Error::new(ErrorKind::Bug, "the login's name is no name"))?;

    let through = ways::through(backend, &mut link).await?;
    match through {
        Through::CreateRole => close(&mut link, &role, found.oid, &mut evidence).await?,
        Through::Functions => close_through(&mut link, lease, found.oid, &mut evidence).await?,
    }
    let position = wal_position(&mut link).await?;
    let ended = sessions::end_all(&mut link, found.oid).await?;
    say_ended(&ended, "", &mut evidence);
    let system = link.facts().system.clone();
    link.finish();

    for standby in &backend.standbys {
        end_on_standby(standby, &system, &position, found.oid, &mut evidence).await?;
    }

    let members = scope.members(&backend.house);
    roll_back_prepared(server, &role, &members, &mut evidence).await?;
    keep::keep(backend, lease, &role, found.oid, through, &scope, &mut evidence).await?;
    let drop = match through {
        Through::CreateRole => format!("DROP ROLE {}", role.quoted()),
        Through::Functions => {
            let claim = crate::ident::literal(&lease.order.claim.digits());
            format!("SELECT {}", functions::call(&lease.order.house, "drop", &[claim, found.oid.to_string()]))
        }
    };
    drop_all(server, &role, found.oid, &drop, &mut evidence).await?;

    let before = pin.map_or_else(|| note::looks_of(found.note.as_deref()), |p| p.members);
    // The login is gone by now: a comparison that fails is told, and fails nothing.
    match looks::look(server, &backend.house, &scope.databases, &members).await {
        Ok(after) => evidence.extend(looks::changes(&before, &after)),
        Err(_) => evidence.push(Words::new("the member roles could not be compared with how they looked before")),
    }
    Ok(Revoked { already_gone: false, evidence })
}

/// Step 1: nobody logs in any more, and what is logged in loses what its roles gave.
async fn close(link: &mut Link<'_>, role: &Ident, oid: i64, evidence: &mut Vec<Words>) -> Result<(), Error> {
    let doing = "close the login";
    let quoted = role.quoted();
    link.run(format!("ALTER ROLE {quoted} NOLOGIN PASSWORD NULL CONNECTION LIMIT 0 VALID UNTIL '-infinity'"), doing)
        .await?;
    let limit = link.limit();
    let query = sqlx::query(
        "SELECT g.rolname::text, u.rolname::text, f.rolname::text, a.grantor::int8 = $2 FROM pg_auth_members a \
         JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles u ON u.oid = a.member LEFT JOIN pg_roles f ON f.oid = a.grantor \
         WHERE a.member::int8 = $1 OR (a.roleid::int8 = $1 AND a.member::int8 <> $2)",
    )
    .bind(oid)
    .bind(link.facts().broker)
    .fetch_all(link.raw());
    let rows = Link::within(limit, doing, query).await?;
    let mut stuck = 0;
    for row in &rows {
        let read = || -> Result<_, sqlx::Error> {
            let grantor: Option<String> = row.try_get(2)?;
            Ok((
                row.try_get::<String, _>(0)?,
                row.try_get::<String, _>(1)?,
                grantor,
                row.try_get::<Option<bool>, _>(3)?,
            ))
        };
        let (given, to, grantor, ours) = read().map_err(|e| error::of(&e, doing))?;
        let (Ok(given), Ok(to)) = (given.parse::<Ident>(), to.parse::<Ident>()) else { continue };
        // Since 16 a membership belongs to who granted it, and is revoked in that role's name only.
        let by = match grantor.and_then(|g| g.parse::<Ident>().ok()) {
            Some(grantor) if link.facts().membership_options() && ours != Some(true) => {
                format!(" GRANTED BY {}", grantor.quoted())
            }
            _ => String::new(),
        };
        if given == *role {
            evidence.push(Words::new(format!("role {} had been made a member of the login", shown(to.as_str()))));
        }
        let sql = format!("REVOKE {} FROM {}{by} CASCADE", given.quoted(), to.quoted());
        if link.try_run(sql, doing).await?.is_err() {
            stuck += 1;
        }
    }
    say_closed(stuck, evidence);
    let options = if link.facts().membership_options() { " WITH INHERIT TRUE, SET TRUE" } else { "" };
    let broker: Ident =
        link.facts().broker_name.parse().map_err(|_| Error::new(ErrorKind::Bug, "the broker's name is no name"))?;
    link.run(format!("GRANT {quoted} TO {}{options}", broker.quoted()), doing).await
}

/// Step 1 through the functions, which take the login's roles away before they lend what is left to the broker.
async fn close_through(link: &mut Link<'_>, lease: &Lease, oid: i64, evidence: &mut Vec<Words>) -> Result<(), Error> {
    let closed = ways::close(link, &lease.order.house, &lease.order.claim.digits(), oid).await?;
    for member in &closed.members {
        evidence.push(Words::new(format!("role {} had been made a member of the login", shown(member))));
    }
    say_closed(closed.stuck, evidence);
    Ok(())
}

fn say_closed(stuck: i64, evidence: &mut Vec<Words>) {
    evidence.push(Words::new("the login was closed and lost its password and its roles"));
    if stuck > 0 {
        evidence.push(Words::new(format!(
            "{stuck} memberships were granted by others and could not be taken away one by one; they went with the login"
        )));
    }
}

fn say_ended(ended: &sessions::Ended, place: &str, evidence: &mut Vec<Words>) {
    if ended.open > 0 {
        evidence.push(Words::new(format!("{} open sessions were ended{place}", ended.open)));
    }
    if ended.hidden > 0 {
        evidence.push(Words::new(format!("{} sessions that hid while logging in were ended{place}", ended.hidden)));
    }
    if ended.open == 0 && ended.hidden == 0 {
        evidence.push(Words::new(format!("no session was open{place}")));
    }
}

async fn wal_position(link: &mut Link<'_>) -> Result<String, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, String>("SELECT pg_current_wal_lsn()::text").fetch_one(link.raw());
    Link::within(limit, "read the target's position", query).await
}

/// Step 2, elsewhere: a session on a standby outlives everything that is done on the primary.
async fn end_on_standby(
    standby: &Server,
    system: &str,
    through: &str,
    role: i64,
    evidence: &mut Vec<Words>,
) -> Result<(), Error> {
    let mut link = standby.main().await?;
    standby_of(&link, system)?;
    let began = Instant::now();
    loop {
        let limit = link.limit();
        let query =
            sqlx::query_scalar::<_, bool>("SELECT coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)")
                .bind(through)
                .fetch_one(link.raw());
        if Link::within(limit, "wait for the standby", query).await? {
            break;
        }
        if began.elapsed() > Duration::from_secs(5) {
            return Err(Error::new(ErrorKind::Unfinished, "a standby has not yet heard that the login is closed"));
        }
        sessions::nap(Duration::from_millis(50)).await;
    }
    let ended = sessions::end_all(&mut link, role).await?;
    say_ended(&ended, " on a standby", evidence);
    link.finish();
    Ok(())
}

/// Checks that a connection leads to a standby of this server.
pub(crate) fn standby_of(link: &Link<'_>, system: &str) -> Result<(), Error> {
    if link.facts().system != system {
        return Err(Error::new(ErrorKind::Mismatch, "a server in `standbys` is another server's standby, or none"));
    }
    if !link.facts().standby {
        return Err(Error::new(
            ErrorKind::Mismatch,
            "a server in `standbys` is no standby any more: the login there has a life of its own until somebody ends it",
        ));
    }
    Ok(())
}

/// Step 3: a prepared transaction outlives its session, and blocks what comes next.
async fn roll_back_prepared(
    server: &Server,
    role: &Ident,
    members: &[Ident],
    evidence: &mut Vec<Words>,
) -> Result<(), Error> {
    let doing = "roll back what the login had prepared";
    let names: Vec<&str> = members.iter().map(Ident::as_str).collect();
    let mut link = server.main().await?;
    let limit = link.limit();
    let query = sqlx::query_as::<_, (String, String, bool)>(
        "SELECT p.gid, p.database::text, p.owner = $1 FROM pg_prepared_xacts p WHERE p.owner = $1 OR p.owner = ANY ($2::text[])",
    )
    .bind(role.as_str())
    .bind(&names)
    .fetch_all(link.raw());
    let rows = Link::within(limit, doing, query).await?;
    link.finish();
    for (gid, database, own) in rows {
        let place = shown(&database);
        if !own {
            evidence.push(Words::new(format!(
                "a prepared transaction of a member role stands in database {place}: somebody must look at it"
            )));
            continue;
        }
        let mut link = server.link(&database).await?;
        // ROLLBACK PREPARED is its owner's alone, and stands in no transaction block. The connection is not kept.
        link.run(format!("SET ROLE {}", role.quoted()), doing).await?;
        if let Err(e) = link.try_run(format!("ROLLBACK PREPARED {}", crate::ident::literal(&gid)), doing).await? {
            // 42704: somebody else was quicker.
            if error::sqlstate(&e).as_deref() != Some("42704") {
                return Err(error::of(&e, doing));
            }
        }
        evidence
            .push(Words::new(format!("a transaction that the login had prepared in database {place} was rolled back")));
    }
    Ok(())
}

/// Steps 4 and 5: what the login owns and was granted goes, then the login itself; again, where something came between.
async fn drop_all(server: &Server, role: &Ident, oid: i64, drop: &str, evidence: &mut Vec<Words>) -> Result<(), Error> {
    let doing = "drop the login";
    let mut told = BTreeSet::new();
    for _ in 0..ROUNDS {
        for place in leftovers::places(server, oid).await? {
            let mut link = server.link(&place).await?;
            for left in leftovers::describe(&mut link, oid, &shown(&place)).await? {
                if told.insert(left.said.clone()) {
                    evidence.push(Words::new(left.said));
                }
            }
            link.run(format!("DROP OWNED BY {} CASCADE", role.quoted()), "drop what the login owns").await?;
            link.finish();
        }
        let mut link = server.main().await?;
        let dropped = link.try_run(drop.to_owned(), doing).await?;
        match dropped.as_ref().map_err(error::sqlstate) {
            Ok(()) => evidence.push(Words::new("the login was dropped")),
            Err(state) if state.as_deref() == Some("42704") => evidence.push(Words::new("the login is gone")),
            Err(state) if state.as_deref() == Some("2BP01") => {
                link.finish();
                continue;
            }
            Err(_) => return dropped.map_err(|e| error::of(&e, doing)),
        }
        link.finish();
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unfinished, "the login is closed, but something still depends on it")
        .with_internal("see pg_shdepend for the role; a database or tablespace of its own must be given to somebody"))
}

/// What is left of a login whose role somebody else dropped: sessions that belong to nobody.
async fn ghosts(link: &mut Link<'_>, pin: Option<&Pin>) -> Result<Vec<Words>, Error> {
    let Some(pin) = pin else { return Ok(Vec::new()) };
    let look = sessions::look(link, pin.role).await?;
    if look.open == 0 {
        return Ok(Vec::new());
    }
    sessions::end_all(link, pin.role).await.map_err(|e| match e.kind {
        ErrorKind::Refused => Error::new(
            ErrorKind::Refused,
            "somebody dropped the login while its sessions were open; the broker may not end them any more",
        )
        .with_internal("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IS NULL, as a superuser"),
        _ => e,
    })?;
    Ok(vec![Words::new(format!("{} sessions that outlived the dropped login were ended", look.open))])
}
