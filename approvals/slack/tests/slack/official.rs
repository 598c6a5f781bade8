//! Slack's own libraries as judges: its clients accept the double, its models and types accept what the adapter sends.

use std::path::Path;

use jit_approval::{Adapter, Alert, News, Notice, NoticeKey, Standing};
use jit_approval_slack::double::{APP_TOKEN, BOT_TOKEN, Control, Double, ROOM};
use jit_approval_slack::{AsksIn, manifest};
use jit_types::{Free, GrantId, ParamValue, Span, Timestamp, Words};
use serde_json::{Value, json};

use crate::common::{ALICE, BOB, Broker, CAROL, answered, ask, double, notice, press};
use crate::tools::{Running, Tools, run, tools};

fn file(name: &str) -> String {
    format!("{}/tests/slack/official/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn yes() -> Control {
    Control { action: "yes".to_owned(), label: "Yes".to_owned(), value: "1".to_owned(), option: false }
}

async fn pressed(double: &Double) -> Value {
    let post = double.posts().into_iter().find(|post| post.channel == ROOM).expect("it posted");
    let push = double.press(BOB, ROOM, &post.ts, &yes(), &json!({}));
    assert_eq!(answered(double, &push).await, "heard");
    json!({ "user": BOB, "action": "yes" })
}

#[tokio::test]
async fn the_python_client_accepts_the_double() {
    let Some(tools) = tools() else { return };
    let double = double().await;
    let arguments = [&file("client.py"), &double.api(), BOT_TOKEN, APP_TOKEN, ROOM, BOB];
    let mut client = Running::start(&tools.python, &arguments, &[]);
    assert_eq!(client.line().await, "ready");
    double.connected(1).await;
    let expected = pressed(&double).await;
    assert_eq!(serde_json::from_str::<Value>(&client.line().await).expect("JSON"), expected);
    client.end().await;
}

#[tokio::test]
async fn bolt_accepts_the_double() {
    let Some(tools) = tools() else { return };
    let double = double().await;
    let modules = tools.modules.display().to_string();
    let arguments = [&file("bolt.mjs"), &modules, &double.api(), BOT_TOKEN, APP_TOKEN, ROOM];
    let mut client = Running::start(Path::new(tools.node), &arguments, &[]);
    assert_eq!(client.line().await, "ready");
    double.connected(1).await;
    let expected = pressed(&double).await;
    assert_eq!(serde_json::from_str::<Value>(&client.line().await).expect("JSON"), expected);
    // It takes up a socket that Slack closes, as it would Slack's.
    double.disconnect("refresh_requested");
    double.cut();
    let push = double.command(ALICE, ROOM, "request db-read --reason \"a & b\"", &json!({}));
    assert_eq!(answered(&double, &push).await, "heard");
    let said: Value = serde_json::from_str(&client.line().await).expect("JSON");
    assert_eq!(said, json!({ "user": ALICE, "text": "request db-read --reason \"a &amp; b\"" }));
    client.end().await;
}

/// Everything that the adapter can say, said once: each kind of message, plain and hostile and long.
async fn said() -> Vec<(String, Value)> {
    let double = double().await;
    let broker = Broker::start(&double, AsksIn::Both).await;
    let long = "<!channel> *x* \u{202e}&amp; ".repeat(1000);
    let mut number = 0;
    for text in ["INC-42 slow orders", long.as_str(), ""] {
        number += 1;
        let mut asked = ask(&broker, number, 2);
        asked.reason = Some(Free(text.to_owned()));
        asked.params.insert("table".parse().expect("a name"), ParamValue::Text(text.to_owned()));
        asked.gives = vec![Words::new(text); 12];
        asked.warnings = vec![Words::new(text); usize::from(number - 1)];
        asked.span = Span::from_secs(900 * u64::from(number * number));
        let at = broker.slack.announce(&notice(&asked)).await.expect("taken");
        let room = double.posts().into_iter().rev().find(|post| post.channel == ROOM).expect("a post");
        answered(&double, &press(&double, BOB, &room, "Approve for")).await;
        double.deliver(&press(&double, CAROL, &room, "Deny")).await;
        let sent = double.submit(CAROL, text).await;
        answered(&double, &sent).await;
        asked.standing = Standing::Pending { have: 1, need: 2 };
        broker.slack.update(&at, &notice(&asked)).await.expect("taken");
        let by = vec!["carol@example.com".parse().expect("a person")];
        asked.standing = Standing::Closed { outcome: Words::new(text), by };
        broker.slack.update(&at, &notice(&asked)).await.expect("taken");
        asked.standing = Standing::Closed { outcome: Words::new(text), by: Vec::new() };
        broker.slack.update(&at, &notice(&asked)).await.expect("taken");
        let (key, to) = (|what: &str| NoticeKey(format!("{what}/{number}")), asked.to[0].clone());
        for grant in [None, Some(GrantId::from_parts(Timestamp::EPOCH, [number; 10]))] {
            let key = key(if grant.is_some() { "news" } else { "no" });
            let (role, request, words) = (asked.role.clone(), asked.request, Words::new(text));
            let news = News { key, to: to.clone(), request, grant, open: number > 1, role, words };
            broker.slack.announce(&Notice::News(news)).await.expect("taken");
        }
        let alert = Alert { key: key("alert"), request: Some(asked.request), words: Words::new(text) };
        broker.slack.announce(&Notice::Alert(alert)).await.expect("taken");
    }
    let push = double.command(ALICE, ROOM, "help", &json!({}));
    answered(&double, &push).await;
    let calls = double.calls();
    for method in ["chat.postMessage", "chat.update", "chat.postEphemeral", "views.open", "response_url"] {
        assert!(calls.iter().any(|(called, _)| called == method), "{method} was never called");
    }
    calls
}

/// Whether Slack's Python models take these payloads, and what they say.
async fn by_the_models(tools: &Tools, calls: &[(String, Value)]) -> (bool, String) {
    let lines: String = calls.iter().map(|call| serde_json::to_string(call).expect("JSON") + "\n").collect();
    run(&tools.python, &[&file("payloads.py")], &lines, Path::new("/")).await
}

/// Whether Slack's types take these payloads and the manifest, and what the compiler says.
async fn by_the_types(tools: &Tools, calls: &[(String, Value)], manifest: &Value) -> (bool, String) {
    let directory = tempfile::tempdir().expect("a directory");
    std::os::unix::fs::symlink(&tools.modules, directory.path().join("node_modules")).expect("a link");
    let mut code = "import type { KnownBlock, ModalView } from \"@slack/types\";\n\
                    import type { ChatPostMessageArguments, ChatUpdateArguments, ChatPostEphemeralArguments,\n\
                    ViewsOpenArguments, ConversationsOpenArguments, AppsManifestCreateArguments } from \"@slack/web-api\";\n"
        .to_owned();
    code.push_str(&format!("export const m: AppsManifestCreateArguments[\"manifest\"] = {manifest};\n"));
    for ((method, body), n) in calls.iter().zip(0..) {
        let kind = match method.as_str() {
            "chat.postMessage" => "ChatPostMessageArguments",
            "chat.update" => "ChatUpdateArguments",
            "chat.postEphemeral" => "ChatPostEphemeralArguments",
            "views.open" => "ViewsOpenArguments",
            "conversations.open" => "ConversationsOpenArguments",
            _ => continue,
        };
        code.push_str(&format!("export const c{n}: {kind} = {body};\n"));
    }
    for ((_, body), n) in calls.iter().zip(0..) {
        if let Some(blocks) = body.get("blocks") {
            code.push_str(&format!("export const b{n}: KnownBlock[] = {blocks};\n"));
        }
        if let Some(view) = body.get("view") {
            code.push_str(&format!("export const v{n}: ModalView = {view};\n"));
        }
    }
    std::fs::write(directory.path().join("said.ts"), code).expect("written");
    let compiler = tools.modules.join("typescript/bin/tsc").display().to_string();
    let options =
        ["--strict", "--noEmit", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", "--types", "node"];
    let arguments: Vec<&str> = [compiler.as_str()].into_iter().chain(options).chain(["said.ts"]).collect();
    run(Path::new(tools.node), &arguments, "", directory.path()).await
}

#[tokio::test]
async fn slacks_own_models_and_types_accept_all_that_is_said() {
    let Some(tools) = tools() else { return };
    let calls = said().await;
    let manifest = manifest(true);
    let (good, words) = by_the_models(&tools, &calls).await;
    assert!(good, "{words}");
    println!("{words}");
    let (good, words) = by_the_types(&tools, &calls, &manifest).await;
    assert!(good, "{words}");
    // They can say no: each to one of the payloads with something wrong in it.
    let bent = |pointer: &str, value: Value| {
        let mut calls = calls.clone();
        let bend =
            |(_, body): &mut (String, Value)| body.pointer_mut(pointer).map(|place| *place = value.clone()).is_some();
        assert!(calls.iter_mut().any(bend), "there is no {pointer}");
        calls
    };
    let (good, words) = by_the_models(&tools, &bent("/blocks/0/text/text", json!("x".repeat(151)))).await;
    assert!(!good && words.contains("150"), "{words}");
    let (good, words) = by_the_types(&tools, &bent("/blocks/0/text/type", json!("mrkdwn")), &manifest).await;
    assert!(!good && words.contains("mrkdwn"), "{words}");
    let mut other = manifest.clone();
    other["oauth_config"]["scopes"]["bot"][0] = json!("channels:reed");
    let (good, words) = by_the_types(&tools, &calls, &other).await;
    assert!(!good && words.contains("channels:reed"), "{words}");
}
