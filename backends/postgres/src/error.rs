//! The one place where PostgreSQL's and the network's failures become kinds and sentences of ours.
//!
//! A server's message text is never looked at: it may be translated, and may repeat names, values and statements. What
//! counts is the SQLSTATE (PostgreSQL's Appendix A).

use jit_backend::{Error, ErrorKind};

/// SQLSTATEs that our own DO block raises; class `JT` is not used by PostgreSQL.
pub(crate) mod own {
    /// The order's deadline has passed by the target's clock.
    pub(crate) const TOO_LATE: &str = "JT001";
    /// The login was made by another order.
    pub(crate) const OTHER_ORDER: &str = "JT002";
    /// The login's end has begun.
    pub(crate) const ENDED: &str = "JT003";
    /// Another issue of the same claim is under way.
    pub(crate) const BUSY: &str = "JT004";
    /// There is no such login, and no material to make it of.
    pub(crate) const NO_MATERIAL: &str = "JT005";
    /// The verifier's salt is another login's.
    pub(crate) const SALT_SEEN: &str = "JT006";
    /// The functions in the target do not take the call as it is.
    pub(crate) const BAD_CALL: &str = "JT007";
    /// The login would live longer than the functions allow.
    pub(crate) const TOO_LONG: &str = "JT008";
    /// The functions may not give one of the roles.
    pub(crate) const NOT_GIVEN: &str = "JT009";
    /// There is no login of that name and number that the functions may close, keep for or drop.
    pub(crate) const NOT_OURS: &str = "JT010";
    /// The broker that is to be set up is who sets it up.
    pub(crate) const BROKER_RUNS_IT: &str = "JT011";
    /// The broker that is to be set up is a superuser.
    pub(crate) const BROKER_IS_SUPERUSER: &str = "JT012";
    /// A role that is to be given can log in, or has attributes.
    pub(crate) const ROLE_UNFIT: &str = "JT013";
    /// A prepared role has a privilege that the setup could not take away.
    pub(crate) const NOT_TAKEN: &str = "JT014";
}

/// The SQLSTATE of a failure, where the server gave one.
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    match error {
        sqlx::Error::Database(e) => e.code().map(|c| c.into_owned()),
        _ => None,
    }
}

/// Maps a failure; `doing` is what was being done, in words that follow "could not".
pub(crate) fn of(error: &sqlx::Error, doing: &'static str) -> Error {
    match error {
        sqlx::Error::Database(_) => of_state(sqlstate(error).as_deref().unwrap_or("-----"), doing),
        // rustls tells a handshake that failed as invalid data of the stream.
        sqlx::Error::Io(e) if e.kind() == std::io::ErrorKind::InvalidData => untrusted(doing),
        sqlx::Error::Io(e) => unreachable(doing).with_internal(format!("{doing}: {:?}", e.kind())),
        sqlx::Error::Protocol(_) => unreachable(doing).with_internal(format!("{doing}: the connection broke")),
        sqlx::Error::Tls(_) => untrusted(doing),
        sqlx::Error::Configuration(_) => {
            Error::new(ErrorKind::Misconfigured, "the target's url or its certificate file can't be used as it is")
                .with_internal(doing)
        }
        other => Error::new(ErrorKind::Bug, format!("could not {doing}: an answer was not as expected"))
            .with_internal(format!("{doing}: {}", variant(other))),
    }
}

fn untrusted(doing: &str) -> Error {
    Error::new(
        ErrorKind::Refused,
        "the target's TLS can't be trusted: look at sslmode, sslrootcert and the host's name in its certificate",
    )
    .with_internal(doing)
}

/// That the target did not answer in time.
pub(crate) fn timed_out(doing: &'static str) -> Error {
    unreachable(doing).with_internal(format!("{doing}: no answer in time"))
}

/// That the salt is another login's.
pub(crate) fn salt_seen() -> Error {
    let public = "the verifier's salt has been used for another login: the client must make a new one";
    Error::new(ErrorKind::Conflict, public)
}

fn unreachable(doing: &str) -> Error {
    Error::new(ErrorKind::Unreachable, format!("could not {doing}: the target can't be reached or does not answer"))
}

