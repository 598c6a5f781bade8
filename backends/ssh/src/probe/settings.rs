//! `probe = { … }` in `[backends.NAME]`, and the names in it.

use std::fmt;
use std::str::FromStr;

use jit_types::name::{Name, NameKind};
use jit_types::settings::{FromNode, Node, Reader};
use serde::{Serialize, Serializer};
use serde_json::Map;

use crate::names::{Account, HostPattern, Network};
use crate::scope::items;

/// The most probe hosts of one backend: each is logged in to at each end.
const MOST_HOSTS: usize = 16;

/// Marks the path of a host's sshd_config.
pub enum SshdConfigKind {}
/// The path of a host's sshd_config; it goes into a command for a shell, so its alphabet has nothing with a meaning there.
pub type SshdConfig = Name<SshdConfigKind>;

impl NameKind for SshdConfigKind {
    const NOUN: &'static str = "path of an sshd_config";
    const RULE: &'static str = "an absolute path of at most 255 letters, digits and / . _ -";
    fn allows(text: &str) -> bool {
        (2..=255).contains(&text.len())
            && text.starts_with('/')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b))
    }
}

/// The hosts that the broker may log in to in order to look, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The hosts; never empty.
    pub hosts: Vec<ProbeHost>,
    /// The account there, which is its principal too.
    pub account: Account,
    /// The file that the hosts' sshd is told of.
    pub sshd_config: SshdConfig,
    /// Where the broker's logins come from, as the hosts see it; empty where from anywhere.
    pub source_address: Vec<Network>,
}

/// One probe host: a name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeHost {
    name: String,
    port: u16,
}

/// Why a text is not a probe host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProbeHostError(&'static str);

impl ProbeHost {
    /// The rule in words.
    pub const RULE: &'static str = "a probe host must be one name or address, without a wildcard, and a port where it is not 22: \
         \"web-1.internal\", \"web-1.internal:2222\", \"[2001:db8::7]:2222\"";

    /// The name or address.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether a scope with these patterns means this host; one without any means all hosts.
    pub(crate) fn meant_by(&self, patterns: &[HostPattern]) -> bool {
        patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern.as_str().as_bytes(), self.name.as_bytes()))
    }
}

/// Whether a name fits a pattern of ssh_config(5): `*` for any text, `?` for one character. Names of hosts know no case.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => matches(rest, name),
        (Some((b'*', rest)), Some((_, fewer))) => {
            // A run of stars is one star: each more would double the work.
            if rest.first() == Some(&b'*') {
                matches(rest, name)
            } else {
                matches(rest, name) || matches(pattern, fewer)
            }
        }
        (Some((b'?', rest)), Some((_, fewer))) => matches(rest, fewer),
        (Some((a, rest)), Some((b, fewer))) => a.eq_ignore_ascii_case(b) && matches(rest, fewer),
        _ => false,
    }
}

impl FromStr for ProbeHost {
    type Err = ProbeHostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const BAD: ProbeHostError = ProbeHostError(ProbeHost::RULE);
        let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((name, "")) => (name, None),
            Some((name, port)) => (name, Some(port.strip_prefix(':').ok_or(BAD)?)),
            // An address of version 6 has many colons and, without brackets, no port.
            None if text.parse::<std::net::Ipv6Addr>().is_ok() => (text, None),
            None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
        };
        let bare = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let named = bare && (1..=253).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !named && name.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(BAD);
        }
        let port = port.map_or(Ok(22), |port| port.parse::<u16>().ok().filter(|p| p.to_string() == port).ok_or(BAD))?;
        if port == 0 {
            return Err(BAD);
        }
        Ok(Self { name: name.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for ProbeHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.name.contains(':')) {
            (22, _) => f.write_str(&self.name),
            (port, true) => write!(f, "[{}]:{port}", self.name),
            (port, false) => write!(f, "{}:{port}", self.name),
        }
    }
}

