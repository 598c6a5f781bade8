//! The OS user at the other end of a Unix socket, as the kernel tells it.

use tokio::net::UnixStream;

/// The peer of a connection: the user at the time of `connect`, which the other side can't choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The user's number.
    pub uid: u32,
}

impl Peer {
    /// Asks the kernel who is at the other end; `None` when it does not say.
    pub fn of(stream: &UnixStream) -> Option<Self> {
        stream.peer_cred().ok().map(|cred| Self { uid: cred.uid() })
    }

    /// The user's name now. Looked up at each use, so that a number that was given to somebody else is that one's.
    pub fn user_name(&self) -> Option<String> {
        nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(self.uid)).ok().flatten().map(|user| user.name)
    }
}
