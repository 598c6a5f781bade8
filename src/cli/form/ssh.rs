//! An OpenSSH certificate for ssh and everything that runs it: key, certificate and a config file to name with `ssh -F`.
//!
//! ssh takes the first value that it finds, so ours stands first and the user's own files are included after it. Only the
//! key and certificate of the file are offered first (`IdentitiesOnly`), so that dead certificates in an agent don't use
//! up the server's tries.

use std::path::Path;

use jit_types::{Form, Secret, SshForm};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{FormError, Kit, PrivateFile, Variable, path_text};
use crate::agent::held::{Born, Held};

/// The name of the config file in a kit.
pub const CONFIG: &str = "ssh_config";

/// The certificate as JSON, without the private key.
pub(super) fn json(form: &SshForm) -> Value {
    json!({
        "form": "ssh",
        "certificate": form.certificate,
        "valid_after": form.validity.start,
        "valid_before": form.validity.end,
        "principals": form.principals,
        "hosts": form.hosts,
        "user": form.user,
        "known_hosts": form.known_hosts,
    })
}

/// Private key and certificate of each credential, as they stand in files.
///
/// # Errors
/// When there is none.
pub(super) fn text(held: &[&Held]) -> Result<Zeroizing<String>, FormError> {
    let mut out = Zeroizing::new(String::with_capacity(8192));
    for (form, key) in keys(held) {
        out.push_str(key.expose_secret().trim_end());
        out.push('\n');
        out.push_str(one_line(&form.certificate)?.trim());
        out.push('\n');
    }
    if out.is_empty() {
        return Err(FormError::new("this grant gives no SSH certificate", "choose another --format"));
    }
    Ok(out)
}

/// The files for a child process, and the variables that lead to them.
pub(super) fn kit(held: &[&Held], dir: &Path) -> Result<Kit, FormError> {
    if keys(held).next().is_none() {
        return Ok(Kit::default());
    }
    let mut kit = Kit { variables: Vec::new(), files: files(held, dir, None)? };
    let config = path_text(dir, CONFIG)?;
    // git gives it to a shell.
    let command = format!("ssh -F {}", super::quote::posix(&config)?.as_str());
    kit.variables.push(Variable::new("GIT_SSH_COMMAND", command));
    kit.variables.push(Variable::new("JIT_SSH_CONFIG", config));
    Ok(kit)
}

/// The files of all certificates, whose paths begin at `dir`. `also` is a host that the user typed: it gets the first
/// certificate even where the config's patterns don't name it, because the user does.
///
/// # Errors
/// When a value can't stand in ssh's files.
pub fn files(held: &[&Held], dir: &Path, also: Option<&str>) -> Result<Vec<PrivateFile>, FormError> {
    let mut out = Vec::new();
    let mut config = String::from("# Written by jit. Use it with: ssh -F THIS_FILE HOST\n");
    for (i, (form, key)) in keys(held).enumerate() {
        let name = if i == 0 { "id_jit".to_owned() } else { format!("id_jit_{i}") };
        let (certificate, known) = (format!("{name}-cert.pub"), format!("known_hosts_{i}"));
        let mut lines = vec![host_line(form, also.filter(|_| i == 0))?];
        if let Some(user) = &form.user {
            lines.push(format!("    User {}", word(user)?));
        }
        lines.push("    IdentitiesOnly yes".to_owned());
        lines.push(format!("    IdentityFile {}", config_path(&path_text(dir, &name)?)?));
        lines.push(format!("    CertificateFile {}", config_path(&path_text(dir, &certificate)?)?));
        if !form.known_hosts.is_empty() {
            // As one more global file: new hosts that the user accepts still go to the user's own.
            let path = config_path(&path_text(dir, &known)?)?;
            lines.push(format!("    GlobalKnownHostsFile {path} /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"));
            let mut text = String::new();
            for line in &form.known_hosts {
                text.push_str(one_line(line)?);
                text.push('\n');
            }
            out.push(PrivateFile { name: known, text: Secret::new(text) });
        }
        config.push_str(&lines.join("\n"));
        config.push('\n');
        let mut private = key.expose_secret().trim_end().to_owned();
        private.push('\n');
        out.push(PrivateFile { name, text: Secret::new(private) });
        let public = format!("{}\n", one_line(&form.certificate)?.trim());
        out.push(PrivateFile { name: certificate, text: Secret::new(public) });
    }
    // With -F, ssh reads neither the user's file nor the system's by itself.
    config.push_str("Match all\n    Include ~/.ssh/config\n    Include /etc/ssh/ssh_config\n");
    out.push(PrivateFile { name: CONFIG.to_owned(), text: Secret::new(config) });
    Ok(out)
}

/// The `Host` line: the patterns that the credential is meant for, and the host that was typed.
fn host_line(form: &SshForm, also: Option<&str>) -> Result<String, FormError> {
    let mut line = String::from("Host");
    let patterns = form.hosts.iter().map(String::as_str).chain(also);
    for pattern in patterns {
        line.push(' ');
        line.push_str(word(pattern)?);
    }
    // A config that names no hosts means the credential for every host that is asked for by this file.
    if line == "Host" {
        line.push_str(" *");
    }
    Ok(line)
}

