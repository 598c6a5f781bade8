//! What one entitlement gives: read from the config with parameters still open, and again once they are resolved.

use std::fmt::Display;
use std::str::FromStr;

use jit_backend::{Error, ErrorKind, Scope};
use jit_types::settings::{FromNode, NodeValue, OrParam, Reader};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::certificate::MAX_PRINCIPALS;
use crate::names::{Account, ForcedCommand, HostPattern, Network, Permit, Principal};

/// The most networks or hosts that one scope may name.
const MAX_ITEMS: usize = 64;

/// A resolved scope: every value is there and keeps its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshScope {
    /// The names that hosts let in; never empty.
    pub principals: Vec<Principal>,
    /// The account to log in to.
    pub user: Option<Account>,
    /// The hosts that it is meant for; empty where the backend's own are meant.
    pub hosts: Vec<HostPattern>,
    /// The one command that may run.
    pub force_command: Option<ForcedCommand>,
    /// Where a login may come from; empty where from anywhere.
    pub source_address: Vec<Network>,
    /// What is permitted besides commands without a terminal, in the certificate's order.
    pub permit: Vec<Permit>,
}

impl SshScope {
    /// Reads a resolved scope. It is as strict as the config's reader, because a parameter's value comes in here.
    ///
    /// # Errors
    /// [`ErrorKind::Misconfigured`], naming the key and its rule but never the value, which a requester may have typed.
    pub fn resolve(scope: &Scope) -> Result<Self, Error> {
        const KEYS: [&str; 6] = ["principals", "user", "hosts", "force_command", "source_address", "permit"];
        let Value::Object(map) = &scope.0 else { return Err(bad("an ssh scope must be a table")) };
        if map.keys().any(|key| !KEYS.contains(&key.as_str())) {
            return Err(bad(format!("an ssh scope has only the keys {}", KEYS.join(", "))));
        }
        let rule = <crate::names::PrincipalKind as jit_types::name::NameKind>::RULE;
        let principals = list::<Principal>(map, "principals", rule, MAX_PRINCIPALS)?
            .ok_or_else(|| bad("`principals` is missing; an empty list would let everybody in"))?;
        let rule = <crate::names::AccountKind as jit_types::name::NameKind>::RULE;
        let user = one(map, "user", rule)?;
        let rule = <crate::names::HostKind as jit_types::name::NameKind>::RULE;
        let hosts = list(map, "hosts", rule, MAX_ITEMS)?.unwrap_or_default();
        let rule = <crate::names::CommandKind as jit_types::name::NameKind>::RULE;
        let force_command = one(map, "force_command", rule)?;
        let source_address = list(map, "source_address", Network::RULE, MAX_ITEMS)?.unwrap_or_default();
        let mut permit: Vec<Permit> = list(map, "permit", Permit::RULE, MAX_ITEMS)?.unwrap_or_default();
        permit.sort_unstable();
        Ok(Self { principals, user, hosts, force_command, source_address, permit })
    }

    /// Reads an entry of `[[roles.NAME.gives]]`.
    pub(crate) fn template(reader: &mut Reader<'_>) -> Option<Scope> {
        let mut map = Map::new();
        let mut sound = reader.node("principals").is_some();
        if !sound {
            // Says that it is missing, in the reader's own words.
            let _ = reader.filled::<String>("principals");
        }
        sound &= items::<OrParam<Principal>>(reader, "principals", MAX_PRINCIPALS, &mut map);
        sound &= item::<OrParam<Account>>(reader, "user", &mut map);
        sound &= items::<OrParam<HostPattern>>(reader, "hosts", MAX_ITEMS, &mut map);
        sound &= item::<ForcedCommand>(reader, "force_command", &mut map);
        sound &= items::<OrParam<Network>>(reader, "source_address", MAX_ITEMS, &mut map);
        sound &= items::<Permit>(reader, "permit", MAX_ITEMS, &mut map);
        sound.then_some(Scope(Value::Object(map)))
    }
}

fn bad(what: impl AsRef<str>) -> Error {
    Error::new(ErrorKind::Misconfigured, what)
}

fn text<T: FromStr>(value: &Value, key: &str, rule: &str) -> Result<T, Error> {
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| bad(format!("`{key}` breaks its rule: {rule}")))
}

fn one<T: FromStr>(map: &Map<String, Value>, key: &str, rule: &str) -> Result<Option<T>, Error> {
    map.get(key).map(|value| text(value, key, rule)).transpose()
}

