//! `[broker]`: who administers, who is alerted, and where the broker listens and keeps its state.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jit_types::proof::is_unsafe;
use jit_types::settings::{Reader, parsed};
use jit_types::{ChannelName, PersonId};

use super::read::{self, nearest};

/// The longest path that a Unix socket can be bound to on every system we build for: macOS' `sun_path` has 104 bytes.
pub const LONGEST_SOCKET: usize = 103;

/// What `[broker]` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broker {
    /// The channels that are told of what somebody must look at.
    pub alerts: Vec<ChannelName>,
    /// Where the broker listens, where the config says so; absolute.
    pub socket: Option<PathBuf>,
    /// The socket's mode; 0o600 unless the config opens it to others, who are known by their peer credentials.
    pub socket_mode: SocketMode,
    /// The system group that the socket is given to.
    pub socket_group: Option<String>,
    /// Where the broker keeps its state, where the config says so; absolute.
    pub state: Option<PathBuf>,
}

/// Who may connect to the broker's socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SocketMode {
    /// Only the broker's own user.
    #[default]
    Owner,
    /// Its user and one group.
    Group,
    /// Everybody on the machine.
    All,
}

impl SocketMode {
    /// The mode's bits.
    pub fn bits(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Group => 0o660,
            Self::All => 0o666,
        }
    }
}

impl std::str::FromStr for SocketMode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "0600" => Ok(Self::Owner),
            "0660" => Ok(Self::Group),
            "0666" => Ok(Self::All),
            _ => Err("`socket_mode` is none of \"0600\", \"0660\" and \"0666\""),
        }
    }
}

/// Names that others have defined.
pub(super) struct Known<'k> {
    /// The persons.
    pub(super) people: &'k BTreeSet<PersonId>,
    /// The channels.
    pub(super) channels: &'k BTreeSet<ChannelName>,
    /// Whether the whole file could be read, so that a name that is missing is really missing.
    pub(super) whole: bool,
}

/// Reads `[broker]`, with the administrators apart: they are rules.
pub(super) fn read(root: &mut Reader<'_>, known: &Known<'_>, base: &Path) -> (Broker, BTreeSet<PersonId>) {
    root.table("broker", |reader| {
        let administrators = read::optional_items::<PersonId>(reader, "administrators").found;
        for (person, span) in administrators.iter().filter(|(p, _)| known.whole && !known.people.contains(p)) {
            let remedy = nearest(person.as_str(), known.people.iter().map(PersonId::as_str), "add them to [people]");
            reader.fault("administrators", span.clone(), format!("there is no person `{person}`"), remedy);
        }
        let alerts = read::optional_items::<ChannelName>(reader, "alerts").found;
        for (channel, span) in alerts.iter().filter(|(c, _)| known.whole && !known.channels.contains(c)) {
            let otherwise = format!("add [approvals.{channel}]");
            let remedy = nearest(channel.as_str(), known.channels.iter().map(ChannelName::as_str), &otherwise);
            reader.fault("alerts", span.clone(), format!("there is no channel `{channel}`"), remedy);
        }
        let socket = path(reader, "socket", base);
        if socket.as_ref().is_some_and(|socket| socket.as_os_str().len() > LONGEST_SOCKET) {
            let span = reader.span("socket");
            let rule = format!("a socket's path has at most {LONGEST_SOCKET} bytes");
            reader.fault("socket", span, rule, "put it into a directory with a shorter path");
        }
        let socket_mode = parsed::<SocketMode>(reader, "socket_mode").unwrap_or_default();
        let socket_group = group(reader);
        if socket_group.is_some() && socket_mode == SocketMode::Owner {
            let span = reader.span("socket_group");
            let rule = "the socket is given to a group that its mode keeps out";
            reader.fault("socket_group", span, rule, "add `socket_mode = \"0660\"`");
        }
        let state = path(reader, "state", base);
        let alerts = alerts.into_iter().map(|(channel, _)| channel).collect();
        let administrators = administrators.into_iter().map(|(person, _)| person).collect();
        (Broker { alerts, socket, socket_mode, socket_group, state }, administrators)
    })
    .unwrap_or_default()
}

/// Reads a path; one that is not absolute begins at the config file's directory.
fn path(reader: &mut Reader<'_>, key: &'static str, base: &Path) -> Option<PathBuf> {
    let text = reader.optional::<String>(key)?;
    if text.is_empty() || text.chars().any(is_unsafe) || text.starts_with('~') || text.contains('$') {
        let span = reader.span(key);
        let rule = format!("`{key}` is not a path");
        reader.fault(key, span, rule, "write it out, as in \"/run/jit/jit.sock\": `~` and `$` mean nothing here");
        return None;
    }
    Some(base.join(text))
}

/// Reads a system group's name, by the rule of `groupadd(8)`.
fn group(reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.optional::<String>("socket_group")?;
    let plain = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && text.len() <= 32
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if !plain {
        let span = reader.span("socket_group");
        reader.fault(
            "socket_group",
            span,
            "`socket_group` is not a system group's name",
            "write it as in \"jit-users\"",
        );
    }
    plain.then_some(text)
}
