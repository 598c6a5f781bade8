//! What one entitlement gives: which databases, as a member of which roles.

use jit_backend::{Error, ErrorKind, Scope};
use jit_types::HouseId;
use jit_types::settings::{FromNode, List, Node, NodeValue, OrParam, Reader};
use serde::{Deserialize, Serialize};

use crate::ident::Ident;
use crate::rules::Exception;
use crate::tables::{Columns, Table};
use crate::{prepared, tables};

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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    member_of: Vec<OrParam<Ident>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tables: Vec<Table<OrParam<Ident>>>,
    connection_limit: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_tables: Option<Keep>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exceptions: Vec<Exception>,
}

/// Who gets the tables that a holder made, in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Keep {
    /// A NOLOGIN role of the grant's own.
    Grant,
    /// A NOLOGIN role that exists already.
    Role(Ident),
}

impl FromNode for Keep {
    const EXPECTED: &'static str = "\"grant\", for a role of each grant's own, or { role = \"keeper\" }";
    fn from_node(node: &Node) -> Result<Self, String> {
        if let NodeValue::Text(word) = &node.value {
            return if word == "grant" { Ok(Self::Grant) } else { Err(String::new()) };
        }
        let NodeValue::Table(table) = &node.value else { return Err(String::new()) };
        let mut entries = table.entries.iter();
        match (entries.next(), entries.next()) {
            (Some((key, (_, value))), None) if key == "role" => Ident::from_node(value).map(Self::Role),
            _ => Err(String::new()),
        }
    }
}

/// A scope's JSON, not looked at yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    databases: Vec<Ident>,
    member_of: Option<Vec<Ident>>,
    tables: Option<Vec<Table<Ident>>>,
    #[serde(default = "default_limit")]
    connection_limit: u16,
    keep_tables: Option<Keep>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

/// A scope with all parameters put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) databases: Vec<Ident>,
    /// Roles that exist already; none where only tables are named.
    pub(crate) member_of: Vec<Ident>,
    /// Tables that a role prepared for this entitlement may use.
    pub(crate) tables: Vec<Table<Ident>>,
    pub(crate) connection_limit: u16,
    pub(crate) keep_tables: Option<Keep>,
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
        let mut raw: Raw = serde_json::from_value(scope.0.clone()).map_err(|e| {
            bad("the scope is not one of PostgreSQL's: `databases` and `member_of` are lists of names of 1 to 63 bytes, \
                 `tables` a list of tables with schema, columns and what may be done")
                .with_internal(format!("the scope's JSON: {:?} at column {}", e.classify(), e.column()))
        })?;
        if raw.member_of.is_none() && raw.tables.is_none() {
            return Err(bad("neither `member_of` nor `tables` is there: the login could do nothing"));
        }
        for (name, list) in [("databases", Some(&mut raw.databases)), ("member_of", raw.member_of.as_mut())] {
            let Some(list) = list else { continue };
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
        if let Some(tables) = &mut raw.tables {
            if tables.is_empty() || tables.len() > tables::MOST_TABLES {
                return Err(bad("`tables` names none, or more than 64; empty never means everything"));
            }
            for table in tables.iter_mut() {
                if let Columns::Named(names) = &mut table.columns {
                    let mut seen = std::collections::BTreeSet::new();
                    names.retain(|n| seen.insert(n.clone()));
                }
                if let Some((_, rule, _)) = tables::flaw(table) {
                    return Err(bad(rule));
                }
            }
        }
        if !(1..=MOST_CONNECTIONS).contains(&raw.connection_limit) {
            return Err(bad("`connection_limit` is a number from 1 to 1000"));
        }
        Ok(Self {
            databases: raw.databases,
            member_of: raw.member_of.unwrap_or_default(),
            tables: raw.tables.unwrap_or_default(),
            connection_limit: raw.connection_limit,
            keep_tables: raw.keep_tables,
            exceptions: raw.exceptions,
        })
    }

    /// Every role that a login becomes a member of: those that are named, and the one that was prepared for the tables.
    pub(crate) fn members(&self, house: &HouseId) -> Vec<Ident> {
        self.member_of.iter().cloned().chain(prepared::role(house, self)).collect()
    }
}

