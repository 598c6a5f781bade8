//! A role that names tables and columns: set up by the program, held by the server, and told where somebody changed it.

use std::path::Path;
use std::process::Command;

use crate::house::{House, bare, write};
use crate::postgres::Server;
use crate::process::{Ran, run, until};
use crate::world::JIT;

/// What the house's config gets besides.
const CONFIG: &str = r#"
[roles.totals]
about = "See what orders amount to"
for = { default = "5m", max = "1h" }
request = ["group:engineers"]
approve = { count = 1, from = ["group:leads"] }
[roles.totals.params.table]
type = "choice"
of = ["orders", "returns"]
[[roles.totals.gives]]
backend = "shop"
databases = ["shop"]
tables = [{ schema = "public", table = { param = "table" }, columns = ["id", "total"], may = ["select"] }]

[roles.any]
about = "Whatever somebody writes"
for = { default = "5m", max = "1h" }
request = ["group:engineers"]
approve = { count = 1, from = ["group:leads"] }
[roles.any.params.table]
type = "text"
pattern = "[a-z]+"
[[roles.any.gives]]
backend = "shop"
databases = ["shop"]
tables = [{ schema = "public", table = { param = "table" }, columns = "all", may = ["select"] }]

[backends.shop]
kind = "postgres"
url = "postgres://jit_broker@/shop?host=@ROOT@/pg-socket"
password = { file = "@ROOT@/pg-password" }
through = "functions"
longest = "2h"
"#;

/// The broker's own password in the throw-away server.
const BROKERS: &str = "only-the-broker-knows-this-one";
/// The database's administrator comes with one too.
const ADMINS: &str = "p@ss:word/of-the-administrator";
/// The same in a url (RFC 3986 §2.1).
const ADMINS_ESCAPED: &str = "p%40ss%3Aword%2Fof-the-administrator";

struct Shop {
    house: House,
    server: Server,
}

impl Shop {
    fn open() -> Option<Self> {
        let mut house = House::bare(|config| config + CONFIG);
        write(&house.root.join("pg-password"), BROKERS);
        let server = Server::bare(&house.root)?;
        server.sql(
            "shop",
            "DROP TABLE orders; CREATE TABLE orders (id int, total int, card text); CREATE TABLE returns (LIKE orders); \
             INSERT INTO orders VALUES (1, 40, '4111'); INSERT INTO returns VALUES (2, 50, '4222')",
        );
        server.sql("postgres", &format!("CREATE ROLE dba SUPERUSER LOGIN PASSWORD '{ADMINS}'"));
        house.serve();
        house.hand_out(&["alice", "bob"]);
        Some(Self { house, server })
    }

    /// `jit backend setup`, as who may read the broker's config and state.
    fn set_up(&self, more: &[&str]) -> Ran {
        let mut command = Command::new(JIT);
        bare(&mut command).env("HOME", &self.house.root).current_dir("/");
        command.env(
            "ADMIN_URL",
            format!("postgres://dba:{ADMINS_ESCAPED}@/postgres?host={}", self.server.socket.display()),
        );
        command.args(["backend", "setup", "shop", "--config"]).arg(self.house.root.join("jit.toml"));
        command.arg("--state").arg(self.house.root.join("state")).args(more);
        run(&mut command)
    }

    fn roles(&self) -> String {
        self.server.sql("postgres", "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles")
    }

    fn query(&self, id: &str, sql: &str) -> Ran {
        let psql = self.server.bin.join("psql");
        self.house.jit("alice", &["exec", id, "--", psql.to_str().unwrap(), "-X", "-A", "-t", "-c", sql])
    }

    /// The findings of `jit doctor` that hold a text.
    fn found(&self, text: &str) -> Vec<String> {
        let report = self.house.jit("ada", &["doctor", "--output", "json"]).json().to_string();
        report.split("},{").filter(|part| part.contains(text)).map(str::to_owned).collect()
    }
}

#[test]
fn a_setup_is_read_before_it_is_run_and_only_by_who_may() {
    let Some(shop) = Shop::open() else { return };
    let before = shop.roles();
    let printed = shop.set_up(&["--print", "--major", &shop.server.major.to_string()]).ok();
    for told in ["GRANT SELECT (\"total\") ON", "-- ", "BEGIN;", "NOCREATEROLE", "SECURITY DEFINER", "\"returns\""] {
        assert!(printed.out.contains(told), "{told} is missing in {}", printed.out);
    }
    assert!(printed.err.contains("`any`") && printed.err.contains("free text"), "{}", printed.err);
    // Nobody is there to be asked; a password in an argument is everybody's; nobody is named.
    shop.set_up(&["--admin-env", "ADMIN_URL"]).code(2);
    let told =
        shop.set_up(&["--yes", "--admin", &format!("postgres://dba:{ADMINS_ESCAPED}@/postgres?host=/x")]).code(2);
    assert!(told.err.contains("--admin-env") && !told.err.contains("administrator@"), "{told:?}");
    shop.set_up(&["--yes"]).code(2);
    shop.set_up(&["--yes", "--admin-env", "NO_SUCH_VARIABLE"]).code(2);
    // A role that is not let in sets nothing up, and the password is in nothing that is said.
    let refused =
        shop.set_up(&["--yes", "--admin", &format!("postgres://dba@/postgres?host={}", shop.server.socket.display())]);
    assert!(refused.code != 0 && !refused.err.contains(ADMINS), "{refused:?}");
    assert_eq!(shop.roles(), before, "nothing was changed by any of it");

    let done = shop.set_up(&["--yes", "--admin-env", "ADMIN_URL"]).ok();
    assert!(!done.err.contains(ADMINS) && !done.out.contains(ADMINS), "{done:?}");
    let after = shop.roles();
    assert!(after.contains("_for_") && after.contains("_own"), "{after}");
    // What was printed is what is run.
    let script = shop.root().join("setup.sql");
    std::fs::write(&script, &printed.out).unwrap();
    let mut psql = Command::new(shop.server.bin.join("psql"));
    bare(&mut psql).args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "shop", "-f"]).arg(&script);
    run(psql.arg("-h").arg(&shop.server.socket)).ok();
    shop.set_up(&["--yes", "--admin-env", "ADMIN_URL"]).ok();
    assert_eq!(shop.roles(), after, "run again, it puts everything as it was");
}

