//! A throw-away sshd for the tour: on a free port of the loopback interface, trusting the tour's CA and nothing else.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::find;

/// A running sshd.
pub(super) struct Sshd {
    server: Child,
    /// Where it listens.
    pub(super) port: u16,
    /// The line that vouches for it.
    pub(super) known_host: String,
    made: Option<PathBuf>,
}

/// Where sshd, run by root, wants a directory to confine itself to.
const CONFINED: &str = "/run/sshd";

impl Sshd {
    /// Starts sshd, where it is installed. `lines` are those that every host gets.
    ///
    /// # Errors
    /// Why this part of the tour is left out, as a sentence.
    pub(super) fn start(directory: &Path, lines: &str) -> Result<Self, String> {
        let sshd = find(Path::new("/usr/sbin"), "sshd").ok_or("no sshd is installed here")?;
        let keygen = find(Path::new("/usr/bin"), "ssh-keygen").ok_or("ssh-keygen is not installed here")?;
        find(Path::new("/usr/bin"), "ssh").ok_or("no ssh client is installed here")?;
        let made = confined();
        let key = directory.join("host_key");
        let done = Command::new(keygen).args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&key).status();
        if !done.is_ok_and(|status| status.success()) {
            return Err("a host key could not be made".to_owned());
        }
        let port = free_port().ok_or("there is no free port")?;
        let config = directory.join("sshd_config");
        let text = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nPidFile none\nUsePAM no\nStrictModes no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel QUIET\n{lines}\n",
            key.display()
        );
        std::fs::write(&config, text).map_err(|e| format!("sshd_config: {}", e.kind()))?;
        let public =
            std::fs::read_to_string(key.with_extension("pub")).map_err(|e| format!("host key: {}", e.kind()))?;
        let server = Command::new(sshd)
            .arg("-D")
            .arg("-f")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("sshd can't be started: {}", e.kind()))?;
        let known_host = format!("[127.0.0.1]:{port} {}", public.trim());
        let mut running = Self { server, port, known_host, made };
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if Instant::now() > until || running.server.try_wait().is_ok_and(|ended| ended.is_some()) {
                return Err("sshd did not come up".to_owned());
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        Ok(running)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        if let Some(made) = &self.made {
            let _ = std::fs::remove_dir(made);
        }
    }
}

/// Makes the directory that sshd confines itself to, where only a running system service would have; says what was made.
fn confined() -> Option<PathBuf> {
    let path = Path::new(CONFINED);
    if !rustix::process::geteuid().is_root() || path.exists() {
        return None;
    }
    std::fs::create_dir(path).ok().map(|()| path.to_owned())
}

fn free_port() -> Option<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok().map(|address| address.port())
}
