//! Looks at what is so, and changes nothing.

use std::time::Duration;

use jit_backend::{Error, Lease, Seen};
use jit_types::{Grade, Proof, Words};

use crate::connect::Link;
use crate::issue::Standing;
use crate::note::Pin;
use crate::revoke::{find, own_house, same_server, standby_of};
use crate::{Postgres, clock, leftovers, name, sessions};

/// The time after which a session that still hides is not one that is just logging in.
const HIDDEN: Duration = Duration::from_secs(2);

/// Looks at a lease.
pub(crate) async fn probe(backend: &Postgres, lease: &Lease) -> Result<Seen, Error> {
    own_house(backend, lease)?;
    let pin = lease.handle.as_ref().map(Pin::of_handle).transpose()?;
    let mut link = backend.primary.main().await?;
    same_server(&link, pin.as_ref())?;
    if link.facts().standby {
        return Ok(Seen::Unknown { why: Words::new("the target is a standby now, and may not know the latest") });
    }
    // First what is under way, then whether the order's time is over, then whether there is a login: an issue takes its
    // lock before it looks at the clock, so what is not under way after the deadline never comes.
    let flying = in_flight(&mut link, lease).await?;
    let (over, ended) = past(&mut link, lease).await?;
    let found = find(&mut link, lease, pin.as_ref()).await?;
    let seen = match &found {
        Some(standing) => stands(&mut link, lease, standing, ended).await?,
        None if flying => Seen::Unknown { why: Words::new("an issue of this claim is under way in the target") },
        None if pin.is_none() && !over => Seen::Unknown {
            why: Words::new("no login stands, but the order may still be carried out until its deadline"),
        },
        None => return absent(backend, link, pin.as_ref()).await,
    };
    link.finish();
    Ok(seen)
}

/// Whether the broker is issuing this claim at this moment: its lock is held by a session of the broker's own role.
/// Anybody may take a lock of that number, so whose it is counts.
async fn in_flight(link: &mut Link<'_>, lease: &Lease) -> Result<bool, Error> {
    let key = name::lock_key(&lease.order.claim);
    let limit = link.limit();
    let broker = link.facts().broker;
    let query = sqlx::query_scalar::<_, bool>(
        "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND a.usesysid::int8 = $2 \
         AND ((l.classid::int8 << 32) | l.objid::int8) = $1)",
    )
    .bind(key)
    .bind(broker)
    .fetch_one(link.raw());
    Link::within(limit, "look for an issue under way", query).await
}

/// Whether the order's deadline, and the window's end, have passed by the target's clock.
async fn past(link: &mut Link<'_>, lease: &Lease) -> Result<(bool, bool), Error> {
    let limit = link.limit();
    let query = sqlx::query_as::<_, (bool, bool)>(
        "SELECT c > $1::text::timestamptz, c >= $2::text::timestamptz FROM clock_timestamp() c",
    )
    .bind(lease.order.deadline.to_string())
    .bind(lease.order.window.end.to_string())
    .fetch_one(link.raw());
    Link::within(limit, "read the target's clock", query).await
}

async fn stands(link: &mut Link<'_>, lease: &Lease, found: &Standing, ended: bool) -> Result<Seen, Error> {
    let look = sessions::look(link, found.oid).await?;
    let open = match look.open {
        0 => Words::new("no session is open"),
        1 => Words::new("1 session is open"),
        n => Words::new(format!("{n} sessions are open")),
    };
    if !found.can_login {
        return Ok(Seen::Unknown {
            why: Words::new(format!("the login is closed but not yet dropped, and {open}: its end is not finished")),
        });
    }
    if !found.expired {
        let planted = match found.until {
            Some(until) if until == lease.order.window.end.millis() => "its end is planted as ordered",
            Some(_) => "its planted end is not the one that was ordered",
            None => "it has no planted end",
        };
        return Ok(Seen::Usable {
            evidence: vec![Words::new("the login stands and may log in"), Words::new(planted), open],
        });
    }
    let mut evidence = vec![Words::new("the login's planted end is past by the target's clock: no password opens it")];
    if !ended {
        evidence.push(Words::new("its planted end is earlier than the one that was ordered"));
    }
    let mut tail = vec![Words::new("the login itself stands until it is dropped")];
    if look.open > 0 || !look.hidden.is_empty() {
        tail.push(Words::new(format!("{open}, and goes on until it is ended")));
    }
    Ok(Seen::Gone(Proof { grade: Grade::ByConstruction, at: clock::now(), evidence, tail }))
}

