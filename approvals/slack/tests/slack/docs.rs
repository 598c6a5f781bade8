//! The page for users shows what is really posted.

use jit_approval::Adapter;
use jit_approval_slack::double::ROOM;
use jit_approval_slack::{AsksIn, MAIL_SCOPE, SCOPES};

use serde_json::Value;

use crate::common::{BOB, Broker, answered, ask, double, notice, press};
use crate::picture::svg;

fn page() -> String {
    let path = format!("{}/../../docs/slack.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("the page is there")
}

/// A message as text, a line for each that is drawn.
fn drawn(body: &Value) -> String {
    let lines = items(body, "blocks").iter().flat_map(block);
    lines.map(|line| format!("   {line}").trim_end().to_owned() + "\n").collect()
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn block(block: &Value) -> Vec<String> {
    let text = |value: &Value| value["text"]["text"].as_str().unwrap_or_default().to_owned();
    match block["type"].as_str() {
        Some("header") => vec![text(block), String::new()],
        Some("actions") => {
            let control = |control: &Value| match items(control, "options") {
                [] => format!("[ {} ]", text(control)),
                options => {
                    let options = options.iter().map(text).collect::<Vec<_>>().join(", ");
                    format!("[ {} ▾ ] ({options})", control["placeholder"]["text"].as_str().unwrap_or_default())
                }
            };
            vec![String::new(), items(block, "elements").iter().map(control).collect::<Vec<_>>().join("  ")]
        }
        _ => items(block, "elements").iter().flat_map(part).collect(),
    }
}

fn part(part: &Value) -> Vec<String> {
    let inline = |piece: &Value| match piece["type"].as_str() {
        Some("user") => format!("@{}", piece["user_id"].as_str().unwrap_or_default()),
        Some("date") => "in your own time".to_owned(),
        _ => piece["text"].as_str().unwrap_or_default().to_owned(),
    };
    let line = |section: &Value| items(section, "elements").iter().map(inline).collect::<String>();
    match part["type"].as_str() {
        Some("rich_text_list") => items(part, "elements").iter().map(|item| format!("  • {}", line(item))).collect(),
        Some("rich_text_quote") => vec![format!("  ┃ {}", line(part))],
        _ => vec![line(part).trim_end().to_owned()],
    }
}

#[tokio::test]
async fn the_messages_on_the_page_are_those_that_are_posted() {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Channel).await;
    let mut ask = ask(&broker, 1, 1);
    let at = broker.slack.announce(&notice(&ask)).await.expect("posted");
    let post = double.posts().into_iter().find(|post| post.channel == ROOM).expect("a post");
    let open = post.body.clone();
    answered(&double, &press(&double, BOB, &post, "for 30m")).await;
    ask.standing = broker.desk.filed(&ask.ask).expect("filed").standing();
    broker.slack.update(&at, &notice(&ask)).await.expect("updated");
    let end = double.posts().into_iter().find(|post| post.ts == at_ts(&at.0)).expect("the post").body;
    let page = page();
    for (name, body) in [("slack-ask.svg", &open), ("slack-closed.svg", &end)] {
        let shown = drawn(body);
        assert!(page.contains(&shown), "docs/slack.md does not show:\n{shown}");
        assert!(page.contains(&format!("]({name})")), "docs/slack.md does not show {name}");
        let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
        #[allow(clippy::disallowed_methods, reason = "whoever changes a message draws it anew by this")]
        if std::env::var_os("JIT_BLESS").is_some() {
            std::fs::write(&path, svg(body)).expect("written");
        }
        let same = std::fs::read_to_string(&path).is_ok_and(|kept| kept == svg(body));
        assert!(same, "docs/{name} is stale: run this test with JIT_BLESS=1");
    }
}

fn at_ts(reference: &str) -> String {
    reference.split_once(':').expect("channel and time").1.to_owned()
}

#[test]
fn the_page_names_every_scope_with_its_reason() {
    let page = page();
    for (scope, why) in SCOPES.into_iter().chain([MAIL_SCOPE]) {
        let row = format!("| `{scope}` | {why} |");
        assert!(page.contains(&row), "docs/slack.md lacks: {row}");
    }
}
