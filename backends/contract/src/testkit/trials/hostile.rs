//! Scopes that mean harm: those of the harness, and those that are made of the good one.

use serde_json::Value;

use super::Trial;
use crate::testkit::harness::{Hostile, Must};
use crate::testkit::kit::{Go, Kit, Stop, told};
use crate::{ErrorKind, Lease, Scope};

/// What stands in every hostile text, so that it is known again.
const MARK: &str = "zqhostile";

/// Metacharacters of SQL, shells, globs, OpenSSH's lists, JSON, URLs and terminals.
const TEXTS: &[&str] = &[
    "'; DROP ROLE zqhostile; --",
    "\"; DROP ROLE zqhostile; --",
    "zqhostile,root",
    "*zqhostile*",
    "zqhostile\nroot",
    "zqhostile\0",
    "$(touch zqhostile)",
    "`touch zqhostile`",
    "../../zqhostile",
    "zqhostile%00",
    "{\"zqhostile\":1}",
    "\u{202e}zqhostile",
    "\u{1b}[2Jzqhostile",
    "-oProxyCommand=zqhostile",
];

/// Makes one scope for each place in `value` that `at` gives another value for.
fn variants(value: &Value, at: &dyn Fn(&Value) -> Option<Value>) -> Vec<Value> {
    let mut all: Vec<Value> = at(value).into_iter().collect();
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                all.extend(variants(inner, at).into_iter().map(|changed| {
                    let mut map = map.clone();
                    map.insert(key.clone(), changed);
                    Value::Object(map)
                }));
            }
        }
        Value::Array(items) => {
            for (place, inner) in items.iter().enumerate() {
                all.extend(variants(inner, at).into_iter().map(|changed| {
                    let swap = |(i, item): (usize, &Value)| if i == place { changed.clone() } else { item.clone() };
                    Value::Array(items.iter().enumerate().map(swap).collect())
                }));
            }
        }
        _ => {}
    }
    all
}

fn made(kit: &Kit<'_>) -> Vec<Hostile> {
    let scope = &kit.facts.scope.0;
    let mut all = Vec::new();
    let mut add = |what: String, scopes: Vec<Value>, must: Must| {
        all.extend(scopes.into_iter().map(|scope| Hostile { what: what.clone(), scope: Scope(scope), must }));
    };
    for text in TEXTS {
        let swap = |v: &Value| v.is_string().then(|| Value::String((*text).to_owned()));
        add(format!("the text {text:?}"), variants(scope, &swap), Must::DoNoHarm);
    }
    let long = |v: &Value| v.is_string().then(|| Value::String(MARK.repeat(1200)));
    add("a text of 10 KB".to_owned(), variants(scope, &long), Must::BeRefused);
    let parameter = |v: &Value| v.is_string().then(|| serde_json::json!({ "param": MARK }));
    add("a parameter that was not resolved".to_owned(), variants(scope, &parameter), Must::BeRefusedOffline);
    let number = |v: &Value| v.is_string().then(|| Value::from(7));
    add("a number for a text".to_owned(), variants(scope, &number), Must::BeRefusedOffline);
    if let Value::Object(map) = scope {
        let mut map = map.clone();
        map.insert(MARK.to_owned(), Value::Bool(true));
        add("an unknown key".to_owned(), vec![Value::Object(map)], Must::BeRefusedOffline);
    }
    all
}

fn empties(scope: &Value) -> Vec<(&'static str, Value)> {
    let list = |v: &Value| v.as_array().filter(|l| !l.is_empty()).map(|_| Value::Array(Vec::new()));
    let text = |v: &Value| v.is_string().then(|| Value::String(String::new()));
    let mut all: Vec<(&'static str, Value)> = Vec::new();
    all.extend(variants(scope, &list).into_iter().map(|v| ("an empty list", v)));
    all.extend(variants(scope, &text).into_iter().map(|v| ("an empty text", v)));
    all.push(("an empty scope", serde_json::json!({})));
    all.push(("no scope", Value::Null));
    all
}

/// Empty never means everything: refused offline, in every place of the scope.
pub(super) async fn empty(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    for (what, scope) in empties(&kit.facts.scope.0) {
        match bench.backend.capability(&Scope(scope.clone())) {
            Ok(_) => t.check(false, format!("{what} was accepted: {scope}")),
            Err(e) => t.check(e.kind == ErrorKind::Misconfigured, format!("{what} refused as {}: {scope}", told(&e))),
        }
    }
    Ok(())
}

/// Every hostile scope is refused or does no harm.
pub(super) async fn scopes(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let bystander = kit.client().await?;
    let order = bench.long_order(&bystander).await;
    let held = bench.issued(&order, &bystander).await?;
    let names = bench.marked().await?;
    for hostile in made(kit).into_iter().chain(kit.facts.hostile.clone()) {
        let what = &hostile.what;
        match bench.backend.capability(&hostile.scope) {
            Err(error) => {
                t.check(error.kind == ErrorKind::Misconfigured, format!("{what}: refused as {}", told(&error)));
                hear(kit, what, &error);
                continue;
            }
            Ok(_) if hostile.must == Must::BeRefusedOffline => {
                t.check(false, format!("{what}: accepted offline: {}", hostile.scope.canonical()));
            }
            Ok(_) => {}
        }
        let client = kit.client().await?;
        let mut order = bench.long_order(&client).await;
        order.scope = hostile.scope.clone();
        match bench.issue(&order, Some(&client.material)).await? {
            Err(error) => {
                let good = matches!(error.kind, ErrorKind::Misconfigured | ErrorKind::Refused | ErrorKind::Conflict);
                t.check(good, format!("{what}: refused as {}", told(&error)));
                hear(kit, what, &error);
                bench.end(&Lease { order, handle: None }).await?;
            }
            Ok(issued) => {
                t.check(hostile.must == Must::DoNoHarm, format!("{what}: issued: {}", hostile.scope.canonical()));
                bench.end(&Lease { order, handle: Some(issued.handle) }).await?;
                t.check(!kit.opens(&client, &issued.form).await?, format!("{what}: could not be ended"));
            }
        }
        t.check(names == bench.marked().await?, format!("{what}: something was left in the target, or is missing"));
    }
    t.check(kit.opens(&bystander, &held.form).await?, "a hostile scope cut what another holds");
    bench.end(&held.lease).await?;
    Ok(())
}

fn hear(kit: &Kit<'_>, what: &str, error: &crate::Error) {
    if format!("{error:?} {error}").contains(MARK) {
        kit.heard().echoes.push(format!("{what}: {}", told(error)));
    }
}

/// No error repeats a hostile text that came with the order.
pub(super) async fn not_repeated(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    for hostile in made(kit) {
        if let Err(error) = bench.backend.capability(&hostile.scope) {
            hear(kit, &hostile.what, &error);
        }
    }
    let echoes = std::mem::take(&mut kit.heard().echoes);
    match echoes.first() {
        Some(first) => Err(Stop::Failed(format!("{} errors repeat the order's text, such as: {first}", echoes.len()))),
        None => {
            t.check(true, "");
            Ok(())
        }
    }
}
