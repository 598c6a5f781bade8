//! What the setup looks at before it changes anything: a role that is named by mistake is not taken over, and not given away.

use crate::error::own;
use crate::ident::{Ident, literal, shown};

fn raise(state: &str, message: &str) -> String {
    format!("RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = {}", literal(message))
}

/// The broker is made what it should be by ALTER ROLE: that must not hit a superuser, nor who runs the setup.
pub(crate) fn broker(broker: &Ident) -> (String, String) {
    let name = literal(broker.as_str());
    let body = format!(
        "BEGIN IF {name} IN (current_user::text, session_user::text) THEN {}; END IF; \
         IF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = {name} AND r.rolsuper) THEN {}; END IF; END",
        raise(own::BROKER_RUNS_IT, "jit: the broker is who sets this up: give it a role of its own"),
        raise(own::BROKER_IS_SUPERUSER, "jit: the broker is a superuser: give it a role of its own"),
    );
    (
        "Looked at first: the broker is a role of its own, no superuser, and not who sets this up.".to_owned(),
        do_block(&body),
    )
}

/// A role that logins become members of, or that keeps their tables: one that somebody logs in as, or that has attributes, was
/// made for something else.
pub(crate) fn role(role: &Ident, broker: &Ident) -> (String, String) {
    let name = literal(role.as_str());
    let body = format!(
        "BEGIN IF {name} = {} OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = {name} AND (r.rolcanlogin OR r.rolsuper \
         OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)) THEN {}; END IF; END",
        literal(broker.as_str()),
        raise(own::ROLE_UNFIT, "jit: the role can log in or has attributes"),
    );
    let why =
        format!("Looked at first: role {}, where it exists, can't log in and has no attributes.", shown(role.as_str()));
    (why, do_block(&body))
}

fn do_block(body: &str) -> String {
    format!("DO {}", literal(body))
}
