//! A beginning of an id is for looking. What decides names all of it.

use crate::house::House;

#[test]
fn the_beginning_of_an_id_shows_and_never_decides() {
    let house = House::with(&["alice", "bob", "dave"]);
    let id = house.file("alice", "shell", &[]);
    let hash = house.show("bob", &id)["hash"].as_str().unwrap().to_owned();
    let short = &id[..id.len() - 4];
    assert_eq!(house.show("bob", short)["id"], id.as_str());
    for args in [
        vec!["approve", short, "--hash", &hash],
        vec!["approve", short, "--hash", &hash, "--yes"],
        vec!["approve", &id, "--yes"],
        vec!["deny", short, "--hash", &hash, "--reason", "x"],
    ] {
        let refused = house.jit("bob", &args).code(2);
        assert!(refused.err.contains("must be named"), "{args:?}: {}", refused.err);
    }
    // Nor over the API itself.
    let body = serde_json::json!({ "hash": hash, "approve": true });
    let path = format!("/v1/requests/{short}/decide");
    assert_eq!(crate::http::post(&house.socket(), Some(&house.token("bob")), &path, &body).status, 404);
    assert_eq!(house.show("alice", &id)["standing"], "pending");
    // Nor is a hash that was not seen, whole as the id may be.
    let other = house.jit("bob", &["approve", &id, "--hash", &"0".repeat(64)]);
    assert_eq!(other.code, 1, "{other:?}");
    assert_eq!(house.show("alice", &id)["standing"], "pending");
}

#[test]
fn two_candidates_are_an_error_and_what_one_may_not_see_is_none() {
    let house = House::with(&["alice", "bob", "dave", "eve"]);
    let (one, two) = (house.file("alice", "shell", &[]), house.file("dave", "shell", &[]));
    let common: String = one.chars().zip(two.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    assert!(common.len() >= "req_".len() + 6, "{one} and {two}");
    let several = house.jit("bob", &["show", &common]).code(2);
    assert!(several.err.contains("several"), "{}", several.err);
    // For whoever sees only one of them it is one, and for an outsider it is none.
    assert_eq!(house.show("alice", &common)["id"], one.as_str());
    house.jit("eve", &["show", &common]).code(1);
    house.jit("bob", &["show", "req_0"]).code(1);
}
