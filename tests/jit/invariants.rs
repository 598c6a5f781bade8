//! The page that lists each promise with its tests names only tests that are there.

use std::path::Path;

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/invariants.md")).unwrap();
    let mut code = String::new();
    for folder in ["core", "engine", "backends", "approvals", "src", "tests"] {
        read(&root.join(folder), &mut code);
    }
    let mut named = 0;
    for name in
        page.split('`').skip(1).step_by(2).filter(|word| word.contains('_') && !word.contains(['/', '.', ' ', ':']))
    {
        assert!(code.contains(&format!("fn {name}(")), "docs/invariants.md names `{name}`, and there is no such test");
        named += 1;
    }
    assert!(named > 60, "the page names only {named} tests");
}

fn read(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
