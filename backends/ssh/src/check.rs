//! What `doctor` shows of the CA's key, the revocation list and the probe hosts.
//!
//! Certificates leave nothing in a target that a sweep could find, so nothing is ever listed as marked.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use jit_backend::{Finding, FindingKind, Report};
use jit_types::{Timestamp, Words};
use rustix::fs::Access;

use crate::agent;
use crate::backend::read_krl;
use crate::ca::Source;
use crate::config::{Settings, open_ca};
use crate::key::PublicKey;
use crate::probe::Prober;
use crate::probe::findings::{self, House};

/// Looks at the CA, the list and the settings.
pub(crate) async fn report(settings: &Settings, opened: PublicKey, prober: Option<&Prober>, now: Timestamp) -> Report {
    let mut findings = Vec::new();
    match &settings.ca {
        Source::File(path) => {
            findings.push(ca_file(&settings.ca, opened, path).await);
            findings.extend(loose_directory(path));
        }
        Source::Agent { key, socket } => findings.push(match agent::holds(socket, *key, agent::PATIENCE).await {
            Ok(true) => good(format!("the ssh-agent holds the CA's key {}", key.fingerprint())),
            Ok(false) => bad(
                format!("the ssh-agent at {} does not hold the CA's key {}", socket.display(), key.fingerprint()),
                "add it with `ssh-add`, or name the key that it holds (`ssh-add -L`)",
            ),
            Err(error) => {
                bad(error.public.as_str(), "start the agent as the user that jit runs as, and add the key to it")
            }
        }),
    }
    match &settings.krl {
        Some(path) => list(path, &mut findings).await,
        None => findings.push(notice(
            "no revocation list is configured: a certificate can't be ended before its own end",
            "add `krl = \"/path\"`, bring the file to the hosts and name it there as RevokedKeys",
        )),
    }
    if settings.known_hosts.is_empty() {
        findings.push(notice(
            "no `known_hosts` are configured: clients trust a host's key at the first login",
            "add a line of known_hosts, best `@cert-authority *.example.com ssh-ed25519 …`",
        ));
    }
    if settings.hosts.is_empty() {
        findings.push(notice(
            "no `hosts` are configured: a role that names none does not tell clients where its certificate belongs",
            "add `hosts = [\"*.example.com\"]`",
        ));
    }
    if let (Some(prober), Some(probe), Some(path)) = (prober, &settings.probe, &settings.krl) {
        let list = read_krl(path).await.ok();
        let published = published(path, now).await;
        let house = House { ca: opened, list: list.as_ref(), published, path: path.display().to_string() };
        for look in prober.look(&[], true).await {
            findings.extend(findings::of(&look, probe, &house));
        }
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.kind));
    Report { findings, marked: Vec::new() }
}

/// For how many seconds the published list has been as it is.
pub(crate) async fn published(path: &Path, now: Timestamp) -> Option<u64> {
    let written = tokio::fs::metadata(path).await.ok()?.mtime();
    u64::try_from(now.seconds().saturating_sub(written)).ok()
}

async fn ca_file(source: &Source, opened: PublicKey, path: &Path) -> Finding {
    match open_ca(source).await {
        Ok(ca) if ca.public() == opened => {
            good(format!("the CA's key {} is an ed25519 key that only its owner may read", opened.fingerprint()))
        }
        Ok(ca) => bad(
            format!("{} now holds another key, {}, than the one in use", path.display(), ca.public().fingerprint()),
            "restart the broker if the change is meant; hosts must trust the new key first",
        ),
        Err(error) => bad(
            error.public.as_str(),
            format!("`chown` the file to the user that jit runs as and `chmod 600 {}`", path.display()),
        ),
    }
}

/// Whoever may write the directory may put another key in the file's place.
fn loose_directory(path: &Path) -> Option<Finding> {
    let directory = path.parent()?;
    let mode = std::fs::metadata(directory).ok()?.mode();
    // In a sticky directory others can't rename what is not theirs.
    (mode & 0o022 != 0 && mode & 0o1000 == 0).then(|| {
        bad(
            format!("others may write {}, and so put another key in the place of the CA's", directory.display()),
            format!("chmod go-w {}", directory.display()),
        )
    })
}

async fn list(path: &Path, findings: &mut Vec<Finding>) {
    match read_krl(path).await {
        Ok(krl) => {
            findings.push(good(format!("the revocation list at {} lists {} certificates", path.display(), krl.len())))
        }
        Err(error) => findings.push(bad(
            error.public.as_str(),
            "the house writes the list when it starts and at each early end; see that it may write the file",
        )),
    }
    if let Some(directory) = path.parent()
        && rustix::fs::access(directory, Access::WRITE_OK).is_err()
    {
        findings.push(bad(
            format!("{} can't be written, so the revocation list can't be published", directory.display()),
            "give the directory to the user that jit runs as",
        ));
    }
    if let Ok(meta) = tokio::fs::metadata(path).await
        && meta.mode() & 0o022 != 0
    {
        findings.push(bad(
            format!("others may write the revocation list at {}, and so lift every revocation", path.display()),
            format!("chmod 644 {}", path.display()),
        ));
    }
}

pub(crate) fn good(what: impl AsRef<str>) -> Finding {
    Finding { kind: FindingKind::Good, what: Words::new(what), remedy: None }
}

pub(crate) fn notice(what: impl AsRef<str>, remedy: impl AsRef<str>) -> Finding {
    Finding { kind: FindingKind::Notice, what: Words::new(what), remedy: Some(Words::new(remedy)) }
}

pub(crate) fn bad(what: impl AsRef<str>, remedy: impl AsRef<str>) -> Finding {
    Finding { kind: FindingKind::Bad, what: Words::new(what), remedy: Some(Words::new(remedy)) }
}
