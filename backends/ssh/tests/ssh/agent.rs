//! A CA whose key only an ssh-agent holds.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::common::{from_now, has, house, make_ca, make_key, order, plain, printed, real_clock, which, write};
use jit_backend::{Backend as _, ErrorKind, FindingKind};
use jit_backend_ssh::certificate::Certificate;
use jit_backend_ssh::key::PublicKey;
use jit_backend_ssh::{Settings, Source, Ssh};
use jit_types::{Form, Material};

struct Agent {
    socket: PathBuf,
    child: Child,
}

impl Agent {
    async fn start(dir: &Path) -> Option<Self> {
        if !has("ssh-agent", "sshd") || !has("ssh-add", "sshd") || !has("ssh-keygen", "sshd") {
            return None;
        }
        let socket = dir.join("agent");
        let child = Command::new(which("ssh-agent").expect("ssh-agent"))
            .args(["-D", "-a", socket.to_str().expect("a path")])
            .stdout(Stdio::null())
            .spawn()
            .expect("ssh-agent starts");
        let agent = Self { socket, child };
        for _ in 0..100 {
            if agent.socket.exists() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(agent)
    }

    fn add(&self, args: &[&str]) {
        let mut command = Command::new(which("ssh-add").expect("ssh-add"));
        let output = command.args(args).env("SSH_AUTH_SOCK", &self.socket).output().expect("ssh-add runs");
        assert!(output.status.success(), "{}", printed(&output));
    }

    async fn open(&self, key: PublicKey) -> Ssh {
        let settings = Settings::new(Source::Agent { key, socket: self.socket.clone() });
        Ssh::open(house(1), settings, real_clock()).await.expect("the backend opens")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn an_agent_signs_what_a_file_would() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(agent) = Agent::start(dir.path()).await else { return };
    let file = dir.path().join("ca");
    let key = PublicKey::parse_line(&make_ca(&file)).expect("a key");
    let (_, client) = make_key();
    let material = Material::SshPublicKey(client.clone());
    let order = order(house(1), &client, plain("web"), from_now(60_000));
    let bad = |report: jit_backend::Report| report.findings.iter().filter(|f| f.kind == FindingKind::Bad).count();

    let ssh = agent.open(key).await;
    let error = ssh.issue(&order, Some(&material)).await.expect_err("the agent has no key yet");
    assert_eq!(error.kind, ErrorKind::Refused);
    assert_eq!(bad(ssh.check().await), 1);

    agent.add(&["-q", file.to_str().expect("a path")]);
    let issued = ssh.issue(&order, Some(&material)).await.expect("the agent signs");
    assert_eq!(bad(ssh.check().await), 0);
    let by_file = Ssh::open(house(1), Settings::new(Source::File(file.clone())), real_clock()).await.expect("it opens");
    assert_eq!(by_file.issue(&order, Some(&material)).await.expect("the file signs"), issued);

    let Form::Ssh(form) = issued.form else { panic!("another form") };
    assert_eq!(Certificate::parse_line(&form.certificate).expect("a certificate").body.ca, key);
    let cert = dir.path().join("x-cert.pub");
    write(&cert, &form.certificate, 0o644);
    let shown = crate::common::run("ssh-keygen", &["-L", "-f", cert.to_str().expect("a path")]);
    assert!(printed(&shown).contains(&key.fingerprint()), "{}", printed(&shown));

    // A key whose every use must be confirmed, where nobody confirms.
    agent.add(&["-q", "-D"]);
    agent.add(&["-q", "-c", file.to_str().expect("a path")]);
    assert_eq!(ssh.issue(&order, Some(&material)).await.expect_err("nobody confirms").kind, ErrorKind::Refused);
}

#[tokio::test]
async fn a_signature_of_another_key_is_not_taken() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let dir = tempfile::tempdir().expect("a directory");
    let socket = dir.path().join("agent");
    let listener = tokio::net::UnixListener::bind(&socket).expect("a socket");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let length = stream.read_u32().await.expect("a length");
        let mut request = vec![0; length as usize];
        stream.read_exact(&mut request).await.expect("a request");
        // The form is right, the signature is not.
        let inner = jit_backend_ssh::wire::Writer::new().string("ssh-ed25519").string([7u8; 64]).done();
        let answer = jit_backend_ssh::wire::Writer::new().byte(14).string(inner).done();
        stream.write_u32(u32::try_from(answer.len()).expect("short")).await.expect("an answer");
        stream.write_all(&answer).await.expect("an answer");
    });
    let (_, ca) = make_key();
    let key = PublicKey::of(&ca).expect("a key");
    let ssh = Ssh::open(house(1), Settings::new(Source::Agent { key, socket }), real_clock()).await.expect("it opens");
    let (_, client) = make_key();
    let order = order(house(1), &client, plain("web"), from_now(60_000));
    let error = ssh.issue(&order, Some(&Material::SshPublicKey(client))).await.expect_err("a forged signature");
    assert_eq!(error.kind, ErrorKind::Refused);
    server.await.expect("the agent ends");
}
