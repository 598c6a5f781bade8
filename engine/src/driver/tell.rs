//! Announcing asks, following them up, telling news and alarms. A channel that is down is tried again; the others are not
//! told twice.

use std::sync::Arc;

use jit_approval::{Adapter, Alert, MessageRef, News as NewsNotice, Notice, NoticeKey};
use jit_life::{AskStatus, GrantStatus, News, Request};
use jit_types::{AskId, ChannelName, ClaimId, RequestId, Words};

use super::{Outcome, PATIENCE, note};
use crate::error::Error;
use crate::failpoints::hit;
use crate::house::House;
use crate::notices;
use crate::store::{Leased, Write};

pub(super) async fn announce(house: &Arc<House>, id: RequestId, ask: AskId, effect: &Leased) -> Outcome {
    let announced = on_each(house, move |house, name, channel| async move {
        let Some(request) = house.store().request(id).await? else { return Ok(()) };
        // Of what is decided by now, those who have not heard of it need not hear.
        let Some(found) = request.asks.iter().find(|a| a.id == ask && a.status == AskStatus::Pending) else {
            return Ok(());
        };
        let Some(notice) = notices::ask(&house, &name, &request, found).await? else { return Ok(()) };
        if notice.to.is_empty() {
            return Ok(());
        }
        send(&house, &name, &channel, &Notice::Ask(Box::new(notice))).await
    })
    .await;
    // It may have been decided while it was being sent, and its update done before there was a message to bring up to date.
    let request = house.store().request(id).await?;
    let decided = request.iter().flat_map(|r| &r.asks).any(|a| a.id == ask && a.status != AskStatus::Pending);
    let followed = if decided { follow(house, id, ask).await } else { Ok(()) };
    announced.and(followed)?;
    told(house, id, effect).await
}

pub(super) async fn update(house: &Arc<House>, id: RequestId, ask: AskId, effect: &Leased) -> Outcome {
    follow(house, id, ask).await?;
    told(house, id, effect).await
}

/// Brings every message of an ask up to date.
async fn follow(house: &Arc<House>, id: RequestId, ask: AskId) -> Result<(), Error> {
    on_each(house, move |house, name, channel| async move {
        let request = house.store().request(id).await?;
        let found = request.as_ref().and_then(|request| Some((request, request.asks.iter().find(|a| a.id == ask)?)));
        let Some((request, ask)) = found else { return Ok(()) };
        for (known, message) in house.store().messages(notices::ask_key(ask).0).await? {
            if known != name.as_str() {
                continue;
            }
            let Some(notice) = notices::ask(&house, &name, request, ask).await? else { continue };
            let notice = Notice::Ask(Box::new(notice));
            in_time(&name, channel.update(&MessageRef(message), &notice)).await?;
        }
        Ok(())
    })
    .await?;
    let request = house.store().request(id).await?;
    match request.as_ref().and_then(|request| Some((request, request.asks.iter().find(|a| a.id == ask)?))) {
        Some((request, ask)) => note::of_ask(house, request, ask).await,
        None => Ok(()),
    }
}

pub(super) async fn news(house: &Arc<House>, id: RequestId, news: News, effect: &Leased) -> Outcome {
    on_each(house, move |house, name, channel| async move {
        let Some(request) = house.store().request(id).await? else { return Ok(()) };
        let Some(person) = house.person(request.subject) else { return Ok(()) };
        let words = what_is_new(&request, news);
        let Some(to) = notices::addressees(&house, &name, [person]).await?.pop() else { return Ok(()) };
        let notice = Notice::News(NewsNotice {
            key: NoticeKey(format!("news/{id}/{news:?}/{words}")),
            to,
            request: id,
            grant: request.grant.as_ref().map(|grant| grant.id),
            open: request.grant.as_ref().is_some_and(|grant| open(grant.status)),
            role: request.role.clone(),
            words,
        });
        send(&house, &name, &channel, &notice).await
    })
    .await?;
    if let Some(request) = house.store().request(id).await? {
        note::of_grant(house, &request, news).await?;
    }
    told(house, id, effect).await
}

fn open(status: GrantStatus) -> bool {
    matches!(status, GrantStatus::Ready | GrantStatus::Active)
}

pub(super) async fn alert(house: &Arc<House>, id: RequestId, claim: ClaimId, effect: &Leased) -> Outcome {
    if let Some(request) = house.store().request(id).await? {
        let tries = request.claim(claim).map_or(0, |claim| claim.failures);
        let backend = request.claim(claim).and_then(|c| request.entitlement(c)).map(|gives| gives.backend.to_string());
        let backend = backend.unwrap_or_default();
        let role = &request.role;
        let (words, key) = if tries == 0 {
            // Each return from the dead is another: it is told apart by the effect that it made.
            let what = format!(
                "`{backend}` was seen to let in a credential of `{role}` that was ended; it is ended again; see `jit show {id}`"
            );
            (what, format!("alert/{claim}/again/{}", effect.version))
        } else {
            let what = format!(
                "a credential of `{role}` on `{backend}` is not proven gone after {tries} tries; it is tried on; see `jit show {id}` and `jit doctor`"
            );
            (what, format!("alert/{claim}/{tries}"))
        };
        let words = Words::new(words);
        tracing::error!(request = %id, claim = %claim, "{words}");
        on_each(house, move |house, name, channel| {
            let notice = Notice::Alert(Alert { key: NoticeKey(key.clone()), request: Some(id), words: words.clone() });
            async move {
                if !house.alerts().contains(&name) {
                    return Ok(());
                }
                send(&house, &name, &channel, &notice).await
            }
        })
        .await?;
    }
    told(house, id, effect).await
}

