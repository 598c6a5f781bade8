//! Announcing asks, following them up, telling news and alarms. A channel that is down is tried again; the others are not
//! told twice.

use std::sync::Arc;

use jit_approval::{Adapter, Alert, MessageRef, News as NewsNotice, Notice, NoticeKey};
use jit_life::{GrantStatus, News, Request};
use jit_types::{AskId, ChannelName, ClaimId, RequestId, Words};

use super::{PATIENCE, finish};
use crate::error::Error;
use crate::house::House;
use crate::notices;
use crate::store::{Leased, Write};

pub(super) async fn announce(house: &Arc<House>, id: RequestId, ask: AskId, effect: &Leased) -> Result<(), Error> {
    if let Some(request) = house.store().request(id).await? {
        for (name, channel) in house.channels() {
            let Some(ask) = request.asks.iter().find(|a| a.id == ask) else { continue };
            let Some(notice) = notices::ask(house, name, &request, ask).await? else { continue };
            if !notice.to.is_empty() {
                send(house, name, channel, &Notice::Ask(Box::new(notice))).await?;
            }
        }
    }
    finish(house, effect.clone()).await
}

pub(super) async fn update(house: &Arc<House>, id: RequestId, ask: AskId, effect: &Leased) -> Result<(), Error> {
    let request = house.store().request(id).await?;
    let found = request.as_ref().and_then(|request| Some((request, request.asks.iter().find(|a| a.id == ask)?)));
    if let Some((request, ask)) = found {
        for (name, message) in house.store().messages(notices::ask_key(ask).0).await? {
            let Some((name, channel)) = house.channels().iter().find(|(known, _)| known.as_str() == name) else {
                continue;
            };
            let Some(notice) = notices::ask(house, name, request, ask).await? else { continue };
            let notice = Notice::Ask(Box::new(notice));
            in_time(name, channel.update(&MessageRef(message), &notice)).await?;
        }
    }
    finish(house, effect.clone()).await
}

pub(super) async fn news(house: &Arc<House>, id: RequestId, news: News, effect: &Leased) -> Result<(), Error> {
    let request = house.store().request(id).await?;
    let person = request.as_ref().and_then(|request| house.person(request.subject));
    if let (Some(request), Some(person)) = (request, person) {
        let words = what_is_new(&request, news);
        for (name, channel) in house.channels() {
            let notice = Notice::News(NewsNotice {
                key: NoticeKey(format!("news/{id}/{news:?}/{}", words)),
                to: notices::addressee(house, name, &person),
                request: id,
                grant: request.grant.as_ref().map(|grant| grant.id),
                role: request.role.clone(),
                words: words.clone(),
            });
            send(house, name, channel, &notice).await?;
        }
    }
    finish(house, effect.clone()).await
}

pub(super) async fn alert(house: &Arc<House>, id: RequestId, claim: ClaimId, effect: &Leased) -> Result<(), Error> {
    if let Some(request) = house.store().request(id).await? {
        let tries = request.claim(claim).map_or(0, |claim| claim.failures);
        let backend = request.claim(claim).and_then(|c| request.entitlement(c)).map(|gives| gives.backend.to_string());
        let words = Words::new(format!(
            "a credential of `{}` on `{}` is not proven gone after {tries} tries; it is tried on; see `jit show {id}` and `jit doctor`",
            request.role,
            backend.unwrap_or_default()
        ));
        tracing::error!(request = %id, claim = %claim, "{words}");
        for name in &house.parts.alerts {
            let Some(channel) = house.channels().get(name) else { continue };
            let key = NoticeKey(format!("alert/{claim}/{tries}"));
            send(house, name, channel, &Notice::Alert(Alert { key, request: Some(id), words: words.clone() })).await?;
        }
    }
    finish(house, effect.clone()).await
}

/// Sends a notice unless this channel has it already, and remembers where it is.
async fn send(house: &House, name: &ChannelName, channel: &Arc<dyn Adapter>, notice: &Notice) -> Result<(), Error> {
    let key = notice.key().0.clone();
    if house.store().messages(key.clone()).await?.iter().any(|(known, _)| known == name.as_str()) {
        return Ok(());
    }
    let message = in_time(name, channel.announce(notice)).await?;
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
        (News::Claimed, _) => {
            format!("a credential of `{role}` was claimed; if that was not you, `jit release` ends it")
        }
        (News::Ended, Some(grant)) => match grant.status {
            GrantStatus::Ended { why, .. } => format!("`{role}` has ended: {}", why.as_str()),
            _ => format!("`{role}` is ending"),
        },
        (News::Decided, Some(grant)) => {
            format!("`{role}` is approved for {}; use it by {}", grant.span, grant.start_by)
        }
        (_, None) => match request.newest().map(|ask| ask.status) {
            Some(status) => format!("`{role}` was not approved: {}", format!("{status:?}").to_lowercase()),
            None => format!("`{role}`"),
        },
    })
}
