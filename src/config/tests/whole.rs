use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jit_life::role::{Approval, Limits, ParamType, Who};
use jit_types::{Digest, Scope, Span};
use serde_json::json;

use super::kinds::kinds;
use super::{broken, check};
use crate::config::{LoadError, SocketMode, load};

const GOOD: &str = include_str!("../../../tests/config/good.toml");

#[test]
fn a_sound_file_says_what_it_says() {
    let loaded = check(GOOD, &kinds()).expect("a sound file");
    let role = &loaded.rules.roles[&"db-read".parse().expect("a name")];
    assert_eq!(role.about.as_str(), "Read the shop database");
    let hour = Span::from_secs(3600);
    let limits = Limits {
        default: hour,
        max: Span::from_secs(4 * 3600),
        start_by: Span::from_secs(1800),
        decide_by: Span::from_secs(8 * 3600),
    };
    assert_eq!(role.limits, limits);
    assert_eq!(role.requesters, [Who::Group("engineers".parse().expect("a name"))]);
    let from = vec![Who::Group("dba".parse().expect("a name")), Who::Person("carol".parse().expect("a name"))];
    assert_eq!(role.approval, Approval::ByPeople { count: 1, from });
    assert_eq!(role.reason.pattern.as_ref().map(regex::Regex::as_str), Some("^(?:[A-Z]+-[0-9]+ .+)$"));
    assert_eq!(role.gives.len(), 1);
    assert_eq!(role.gives[0].target, "tables://db.internal/shop");
    assert_eq!(role.gives[0].scope, Scope(json!({ "tables": [{ "param": "table" }, "stock"] })));
    let ParamType::Choice(of) = &role.params[&"table".parse().expect("a name")].kind else { panic!("no choice") };
    assert_eq!(of, &["sales", "returns"]);

    let quick = &loaded.rules.roles[&"deploy".parse().expect("a name")];
    assert_eq!(quick.approval, Approval::ByRule);
    assert_eq!(quick.limits.default, Span::from_secs(900), "the default is never longer than max");
    assert_eq!(quick.params.len(), 3);

    let person = |id: &str| &loaded.rules.people[&id.parse().expect("a name")];
    let principals: Vec<_> = person("alice@example.com").principals.iter().map(|p| p.as_str().to_owned()).collect();
    assert_eq!(principals, ["slack:T01/U024BE7LH", "unix:alice", "unix:alice-admin"]);
    assert_eq!(person("carol").groups, BTreeSet::new());
    assert_eq!(
        loaded.rules.person_of(&"unix:bob".parse().expect("a principal")).map(|p| p.as_str()),
        Some("bob@example.com")
    );
    assert_eq!(loaded.rules.administrators.len(), 1);

    assert_eq!(loaded.broker.socket, Some("/run/jit/jit.sock".into()));
    assert_eq!(loaded.broker.state, Some(PathBuf::from("/etc/jit/state")), "relative to the file");
    assert_eq!(loaded.broker.socket_mode, SocketMode::Group);
    assert_eq!(loaded.broker.socket_mode.bits(), 0o660);
    assert_eq!(loaded.broker.alerts.len(), 1);
    assert_eq!(loaded.backends.len(), 1);
    assert_eq!(loaded.approvals[&"chat".parse().expect("a name")].target(), "T0123ABCD #access");
    assert_eq!(loaded.revision, Digest::of(GOOD.as_bytes()));
}

