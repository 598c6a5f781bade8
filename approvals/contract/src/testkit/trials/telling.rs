//! What is told, to whom, and what is kept of it.

use std::collections::BTreeSet;

use jit_types::{RequestId, Timestamp, Words};

use super::Trial;
use crate::testkit::harness::{Fault, Message, Trouble, Twist};
use crate::testkit::kit::{Go, Kit, PARAM, REASON, Who, YES};
use crate::{
    Addressee, Alert, AskNotice, Identity, Listeners, MessageRef, News, Note, Notice, SeenFirst, Standing, Verdict,
};

/// The capability says what is so.
pub(super) async fn consistent(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let cap = &bench.cap;
    t.check(!cap.kind.is_empty(), "it has no kind");
    t.check(cap.longest >= 500, format!("{} characters are too few to decide by", cap.longest));
    let case = bench.case(bench.draft(1)).await?;
    let offers = |wanted: fn(&Verdict) -> bool| {
        case.messages.iter().flat_map(|m| &m.controls).any(|control| wanted(&control.verdict))
    };
    let (yes, no) = (offers(|v| matches!(v, Verdict::Approve { .. })), offers(|v| *v == Verdict::Deny));
    t.check(yes == cap.decides, format!("decides is {}, and approving is offered: {yes}", cap.decides));
    t.check(no == cap.decides, format!("decides is {}, and denying is offered: {no}", cap.decides));
    if cap.listeners == Listeners::None {
        let came = kit.bounded("listen", bench.adapter.listen(bench.desk.clone())).await?;
        t.check(came.is_ok(), "nobody needs to listen, and listen fails");
    } else {
        t.check(bench.listens(), "listen ended by itself");
    }
    Ok(())
}

