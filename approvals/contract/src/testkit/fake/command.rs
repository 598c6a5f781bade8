//! Reads commands, as the good adapter does.

use std::collections::BTreeMap;

use jit_types::{GrantId, ParamName, ParamValue, RequestId, RoleName, Span};
use serde::Deserialize;

use crate::{Act, Action, Identity, Wish};

/// What came.
pub(super) enum Read {
    Act(Action),
    Wish(Wish),
}

#[derive(Deserialize)]
struct Event {
    user: String,
    key: String,
    command: Typed,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Typed {
    Release(GrantId),
    Cancel(RequestId),
    Extend { grant: GrantId, span: Span, reason: String },
    Lock { whom: String, reason: String, on: bool },
    Request { role: RoleName, params: BTreeMap<ParamName, String>, span: Span, reason: String },
}

/// Reads a command; `None` where it is none.
pub(super) fn read(body: &str) -> Option<Read> {
    let Event { user, key, command } = serde_json::from_str(body).ok()?;
    let by = Identity::new("fake", user);
    Some(match command {
        Typed::Release(grant) => Read::Act(Action { by, key, what: Act::Release(grant) }),
        Typed::Cancel(request) => Read::Act(Action { by, key, what: Act::Cancel(request) }),
        Typed::Extend { grant, span, reason } => {
            Read::Act(Action { by, key, what: Act::Extend { grant, span, reason } })
        }
        Typed::Lock { whom, reason, on: true } => Read::Act(Action { by, key, what: Act::Lock { whom, reason } }),
        Typed::Lock { whom, reason, on: false } => Read::Act(Action { by, key, what: Act::Unlock { whom, reason } }),
        Typed::Request { role, params, span, reason } => {
            let params = params.into_iter().map(|(name, value)| (name, ParamValue::Text(value))).collect();
            Read::Wish(Wish { by, key, role, params, span: Some(span), reason })
        }
    })
}
