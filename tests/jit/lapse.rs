//! A late yes revives nothing.

use crate::house::House;
use crate::process::pause;

#[test]
fn an_old_button_pressed_after_the_broker_was_dead_past_the_end_revives_nothing() {
    let mut house = House::with(&["alice", "bob"]);
    let id = house.file("alice", "brief", &[]);
    let hash = house.show("bob", &id)["hash"].as_str().unwrap().to_owned();
    house.kill();
    pause(2500);
    house.serve();
    let late = house.jit("bob", &["approve", &id, "--hash", &hash, "--output", "json"]).code(6);
    assert!(late.err.contains("lapsed"), "{}", late.err);
    let view = house.show("alice", &id);
    assert_eq!((&view["standing"], &view["grant"]), (&"lapsed".into(), &serde_json::Value::Null));
    let gone = house.jit("alice", &["exec", &id, "--", "true"]).code(106);
    assert!(gone.err.contains("lapsed"), "{}", gone.err);
    // It does not stand in the way of asking anew.
    let again = house.file("alice", "brief", &[]);
    assert_ne!(id, again);
    house.verified();
}
