//! What a host needs so that it lets certificates in, and nothing else.

use std::fmt::Write as _;

/// The files that a host's sshd is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostFiles<'a> {
    /// The CA's public line.
    pub trusted_ca: &'a str,
    /// One file per account (`%u`) with the principals that it lets in, one a line.
    pub principals: &'a str,
    /// The revocation list, where one is published to the host.
    pub krl: Option<&'a str>,
}

impl Default for HostFiles<'static> {
    fn default() -> Self {
        Self {
            trusted_ca: "/etc/ssh/jit_ca.pub",
            principals: "/etc/ssh/jit_principals/%u",
            krl: Some("/etc/ssh/jit.krl"),
        }
    }
}

/// The lines that a host's sshd_config needs (sshd_config(5)).
///
/// `AuthorizedKeysFile none` belongs to them: otherwise a key that somebody planted while they were let in lets them in
/// for ever. The file of `RevokedKeys` must be there before sshd reads the line: a missing one refuses every login.
pub fn sshd_lines(files: &HostFiles<'_>) -> String {
    let mut lines = String::new();
    let mut line = |keyword: &str, value: &str| {
        let quoted = if value.contains(' ') { format!("\"{value}\"") } else { value.to_owned() };
        // Writing to a String can't fail.
        let _ = writeln!(lines, "{keyword} {quoted}");
    };
    line("TrustedUserCAKeys", files.trusted_ca);
    line("AuthorizedPrincipalsFile", files.principals);
    if let Some(krl) = files.krl {
        line("RevokedKeys", krl);
    }
    line("AuthorizedKeysFile", "none");
    lines
}

/// The lines at the end of a probe host's sshd_config: its account may do nothing but what its certificate forces.
///
/// There is no `ForceCommand` among them: it would take the place of the certificate's.
pub(crate) fn match_lines(account: &str) -> String {
    format!(
        "Match User {account}\nAuthenticationMethods publickey\nPermitTTY no\nDisableForwarding yes\nPermitUserRC no"
    )
}

/// What makes a host one that the broker may look at: a command that makes the account, one that lets the probe's
/// principal in, and the lines for the end of sshd_config. No root, no sudo and no program of ours is needed there.
pub fn probe_lines(account: &str, files: &HostFiles<'_>) -> [String; 3] {
    [
        // `*` and not `!`: without PAM sshd takes an exclamation mark for a locked account.
        format!("useradd --system --no-create-home --home-dir / --shell /bin/sh --password '*' {account}"),
        format!("echo {account} > {}", files.principals.replace("%u", account)),
        match_lines(account),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_without_a_list_is_told_of_none() {
        let lines = sshd_lines(&HostFiles { krl: None, trusted_ca: "/a b/ca.pub", ..HostFiles::default() });
        assert_eq!(
            lines,
            "TrustedUserCAKeys \"/a b/ca.pub\"\nAuthorizedPrincipalsFile /etc/ssh/jit_principals/%u\nAuthorizedKeysFile none\n"
        );
    }
}
