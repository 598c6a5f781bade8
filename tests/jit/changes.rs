//! The config changes while the broker is down: every step is evaluated again, by the rules that are in force then.

use serde_json::json;

use crate::house::House;

#[test]
fn an_approver_who_has_lost_the_right_decides_nothing_though_they_were_asked() {
    let mut house = House::with(&["alice", "bob", "carol"]);
    let id = house.file("alice", "shell", &[]);
    let hash = house.show("bob", &id)["hash"].as_str().unwrap().to_owned();
    house.stop();
    house.edit(|text| {
        text.replace(
            "[people.\"bob@example.com\"]\ngroups = [\"leads\"]",
            "[people.\"bob@example.com\"]\ngroups = [\"guests\"]",
        )
    });
    house.serve();
    house.jit("bob", &["approve", &id, "--hash", &hash]).code(1);
    house.jit("bob", &["show", &id]).code(1);
    let view = house.show("alice", &id);
    assert_eq!(
        (&view["standing"], &view["deciders"]),
        (&json!("pending"), &json!(["carol@example.com", "dave@example.com", "frank@example.com"]))
    );
    house.approve("carol", &id, &[]).ok();
    // What was changed is in the record.
    assert!(house.verified().matches("config.changed").count() >= 2);
}

#[test]
fn a_yes_of_somebody_who_has_left_does_not_count() {
    let mut house = House::with(&["alice", "bob", "carol", "dave"]);
    let id = house.file("alice", "pair", &[]);
    house.approve("bob", &id, &[]).ok();
    house.stop();
    house.edit(|text| text.replace("[people.\"bob@example.com\"]\ngroups = [\"leads\"]\n", ""));
    house.serve();
    house.approve("carol", &id, &[]).ok();
    assert_eq!(house.show("alice", &id)["standing"], "pending", "two who may must say yes");
    house.approve("dave", &id, &[]).ok();
    assert_eq!(house.show("alice", &id)["standing"], "ready");
}

#[test]
fn a_role_that_has_changed_goes_back_to_review() {
    let mut house = House::with(&["alice", "bob", "carol", "dave"]);
    let id = house.file("alice", "pair", &[]);
    let old = house.show("bob", &id)["hash"].as_str().unwrap().to_owned();
    house.approve("bob", &id, &[]).ok();
    house.stop();
    house.edit(|text| {
        let at = text.find("[[roles.pair.gives]]").unwrap();
        let (before, after) = text.split_at(at);
        format!("{before}{}", after.replacen("principals = [\"shop\"]", "principals = [\"shop\", \"root\"]", 1))
    });
    house.serve();
    let view = house.show("carol", &id);
    assert_ne!(view["hash"], old.as_str(), "it is not what was seen");
    assert_eq!((&view["reviews"][0]["void"], &view["standing"]), (&json!(true), &json!("pending")));
    // The old button does nothing; one new yes is one.
    assert_eq!(house.jit("carol", &["approve", &id, "--hash", &old]).code, 1);
    house.approve("carol", &id, &[]).ok();
    assert_eq!(house.show("alice", &id)["standing"], "pending");
    house.approve("bob", &id, &[]).ok();
    assert_eq!(house.show("alice", &id)["standing"], "ready");
}

#[test]
fn what_was_approved_is_not_given_once_it_would_give_anything_else() {
    let mut house = House::with(&["alice", "bob"]);
    let id = house.granted("alice", "shell", &[]);
    house.stop();
    house.edit(|text| text.replacen("principals = [\"shop\"]", "principals = [\"shop\", \"root\"]", 1));
    house.serve();
    let refused = house.jit("alice", &["exec", &id, "--", "true"]);
    assert!(refused.code >= 101 && refused.code != 107, "{refused:?}");
    let view = house.show("alice", &id);
    assert!(view["grant"]["claims"].as_array().unwrap().is_empty(), "nothing was issued: {view}");
}

#[test]
fn who_has_lost_a_role_can_not_use_what_was_approved() {
    let mut house = House::with(&["alice", "bob"]);
    let id = house.granted("alice", "shell", &[]);
    house.stop();
    house.edit(|text| {
        text.replace(
            "[people.\"alice@example.com\"]\ngroups = [\"engineers\"]",
            "[people.\"alice@example.com\"]\ngroups = [\"guests\"]",
        )
    });
    house.serve();
    house.jit("alice", &["exec", &id, "--", "true"]).code(105);
    assert!(house.show("alice", &id)["grant"]["claims"].as_array().unwrap().is_empty());
    house.jit("alice", &["request", "shell", "--reason", "again", "--no-wait"]).code(1);
}

#[test]
fn a_person_who_has_left_holds_nothing_and_what_they_asked_for_waits_no_longer() {
    let mut house = House::with(&["alice", "bob"]);
    let pending = house.file("alice", "pair", &[]);
    let ready = house.granted("alice", "shell", &[]);
    house.stop();
    house.edit(|text| text.replace("[people.\"alice@example.com\"]\ngroups = [\"engineers\"]\n", ""));
    house.serve();
    house.jit("alice", &["whoami"]).code(4);
    house.jit("alice", &["exec", &ready, "--", "true"]).code(104);
    assert_eq!(house.show("bob", &pending)["standing"], "cancelled");
    let waiting = house.jit("bob", &["list", "--waiting", "--output", "json"]).ok().json();
    assert_eq!(waiting["requests"], json!([]));
    house.verified();
}

#[test]
fn a_backend_with_something_live_is_not_taken_away_unseen() {
    let mut house = House::with(&["alice", "bob"]);
    let id = house.granted("alice", "shell", &["--for", "30m"]);
    house.jit("alice", &["exec", &id, "--", "true"]).ok();
    house.stop();
    // Pointed at another CA: what lives was signed by the old one.
    let (ca, public) = jit::wiring::ssh_ca().unwrap();
    crate::house::write(&house.root.join("ca2"), ca.expose_secret());
    crate::house::write(&house.root.join("ca2.pub"), &public);
    house.edit(|text| text.replace("/ca\" }", "/ca2\" }"));
    house.serve();
    house.jit("alice", &["release", &id, "--timeout", "3s"]);
    let view = house.show("alice", &id);
    assert_ne!(view["standing"], "active", "{view}");
    if view["standing"] == "ended" {
        assert!(view["grant"]["claims"][0]["proof"].is_object(), "{view}");
    } else {
        // Not proven there: it stays, and says so.
        let status = house.jit("alice", &["status", "--output", "json"]).code(1).json();
        assert!(!status["not_gone"].as_array().unwrap().is_empty(), "{status}");
    }
}