/// A word of ssh_config: nothing that ends it, quotes it or begins a comment.
fn word(text: &str) -> Result<&str, FormError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-+@*?!:[]%/".contains(&b);
    if !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain) {
        return Ok(text);
    }
    let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    Err(FormError::new(format!("`{shown}` is no word of an ssh config"), "name the host without blanks and quotes"))
}

/// A path in ssh_config: quoted, with `%` doubled, because ssh expands tokens and variables in it.
fn config_path(path: &str) -> Result<String, FormError> {
    if path.contains(['"', '\\', '\n', '\r', '\0']) || path.contains("${") || path.starts_with('~') {
        return Err(FormError::new("the directory's name can't stand in an ssh config", "choose a plainer one"));
    }
    Ok(format!("\"{}\"", path.replace('%', "%%")))
}

fn one_line(text: &str) -> Result<&str, FormError> {
    let trimmed = text.trim_end();
    if trimmed.contains(['\n', '\r', '\0']) {
        return Err(FormError::new("a line of the credential is more than one", "tell the administrator"));
    }
    Ok(trimmed)
}

/// The certificates that have their key.
pub fn keys<'a>(held: &'a [&Held]) -> impl Iterator<Item = (&'a SshForm, &'a Secret)> {
    held.iter().filter_map(|held| match (&held.form, &held.born) {
        (Form::Ssh(form), Born::SshKey(key)) => Some((form, key)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::held::tests::ssh;

    fn with(change: impl FnOnce(&mut SshForm)) -> Held {
        let mut held = ssh(0, 60_000, 60_000, "KEY", "ssh-ed25519-cert-v01@openssh.com AAAA");
        if let Form::Ssh(form) = &mut held.form {
            change(form);
        }
        held
    }

    /// What a real ssh makes of the config for a host; `None` where there is no ssh.
    fn effective(held: &Held, dir: &Path, host: &str, also: Option<&str>) -> Option<String> {
        for file in files(&[held], dir, also).expect("files") {
            std::fs::write(dir.join(&file.name), file.text.expose_secret()).expect("written");
        }
        let out = std::process::Command::new("ssh").args(["-G", "-F"]).arg(dir.join(CONFIG)).arg(host).output().ok()?;
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        Some(String::from_utf8(out.stdout).expect("text"))
    }

    #[test]
    fn a_real_ssh_reads_the_config_as_meant() {
        let dir = tempfile::tempdir().expect("a directory");
        let odd = dir.path().join("a b%h c");
        std::fs::create_dir(&odd).expect("a directory");
        let held = with(|f| f.known_hosts = vec!["@cert-authority *.prod.example.com ssh-ed25519 AAAA".to_owned()]);
        let Some(text) = effective(&held, &odd, "a.prod.example.com", None) else {
            eprintln!("skipped: ssh is not installed");
            return;
        };
        for line in ["user ops", "identitiesonly yes"] {
            assert!(text.lines().any(|l| l == line), "{line} in {text}");
        }
        // -G prints paths as they stand, tokens not expanded yet.
        assert!(text.contains("/a b%%h c/id_jit\n"), "{text}");
        assert!(text.contains("/a b%%h c/id_jit-cert.pub\n"), "{text}");
        let other = effective(&held, &odd, "elsewhere.example.com", None).expect("ssh");
        assert!(!other.contains("id_jit"), "{other}");
        let typed = effective(&held, &odd, "elsewhere.example.com", Some("elsewhere.example.com")).expect("ssh");
        assert!(typed.contains("id_jit"), "{typed}");
    }

    #[test]
    fn nothing_can_add_a_line_or_an_option() {
        let dir = Path::new("/d");
        for bad in ["a\nProxyCommand x", "-oProxyCommand=x", "a b", "", "a\"b", "a#b", "a\\b", "a\0"] {
            assert!(files(&[&with(|f| f.hosts = vec![bad.to_owned()])], dir, None).is_err(), "{bad:?}");
            assert!(files(&[&with(|f| f.user = Some(bad.to_owned()))], dir, None).is_err(), "{bad:?}");
            assert!(files(&[&with(|_| ())], dir, Some(bad)).is_err(), "{bad:?}");
        }
        assert!(files(&[&with(|f| f.known_hosts = vec!["a\nb".to_owned()])], dir, None).is_err());
        assert!(files(&[&with(|f| f.certificate = "a\nb".to_owned())], dir, None).is_err());
        for bad in ["/a\"b", "/a${HOME}b", "/a\nb"] {
            assert!(files(&[&with(|_| ())], Path::new(bad), None).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn gits_command_leads_to_the_config() {
        let kit = kit(&[&with(|_| ())], Path::new("/d e")).expect("a kit");
        let command = kit.variables.iter().find(|v| v.name == "GIT_SSH_COMMAND").expect("a command");
        assert_eq!(command.value.expose_secret(), "ssh -F '/d e/ssh_config'");
        assert!(kit.variables.iter().all(|v| !v.value.expose_secret().contains("KEY")));
    }
}