/// Reads a list that is either missing or filled; what two parameters named alike is kept once.
fn list<T: FromStr + PartialEq>(
    map: &Map<String, Value>,
    key: &str,
    rule: &str,
    most: usize,
) -> Result<Option<Vec<T>>, Error> {
    let Some(value) = map.get(key) else { return Ok(None) };
    let Value::Array(items) = value else { return Err(bad(format!("`{key}` must be a list"))) };
    if items.is_empty() || items.len() > most {
        return Err(bad(format!("`{key}` must name 1 to {most}; empty never means everything")));
    }
    let mut all = Vec::new();
    for item in items {
        let item = text(item, key, rule)?;
        if !all.contains(&item) {
            all.push(item);
        }
    }
    Ok(Some(all))
}

/// Reads one optional value; false where there was a mistake.
fn item<T: FromNode + Serialize>(reader: &mut Reader<'_>, key: &'static str, map: &mut Map<String, Value>) -> bool {
    let Some(node) = reader.node(key) else { return true };
    match T::from_node(node) {
        Ok(value) => put(map, key, &value),
        Err(rule) => {
            let rule = if rule.is_empty() { format!("`{key}` is not {}", T::EXPECTED) } else { rule };
            reader.fault(key, node.span.clone(), rule, format!("write {}", T::EXPECTED));
            false
        }
    }
}

/// Reads an optional list that may not be empty, and points at each mistake in it; false where there was one.
pub(crate) fn items<T: FromNode + Serialize>(
    reader: &mut Reader<'_>,
    key: &'static str,
    most: usize,
    map: &mut Map<String, Value>,
) -> bool {
    let Some(node) = reader.node(key) else { return true };
    let NodeValue::List(nodes) = &node.value else {
        reader.fault(key, node.span.clone(), format!("`{key}` is not a list"), "write it in brackets, as in [\"a\"]");
        return false;
    };
    if nodes.is_empty() || nodes.len() > most {
        let rule = format!("`{key}` must name 1 to {most}");
        reader.fault(key, node.span.clone(), rule, "name at least one, or leave it out; empty never means everything");
        return false;
    }
    let mut values = Vec::new();
    for node in nodes {
        match T::from_node(node) {
            Ok(value) => values.push(value),
            Err(rule) => {
                let rule = if rule.is_empty() { format!("an item is not {}", T::EXPECTED) } else { rule };
                reader.fault(key, node.span.clone(), rule, format!("write {}", T::EXPECTED));
            }
        }
    }
    values.len() == nodes.len() && put(map, key, &values)
}

fn put(map: &mut Map<String, Value>, key: &str, value: &impl Serialize) -> bool {
    // Names and lists of names always have a JSON form.
    match serde_json::to_value(value) {
        Ok(value) => {
            map.insert(key.to_owned(), value);
            true
        }
        Err(_) => false,
    }
}

/// Joins names for a sentence.
pub(crate) fn listed<T: Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_parameters_value_is_held_to_the_same_rule() {
        for bad in [
            json!({}),
            json!({"principals": []}),
            json!({"principals": "web"}),
            json!({"principals": [7]}),
            json!({"principals": [{"param": "who"}]}),
            json!({"principals": ["a,b"]}),
            json!({"principals": ["*"]}),
            json!({"principals": ["web"], "hosts": []}),
            json!({"principals": ["web"], "user": "-oProxyCommand=id"}),
            json!({"principals": ["web"], "permit": ["everything"]}),
            json!({"principals": ["web"], "source_address": ["0.0.0.0/0"]}),
            json!({"principals": ["web"], "force_command": "id\nid"}),
            json!({"principals": ["web"], "force_comand": "id"}),
            json!({"principals": vec!["web"; MAX_PRINCIPALS + 1]}),
            json!(null),
        ] {
            let error = SshScope::resolve(&Scope(bad.clone())).expect_err(&bad.to_string());
            assert_eq!(error.kind, ErrorKind::Misconfigured);
            assert!(!error.public.as_str().contains("ProxyCommand"));
        }
        let scope = json!({"principals": ["web", "web", "db"], "permit": ["user-rc", "pty", "X11-forwarding"]});
        let scope = SshScope::resolve(&Scope(scope)).expect("a good scope");
        assert_eq!(listed(&scope.principals), "web, db");
        assert_eq!(scope.permit, [Permit::X11Forwarding, Permit::Pty, Permit::UserRc]);
    }

    proptest! {
        #[test]
        fn no_hostile_principal_resolves(text in "[ -~\u{0}-\u{1f}]{0,12}") {
            let resolved = SshScope::resolve(&Scope(json!({"principals": [text]}))).is_ok();
            prop_assert_eq!(resolved, text.parse::<Principal>().is_ok());
        }
    }
}
