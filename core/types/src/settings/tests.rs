use super::*;

fn text(t: &str) -> Node {
    Node { span: 0..1, value: NodeValue::Text(t.to_owned()) }
}

fn table(entries: Vec<(&str, Node)>) -> Table {
    let entries = entries.into_iter().map(|(k, n)| (k.to_owned(), (0..1, n))).collect();
    Table { span: 0..1, entries }
}

#[test]
fn all_mistakes_are_found_at_once_and_the_nearest_key_is_named() {
    let t = table(vec![
        ("max", text("2 hours")),
        ("defualt", text("1h")),
        ("names", Node { span: 0..1, value: NodeValue::List(vec![]) }),
    ]);
    let mut faults = Vec::new();
    let mut reader = Reader::new(&t, "roles.x.for", &mut faults);
    assert_eq!(reader.required::<crate::Span>("max"), None);
    assert_eq!(reader.required::<crate::Span>("default"), None);
    assert_eq!(reader.filled::<String>("names"), None);
    reader.finish();
    let keys: Vec<_> = faults.iter().map(|f| f.key.as_str()).collect();
    assert_eq!(keys, ["roles.x.for.max", "roles.x.for.default", "roles.x.for.names", "roles.x.for.defualt"]);
    assert!(faults[3].remedy.contains("`default`"));
}

#[test]
fn entries_and_items_are_read_each_with_its_own_path() {
    let inner = |key: &str| Node { span: 0..1, value: NodeValue::Table(table(vec![(key, text("1h"))])) };
    let named = table(vec![("a.b", inner("max")), ("plain", inner("mox")), ("text", text("x"))]);
    let list = Node { span: 0..1, value: NodeValue::List(vec![inner("max"), text("x")]) };
    let t =
        table(vec![("params", Node { span: 0..1, value: NodeValue::Table(named) }), ("gives", list), ("n", text(""))]);
    let mut faults = Vec::new();
    let mut reader = Reader::new(&t, "roles.x", &mut faults);
    let mut names = Vec::new();
    reader.each("params", |name, _, inner| {
        names.push(name.to_owned());
        inner.optional::<crate::Span>("max");
    });
    let mut lengths = Vec::new();
    reader.tables("gives", |inner| lengths.push(inner.optional::<crate::Span>("max")));
    assert_eq!(reader.each("n", |_, _, _| {}), None);
    assert_eq!(reader.tables("n", |_| {}), None);
    assert_eq!(reader.mistakes(), 5);
    reader.finish();
    assert_eq!(names, ["a.b", "plain"]);
    assert_eq!(lengths, [Some(crate::Span::from_secs(3600))]);
    let keys: Vec<_> = faults.iter().map(|f| f.key.as_str()).collect();
    assert_eq!(keys, ["roles.x.params.plain.mox", "roles.x.params.text", "roles.x.gives[1]", "roles.x.n", "roles.x.n"]);
    assert_eq!(quoted("a.b"), "\"a.b\"");
}

#[test]
fn what_is_left_unread_is_not_judged() {
    let t = table(vec![("kind", text("x")), ("url", text("y"))]);
    let mut faults = Vec::new();
    let mut reader = Reader::new(&t, "backends.x", &mut faults);
    reader.optional::<String>("kind");
    reader.leave();
    reader.finish();
    assert_eq!(faults, []);
}

#[test]
fn a_secret_in_the_file_is_refused() {
    assert!(SecretRef::from_node(&text("hunter2")).is_err());
}

#[test]
fn distances() {
    assert_eq!(distance("kitten", "sitting"), 3);
    assert_eq!(distance("", "abc"), 3);
}