/// There is no such login: looks whether anything outlived it, here and on the standbys.
async fn absent(backend: &Postgres, mut link: Link<'_>, pin: Option<&Pin>) -> Result<Seen, Error> {
    let mut evidence = vec![Words::new("no role of the login's name stands in the target")];
    let Some(pin) = pin else {
        link.finish();
        evidence.push(Words::new("the order's deadline has passed by the target's clock, and no issue is under way"));
        for standby in &backend.standbys {
            if let Err(why) = on_standby(standby, None, 0).await {
                return Ok(Seen::Unknown { why });
            }
        }
        return Ok(Seen::Gone(Proof { grade: Grade::Observed, at: clock::now(), evidence, tail: Vec::new() }));
    };
    let left = remains(&mut link, pin.role).await?;
    let system = link.facts().system.clone();
    if let Some(why) = left {
        link.finish();
        return Ok(Seen::Unknown { why });
    }
    let ghosts = orphans(&mut link).await?;
    link.finish();
    evidence.push(Words::new("no role, membership, object or session bears its number, and no session hides"));
    for standby in &backend.standbys {
        match on_standby(standby, Some(&system), pin.role).await {
            Ok(()) => evidence.push(Words::new("no session of it is open on a standby")),
            Err(why) => return Ok(Seen::Unknown { why }),
        }
    }
    let mut tail = Vec::new();
    if ghosts > 0 {
        tail.push(Words::new(format!("{ghosts} prepared transactions in the target belong to no role that stands")));
    }
    Ok(Seen::Gone(Proof { grade: Grade::Observed, at: clock::now(), evidence, tail }))
}

/// Says what remains of a role that is not there any more.
async fn remains(link: &mut Link<'_>, role: i64) -> Result<Option<Words>, Error> {
    let doing = "look for what is left of the login";
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, i64>(
        "SELECT (SELECT count(*) FROM pg_auth_members a WHERE $1 IN (a.roleid::int8, a.member::int8)) \
         + (SELECT count(*) FROM pg_roles r WHERE r.oid::int8 = $1)",
    )
    .bind(role)
    .fetch_one(link.raw());
    let bound = Link::within(limit, doing, query).await?;
    let owned = leftovers::count(link, role).await?;
    if bound > 0 || owned > 0 {
        return Ok(Some(Words::new(format!(
            "the login is gone, but {} things in the target still bear its number",
            bound + owned
        ))));
    }
    let look = settled(link, role).await?;
    Ok(still_there(&look, ""))
}

/// Looks, and once more later where something hides: who is just logging in is gone from hiding by then.
async fn settled(link: &mut Link<'_>, role: i64) -> Result<sessions::Look, Error> {
    let mut look = sessions::look(link, role).await?;
    if look.open == 0 && !look.hidden.is_empty() {
        let suspects = look.hidden;
        sessions::nap(HIDDEN).await;
        look = sessions::look(link, role).await?;
        look.hidden.retain(|pid| suspects.contains(pid));
    }
    Ok(look)
}

fn still_there(look: &sessions::Look, place: &str) -> Option<Words> {
    if look.open > 0 {
        return Some(Words::new(format!("the login is gone, but {} of its sessions are open{place}", look.open)));
    }
    (!look.hidden.is_empty()).then(|| {
        Words::new(format!(
            "{} sessions hide while logging in{place}, and whose they are can't be seen",
            look.hidden.len()
        ))
    })
}

/// How many prepared transactions have an owner that is gone.
async fn orphans(link: &mut Link<'_>) -> Result<i64, Error> {
    let limit = link.limit();
    let query = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM pg_prepared_xacts p WHERE p.owner IS NULL")
        .fetch_one(link.raw());
    Link::within(limit, "look at prepared transactions", query).await
}

/// Looks at one standby; the error is why nothing could be proven.
async fn on_standby(standby: &crate::connect::Server, system: Option<&str>, role: i64) -> Result<(), Words> {
    let mut link =
        standby.main().await.map_err(|_| Words::new("a standby can't be reached, and sessions may be open on it"))?;
    if let Some(system) = system {
        standby_of(&link, system).map_err(|e| e.public)?;
    }
    let look = settled(&mut link, role).await.map_err(|e| e.public)?;
    link.finish();
    still_there(&look, " on a standby").map_or(Ok(()), Err)
}
