//! The one command that a probe's certificate lets run.

use jit_types::Secret;

use super::settings::Probe;
use crate::names::Account;

const SCRIPT: &str = include_str!("look.sh");
/// The longest list that is fetched: some four hundred thousand certificates, 4 MiB as text.
pub(crate) const LONGEST_LIST: usize = 3 * 1024 * 1024;

/// Fills in the script. What goes into it is of alphabets without a meaning in a shell. The key is thrown away: sshd wants
/// one before it prints its configuration, and nobody trusts it.
pub(crate) fn command(probe: &Probe, user: Option<&Account>, key: &Secret) -> String {
    let lines: Vec<_> = SCRIPT.lines().map(str::trim_start).filter(|line| !line.starts_with('#')).collect();
    lines
        .join("\n")
        .replace("@CONFIG@", probe.sshd_config.as_str())
        .replace("@ACCOUNT@", probe.account.as_str())
        .replace("@USER@", user.map_or("", Account::as_str))
        .replace("@MOST@", &LONGEST_LIST.to_string())
        .replace("@KEY@", key.expose_secret().trim_end())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::ca::generate;
    use crate::probe::answer::{Answer, List, May, Sshd};

    fn put(path: &Path, text: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(path, text).expect("a file");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    }

    /// What the script says in a directory that stands for a host's /etc, /var and /usr/bin.
    fn said(dir: &Path) -> Sshd {
        let root = dir.to_str().expect("a path");
        let probe = Probe {
            hosts: Vec::new(),
            account: "nobody".parse().expect("a name"),
            sshd_config: format!("{root}/sshd_config").parse().expect("a path"),
            source_address: Vec::new(),
        };
        let (key, _) = generate("a test").expect("a key");
        let script = command(&probe, Some(&"daemon".parse().expect("a name")), &key)
            .replace("PATH=/usr/sbin:", &format!("PATH={root}/bin:/usr/sbin:"))
            .replace("/etc/cron", &format!("{root}/cron"))
            .replace("/etc/at", &format!("{root}/at"))
            .replace("/var/lib/systemd", root);
        let output = Command::new("sh").args(["-c", &script]).env_clear().output().expect("a shell");
        let answer = Answer::parse(&output.stdout);
        answer.unwrap_or_else(|_| panic!("{output:?}")).sshd.expect("a config that is read")
    }

    #[test]
    fn the_script_sees_what_an_account_could_plant() {
        if !["/usr/sbin/sshd", "/sbin/sshd"].iter().any(|path| Path::new(path).is_file()) {
            #[allow(clippy::disallowed_methods, reason = "the switch of the test habits")]
            let required = std::env::var("JIT_TEST_REQUIRE").unwrap_or_default();
            assert!(!required.contains("sshd"), "sshd is missing, and JIT_TEST_REQUIRE demands it");
            eprintln!("skipped: sshd is not installed");
            return;
        }
        let dir = tempfile::tempdir().expect("a directory");
        let at = |name: &str| dir.path().join(name);
        let root = dir.path().display();
        for name in ["bin", "principals", "linger"] {
            std::fs::create_dir(at(name)).expect("a directory");
        }
        put(&at("principals/daemon"), "web\n", 0o644);
        put(&at("principals/nobody"), "web\n", 0o644);
        put(&at("principals/no such account"), "web\n", 0o644);
        put(&at("ca.pub"), "# a note\nssh-ed25519 AAAA one\n\n  ssh-ed25519 AAAA two\n", 0o644);
        put(&at("krl"), "bytes", 0o644);
        let lines = format!(
            "TrustedUserCAKeys {root}/ca.pub\nAuthorizedPrincipalsFile {root}/principals/%u\nRevokedKeys {root}/krl\n\
             AuthorizedKeysFile none\nMatch User daemon\nAuthorizedKeysFile .ssh/keys\nRevokedKeys none\n\
             Match User nobody\nPermitTTY no\nDisableForwarding yes\n"
        );
        put(&at("sshd_config"), &lines, 0o644);
        let first = said(dir.path());
        let List::Read { bytes, .. } = &first.list else { panic!("{first:?}") };
        assert_eq!((bytes.as_slice(), first.trusted), (b"bytes".as_slice(), Some(2)));
        assert_eq!((first.terminal, first.forwards, first.all_accounts, first.accounts.len()), (false, false, true, 2));
        let (daemon, nobody) = ("daemon".parse().expect("a name"), "nobody".parse().expect("a name"));
        let of = |sshd: &Sshd, account| sshd.of(account).expect("its state").clone();
        let (one, other) = (of(&first, &daemon), of(&first, &nobody));
        assert_eq!((one.keys, one.same_list, one.same_trust, one.lingers), (true, false, true, false));
        assert_eq!((other.keys, other.same_list, other.same_trust), (false, true, true));

        // crontab(1) and at(1) of Debian: without a file everybody may the one, and root alone the other.
        put(&at("bin/crontab"), "#!/bin/sh\n", 0o755);
        put(&at("bin/at"), "#!/bin/sh\n", 0o755);
        put(&at("linger/daemon"), "", 0o644);
        let now = of(&said(dir.path()), &daemon);
        assert_eq!((now.cron, now.at, now.lingers), (May::Yes, May::No, true));
        put(&at("cron.deny"), "daemon\n", 0o644);
        put(&at("at.deny"), "somebody\n", 0o644);
        let now = of(&said(dir.path()), &daemon);
        assert_eq!((now.cron, now.at), (May::No, May::Yes));
        put(&at("cron.allow"), "daemons\n.*\n", 0o644);
        put(&at("at.allow"), "root\ndaemon\n", 0o644);
        let now = of(&said(dir.path()), &daemon);
        assert_eq!((now.cron, now.at), (May::No, May::Yes));

        put(&at("sshd_config"), "AuthorizedKeysFile none\n", 0o644);
        let bare = said(dir.path());
        assert_eq!((bare.list, bare.trusted, bare.all_accounts, bare.accounts.len()), (List::None, Some(0), false, 1));
    }
}
