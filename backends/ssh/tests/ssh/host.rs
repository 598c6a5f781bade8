//! A real sshd on a high port, with all that it reads in a temporary directory, and a real ssh that logs in.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jit_backend_ssh::{HostFiles, probe_lines, sshd_lines};
use jit_types::SshForm;

use crate::common::{has, make_ca, printed, run, which, write};

/// An sshd and the account to log in to.
pub(crate) struct Host {
    pub(crate) dir: PathBuf,
    pub(crate) port: u16,
    pub(crate) user: String,
    /// The account of the probe, where the host has one.
    pub(crate) probe: Option<String>,
    /// What vouches for this host, as a line of known_hosts.
    pub(crate) known: String,
    made: Vec<String>,
    _home: tempfile::TempDir,
    sshd: Child,
}

static USERS: AtomicU32 = AtomicU32::new(0);
/// useradd and userdel lock the password file and give up quickly.
static ACCOUNTS: Mutex<()> = Mutex::new(());

impl Host {
    /// Starts one that trusts a CA, lets the principal `web` in, and reads a revocation list where one is named. `None`,
    /// with the reason printed, where there is no sshd.
    pub(crate) async fn start(trusted: &Path, krl: Option<&Path>) -> Option<Self> {
        Self::begin(trusted, krl, false, |_| String::new()).await
    }

    /// The same, with an account to look from, set up as `jit init` says; `more` gives lines for the end of its config, out
    /// of its directory and the account to log in to. `None` also where no account can be made.
    pub(crate) async fn probed(trusted: &Path, krl: &Path, more: impl FnOnce(&Self) -> String) -> Option<Self> {
        if !rustix::process::geteuid().is_root() || which("useradd").is_none() {
            eprintln!("skipped: only root can make the probe's account");
            return None;
        }
        Self::begin(trusted, Some(krl), true, more).await
    }

