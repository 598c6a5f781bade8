//! Identifiers that go into certificates and client config, each with its rule.
//!
//! The rules are narrower than OpenSSH's own: a principal with a comma once let a certificate pass for another
//! (`principals=` of authorized_keys takes a list), and wildcards or slashes in templated names widened policies of
//! other tools. What has a meaning in any place where the name may end up is not in the alphabet.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use jit_types::name::{Name, NameKind};
use jit_types::settings::{FromNode, Node};
use serde::{Serialize, Serializer};

/// Marks a certificate's principal.
pub enum PrincipalKind {}
/// Marks a login account.
pub enum AccountKind {}
/// Marks a pattern of host names.
pub enum HostKind {}
/// Marks a command that a certificate forces.
pub enum CommandKind {}
/// Marks a line of known_hosts.
pub enum KnownHostKind {}

/// A name that hosts let in: an entry of `AuthorizedPrincipalsFile`, or the account itself.
pub type Principal = Name<PrincipalKind>;
/// The account that a client logs in to.
pub type Account = Name<AccountKind>;
/// A pattern for `Host` in ssh_config.
pub type HostPattern = Name<HostKind>;
/// The one command that a certificate lets run.
pub type ForcedCommand = Name<CommandKind>;
/// A line for known_hosts.
pub type KnownHost = Name<KnownHostKind>;

impl NameKind for PrincipalKind {
    const NOUN: &'static str = "principal";
    const RULE: &'static str = "1 to 254 letters, digits and . _ @ : + -, beginning with a letter, a digit or _";
    fn allows(text: &str) -> bool {
        (1..=254).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@:+-".contains(&b))
    }
}

impl NameKind for AccountKind {
    const NOUN: &'static str = "account";
    const RULE: &'static str = "1 to 32 letters, digits and . _ -, beginning with a letter or _";
    fn allows(text: &str) -> bool {
        (1..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    }
}

impl NameKind for HostKind {
    const NOUN: &'static str = "host pattern";
    const RULE: &'static str = "1 to 253 letters, digits and . _ : - * ?, with at least one letter or digit, not beginning with -; \
         everything (\"*\") is not a pattern here";
    fn allows(text: &str) -> bool {
        (1..=253).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().any(|b| b.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-*?".contains(&b))
    }
}

impl NameKind for CommandKind {
    const NOUN: &'static str = "forced command";
    const RULE: &'static str = "1 to 2000 characters on one line, without control characters, not only blanks";
    fn allows(text: &str) -> bool {
        (1..=2000).contains(&text.len()) && !text.trim().is_empty() && !text.chars().any(jit_types::proof::is_unsafe)
    }
}

impl NameKind for KnownHostKind {
    const NOUN: &'static str = "line of known_hosts";
    const RULE: &'static str =
        "[@cert-authority ]HOSTS KEYTYPE BASE64 on one line, as `ssh-keyscan` prints it (sshd(8), SSH_KNOWN_HOSTS)";
    fn allows(text: &str) -> bool {
        if text.len() > 4000 || text.chars().any(jit_types::proof::is_unsafe) {
            return false;
        }
        let mut words = text.split(' ').peekable();
        if words.peek().is_some_and(|word| *word == "@cert-authority") {
            words.next();
        }
        let (Some(hosts), Some(kind), Some(blob)) = (words.next(), words.next(), words.next()) else { return false };
        !hosts.is_empty() && !hosts.starts_with(['@', '#']) && blob_is_of_type(kind, blob)
    }
}

/// Whether a key's blob says the same type as the word before it.
fn blob_is_of_type(kind: &str, blob: &str) -> bool {
    use base64::Engine as _;
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(blob) else { return false };
    crate::wire::Cursor::new(&bytes).string().is_ok_and(|inner| !kind.is_empty() && inner == kind.as_bytes())
}

/// A network as sshd's `source-address` wants it: an address and a prefix whose host bits are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NetworkError(&'static str);

impl Network {
    /// The rule in words.
    pub const RULE: &'static str = "a network must be written as in 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32, with zero host bits (sshd matches no \
         other), and not be the whole Internet";
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const BAD: NetworkError = NetworkError(Network::RULE);
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| BAD)?;
        let (bits, width) = match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let prefix = match prefix {
            None => width,
            Some(text) if text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit()) => {
                text.parse::<u8>().ok().filter(|p| *p <= width && p.to_string() == text).ok_or(BAD)?
            }
            Some(_) => return Err(BAD),
        };
        // sshd refuses an address whose host bits are not zero, and everything is no restriction: leave it out then.
        if prefix == 0 || bits.checked_shl(u32::from(prefix)).unwrap_or(0) != 0 {
            return Err(BAD);
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl FromNode for Network {
    const EXPECTED: &'static str = "a network, as in \"10.0.0.0/8\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        String::from_node(node)?.parse().map_err(|e: NetworkError| e.to_string())
    }
}

/// What a certificate may permit besides running commands without a terminal (PROTOCOL.certkeys, "Extensions").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permit {
    /// Forward the X11 display.
    X11Forwarding,
    /// Forward the client's key agent.
    AgentForwarding,
    /// Forward ports.
    PortForwarding,
    /// Get a terminal.
    Pty,
    /// Run `~/.ssh/rc`.
    UserRc,
}

