//! A throw-away sshd that lets in certificates of a throw-away CA.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::postgres::free_port;
use crate::sh::{self, Failure, Result, at, step};

/// sshd refuses to start without it (sshd(8), FILES).
const SEPARATION: &str = "/run/sshd";

/// A running server; dropping it stops it and the connections that it took.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    home: PathBuf,
    port: u16,
    user: String,
}

impl Server {
    /// Starts one below `dir`.
    pub(crate) fn start(dir: &Path) -> Result<Self> {
        let program = sh::which("sshd")
            .ok_or_else(|| Failure::new("no sshd found; `cargo xtask test --only-peers` brings it"))?;
        let home = dir.join("sshd");
        fs::create_dir(&home).map_err(at(home.display()))?;
        let user = sh::capture(Command::new("id").arg("-un"))?.trim().to_owned();
        let port = free_port()?;
        step(format!("{} on 127.0.0.1:{port}", program.display()));

        for (name, comment) in [("host_key", "host"), ("ca", "CA"), ("key", "user")] {
            let mut keygen = Command::new("ssh-keygen");
            sh::capture(keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f"]).arg(home.join(name)))?;
        }
        let mut sign = Command::new("ssh-keygen");
        sign.arg("-q").arg("-s").arg(home.join("ca")).args(["-I", "by hand", "-n", "demo", "-V", "-1m:+8h"]);
        sh::capture(sign.arg(home.join("key.pub")))?;
        // A missing list refuses every login: so an empty one.
        sh::capture(Command::new("ssh-keygen").args(["-q", "-k", "-f"]).arg(home.join("revoked.krl")))?;
        let write = |name: &str, text: String| fs::write(home.join(name), text).map_err(at(home.join(name).display()));
        write("principals", "demo\n".into())?;
        let host_key = fs::read_to_string(home.join("host_key.pub")).map_err(at("host_key.pub"))?;
        write("known_hosts", format!("[127.0.0.1]:{port} {host_key}"))?;
        write("sshd_config", config(&home, port))?;

        if sh::is_root() {
            // Left there: another sshd may have begun to count on it.
            fs::create_dir_all(SEPARATION).map_err(at(SEPARATION))?;
        }
        let mut command = Command::new(program);
        command.arg("-D").arg("-f").arg(home.join("sshd_config")).arg("-E").arg(home.join("log"));
        // A process group of its own: the terminal's Ctrl-C reaches only us.
        let child = command.process_group(0).stdin(Stdio::null()).spawn().map_err(at("sshd"))?;
        let mut server = Self { child, home, port, user };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    /// What a person types to use it.
    pub(crate) fn how_to(&self) -> String {
        let Self { home, port, user, .. } = self;
        let home = home.display();
        format!(
            "
sshd on 127.0.0.1:{port}, log {home}/log
  log in             ssh -F none -i {home}/key -o UserKnownHostsFile={home}/known_hosts -p {port} {user}@127.0.0.1
  its CA             {home}/ca (private), {home}/ca.pub
  principals let in  {home}/principals: demo
  revocation list    {home}/revoked.krl
"
        )
    }

    fn wait_until_it_listens(&mut self) -> Result {
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().map_err(at("sshd"))?;
            if ended.is_some() || Instant::now() > until {
                let said = fs::read_to_string(self.home.join("log")).unwrap_or_default();
                return Err(Failure::new(format!("sshd did not start\n{}", said.trim_end())));
            }
            pause(Duration::from_millis(20));
        }
        Ok(())
    }
}

#[allow(clippy::disallowed_methods, reason = "waits for another program's start; no deadline of the product's")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

impl Drop for Server {
    fn drop(&mut self) {
        // Each connection has a session of its own and outlives the listener: they are asked for while they still have
        // their parent.
        let mut stop = descendants(self.child.id());
        stop.push(self.child.id());
        let pids = stop.iter().map(u32::to_string);
        let _ = sh::capture(Command::new("kill").args(pids));
        let _ = self.child.wait();
    }
}

fn config(home: &Path, port: u16) -> String {
    let home = home.display();
    format!(
        "\
ListenAddress 127.0.0.1:{port}
HostKey {home}/host_key
PidFile {home}/pid
TrustedUserCAKeys {home}/ca.pub
AuthorizedPrincipalsFile {home}/principals
RevokedKeys {home}/revoked.krl
AuthorizedKeysFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
# The temporary directory's parent may be written by everybody, which strict modes refuse.
StrictModes no
"
    )
}

/// The processes below one, by `/proc`; none where there is no `/proc`.
fn descendants(of: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let parents: Vec<(u32, u32)> = entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, parent(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?))
        })
        .collect();
    let mut found = vec![of];
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| child));
        next += 1;
    }
    found.split_off(1)
}

/// The parent in a line of `/proc/PID/stat`; the name before it may hold blanks and parentheses (proc(5)).
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descendants_are_found_through_their_parents() {
        let mut shell =
            Command::new("sh").args(["-c", "sleep 30 & sleep 30; wait"]).stderr(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        let mut below = Vec::new();
        while below.len() < 2 && Instant::now() < until {
            below = descendants(shell.id());
        }
        let killed = Command::new("kill").args(below.iter().map(u32::to_string)).status().unwrap();
        shell.wait().unwrap();
        assert_eq!(below.len(), 2);
        assert!(killed.success());
        assert!(descendants(std::process::id()).iter().all(|pid| !below.contains(pid)));
    }

    #[test]
    fn a_name_with_a_parenthesis_does_not_hide_the_parent() {
        assert_eq!(parent("12 (a) b) S 7 12 12 0"), Some(7));
    }
}