/// Reads an entry of `[[roles.NAME.gives]]`; mistakes go to the reader.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Scope> {
    let databases = names(reader, "databases");
    let has_tables = reader.node("tables").is_some();
    let tables = if has_tables { tables::read(reader) } else { Some(Vec::new()) };
    let has_members = reader.node("member_of").is_some();
    let member_of = if has_members || !has_tables { names(reader, "member_of") } else { Some(Vec::new()) };
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
    let keep_tables = reader.optional::<Keep>("keep_tables");
    let exceptions = reader.optional::<List<Exception>>("exceptions").map_or_else(Vec::new, |l| l.0);
    let template = Template {
        databases: databases?,
        member_of: member_of?,
        tables: tables?,
        connection_limit: connection_limit?,
        keep_tables,
        exceptions,
    };
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

    fn table(columns: serde_json::Value, may: &[&str]) -> serde_json::Value {
        json!({"schema": "public", "table": "orders", "columns": columns, "may": may})
    }

    #[test]
    fn tables_alone_are_a_scope_and_keepers_are_named() {
        let scope = json!({"databases": ["shop"], "tables": [table(json!(["id", "id"]), &["select", "update"]),
            table(json!("all"), &["delete"])], "keep_tables": {"role": "lab"}});
        let read = Resolved::read(&Scope(scope)).expect("a scope");
        assert!(read.member_of.is_empty());
        assert_eq!(read.tables[0].to_string(), "select, update id of public.orders");
        assert_eq!(read.tables[1].to_string(), "delete public.orders");
        assert_eq!(read.keep_tables, Some(Keep::Role("lab".parse().expect("a name"))));
        assert_eq!(tables::rights(&read.tables).len(), 4);
    }

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
            json!({"databases": ["shop"], "tables": []}),
            json!({"databases": ["shop"], "member_of": [], "tables": [table(json!(["id"]), &["select"])]}),
            json!({"databases": ["shop"], "tables": [table(json!([]), &["select"])]}),
            json!({"databases": ["shop"], "tables": [table(json!(["id"]), &[])]}),
            json!({"databases": ["shop"], "tables": [table(json!(["id"]), &["delete"])]}),
            json!({"databases": ["shop"], "tables": [table(json!(["id"]), &["truncate"])]}),
            json!({"databases": ["shop"], "tables": [table(json!("some"), &["select"])]}),
            json!({"databases": ["shop"], "tables": [table(json!([{"param": "x"}]), &["select"])]}),
            json!({"databases": ["shop"], "tables": [{"schema": "public", "table": "orders", "may": ["select"]}]}),
            json!({"databases": ["shop"], "member_of": ["reader"], "keep_tables": "mine"}),
            json!({"databases": ["shop"], "member_of": ["reader"], "keep_tables": {"role": ""}}),
        ] {
            let error = Resolved::read(&Scope(bad.clone())).expect_err(&bad.to_string());
            assert_eq!(error.kind, ErrorKind::Misconfigured);
        }
    }

    fn node(value: &serde_json::Value, at: &mut usize) -> Node {
        *at += 1;
        let span = *at..*at + 1;
        let value = match value {
            serde_json::Value::String(t) => NodeValue::Text(t.clone()),
            serde_json::Value::Array(items) => NodeValue::List(items.iter().map(|i| node(i, at)).collect()),
            serde_json::Value::Object(map) => NodeValue::Table(jit_types::settings::Table {
                span: span.clone(),
                entries: map.iter().map(|(k, v)| (k.clone(), (span.clone(), node(v, at)))).collect(),
            }),
            other => NodeValue::Integer(other.as_i64().expect("a number")),
        };
        Node { span, value }
    }

    /// Reads a role's entry as a config file has it: the scope, and the keys of the mistakes.
    fn written(entry: serde_json::Value) -> (Option<Scope>, Vec<String>) {
        let NodeValue::Table(table) = node(&entry, &mut 0).value else { panic!("a table") };
        let mut faults = Vec::new();
        let mut reader = Reader::new(&table, "gives", &mut faults);
        let scope = super::read(&mut reader);
        reader.finish();
        assert!(faults.iter().all(|f| f.span.start > 0), "each has its place: {faults:?}");
        (scope, faults.into_iter().map(|f| f.key).collect())
    }

    #[test]
    fn a_table_is_read_with_its_place_and_parameters_stay() {
        let param = json!({"param": "column"});
        let (scope, faults) = written(json!({"databases": ["shop"], "tables": [table(json!([param]), &["select"])]}));
        assert_eq!(faults, Vec::<String>::new());
        let scope = scope.expect("a scope");
        assert_eq!(scope.0["tables"][0]["columns"][0], param);
        assert!(scope.0.get("member_of").is_none());
        for (entry, key) in [
            (json!({"databases": ["shop"]}), "gives.member_of"),
            (json!({"databases": ["shop"], "tables": []}), "gives.tables"),
            (json!({"databases": ["shop"], "tables": [], "member_of": ["a"]}), "gives.tables"),
            (json!({"databases": ["shop"], "tables": [table(json!([]), &["select"])]}), "gives.tables[0].columns"),
            (json!({"databases": ["shop"], "tables": [table(json!(["id"]), &[])]}), "gives.tables[0].may"),
            (json!({"databases": ["shop"], "tables": [table(json!(["id"]), &["drop"])]}), "gives.tables[0].may"),
            (json!({"databases": ["shop"], "tables": [table(json!(["id"]), &["delete"])]}), "gives.tables[0].may"),
            (
                json!({"databases": ["shop"], "tables": [table(json!(["id", "id"]), &["select"])]}),
                "gives.tables[0].columns",
            ),
            (json!({"databases": ["shop"], "tables": [{"name": "x"}]}), "gives.tables[0].name"),
            (json!({"databases": ["shop"], "member_of": ["a"], "keep_tables": "all"}), "gives.keep_tables"),
        ] {
            let (scope, faults) = written(entry.clone());
            assert!(faults.contains(&key.to_owned()), "{entry}: {faults:?}");
            if key != "gives.keep_tables" {
                assert!(scope.is_none(), "{entry}");
            }
        }
    }
}
