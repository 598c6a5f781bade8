//! As with Slack itself: HTTPS and wss, by the authorities that this machine trusts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jit_approval::testkit::ScriptedDesk;
use jit_approval::{Adapter, Alert, Notice, NoticeKey};
use jit_approval_slack::double::ROOM;
use jit_approval_slack::{AsksIn, Settings, Slack};
use jit_types::Words;
use serde_json::json;

use crate::common::{ALICE, Tokens, answered, double, settings};
use crate::tools::{Running, env, run, tools};

/// Where the double is, for the process that trusts the authority: which ones are trusted is read once in a process.
const AT: &str = "JIT_SLACK_DOUBLE";

async fn speaks(settings: Settings) {
    let slack = Slack::open(settings, &Tokens::RIGHT).await.expect("good tokens");
    let found = slack.check().await;
    assert!(found.iter().all(|check| check.good), "{found:?}");
    let listening = tokio::spawn({
        let slack = slack.clone();
        async move { slack.listen(Arc::new(ScriptedDesk::new())).await }
    });
    let alert = Alert { key: NoticeKey("alert/1".to_owned()), request: None, words: Words::new("over TLS") };
    slack.announce(&Notice::Alert(alert)).await.expect("posted");
    // Until the other process has what it wants.
    tokio::time::sleep(Duration::from_secs(30)).await;
    listening.abort();
}

#[tokio::test]
async fn over_tls_it_speaks_with_whom_the_machine_trusts_and_with_nobody_else() {
    let Some(tools) = tools() else { return };
    let double = double().await;
    if let Some(api) = env(AT) {
        let mut settings = settings(&double, AsksIn::Channel);
        settings.api = api.parse().expect("an address");
        return speaks(settings).await;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let made = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        "key.pem",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ];
    let (good, words) = run(Path::new("openssl"), &made, "", directory.path()).await;
    assert!(good, "{words}");
    let file = |name: &str| directory.path().join(name).display().to_string();
    let script = format!("{}/tests/slack/official/tls.py", env!("CARGO_MANIFEST_DIR"));
    let plain = double.api().trim_end_matches("/api/").rsplit(':').next().expect("a port").to_owned();
    let (certificate, key) = (file("ca.pem"), file("key.pem"));
    let arguments = [script.as_str(), &certificate, &key, &plain];
    let mut proxy = Running::start(&tools.python, &arguments, &[]);
    let base = format!("https://localhost:{}", proxy.line().await);
    double.behind(&base);
    // This process does not trust that authority: it says nothing to it.
    let slack = Slack::open(settings(&double, AsksIn::Channel), &Tokens::RIGHT).await.expect("good tokens");
    let found = slack.check().await;
    assert!(found.iter().all(|check| !check.good && check.what.as_str().contains("can't be reached")), "{found:?}");
    assert!(double.calls().is_empty());
    // One that does speaks with it, and hears.
    let this = std::env::current_exe().expect("this program");
    let name = "tls::over_tls_it_speaks_with_whom_the_machine_trusts_and_with_nobody_else";
    let variables = [(AT, double.api()), ("SSL_CERT_FILE", file("ca.pem")), ("SSL_CERT_DIR", file("none"))];
    let _other = Running::start(&this, &["--exact", name, "--nocapture"], &variables);
    tokio::time::timeout(Duration::from_secs(20), double.connected(1)).await.expect("a socket over TLS");
    let push = double.command(ALICE, ROOM, "release gr_00000000000000000000000000", &json!({}));
    let words = tokio::time::timeout(Duration::from_secs(20), answered(&double, &push)).await.expect("an answer");
    assert_eq!(words, "there is no such thing of yours");
    // It tells at the same time as it hears.
    let posted = async {
        while double.posts().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), posted).await.expect("a post over TLS");
    assert_eq!(double.posts().len(), 1);
}
