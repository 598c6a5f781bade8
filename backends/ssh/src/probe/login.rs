//! A login that can do nothing but look.
//!
//! The broker signs a certificate for a key that it makes for this one login: a minute long, for the probe's own principal,
//! with the one command forced, from where the broker is, and nothing permitted besides. The system's `ssh` uses it, because
//! it is what hosts are tested with, and reads no config of this machine's.

use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use jit_backend::{Error, ErrorKind};
use jit_types::{HouseId, Timestamp};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use super::answer::Answer;
use super::command::{LONGEST_LIST, command};
use super::settings::{Probe, ProbeHost};
use crate::ca::{Ca, generate};
use crate::certificate::Body;
use crate::config::Now;
use crate::names::{Account, KnownHost};

/// How long a whole login may take, the command in it included.
const PATIENCE: Duration = Duration::from_secs(12);
/// How long the certificate lives: longer than the login may take.
const LIFE: u64 = 60;
/// The longest answer that is read: a list as text, and the rest.
const LONGEST_ANSWER: u64 = (LONGEST_LIST as u64) / 3 * 4 + 256 * 1024;
/// How much of what ssh says on stderr is looked at.
const LONGEST_ERROR: u64 = 16 * 1024;

/// Why a host could not be looked at. It holds none of the host's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is no `ssh` to run, or no place for its files.
    NoClient,
    /// The CA did not sign.
    NotSigned,
    /// The host's key is not vouched for.
    HostKey,
    /// It did not let the certificate in.
    Refused,
    /// It can't be reached.
    Unreachable,
    /// It did not answer in time.
    Late,
    /// What it answered is not what was asked.
    Garbled,
}

impl Trouble {
    /// In words, after "could not be looked at: ".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::NoClient => "`ssh` could not be run here",
            Self::NotSigned => "the CA did not sign the probe's certificate",
            Self::HostKey => "its host key is not one that `known_hosts` vouches for",
            Self::Refused => "it does not let the probe in",
            Self::Unreachable => "it can't be reached",
            Self::Late => "it did not answer in time",
            Self::Garbled => "it answered something else than was asked",
        }
    }
}

/// All that a login needs.
pub(crate) struct Login {
    /// The house, which hosts' logs name.
    pub(crate) house: HouseId,
    /// Who signs.
    pub(crate) ca: Arc<Ca>,
    /// The house's clock.
    pub(crate) clock: Now,
    /// How far certificates are dated back, in seconds.
    pub(crate) skew: u64,
    /// What vouches for the hosts.
    pub(crate) known_hosts: Vec<KnownHost>,
    /// The account of scopes that name none: looked at in any case.
    pub(crate) user: Option<Account>,
    /// Where to, and as whom.
    pub(crate) probe: Probe,
}

impl Login {
    /// The time, by the house's clock.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Logs in to a host, looks and logs out.
    pub(crate) async fn look(&self, host: &ProbeHost) -> Result<Answer, Trouble> {
        match tokio::time::timeout(PATIENCE, self.ask(host)).await {
            Ok(answer) => Answer::parse(&answer?).map_err(|_| Trouble::Garbled),
            // The child is killed with its future.
            Err(_) => Err(Trouble::Late),
        }
    }

    async fn ask(&self, host: &ProbeHost) -> Result<Vec<u8>, Trouble> {
        // Gone with the value.
        let own = std::fs::Permissions::from_mode(0o700);
        let dir = tempfile::Builder::new().prefix("jit-probe-").permissions(own).tempdir();
        let dir = dir.map_err(|_| Trouble::NoClient)?;
        let files = self
            .files(dir.path(), host)
            .await
            .map_err(|error| if error.kind == ErrorKind::Bug { Trouble::NoClient } else { Trouble::NotSigned })?;
        let mut child = self.ssh(host, &files).spawn().map_err(|_| Trouble::NoClient)?;
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else { return Err(Trouble::NoClient) };
        let read = tokio::try_join!(capped(out, LONGEST_ANSWER), capped(err, LONGEST_ERROR));
        let (answer, said) = read.map_err(|_| Trouble::Garbled)?;
        let status = child.wait().await.map_err(|_| Trouble::NoClient)?;
        match status.code() {
            Some(0) => Ok(answer),
            // ssh(1): 255 is its own failure. What it says is looked at for a kind, and goes no further.
            Some(255) => Err(kind(&said)),
            _ => Err(Trouble::Garbled),
        }
    }

