//! What a client gets from a claim: a closed vocabulary, so that a new backend needs no new client code.

use serde::{Deserialize, Serialize};

use crate::time::Window;

/// Which form a credential has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormKind {
    /// A PostgreSQL login.
    Postgres,
    /// An OpenSSH certificate.
    Ssh,
}

/// A credential as the broker hands it out. Where its secret was born at the client, it is not in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "form")]
pub enum Form {
    /// See [`FormKind::Postgres`].
    Postgres(PostgresForm),
    /// See [`FormKind::Ssh`].
    Ssh(SshForm),
}

impl Form {
    /// Which form it is.
    pub fn kind(&self) -> FormKind {
        match self {
            Self::Postgres(_) => FormKind::Postgres,
            Self::Ssh(_) => FormKind::Ssh,
        }
    }
}

/// A PostgreSQL login; the client made the password and adds it by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresForm {
    /// The host to connect to; a path means a Unix socket's directory, as in libpq.
    pub host: String,
    /// The TCP port, or the number in the Unix socket's name.
    pub port: u16,
    /// The login.
    pub user: String,
    /// The databases that the login is meant for; never empty.
    pub databases: Vec<String>,
    /// libpq's `sslmode`.
    pub sslmode: String,
    /// libpq's `sslrootcert`: a file at the client, or `system`.
    pub root_certificate: Option<String>,
    /// libpq's `channel_binding`: `require` over TLS, `disable` on a Unix socket.
    pub channel_binding: String,
}

/// An OpenSSH user certificate for the key that the client made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshForm {
    /// The certificate in OpenSSH's one-line format.
    pub certificate: String,
    /// When the certificate holds, by the host's clock.
    pub validity: Window,
    /// The names that hosts let in with it; never empty.
    pub principals: Vec<String>,
    /// The hosts that it is meant for, as patterns for `Host` in ssh_config; may be empty, when the config names none.
    pub hosts: Vec<String>,
    /// The account to log in to, where the config names one.
    pub user: Option<String>,
    /// Lines for `known_hosts` that vouch for the hosts; may be empty.
    pub known_hosts: Vec<String>,
}
