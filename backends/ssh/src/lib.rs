//! OpenSSH user certificates: the house signs, hosts let in, and nothing is left in the target.
//!
//! | what | where |
//! | --- | --- |
//! | the contract's two halves | [`config`] (static, offline), [`backend`] |
//! | what `doctor` shows | [`check`](self) |
//! | what a role may say | [`scope`], with each identifier's rule in [`names`] |
//! | the formats, written by hand and read strictly | [`wire`], [`key`], [`certificate`], [`krl`] |
//! | the CA's key: file or ssh-agent | [`ca`] |
//! | what a host's sshd needs | [`deploy`] |
//! | hosts that are logged in to in order to look | [`probe`], with their lists read by [`lists`] |
//!
//! Why the formats are written by hand: a certificate and a revocation list are a page of code each, an agent signs
//! outside of any library, and the same cursor reads what comes back. `ssh-keygen`, sshd and a second parser judge the
//! bytes in the tests.

#![warn(missing_docs)]

mod agent;
pub mod backend;
pub mod ca;
pub mod certificate;
mod check;
pub mod config;
pub mod deploy;
mod handle;
pub mod key;
pub mod krl;
pub mod lists;
pub mod names;
pub mod probe;
mod schema;
pub mod scope;
pub mod wire;

pub use backend::Ssh;
pub use ca::{Source, generate_ca};
pub use config::{Now, Settings, SshKind};
pub use deploy::{HostFiles, probe_lines, sshd_lines};
pub use probe::settings::{Probe, ProbeHost};