impl Serialize for ProbeHost {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl FromNode for ProbeHost {
    const EXPECTED: &'static str = "a host, as in \"web-1.internal\" or \"web-1.internal:2222\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        String::from_node(node)?.parse().map_err(|e: ProbeHostError| e.to_string())
    }
}

impl Probe {
    /// Where sshd's config is unless the config says otherwise.
    pub const SSHD_CONFIG: &'static str = "/etc/ssh/sshd_config";

    /// Reads the table; `None` where it has a mistake.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let before = reader.mistakes();
        let mut map = Map::new();
        if reader.node("hosts").is_none() {
            // Says that it is missing, in the reader's own words.
            let _ = reader.filled::<String>("hosts");
        }
        items::<ProbeHost>(reader, "hosts", MOST_HOSTS, &mut map);
        let account = reader.required::<Account>("account");
        let sshd_config = reader.optional::<SshdConfig>("sshd_config");
        items::<Network>(reader, "source_address", 64, &mut map);
        let texts = |key: &str| {
            let list = map.get(key).and_then(serde_json::Value::as_array);
            list.into_iter().flatten().filter_map(|item| item.as_str()).map(str::to_owned).collect::<Vec<_>>()
        };
        let mut hosts: Vec<ProbeHost> = Vec::new();
        for host in texts("hosts").iter().filter_map(|text| text.parse().ok()) {
            if hosts.contains(&host) {
                let span = reader.span("hosts");
                reader.fault("hosts", span, format!("`hosts` names {host} twice"), "name each host once");
            } else {
                hosts.push(host);
            }
        }
        let source_address = texts("source_address").iter().filter_map(|text| text.parse().ok()).collect();
        let sshd_config = sshd_config.or_else(|| Self::SSHD_CONFIG.parse().ok())?;
        (reader.mistakes() == before).then_some(Self { hosts, account: account?, sshd_config, source_address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn host(text: &str) -> ProbeHost {
        text.parse().expect("a host")
    }

    #[test]
    fn a_host_is_one_host() {
        for (text, name, port) in [
            ("web-1.internal", "web-1.internal", 22),
            ("WEB-1:2222", "web-1", 2222),
            ("192.0.2.7", "192.0.2.7", 22),
            ("2001:db8::7", "2001:db8::7", 22),
            ("[2001:db8::7]:2222", "2001:db8::7", 2222),
        ] {
            assert_eq!((host(text).name(), host(text).port()), (name, port));
        }
        for bad in [
            "",
            "*",
            "web-*",
            "web?",
            "-oProxyCommand=id",
            "a b",
            "a:0",
            "a:65536",
            "a:+1",
            "a:022",
            "a:",
            "[a",
            "[a]x",
            "user@a",
            "ssh://a",
            "a,b",
            ".",
            "a\n",
            "[::1]:",
            "::g",
        ] {
            assert!(bad.parse::<ProbeHost>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_pattern_means_the_hosts_that_ssh_would_take_for_it() {
        let meant = |pattern: &str, name: &str| host(name).meant_by(&[pattern.parse().expect("a pattern")]);
        assert!(meant("*.internal", "web-1.internal") && meant("web-?.internal", "web-1.internal"));
        assert!(meant("web-1.internal", "WEB-1.internal") && meant("w*b*-1*", "web-1"));
        assert!(!meant("*.internal", "internal") && !meant("web-?.internal", "web-12.internal"));
        assert!(!meant("web-1", "web-1.internal"));
        assert!(host("web-1").meant_by(&[]));
    }

    proptest! {
        #[test]
        fn no_host_is_an_option_or_another_word(text in any::<String>()) {
            if let Ok(host) = text.parse::<ProbeHost>() {
                prop_assert!(!host.name().starts_with('-') && !host.name().contains([' ', '@', '*', '?', '\n', '/', '%']));
                prop_assert_eq!(host.to_string().parse::<ProbeHost>(), Ok(host));
            }
        }
    }
}
