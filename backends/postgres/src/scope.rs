//! What one entitlement gives: which databases, as a member of which roles.

use jit_backend::{Error, ErrorKind, Scope};
use jit_types::settings::{List, OrParam, Reader};
use serde::{Deserialize, Serialize};

use crate::ident::Ident;
use crate::rules::Exception;

/// How many sessions a login may have at once, where the role does not say.
pub(crate) const CONNECTION_LIMIT: u16 = 10;
/// The most sessions that a role may allow: beyond it one holder could use up a server's connections.
const MOST_CONNECTIONS: u16 = 1000;
/// The most databases and member roles of one entitlement: each costs a look at every claim.
const MOST_NAMES: usize = 32;

/// A scope as a role writes it, with parameters still standing as `{"param": "name"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Template {
    databases: Vec<OrParam<Ident>>,
    member_of: Vec<OrParam<Ident>>,
    connection_limit: u16,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exceptions: Vec<Exception>,
}

/// A scope with all parameters put in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolved {
    pub(crate) databases: Vec<Ident>,
    pub(crate) member_of: Vec<Ident>,
    #[serde(default = "default_limit")]
    pub(crate) connection_limit: u16,
    #[serde(default)]
    pub(crate) exceptions: Vec<Exception>,
}

fn default_limit() -> u16 {
    CONNECTION_LIMIT
}

impl Resolved {
    /// Reads a resolved scope.
    ///
    /// # Errors
    /// [`ErrorKind::Misconfigured`] when a list is empty, a name is none, a parameter still stands in it, or something
    /// is in it that this kind does not know.
    pub(crate) fn read(scope: &Scope) -> Result<Self, Error> {
        let bad = |rule: &str| Error::new(ErrorKind::Misconfigured, rule);
        let mut read: Self = serde_json::from_value(scope.0.clone()).map_err(|e| {
            bad("the scope is not one of PostgreSQL's: `databases` and `member_of` are lists of names of 1 to 63 bytes")
                .with_internal(format!("the scope's JSON: {:?} at column {}", e.classify(), e.column()))
        })?;
        for (name, list) in [("databases", &mut read.databases), ("member_of", &mut read.member_of)] {
            if list.is_empty() {
                return Err(bad(&format!("`{name}` is empty; empty never means everything")));
            }
            if list.len() > MOST_NAMES {
                return Err(bad(&format!("`{name}` names more than {MOST_NAMES}")));
            }
            // Two parameters may have the same value.
            let mut seen = std::collections::BTreeSet::new();
            list.retain(|n| seen.insert(n.clone()));
        }
        if !(1..=MOST_CONNECTIONS).contains(&read.connection_limit) {
            return Err(bad("`connection_limit` is a number from 1 to 1000"));
        }
        Ok(read)
    }
}

/// Reads an entry of `[[roles.NAME.gives]]`; mistakes go to the reader.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Scope> {
    let databases = names(reader, "databases");
    let member_of = names(reader, "member_of");
    let connection_limit = match reader.optional::<i64>("connection_limit") {
        None => Some(CONNECTION_LIMIT),
        Some(n) => {
            let limit = u16::try_from(n).ok().filter(|n| (1..=MOST_CONNECTIONS).contains(n));
            if limit.is_none() {
                let span = reader.span("connection_limit");
                reader.fault(
                    "connection_limit",
                    span,
                    "not a number from 1 to 1000",
                    "write the most sessions at once, as in 10",
                );
            }
            limit
        }
    };
    let exceptions = reader.optional::<List<Exception>>("exceptions").map_or_else(Vec::new, |l| l.0);
    let template =
        Template { databases: databases?, member_of: member_of?, connection_limit: connection_limit?, exceptions };
    serde_json::to_value(template).ok().map(Scope)
}

fn names(reader: &mut Reader<'_>, key: &'static str) -> Option<Vec<OrParam<Ident>>> {
    let list = reader.filled::<OrParam<Ident>>(key)?;
    let twice = list.iter().enumerate().any(|(i, name)| list.iter().skip(i + 1).any(|other| other == name));
    if twice || list.len() > MOST_NAMES {
        let span = reader.span(key);
        let rule =
            if twice { "the same name stands twice".to_owned() } else { format!("more than {MOST_NAMES} names") };
        reader.fault(key, span, rule, "name each once");
        return None;
    }
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn empty_never_means_everything() {
        let ok = json!({"databases": ["shop"], "member_of": ["reader", "reader"]});
        let read = Resolved::read(&Scope(ok)).expect("a scope");
        assert_eq!((read.member_of.len(), read.connection_limit), (1, 10));
        for bad in [
            json!({}),
            json!(null),
            json!({"databases": [], "member_of": ["reader"]}),
            json!({"databases": ["shop"], "member_of": []}),
            json!({"databases": ["shop"]}),
            json!({"databases": ["shop"], "member_of": ["reader"], "more": 1}),
            json!({"databases": [{"param": "x"}], "member_of": ["reader"]}),
            json!({"databases": [""], "member_of": ["reader"]}),
            json!({"databases": ["x".repeat(64)], "member_of": ["reader"]}),
            json!({"databases": ["a\u{0}b"], "member_of": ["reader"]}),
            json!({"databases": [7], "member_of": ["reader"]}),
            json!({"databases": ["shop"], "member_of": ["reader"], "connection_limit": 0}),
            json!({"databases": ["shop"], "member_of": ["reader"], "exceptions": ["everything"]}),
        ] {
            let error = Resolved::read(&Scope(bad.clone())).expect_err(&bad.to_string());
            assert_eq!(error.kind, ErrorKind::Misconfigured);
        }
    }
}