    async fn begin(
        trusted: &Path,
        krl: Option<&Path>,
        probed: bool,
        more: impl FnOnce(&Self) -> String,
    ) -> Option<Self> {
        if !has("sshd", "sshd") || !has("ssh", "sshd") {
            return None;
        }
        let home = tempfile::tempdir().expect("a directory");
        let dir = home.path().to_owned();
        mode(&dir, 0o755);
        std::fs::create_dir(dir.join("principals")).expect("a directory");
        mode(&dir.join("principals"), 0o755);
        let (user, made_user) = account(&dir);
        let mut made: Vec<_> = made_user.then(|| user.clone()).into_iter().collect();
        write(&dir.join("principals").join(&user), "web\n", 0o644);
        let ca = std::fs::read_to_string(trusted.with_extension("pub")).expect("the CA's public line");
        write(&dir.join("ca.pub"), ca, 0o644);
        let host_key = make_ca(&dir.join("host_key"));
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr()).expect("a port").port();
        let known = format!("[127.0.0.1]:{port} {}", host_key.trim_end_matches(" jit ca"));
        let (principals, trusted_ca) = (dir.join("principals/%u"), dir.join("ca.pub"));
        let files = HostFiles { trusted_ca: text(&trusted_ca), principals: text(&principals), krl: krl.map(text) };
        let mut lines = sshd_lines(&files);
        let probe = probed.then(|| {
            let name = format!("jp{}n{}", std::process::id(), USERS.fetch_add(1, Ordering::SeqCst));
            // As they are printed, by a shell.
            let [useradd, principal, matched] = probe_lines(&name, &files);
            let _guard = ACCOUNTS.lock();
            let output = run("sh", &["-c", &format!("{useradd} && {principal}")]);
            assert!(output.status.success(), "{}", printed(&output));
            lines.push_str(&matched);
            lines.push('\n');
            made.push(name.clone());
            name
        });
        // StrictModes would refuse a directory below a world-writable /tmp.
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host_key\nPidFile none\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel VERBOSE\nMaxStartups 100\n{lines}",
            dir.display()
        );
        let sshd = Command::new("true").spawn().expect("a child");
        let mut host = Self { dir, port, user, probe, known, made, _home: home, sshd };
        let config = format!("{config}{}", more(&host));
        let dir = host.dir.clone();
        write(&dir.join("sshd_config"), config, 0o644);
        if rustix::process::geteuid().is_root() && !Path::new("/run/sshd").exists() {
            std::fs::create_dir_all("/run/sshd").expect("sshd's privilege-separation directory");
            mode(Path::new("/run/sshd"), 0o755);
        }
        let _ = host.sshd.wait();
        host.sshd = Command::new(which("sshd").expect("sshd"))
            .args(["-D", "-e", "-f", text(&dir.join("sshd_config"))])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(dir.join("sshd.log")).expect("a log"))
            .spawn()
            .expect("sshd starts");
        for _ in 0..200 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Some(host);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("sshd did not come up: {}", host.log());
    }

    /// What sshd logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("sshd.log")).unwrap_or_default()
    }

    /// Writes a key and a certificate for it, for a client to use.
    pub(crate) fn identity(&self, name: &str, private: &str, form: &SshForm) -> PathBuf {
        let file = self.dir.join(name);
        write(&file, private, 0o600);
        write(&self.dir.join(format!("{name}-cert.pub")), &form.certificate, 0o644);
        file
    }

    /// An ssh that reads no config of the machine's and uses this identity alone.
    pub(crate) fn ssh(&self, identity: &Path, options: &[&str]) -> Command {
        self.ssh_as(&self.user, identity, options)
    }

    /// The same to another account.
    pub(crate) fn ssh_as(&self, account: &str, identity: &Path, options: &[&str]) -> Command {
        let mut command = Command::new(which("ssh").expect("ssh"));
        command
            .args(["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"])
            .args(["-o", "IdentityAgent=none", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"])
            .args(["-o", &format!("UserKnownHostsFile={}/known", self.dir.display())])
            .args(["-o", &format!("CertificateFile={}-cert.pub", identity.display())])
            .args(["-i", text(identity), "-p", &self.port.to_string(), "-l", account])
            .args(options)
            .arg("127.0.0.1")
            .stdin(Stdio::null());
        command
    }

    /// Logs in, runs a command and gives what came of it.
    pub(crate) fn login(&self, identity: &Path, options: &[&str], command: &str) -> Output {
        self.ssh(identity, options).arg(command).output().expect("ssh runs")
    }

    /// Asserts that a login gets in, and gives what the command printed.
    pub(crate) fn opens(&self, identity: &Path, command: &str) -> String {
        let output = self.login(identity, &[], command);
        assert!(output.status.success(), "{}\n{}", printed(&output), self.log());
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Asserts that a login is refused, and that sshd's log says why.
    pub(crate) async fn refuses(&self, identity: &Path, why: &str) {
        let seen = self.log().len();
        let output = self.login(identity, &[], "echo in");
        assert_eq!(output.status.code(), Some(255), "{}", printed(&output));
        assert!(printed(&output).contains("Permission denied"), "{}", printed(&output));
        for _ in 0..80 {
            if self.log().get(seen..).is_some_and(|log| log.contains(why)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the log does not say `{why}`: {}", self.log().get(seen..).unwrap_or_default());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Children of sshd that serve an open connection end with their client; those of a failed test by their time.
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
        let _guard = ACCOUNTS.lock();
        for user in &self.made {
            run("userdel", &["-f", user]);
        }
    }
}

/// An account to log in to: one of its own where the test may make it, the tester's own otherwise.
fn account(home: &Path) -> (String, bool) {
    if !rustix::process::geteuid().is_root() {
        return (String::from_utf8_lossy(&run("id", &["-un"]).stdout).trim().to_owned(), false);
    }
    if which("useradd").is_none() {
        return ("root".to_owned(), false);
    }
    let user = format!("jt{}n{}", std::process::id(), USERS.fetch_add(1, Ordering::SeqCst));
    let _guard = ACCOUNTS.lock();
    // `*` and not `!`: without PAM sshd takes an exclamation mark for a locked account.
    let output = run("useradd", &["-M", "-d", text(home), "-s", "/bin/sh", "-p", "*", &user]);
    assert!(output.status.success(), "{}", printed(&output));
    (user, true)
}

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode can be set");
}
