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
