//! The peer: OpenBao's database engine on a server of the same make, with raft storage and a file audit device, as it is run.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::ConnectOptions as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::logins::{COUNT, Rates};
use crate::server::{PORT, Server, options, programs};

/// Where it listens.
const ADDRESS: &str = "127.0.0.1:45820";

pub(crate) struct Bao {
    child: Child,
    program: PathBuf,
    pub(crate) token: String,
}

impl Drop for Bao {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[allow(clippy::disallowed_methods, reason = "where benches find their counterparts")]
pub(crate) fn program() -> Option<PathBuf> {
    let peers = std::env::var("JIT_PEERS_DIR").map(PathBuf::from).ok();
    let peers = peers.or_else(|| Some(Path::new(&std::env::var("HOME").ok()?).join(".cache/jit-peers")))?;
    Some(peers.join("openbao/python/bin/bao")).filter(|path| path.exists())
}

impl Bao {
    #[allow(clippy::disallowed_methods, reason = "it waits for another process, and for no time of day")]
    pub(crate) fn start(program: PathBuf, dir: &Path) -> Self {
        std::fs::create_dir(dir.join("raft")).unwrap();
        let config = format!(
            "storage \"raft\" {{ path = \"{0}/raft\" node_id = \"one\" }}\n\
             listener \"tcp\" {{ address = \"{ADDRESS}\" tls_disable = true }}\n\
             api_addr = \"http://{ADDRESS}\"\ncluster_addr = \"http://127.0.0.1:45821\"\ndisable_mlock = true\n\
             audit \"file\" \"log\" {{ options {{ file_path = \"{0}/audit.log\" }} }}\n",
            dir.display()
        );
        std::fs::write(dir.join("bao.hcl"), config).unwrap();
        let mut server = Command::new(&program);
        server.arg("server").arg(format!("-config={}", dir.join("bao.hcl").display()));
        let child = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut bao = Self { child, program, token: String::new() };
        let init = loop {
            match bao.say(&["operator", "init", "-key-shares=1", "-key-threshold=1", "-format=json"]) {
                Some(text) => break serde_json::from_str::<Value>(&text).unwrap(),
                None => std::thread::sleep(Duration::from_millis(200)),
            }
        };
        bao.say(&["operator", "unseal", init["unseal_keys_b64"][0].as_str().unwrap()]).unwrap();
        bao.token = init["root_token"].as_str().unwrap().to_owned();
        bao
    }

    pub(crate) fn say(&self, args: &[&str]) -> Option<String> {
        let mut command = Command::new(&self.program);
        command.args(args).env("BAO_ADDR", format!("http://{ADDRESS}")).env("BAO_TOKEN", &self.token);
        let out = command.stderr(Stdio::null()).output().unwrap();
        out.status.success().then(|| String::from_utf8(out.stdout).unwrap())
    }
}

/// One connection that is kept, as a client library would.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Client {
    pub(crate) async fn open(token: &str) -> Self {
        let stream = TcpStream::connect(ADDRESS).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), token: token.to_owned() }
    }

    pub(crate) async fn call(&mut self, method: &str, path: &str, body: &str) -> Value {
        let head = format!(
            "{method} /v1/{path} HTTP/1.1\r\nhost: {ADDRESS}\r\nx-vault-token: {}\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream.get_mut().write_all(head.as_bytes()).await.unwrap();
        let (mut length, mut line, mut status) = (0, String::new(), String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line).await.unwrap();
            let text = line.trim().to_ascii_lowercase();
            if status.is_empty() {
                status.clone_from(&text);
            }
            if let Some(value) = text.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if text.is_empty() {
                break;
            }
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await.unwrap();
        assert!(status.contains(" 20"), "{path}: {status} {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap_or_default()
    }
}

/// Issues and revokes; `None` where it is not installed.
pub(crate) async fn run(clients: usize) -> Option<Rates> {
    let program = program()?;
    let (major, bin) = programs()?;
    let dir = tempfile::tempdir().unwrap();
    let _server = Server::start(dir.path(), &bin, major, 100).await;
    let mut admin = options(dir.path(), "postgres", "shop").connect().await.unwrap();
    sqlx::raw_sql("CREATE ROLE bao LOGIN SUPERUSER PASSWORD 'bench'").execute(&mut admin).await.unwrap();
    let bao_dir = dir.path().join("bao");
    std::fs::create_dir(&bao_dir).unwrap();
    let bao = Bao::start(program, &bao_dir);
    let url = format!("postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{PORT}/shop?sslmode=disable");
    let make = "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; \
                GRANT reader TO \"{{name}}\";";
    // Until a leader is there, nothing is taken.
    while bao.say(&["secrets", "enable", "database"]).is_none() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let config = ["plugin_name=postgresql-database-plugin", "allowed_roles=*", "username=bao", "password=bench"];
    let url = format!("connection_url={url}");
    let mut write = vec!["write", "database/config/shop", &url, "password_authentication=scram-sha-256"];
    write.extend(config);
    // As many as jit opens; its own default is four.
    write.push("max_open_connections=16");
    bao.say(&write).unwrap();
    let make = format!("creation_statements={make}");
    bao.say(&["write", "database/roles/reader", "db_name=shop", &make, "default_ttl=1h"]).unwrap();

    let leases = Arc::new(Mutex::new(VecDeque::new()));
    let left = Arc::new(Mutex::new(COUNT));
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (leases, left, mut client) = (Arc::clone(&leases), Arc::clone(&left), Client::open(&bao.token).await);
        tasks.spawn(async move {
            loop {
                {
                    let mut left = left.lock().unwrap();
                    if *left == 0 {
                        return;
                    }
                    *left -= 1;
                }
                let made = client.call("GET", "database/creds/reader", "").await;
                leases.lock().unwrap().push_back(made["lease_id"].as_str().unwrap().to_owned());
            }
        });
    }
    tasks.join_all().await;
    let issuing = begun.elapsed();
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (leases, mut client) = (Arc::clone(&leases), Client::open(&bao.token).await);
        tasks.spawn(async move {
            loop {
                let Some(lease) = leases.lock().unwrap().pop_front() else { return };
                let body = format!("{{\"lease_id\":\"{lease}\",\"sync\":true}}");
                client.call("PUT", "sys/leases/revoke", &body).await;
            }
        });
    }
    tasks.join_all().await;
    let ending = begun.elapsed();
    let left = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-%'";
    let (left,): (i64,) = sqlx::query_as(left).fetch_one(&mut admin).await.unwrap();
    assert_eq!(left, 0, "it has revoked all");
    Some(Rates::of(issuing, ending))
}