    /// Makes a key and a certificate for it, and writes what `ssh` reads.
    async fn files(&self, dir: &Path, host: &ProbeHost) -> Result<Files, Error> {
        let (private, key) = generate("jit probe")?;
        let (throwaway, _) = generate("jit probe")?;
        let mut random = [0u8; 40];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| Error::new(ErrorKind::Bug, "there are no random bytes"))?;
        let (nonce, serial) = random.split_first_chunk::<32>().ok_or(Error::new(ErrorKind::Bug, "too few bytes"))?;
        let serial = <[u8; 8]>::try_from(serial).map_or(1, u64::from_be_bytes).max(1);
        let now = u64::try_from(self.now().seconds()).unwrap_or(0);
        let forced = command(&self.probe, self.user.as_ref(), &throwaway);
        let mut critical = vec![("force-command".to_owned(), forced)];
        if !self.probe.source_address.is_empty() {
            let list: Vec<_> = self.probe.source_address.iter().map(ToString::to_string).collect();
            critical.push(("source-address".to_owned(), list.join(",")));
        }
        let certificate = self
            .ca
            .sign(Body {
                nonce: *nonce,
                key,
                serial,
                key_id: format!("jit house={} probe", self.house),
                principals: vec![self.probe.account.to_string()],
                valid_after: now.saturating_sub(self.skew),
                valid_before: now.saturating_add(LIFE),
                critical,
                extensions: Vec::new(),
                ca: self.ca.public(),
            })
            .await?;
        let known: String = self.known_hosts.iter().map(|line| format!("{line}\n")).collect();
        let files =
            Files { key: dir.join("key"), certificate: dir.join("key-cert.pub"), known: dir.join("known_hosts") };
        let write = |path: &Path, text: &str| {
            private_file(path, text)
                .map_err(|_| Error::new(ErrorKind::Bug, format!("no file could be written to look at {host}")))
        };
        write(&files.key, private.expose_secret())?;
        write(&files.certificate, &certificate.line())?;
        write(&files.known, &known)?;
        Ok(files)
    }

    /// The command line: no secret is in it, nothing of this machine's config or environment goes in.
    fn ssh(&self, host: &ProbeHost, files: &Files) -> Command {
        let mut command = Command::new("ssh");
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
        command.args(["-F", "none", "-T", "-a", "-x", "-e", "none"]);
        for option in [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "GlobalKnownHostsFile=/dev/null",
            "UpdateHostKeys=no",
            "VerifyHostKeyDNS=no",
            "CheckHostIP=no",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "PreferredAuthentications=publickey",
            "ClearAllForwardings=yes",
            "ControlMaster=no",
            "ControlPath=none",
            "ProxyCommand=none",
            "PermitLocalCommand=no",
            "ConnectionAttempts=1",
            "ConnectTimeout=5",
            "ServerAliveInterval=3",
            "ServerAliveCountMax=2",
            "LogLevel=ERROR",
        ] {
            command.args(["-o", option]);
        }
        let named = |key: &str, path: &Path| format!("{key}={}", path.display());
        command
            .args(["-o", &named("UserKnownHostsFile", &files.known)])
            .args(["-o", &named("CertificateFile", &files.certificate)])
            .arg("-i")
            .arg(&files.key)
            .args(["-p", &host.port().to_string(), "-l", self.probe.account.as_str(), "--", host.name(), "jit-look"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

struct Files {
    key: PathBuf,
    certificate: PathBuf,
    known: PathBuf,
}

fn private_file(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    std::fs::File::options().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

/// Reads to the end, and no more than so much.
async fn capped(stream: impl AsyncRead + Unpin, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(most + 1).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// What kind of failure `ssh` speaks of. The other side may have put words in here too: all that they can choose is which
/// failure it is.
fn kind(said: &[u8]) -> Trouble {
    let said = String::from_utf8_lossy(said);
    if said.contains("Host key verification failed") || said.contains("host key is known for") {
        Trouble::HostKey
    } else if said.contains("Permission denied") {
        Trouble::Refused
    } else {
        Trouble::Unreachable
    }
}
