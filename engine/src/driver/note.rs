//! What became of an ask, beneath its messages: who decided it, wherever they did, that it is in use, that it has ended.
//! Whoever reads the channel need not look elsewhere.

use std::sync::Arc;

use jit_approval::{MessageRef, Note, Notice, NoticeKey, Standing};
use jit_life::{Ask, GrantStatus, News, Request};
use jit_types::{PersonId, Words};

use super::tell::{on_each, send};
use crate::error::Error;
use crate::house::House;
use crate::notices;

/// How many people a line names.
const NAMED: usize = 12;

/// Says how far an ask is, once for each step of it.
pub(super) async fn of_ask(house: &Arc<House>, request: &Request, ask: &Ask) -> Result<(), Error> {
    let (step, words) = match notices::standing(house, request, ask) {
        Standing::Pending { have: 0, .. } => return Ok(()),
        Standing::Pending { have, need } => {
            let by = people(&notices::approvers(house, ask));
            (have.to_string(), format!("{have} of {need} approvals{by}"))
        }
        Standing::Closed { outcome, by } => ("closed".to_owned(), format!("{outcome}{}", people(&by))),
    };
    // An ask that was sent back to review is counted anew: its hash is another.
    let key = format!("note/{}/{}/{step}", ask.id, ask.hash.short());
    beneath(house, request, ask, key, Words::new(words)).await
}

/// Says that what was asked for is in use, and that it has ended.
pub(super) async fn of_grant(house: &Arc<House>, request: &Request, news: News) -> Result<(), Error> {
    let Some(ask) = request.asks.first() else { return Ok(()) };
    let (step, words) = match (news, request.grant.as_ref().map(|grant| grant.status)) {
        // Once: later claims are the requester's to know.
        (News::Claimed, _) => ("used", "in use".to_owned()),
        (News::Ended, Some(GrantStatus::Ended { why, .. })) => ("ended", format!("ended: {}", why.as_str())),
        _ => return Ok(()),
    };
    beneath(house, request, ask, format!("note/{}/{step}", request.id), Words::new(words)).await
}

fn people(by: &[PersonId]) -> String {
    let names: Vec<&str> = by.iter().take(NAMED).map(PersonId::as_str).collect();
    match by.len().saturating_sub(NAMED) {
        _ if names.is_empty() => String::new(),
        0 => format!(", by {}", names.join(", ")),
        more => format!(", by {} and {more} more", names.join(", ")),
    }
}

/// Puts a line beneath every message of an ask, on channels that have threads, once.
async fn beneath(house: &Arc<House>, request: &Request, ask: &Ask, key: String, words: Words) -> Result<(), Error> {
    let (of, id) = (notices::ask_key(ask).0, request.id);
    on_each(house, move |house, name, channel| {
        let (of, key, words) = (of.clone(), key.clone(), words.clone());
        async move {
            if !channel.capability().threads {
                return Ok(());
            }
            for (known, message) in house.store().messages(of).await? {
                if known != name.as_str() || message.is_empty() {
                    continue;
                }
                let (key, under) = (NoticeKey(key.clone()), MessageRef(message));
                let note = Note { key, under, request: id, words: words.clone() };
                send(&house, &name, &channel, &Notice::Note(note)).await?;
            }
            Ok(())
        }
    })
    .await
}
