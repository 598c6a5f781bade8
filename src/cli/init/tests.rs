use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::cli::Global;
use crate::config::Env;
use crate::state;

fn ctx(home: &Path) -> Ctx {
    let mut ctx = Ctx::new(Global::default(), Env { home: Some(home.to_owned()), ..Env::default() });
    // Whoever runs the tests may sit at a terminal.
    ctx.out.asks = false;
    ctx
}

fn args(home: &Path) -> Args {
    Args {
        dir: Some(home.join("it")),
        person: vec!["alice@example.com=alice".parse().expect("a person")],
        approver: vec!["bob@example.com=bob".parse().expect("a person")],
        administrator: vec!["bob@example.com".parse().expect("a person")],
        ssh_account: Some("deploy".to_owned()),
        ssh_host: vec!["web-*.internal".to_owned()],
        postgres: Some("postgres://jit@db.internal/postgres?sslrootcert=system".to_owned()),
        postgres_database: Some("shop".to_owned()),
        postgres_member: vec!["reader".to_owned()],
        postgres_password_file: Some("/etc/jit/db-password".into()),
        postgres_version: 16,
        ..Args::default()
    }
}

fn go(home: &Path, args: &Args) -> Result<tell::Made, Error> {
    let ctx = ctx(home);
    init(&ctx, args.clone(), &Layout::of(&ctx, args).expect("places"))
}

#[test]
fn what_is_written_is_sound_and_private_and_is_never_written_over() {
    for system in [false, true] {
        let dir = tempfile::tempdir().expect("a directory");
        let args = Args { system, ..args(dir.path()) };
        let made = go(dir.path(), &args).expect("made");
        let loaded = config::load(&made.config, &wiring::offline_kinds()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((loaded.rules.roles.len(), loaded.backends.len()), (2, 2));
        assert_eq!(loaded.broker.state.as_ref(), Some(&made.state));
        assert_eq!(loaded.broker.socket, made.socket);
        assert_eq!(system, made.socket.is_some());
        let it = dir.path().join("it");
        for (name, mode) in [
            ("state", 0o700),
            ("state/house.id", 0o600),
            ("state/checkpoint.key", 0o600),
            ("ssh_ca", 0o600),
            ("ssh_ca.pub", 0o644),
        ] {
            assert_eq!(it.join(name).metadata().expect(name).permissions().mode() & 0o777, mode, "{name}");
        }
        assert_eq!(state::house_id(&made.state).expect("an id"), made.house);
        let public = std::fs::read_to_string(made.ca_public.as_ref().expect("a CA")).expect("it");
        assert!(public.starts_with("ssh-ed25519 "), "{public}");
        let sql = made.sql.expect("SQL");
        assert!(sql.contains("CREATE ROLE \"jit\"") && sql.contains("\"reader\""), "{sql}");

        let before = std::fs::read(it.join("ssh_ca")).expect("it");
        let error = go(dir.path(), &args).err().expect("there already");
        assert_eq!((error.exit, error.hint.is_some()), (Exit::Failure, true));
        std::fs::remove_file(&made.config).expect("removed");
        let error = go(dir.path(), &args).err().expect("the CA is there");
        assert!(error.hint.expect("a hint").contains("--ssh-ca"), "{}", error.message);
        let kept = Args { ssh_ca: Some(it.join("ssh_ca")), ..args };
        let again = go(dir.path(), &kept).expect("made with the CA that is there");
        assert_eq!(again.house, made.house, "a house that was minted stays what it is");
        assert_eq!(std::fs::read(it.join("ssh_ca")).expect("it"), before);
    }
}

#[test]
fn the_house_that_was_made_opens() {
    let dir = tempfile::tempdir().expect("a directory");
    let args = Args { postgres: None, ..args(dir.path()) };
    let made = go(dir.path(), &args).expect("made");
    let loaded = config::load(&made.config, &wiring::offline_kinds()).unwrap_or_else(|e| panic!("{e}"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (id, key) = runtime.block_on(async {
        let open = wiring::open_house(&loaded, &made.state).await.unwrap_or_else(|e| panic!("{e}: {}", e.hint));
        (open.house.id(), open.house.verifier_key())
    });
    assert_eq!((id, key), (made.house, made.verifier_key));
}

#[test]
fn where_nobody_can_be_asked_a_missing_answer_is_named_and_nothing_is_made() {
    let dir = tempfile::tempdir().expect("a directory");
    let all = args(dir.path());
    let cases = [
        ("--person", Args { person: vec![], ..all.clone() }),
        ("--administrator", Args { administrator: vec![], system: true, ..all.clone() }),
        ("--ssh-account or --postgres", Args { ssh_account: None, postgres: None, ..all.clone() }),
        ("--postgres-database", Args { postgres_database: None, ..all.clone() }),
        ("--postgres-member", Args { postgres_member: vec![], ..all.clone() }),
    ];
    for (flag, args) in cases {
        let error = go(dir.path(), &args).err().unwrap_or_else(|| panic!("{flag} is missing"));
        assert_eq!((error.exit, error.about.as_str()), (Exit::Usage, flag));
        assert!(error.hint.is_some_and(|hint| hint.contains(flag)), "{flag}");
    }
    let wrong = [
        Args { postgres: Some("postgres://jit:hunter2@db/x?sslrootcert=system".to_owned()), ..all.clone() },
        Args { ssh_account: Some("a b".to_owned()), ..all.clone() },
        Args { system: true, person: vec!["al@example.com".parse().expect("a person")], ..all.clone() },
        Args { ssh_ca: Some(dir.path().join("none")), ..all.clone() },
        Args { system: true, run_as: Some("no-such-account".to_owned()), ..all.clone() },
    ];
    for args in wrong {
        let error = go(dir.path(), &args).err().unwrap_or_else(|| panic!("{args:?}"));
        assert_eq!(error.exit, Exit::Usage, "{}", error.message);
        assert!(!error.message.contains("hunter2"), "{}", error.message);
    }
    assert!(!dir.path().join("it/jit.toml").exists() && !dir.path().join("it/ssh_ca").exists());
}
