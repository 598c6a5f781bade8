use super::kinds::kinds;
use super::{broken, check};
use crate::config::show::Style;
use crate::config::{Kinds, env};

/// Compares with what is kept; `JIT_BLESS=1` writes it anew, to be read before it is committed.
fn golden(name: &str, text: &str, kept: &str, kinds: &Kinds) {
    let faults = check(text, kinds).expect_err("a file full of mistakes");
    let shown = faults.render(if name.ends_with(".drawn.txt") {
        Style::Drawn { color: false, width: 100 }
    } else {
        Style::Plain
    });
    let path = format!("{}/tests/config/{name}", env!("CARGO_MANIFEST_DIR"));
    if env::var("JIT_BLESS").is_some() {
        std::fs::write(path, &shown).expect("written");
        return;
    }
    assert_eq!(shown, kept, "{name} is not what is shown");
    let drawn = faults.render(Style::Drawn { color: false, width: 100 });
    assert!(!shown.contains("hunter2") && !drawn.contains("hunter2"));
}

#[test]
fn a_file_of_mistakes_tells_them_all_at_once() {
    let text = include_str!("../../../tests/config/mistakes.toml");
    golden("mistakes.txt", text, include_str!("../../../tests/config/mistakes.txt"), &kinds());
}

#[test]
fn mistakes_of_grammar_are_told_with_those_of_meaning() {
    let text = include_str!("../../../tests/config/grammar.toml");
    golden("grammar.txt", text, include_str!("../../../tests/config/grammar.txt"), &kinds());
    golden("grammar.drawn.txt", text, include_str!("../../../tests/config/grammar.drawn.txt"), &kinds());
}

const AROUND: &str = r#"
[backends.shop]
kind = "tables"
url = "x"
[people.a]
groups = ["both", "ask"]
[people.b]
groups = ["both", "say"]
[people.c]
groups = ["say"]
"#;

fn role(request: &str, approve: &str) -> Vec<String> {
    broken(&format!(
        "[roles.r]\nabout = \"x\"\nfor = {{ max = \"1h\" }}\nrequest = [{request}]\napprove = {approve}\n\
         gives = [{{ backend = \"shop\", tables = [\"t\"] }}]\n{AROUND}"
    ))
}

#[test]
fn a_role_that_nobody_could_approve_is_refused() {
    // Somebody else is there for each who may ask.
    for (request, approve) in [
        ("\"group:ask\"", "{ count = 2, from = [\"group:say\"] }"),
        ("\"group:both\"", "{ count = 1, from = [\"group:both\"] }"),
        ("\"group:both\"", "{ count = 2, from = [\"group:both\", \"group:say\"] }"),
        ("\"a\"", "{ by = \"rule\" }"),
    ] {
        assert_eq!(role(request, approve), Vec::<String>::new(), "{request} {approve}");
    }
    // Nobody else is there for at least one who may ask.
    for (request, approve) in [
        ("\"group:ask\"", "{ count = 3, from = [\"group:say\"] }"),
        ("\"group:both\"", "{ count = 2, from = [\"group:both\"] }"),
        ("\"group:both\"", "{ count = 3, from = [\"group:both\", \"group:say\"] }"),
        ("\"a\"", "{ count = 1, from = [\"a\"] }"),
        ("\"a\", \"c\"", "{ count = 1, from = [\"a\"] }"),
        ("\"a\"", "{ count = 0, from = [\"b\"] }"),
        ("\"a\"", "{ count = -1, from = [\"b\"] }"),
        ("\"a\"", "{ count = 4294967297, from = [\"b\"] }"),
    ] {
        let faults = role(request, approve);
        assert_eq!(faults.len(), 1, "{request} {approve}: {faults:?}");
        assert!(faults[0].contains("roles.r.approve.count"), "{faults:?}");
    }
}

#[test]
fn the_same_thing_is_not_given_twice() {
    let gives = "{ backend = \"shop\", tables = [\"t\"] }";
    let text = format!(
        "[roles.r]\nabout = \"x\"\nfor = {{ max = \"1h\" }}\nrequest = [\"a\"]\napprove = {{ by = \"rule\" }}\n\
         gives = [{gives}, {gives}]\n{AROUND}"
    );
    assert_eq!(broken(&text), ["6 roles.r.gives[1]: this is given by the role already"]);
}

#[test]
fn one_mistake_is_told_once_and_not_by_its_consequences() {
    // The backend's own table is wrong: the role that names it is not.
    let text = AROUND.replace("url = \"x\"", "url = 7");
    let gives = "gives = [{ backend = \"shop\", tables = [\"t\"] }]";
    let role =
        "[roles.r]\nabout = \"x\"\nfor = { max = \"1h\" }\nrequest = [\"group:ask\"]\napprove = { by = \"rule\" }";
    assert_eq!(broken(&format!("{role}\n{gives}\n{text}")), ["10 backends.shop.url: `url` is not a text in quotes"]);
    // A person's groups are wrong: that nobody is in the group is not known.
    let text = AROUND.replace("[\"both\", \"ask\"]", "[\"both\", \"Ask\"]");
    let faults = broken(&format!("{role}\n{gives}\n{text}"));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("12 people.a.groups: `Ask` is not a group name"), "{faults:?}");
}

#[test]
fn a_file_with_nothing_in_it_gives_nothing() {
    let loaded = check("", &kinds()).expect("an empty file holds no mistake");
    assert!(loaded.rules.roles.is_empty() && loaded.rules.people.is_empty() && loaded.rules.administrators.is_empty());
}

#[test]
fn two_backends_never_publish_to_one_file() {
    let two = |first: &str, second: &str| {
        broken(&format!(
            "[backends.one]\nkind = \"tables\"\nurl = \"{first}\"\n[backends.two]\nkind = \"tables\"\nurl = \"{second}\"\n"
        ))
    };
    assert_eq!(two("list /etc/one", "list /etc/two"), Vec::<String>::new());
    let faults = two("list /etc/one", "list /etc/one");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("backends.two") && faults[0].contains("/etc/one is published by another"), "{faults:?}");
}