/// Something was told. Once a request is over and all of it was told, what stands only so that nothing is told twice is let go.
async fn told(house: &House, id: RequestId, effect: &Leased) -> Outcome {
    let mut writes = vec![Write::Done(effect.clone())];
    if let Some(request) = house.store().request(id).await?.filter(|request| !request.open()) {
        writes.push(Write::Told { request: id, notices: notices::keys_of(&request) });
    }
    house.store().write(writes, vec![], vec![]).await?;
    Ok(Vec::new())
}

/// Does something on every channel at once, so that one that is down or hangs keeps nothing from the others. Fails when it
/// failed on one: it is then tried again, and those that have it already are left alone.
pub(super) async fn on_each<F, D>(house: &Arc<House>, act: F) -> Result<(), Error>
where
    F: Fn(Arc<House>, ChannelName, Arc<dyn Adapter>) -> D,
    D: Future<Output = Result<(), Error>> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for (name, channel) in house.channels().iter() {
        tasks.spawn(act(Arc::clone(house), name.clone(), Arc::clone(channel)));
    }
    let mut all = Ok(());
    while let Some(done) = tasks.join_next().await {
        let done = done.unwrap_or_else(|_| Err(Error::Unavailable("a channel's task has failed".to_owned())));
        all = all.and(done);
    }
    all
}

/// Sends a notice unless this channel has it already, and remembers where it is.
pub(super) async fn send(
    house: &House,
    name: &ChannelName,
    channel: &Arc<dyn Adapter>,
    notice: &Notice,
) -> Result<(), Error> {
    let key = notice.key().0.clone();
    if house.store().messages(key.clone()).await?.iter().any(|(known, _)| known == name.as_str()) {
        return Ok(());
    }
    hit("tell.before");
    let message = in_time(name, channel.announce(notice)).await?;
    hit("tell.sent");
    let put = Write::PutMessage { notice: key, channel: name.to_string(), message: message.0 };
    Ok(house.store().write(vec![put], vec![], vec![]).await?)
}

async fn in_time<T>(
    name: &ChannelName,
    sent: impl Future<Output = Result<T, jit_approval::Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(PATIENCE, sent).await {
        Ok(result) => result.map_err(|error| Error::Unavailable(format!("channel `{name}`: {error}"))),
        Err(_) => Err(Error::Unavailable(format!("channel `{name}` did not answer in time"))),
    }
}

fn what_is_new(request: &Request, news: News) -> Words {
    let role = &request.role;
    Words::new(match (news, &request.grant) {
        (News::Claimed, grant) => {
            // The number makes each claim a message of its own.
            let taken = grant.iter().flat_map(|grant| &grant.claims).filter(|claim| claim.handle.is_some()).count();
            format!("a credential of `{role}` was claimed (number {taken}); if that was not you, `jit release` ends it")
        }
        (News::Ended, Some(grant)) => match grant.status {
            GrantStatus::Ended { why, .. } => format!("`{role}` has ended: {}", why.as_str()),
            _ => format!("`{role}` is ending"),
        },
        (News::Extension(id), grant) => match request.asks.iter().find(|ask| ask.id == id).map(|ask| ask.status) {
            Some(AskStatus::Approved) => {
                let end = grant.as_ref().and_then(|grant| grant.window).map(|window| window.end);
                match end {
                    Some(end) => format!("`{role}` is extended until {end}"),
                    None => format!(
                        "`{role}` is extended: it will last {}",
                        grant.as_ref().map(|g| g.span).unwrap_or_default()
                    ),
                }
            }
            Some(status) => format!("`{role}` is not extended: {}", format!("{status:?}").to_lowercase()),
            None => format!("`{role}`"),
        },
        (News::NotExtended(claim), _) => {
            let stands = request.claim(claim).and_then(|claim| claim.moved).map(|moved| moved.from);
            let stands = stands.map(|end| format!(" and may end at {end} as before")).unwrap_or_default();
            format!("`{role}` is extended, but a credential of it is not{stands}; claim it again")
        }
        (News::Decided, Some(grant)) => {
            format!("`{role}` is approved for {}; use it by {}", grant.span, grant.start_by)
        }
        (_, None) => match request.newest().map(|ask| ask.status) {
            Some(status) => format!("`{role}` was not approved: {}", format!("{status:?}").to_lowercase()),
            None => format!("`{role}`"),
        },
    })
}
