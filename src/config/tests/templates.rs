use std::path::PathBuf;

use jit_types::settings::SecretRef;

use super::check;
use super::kinds::Chat;
use crate::config::Kinds;
use crate::config::template::{AnswerPerson, AnswerPostgres, AnswerSsh, Answers, write};

fn kinds() -> Kinds {
    Kinds { approvals: vec![Box::new(Chat)], ..crate::wiring::offline_kinds() }
}

fn person(id: &str, requests: bool, approves: bool, administers: bool) -> AnswerPerson {
    let unix = match id.len() % 3 {
        0 => vec![],
        1 => vec!["alice".to_owned() + id],
        _ => vec!["a-".to_owned() + id, "b-".to_owned() + id],
    };
    let id = id.parse().expect("a person");
    AnswerPerson { id, unix, requests, approves, administers }
}

#[test]
fn every_template_is_sound_as_it_stands() {
    let crowds = [
        vec![person("al", true, true, true)],
        vec![person("al", true, false, true)],
        vec![person("alice", true, true, false), person("bob", true, true, true)],
        vec![person("alice", true, false, false), person("bobb", false, true, true)],
        vec![person("alice", true, true, false), person("bob", true, false, false), person("caro", false, false, true)],
        vec![person("alice", true, false, false), person("bo", true, false, false)],
    ];
    let ssh = |krl: Option<&str>, hosts: &[&str]| AnswerSsh {
        ca: "/etc/jit/ssh ca".into(),
        krl: krl.map(PathBuf::from),
        account: "deploy".to_owned(),
        hosts: hosts.iter().map(|&h| h.to_owned()).collect(),
    };
    let postgres = |password: Option<SecretRef>| AnswerPostgres {
        functions: matches!(password, Some(SecretRef::File(_))),
        url: "postgres://jit@db.internal/postgres?sslrootcert=/etc/jit/db-ca.pem".to_owned(),
        password,
        database: "shop \"quoted\"".to_owned(),
        member_of: vec!["reader".to_owned(), "writer".to_owned()],
    };
    let targets = [
        (Some(ssh(None, &[])), None),
        (Some(ssh(Some("/etc/ssh/jit.krl"), &["web-*.internal", "10.0.0.7"])), None),
        (None, Some(postgres(None))),
        (None, Some(postgres(Some(SecretRef::File("/run/secrets/\"db".into()))))),
        (Some(ssh(None, &["db"])), Some(postgres(Some(SecretRef::Env("DB_PASSWORD".into()))))),
        (Some(ssh(None, &["db"])), Some(postgres(Some(SecretRef::Keyring("db".into()))))),
        (Some(ssh(None, &["db"])), Some(postgres(Some(SecretRef::Command(vec!["pass".into(), "show".into()]))))),
        (None, None),
    ];
    for people in &crowds {
        for (ssh, postgres) in &targets {
            for host_socket in [None, Some(PathBuf::from("/run/jit/jit.sock"))] {
                let state = host_socket.is_none().then(|| PathBuf::from("/srv/jit/state"));
                let answers = Answers {
                    people: people.clone(),
                    ssh: ssh.clone(),
                    postgres: postgres.clone(),
                    host_socket,
                    state,
                };
                let text = write(&answers);
                let loaded = check(&text, &kinds()).unwrap_or_else(|faults| panic!("{text}\n{faults}"));
                let wanted = usize::from(ssh.is_some()) + usize::from(postgres.is_some());
                assert_eq!(loaded.rules.roles.len(), wanted);
                assert_eq!(loaded.backends.len(), wanted);
                assert_eq!(loaded.rules.people.len(), people.len());
                assert_eq!(loaded.broker.socket, answers.host_socket);
                assert_eq!(loaded.broker.state, answers.state);
                for line in text.lines() {
                    assert!(line.chars().count() <= 120, "{line}");
                }
            }
        }
    }
}

#[test]
fn people_are_asked_where_each_requester_has_somebody_to_ask() {
    let by = |people: Vec<AnswerPerson>| {
        let ssh = AnswerSsh { ca: "/ca".into(), krl: None, account: "deploy".to_owned(), hosts: vec![] };
        let text = write(&Answers { people, ssh: Some(ssh), ..Answers::default() });
        let loaded = check(&text, &kinds()).expect("a sound file");
        loaded.rules.roles.into_values().next().expect("a role").approval
    };
    use jit_life::Approval;
    assert_eq!(by(vec![person("al", true, true, true)]), Approval::ByRule);
    assert_eq!(by(vec![person("al", true, true, true), person("bob", true, false, true)]), Approval::ByRule);
    let both = by(vec![person("al", true, true, true), person("bob", true, true, true)]);
    assert!(matches!(both, Approval::ByPeople { count: 1, .. }));
}

#[test]
fn the_example_that_people_start_from_is_sound() {
    let text = include_str!("../../../tests/config/shop.toml");
    let loaded = check(text, &kinds()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(loaded.rules.roles.len(), 1);
    assert_eq!(
        loaded.rules.person_of(&"slack:U024BE7LH".parse().expect("a principal")).map(|p| p.as_str()),
        Some("alice@example.com")
    );
}
