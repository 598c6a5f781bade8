//! [`Held`]: one claimed credential as the agent keeps it, with the secret that was born at the client.

use jit_types::{BackendName, ClaimId, Form, GrantId, HouseId, RequestId, RoleName, Secret, Timestamp, Window};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::client::material::Kept;

/// A credential whole: what the broker gave, and what the client had made before.
#[derive(Serialize, Deserialize)]
pub struct Held {
    /// The installation.
    pub house: HouseId,
    /// The role.
    pub role: RoleName,
    /// The backend that the entitlement names.
    pub backend: BackendName,
    /// The request.
    pub request: RequestId,
    /// The grant.
    pub grant: GrantId,
    /// The claim.
    pub claim: ClaimId,
    /// Of which entitlement, counted from 0.
    pub entitlement: u16,
    /// When it may be used, by the broker's clock.
    pub window: Window,
    /// When the broker ends the claim by itself, once it has said so: before the window's end where an extension has not
    /// reached it.
    #[serde(default)]
    pub ends: Option<Timestamp>,
    /// How many milliseconds the broker's clock was ahead of this machine's when it was claimed.
    pub ahead: i64,
    /// What the broker gave.
    pub form: Form,
    /// What the client had made.
    pub born: Born,
}

/// A secret that was born at the client.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Born {
    /// There is none.
    Nothing,
    /// A password.
    Password(#[serde(serialize_with = "exposed")] Secret),
    /// A private key in OpenSSH's format.
    SshKey(#[serde(serialize_with = "exposed")] Secret),
}

impl Held {
    /// When it stops to open anything, by the broker's clock: the window's end, or the credential's own.
    pub fn end(&self) -> Timestamp {
        match &self.form {
            // PostgreSQL's planted end is moved in place: where it is, the broker says.
            Form::Postgres(_) => self.ends.map_or(self.window.end, |ends| self.window.end.min(ends)),
            Form::Ssh(form) => self.window.end.min(form.validity.end),
        }
    }

    /// When it stops to open anything, by this machine's clock.
    pub fn local_end(&self) -> Timestamp {
        self.end().plus_millis(self.ahead.saturating_neg())
    }

    /// When a new claim is due, by this machine's clock: a credential that ends before its window does is replaced when
    /// a tenth of its life is left, a minute at least. One that lives as long as its window is never replaced, because
    /// a new claim unmakes the one before.
    pub fn refresh_at(&self) -> Option<Timestamp> {
        let end = self.end();
        // What is left after the end must be worth a claim.
        if self.window.end.since_millis(end) < 5_000 {
            return None;
        }
        let life = end.since_millis(self.window.start);
        Some(self.local_end().plus_millis(-(life / 10).max(60_000)))
    }
}

impl Held {
    /// The same credential in a window whose end was moved, with the end that the broker says the claim has.
    pub fn moved_to(&self, window: Window, ends: Option<Timestamp>) -> Self {
        let again = |secret: &Secret| Secret::new(secret.expose_secret().to_owned());
        let born = match &self.born {
            Born::Nothing => Born::Nothing,
            Born::Password(secret) => Born::Password(again(secret)),
            Born::SshKey(secret) => Born::SshKey(again(secret)),
        };
        let (role, backend, form) = (self.role.clone(), self.backend.clone(), self.form.clone());
        Self { window, ends, role, backend, form, born, ..*self }
    }
}

impl From<Kept> for Born {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::None => Self::Nothing,
            Kept::Password(secret) => Self::Password(secret),
            Kept::SshKey(secret) => Self::SshKey(secret),
        }
    }
}

/// Writes credentials for the private socket, in a buffer that is wiped.
///
/// # Errors
/// Never, as these types are; the caller must still be told if that changes.
pub fn write(held: &[std::sync::Arc<Held>]) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    // Room for everything at once: a buffer that grows leaves copies of a secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(8192 * held.len().max(1)));
    let all: Vec<&Held> = held.iter().map(AsRef::as_ref).collect();
    serde_json::to_writer(&mut *bytes, &all)?;
    Ok(bytes)
}