fn of_state(state: &str, doing: &str) -> Error {
    let class = state.get(..2).unwrap_or("");
    let (kind, public) = match (state, class) {
        (own::TOO_LATE, _) => {
            (ErrorKind::TooLate, "the order's deadline has passed by the target's clock; nothing was made".to_owned())
        }
        (own::OTHER_ORDER, _) => {
            (ErrorKind::Conflict, "the login of this claim stands already, made by another order".to_owned())
        }
        (own::ENDED, _) => {
            (ErrorKind::Conflict, "the end of this login has begun; it is not taken back into use".to_owned())
        }
        // 42710, a role of that name: of this claim, since the name is its own.
        (own::BUSY | "42710", _) => (ErrorKind::Unfinished, "another issue of the same claim is under way".to_owned()),
        (own::NO_MATERIAL, _) => {
            (ErrorKind::Conflict, "there is no such login, and no verifier to make it with".to_owned())
        }
        (own::SALT_SEEN, _) => return salt_seen(),
        (own::BAD_CALL, _) => (
            ErrorKind::Misconfigured,
            format!("could not {doing}: the functions in the target are of another version; set the backend up again"),
        ),
        (own::TOO_LONG, _) => (
            ErrorKind::Refused,
            "the login would live longer than the functions in the target allow; set the backend up again, or ask for less".to_owned(),
        ),
        (own::NOT_GIVEN, _) => (
            ErrorKind::Refused,
            format!("could not {doing}: the functions in the target may not give one of the roles, as it is now"),
        ),
        (own::NOT_OURS, _) => (
            ErrorKind::Mismatch,
            format!("could not {doing}: the functions in the target know no such login of this house"),
        ),
        (own::BROKER_RUNS_IT, _) => (
            ErrorKind::Refused,
            "the broker's url names the role that sets this up; nothing was changed: give the broker a role of its own"
                .to_owned(),
        ),
        (own::BROKER_IS_SUPERUSER, _) => (
            ErrorKind::Refused,
            "the broker's url names a superuser; nothing was changed: give the broker a role of its own".to_owned(),
        ),
        (own::ROLE_UNFIT, _) => (
            ErrorKind::Refused,
            "a role that is to be given can log in by itself or has attributes such as SUPERUSER; nothing was changed"
                .to_owned(),
        ),
        (own::NOT_TAKEN, _) => (
            ErrorKind::Refused,
            "a prepared role has a privilege that could not be taken away; `jit doctor` says which, and who gave it can"
                .to_owned(),
        ),
        ("42883" | "3F000", _) => (
            ErrorKind::Misconfigured,
            format!("could not {doing}: the functions are missing in the target; set the backend up"),
        ),
        ("25006", _) => {
            (ErrorKind::Unreachable, format!("could not {doing}: the target is a standby now and takes no changes"))
        }
        ("3D000", _) => (ErrorKind::Misconfigured, format!("could not {doing}: there is no such database")),
        ("42704", _) => (ErrorKind::Misconfigured, format!("could not {doing}: a role or object does not exist")),
        ("42501", _) | (_, "28") => {
            (ErrorKind::Refused, format!("could not {doing}: the broker's own login may not; see `jit doctor`"))
        }
        ("57014" | "55P03" | "55006" | "2BP01" | "XX000", _) | (_, "40") => {
            (ErrorKind::Unfinished, format!("could not {doing} yet: something in the target is in the way"))
        }
        (_, "08" | "53" | "57" | "58") => {
            return unreachable(doing).with_internal(format!("{doing}: SQLSTATE {state}"));
        }
        _ => (ErrorKind::Bug, format!("could not {doing}: the target gave an unforeseen answer")),
    };
    Error::new(kind, public).with_internal(format!("{doing}: SQLSTATE {state}"))
}

fn variant(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::RowNotFound => "no row",
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => "a value of another type",
        sqlx::Error::ColumnNotFound(_) | sqlx::Error::ColumnIndexOutOfBounds { .. } => "a column is missing",
        _ => "the driver failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_kind_and_no_text_of_the_server() {
        for (state, kind) in [
            ("JT001", ErrorKind::TooLate),
            ("JT002", ErrorKind::Conflict),
            ("08006", ErrorKind::Unreachable),
            ("53300", ErrorKind::Unreachable),
            ("57P03", ErrorKind::Unreachable),
            ("57014", ErrorKind::Unfinished),
            ("55P03", ErrorKind::Unfinished),
            ("40P01", ErrorKind::Unfinished),
            ("28P01", ErrorKind::Refused),
            ("42501", ErrorKind::Refused),
            ("3D000", ErrorKind::Misconfigured),
            ("42601", ErrorKind::Bug),
        ] {
            let error = of_state(state, "look");
            assert_eq!(error.kind, kind, "{state}");
            assert!(error.public.as_str().len() > 20);
        }
    }

    #[test]
    fn the_network_is_unreachable_and_retryable() {
        let io = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "canary text");
        let error = of(&sqlx::Error::Io(io), "connect");
        assert_eq!(error.kind, ErrorKind::Unreachable);
        assert!(error.retryable());
        assert!(!format!("{error:?}").contains("canary"));
    }
}