impl Permit {
    /// All of them, in the order in which a certificate lists them.
    pub const ALL: [Self; 5] =
        [Self::X11Forwarding, Self::AgentForwarding, Self::PortForwarding, Self::Pty, Self::UserRc];
    /// The rule in words.
    pub const RULE: &'static str =
        "a permit must be one of pty, port-forwarding, agent-forwarding, X11-forwarding, user-rc";

    /// The word in the config.
    pub fn word(self) -> &'static str {
        match self {
            Self::X11Forwarding => "X11-forwarding",
            Self::AgentForwarding => "agent-forwarding",
            Self::PortForwarding => "port-forwarding",
            Self::Pty => "pty",
            Self::UserRc => "user-rc",
        }
    }

    /// The name of the certificate's extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::X11Forwarding => "permit-X11-forwarding",
            Self::AgentForwarding => "permit-agent-forwarding",
            Self::PortForwarding => "permit-port-forwarding",
            Self::Pty => "permit-pty",
            Self::UserRc => "permit-user-rc",
        }
    }
}

impl FromStr for Permit {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|p| p.word() == text).ok_or(NetworkError(Self::RULE))
    }
}

impl Serialize for Permit {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.word())
    }
}

impl FromNode for Permit {
    const EXPECTED: &'static str =
        "one of \"pty\", \"port-forwarding\", \"agent-forwarding\", \"X11-forwarding\", \"user-rc\"";
    fn from_node(node: &Node) -> Result<Self, String> {
        String::from_node(node)?.parse().map_err(|e: NetworkError| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_principals_are_refused() {
        for ok in ["web-admin", "alice@example.com", "_svc", "team:db", "0ps"] {
            assert!(ok.parse::<Principal>().is_ok(), "{ok}");
        }
        for bad in [
            "",
            " ",
            "a,b",
            "*",
            "web-*",
            "web?",
            "!web",
            "a b",
            "a\nb",
            "a\0b",
            "a/b",
            "../etc",
            "-oProxyCommand",
            "#x",
            "%u",
            "a=b",
            "ä",
            "a\u{202e}b",
            "a\tb",
            "a\"b",
            "$(id)",
            "`id`",
            "a;b",
            "a|b",
        ] {
            assert!(bad.parse::<Principal>().is_err(), "{bad:?}");
            assert!(bad.parse::<Account>().is_err(), "{bad:?}");
        }
        assert!("x".repeat(255).parse::<Principal>().is_err());
    }

    #[test]
    fn hostile_hosts_are_refused() {
        for ok in ["*.prod.example.com", "db-?.example.com", "10.0.0.7", "fe80::1"] {
            assert!(ok.parse::<HostPattern>().is_ok(), "{ok}");
        }
        for bad in ["", "*", "*.*", "?", "-oProxyCommand=x", "a b", "!a", "a\nHost b", "a,b", "a/b", "a\"b", "a%h"] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn networks_are_exact() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(text.parse::<Network>().map(|n| n.to_string()), Ok(shown.to_owned()));
        }
        for bad in [
            "",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "10.0.0.0/8 ",
            "10.0.0.0/8,0.0.0.0/0",
            "!10.0.0.0/8",
            "example.com",
            "2001:db8::1/32",
            "2001:db8::/129",
        ] {
            assert!(bad.parse::<Network>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_line_of_known_hosts_names_the_type_of_its_key() {
        use base64::Engine as _;
        let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        blob.extend([3u8; 32]);
        let blob = base64::engine::general_purpose::STANDARD.encode(blob);
        for ok in [format!("*.example.com ssh-ed25519 {blob}"), format!("@cert-authority * ssh-ed25519 {blob} note")] {
            assert!(ok.parse::<KnownHost>().is_ok(), "{ok}");
        }
        for bad in [
            String::new(),
            format!("host ssh-rsa {blob}"),
            format!("host\nother ssh-ed25519 {blob}"),
            format!("@revoked host ssh-ed25519 {blob}"),
            "host ssh-ed25519 !!!".to_owned(),
        ] {
            assert!(bad.parse::<KnownHost>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_principal_holds_a_character_with_a_meaning(text in any::<String>()) {
            if let Ok(name) = text.parse::<Principal>() {
                prop_assert!(!name.as_str().contains([',', '*', '?', '!', ' ', '\t', '\n', '/', '%', '#', '"', '=']));
            }
        }

        #[test]
        fn a_network_reads_back_as_written(bits in any::<u32>(), prefix in 1u8..=32) {
            let bits = bits & (u32::MAX << (32 - prefix));
            let text = format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(bits));
            prop_assert_eq!(text.parse::<Network>().map(|n| n.to_string()), Ok(text));
        }
    }
}