#[test]
fn every_change_that_a_reviewer_relies_on_changes_the_roles_revision() {
    let revision = |text: &str| {
        let loaded = check(text, &kinds()).expect("a sound file");
        loaded.rules.roles[&"db-read".parse().expect("a name")].revision()
    };
    let before = revision(GOOD);
    for (from, to) in [
        ("max = \"4h\"", "max = \"5h\""),
        ("\"stock\"", "\"stocks\""),
        ("db.internal", "db.external"),
        ("\"returns\"", "\"refunds\""),
        ("count = 1", "count = 2"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        assert_ne!(revision(&GOOD.replacen(from, to, 1)), before, "{from}");
    }
    assert_eq!(revision(&format!("# a comment\n{GOOD}")), before);
}

#[test]
fn what_is_left_out_of_a_sound_file_is_missed() {
    for (out, rule) in [
        ("about = \"Read the shop database\"", "roles.db-read.about: `about` is missing"),
        ("for = { default = \"1h\", max = \"4h\" }", "roles.db-read.for: `for` is missing"),
        (", max = \"4h\"", "roles.db-read.for.max: `max` is missing"),
        ("request = [\"group:engineers\"]", "roles.db-read.request: `request` is missing"),
        ("approve = { count = 1, from = [\"group:dba\", \"carol\"] }", "roles.db-read.approve: `approve` is missing"),
        ("kind = \"tables\"", "backends.shop.kind: `kind` is missing"),
        ("backend = \"shop\"", "roles.db-read.gives[0].backend: `backend` is missing"),
        ("tables = [{ param = \"table\" }, \"stock\"]", "roles.db-read.gives[0].tables: `tables` is missing"),
    ] {
        assert!(GOOD.contains(out), "{out}");
        let faults = broken(&GOOD.replacen(out, "", 1));
        assert!(faults.iter().any(|fault| fault.ends_with(rule)), "{rule} is not in {faults:?}");
    }
}

#[test]
fn empty_never_means_everything() {
    for (full, empty) in [
        ("request = [\"group:engineers\"]", "request = []"),
        ("from = [\"group:dba\", \"carol\"]", "from = []"),
        ("groups = [\"engineers\"]", "groups = []"),
        ("administrators = [\"bob@example.com\"]", "administrators = []"),
        ("alerts = [\"chat\"]", "alerts = []"),
        ("of = [\"sales\", \"returns\"]", "of = []"),
        ("tables = [{ param = \"table\" }, \"stock\"]", "tables = []"),
        ("unix = \"bob\"", "unix = []"),
        ("about = \"Read the shop database\"", "about = \" \""),
        ("pattern = '[A-Z]+-[0-9]+ .+'", "pattern = ''"),
    ] {
        assert!(GOOD.contains(full), "{full}");
        assert!(!broken(&GOOD.replacen(full, empty, 1)).is_empty(), "{empty}");
    }
    let gives = GOOD.find("[[roles.db-read.gives]]").expect("it");
    let end = GOOD[gives + 2..].find("\n[").expect("a next table") + gives + 2;
    let without = format!("{}{}", &GOOD[..gives], &GOOD[end..]);
    assert!(broken(&without).iter().any(|f| f.contains("the role gives nothing")), "{:?}", broken(&without));
}

#[test]
fn a_kind_with_a_bug_can_not_make_a_config_smaller() {
    let faults = broken("[backends.x]\nkind = \"silent\"\n");
    assert_eq!(faults, ["1 backends.x: `x` could not be read"]);
}

#[test]
fn a_file_is_read_only_where_nobody_else_may_write() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("jit.toml");
    std::fs::write(&path, GOOD).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let loaded = load(&path, &kinds()).expect("a sound file");
    assert_eq!(loaded.broker.state, Some(loaded.base.join("state")));
    assert_eq!(loaded.base.join("jit.toml"), loaded.file);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("a mode");
    assert!(matches!(load(&path, &kinds()), Err(LoadError::Place(_))));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    std::fs::write(&path, b"a = \"\xff\"").expect("a file");
    let Err(LoadError::Faults(faults)) = load(&path, &kinds()) else { panic!("no UTF-8") };
    assert_eq!(faults.placed()[0].column, 6);
    assert!(matches!(load(Path::new("/nonexistent/jit.toml"), &kinds()), Err(LoadError::Place(e)) if e.missing));
}