/// Reads what [`write`] wrote.
///
/// # Errors
/// When it is something else.
pub fn read(bytes: &[u8]) -> Result<Vec<Held>, serde_json::Error> {
    serde_json::from_slice(bytes)
}

/// The private socket is the one place where a credential leaves the agent whole.
fn exposed<S: serde::Serializer>(secret: &Secret, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(secret.expose_secret())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use jit_types::{Id, PostgresForm, SshForm};

    pub(crate) fn postgres(start: i64, end: i64) -> Held {
        let at = Timestamp::from_millis;
        Held {
            house: Id::from_parts(at(1), [1; 10]),
            role: "db-read".parse().expect("a role"),
            backend: "shop".parse().expect("a backend"),
            request: Id::from_parts(at(2), [2; 10]),
            grant: Id::from_parts(at(3), [3; 10]),
            claim: Id::from_parts(at(4), [4; 10]),
            entitlement: 0,
            window: Window { start: at(start), end: at(end) },
            ends: None,
            ahead: 0,
            form: Form::Postgres(PostgresForm {
                host: "db.example.com".to_owned(),
                port: 5432,
                user: "jit_x".to_owned(),
                databases: vec!["shop".to_owned(), "stock".to_owned()],
                sslmode: "verify-full".to_owned(),
                root_certificate: Some("/etc/jit/db-ca.pem".to_owned()),
                channel_binding: "require".to_owned(),
            }),
            born: Born::Password(Secret::new("correct-horse".to_owned())),
        }
    }

    pub(crate) fn ssh(start: i64, end: i64, valid_until: i64, key: &str, certificate: &str) -> Held {
        let at = Timestamp::from_millis;
        Held {
            form: Form::Ssh(SshForm {
                certificate: certificate.to_owned(),
                validity: Window { start: at(start), end: at(valid_until) },
                principals: vec!["ops".to_owned()],
                hosts: vec!["*.prod.example.com".to_owned()],
                user: Some("ops".to_owned()),
                known_hosts: vec![],
            }),
            born: Born::SshKey(Secret::new(key.to_owned())),
            entitlement: 1,
            backend: "hosts".parse().expect("a backend"),
            ..postgres(start, end)
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let held = std::sync::Arc::new(postgres(0, 1000));
        let back = read(&write(&[held]).expect("bytes")).expect("credentials");
        let [one] = back.as_slice() else { panic!("one") };
        assert_eq!(one.form, postgres(0, 1000).form);
        assert!(matches!(&one.born, Born::Password(p) if p.expose_secret() == "correct-horse"));
    }

    #[test]
    fn only_what_ends_before_its_window_is_refreshed() {
        assert_eq!(postgres(0, 3_600_000).refresh_at(), None);
        assert_eq!(ssh(0, 3_600_000, 3_600_000, "", "").refresh_at(), None);
        let short = ssh(0, 7_200_000, 3_600_000, "", "");
        assert_eq!(short.end(), Timestamp::from_millis(3_600_000));
        assert_eq!(short.refresh_at(), Some(Timestamp::from_millis(3_240_000)));
        // Extended in place it lives as long as its window; where its target could not be brought to it, it does not.
        let (window, at) = (Window { end: Timestamp::from_millis(7_200_000), ..short.window }, Timestamp::from_millis);
        let moved = postgres(0, 3_600_000).moved_to(window, Some(at(7_200_000)));
        assert_eq!((moved.end(), moved.refresh_at()), (at(7_200_000), None));
        let not = postgres(0, 3_600_000).moved_to(window, Some(at(3_600_000)));
        assert_eq!((not.end(), not.refresh_at()), (at(3_600_000), Some(at(3_240_000))));
    }

    #[test]
    fn the_end_is_told_by_this_machines_clock() {
        let ahead = Held { ahead: 5_000, ..postgres(0, 60_000) };
        assert_eq!(ahead.local_end(), Timestamp::from_millis(55_000));
    }
}