/// Whoever decides sees who, what, with what, for how long, until when at worst, and why.
pub(super) async fn says(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let case = bench.case(bench.draft(1)).await?;
    let ask = &case.ask;
    let mut needed = vec![
        ask.requester.to_string(),
        ask.role.to_string(),
        ask.span.to_string(),
        "2041".to_owned(),
        PARAM.to_owned(),
        REASON.to_owned(),
        ask.request.to_string(),
    ];
    needed.extend(ask.params.keys().map(ToString::to_string));
    needed.extend(ask.gives.iter().chain(&ask.warnings).map(ToString::to_string));
    needed.extend([ask.swept.to_string(), ask.unswept.to_string()]);
    for message in &case.messages {
        // A medium breaks lines where it likes.
        let text = flat(&message.text);
        for wanted in &needed {
            t.check(text.contains(&flat(wanted)), format!("message {} does not say `{wanted}`", message.number));
        }
    }
    let mut more = bench.draft(1);
    more.total = Some(jit_types::Span::from_secs(3 * 7200));
    let case = bench.case(more).await?;
    for message in &case.messages {
        let told = flat(&message.text).contains(&flat(&case.ask.length()));
        t.check(told, format!("message {} does not say that it is an extension", message.number));
    }
    let mut first = bench.draft(1);
    first.first = true;
    let case = bench.case(first).await?;
    for message in &case.messages {
        let told = flat(&message.text).contains(AskNotice::FIRST);
        t.check(told, format!("message {} does not say that it is the first time", message.number));
    }
    let mut kept = bench.draft(1);
    kept.reason = None;
    let case = bench.case(kept).await?;
    let said = case.messages.iter().any(|m| m.text.contains(REASON));
    t.check(!said, "a reason is shown that is kept from this channel");
    Ok(())
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn names(messages: &[Message]) -> BTreeSet<&str> {
    messages.iter().flat_map(|m| &m.to).map(String::as_str).collect()
}

fn told_are(t: &mut Trial, messages: &[Message], to: &[Addressee], what: &str) {
    let called = names(messages);
    let theirs: BTreeSet<&str> = to.iter().flat_map(|a| &a.names).map(String::as_str).collect();
    for name in called.difference(&theirs) {
        t.check(false, format!("{what}: `{name}` is told, whom it is not for"));
    }
    for addressee in to.iter().filter(|_| !called.is_empty()) {
        let reached = addressee.names.iter().any(|name| called.contains(name.as_str()));
        t.check(reached, format!("{what}: {} is not told, whom it is for", addressee.person));
    }
}

/// An ask is told to those who can decide it, to each of them and to nobody else; where nobody can, to nobody.
pub(super) async fn only(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let case = bench.case(bench.draft(1)).await?;
    told_are(t, &case.messages, &case.ask.to, "an ask for two");
    let mut one = bench.draft(1);
    one.to.truncate(1);
    let case = bench.case(one).await?;
    told_are(t, &case.messages, &case.ask.to, "an ask for one");
    let mut none = bench.draft(1);
    none.to.clear();
    let before = kit.messages().await?;
    // Refusing it is as good as doing nothing.
    if let Ok(at) = bench.announce(&Notice::Ask(Box::new(none.clone()))).await? {
        none.standing = Standing::Closed { outcome: Words::new("lapsed"), by: Vec::new() };
        let _ = bench.update(&at, &Notice::Ask(Box::new(none))).await?;
    }
    t.check(
        kit.newer(&before).await?.is_empty(),
        "an ask that nobody can decide was told; empty never means everybody",
    );
    Ok(())
}

/// News goes to the requester alone where one person can be reached, and an alert is shown.
pub(super) async fn news(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let ask = bench.draft(1);
    let words = Words::new("your access is ready to be claimed");
    let to = Addressee {
        person: kit.alice.clone(),
        names: kit.facts.requester.names.clone(),
        link: None,
        seen: SeenFirst::default(),
    };
    let news = News { key: kit.key("news"), to, request: ask.request, grant: None, open: false, role: ask.role, words };
    let (_, messages) = bench.told(&Notice::News(news.clone())).await?;
    t.check(!messages.is_empty(), "news was announced, and nobody was told");
    told_are(t, &messages, std::slice::from_ref(&news.to), "news");
    for message in &messages {
        t.check(!bench.cap.direct || !message.to.is_empty(), "one person can be reached alone, and news went to all");
        let text = flat(&message.text);
        for wanted in [news.words.as_str(), news.role.as_str()] {
            t.check(text.contains(wanted), format!("news does not say `{wanted}`"));
        }
        t.check(message.controls.is_empty(), "there is something to decide in news");
    }
    let words = Words::new("an end could not be proven");
    let request = Some(RequestId::from_parts(Timestamp::EPOCH, [1; 10]));
    let (_, messages) =
        bench.told(&Notice::Alert(Alert { key: kit.key("alert"), request, words: words.clone() })).await?;
    let said = messages.iter().any(|m| flat(&m.text).contains(words.as_str()));
    t.check(said, "an alert was announced, and is not to be read anywhere");
    Ok(())
}

/// What became of an ask stands beneath its message, where the medium has threads, and nowhere else.
pub(super) async fn notes(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let (case, other) = (bench.case(bench.draft(1)).await?, bench.case(bench.draft(1)).await?);
    let before = kit.messages().await?;
    let words = Words::new("approved for 30m, by bob@example.com");
    let note = Note { key: kit.key("note"), under: case.at.clone(), request: case.ask.request, words: words.clone() };
    let (_, new) = bench.told(&Notice::Note(note)).await?;
    t.check(new.is_empty(), "a note is a message of its own");
    let mut beneath = 0;
    for message in kit.messages().await? {
        let was = before.iter().find(|was| was.number == message.number).map_or(0, |was| was.notes.len());
        let of_case = case.messages.iter().any(|of| of.number == message.number);
        let of_other = other.messages.iter().any(|of| of.number == message.number);
        t.check(of_case || message.notes.len() == was, format!("a note stands beneath message {}", message.number));
        t.check(!of_other || message.notes.is_empty(), "a note stands beneath another ask's message");
        beneath += message.notes.iter().skip(was).filter(|note| flat(note).contains(words.as_str())).count();
    }
    t.check(
        (beneath > 0) == bench.cap.threads,
        format!("threads is {}, and {beneath} notes are there", bench.cap.threads),
    );
    // What is beneath no message is dropped: a house may have told nobody.
    let nowhere = Note { key: kit.key("note"), under: MessageRef(String::new()), request: case.ask.request, words };
    let (_, new) = bench.told(&Notice::Note(nowhere)).await?;
    t.check(new.is_empty(), "a note beneath nothing is a message");
    Ok(())
}

/// Whoever has a link is taken for its addressee, so it is in no message that anybody else gets.
pub(super) async fn links(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let case = bench.case(bench.draft(1)).await?;
    let (shown, hidden) = (tokens(&case.ask), &case.messages);
    for message in hidden {
        for (names, token) in &shown {
            let there = message.text.contains(token) || message.links.iter().any(|link| link.contains(token));
            let alone = !message.to.is_empty() && message.to.iter().all(|name| names.contains(name));
            let to = message.to.join(", ");
            t.check(!there || alone, format!("a link of {} is in a message to [{to}]", names.join(", ")));
        }
    }
    Ok(())
}

fn tokens(ask: &AskNotice) -> Vec<(&[String], String)> {
    let token = |a: &Addressee| a.link.as_ref().map(|link| link.token().to_owned()).unwrap_or_default();
    ask.to.iter().map(|a| (a.names.as_slice(), token(a))).collect()
}

/// What the house keeps (references, evidence) and what an operator reads (errors, checks) holds neither links nor reasons.
pub(super) async fn secrets(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let case = bench.case(bench.draft(1)).await?;
    let mut said = vec![("the reference", case.at.0.clone())];
    if bench.cap.decides {
        bench.pressed(&case, Who::First, YES).await?;
        let claimed = Identity::new("nowhere", "nobody");
        if let Ok(event) = bench.press(&case, Who::Second, YES, Twist::Claims(claimed)).await {
            bench.deliver(event).await?;
        }
        for heard in bench.desk.all() {
            said.extend(
                heard.decision.evidence.into_iter().map(|(name, value)| ("evidence", format!("{name} {value}"))),
            );
        }
    }
    for down in [false, true] {
        if down {
            match kit.harness.fault(Fault::Down).await {
                Err(Trouble::Unsupported(_)) => break,
                other => other?,
            }
        }
        said.extend(bench.adapter.check().await.into_iter().map(|check| ("a check", format!("{check:?}"))));
        if let Err(error) = bench.announce(&Notice::Ask(Box::new(case.ask.clone()))).await? {
            said.push(("an error", format!("{error:?}")));
        }
    }
    look(t, &case.ask, &said);
    Ok(())
}

fn look(t: &mut Trial, ask: &AskNotice, said: &[(&str, String)]) {
    for (place, text) in said {
        t.check(!text.contains(REASON), format!("{place} holds the reason"));
        t.check(!text.contains(PARAM), format!("{place} holds a parameter"));
        for (_, token) in tokens(ask) {
            t.check(!text.contains(&token), format!("{place} holds a link's token"));
        }
    }
}
