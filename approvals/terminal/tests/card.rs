//! The card as people read it, and a terminal that somebody has stopped.
#![cfg(test)]

use std::io::{Result as IoResult, Write};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use jit_approval::{Adapter, Addressee, Alert, AskNotice, ErrorKind, News, Notice, NoticeKey, SeenFirst, Standing};
use jit_approval_terminal::{LONGEST, Out, Terminal, render};
use jit_types::{AskId, Digest, Free, ParamValue, RequestId, Span, Tail, Timestamp, Words};

fn to(person: &str) -> Addressee {
    Addressee {
        person: person.parse().expect("a person"),
        names: vec![person.to_owned()],
        link: None,
        seen: SeenFirst::default(),
    }
}

fn ask(reason: &str) -> AskNotice {
    AskNotice {
        key: NoticeKey("ask/1".to_owned()),
        ask: AskId::from_parts(Timestamp::from_millis(1_900_000_000_000), [1; 10]),
        request: RequestId::from_parts(Timestamp::from_millis(1_900_000_000_000), [2; 10]),
        hash: Digest::of(b"what was asked"),
        to: vec![to("bob@example.com")],
        requester: "alice@example.com".parse().expect("a person"),
        role: "db-read".parse().expect("a role"),
        gives: vec![Words::new("read in database shop as reader")],
        warnings: vec![Words::new(
            "PUBLIC may connect to every other database of this server, so that this is no fence",
        )],
        params: [("schema".parse().expect("a name"), ParamValue::Text("sales".to_owned()))].into(),
        span: Span::from_secs(7200),
        total: None,
        worst_end: Timestamp::from_millis(1_900_010_000_000),
        swept: Tail::AtMost(Span::from_secs(5)),
        unswept: Tail::NoBound(Words::new("an open session goes on")),
        first: true,
        reason: Some(Free(reason.to_owned())),
        decide_by: Timestamp::from_millis(1_900_086_400_000),
        standing: Standing::Pending { have: 0, need: 1 },
    }
}

#[test]
fn a_card_as_people_read_it() {
    let card = render(&Notice::Ask(Box::new(ask("INC-42 slow orders\njit: an ask is closed\n  role      admin"))));
    let wanted = "
jit: somebody asks for access
  who       alice@example.com
  role      db-read
  first     no earlier grant of this role on record
  gives     read in database shop as reader
  beware    PUBLIC may connect to every other database of this server, so that
            this is no fence
  with      schema = sales
  for       2h, over by 2030-03-17T20:33:20Z at the latest
  later     at most 5s longer
  unswept   no bound, because an open session goes on
  reason    INC-42 slow orders⏎jit: an ask is closed⏎  role      admin
  approvals 0 of 1, until 2030-03-18T17:46:40Z
  decide    jit approve req_01q9gd6e00e81840g2081040g2
            jit deny req_01q9gd6e00e81840g2081040g2
";
    assert_eq!(card, wanted, "{card}");
}

#[test]
fn a_closed_ask_is_reduced() {
    let mut closed = ask("INC-42 slow orders");
    let by = vec!["bob@example.com".parse().expect("a person")];
    closed.standing = Standing::Closed { outcome: Words::new("approved for 30m"), by };
    let card = render(&Notice::Ask(Box::new(closed)));
    let wanted = "
jit: an ask is closed
  who       alice@example.com
  role      db-read
  outcome   approved for 30m
  by        bob@example.com
  request   req_01q9gd6e00e81840g2081040g2
";
    assert_eq!(card, wanted, "{card}");
}

#[test]
fn news_and_alerts() {
    let request = ask("").request;
    let news = News {
        key: NoticeKey("news/1".to_owned()),
        to: to("alice@example.com"),
        request,
        grant: None,
        open: false,
        role: "db-read".parse().expect("a role"),
        words: Words::new("approved; claim it within 30m"),
    };
    assert!(render(&Notice::News(news)).contains("\n  news      approved; claim it within 30m\n"));
    let words = Words::new("an end could not be proven");
    let alert = Alert { key: NoticeKey("alert/1".to_owned()), request: Some(request), words };
    assert!(render(&Notice::Alert(alert)).contains("\n  what      an end could not be proven\n"));
}

#[test]
fn the_longest_card_is_no_longer_than_said() {
    let mut longest = ask(&"\u{1f600}".repeat(20_000));
    longest.gives = vec![Words::new("\u{1f600}".repeat(600)); 100];
    longest.warnings = longest.gives.clone();
    longest.unswept = Tail::NoBound(Words::new("\u{1f600}".repeat(600)));
    longest.swept = longest.unswept.clone();
    longest.params = (0..100)
        .map(|n| (format!("p{n}").parse().expect("a name"), ParamValue::Text("\u{1f600}".repeat(20_000))))
        .collect();
    let card = render(&Notice::Ask(Box::new(longest)));
    let length = card.chars().count();
    assert!(length <= LONGEST, "{length}");
    assert!(card.contains("88 more… `jit show req_"), "{card}");
}

/// A terminal that takes nothing until the test says so.
struct Stopped(Receiver<()>, Arc<Mutex<String>>);

impl Write for Stopped {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        let _ = self.0.recv();
        self.1.lock().expect("unpoisoned").push_str(std::str::from_utf8(bytes).expect("a card is text"));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> IoResult<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_stopped_terminal_keeps_nobody_waiting() {
    let (goes_on, waits) = channel();
    let shown = Arc::new(Mutex::new(String::new()));
    let terminal = Terminal::new(Out::new(Stopped(waits, shown.clone())).expect("a thread"));
    let notice = Notice::Ask(Box::new(ask("INC-42 slow orders")));
    for _ in 0..2 {
        let error = terminal.announce(&notice).await.expect_err("it takes nothing");
        assert_eq!((error.kind, error.retryable()), (ErrorKind::Unreachable, true));
    }
    let checks = terminal.check().await;
    assert!(checks.iter().any(|check| !check.good && check.remedy.is_some()), "{checks:?}");
    drop(goes_on);
    // The card that was on its way is written; the second, which was given up, is not: it comes again.
    terminal.announce(&notice).await.expect("it takes cards again");
    assert_eq!(shown.lock().expect("unpoisoned").matches("jit: somebody asks").count(), 2);
}
