//! Hostile text on its way to an approver: whatever somebody typed, the card of a terminal and the message of Slack look
//! as they do with harmless text, but for that text in its place.
#![no_main]

use jit_approval::{Addressee, Alert, AskNotice, News, Notice, NoticeKey, SeenFirst, Standing};
use jit_types::{AskId, Digest, Free, GrantId, ParamValue, RequestId, Span, Tail, Timestamp, Words};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(
    init: jit_fuzz::seeds("render", [
        "0INC-42 slow orders\0read in database shop\0PUBLIC may connect\0sales\0a session goes on\0approved",
        "0x\n  role      admin\njit: an ask is closed\0a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0m\0n\0o\0p",
        "0<!channel> <@U1> <https://evil.example|x> *b* `c` ~d~ &lt;\0\u{202e}\u{200b}\u{1b}[2J\0字字字\0mailto:a@b\0:tada:",
        "1\r\n\u{85}\u{2028}\0<!here>", "2*bold* _it_ https://evil.example", "3@channel\0\0\0a", "4more\0time",
    ]),
    |text: &str| {
        let mut letters = text.chars();
        let Some(kind) = letters.next() else { return };
        let hostile: Vec<&str> = letters.as_str().split('\0').collect();
        let benign = vec!["x"; hostile.len()];
        let (notice, twin) = (notice(kind, &hostile), notice(kind, &benign));
        card(&jit_approval_terminal::render(&notice), &jit_approval_terminal::render(&twin));
        for (calls, reason) in [(&[][..], true), (&["U024BE7LH"][..], false)] {
            let message = |notice| jit_approval_slack::fuzzing::message(notice, calls, reason);
            slack(&message(&notice), &message(&twin));
        }
    }
);

fn to(person: &str) -> Addressee {
    Addressee {
        person: person.parse().expect("a person"),
        names: vec![person.to_owned()],
        link: None,
        seen: SeenFirst::default(),
    }
}

/// A notice with these texts in every place where somebody else's text can stand.
fn notice(kind: char, texts: &[&str]) -> Notice {
    let at = |n: usize| texts.get(n).copied().unwrap_or("x");
    let words = |n: usize| Words::new(at(n));
    let (key, born) = (NoticeKey("key".to_owned()), Timestamp::from_millis(1_900_000_000_000));
    let request = RequestId::from_parts(born, [2; 10]);
    match kind {
        '1' => Notice::Alert(Alert { key, request: Some(request), words: words(0) }),
        '2' => Notice::News(News {
            key,
            to: to("alice@example.com"),
            request,
            grant: Some(GrantId::from_parts(born, [3; 10])),
            open: true,
            role: "db-read".parse().expect("a role"),
            words: words(0),
        }),
        _ => Notice::Ask(Box::new(AskNotice {
            key,
            ask: AskId::from_parts(born, [1; 10]),
            request,
            hash: Digest::of(b"what was asked"),
            to: vec![to("bob@example.com")],
            requester: "alice@example.com".parse().expect("a person"),
            role: "db-read".parse().expect("a role"),
            gives: texts.iter().skip(6).chain([&at(1)]).map(Words::new).collect(),
            warnings: texts.iter().skip(9).chain([&at(2)]).map(Words::new).collect(),
            params: [("schema".parse().expect("a name"), ParamValue::Text(at(3).to_owned()))].into(),
            span: Span::from_secs(7200),
            total: (kind == '4').then_some(Span::from_secs(10_800)),
            worst_end: born,
            swept: Tail::AtMost(Span::from_secs(5)),
            unswept: Tail::NoBound(words(4)),
            first: kind == '4',
            reason: Some(Free(at(0).to_owned())),
            decide_by: born,
            standing: match kind {
                '3' => Standing::Closed { outcome: words(5), by: vec!["bob".parse().expect("a person")] },
                _ => Standing::Pending { have: 0, need: 1 },
            },
        })),
    }
}

/// Where texts begin in a card.
const COLUMN: usize = 12;

/// The labels of a card's lines; a line that goes on has none.
fn labels(card: &str) -> Vec<&str> {
    let label = |line: &str| -> Option<usize> {
        assert!(line.is_ascii() || line.is_char_boundary(COLUMN), "{line:?}");
        line.get(..COLUMN)?.trim().len().checked_sub(1)
    };
    card.lines()
        .filter(|line| line.starts_with("jit: ") || label(line).is_some())
        .map(|line| line.get(..COLUMN).unwrap_or(line))
        .collect()
}

fn card(card: &str, twin: &str) {
    jit_fuzz::harmless(card, &['\n']);
    assert_eq!(labels(card), labels(twin), "{card}");
    assert!(card.chars().count() <= jit_approval_terminal::LONGEST);
    for line in card.lines() {
        // As UAX #11 has it at most: wide characters begin at U+1100.
        let columns: usize = line.chars().map(|c| if c < '\u{1100}' { 1 } else { 2 }).sum();
        assert!(columns <= 79, "{columns} columns: {line:?}");
    }
}

/// All texts of a message, taken out of it.
fn taken(value: &mut Value, texts: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|item| taken(item, texts)),
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "text" => texts.push(std::mem::take(text)),
                    other => taken(other, texts),
                }
            }
        }
        _ => {}
    }
}

fn slack(message: &Value, twin: &Value) {
    let (mut shape, mut texts) = (message.clone(), Vec::new());
    taken(&mut shape, &mut texts);
    assert!(texts.iter().filter(|text| text.is_empty()).count() <= 1, "Slack takes no empty text but a notification's");
    let mut same = twin.clone();
    taken(&mut same, &mut Vec::new());
    // No button, mention, link, header or block that harmless text would not have, nor one that does something else.
    assert_eq!(shape, same);
    assert!(!message.to_string().contains("\"mrkdwn\":true") && !message.to_string().contains("\"type\":\"mrkdwn\""));
    let mut long = 0;
    for text in &texts {
        jit_fuzz::harmless(text, &[]);
        long += text.chars().count();
    }
    assert!(long <= jit_approval_slack::LONGEST, "{long} characters");
    // What a notification says is parsed by Slack.
    let notified = message.get("text").and_then(Value::as_str).expect("a notification");
    let entities = notified.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
    assert!(!entities.contains(['<', '>', '&', '*', '~', '`']), "{notified:?}");
    assert!(!notified.contains("://") && !notified.contains("mailto:"), "{notified:?}");
}
