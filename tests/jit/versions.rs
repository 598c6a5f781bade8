//! Every version of PostgreSQL that is here, both ways, by the whole program: set up, used, looked at, ended, and set up again.

use std::process::Command;

use crate::house::{House, bare, write};
use crate::postgres::{BROKERS, Server, installed};
use crate::process::{Ran, run, skip, until};
use crate::world::JIT;

/// What the house's config gets besides.
const CONFIG: &str = r#"
[roles.db]
about = "Read the shop's database"
for = { default = "5m", max = "1h" }
request = ["group:engineers"]
approve = { by = "rule" }
[[roles.db.gives]]
backend = "shop"
databases = ["shop"]
member_of = ["reader"]

[roles.items]
about = "See what was ordered, and not by whom"
for = { default = "5m", max = "1h" }
request = ["group:engineers"]
approve = { by = "rule" }
[[roles.items.gives]]
backend = "shop"
databases = ["shop"]
tables = [{ schema = "public", table = "sales", columns = ["item"], may = ["select"] }]

[backends.shop]
kind = "postgres"
url = "postgres://jit_broker@/shop?host=@ROOT@/pg-socket"
password = { file = "@ROOT@/pg-password" }
through = "@THROUGH@"
"#;

fn set_up(house: &House, server: &Server) -> Ran {
    let mut command = Command::new(JIT);
    bare(&mut command).env("HOME", &house.root).current_dir("/");
    command.args(["backend", "setup", "shop", "--yes", "--config"]).arg(house.root.join("jit.toml"));
    command.arg("--state").arg(house.root.join("state"));
    command.arg("--admin").arg(format!("postgres://postgres@/shop?host={}", server.socket.display()));
    run(&mut command)
}

/// Who is there, who is whose member, and what is granted: what a setup that has nothing to do leaves as it is.
fn picture(server: &Server) -> String {
    server.sql(
        "shop",
        "SELECT string_agg(x, E'\\n' ORDER BY x) FROM (SELECT concat_ws(' ', rolname, rolsuper, rolcreaterole, rolcanlogin) x FROM pg_roles \
         UNION ALL SELECT concat_ws(' ', roleid::regrole, member::regrole, admin_option) FROM pg_auth_members \
         UNION ALL SELECT concat_ws(' ', relname, coalesce(relacl, acldefault('r', relowner))) FROM pg_class WHERE relnamespace = 'public'::regnamespace \
         UNION ALL SELECT concat_ws(' ', attname, attacl) FROM pg_attribute WHERE attrelid = 'public.sales'::regclass \
         UNION ALL SELECT concat_ws(' ', proname, md5(prosrc), proacl) FROM pg_proc WHERE proname IN ('issue', 'close', 'keep', 'drop') \
         UNION ALL SELECT concat_ws(' ', datname, datacl) FROM pg_database) x",
    )
}

#[test]
fn every_version_is_set_up_and_used_both_ways_by_the_program() {
    let versions = installed();
    if versions.is_empty() {
        skip("postgres", "no PostgreSQL server is installed here");
    }
    for (major, bin) in versions {
        for through in ["createrole", "functions"] {
            let mut house = House::bare(|config| config + &CONFIG.replace("@THROUGH@", through));
            write(&house.root.join("pg-password"), BROKERS);
            let server = Server::of(&house.root, major, bin.clone());
            let told = format!("PostgreSQL {major} through {through}");
            server.sql(
                "shop",
                "CREATE TABLE sales (item text, who text); INSERT INTO sales VALUES ('kettle', 'somebody'); \
                 ALTER TABLE sales ENABLE ROW LEVEL SECURITY; CREATE POLICY everything ON sales USING (true)",
            );
            house.serve();
            house.hand_out(&["alice"]);
            set_up(&house, &server).ok();
            server.sql("postgres", &format!("ALTER ROLE jit_broker PASSWORD '{BROKERS}'"));
            let query = |role: &str, sql: &str| {
                let psql = server.client();
                let args = ["exec", "--role", role, "--reason", "a look", "--", psql.to_str().unwrap(), "-XAtc", sql];
                house.jit("alice", &args)
            };
            assert_eq!(query("db", "SELECT item FROM orders").ok().line(), "kettle", "{told}");
            assert_eq!(query("items", "SELECT item FROM sales").ok().line(), "kettle", "{told}");
            assert_ne!(query("items", "SELECT who FROM sales").code, 0, "{told}: a column that is not named");
            let theirs = "SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolname ~ '^jit_[0-9a-z]{26}_'";
            assert_eq!(server.sql("shop", theirs).trim(), "0", "{told}: what was given is given back");
            let report = house.jit("ada", &["doctor", "--output", "json"]).json().to_string();
            for flaw in ["prepared role", "function", "may not"] {
                let found = report.split("},{").find(|part| part.contains("\"bad\"") && part.contains(flaw));
                assert_eq!(found, None, "{told}");
            }
            // Again: nothing changes, and what somebody changed is put back without the policies going.
            let before = picture(&server);
            set_up(&house, &server).ok();
            assert_eq!(picture(&server), before, "{told}");
            let role =
                server.sql("shop", "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname LIKE 'jit\\_%\\_for\\_%'");
            let role = role.trim();
            server.sql(
                "shop",
                &format!("GRANT ALL ON sales TO {role}; CREATE POLICY ours ON sales AS RESTRICTIVE FOR SELECT TO {role} USING (item <> 'kettle')"),
            );
            assert_ne!(query("items", "SELECT item FROM sales").code, 0, "{told}: the role has more than is written");
            set_up(&house, &server).ok();
            assert_eq!(picture(&server), before, "{told}");
            until("the role is given again", || query("items", "SELECT count(item) FROM sales").code == 0);
            let rows = query("items", "SELECT count(item) FROM sales").ok();
            assert_eq!(rows.line(), "0", "{told}: the policy still hides the row");
            // The administrator is not made the broker.
            let refused = {
                house.edit(|text| text.replace("jit_broker@", "postgres@"));
                set_up(&house, &server)
            };
            assert!(refused.code == 1 && refused.err.contains("the role that sets this up"), "{told}: {refused:?}");
            assert_eq!(
                server.sql("shop", "SELECT rolsuper FROM pg_roles WHERE rolname = 'postgres'").trim(),
                "t",
                "{told}"
            );
        }
    }
}