impl Shop {
    fn root(&self) -> &Path {
        &self.house.root
    }
}

#[test]
fn a_column_that_is_named_is_read_and_nothing_else_and_drift_is_told_and_refused() {
    let Some(shop) = Shop::open() else { return };
    shop.set_up(&["--yes", "--admin-env", "ADMIN_URL"]).ok();
    shop.server.sql("postgres", &format!("ALTER ROLE jit_broker PASSWORD '{BROKERS}'"));
    let id = shop.house.granted("alice", "totals", &["--param", "table=orders"]);
    assert_eq!(shop.query(&id, "SELECT id, total FROM orders").ok().line(), "1|40");
    for refused in ["SELECT card FROM orders", "SELECT * FROM orders", "SELECT id FROM returns", "DELETE FROM orders"] {
        let told = shop.query(&id, refused);
        assert!(told.code != 0 && told.err.contains("permission denied"), "{refused}: {told:?}");
    }
    let bad = |shop: &Shop| shop.found("REVOKE");
    assert_eq!(bad(&shop), Vec::<String>::new());
    shop.house.jit("alice", &["release", &id]).ok();
    let theirs =
        "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'jit\\_%' AND rolcanlogin AND rolname <> 'jit_broker'";
    assert_eq!(shop.server.sql("postgres", theirs).trim(), "0");

    // Somebody means well, and grants more.
    let prepared = shop.server.sql(
        "shop",
        "SELECT DISTINCT grantee FROM information_schema.column_privileges WHERE table_name = 'orders' AND grantee LIKE 'jit\\_%\\_for\\_%'",
    );
    let prepared = prepared.trim();
    let ready = shop.house.granted("alice", "totals", &["--param", "table=orders"]);
    shop.server.sql("shop", &format!("GRANT SELECT ON orders TO \"{prepared}\""));
    let refused = shop.query(&ready, "SELECT card FROM orders");
    assert!(refused.code > 100, "{refused:?}");
    let told = bad(&shop);
    assert!(told.iter().any(|finding| finding.contains(prepared)), "{told:?}");
    assert_eq!(shop.server.sql("postgres", theirs).trim(), "0", "nothing was issued");
    // The setup mends it.
    shop.set_up(&["--yes", "--admin-env", "ADMIN_URL"]).ok();
    until("a claim is possible again", || {
        let id = shop.house.granted("alice", "totals", &["--param", "table=orders"]);
        let read = shop.query(&id, "SELECT total FROM orders");
        shop.house.jit("alice", &["release", &id]);
        read.code == 0 && read.line() == "40"
    });
    assert_eq!(shop.server.sql("postgres", theirs).trim(), "0");
}

#[test]
fn what_init_prints_works_both_ways() {
    for way in ["functions", "createrole"] {
        let dir = tempfile::Builder::new().prefix("jit-test-").tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::set_permissions(&root, std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
        let Some(server) = Server::bare(&root) else { return };
        write(&root.join("pg-password"), BROKERS);
        let jit = |args: &[&str]| {
            let mut command = Command::new(JIT);
            bare(&mut command)
                .env("HOME", &root)
                .env("JIT_CONFIG", root.join("it/jit.toml"))
                .current_dir("/")
                .args(args);
            command
        };
        let mut init =
            jit(&["init", "--output", "json", "--person", "alice@example.com", "--postgres-database", "shop"]);
        init.arg("--dir")
            .arg(root.join("it"))
            .args(["--postgres-member", "reader", "--postgres-version"])
            .arg(server.major.to_string());
        init.arg("--postgres").arg(format!("postgres://jit_broker@/shop?host={}", server.socket.display()));
        init.arg("--postgres-password-file").arg(root.join("pg-password"));
        // For 15 functions are what is taken where nobody chooses.
        if way != "functions" || server.major != 15 {
            init.args(["--postgres-through", way]);
        }
        let made = run(&mut init).ok().json();
        let sql = made["postgres_sql"].as_str().unwrap();
        assert_eq!(sql.contains("SECURITY DEFINER"), way == "functions", "{sql}");
        server.sql("shop", &format!("{sql}; ALTER ROLE jit_broker PASSWORD '{BROKERS}'"));
        let createrole = server.sql("shop", "SELECT rolcreaterole FROM pg_roles WHERE rolname = 'jit_broker'");
        assert_eq!(createrole.trim() == "t", way == "createrole");
        let psql = server.bin.join("psql");
        let query =
            ["exec", "--role", "db", "--reason", "a look", "--", psql.to_str().unwrap(), "-X", "-A", "-t", "-c"];
        let read = run(jit(&query).arg("SELECT item FROM orders")).ok();
        assert_eq!(read.line(), "kettle", "{way}");
        run(&mut jit(&["agent", "stop"])).ok();
        let theirs =
            "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'jit\\_%' AND rolcanlogin AND rolname <> 'jit_broker'";
        assert_eq!(server.sql("shop", theirs).trim(), "0", "{way}");
    }
}
