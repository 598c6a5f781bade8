use std::collections::BTreeSet;

use serde_json::Value;

use super::check;
use super::kinds::kinds;
use crate::config::schema::schema;

const GOOD: &str = include_str!("../../../tests/config/good.toml");

/// The keys that the reader knows in a table, by its own word: it lists them when it meets a stranger.
fn read(from: &str, to: &str) -> BTreeSet<String> {
    assert!(GOOD.contains(from), "{from}");
    let faults = check(&GOOD.replacen(from, to, 1), &kinds()).expect_err("a key that nobody knows");
    let placed = faults.placed();
    let stranger = placed.iter().find(|p| p.rule == "`zzzzzzzz` is not a known key").expect("a stranger");
    let known = stranger.remedy.strip_prefix("known here: ").expect("a list");
    known.split(", ").map(str::to_owned).collect()
}

/// The keys that the schema knows at a place, over all shapes that may stand there.
fn written(schema: &Value, path: &[&str]) -> BTreeSet<String> {
    match path.split_first() {
        Some((step, rest)) => written(&schema[*step], rest),
        None => {
            let shapes = ["anyOf", "oneOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
            let mut keys: BTreeSet<String> = shapes.flat_map(|shape| written(shape, &[])).collect();
            keys.extend(schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone()));
            keys
        }
    }
}

fn set(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|&key| key.to_owned()).collect()
}

#[test]
fn the_schema_knows_exactly_the_keys_that_the_reader_knows() {
    let schema = schema(&kinds());
    let role = ["properties", "roles", "additionalProperties"];
    let at = |path: &[&str]| written(&schema, &[&role, path].concat());
    let line = |head: &str| read(&format!("{head}\n"), &format!("{head}\nzzzzzzzz = 1\n"));
    let inline = |head: &str| read(head, &format!("{head} zzzzzzzz = 1,"));

    assert_eq!(read("[roles.db-read]", "zzzzzzzz = 1\n[roles.db-read]"), written(&schema, &[]));
    assert_eq!(line("[roles.db-read]"), at(&[]));
    assert_eq!(inline("for = {"), at(&["properties", "for"]));
    // Which shape it is the reader sees by `by`, and says so of a key that belongs to the other.
    assert_eq!(inline("approve = { count = 1,"), at(&["properties", "approve"]));
    assert_eq!(inline("reason = {"), at(&["properties", "reason"]));
    assert_eq!(line("[[roles.db-read.gives]]"), at(&["properties", "gives", "items"]));
    let params = ["properties", "params", "additionalProperties"];
    let mut all = line("[roles.db-read.params.table]");
    assert_eq!(all, set(&["about", "type", "of"]));
    for head in ["branch = {", "replicas = {", "dry = {"] {
        all.extend(inline(head));
    }
    assert_eq!(all, at(&params));
    let section = |name| written(&schema, &["properties", name, "additionalProperties"]);
    assert_eq!(line("[people.carol]"), section("people"));
    assert_eq!(line("[backends.shop]"), section("backends"));
    assert_eq!(line("[approvals.chat]"), section("approvals"));
    assert_eq!(line("[broker]"), written(&schema, &["properties", "broker"]));
}

#[test]
fn every_object_in_the_schema_says_what_else_may_stand_in_it() {
    fn walk(value: &Value, path: &str) {
        if value["type"] == "object" && value.get("properties").is_some() {
            assert_eq!(value["additionalProperties"], false, "{path}");
            for key in value["required"].as_array().into_iter().flatten() {
                let key = key.as_str().expect("a key");
                assert!(value["properties"].get(key).is_some(), "{path} requires {key}, which it does not describe");
            }
        }
        match value {
            Value::Object(map) => map.iter().for_each(|(key, inner)| walk(inner, &format!("{path}/{key}"))),
            Value::Array(items) => items.iter().for_each(|inner| walk(inner, path)),
            _ => {}
        }
    }
    // The fake kinds of the test say only what they need to.
    let mut schema = schema(&crate::config::Kinds::default());
    walk(&schema, "");
    assert_eq!(schema["properties"]["backends"]["additionalProperties"], false, "no kind, no backend");
    let gives = schema["properties"]["roles"]["additionalProperties"]["properties"]["gives"].take();
    assert_eq!(gives["items"], false);
}
